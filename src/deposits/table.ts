import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { PaymentStatus } from './model.js'

/** Payment orders of contracts. */
export const payments = pgTable('payments', {
  officeId: officeId(),
  id: id('id', 'pay').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  channel: text('channel').notNull(),
  amountFen: fen('amount_fen').notNull(),
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
  channel: text('channel').notNull(),
  /** the channel's own number */
  transactionId: text('transaction_id').notNull(),
  paymentId: id('payment_id', 'pay').notNull(),
  amountFen: fen('amount_fen').notNull(),
  /** deposited to the contract, or stray and going back */
  purpose: text('purpose').$type<'deposit' | 'stray'>().notNull(),
  /** why it is stray */
  reason: text('reason'),
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
  channel: text('channel').notNull(),
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
