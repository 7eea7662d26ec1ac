import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { BusinessDate } from '../kernel/calendar.js'
import type { TermCalendar } from './model.js'
import { listExcused } from './store.js'

/** When the terms of contracts are paused, were, or are to be. Pauses are built on contracts, and handed in by the composition root. */
export type PausesOf = (tx: Tx, contractIds: readonly ContractId[]) => Promise<readonly Readonly<{ contractId: ContractId; from: BusinessDate; until: BusinessDate }>[]>

type Dependencies = Readonly<{ pausesOf: PausesOf }>

/** Which days of a term count: what releases by time and refunds both reckon with. */
export const createTerms = ({ pausesOf }: Dependencies) => {
  /** The calendars of contracts, an empty one for each that has none. */
  const calendarsOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<Map<ContractId, TermCalendar>> => {
    if (contractIds.length === 0) return new Map()
    const [pauses, excused] = [await pausesOf(tx, contractIds), await listExcused(tx, contractIds)]
    return new Map(contractIds.map((id) => [id, {
      pauses: pauses.filter(({ contractId }) => contractId === id),
      excused: excused.filter(({ contractId }) => contractId === id)
    }]))
  }

  const calendarOf = async (tx: Tx, id: ContractId): Promise<TermCalendar> =>
    (await calendarsOf(tx, [id])).get(id) ?? { pauses: [], excused: [] }

  return { calendarsOf, calendarOf }
}

export type Terms = ReturnType<typeof createTerms>
