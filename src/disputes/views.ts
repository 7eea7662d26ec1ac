import type { Assignment, Award, Execution, Message, Offer, Proposal, TimelineEntry } from './model.js'
import type { AssignmentRow, AwardRow, ExecutionRow, MessageRow, OfferRow, ProposalRow, TimelineRow } from './store.js'

/** Rows as the wire shows them. */

export const offerView = ({ id, disputeId, side, refundFen, message, status, createdAt, answeredAt }: OfferRow): Offer =>
  ({ id, disputeId, side, refundFen, message, status, createdAt, answeredAt })

export const proposalView = ({ id, disputeId, refundFen, message, status, consumerAccepted, merchantAccepted, createdAt, answeredAt }: ProposalRow): Proposal =>
  ({ id, disputeId, refundFen, message, status, consumerAccepted, merchantAccepted, createdAt, answeredAt })

export const messageView = ({ id, disputeId, kind, author, text, createdAt }: MessageRow): Message => ({ id, disputeId, kind, author, text, createdAt })

export const assignmentView = ({ id, disputeId, adjudicatorId, role, status, presides, disclosures, assignedAt, answerBy, answeredAt, note }: AssignmentRow): Assignment => ({
  id, disputeId, adjudicatorId, role, status, presides, assignedAt, answerBy, answeredAt, note,
  disclosures: disclosures.map(({ kind, disputeId: other, endedAt }) => ({ kind, disputeId: other as Assignment['disputeId'], endedAt: endedAt === null ? null : new Date(endedAt) }))
})

export const awardView = ({ costs, arbitratorIds, ...award }: Omit<AwardRow, 'officeId'>): Award => ({
  id: award.id, disputeId: award.disputeId, awardNumber: award.awardNumber, correction: award.correction, status: award.status,
  refundFen: award.refundFen, releaseFen: award.releaseFen, restoreFen: award.restoreFen, beyondDepositFen: award.beyondDepositFen, interestFen: award.interestFen,
  claims: award.claims, facts: award.facts, reasoning: award.reasoning, dueOn: award.dueOn, createdAt: award.createdAt, madeAt: award.madeAt,
  documentSha256: award.documentSha256, arbitratorIds: [...arbitratorIds],
  costs: costs && { totalFen: BigInt(costs.totalFen), consumerFen: BigInt(costs.consumerFen), merchantFen: BigInt(costs.merchantFen) }
})

export const executionView = ({ awardId, makerId, checkerId, proposedAt, executedAt }: ExecutionRow): Execution =>
  ({ awardId, status: executedAt === null ? 'proposed' : 'executed', makerId, checkerId, proposedAt, executedAt })

export const timelineView = ({ at, fact, stage, by, amountFen }: TimelineRow): TimelineEntry => ({ at, fact, stage, by, amountFen })
