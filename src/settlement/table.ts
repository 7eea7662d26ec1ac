import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { SettlementItemStatus, SettlementStatus } from './model.js'

/** One run of paying merchants what is payable: drafted by a maker, approved by another person. */
export const settlements = pgTable('settlements', {
  officeId: officeId(),
  id: id('id', 'stl').notNull(),
  status: text('status').$type<SettlementStatus>().notNull(),
  cutoff: instant('cutoff').notNull(),
  /** the office's tariff on the day of the draft */
  feeBasisPoints: integer('fee_basis_points').notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  createdAt: instant('created_at').notNull(),
  approvedAt: instant('approved_at'),
  completedAt: instant('completed_at')
}, (t) => [
  primaryKey({ name: 'settlements_pk', columns: [t.officeId, t.id] }),
  check('settlements_status', sql`${t.status} in ('draft', 'approved', 'submitted', 'completed', 'cancelled')`),
  ...allowAll('settlements', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice)
])

/** What one merchant is paid in a settlement: one payout of the bank. */
export const settlementItems = pgTable('settlement_items', {
  officeId: officeId(),
  id: id('id', 'sti').notNull(),
  settlementId: id('settlement_id', 'stl').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  /** as it was at the draft */
  merchantName: text('merchant_name').notNull(),
  grossFen: fen('gross_fen').notNull(),
  feeFen: fen('fee_fen').notNull(),
  status: text('status').$type<SettlementItemStatus>().notNull(),
  /** the account as it was at approval; sealed */
  payeeSealed: text('payee_sealed'),
  /** the bank's reference, or its reason */
  bankReference: text('bank_reference'),
  returnReason: text('return_reason'),
  answeredAt: instant('answered_at')
}, (t) => [
  primaryKey({ name: 'settlement_items_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'settlement_items_settlement', columns: [t.officeId, t.settlementId], foreignColumns: [settlements.officeId, settlements.id] }),
  foreignKey({ name: 'settlement_items_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  index('settlement_items_of_settlement').on(t.officeId, t.settlementId),
  index('settlement_items_of_merchant').on(t.officeId, t.merchantId, t.id),
  check('settlement_items_status', sql`${t.status} in ('draft', 'approved', 'submitted', 'paid', 'returned', 'cancelled')`),
  check('settlement_items_amounts', sql`${t.grossFen} > 0 and ${t.feeFen} >= 0 and ${t.feeFen} <= ${t.grossFen}`),
  ...allowAll('settlement_items', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice),
  allow('settlement_items', 'select', ['merchant'], sql`${ofMerchant} and status in ('submitted', 'paid', 'returned', 'approved')`)
])
