import type { Contract, ContractId } from '../contracts/model.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import { after, dateOf, hourMs, type BusinessDate } from '../kernel/calendar.js'
import { newId } from '../kernel/id.js'
import type { Ledger } from '../ledger/service.js'
import type { Release } from './model.js'
import { daysTakenBack } from './postings.js'
import { takeBackDays, type TakenBack } from './rules.js'
import { insertReleases, listDaysToTakeBack, listLastVisits, lockDaysToTakeBack, sumContested, updateTakenBack } from './store.js'

type Dependencies = Readonly<{ ledger: Ledger }>

/** A term to be cut: all but `keep` days of it are taken back, where they still can be. */
export type Cut = Readonly<{ contract: Contract; keep: bigint }>

/** What a refund leaves to the merchant: payable at once, or pending for an objection window. */
export type Rest = Readonly<{ contract: Contract; amountFen: bigint; state: 'pending' | 'payable' }>

const isTooLong = ({ contract, keep }: Cut): boolean => contract.unitsUsed > keep

const idsOf = (cuts: readonly Cut[]): ContractId[] => cuts.map(({ contract }) => contract.id)

/** What refunds that close contracts need to know of their releases, and do to them; each for several contracts at once. */
export const createClosings = ({ ledger }: Dependencies) => {
  /** Units and money that are contested: under an objection, or pending in a dispute. Contracts without are left out. */
  const contestedOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<Map<ContractId, Readonly<{ units: bigint; amountFen: bigint }>>> =>
    new Map((await sumContested(tx, contractIds)).map(({ contractId, ...contested }) => [contractId, contested]))

  /** The dates of the last visits that were not voided. Contracts nobody came to are left out. */
  const lastVisitsOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<Map<ContractId, BusinessDate>> =>
    contractIds.length === 0 ? new Map() : new Map((await listLastVisits(tx, contractIds)).map(({ contractId, date }) => [contractId, date]))

  const cutAll = async (cuts: readonly Cut[], rowsOf: (ids: ContractId[]) => Promise<Release[]>): Promise<TakenBack[]> => {
    if (cuts.length === 0) return []
    const rows = new Map<ContractId, Release[]>(idsOf(cuts).map((id) => [id, []]))
    for (const row of await rowsOf(idsOf(cuts))) rows.get(row.contractId)?.push(row)
    return cuts.map(({ contract, keep }) => takeBackDays(contract, rows.get(contract.id) ?? [], keep))
  }

  /** The contracts as they would be with those days taken back. Nothing is written. */
  const withoutDays = async (tx: Tx, cuts: readonly Cut[]): Promise<Map<ContractId, Contract>> =>
    new Map((await cutAll(cuts.filter(isTooLong), (ids) => listDaysToTakeBack(tx, ids))).map(({ contract }) => [contract.id, contract]))

  /** Takes them back. The caller holds the contracts' locks and saves what is returned: those that changed. `reference`: what ended the term */
  const takeBack = async (tx: Tx, cuts: readonly (Cut & Readonly<{ reference: string }>)[], at: Date): Promise<Map<ContractId, Contract>> => {
    const tooLong = cuts.filter(isTooLong)
    const taken = await cutAll(tooLong, (ids) => lockDaysToTakeBack(tx, ids))
    const referenceOf = new Map(tooLong.map(({ contract, reference }) => [contract.id, reference]))
    const rows = taken.flatMap(({ contract, changed }) => changed.map((row) => ({ row, reference: referenceOf.get(contract.id) ?? '' })))
    if (rows.length > 0) await updateTakenBack(tx, rows.map(({ row }) => row), rows.map(({ reference }) => reference))
    await ledger.postAll(tx, taken.map((one) => daysTakenBack(one.contract, one, referenceOf.get(one.contract.id) ?? '', at)))
    return new Map(taken.map(({ contract }) => [contract.id, contract]))
  }

  /** Enters what refunds leave to the merchant as releases. The refunds' own transfers book it. */
  const releaseRest = async (tx: Tx, rests: readonly Rest[], at: Date): Promise<void> => {
    const rows = rests.filter(({ amountFen }) => amountFen > 0n).map(({ contract, amountFen, state }): Release => ({
      id: newId('red', tx.office), contractId: contract.id, merchantId: contract.merchantId, kind: 'closing', state,
      units: 0n, amountFen, unitsLeft: null, date: dateOf(at), createdAt: at,
      dueAt: state === 'payable' ? at : after(at, contract.objectionHours * hourMs), venueId: null, cashierId: null, itemId: null
    }))
    // A notary may not release anything by hand; what an approved refund leaves is the one exception.
    if (rows.length > 0) await inRole(tx, 'worker', (asWorker) => insertReleases(asWorker, rows))
  }

  return { contestedOf, lastVisitsOf, withoutDays, takeBack, releaseRest }
}

export type Closings = ReturnType<typeof createClosings>
