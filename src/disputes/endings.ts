import type { Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import type { Tx } from '../db/unit-of-work.js'
import { addDays, dateOf, startOf } from '../kernel/calendar.js'
import { newId } from '../kernel/id.js'
import { sum } from '../kernel/money.js'
import type { Ledger } from '../ledger/service.js'
import type { DisputedReleases } from '../redemptions/disputed/service.js'
import { closureDeadline, contestedDeadline, remainderDeadline, termDeadline } from '../redemptions/model.js'
import type { Refunds } from '../refunds/service.js'
import type { Timetable } from '../timetable/service.js'
import type { Case } from './cases.js'
import type { Outcome } from './model.js'
import { disputeExecuted, disputeUnfrozen } from './postings.js'
import { divide, type Divided } from './rules.js'
import { endLines, insertFreezeLine, insertPayments, lockOpenLines } from './store.js'

type Dependencies = Readonly<{
  contracts: Pick<Contracts, 'save'>
  releases: DisputedReleases
  ledger: Ledger
  refunds: Pick<Refunds, 'orderDecided'>
  timetable: Timetable
}>

/** For a settled case: its money is looked after until it has arrived. */
export const paidDeadline = 'dispute-paid'

/** Where the sums of a case come from. */
export type Source = Readonly<{ awardNumber: string | null; correction: number; documentSha256: string | null }>

const everythingBack = (disputedFen: bigint): Outcome => ({ refundFen: 0n, releaseFen: 0n, restoreFen: disputedFen })

/** The end of a dispute in money: all that it froze is divided in one transfer. The caller works as the service and holds the case's locks. */
export const createEndings = ({ contracts, releases, ledger, refunds, timetable }: Dependencies) => {
  /** What has to be looked at once money is back in a contract. */
  const follow = async (tx: Tx, contract: Contract, { stillFrozenFen, toHeldFen }: Divided, at: Date): Promise<void> => {
    if (stillFrozenFen > 0n) {
      await insertFreezeLine(tx, { id: newId('frz', tx.office), disputeId: null, contractId: contract.id, source: 'held', releaseId: null, amountFen: stillFrozenFen, byRefund: true })
    }
    if (contract.disputedFen > 0n) await timetable.set(tx, contestedDeadline, contract.id, at)
    if (contract.status === 'completed' && contract.heldFen > 0n) await timetable.set(tx, remainderDeadline, contract.id, at)
    if (contract.frozen === 'closure' && toHeldFen > 0n) await timetable.set(tx, closureDeadline, contract.id, at)
    // A term that is over has no release to come; days that are free again are released with the next day.
    const isOver = contract.kind === 'period' && contract.status === 'active' && contract.expiresAt !== null && at >= contract.expiresAt
    if (isOver) await timetable.set(tx, termDeadline, contract.id, startOf(addDays(dateOf(at), 1)))
  }

  const divideAll = async (tx: Tx, { contract, dispute }: Case, outcomeOf: (disputedFen: bigint) => Outcome, at: Date): Promise<Divided> => {
    const lines = await lockOpenLines(tx, dispute.id)
    const divided = divide(contract, lines, outcomeOf(sum(lines.map(({ amountFen }) => amountFen))), at)
    await contracts.save(tx, divided.contract)
    await endLines(tx, dispute.id, at)
    await releases.endAll(tx, contract.id, divided.releases, at)
    await releases.award(tx, divided.contract, divided.awardedFen, at)
    await follow(tx, divided.contract, divided, at)
    return divided
  }

  const accountFor = async (tx: Tx, { contract, refundFen }: Divided, reason: 'remainder' | 'award' | 'settlement_agreement', at: Date) =>
    refundFen === 0n ? undefined : refunds.orderDecided(tx, contract, refundFen, reason, at)

  /** Gives everything back to where it came from. @returns whether any money moved */
  const unfreeze = async (tx: Tx, found: Case, at: Date): Promise<boolean> => {
    const divided = await divideAll(tx, found, everythingBack, at)
    const refund = await accountFor(tx, divided, 'remainder', at)
    return await ledger.post(tx, disputeUnfrozen(divided.contract, found.dispute.id, divided, refund?.account, at)) !== undefined
  }

  /**
   * Executes an agreement or an award.
   * @throws award_not_balanced (422), wrong_state (409) where the same was executed before
   * @returns the contract after it, saved
   */
  const execute = async (tx: Tx, found: Case, outcome: Outcome, { awardNumber, correction, documentSha256 }: Source, at: Date): Promise<Contract> => {
    const divided = await divideAll(tx, found, () => outcome, at)
    const refund = await accountFor(tx, divided, awardNumber === null ? 'settlement_agreement' : 'award', at)
    const payment = { disputeId: found.dispute.id, awardNumber, correction, bookedAt: at }
    await insertPayments(tx, [
      { ...payment, item: 'refund', amountFen: divided.refundFen, refundId: refund?.id ?? null },
      { ...payment, item: 'release', amountFen: outcome.releaseFen, refundId: null },
      { ...payment, item: 'restore', amountFen: divided.toHeldFen + divided.toPendingFen + divided.stillFrozenFen, refundId: null }
    ])
    await ledger.post(tx, disputeExecuted(divided.contract, found.dispute.id, divided, refund?.account, at, { awardNumber: awardNumber ?? undefined, correction, documentSha256: documentSha256 ?? undefined, on: dateOf(at) }))
    return divided.contract
  }

  return { unfreeze, execute }
}

export type Endings = ReturnType<typeof createEndings>
