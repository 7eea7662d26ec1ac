import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { People } from '../identity/people.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { forbidden, notFound, wrongState } from '../kernel/problems.js'
import type { Timetable } from '../timetable/service.js'
import type { Case, Cases } from './cases.js'
import {
  AssignmentId,
  type Adjudicator, type Assignment, type Declaration, type DisputeId, type DisputeRecord, type NewAssignment, type NewDeclaration
} from './model.js'
import { conflictOf, seatsLeft, startOfTies, deadlineAfter } from './rules.js'
import { conflictOfInterest, notOnRoster } from './problems.js'
import {
  countOpenCases, findAssignment, insertAssignment, insertDeclaration, listAssignments, listDecidedCases, listDeclarations, updateAssignment, type AssignmentRow
} from './store.js'
import { assignmentView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  timetable: Timetable
  cases: Cases
  people: Pick<People, 'membersOf' | 'merchantsOf'>
}>

/** For an arbitrator to accept or refuse. */
const answerDeadline = 'dispute-appointment'

const officeOfCaller = ({ office }: Caller): number => {
  invariant(office, 'the caller belongs to an office')
  return office
}

/** Who mediates and decides: the roster, conflicts of interest, assignments and their answers. */
export const createAppointments = ({ work, clock, timetable, cases, people }: Dependencies) => {
  /** The office's mediators and arbitrators, with what they have in hand. */
  const roster = (caller: Caller): Promise<{ items: Adjudicator[]; nextCursor: null }> =>
    work.read(actorOf(caller), officeOfCaller(caller), async (tx) => {
      const [members, open] = [await people.membersOf(tx, tx.office, 'adjudicator'), await countOpenCases(tx)]
      const casesOf = new Map(open.map(({ adjudicatorId, cases: inHand }) => [adjudicatorId, inHand]))
      return { items: members.map(({ personId, name, roles }) => ({ id: personId, name: name ?? null, roles: [...roles], openCases: casesOf.get(personId) ?? 0 })), nextCursor: null }
    })

  /** Somebody of the office's roster. @throws not_found (404) */
  const onRoster = async (tx: Tx, id: Caller['personId']): Promise<Caller['personId']> => {
    const members = await inRole(tx, 'worker', (tx) => people.membersOf(tx, tx.office, 'adjudicator'))
    if (!members.some(({ personId }) => personId === id)) throw notFound({})
    return id
  }

  /** What ties an adjudicator to parties, as declared. @throws not_found (404) */
  const declarations = (caller: Caller, adjudicatorId: Caller['personId']): Promise<{ items: Declaration[]; nextCursor: null }> =>
    work.read(actorOf(caller), officeOfCaller(caller), async (tx) => ({
      items: (await listDeclarations(tx, await onRoster(tx, adjudicatorId))).map(({ officeId: _, declaredBy: _by, ...declaration }) => declaration), nextCursor: null
    }))

  /** An adjudicator, or the operator for one, declares a tie to a merchant. @throws not_found (404), forbidden (403) for another's */
  const declare = (caller: Caller, adjudicatorId: Caller['personId'], { merchantId, relation, endedOn, note }: NewDeclaration): Promise<Declaration> =>
    work.write(actorOf(caller), officeOfCaller(caller), async (tx) => {
      await onRoster(tx, adjudicatorId)
      if (caller.end === 'adjudicator' && caller.personId !== adjudicatorId) throw forbidden({})
      return inRole(tx, 'worker', async (tx) => {
        const declaration: Declaration = {
          id: newId('dcl', tx.office), adjudicatorId, merchantId, disputeId: null, relation, endedOn: endedOn ?? null, note, createdAt: clock.now()
        }
        await insertDeclaration(tx, { ...declaration, declaredBy: caller.personId })
        return declaration
      })
    })

  /** @throws not_on_roster (422) */
  const checkRole = async (tx: Tx, { adjudicatorId, role }: NewAssignment): Promise<void> => {
    const member = (await people.membersOf(tx, tx.office, 'adjudicator')).find(({ personId }) => personId === adjudicatorId)
    if (!member?.roles.includes(role)) throw notOnRoster({ role })
  }

  /** @throws conflict_of_interest (422) */
  const checkConflict = async (tx: Tx, dispute: DisputeRecord, assignments: readonly AssignmentRow[], { adjudicatorId, role }: NewAssignment, at: Date): Promise<void> => {
    const since = startOfTies(at, await cases.policyOf(tx, at))
    const because = conflictOf({
      adjudicatorId, role, dispute, assignments, since, sinceDate: dateOf(since),
      employers: await people.merchantsOf(tx, adjudicatorId), declarations: await listDeclarations(tx, adjudicatorId)
    })
    if (because !== undefined) throw conflictOfInterest({ because })
  }

  const rowOf = async (tx: Tx, { dispute }: Case, { adjudicatorId, role }: NewAssignment, presides: boolean, caller: Caller, at: Date): Promise<Omit<AssignmentRow, 'officeId'>> => {
    const decided = await listDecidedCases(tx, adjudicatorId, dispute.merchantId, dispute.id)
    return {
      id: newId('asg', tx.office), disputeId: dispute.id, merchantId: dispute.merchantId, adjudicatorId, role, presides,
      status: role === 'mediator' ? 'accepted' : 'assigned', assignedBy: caller.personId, assignedAt: at, answeredAt: null, note: null, endedAt: null,
      answerBy: role === 'mediator' ? null : deadlineAfter(at, (await cases.policyOf(tx, at)).acceptanceDays),
      disclosures: decided.map(({ disputeId, endedAt }) => ({ kind: 'decided_another_case' as const, disputeId, endedAt: endedAt?.toISOString() ?? null }))
    }
  }

  /**
   * The operator assigns somebody of the roster. Having decided another case of the merchant is
   * disclosed to the parties and does not exclude.
   * @throws not_found (404), wrong_state (409), conflict_of_interest, not_on_roster (422)
   */
  const assign = (caller: Caller, id: DisputeId, wanted: NewAssignment): Promise<Assignment> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const { dispute } = found
      cases.decide(dispute, wanted.role === 'mediator' ? 'assign_mediator' : 'assign_arbitrator', 'operator')
      const [assignments, at] = [await listAssignments(tx, id), clock.now()]
      await checkConflict(tx, dispute, assignments, wanted, at)
      await checkRole(tx, wanted)
      const open = assignments.filter(({ role, endedAt }) => role === wanted.role && endedAt === null)
      if (seatsLeft(dispute, wanted.role, open.length) === 0) throw wrongState({ state: `${open.length} ${wanted.role} assigned`, allowed: ['a free seat'] })
      if (open.some(({ adjudicatorId }) => adjudicatorId === wanted.adjudicatorId)) throw wrongState({ state: 'assigned already', allowed: ['not assigned'] })

      const row = await rowOf(tx, found, wanted, wanted.role === 'arbitrator' && !open.some(({ presides }) => presides), caller, at)
      await insertAssignment(tx, row)
      if (row.answerBy) await timetable.set(tx, answerDeadline, row.id, row.answerBy)
      await cases.record(tx, dispute, {
        fact: 'dispute-assigned', by: 'operator', personId: caller.personId, at,
        payload: { assignmentId: row.id, role: row.role, disclosures: row.disclosures.length },
        notice: `已指定${wanted.role === 'mediator' ? '调解员' : '仲裁员'}${row.disclosures.length > 0 ? '；此人曾裁决过涉及同一商户的其他案件' : ''}。`
      })
      return assignmentView({ ...row, officeId: tx.office })
    }))

  const close = async (tx: Tx, { dispute }: Case, row: AssignmentRow, status: 'refused' | 'recused' | 'lapsed', by: 'mediator' | 'arbitrator' | 'service', note: string | null, at: Date): Promise<AssignmentRow> => {
    const changed = { status, answeredAt: at, endedAt: at, note }
    await updateAssignment(tx, row.id, changed)
    await timetable.lift(tx, answerDeadline, row.id)
    await cases.record(tx, dispute, { fact: 'dispute-appointment-ended', by, personId: row.adjudicatorId, at, payload: { assignmentId: row.id, status }, notice: '原指定人员不再办理本案，将另行指定。' })
    return { ...row, ...changed }
  }

  /** The adjudicator's own open assignment. @throws not_found (404) */
  const own = async (tx: Tx, { dispute }: Case, assignmentId: AssignmentId, caller: Caller): Promise<AssignmentRow> => {
    const row = await cases.assignmentOf(tx, dispute, caller)
    if (row.id !== assignmentId) throw notFound({})
    return row
  }

  const answer = (caller: Caller, id: DisputeId, use: (tx: Tx, found: Case) => Promise<AssignmentRow>): Promise<Assignment> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => assignmentView(await use(tx, found))))

  /** An arbitrator accepts the appointment. @throws not_found (404), forbidden (403), wrong_state (409) */
  const accept = (caller: Caller, id: DisputeId, assignmentId: AssignmentId): Promise<Assignment> => answer(caller, id, async (tx, found) => {
    const row = await own(tx, found, assignmentId, caller)
    cases.decide(found.dispute, 'accept_appointment', row.role)
    if (row.status !== 'assigned') throw wrongState({ state: row.status, allowed: ['assigned'] })
    return acceptLocked(tx, found, row, clock.now())
  })

  const acceptLocked = async (tx: Tx, { dispute }: Case, row: AssignmentRow, at: Date): Promise<AssignmentRow> => {
    await updateAssignment(tx, row.id, { status: 'accepted', answeredAt: at })
    await timetable.lift(tx, answerDeadline, row.id)
    await cases.record(tx, dispute, { fact: 'dispute-appointment-accepted', by: 'arbitrator', personId: row.adjudicatorId, at, payload: { assignmentId: row.id }, notice: '仲裁员已接受指定。' })
    return { ...row, status: 'accepted', answeredAt: at }
  }

  /** An arbitrator refuses it. @throws not_found (404), forbidden (403), wrong_state (409) */
  const refuse = (caller: Caller, id: DisputeId, assignmentId: AssignmentId, reason: string): Promise<Assignment> => answer(caller, id, async (tx, found) => {
    const row = await own(tx, found, assignmentId, caller)
    cases.decide(found.dispute, 'refuse_appointment', row.role)
    if (row.status !== 'assigned') throw wrongState({ state: row.status, allowed: ['assigned'] })
    return close(tx, found, row, 'refused', 'arbitrator', reason, clock.now())
  })

  /** A mediator or arbitrator steps down because of a tie to a party, and cannot be assigned to the case again. @throws not_found (404), forbidden (403), wrong_state (409) */
  const recuse = (caller: Caller, id: DisputeId, assignmentId: AssignmentId, reason: string): Promise<Assignment> => answer(caller, id, async (tx, found) => {
    const row = await own(tx, found, assignmentId, caller)
    cases.decide(found.dispute, 'recuse', row.role)
    const at = clock.now()
    await insertDeclaration(tx, {
      id: newId('dcl', tx.office), adjudicatorId: caller.personId, merchantId: null, disputeId: id, relation: 'other', endedOn: null, note: reason, declaredBy: caller.personId, createdAt: at
    })
    return close(tx, found, row, 'recused', row.role, reason, at)
  })

  timetable.on(answerDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await findAssignment(tx, AssignmentId.parse(subject))
    invariant(before, 'an assignment is never deleted')
    const found = await cases.lock(tx, before.disputeId)
    const row = await findAssignment(tx, before.id)
    if (!(await take(tx)) || row?.status !== 'assigned' || row.endedAt !== null || found.dispute.stage !== 'arbitration') return
    cases.decide(found.dispute, 'appointment_lapsed', 'service')
    await close(tx, found, row, 'lapsed', 'service', null, at)
  }))

  return { roster, declarations, declare, assign, accept, acceptLocked, refuse, recuse }
}

export type Appointments = ReturnType<typeof createAppointments>
