import type { Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after, hourMs } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { sum, yuan } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import type { Language } from '../kernel/problem.js'
import type { Ledger } from '../ledger/service.js'
import type { DisputedReleases } from '../redemptions/disputed/service.js'
import type { Objection, Release } from '../redemptions/model.js'
import type { Refunds } from '../refunds/service.js'
import type { Timetable } from '../timetable/service.js'
import { stageDeadline, summaryOf, type Case, type Cases } from './cases.js'
import { paidDeadline, type Endings } from './endings.js'
import type { Mediation } from './mediation.js'
import { Dispute, DisputeId, type DisputeDetail, type DisputeFilter, type DisputeRecord, type Escalation, type NewDispute, type Side, type Signal } from './model.js'
import { disputeOpened } from './postings.js'
import { eventsOf } from './procedure/rules.js'
import { checkDisputable, freeze, negotiationDeadline, sideOf, signalsSince, type Frozen } from './rules.js'
import {
  insertDispute, insertFreezeLine, insertRedemptions, listAssignments, listAwards, listDisputes, listDocuments, listExecutions, listMessages, listOffers, listPayments,
  listProposals, listRedemptionIds, listSignals, listTimeline, lockUntakenLines, sumOpenLines, takeUpLines
} from './store.js'
import { assignmentView, awardView, executionView, messageView, offerView, proposalView, timelineView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'lock' | 'save' | 'view'>
  releases: DisputedReleases
  ledger: Ledger
  refunds: Pick<Refunds, 'isPaid' | 'scenariosOf'>
  timetable: Timetable
  cases: Cases
  endings: Endings
  mediation: Pick<Mediation, 'moveOn'>
}>

type Opening = Readonly<{
  contract: Contract
  claimant: Side
  claim: Pick<NewDispute, 'claimFen' | 'ground' | 'statement'>
  named: readonly Release[]
  openedBy?: Caller['personId'] | undefined
  at: Date
}>

export const createDisputes = ({ work, clock, contracts, releases, ledger, refunds, timetable, cases, endings, mediation }: Dependencies) => {
  const newRecord = async (tx: Tx, { contract, claimant, claim, at }: Opening, { heldFen, pendingFen, beyondReachFen, contract: { disputeId } }: Frozen): Promise<DisputeRecord> => {
    const contestedFen = sum((await lockUntakenLines(tx, contract.id)).map(({ amountFen }) => amountFen))
    const { acceptArbitration } = await contracts.view(tx, contract)
    return {
      ...claim, id: DisputeId.parse(disputeId), contractId: contract.id, merchantId: contract.merchantId, consumerId: contract.consumerId, claimant, stage: 'negotiation',
      frozenFen: heldFen + pendingFen + contestedFen, beyondReachFen, arbitrationAgreed: acceptArbitration === true, arbitrators: null, evidenceUntil: null,
      refundFen: null, releaseFen: null, restoreFen: null, openedAt: at, deadlineAt: negotiationDeadline(at, await cases.policyOf(tx, at)), endedAt: null, executedAt: null
    }
  }

  const insertLines = async (tx: Tx, { id, contractId }: DisputeRecord, frozen: Frozen, at: Date): Promise<void> => {
    const line = () => ({ id: newId('frz', tx.office), disputeId: id, contractId })
    for (const { release, amountFen } of frozen.releases) {
      await insertFreezeLine(tx, { ...line(), source: 'pending', releaseId: await releases.putInDispute(tx, release, amountFen, at), amountFen })
    }
    if (frozen.heldFen > 0n) await insertFreezeLine(tx, { ...line(), source: 'held', releaseId: null, amountFen: frozen.heldFen })
    await takeUpLines(tx, contractId, id)
  }

  /** Opens a dispute over a contract that is locked, as the service, and freezes what is claimed. What a refund had left contested is decided with it. */
  const openLocked = async (tx: Tx, opening: Opening): Promise<Readonly<{ dispute: DisputeRecord; contract: Contract }>> => {
    const { contract: before, claimant, claim, named, openedBy, at } = opening
    const id = newId('dsp', tx.office)
    const frozen = freeze(before, id, claim.claimFen, named)
    const dispute = await newRecord(tx, opening, frozen)
    await contracts.save(tx, frozen.contract)
    await insertDispute(tx, dispute)
    await insertRedemptions(tx, id, named.map((release) => release.id))
    await insertLines(tx, dispute, frozen, at)
    if (dispute.deadlineAt) await timetable.set(tx, stageDeadline, id, dispute.deadlineAt)
    const isBooked = await ledger.post(tx, disputeOpened(frozen.contract, id, frozen, at)) !== undefined
    await cases.record(tx, dispute, {
      fact: 'dispute-opened', by: claimant, personId: openedBy, at, amountFen: dispute.frozenFen, isBooked,
      payload: { ground: dispute.ground, claimFen: dispute.claimFen, beyondReachFen: dispute.beyondReachFen },
      notice: `已受理，冻结 ${yuan(dispute.frozenFen)}，请双方先行协商。`
    })
    return { dispute, contract: frozen.contract }
  }

  /**
   * A party opens a dispute: what is claimed is frozen, as far as it can be reached.
   * @throws not_found (404), wrong_state (409), validation_failed (422)
   */
  const open = (command: Command, { contractId, redemptionIds = [], ...claim }: NewDispute): Promise<Dispute> =>
    work.writeOnce(command, officeOf(contractId), Dispute, async (tx) => {
      const contract = await contracts.lock(tx, contractId)
      checkDisputable(contract)
      return inRole(tx, 'worker', async (tx) => {
        const named = await releases.lockNamed(tx, contractId, redemptionIds)
        const { dispute } = await openLocked(tx, { contract, claimant: sideOf(command.caller), claim, named, openedBy: command.caller.personId, at: clock.now() })
        return cases.viewOf(tx, dispute)
      })
    })

  /**
   * Opens a dispute for the consumer over a release whose objection nobody answered within its time,
   * and freezes the release's money. The caller holds the locks, as the service.
   * @returns the contract after it; undefined while another dispute of the contract is open
   */
  const openFromObjection = async (tx: Tx, { contract, release, objection, at }: Readonly<{ contract: Contract; release: Release; objection: Objection; at: Date }>): Promise<Contract | undefined> => {
    if (contract.disputeId !== null) return undefined
    const claim = { claimFen: release.amountFen, ground: 'service_not_as_agreed', statement: objection.reason } as const
    return (await openLocked(tx, { contract, claimant: 'consumer', named: [release], claim, at })).contract
  }

  /** Whether mediation has come to nothing: a proposal was declined, or its time is over. */
  const hasFailed = async (tx: Tx, { id, deadlineAt }: DisputeRecord, at: Date): Promise<boolean> =>
    (deadlineAt !== null && at >= deadlineAt) || (await listProposals(tx, id)).some(({ status }) => status === 'declined')

  /** A party moves the case on. @throws not_found (404), forbidden (403), wrong_state (409), no_arbitration_agreement (422) */
  const escalate = (caller: Caller, id: DisputeId, { arbitrators }: Escalation): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, { dispute: before }) => {
      const at = clock.now()
      const step = cases.decide(before, 'escalate', sideOf(caller), { mediation_failed: await hasFailed(tx, before, at) })
      const dispute = await cases.advance(tx, before, step, at, step.to === 'arbitration' ? { arbitrators } : {})
      await cases.record(tx, dispute, {
        fact: 'dispute-escalated', by: sideOf(caller), personId: caller.personId, at, notice: step.to === 'arbitration' ? '一方申请仲裁，已进入仲裁。' : '一方申请调解，已进入调解。'
      })
      return cases.viewOf(tx, dispute)
    }))

  /** The consumer agrees to arbitration after all; the merchant did by listing. @throws not_found (404), forbidden (403), wrong_state (409) */
  const acceptArbitration = (caller: Caller, id: DisputeId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, { dispute: before }) => {
      const at = clock.now()
      const step = cases.decide(before, 'accept_arbitration', sideOf(caller))
      const dispute = await cases.advance(tx, before, step, at, { arbitrationAgreed: true })
      await cases.record(tx, dispute, { fact: 'arbitration-agreed', by: 'consumer', personId: caller.personId, at, notice: '消费者已同意仲裁。' })
      return cases.viewOf(tx, dispute)
    }))

  /** The claimant gives up: what was frozen returns to where it came from. @throws not_found (404), forbidden (403), wrong_state (409) */
  const withdraw = (caller: Caller, id: DisputeId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const at = clock.now()
      const step = cases.decide(found.dispute, 'withdraw', sideOf(caller))
      await endings.unfreeze(tx, found, at)
      const dispute = await cases.advance(tx, found.dispute, step, at, { endedAt: at })
      await cases.record(tx, dispute, { fact: 'dispute-withdrawn', by: sideOf(caller), personId: caller.personId, at, notice: '申请人已撤回，冻结款项已恢复。' })
      return cases.viewOf(tx, dispute)
    }))

  /** The time for the court's word is over: what was frozen returns to where it came from. */
  const close = async (tx: Tx, found: Case, at: Date): Promise<void> => {
    const step = cases.decide(found.dispute, 'deadline', 'service')
    await endings.unfreeze(tx, found, at)
    const dispute = await cases.advance(tx, found.dispute, step, at, { endedAt: at })
    await cases.record(tx, dispute, { fact: 'dispute-closed', by: 'service', at, notice: '等待法院处理的期限已过，冻结款项已恢复。' })
  }

  timetable.on(stageDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const found = await cases.lock(tx, DisputeId.parse(subject))
    if (!(await take(tx))) return
    if (found.dispute.stage === 'lapsed') await close(tx, found, at)
    else await mediation.moveOn(tx, found, cases.decide(found.dispute, 'deadline', 'service'), 'service', at)
  }))

  // A settled case is executed once what goes back has arrived.
  timetable.on(paidDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const { dispute: before } = await cases.lock(tx, DisputeId.parse(subject))
    if (!(await take(tx)) || before.stage !== 'settled') return
    for (const { refundId } of await listPayments(tx, before.id)) {
      if (refundId && !(await refunds.isPaid(tx, refundId))) {
        await timetable.set(tx, paidDeadline, before.id, after(at, hourMs))
        return
      }
    }
    const dispute = await cases.advance(tx, before, cases.decide(before, 'paid', 'service'), at, { executedAt: at })
    await cases.record(tx, dispute, { fact: 'dispute-executed', by: 'service', at })
  }))

  /** Disputes the caller is a party, the adjudicator, the notary or the operator of, newest first. */
  const list = async (caller: Caller, filter: DisputeFilter): Promise<PageOf<Dispute>> =>
    work.read(actorOf(caller), caller.office ?? 0, async (tx) => {
      const { items, nextCursor } = pageOf(await listDisputes(tx, caller.office, filter, positionOf(filter, DisputeId), filter.limit + 1), filter, ({ id }) => id)
      const frozen = new Map<DisputeId, bigint>()
      for (const office of new Set(items.map(({ id }) => officeOf(id)))) {
        for (const [id, fen] of await inRole({ ...tx, office }, 'worker', (tx) => sumOpenLines(tx, items.map(({ id }) => id)))) frozen.set(id, fen)
      }
      return { items: items.map((dispute) => summaryOf(dispute, frozen.get(dispute.id) ?? 0n)), nextCursor }
    })

  const detailOf = async (tx: Tx, dispute: DisputeRecord, caller: Caller, language: Language): Promise<DisputeDetail> => {
    const { id } = dispute
    const contract = await contracts.find(tx, dispute.contractId)
    return {
      ...await cases.viewOf(tx, dispute), statement: dispute.statement, evidenceUntil: dispute.evidenceUntil, allowed: eventsOf(dispute.stage),
      redemptionIds: await listRedemptionIds(tx, id),
      offers: (await listOffers(tx, id)).map(offerView),
      proposals: (await listProposals(tx, id)).map(proposalView),
      assignments: (await listAssignments(tx, id)).map(assignmentView),
      messages: (await listMessages(tx, id)).map(messageView),
      awards: (await listAwards(tx, id)).filter(({ status }) => status === 'made' || (status === 'proposed' && caller.end === 'adjudicator')).map(awardView),
      executions: (await listExecutions(tx, id)).map(executionView),
      documents: (await listDocuments(tx, id)).map(({ id: documentId, kind, sha256, pdfId, createdAt }) => ({ id: documentId, kind, sha256, pdfId, createdAt })),
      timeline: (await listTimeline(tx, id)).map(timelineView),
      scenarios: await refunds.scenariosOf(tx, contract, contract.endedAt ?? clock.now(), language)
    }
  }

  /** A case with everything in it. @throws not_found (404) */
  const show = (caller: Caller, id: DisputeId, language: Language): Promise<DisputeDetail> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const dispute = await cases.find(tx, id)
      return inRole(tx, 'worker', (tx) => detailOf(tx, dispute, caller, language))
    })

  /** Signs of claims in series, as counts: for the operator by consumer, for the bureau without. */
  const signals = (caller: Caller): Promise<{ items: Signal[]; nextCursor: null }> =>
    work.read(actorOf(caller), caller.office ?? 0, async (tx) => {
      const rows = await inRole(tx, 'worker', (tx) => listSignals(tx, signalsSince(clock.now())))
      return { items: rows.map(({ consumerId, ...counts }) => ({ ...counts, consumerId: caller.end === 'operator' ? consumerId : null })), nextCursor: null }
    })

  return { open, openFromObjection, escalate, acceptArbitration, withdraw, list, show, signals, find: cases.find }
}

export type Disputes = ReturnType<typeof createDisputes>
