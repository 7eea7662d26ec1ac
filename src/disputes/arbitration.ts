import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { yuan } from '../kernel/money.js'
import { forbidden, wrongState } from '../kernel/problems.js'
import type { Appointments } from './appointments.js'
import type { Case, Cases } from './cases.js'
import type { CaseDocuments } from './documents.js'
import { Award, Dispute, type Correction, type DisputeId, type Message, type NewAward, type NewJudgment, type Outcome } from './model.js'
import type { Negotiation } from './negotiation.js'
import type { Transition } from './procedure/rules.js'
import { checkBalanced, checkBeyondDeposit, checkCorrection, checkEvidencePeriod, checkStatement, isMajority, sameOutcome } from './rules.js'
import { frozenOf, insertAward, listAssignments, listAwards, listExecutions, updateAward, type AssignmentRow, type AwardRow } from './store.js'
import { awardView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  cases: Cases
  negotiation: Pick<Negotiation, 'say'>
  appointments: Pick<Appointments, 'acceptLocked'>
  documents: CaseDocuments
}>

const newest = (awards: readonly AwardRow[], status: AwardRow['status']): AwardRow | undefined => awards.filter((award) => award.status === status).at(-1)

/** Arbitrators hear a case and decide it. */
export const createArbitration = ({ work, clock, cases, negotiation, appointments, documents }: Dependencies) => {
  /** An arbitrator's own seat in a case. @throws forbidden (403) */
  const seatOf = async (tx: Tx, { dispute }: Case, caller: Caller): Promise<AssignmentRow> => {
    const seat = await cases.assignmentOf(tx, dispute, caller)
    if (seat.role !== 'arbitrator') throw forbidden({})
    return seat
  }

  /** Until when the parties may file evidence and state their case. @throws not_found (404), forbidden (403), wrong_state (409), validation_failed (422) */
  const setEvidencePeriod = (caller: Caller, id: DisputeId, until: Date): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const at = clock.now()
      const step = cases.decide(found.dispute, 'set_evidence_period', await cases.actorIn(tx, found.dispute, caller))
      checkEvidencePeriod(until, at)
      const dispute = await cases.advance(tx, found.dispute, step, at, { evidenceUntil: until })
      await cases.record(tx, dispute, { fact: 'evidence-period-set', by: 'arbitrator', personId: caller.personId, at, payload: { until }, notice: `举证期限至 ${until.toISOString()}。` })
      return cases.viewOf(tx, dispute)
    }))

  /** A party states its case to the tribunal. @throws not_found (404), forbidden (403), wrong_state (409) */
  const state = (caller: Caller, id: DisputeId, text: string): Promise<Message> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, { dispute }) => {
      const [actor, at] = [await cases.actorIn(tx, dispute, caller), clock.now()]
      cases.decide(dispute, 'state', actor)
      checkStatement(dispute, at)
      const message = await negotiation.say(tx, id, 'statement', actor, caller, text, at)
      await cases.record(tx, dispute, { fact: 'dispute-statement-made', by: actor, personId: caller.personId, at, payload: { messageId: message.id } })
      return message
    }))

  /** The tribunal's note of a hearing. @throws not_found (404), forbidden (403), wrong_state (409) */
  const noteHearing = (caller: Caller, id: DisputeId, text: string): Promise<Message> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, { dispute }) => {
      const [actor, at] = [await cases.actorIn(tx, dispute, caller), clock.now()]
      cases.decide(dispute, 'note_hearing', actor)
      const message = await negotiation.say(tx, id, 'hearing_note', actor, caller, text, at)
      await cases.record(tx, dispute, { fact: 'hearing-noted', by: 'arbitrator', personId: caller.personId, at, payload: { messageId: message.id } })
      return message
    }))

  const documentOf = async (tx: Tx, { dispute }: Case, award: Omit<AwardRow, 'officeId'>, disputedFen: bigint, at: Date): Promise<string> =>
    documents.write(tx, dispute, {
      kind: award.correction === 0 ? 'award' : 'award_correction', disputedFen, outcome: award, at,
      award: {
        number: award.awardNumber, correction: award.correction, claims: award.claims, facts: award.facts, reasoning: award.reasoning,
        beyondDepositFen: `${award.beyondDepositFen}`, interestFen: `${award.interestFen}`, costs: award.costs, dueOn: award.dueOn,
        arbitrators: await documents.namesOf(tx, award.arbitratorIds)
      }
    })

  const outcomeOf = ({ refundFen, releaseFen, restoreFen }: Outcome): Outcome => ({ refundFen, releaseFen, restoreFen })

  /** The award is made: its document is written, and the case is decided. */
  const make = async (tx: Tx, found: Case, award: Omit<AwardRow, 'officeId'>, step: Transition, caller: Caller, at: Date): Promise<Dispute> => {
    const documentSha256 = await documentOf(tx, found, award, await frozenOf(tx, found.dispute.id), at)
    await updateAward(tx, award.id, { status: 'made', arbitratorIds: award.arbitratorIds, madeAt: at, documentSha256 })
    const dispute = await cases.advance(tx, found.dispute, step, at, outcomeOf(award))
    await cases.record(tx, dispute, {
      fact: 'award-made', by: 'arbitrator', personId: caller.personId, at, amountFen: award.refundFen,
      payload: { awardId: award.id, ...outcomeOf(award), beyondDepositFen: award.beyondDepositFen, interestFen: award.interestFen, documentSha256 },
      notice: `已作出裁决：退还 ${yuan(award.refundFen)}，释放 ${yuan(award.releaseFen)}。`
    })
    return cases.viewOf(tx, dispute)
  }

  /** All seats of the tribunal that are taken, the caller's first; who has not answered accepts by acting. */
  const tribunalOf = async (tx: Tx, found: Case, caller: Caller, at: Date): Promise<readonly AssignmentRow[]> => {
    const seat = await seatOf(tx, found, caller)
    if (seat.status === 'assigned') await appointments.acceptLocked(tx, found, seat, at)
    return (await listAssignments(tx, found.dispute.id)).filter(({ role, endedAt }) => role === 'arbitrator' && endedAt === null)
  }

  /**
   * The arbitrator decides; it counts as the acceptance of the appointment. Of three, the first one
   * writes it, and it is made once another concurs; a newer one takes its place until then.
   * @throws not_found (404), forbidden (403), wrong_state (409), award_not_balanced, award_number_used (422)
   */
  const award = (command: Command, id: DisputeId, { costs, claims, facts, dueOn, ...wanted }: NewAward): Promise<Dispute> =>
    work.writeOnce(command, officeOf(id), Dispute, (tx) => cases.open(tx, id, async (tx, found) => {
      const { caller } = command
      const at = clock.now()
      const size = found.dispute.arbitrators ?? 1
      const step = cases.decide(found.dispute, 'award', await cases.actorIn(tx, found.dispute, caller), { majority: isMajority(1, size), no_majority: !isMajority(1, size) })
      const tribunal = await tribunalOf(tx, found, caller, at)
      if (tribunal.length < size) throw wrongState({ state: `${tribunal.length} of ${size} arbitrators`, allowed: ['all arbitrators assigned'] })
      checkBalanced(wanted, await frozenOf(tx, id))
      checkBeyondDeposit(wanted.beyondDepositFen, found.contract)
      const earlier = newest(await listAwards(tx, id), 'proposed')
      if (earlier) await updateAward(tx, earlier.id, { status: 'superseded' })
      const row: Omit<AwardRow, 'officeId'> = {
        ...wanted, id: newId('awd', tx.office), disputeId: id, correction: 0, status: 'proposed', claims: claims ?? null, facts: facts ?? null, dueOn: dueOn ?? null,
        costs: costs ? { totalFen: `${costs.totalFen}`, consumerFen: `${costs.consumerFen}`, merchantFen: `${costs.merchantFen}` } : null,
        arbitratorIds: [caller.personId], createdAt: at, madeAt: null, documentSha256: null
      }
      await insertAward(tx, row)
      if (step.to === 'decided') return make(tx, found, row, step, caller, at)
      await cases.record(tx, found.dispute, { fact: 'award-proposed', by: 'arbitrator', personId: caller.personId, at, payload: { awardId: row.id } })
      return cases.viewOf(tx, found.dispute)
    }))

  /** Another of three arbitrators concurs. @throws not_found (404), forbidden (403), wrong_state (409), award_not_balanced (422) where a refund has left more contested since */
  const concur = (caller: Caller, id: DisputeId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const at = clock.now()
      const step = cases.decide(found.dispute, 'concur', await cases.actorIn(tx, found.dispute, caller), { majority: true })
      const proposed = newest(await listAwards(tx, id), 'proposed')
      if (!proposed) throw wrongState({ state: 'no award proposed', allowed: ['an award proposed'] })
      if (proposed.arbitratorIds.includes(caller.personId)) throw forbidden({})
      checkBalanced(proposed, await frozenOf(tx, id))
      await tribunalOf(tx, found, caller, at)
      return make(tx, found, { ...proposed, arbitratorIds: [...proposed.arbitratorIds, caller.personId] }, step, caller, at)
    }))

  /**
   * Corrects an award within its time. Before execution the corrected sums take its place; after it,
   * two notaries execute the difference.
   * @throws not_found (404), forbidden (403), wrong_state (409), award_not_balanced, correction_too_late, validation_failed (422)
   */
  const correct = (command: Command, id: DisputeId, { reasoning, ...outcome }: Correction): Promise<Award> =>
    work.writeOnce(command, officeOf(id), Award, (tx) => cases.open(tx, id, async (tx, found) => {
      const { caller } = command
      const at = clock.now()
      const awards = await listAwards(tx, id)
      const before = newest(awards, 'made')
      const actor = await cases.actorIn(tx, found.dispute, caller)
      const isSame = before !== undefined && sameOutcome(before, outcome)
      const step = cases.decide(found.dispute, 'correct', actor, { moves_money: !isSame, words_only: isSame })
      invariant(before?.madeAt, 'what is decided has an award')
      const first = awards.find(({ status, correction }) => status === 'made' && correction === 0)
      invariant(first?.madeAt, 'a correction is of an award')
      const wasExecuted = (await listExecutions(tx, id)).some(({ executedAt }) => executedAt !== null)
      checkCorrection(before, outcome, { wasExecuted, madeAt: first.madeAt, at, ...await cases.policyOf(tx, at) })

      const disputedFen = before.refundFen + before.releaseFen + before.restoreFen
      const row: Omit<AwardRow, 'officeId'> = {
        ...before, ...outcome, reasoning, id: newId('awd', tx.office), correction: before.correction + 1, status: 'made', arbitratorIds: [caller.personId], createdAt: at, madeAt: at, documentSha256: null
      }
      const documentSha256 = await documentOf(tx, found, row, disputedFen, at)
      await insertAward(tx, { ...row, documentSha256 })
      const dispute = await cases.advance(tx, found.dispute, step, at, outcomeOf(row))
      await cases.record(tx, dispute, {
        fact: 'award-corrected', by: 'arbitrator', personId: caller.personId, at, amountFen: row.refundFen, payload: { awardId: row.id, correction: row.correction, ...outcomeOf(row), documentSha256 },
        notice: `裁决已补正：退还 ${yuan(row.refundFen)}，释放 ${yuan(row.releaseFen)}。`
      })
      return awardView({ ...row, documentSha256 })
    }))

  /** A notary enters the court's word; it is executed as an award is. @throws not_found (404), wrong_state (409), award_not_balanced, award_number_used (422) */
  const enterJudgment = (command: Command, id: DisputeId, { caseNumber, reasoning, ...outcome }: NewJudgment): Promise<Dispute> =>
    work.writeOnce(command, officeOf(id), Dispute, (tx) => cases.open(tx, id, async (tx, found) => {
      const at = clock.now()
      const step = cases.decide(found.dispute, 'enter_judgment', 'notary')
      const disputedFen = await frozenOf(tx, id)
      checkBalanced(outcome, disputedFen)
      const documentSha256 = await documents.write(tx, found.dispute, {
        kind: 'judgment_record', disputedFen, outcome, at,
        award: { number: caseNumber, correction: 0, claims: null, facts: null, reasoning, beyondDepositFen: '0', interestFen: '0', costs: null, dueOn: null, arbitrators: [] }
      })
      await insertAward(tx, {
        ...outcome, id: newId('awd', tx.office), disputeId: id, awardNumber: caseNumber, correction: 0, status: 'made', beyondDepositFen: 0n, interestFen: 0n, costs: null,
        claims: null, facts: null, reasoning, dueOn: null, arbitratorIds: [], createdAt: at, madeAt: at, documentSha256
      })
      const dispute = await cases.advance(tx, found.dispute, step, at, outcome)
      await cases.record(tx, dispute, {
        fact: 'judgment-entered', by: 'notary', personId: command.caller.personId, at, amountFen: outcome.refundFen, payload: { ...outcome, documentSha256 },
        notice: `法院裁判已录入：退还 ${yuan(outcome.refundFen)}，释放 ${yuan(outcome.releaseFen)}。`
      })
      return cases.viewOf(tx, dispute)
    }))

  return { enterJudgment, setEvidencePeriod, state, noteHearing, award, concur, correct }
}

export type Arbitration = ReturnType<typeof createArbitration>
