import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { yuan } from '../kernel/money.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { Case, Cases } from './cases.js'
import type { CaseDocuments } from './documents.js'
import { Proposal, type Dispute, type DisputeId, type NewProposal, type ProposalId, type TimelineEntry } from './model.js'
import type { Transition } from './procedure/rules.js'
import { checkOffer, sideOf } from './rules.js'
import type { Settling } from './settling.js'
import type { MediationFacts } from './sheets.js'
import { frozenOf, insertProposal, listProposals, listTimeline, updateProposal, type ProposalRow } from './store.js'
import { proposalView } from './views.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; cases: Cases; settling: Settling; documents: CaseDocuments }>

/** A mediator helps the parties: proposals to both, and what follows when none is accepted. */
export const createMediation = ({ work, clock, cases, settling, documents }: Dependencies) => {
  const openOf = async (tx: Tx, id: DisputeId): Promise<ProposalRow | undefined> => (await listProposals(tx, id)).find(({ status }) => status === 'open')

  /**
   * The mediator proposes what should go back; one proposal is open at a time.
   * @throws not_found (404), forbidden (403), wrong_state (409), offer_too_high (422)
   */
  const propose = (command: Command, id: DisputeId, { refundFen, message }: NewProposal): Promise<Proposal> =>
    work.writeOnce(command, officeOf(id), Proposal, (tx) => cases.open(tx, id, async (tx, { dispute }) => {
      const { caller } = command
      cases.decide(dispute, 'propose', await cases.actorIn(tx, dispute, caller))
      checkOffer(refundFen, await frozenOf(tx, id))
      if (await openOf(tx, id)) throw wrongState({ state: 'a proposal is open', allowed: ['no open proposal'] })
      const at = clock.now()
      const row: Omit<ProposalRow, 'officeId'> = {
        id: newId('prp', tx.office), disputeId: id, refundFen, message, status: 'open', consumerAccepted: false, merchantAccepted: false,
        madeBy: caller.personId, createdAt: at, answeredAt: null
      }
      await insertProposal(tx, row)
      await cases.record(tx, dispute, {
        fact: 'dispute-proposal-made', by: 'mediator', personId: caller.personId, at, amountFen: refundFen, payload: { proposalId: row.id },
        notice: `调解员提出退还 ${yuan(refundFen)} 的调解方案，请答复。`
      })
      return proposalView({ ...row, officeId: tx.office })
    }))

  /** An open proposal, and the step its answer is. @throws not_found (404), wrong_state (409) */
  const answerable = async (tx: Tx, { dispute }: Case, proposalId: ProposalId, event: 'accept_proposal' | 'decline_proposal', caller: Caller): Promise<Readonly<{ proposal: ProposalRow; step: Transition }>> => {
    const proposal = (await listProposals(tx, dispute.id)).find((one) => one.id === proposalId)
    if (!proposal) throw notFound({})
    const step = cases.decide(dispute, event, sideOf(caller))
    if (proposal.status !== 'open') throw wrongState({ state: `proposal ${proposal.status}`, allowed: ['proposal open'] })
    return { proposal, step }
  }

  /** Who mediated, and when each side accepted: the last time either did. */
  const mediationOf = async (tx: Tx, id: DisputeId, { madeBy }: ProposalRow): Promise<MediationFacts> => {
    const accepted = (await listTimeline(tx, id)).filter(({ fact }) => fact === 'dispute-proposal-accepted')
    const [consumer, merchant] = (['consumer', 'merchant'] as const).map((side) => accepted.findLast(({ by }) => by === side))
    invariant(consumer && merchant, 'both sides have accepted')
    const [mediatorName = ''] = await documents.namesOf(tx, [madeBy])
    return { mediatorName, consumerAcceptedAt: consumer.at, merchantAcceptedAt: merchant.at }
  }

  /** A side accepts; once both have, the agreement is written and executed. @throws not_found (404), wrong_state (409) */
  const accept = (caller: Caller, id: DisputeId, proposalId: ProposalId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const [side, at] = [sideOf(caller), clock.now()]
      const { proposal, step } = await answerable(tx, found, proposalId, 'accept_proposal', caller)
      const answered = { consumerAccepted: proposal.consumerAccepted || side === 'consumer', merchantAccepted: proposal.merchantAccepted || side === 'merchant' }
      const isJoint = answered.consumerAccepted && answered.merchantAccepted
      await updateProposal(tx, proposalId, { ...answered, ...(isJoint ? { status: 'accepted', answeredAt: at } : {}) })
      await cases.record(tx, found.dispute, {
        fact: 'dispute-proposal-accepted', by: side, personId: caller.personId, at, amountFen: proposal.refundFen, payload: { proposalId },
        ...(isJoint ? {} : { notice: `${side === 'consumer' ? '消费者' : '商户'}已接受调解方案，等待另一方答复。` })
      })
      return isJoint
        ? settling.settle(tx, found, { step, kind: 'mediation_agreement', refundFen: proposal.refundFen, terms: proposal.message, mediation: await mediationOf(tx, id, proposal), caller, at })
        : cases.viewOf(tx, found.dispute)
    }))

  /** One decline fails a proposal. @throws not_found (404), wrong_state (409) */
  const decline = (caller: Caller, id: DisputeId, proposalId: ProposalId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const [at, { dispute }] = [clock.now(), found]
      const { proposal: { refundFen } } = await answerable(tx, found, proposalId, 'decline_proposal', caller)
      await updateProposal(tx, proposalId, { status: 'declined', answeredAt: at })
      await cases.record(tx, dispute, {
        fact: 'dispute-proposal-declined', by: sideOf(caller), personId: caller.personId, at, amountFen: refundFen, payload: { proposalId }, notice: '调解方案未被接受。'
      })
      return cases.viewOf(tx, dispute)
    }))

  /**
   * Mediation has come to nothing: arbitration where it was agreed, else the certificate, and what is
   * frozen waits for the court's word.
   */
  const moveOn = async (tx: Tx, { dispute: before }: Case, step: Transition, by: TimelineEntry['by'], at: Date, personId?: Caller['personId']): Promise<Dispute> => {
    const dispute = await cases.advance(tx, before, step, at, step.to === 'arbitration' ? { arbitrators: 1 } : {})
    const disputedFen = await frozenOf(tx, dispute.id)
    if (step.to === 'lapsed') {
      const documentSha256 = await documents.write(tx, dispute, { kind: 'mediation_failure', disputedFen, at })
      await cases.record(tx, dispute, { fact: 'mediation-failed', by, personId, at, payload: { documentSha256 }, notice: '调解不成，已出具调解不成证明；款项继续冻结，等待法院处理。' })
    } else {
      await cases.record(tx, dispute, { fact: 'dispute-escalated', by, personId, at, notice: step.to === 'arbitration' ? '已进入仲裁。' : '已进入调解。' })
    }
    return cases.viewOf(tx, dispute)
  }

  /** The mediator gives up. @throws not_found (404), forbidden (403), wrong_state (409) */
  const fail = (caller: Caller, id: DisputeId): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, found) => {
      const step = cases.decide(found.dispute, 'fail_mediation', await cases.actorIn(tx, found.dispute, caller))
      return moveOn(tx, found, step, 'mediator', clock.now(), caller.personId)
    }))

  return { propose, accept, decline, fail, moveOn }
}

export type Mediation = ReturnType<typeof createMediation>
