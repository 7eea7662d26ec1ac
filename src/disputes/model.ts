import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { PersonId } from '../identity/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { Fen, PositiveFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId, PlainText } from '../merchants/model.js'
import { RedemptionId } from '../redemptions/model.js'
import { StepView } from '../refunds/law/model.js'

/** Years as they occur in cases. */
const Day = BusinessDate.regex(/^(19|[2-9]\d)\d\d-/)

export const DisputeId = idSchema('dsp')
export type DisputeId = z.infer<typeof DisputeId>
export const OfferId = idSchema('ofr')
export type OfferId = z.infer<typeof OfferId>
export const ProposalId = idSchema('prp')
export type ProposalId = z.infer<typeof ProposalId>
export const AssignmentId = idSchema('asg')
export type AssignmentId = z.infer<typeof AssignmentId>
export const AwardId = idSchema('awd')
export type AwardId = z.infer<typeof AwardId>

export const DisputeGround = z.enum(['closed_or_moved', 'service_not_as_agreed', 'price_or_terms', 'health', 'misleading_sale', 'other'])
export type DisputeGround = z.infer<typeof DisputeGround>

export const DisputeStage = z.enum(['negotiation', 'mediation', 'arbitration', 'decided', 'settled', 'withdrawn', 'lapsed', 'executed'])
export type DisputeStage = z.infer<typeof DisputeStage>

/** A side of a dispute. */
export const Side = z.enum(['consumer', 'merchant'])
export type Side = z.infer<typeof Side>

/** Everything that can happen to a dispute (rules.ts says when, and by whom). */
export const DisputeEvent = z.enum([
  'offer', 'accept_offer', 'decline_offer', 'message', 'accept_arbitration', 'escalate', 'deadline', 'withdraw',
  'assign_mediator', 'assign_arbitrator', 'recuse', 'propose', 'accept_proposal', 'decline_proposal', 'fail_mediation',
  'accept_appointment', 'refuse_appointment', 'appointment_lapsed', 'set_evidence_period', 'state', 'note_hearing',
  'award', 'concur', 'correct', 'enter_judgment', 'execute', 'paid'
])
export type DisputeEvent = z.infer<typeof DisputeEvent>

/** How what was frozen is divided: back to the consumer, to the merchant, back to where it came from. */
export type Outcome = Readonly<{ refundFen: FenAmount; releaseFen: FenAmount; restoreFen: FenAmount }>

const OutcomeView = z.object({ refundFen: Fen, releaseFen: Fen, restoreFen: Fen })

/** The office's dated setting `dispute_policy`. */
export const DisputePolicy = z.object({
  negotiationDays: z.int().min(1),
  mediationDays: z.int().min(1),
  /** for an arbitrator to accept or refuse */
  acceptanceDays: z.int().min(1),
  /** after a failed mediation without arbitration agreement, for the court's word */
  courtDays: z.int().min(1),
  correctionDays: z.int().min(1),
  /** an adjudicator who acted for or was employed by a party within these years has a conflict of interest */
  conflictYears: z.int().min(1)
})
export type DisputePolicy = z.output<typeof DisputePolicy>

export const NewDispute = z.object({
  contractId: ContractId,
  claimFen: PositiveFen,
  ground: DisputeGround,
  statement: PlainText,
  redemptionIds: z.array(RedemptionId).max(1_000).optional().meta({ description: 'Redemptions it is about: while pending, their money is frozen first' })
})
export type NewDispute = z.output<typeof NewDispute>

export const Escalation = z.object({
  arbitrators: z.union([z.literal(1), z.literal(3)]).default(1).meta({ description: 'To arbitration: by one arbitrator or three' })
}).prefault({})
export type Escalation = z.output<typeof Escalation>

export const Dispute = z.object({
  id: DisputeId,
  contractId: ContractId,
  merchantId: MerchantId,
  claimant: Side,
  stage: DisputeStage,
  ground: DisputeGround,
  claimFen: Fen,
  frozenFen: Fen.meta({ description: 'What of the claim could be frozen' }),
  beyondReachFen: Fen.meta({ description: 'What of the claim could not: payable, paid out, or never paid' }),
  disputedFen: Fen.meta({ description: 'Frozen now' }),
  deadline: Instant.nullable().meta({ description: 'When the next thing happens by itself' }),
  arbitrationAgreed: z.boolean().meta({ description: 'The consumer accepted the arbitration clause when signing' }),
  arbitrators: z.int().nullable(),
  outcome: OutcomeView.nullable().meta({ description: 'How it was settled or decided' }),
  openedAt: Instant,
  endedAt: Instant.nullable().meta({ description: 'When nothing was frozen by it any more' }),
  executedAt: Instant.nullable()
}).meta({ id: 'Dispute' })
export type Dispute = z.output<typeof Dispute>

export const NewOffer = z.object({ refundFen: Fen, message: PlainText })
export type NewOffer = z.output<typeof NewOffer>

export const OfferStatus = z.enum(['open', 'accepted', 'declined', 'replaced', 'lapsed'])
export type OfferStatus = z.infer<typeof OfferStatus>

export const Offer = z.object({
  id: OfferId, disputeId: DisputeId, side: Side, refundFen: Fen, message: z.string(), status: OfferStatus, createdAt: Instant, answeredAt: Instant.nullable()
}).meta({ id: 'DisputeOffer' })
export type Offer = z.output<typeof Offer>

export const NewProposal = NewOffer
export type NewProposal = z.output<typeof NewProposal>

export const ProposalStatus = z.enum(['open', 'accepted', 'declined', 'lapsed'])
export type ProposalStatus = z.infer<typeof ProposalStatus>

export const Proposal = z.object({
  id: ProposalId, disputeId: DisputeId, refundFen: Fen, message: z.string(), status: ProposalStatus,
  consumerAccepted: z.boolean(), merchantAccepted: z.boolean(), createdAt: Instant, answeredAt: Instant.nullable()
}).meta({ id: 'DisputeProposal' })
export type Proposal = z.output<typeof Proposal>

/** What is said in a case: between the parties, a statement to the tribunal, or the tribunal's note of a hearing. */
export const MessageKind = z.enum(['message', 'statement', 'hearing_note'])
export type MessageKind = z.infer<typeof MessageKind>

export const Author = z.enum(['consumer', 'merchant', 'mediator', 'arbitrator'])
export type Author = z.infer<typeof Author>

export const NewMessage = z.object({ text: PlainText })

export const Message = z.object({
  id: idSchema('msg'), disputeId: DisputeId, kind: MessageKind, author: Author, text: z.string(), createdAt: Instant
}).meta({ id: 'DisputeMessage' })
export type Message = z.output<typeof Message>

export const AdjudicatorRole = z.enum(['mediator', 'arbitrator'])
export type AdjudicatorRole = z.infer<typeof AdjudicatorRole>

export const NewAssignment = z.object({ adjudicatorId: PersonId, role: AdjudicatorRole })
export type NewAssignment = z.output<typeof NewAssignment>

export const AssignmentStatus = z.enum(['assigned', 'accepted', 'refused', 'lapsed', 'recused', 'released'])
export type AssignmentStatus = z.infer<typeof AssignmentStatus>

/** What the parties are told of an adjudicator; it does not exclude. */
export const Disclosure = z.object({ kind: z.literal('decided_another_case'), disputeId: DisputeId, endedAt: Instant.nullable() })
export type Disclosure = z.output<typeof Disclosure>

export const Assignment = z.object({
  id: AssignmentId, disputeId: DisputeId, adjudicatorId: PersonId, role: AdjudicatorRole, status: AssignmentStatus, presides: z.boolean(),
  disclosures: z.array(Disclosure), assignedAt: Instant, answerBy: Instant.nullable(), answeredAt: Instant.nullable(), note: z.string().nullable()
}).meta({ id: 'DisputeAssignment' })
export type Assignment = z.output<typeof Assignment>

/** Somebody of the office's roster. */
export const Adjudicator = z.object({
  id: PersonId, name: z.string().nullable(), roles: z.array(z.string()), openCases: z.int()
}).meta({ id: 'Adjudicator' })
export type Adjudicator = z.output<typeof Adjudicator>

export const Relation = z.enum(['employed', 'acted_for', 'other'])

/** What ties an adjudicator to a merchant; for as long as it lasts and two years after it excludes from the merchant's cases. */
export const NewDeclaration = z.object({
  merchantId: MerchantId,
  relation: Relation,
  endedOn: Day.optional().meta({ description: 'The last day of it; absent: it goes on' }),
  note: PlainText
})
export type NewDeclaration = z.output<typeof NewDeclaration>

export const Declaration = z.object({
  id: idSchema('dcl'), adjudicatorId: PersonId, merchantId: MerchantId.nullable(), disputeId: DisputeId.nullable(), relation: Relation,
  endedOn: BusinessDate.nullable(), note: z.string(), createdAt: Instant
}).meta({ id: 'AdjudicatorDeclaration' })
export type Declaration = z.output<typeof Declaration>

export const EvidencePeriod = z.object({ until: Instant })

/** The costs of an arbitration and who bears them; beside the deposit. */
export const Costs = z.object({ totalFen: Fen, consumerFen: Fen, merchantFen: Fen })
  .refine(({ totalFen, consumerFen, merchantFen }) => totalFen === consumerFen + merchantFen, {
    path: ['totalFen'], params: { zh: '须等于双方承担之和', en: 'must be what the two sides bear together' }
  }).meta({ id: 'AwardCosts' })
export type Costs = z.output<typeof Costs>

const awardTexts = {
  reasoning: PlainText,
  claims: PlainText.optional().meta({ description: 'What the parties asked for' }),
  facts: PlainText.optional().meta({ description: 'What was found' })
}

export const NewAward = z.object({
  awardNumber: PlainText.max(100),
  refundFen: Fen,
  releaseFen: Fen,
  restoreFen: Fen.default(0n),
  beyondDepositFen: Fen.default(0n).meta({ description: 'Adjudged beyond what is frozen: collected from what the contract has released to the merchant' }),
  interestFen: Fen.default(0n).meta({ description: 'Beside the deposit' }),
  costs: Costs.optional(),
  dueOn: Day.optional().meta({ description: 'By when what is beside the deposit is due' }),
  ...awardTexts
})
export type NewAward = z.output<typeof NewAward>

export const Correction = z.object({ refundFen: Fen, releaseFen: Fen, restoreFen: Fen.default(0n), reasoning: PlainText })
export type Correction = z.output<typeof Correction>

/** A court's word on a case that lapsed: what is frozen is divided by it. */
export const NewJudgment = z.object({
  caseNumber: PlainText.max(100), refundFen: Fen, releaseFen: Fen, restoreFen: Fen.default(0n), reasoning: PlainText.meta({ description: 'The operative part' })
})
export type NewJudgment = z.output<typeof NewJudgment>

/** `proposed`: one of three arbitrators has written it, and a majority has not yet concurred. */
export const AwardStatus = z.enum(['proposed', 'made', 'superseded'])
export type AwardStatus = z.infer<typeof AwardStatus>

export const Award = z.object({
  id: AwardId, disputeId: DisputeId, awardNumber: z.string(), correction: z.int().meta({ description: '0: the award itself; then its corrections' }),
  status: AwardStatus, refundFen: Fen, releaseFen: Fen, restoreFen: Fen, beyondDepositFen: Fen, interestFen: Fen, costs: Costs.nullable(),
  claims: z.string().nullable(), facts: z.string().nullable(), reasoning: z.string(), dueOn: BusinessDate.nullable(),
  arbitratorIds: z.array(PersonId), createdAt: Instant, madeAt: Instant.nullable(), documentSha256: z.string().nullable()
}).meta({ id: 'Award' })
export type Award = z.output<typeof Award>

export const Execution = z.object({
  awardId: AwardId, status: z.enum(['proposed', 'executed']), makerId: PersonId, checkerId: PersonId.nullable(), proposedAt: Instant, executedAt: Instant.nullable()
}).meta({ id: 'DisputeExecution' })
export type Execution = z.output<typeof Execution>

export const DocumentKind = z.enum(['settlement_agreement', 'mediation_agreement', 'mediation_failure', 'award', 'award_correction', 'judgment_record'])
export type DocumentKind = z.infer<typeof DocumentKind>

export const CaseDocument = z.object({
  id: idSchema('doc'), kind: DocumentKind, sha256: z.string(),
  pdfId: idSchema('doc').nullable().meta({ description: 'Its sealed PDF, `GET /v1/documents/:id`; a certificate of failure has none' }), createdAt: Instant
}).meta({ id: 'DisputeDocument' })
export type CaseDocument = z.output<typeof CaseDocument>

export const TimelineEntry = z.object({
  at: Instant, fact: z.string(), stage: DisputeStage, by: z.enum(['consumer', 'merchant', 'operator', 'mediator', 'arbitrator', 'notary', 'service']),
  amountFen: Fen.nullable()
}).meta({ id: 'DisputeTimelineEntry' })
export type TimelineEntry = z.output<typeof TimelineEntry>

/** What the law gives back on the whole contract under one cause: for an award to cite. */
export const Scenario = z.object({
  cause: z.enum(['merchant', 'consumer', 'neither']), rule: z.string(), refundFen: Fen,
  refundIfUndeliveredFen: Fen.meta({ description: 'The same if what is contested counts as not delivered' }),
  steps: z.array(StepView), lawRefs: z.array(z.string())
}).meta({ id: 'RefundScenario' })
export type Scenario = z.output<typeof Scenario>

export const DisputeDetail = Dispute.extend({
  statement: z.string(),
  redemptionIds: z.array(RedemptionId),
  evidenceUntil: Instant.nullable(),
  allowed: z.array(DisputeEvent).meta({ description: 'What can happen to it now, by whomever' }),
  offers: z.array(Offer),
  proposals: z.array(Proposal),
  assignments: z.array(Assignment),
  messages: z.array(Message),
  awards: z.array(Award),
  executions: z.array(Execution),
  documents: z.array(CaseDocument),
  timeline: z.array(TimelineEntry),
  scenarios: z.array(Scenario)
}).meta({ id: 'DisputeDetail' })
export type DisputeDetail = z.output<typeof DisputeDetail>

export const DisputeFilter = PageQuery.extend({ stage: DisputeStage.optional(), contractId: ContractId.optional(), merchantId: MerchantId.optional() })
export type DisputeFilter = z.output<typeof DisputeFilter>

/** Signs of claims in series, to be weighed together and never a ground to refuse: one consumer's cases of the last year, as counts. */
export const Signal = z.object({
  consumerId: PersonId.nullable().meta({ description: 'Only for the operator' }),
  disputes: z.int(),
  merchants: z.int(),
  contracts: z.int(),
  aboutSaleOrPrice: z.int().meta({ description: 'Over price, terms or words of the sale rather than the service' }),
  withdrawnOrLapsed: z.int(),
  claimedFen: Fen,
  refundedFen: Fen,
  firstAt: Instant,
  lastAt: Instant
}).meta({ id: 'DisputeSignal' })
export type Signal = z.output<typeof Signal>

/** A dispute as rules see it. */
export type DisputeRecord = Readonly<{
  id: DisputeId
  contractId: ContractId
  merchantId: MerchantId
  consumerId: PersonId
  claimant: Side
  stage: DisputeStage
  ground: DisputeGround
  statement: string
  claimFen: FenAmount
  /** everything it ever froze */
  frozenFen: FenAmount
  beyondReachFen: FenAmount
  arbitrationAgreed: boolean
  arbitrators: number | null
  evidenceUntil: Date | null
  refundFen: FenAmount | null
  releaseFen: FenAmount | null
  restoreFen: FenAmount | null
  openedAt: Date
  deadlineAt: Date | null
  /** when nothing was frozen by it any more */
  endedAt: Date | null
  executedAt: Date | null
}>

/** Money that is frozen. `byRefund`: a refund that closed the contract left it open. */
export type FreezeLine = Readonly<{
  id: string
  source: 'held' | 'pending'
  releaseId: RedemptionId | null
  amountFen: FenAmount
  byRefund: boolean
}>
