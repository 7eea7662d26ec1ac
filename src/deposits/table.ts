import { sql } from 'drizzle-orm'
import { check, foreignKey, index, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { ChannelName, PayerAction } from '../channels/model.js'
import type { PaymentStatus, StrayReason } from './model.js'

/** Payment orders of contracts. */
export const payments = pgTable('payments', {
  officeId: officeId(),
  id: id('id', 'pay').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  channel: text('channel').$type<ChannelName>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  /** what the payer does next; null until the channel has opened the order */
  action: jsonb('action').$type<PayerAction>(),
  status: text('status').$type<PaymentStatus>().notNull(),
  createdAt: instant('created_at').notNull(),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'payments_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'payments_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('payments_of_contract').on(t.officeId, t.contractId),
  check('payments_status', sql`${t.status} in ('pending', 'succeeded', 'failed', 'closed')`),
  ...allowAll('payments', ['select', 'insert', 'update'], ['consumer'], ofVisibleContract('payments')),
  ...allowAll('payments', ['select'], ['merchant'], ofVisibleContract('payments')),
  ...allowAll('payments', ['select'], ['notary'], ofOffice),
  ...allowAll('payments', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** Money a channel says it received, once for each of its transactions. Never updated. */
export const receipts = pgTable('receipts', {
  officeId: officeId(),
  id: id('id', 'rcp').notNull(),
  channel: text('channel').$type<ChannelName>().notNull(),
  /** the channel's own number */
  transactionId: text('transaction_id').notNull(),
  paymentId: id('payment_id', 'pay').notNull(),
  amountFen: fen('amount_fen').notNull(),
  /** deposited to the contract, or stray and going back */
  purpose: text('purpose').$type<'deposit' | 'stray'>().notNull(),
  /** why it is stray */
  reason: text('reason').$type<StrayReason>(),
  paidAt: instant('paid_at').notNull(),
  receivedAt: instant('received_at').notNull()
}, (t) => [
  primaryKey({ name: 'receipts_pk', columns: [t.officeId, t.id] }),
  unique('receipts_once_per_transaction').on(t.officeId, t.channel, t.transactionId),
  foreignKey({ name: 'receipts_payment', columns: [t.officeId, t.paymentId], foreignColumns: [payments.officeId, payments.id] }),
  index('receipts_of_payment').on(t.officeId, t.paymentId),
  ...allowAll('receipts', ['select'], ['notary'], ofOffice),
  ...allowAll('receipts', ['select'], ['consumer', 'merchant'], sql`exists (select 1 from payments p where p.office_id = receipts.office_id and p.id = receipts.payment_id)`),
  ...allowAll('receipts', ['select', 'insert'], ['worker'], ofOffice)
])

/** What a channel paid out to the special account, once for each of its settlements. Never updated. */
export const channelSettlements = pgTable('channel_settlements', {
  officeId: officeId(),
  id: id('id', 'chs').notNull(),
  channel: text('channel').$type<ChannelName>().notNull(),
  /** the channel's own number */
  settlementId: text('settlement_id').notNull(),
  /** received less refunded; negative when refunds exceed */
  grossFen: fen('gross_fen').notNull(),
  feeFen: fen('fee_fen').notNull(),
  valueDate: instant('value_date').notNull()
}, (t) => [
  primaryKey({ name: 'channel_settlements_pk', columns: [t.officeId, t.id] }),
  unique('channel_settlements_once').on(t.officeId, t.channel, t.settlementId),
  ...allowAll('channel_settlements', ['select'], ['notary'], ofOffice),
  ...allowAll('channel_settlements', ['select', 'insert'], ['worker'], ofOffice)
])

/**
 * The channel's transactions that a settlement paid out. A settlement may be told before the
 * payment it contains; whichever comes second finds the other here.
 */
export const settledTransactions = pgTable('settled_transactions', {
  officeId: officeId(),
  channel: text('channel').$type<ChannelName>().notNull(),
  transactionId: text('transaction_id').notNull(),
  settledBy: id('settled_by', 'chs').notNull(),
  valueDate: instant('value_date').notNull()
}, (t) => [
  primaryKey({ name: 'settled_transactions_pk', columns: [t.officeId, t.channel, t.transactionId] }),
  foreignKey({ name: 'settled_transactions_settlement', columns: [t.officeId, t.settledBy], foreignColumns: [channelSettlements.officeId, channelSettlements.id] }),
  ...allowAll('settled_transactions', ['select'], ['notary'], ofOffice),
  ...allowAll('settled_transactions', ['select', 'insert'], ['worker'], ofOffice)
])

/** Deposits the notary refused, with the reason the parties are given. Never updated. */
export const depositRefusals = pgTable('deposit_refusals', {
  officeId: officeId(),
  contractId: id('contract_id', 'ctr').notNull(),
  reason: text('reason').notNull(),
  refusedBy: id('refused_by', 'per').notNull(),
  refusedAt: instant('refused_at').notNull()
}, (t) => [
  primaryKey({ name: 'deposit_refusals_pk', columns: [t.officeId, t.contractId] }),
  foreignKey({ name: 'deposit_refusals_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  ...allowAll('deposit_refusals', ['select', 'insert'], ['notary'], ofOffice),
  ...allowAll('deposit_refusals', ['select'], ['consumer', 'merchant'], ofVisibleContract('deposit_refusals')),
  ...allowAll('deposit_refusals', ['select'], ['worker'], ofOffice)
])
