import { sql } from 'drizzle-orm'
import { boolean, check, foreignKey, index, integer, jsonb, pgTable, pgView, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofFormerHolder, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { ChannelName } from '../channels/model.js'
import type { z } from 'zod'
import type { Gifts, LawRule } from './law/model.js'
import type { BankRefundStatus, QuoteStep, RefundPurpose, RefundReason, RefundStatus, RequestedEnd } from './model.js'

/** What a refund would be on facts that may move: refused when they did. */
export const refundQuotes = pgTable('refund_quotes', {
  officeId: officeId(),
  id: id('id', 'quo').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  reason: text('reason').$type<RefundReason>().notNull(),
  /** reason mutual: what the parties agree goes back */
  agreedFen: fen('agreed_fen'),
  /** gifts already taken, as a notary decided */
  gifts: jsonb('gifts').$type<z.input<typeof Gifts>>(),
  rule: text('rule').$type<LawRule>().notNull(),
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
  check('refund_quotes_divide_what_is_held', sql`${t.heldFen} = ${t.refundFen} + ${t.merchantFen} + ${t.contestedFen} and ${t.refundFen} >= 0 and ${t.merchantFen} >= 0 and ${t.contestedFen} >= 0`),
  foreignKey({ name: 'refund_quotes_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  ...allowAll('refund_quotes', ['select', 'insert'], ['consumer', 'merchant'], ofVisibleContract('refund_quotes')),
  ...allowAll('refund_quotes', ['select', 'insert'], ['notary', 'worker'], ofOffice)
])

const shape = () => ({
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
  channel: text('channel').$type<ChannelName>().notNull(),
  refundFen: fen('refund_fen').notNull(),
  merchantFen: fen('merchant_fen').notNull(),
  contestedFen: fen('contested_fen').notNull(),
  requestedBy: id('requested_by', 'per'),
  requestedEnd: text('requested_end').$type<RequestedEnd>().notNull(),
  note: text('note'),
  /** the last day on which it must be paid */
  deadlineAt: instant('deadline_at').notNull(),
  consentBy: instant('consent_by'),
  /** the consumer asked for it or agreed to it: the merchant's part needs no new objection window */
  consumerAgreed: boolean('consumer_agreed').notNull().default(false),
  createdAt: instant('created_at').notNull(),
  /** when the contract ends by it: days after it do not count */
  endsAt: instant('ends_at').notNull(),
  approvedBy: id('approved_by', 'per'),
  approvedAt: instant('approved_at'),
  attempts: integer('attempts').notNull().default(0),
  lastError: text('last_error'),
  channelReference: text('channel_reference'),
  paidAt: instant('paid_at'),
  /** paid, or being paid, by bank transfer: the channel is not sent to any more */
  byBank: boolean('by_bank').notNull().default(false),
  /** the account the consumer gave for it; sealed */
  accountSealed: text('account_sealed')
})

/** Money going back: of a contract (principal), or money that never was the price (stray). */
export const refunds = pgTable('refunds', shape(), (t) => [
  primaryKey({ name: 'refunds_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'refunds_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('refunds_of_contract').on(t.officeId, t.contractId),
  index('refunds_open').on(t.officeId, t.status, t.id),
  uniqueIndex('refunds_one_open_per_contract').on(t.officeId, t.contractId)
    .where(sql`${t.reason} in ('cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure', 'closure', 'deposit_refused') and ${t.status} in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed')`),
  index('refunds_unpaid_by_deadline').on(t.officeId, t.deadlineAt).where(sql`${t.status} not in ('paid', 'declined', 'rejected')`),
  check('refunds_status', sql`${t.status} in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'paid', 'declined', 'rejected', 'failed')`),
  check('refunds_amounts', sql`${t.refundFen} >= 0 and ${t.merchantFen} >= 0 and ${t.contestedFen} >= 0`),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['consumer'], ofVisibleContract('refunds')),
  allow('refunds', 'select', ['consumer'], ofFormerHolder('refunds', 'created_at'), 'former'),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['merchant'], ofMerchant),
  ...allowAll('refunds', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice)
])

/** The same without people and what they wrote: what the bureau sees. The migration writes the view. */
export const maskedRefunds = pgView('masked_refunds', shape()).existing()

/** Refunds that go by bank transfer, because a channel cannot or will not: proposed by one person, ordered by another. */
export const bankRefunds = pgTable('bank_refunds', {
  officeId: officeId(),
  id: id('id', 'bnr').notNull(),
  refundId: id('refund_id', 'ref').notNull(),
  status: text('status').$type<BankRefundStatus>().notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  /** the account as it was proposed; sealed */
  payeeSealed: text('payee_sealed').notNull(),
  createdAt: instant('created_at').notNull(),
  orderedAt: instant('ordered_at'),
  answeredAt: instant('answered_at'),
  bankReference: text('bank_reference'),
  returnReason: text('return_reason')
}, (t) => [
  primaryKey({ name: 'bank_refunds_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'bank_refunds_refund', columns: [t.officeId, t.refundId], foreignColumns: [refunds.officeId, refunds.id] }),
  uniqueIndex('bank_refunds_one_open_per_refund').on(t.officeId, t.refundId).where(sql`${t.status} in ('proposed', 'ordered')`),
  check('bank_refunds_status', sql`${t.status} in ('proposed', 'ordered', 'paid', 'returned', 'cancelled')`),
  check('bank_refunds_two_people', sql`${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}`),
  ...allowAll('bank_refunds', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice)
])
