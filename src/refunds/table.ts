import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { QuoteStep, RefundPurpose, RefundReason, RefundStatus } from './model.js'

/** What a refund would be on facts that may move: refused when they did. */
export const refundQuotes = pgTable('refund_quotes', {
  officeId: officeId(),
  id: id('id', 'quo').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  reason: text('reason').$type<RefundReason>().notNull(),
  rule: text('rule').notNull(),
  refundFen: fen('refund_fen').notNull(),
  merchantFen: fen('merchant_fen').notNull(),
  contestedFen: fen('contested_fen').notNull(),
  heldFen: fen('held_fen').notNull(),
  shortfallFen: fen('shortfall_fen').notNull(),
  steps: jsonb('steps').$type<QuoteStep[]>().notNull(),
  lawRefs: text('law_refs').array().notNull(),
  /** the contract's version the sum was made on */
  contractVersion: integer('contract_version').notNull(),
  quotedBy: id('quoted_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull()
}, (t) => [
  primaryKey({ name: 'refund_quotes_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'refund_quotes_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  ...allowAll('refund_quotes', ['select', 'insert'], ['consumer', 'merchant'], ofVisibleContract('refund_quotes')),
  ...allowAll('refund_quotes', ['select', 'insert'], ['notary', 'worker'], ofOffice)
])

/** Money going back: of a contract (principal), or money that never was the price (stray). */
export const refunds = pgTable('refunds', {
  officeId: officeId(),
  id: id('id', 'ref').notNull(),
  purpose: text('purpose').$type<RefundPurpose>().notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  reason: text('reason').$type<RefundReason>().notNull(),
  status: text('status').$type<RefundStatus>().notNull(),
  quoteId: id('quote_id', 'quo'),
  /** the order it is paid back on */
  paymentId: id('payment_id', 'pay').notNull(),
  refundFen: fen('refund_fen').notNull(),
  merchantFen: fen('merchant_fen').notNull(),
  contestedFen: fen('contested_fen').notNull(),
  requestedBy: id('requested_by', 'per'),
  requestedEnd: text('requested_end').notNull(),
  note: text('note'),
  /** the last day on which it must be paid */
  deadlineAt: instant('deadline_at').notNull(),
  consentBy: instant('consent_by'),
  createdAt: instant('created_at').notNull(),
  approvedBy: id('approved_by', 'per'),
  approvedAt: instant('approved_at'),
  attempts: integer('attempts').notNull().default(0),
  lastError: text('last_error'),
  channelReference: text('channel_reference'),
  paidAt: instant('paid_at')
}, (t) => [
  primaryKey({ name: 'refunds_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'refunds_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('refunds_of_contract').on(t.officeId, t.contractId),
  index('refunds_open').on(t.officeId, t.status, t.id),
  uniqueIndex('refunds_one_open_per_contract').on(t.officeId, t.contractId)
    .where(sql`${t.purpose} = 'principal' and ${t.status} in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed')`),
  check('refunds_status', sql`${t.status} in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'paid', 'declined', 'rejected', 'failed')`),
  check('refunds_amounts', sql`${t.refundFen} >= 0 and ${t.merchantFen} >= 0 and ${t.contestedFen} >= 0`),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['consumer'], ofVisibleContract('refunds')),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['merchant'], ofMerchant),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice)
])
