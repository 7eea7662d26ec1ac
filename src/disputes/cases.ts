import type { Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import { newId, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { forbidden, notFound } from '../kernel/problems.js'
import type { Notices } from '../notices/service.js'
import type { Offices } from '../offices/service.js'
import type { Timetable } from '../timetable/service.js'
import { DisputePolicy, type Dispute, type DisputeEvent, type DisputeId, type DisputeRecord, type TimelineEntry } from './model.js'
import { step, type Actor, type Guard, type Transition } from './procedure/rules.js'
import { deadlineAfter } from './rules.js'
import { findDispute, frozenOf, insertTimeline, lapseOpen, listAssignments, lockDispute, releaseMediators, updateDispute, type AssignmentRow } from './store.js'

type Dependencies = Readonly<{
  contracts: Pick<Contracts, 'lock'>
  evidence: Evidence
  timetable: Timetable
  notices: Notices
  offices: Pick<Offices, 'byNumber' | 'ruleInForce'>
}>

/** What happens by itself when a stage's time is over. */
export const stageDeadline = 'dispute-stage'

/** A dispute that is locked, with its contract. */
export type Case = Readonly<{ contract: Contract; dispute: DisputeRecord }>

/** What happened, for the timeline, the evidence log and the parties. */
export type Happening = Readonly<{
  fact: Fact
  by: TimelineEntry['by']
  personId?: Id<'per'> | undefined
  at: Date
  amountFen?: bigint | undefined
  payload?: Readonly<Record<string, unknown>>
  /** the leaf of a transfer already says it */
  isBooked?: boolean
  /** what both parties are told; nothing where it concerns nobody else */
  notice?: string
}>

/** A dispute as lists show it. */
export const summaryOf = ({ refundFen, releaseFen, restoreFen, deadlineAt, ...dispute }: DisputeRecord, disputedFen: bigint): Dispute => ({
  ...dispute, disputedFen, deadline: deadlineAt,
  outcome: refundFen === null || releaseFen === null || restoreFen === null ? null : { refundFen, releaseFen, restoreFen }
})

/** What every step of a case does: find and lock it, decide by the procedure, record, and tell the parties. */
export const createCases = ({ contracts, evidence, timetable, notices, offices }: Dependencies) => {
  /** The office's dated terms. */
  const policyOf = async (tx: Tx, at: Date): Promise<DisputePolicy> => {
    const office = await offices.byNumber(tx.office)
    const rule = await offices.ruleInForce(tx, 'dispute_policy', [office.id], dateOf(at))
    invariant(rule, 'no dispute_policy is in force')
    return DisputePolicy.parse(rule.value)
  }

  /** A dispute the transaction's role may see. @throws not_found (404) */
  const find = async (tx: Tx, id: DisputeId): Promise<DisputeRecord> => {
    const dispute = await findDispute(tx, id)
    if (!dispute) throw notFound({})
    return dispute
  }

  /** Locks a case as the service. */
  const lock = async (tx: Tx, id: DisputeId): Promise<Case> => {
    const { contractId } = await find(tx, id)
    const contract = await contracts.lock(tx, contractId)
    const dispute = await lockDispute(tx, id)
    invariant(dispute, 'a dispute is never deleted')
    return { contract, dispute }
  }

  /**
   * Works on a case that the caller's own end may see: who may do what, the procedure says; rows of
   * cases are the service's own to write.
   * @throws not_found (404)
   */
  const open = async <Result>(tx: Tx, id: DisputeId, use: (tx: Tx, found: Case) => Promise<Result>): Promise<Result> => {
    await find(tx, id)
    return inRole(tx, 'worker', async (asWorker) => use(asWorker, await lock(asWorker, id)))
  }

  /** The assignment by which an adjudicator acts in a case. @throws forbidden (403) */
  const assignmentOf = async (tx: Tx, { id }: DisputeRecord, { personId }: Pick<Caller, 'personId'>): Promise<AssignmentRow> => {
    const found = (await listAssignments(tx, id)).find(({ adjudicatorId, endedAt }) => adjudicatorId === personId && endedAt === null)
    if (!found) throw forbidden({})
    return found
  }

  /** What a caller is in a case. */
  const actorIn = async (tx: Tx, dispute: DisputeRecord, caller: Caller): Promise<Exclude<Actor, 'service'>> => {
    if (caller.end === 'adjudicator') return (await assignmentOf(tx, dispute, caller)).role
    if (caller.end === 'bureau' || caller.end === 'administrator') throw forbidden({})
    return caller.end
  }

  type More = { [G in Guard]?: boolean }

  /** Decides an event by the procedure. @throws wrong_state (409), forbidden (403), no_arbitration_agreement (422) */
  const decide = ({ stage, claimant, arbitrationAgreed, endedAt }: DisputeRecord, event: DisputeEvent, actor: Actor, more: More = {}): Transition =>
    step({ stage, claimant, arbitration_agreed: arbitrationAgreed, no_arbitration: !arbitrationAgreed, still_frozen: endedAt === null, ...more }, event, actor)

  /** The case after a step: its stage and its next deadline; what was open in a stage that is over lapses. */
  const advance = async (tx: Tx, before: DisputeRecord, { to, deadline }: Transition, at: Date, changed: Partial<DisputeRecord> = {}): Promise<DisputeRecord> => {
    const deadlineAt = deadline === undefined ? before.deadlineAt : deadline === 'none' ? null : deadlineAfter(at, (await policyOf(tx, at))[deadline])
    const dispute: DisputeRecord = { ...before, ...changed, stage: to, deadlineAt }
    await updateDispute(tx, dispute, at)
    if (deadlineAt === null) await timetable.lift(tx, stageDeadline, dispute.id)
    else if (deadline !== undefined) await timetable.set(tx, stageDeadline, dispute.id, deadlineAt)
    if (before.stage !== to) await lapseOpen(tx, dispute.id, at)
    if (to === 'arbitration' && before.stage !== to) await releaseMediators(tx, dispute.id, at)
    return dispute
  }

  /** Records what happened: timeline, evidence leaf, a message to the parties. */
  const record = async (tx: Tx, { id, contractId, merchantId, consumerId, stage }: DisputeRecord, { fact, by, personId, at, amountFen, payload = {}, isBooked = false, notice }: Happening): Promise<void> => {
    const entryId = newId('dtl', tx.office)
    await insertTimeline(tx, { id: entryId, disputeId: id, fact, stage, by, personId: personId ?? null, amountFen: amountFen ?? null, at })
    if (!isBooked) await evidence.appendFact(tx, { fact, subject: id, contractId, merchantId, occurredAt: at, payload: { ...payload, stage, by, amountFen } })
    if (notice === undefined) return
    const text = `纠纷 ${id.slice(-6)}：${notice}`
    await notices.tellPerson(tx, consumerId, { key: `${entryId}:consumer`, text })
    await notices.tellMerchant(tx, merchantId, { key: `${entryId}:merchant`, text })
  }

  const viewOf = async (tx: Tx, dispute: DisputeRecord): Promise<Dispute> => summaryOf(dispute, await frozenOf(tx, dispute.id))

  return { policyOf, find, lock, open, assignmentOf, actorIn, decide, advance, record, viewOf }
}

export type Cases = ReturnType<typeof createCases>
