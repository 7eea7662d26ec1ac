import { sql } from 'drizzle-orm'
import { boolean, check, date, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, ids, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofConsumer, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type {
  AdjudicatorRole, AssignmentStatus, Author, AwardStatus, Costs, DisputeGround, DisputeStage, DocumentKind, MessageKind, OfferStatus, ProposalStatus, Side, TimelineEntry
} from './model.js'

/*
 * Whoever takes part in a case may read it; only the service writes, as the worker, once it has
 * checked under the caller's own role that the case is the caller's. An adjudicator sees the cases
 * of an assignment that has not ended.
 */

const visible = (table: string) =>
  sql.raw(`exists (select 1 from disputes d where d.office_id = ${table}.office_id and d.id = ${table}.dispute_id)`)

/** What hangs on a case is seen by those who see the case. */
const ofCase = (table: string) => [
  ...allowAll(table, ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible(table)),
  ...allowAll(table, ['select', 'insert', 'update'], ['worker'], ofOffice)
]

export const disputes = pgTable('disputes', {
  officeId: officeId(),
  id: id('id', 'dsp').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  claimant: text('claimant').$type<Side>().notNull(),
  stage: text('stage').$type<DisputeStage>().notNull(),
  ground: text('ground').$type<DisputeGround>().notNull(),
  statement: text('statement').notNull(),
  claimFen: fen('claim_fen').notNull(),
  /** everything it ever froze */
  frozenFen: fen('frozen_fen').notNull(),
  openedAt: instant('opened_at').notNull(),
  /** when the next thing happens by itself; the instant of the last change where nothing does */
  deadlineAt: instant('deadline_at').notNull(),
  endedAt: instant('ended_at'),
  consumerId: id('consumer_id', 'per'),
  beyondReachFen: fen('beyond_reach_fen').notNull().default(sql`0`),
  /** whether something happens by itself at `deadline_at` */
  hasDeadline: boolean('has_deadline').notNull().default(true),
  arbitrationAgreed: boolean('arbitration_agreed').notNull().default(false),
  arbitrators: integer('arbitrators'),
  evidenceUntil: instant('evidence_until'),
  refundFen: fen('refund_fen'),
  releaseFen: fen('release_fen'),
  restoreFen: fen('restore_fen'),
  executedAt: instant('executed_at')
}, (t) => [
  primaryKey({ name: 'disputes_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'disputes_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('disputes_of_contract').on(t.officeId, t.contractId),
  index('disputes_of_merchant').on(t.officeId, t.merchantId),
  index('disputes_of_consumer').on(t.officeId, t.consumerId),
  uniqueIndex('disputes_one_open_per_contract').on(t.officeId, t.contractId).where(sql`${t.endedAt} is null`),
  check('disputes_stage', sql`${t.stage} in ('negotiation', 'mediation', 'arbitration', 'decided', 'settled', 'withdrawn', 'lapsed', 'executed')`),
  ...allowAll('disputes', ['select'], ['consumer'], ofConsumer),
  ...allowAll('disputes', ['select'], ['merchant'], ofMerchant),
  ...allowAll('disputes', ['select'], ['notary', 'operator'], ofOffice),
  allow('disputes', 'select', ['adjudicator'],
    sql`${ofOffice} and exists (select 1 from dispute_assignments a where a.office_id = disputes.office_id and a.dispute_id = disputes.id)`),
  ...allowAll('disputes', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/**
 * Money that is frozen, by where it came from: by a dispute, or by a refund that left open what
 * hangs on an objection, until that is answered or becomes a dispute.
 */
export const freezeLines = pgTable('freeze_lines', {
  officeId: officeId(),
  id: id('id', 'frz').notNull(),
  /** null: frozen by a refund, and no dispute has taken it up */
  disputeId: id('dispute_id', 'dsp'),
  contractId: id('contract_id', 'ctr').notNull(),
  source: text('source').$type<'held' | 'pending'>().notNull(),
  /** the release a pending line came from */
  releaseId: id('release_id', 'red'),
  amountFen: fen('amount_fen').notNull(),
  endedAt: instant('ended_at'),
  /** left open by a refund that closed the contract: what is not decided of it, that refund's rule divides */
  byRefund: boolean('by_refund').notNull().default(false)
}, (t) => [
  primaryKey({ name: 'freeze_lines_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'freeze_lines_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('freeze_lines_of_dispute').on(t.officeId, t.disputeId),
  index('freeze_lines_of_contract').on(t.officeId, t.contractId),
  check('freeze_lines_amount', sql`${t.amountFen} > 0`),
  ...allowAll('freeze_lines', ['select'], ['consumer', 'merchant'], ofVisibleContract('freeze_lines')),
  ...allowAll('freeze_lines', ['select'], ['notary'], ofOffice),
  ...allowAll('freeze_lines', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** The redemptions a dispute names. */
export const disputeRedemptions = pgTable('dispute_redemptions', {
  officeId: officeId(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  redemptionId: id('redemption_id', 'red').notNull()
}, (t) => [
  primaryKey({ name: 'dispute_redemptions_pk', columns: [t.officeId, t.disputeId, t.redemptionId] }),
  foreignKey({ name: 'dispute_redemptions_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  ...allowAll('dispute_redemptions', ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible('dispute_redemptions')),
  ...allowAll('dispute_redemptions', ['select', 'insert'], ['worker'], ofOffice)
])

/** What a side offers; one open at a time. */
export const disputeOffers = pgTable('dispute_offers', {
  officeId: officeId(),
  id: id('id', 'ofr').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  side: text('side').$type<Side>().notNull(),
  refundFen: fen('refund_fen').notNull(),
  message: text('message').notNull(),
  status: text('status').$type<OfferStatus>().notNull(),
  madeBy: id('made_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  answeredAt: instant('answered_at')
}, (t) => [
  primaryKey({ name: 'dispute_offers_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'dispute_offers_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('dispute_offers_of_dispute').on(t.officeId, t.disputeId),
  uniqueIndex('dispute_offers_one_open_a_side').on(t.officeId, t.disputeId, t.side).where(sql`${t.status} = 'open'`),
  check('dispute_offers_status', sql`${t.status} in ('open', 'accepted', 'declined', 'replaced', 'lapsed') and ${t.refundFen} >= 0`),
  ...ofCase('dispute_offers')
])

/** What a mediator proposes to both sides; one open at a time. */
export const disputeProposals = pgTable('dispute_proposals', {
  officeId: officeId(),
  id: id('id', 'prp').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  refundFen: fen('refund_fen').notNull(),
  message: text('message').notNull(),
  status: text('status').$type<ProposalStatus>().notNull(),
  consumerAccepted: boolean('consumer_accepted').notNull().default(false),
  merchantAccepted: boolean('merchant_accepted').notNull().default(false),
  madeBy: id('made_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  answeredAt: instant('answered_at')
}, (t) => [
  primaryKey({ name: 'dispute_proposals_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'dispute_proposals_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  uniqueIndex('dispute_proposals_one_open').on(t.officeId, t.disputeId).where(sql`${t.status} = 'open'`),
  index('dispute_proposals_of_dispute').on(t.officeId, t.disputeId),
  check('dispute_proposals_status', sql`${t.status} in ('open', 'accepted', 'declined', 'lapsed') and ${t.refundFen} >= 0`),
  ...ofCase('dispute_proposals')
])

/** What is said in a case; written once. */
export const disputeMessages = pgTable('dispute_messages', {
  officeId: officeId(),
  id: id('id', 'msg').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  kind: text('kind').$type<MessageKind>().notNull(),
  author: text('author').$type<Author>().notNull(),
  authorId: id('author_id', 'per').notNull(),
  text: text('text').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'dispute_messages_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'dispute_messages_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('dispute_messages_of_dispute').on(t.officeId, t.disputeId, t.id),
  ...allowAll('dispute_messages', ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible('dispute_messages')),
  ...allowAll('dispute_messages', ['select', 'insert'], ['worker'], ofOffice)
])

/** Who mediates or decides a case. */
export const disputeAssignments = pgTable('dispute_assignments', {
  officeId: officeId(),
  id: id('id', 'asg').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  adjudicatorId: id('adjudicator_id', 'per').notNull(),
  role: text('role').$type<AdjudicatorRole>().notNull(),
  status: text('status').$type<AssignmentStatus>().notNull(),
  presides: boolean('presides').notNull(),
  /** what the parties are told of the person */
  disclosures: jsonb('disclosures').$type<{ kind: 'decided_another_case'; disputeId: string; endedAt: string | null }[]>().notNull(),
  assignedBy: id('assigned_by', 'per').notNull(),
  assignedAt: instant('assigned_at').notNull(),
  answerBy: instant('answer_by'),
  answeredAt: instant('answered_at'),
  note: text('note'),
  /** set once the person has nothing more to do with the case */
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'dispute_assignments_pk', columns: [t.officeId, t.id] }),
  // No foreign key to disputes: a policy of that table looks in here.
  uniqueIndex('dispute_assignments_one_open_per_person').on(t.officeId, t.disputeId, t.adjudicatorId).where(sql`${t.endedAt} is null`),
  index('dispute_assignments_of_person').on(t.officeId, t.adjudicatorId),
  check('dispute_assignments_status', sql`${t.status} in ('assigned', 'accepted', 'refused', 'lapsed', 'recused', 'released')`),
  ...allowAll('dispute_assignments', ['select'], ['consumer', 'merchant'], visible('dispute_assignments')),
  ...allowAll('dispute_assignments', ['select'], ['notary', 'operator'], ofOffice),
  allow('dispute_assignments', 'select', ['adjudicator'], sql`${ofOffice} and adjudicator_id = ${context.person} and ended_at is null`),
  ...allowAll('dispute_assignments', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** What stands between an adjudicator and a merchant, or a case: declared by the person or entered by the operator. */
export const adjudicatorDeclarations = pgTable('adjudicator_declarations', {
  officeId: officeId(),
  id: id('id', 'dcl').notNull(),
  adjudicatorId: id('adjudicator_id', 'per').notNull(),
  merchantId: id('merchant_id', 'mer'),
  disputeId: id('dispute_id', 'dsp'),
  relation: text('relation').$type<'employed' | 'acted_for' | 'other'>().notNull(),
  /** the last day of it; null: it goes on */
  endedOn: date('ended_on', { mode: 'string' }),
  note: text('note').notNull(),
  declaredBy: id('declared_by', 'per').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'adjudicator_declarations_pk', columns: [t.officeId, t.id] }),
  index('adjudicator_declarations_of_person').on(t.officeId, t.adjudicatorId),
  check('adjudicator_declarations_about', sql`(${t.merchantId} is null) <> (${t.disputeId} is null)`),
  allow('adjudicator_declarations', 'select', ['adjudicator'], sql`${ofOffice} and adjudicator_id = ${context.person}`),
  ...allowAll('adjudicator_declarations', ['select'], ['operator', 'notary'], ofOffice),
  ...allowAll('adjudicator_declarations', ['select', 'insert'], ['worker'], ofOffice)
])

/** Awards and their corrections. */
export const awards = pgTable('awards', {
  officeId: officeId(),
  id: id('id', 'awd').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  awardNumber: text('award_number').notNull(),
  /** 0: the award itself; then its corrections */
  correction: integer('correction').notNull(),
  status: text('status').$type<AwardStatus>().notNull(),
  refundFen: fen('refund_fen').notNull(),
  releaseFen: fen('release_fen').notNull(),
  restoreFen: fen('restore_fen').notNull(),
  beyondDepositFen: fen('beyond_deposit_fen').notNull(),
  interestFen: fen('interest_fen').notNull(),
  /** amounts as decimal strings */
  costs: jsonb('costs').$type<{ [K in keyof Costs]: string }>(),
  claims: text('claims'),
  facts: text('facts'),
  reasoning: text('reasoning').notNull(),
  dueOn: date('due_on', { mode: 'string' }),
  arbitratorIds: ids('arbitrator_ids', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  madeAt: instant('made_at'),
  documentSha256: text('document_sha256')
}, (t) => [
  primaryKey({ name: 'awards_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'awards_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  uniqueIndex('awards_one_per_number').on(t.officeId, sql`md5(${t.awardNumber})`, t.correction).where(sql`${t.status} <> 'superseded'`),
  uniqueIndex('awards_one_per_dispute').on(t.officeId, t.disputeId, t.correction).where(sql`${t.status} <> 'superseded'`),
  check('awards_amounts', sql`${t.refundFen} >= 0 and ${t.releaseFen} >= 0 and ${t.restoreFen} >= 0 and ${t.beyondDepositFen} >= 0 and ${t.interestFen} >= 0`),
  check('awards_status', sql`${t.status} in ('proposed', 'made', 'superseded')`),
  // What a tribunal has not made yet is its own.
  ...allowAll('awards', ['select'], ['consumer', 'merchant', 'notary', 'operator'], sql`status = 'made' and ${visible('awards')}`),
  ...allowAll('awards', ['select'], ['adjudicator'], visible('awards')),
  ...allowAll('awards', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** Who executes an award, or a correction: one person proposes, another executes. */
export const disputeExecutions = pgTable('dispute_executions', {
  officeId: officeId(),
  awardId: id('award_id', 'awd').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  proposedAt: instant('proposed_at').notNull(),
  executedAt: instant('executed_at')
}, (t) => [
  primaryKey({ name: 'dispute_executions_pk', columns: [t.officeId, t.awardId] }),
  foreignKey({ name: 'dispute_executions_award', columns: [t.officeId, t.awardId], foreignColumns: [awards.officeId, awards.id] }),
  index('dispute_executions_of_dispute').on(t.officeId, t.disputeId),
  check('dispute_executions_two_people', sql`${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}`),
  ...ofCase('dispute_executions')
])

/** What was paid of a case, once each: the rows that a replay runs into, whatever key it comes under. */
export const disputePayments = pgTable('dispute_payments', {
  officeId: officeId(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  correction: integer('correction').notNull(),
  item: text('item').$type<'refund' | 'release' | 'restore'>().notNull(),
  /** the award's number; null for an agreement of the parties */
  awardNumber: text('award_number'),
  amountFen: fen('amount_fen').notNull(),
  /** the refund that carries it */
  refundId: id('refund_id', 'ref'),
  bookedAt: instant('booked_at').notNull()
}, (t) => [
  primaryKey({ name: 'dispute_payments_pk', columns: [t.officeId, t.disputeId, t.correction, t.item] }),
  foreignKey({ name: 'dispute_payments_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  uniqueIndex('dispute_payments_one_per_award').on(t.officeId, sql`md5(${t.awardNumber})`, t.correction, t.item).where(sql`${t.awardNumber} is not null`),
  ...allowAll('dispute_payments', ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible('dispute_payments')),
  ...allowAll('dispute_payments', ['select', 'insert'], ['worker'], ofOffice)
])

/** Agreements, awards and certificates: the facts, the text made of them, and the text's hash. They name the parties and are sealed. */
export const disputeDocuments = pgTable('dispute_documents', {
  officeId: officeId(),
  id: id('id', 'doc').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  kind: text('kind').$type<DocumentKind>().notNull(),
  factsSealed: text('facts_sealed').notNull(),
  textSealed: text('text_sealed').notNull(),
  sha256: text('sha256').notNull(),
  /** the sealed PDF of it, where it has one */
  pdfId: id('pdf_id', 'doc'),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'dispute_documents_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'dispute_documents_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('dispute_documents_of_dispute').on(t.officeId, t.disputeId),
  index('dispute_documents_of_pdf').on(t.officeId, t.pdfId),
  ...allowAll('dispute_documents', ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible('dispute_documents')),
  ...allowAll('dispute_documents', ['select', 'insert'], ['worker'], ofOffice)
])

/** What happened in a case, in order; written once. */
export const disputeTimeline = pgTable('dispute_timeline', {
  officeId: officeId(),
  id: id('id', 'dtl').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  fact: text('fact').notNull(),
  stage: text('stage').$type<DisputeStage>().notNull(),
  by: text('by').$type<TimelineEntry['by']>().notNull(),
  personId: id('person_id', 'per'),
  amountFen: fen('amount_fen'),
  at: instant('happened_at').notNull()
}, (t) => [
  primaryKey({ name: 'dispute_timeline_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'dispute_timeline_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  index('dispute_timeline_of_dispute').on(t.officeId, t.disputeId, t.id),
  ...allowAll('dispute_timeline', ['select'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], visible('dispute_timeline')),
  ...allowAll('dispute_timeline', ['select', 'insert'], ['worker'], ofOffice)
])
