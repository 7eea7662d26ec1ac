import type { Claims } from '../claims/service.js'
import type { Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import type { Tx, UnitOfWork } from '../db/unit-of-work.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { yuan } from '../kernel/money.js'
import { samePerson } from '../kernel/problems.js'
import type { Ledger } from '../ledger/service.js'
import type { DisputedReleases } from '../redemptions/disputed/service.js'
import type { Refunds } from '../refunds/service.js'
import type { Case, Cases } from './cases.js'
import type { Endings } from './endings.js'
import { Dispute, type DisputeId } from './model.js'
import { awardReduced } from './postings.js'
import { afterReduced } from './rules.js'
import { insertExecution, insertPayments, listAwards, listExecutions, listPayments, updateExecution, type AwardRow, type ExecutionRow } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'save'>
  releases: DisputedReleases
  ledger: Ledger
  refunds: Pick<Refunds, 'reduceUnsent'>
  claims: Claims
  cases: Cases
  endings: Endings
}>

/** Two notaries execute an award, or its correction: one proposes, another books it. */
export const createExecutions = ({ work, clock, contracts, releases, ledger, refunds, claims, cases, endings }: Dependencies) => {
  /**
   * More goes back than was executed: first what an earlier correction says the consumer owes is set
   * off, then it is taken from what is payable to the merchant, and the rest is a claim on it.
   */
  const payMore = async (tx: Tx, { contract, dispute }: Case, award: AwardRow, moreFen: bigint, at: Date): Promise<void> => {
    await insertPayments(tx, [{ disputeId: dispute.id, awardNumber: award.awardNumber, correction: award.correction, item: 'refund', amountFen: moreFen, refundId: null, bookedAt: at }])
    const amountFen = moreFen - await claims.setOff(tx, dispute.id, 'consumer', moreFen, at)
    if (amountFen > 0n) await claims.enter(tx, contract, { disputeId: dispute.id, debtor: 'merchant', cause: 'correction', correction: award.correction, amountFen, createdAt: at })
  }

  const reduce = async (tx: Tx, contract: Contract, dispute: Case['dispute'], lessFen: bigint, at: Date): Promise<bigint> => {
    const refundId = (await listPayments(tx, dispute.id)).find(({ item, refundId: carrier }) => item === 'refund' && carrier !== null)?.refundId
    if (!refundId) return 0n
    const { reducedFen, account } = await refunds.reduceUnsent(tx, refundId, lessFen, at)
    if (reducedFen === 0n) return 0n
    const after = afterReduced(contract, reducedFen)
    await contracts.save(tx, after)
    await releases.award(tx, after, reducedFen, at)
    await ledger.post(tx, awardReduced(after, dispute.id, account, reducedFen, at))
    return reducedFen
  }

  /** Less should have gone back: a claim on the merchant that is still open is set off, what has not been sent is the merchant's, and what has been sent is only stated. */
  const payLess = async (tx: Tx, { contract, dispute }: Case, award: AwardRow, lessFen: bigint, at: Date): Promise<void> => {
    const paidFen = lessFen - await claims.setOff(tx, dispute.id, 'merchant', lessFen, at)
    const reducedFen = await reduce(tx, contract, dispute, paidFen, at)
    await insertPayments(tx, [{ disputeId: dispute.id, awardNumber: award.awardNumber, correction: award.correction, item: 'release', amountFen: reducedFen, refundId: null, bookedAt: at }])
    if (reducedFen < paidFen) await claims.enter(tx, contract, { disputeId: dispute.id, debtor: 'consumer', cause: 'correction', correction: award.correction, amountFen: paidFen - reducedFen, createdAt: at })
  }

  const executeFirst = async (tx: Tx, found: Case, award: AwardRow, at: Date): Promise<void> => {
    const contract = await endings.execute(tx, found, award, award, at)
    if (award.beyondDepositFen > 0n) {
      await claims.enter(tx, contract, { disputeId: found.dispute.id, debtor: 'merchant', cause: 'beyond_deposit', correction: 0, amountFen: award.beyondDepositFen, createdAt: at })
    }
  }

  /** Books an award: all of it, or, where an earlier one was executed, the difference. */
  const book = async (tx: Tx, found: Case, award: AwardRow, awards: readonly AwardRow[], executions: readonly ExecutionRow[], at: Date): Promise<void> => {
    const executed = awards.filter(({ id }) => executions.some(({ awardId, executedAt }) => awardId === id && executedAt !== null)).at(-1)
    if (!executed) return executeFirst(tx, found, award, at)
    const differenceFen = award.refundFen - executed.refundFen
    if (differenceFen > 0n) return payMore(tx, found, award, differenceFen, at)
    if (differenceFen < 0n) return payLess(tx, found, award, -differenceFen, at)
  }

  const propose = async (tx: Tx, { dispute }: Case, award: AwardRow, { personId }: Caller, at: Date): Promise<Dispute> => {
    await insertExecution(tx, { awardId: award.id, disputeId: dispute.id, makerId: personId, checkerId: null, proposedAt: at, executedAt: null })
    await cases.record(tx, dispute, { fact: 'execution-proposed', by: 'notary', personId, at, payload: { awardId: award.id } })
    return cases.viewOf(tx, dispute)
  }

  /**
   * The first notary proposes, the second, another person, executes: refund and release in one
   * transfer, once for each award and item.
   * @throws not_found (404), wrong_state (409), same_person (403)
   */
  const execute = (command: Command, id: DisputeId): Promise<Dispute> =>
    work.writeOnce(command, officeOf(id), Dispute, (tx) => cases.open(tx, id, async (tx, found) => {
      const { caller } = command
      const at = clock.now()
      const [awards, executions] = [(await listAwards(tx, id)).filter(({ status }) => status === 'made'), await listExecutions(tx, id)]
      const award = awards.at(-1)
      const proposed = award && executions.find(({ awardId }) => awardId === award.id)
      const step = cases.decide(found.dispute, 'execute', 'notary', { first_notary: proposed === undefined, second_notary: proposed !== undefined })
      invariant(award, 'what is decided has an award')
      if (!proposed) return propose(tx, found, award, caller, at)
      if (proposed.makerId === caller.personId) throw samePerson({})

      await book(tx, found, award, awards, executions, at)
      await updateExecution(tx, award.id, { checkerId: caller.personId, executedAt: at })
      const dispute = await cases.advance(tx, found.dispute, step, at, { endedAt: found.dispute.endedAt ?? at, executedAt: at })
      await cases.record(tx, dispute, {
        fact: 'execution-approved', by: 'notary', personId: caller.personId, at, amountFen: award.refundFen, payload: { awardId: award.id, awardNumber: award.awardNumber, correction: award.correction },
        notice: `裁决已执行：退还 ${yuan(award.refundFen)}，释放 ${yuan(award.releaseFen)}。`
      })
      return cases.viewOf(tx, dispute)
    }))

  return { execute }
}

export type Executions = ReturnType<typeof createExecutions>
