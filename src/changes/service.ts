import { ContractView, type Contract, type ContractId } from '../contracts/model.js'
import { expiryDeadline, type Contracts } from '../contracts/service.js'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf, type BusinessDate } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import type { Merchants } from '../merchants/service.js'
import type { Timetable } from '../timetable/service.js'
import { reactivate as reactivated } from './rules.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'lock' | 'save' | 'view' | 'offerOf'>
  merchants: Pick<Merchants, 'find' | 'venuesOf'>
  evidence: Evidence
  timetable: Timetable
}>

/** What becomes of a contract between purchase and end, other than by use, refund and dispute. */
export const createChanges = ({ work, clock, contracts, merchants, evidence, timetable }: Dependencies) => {
  /** The last day on which every venue a contract covers is leased. */
  const leasedUntil = async (tx: Tx, { merchantId, venueIds }: Contract, now: Date): Promise<BusinessDate> => {
    const ends = (await merchants.venuesOf(tx, merchantId)).filter(({ id }) => venueIds?.includes(id) ?? true).map(({ leaseUntil }) => leaseUntil)
    return ends.sort()[0] ?? dateOf(now)
  }

  /**
   * Activates an expired counted or stored-value card again.
   * @throws not_found (404), wrong_state (409), contract_frozen, merchant_gone, lease_over (422)
   */
  const reactivate = (caller: Caller, id: ContractId): Promise<ContractView> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await contracts.lock(tx, id)
      const now = clock.now()
      const { status: merchantStatus } = await merchants.find(tx, before.merchantId)
      const contract = reactivated(before, { offer: await contracts.offerOf(tx, id), merchantStatus, leasedUntil: await leasedUntil(tx, before, now), now })
      await contracts.save(tx, contract)
      if (contract.expiresAt) await timetable.set(tx, expiryDeadline, id, contract.expiresAt)
      await evidence.appendFact(tx, {
        fact: 'contract-reactivated', subject: id, contractId: id, merchantId: contract.merchantId, occurredAt: now,
        payload: { by: caller.end, heldFen: contract.heldFen, expiresAt: contract.expiresAt }
      })
      return contracts.view(tx, contract)
    })

  return { reactivate }
}

export type Changes = ReturnType<typeof createChanges>
