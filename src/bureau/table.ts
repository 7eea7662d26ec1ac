import { integer, pgTable, pgView, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'
import type { AccountKind, LedgerEvent } from '../ledger/model.js'
import type { MerchantCategory, MerchantStatus } from '../merchants/model.js'
import type { ProductKind } from '../products/model.js'

/** Sums of each merchant, in place of its contracts. Written by hand in the migrations, with its grants. */
export const merchantTotals = pgView('merchant_totals', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  name: text('name').notNull(),
  category: text('category').$type<MerchantCategory>().notNull(),
  district: text('district').notNull(),
  status: text('status').$type<MerchantStatus>().notNull(),
  contracts: integer('contracts').notNull(),
  openContracts: integer('open_contracts').notNull(),
  paidFen: fen('paid_fen').notNull(),
  heldFen: fen('held_fen').notNull(),
  disputedFen: fen('disputed_fen').notNull(),
  pendingFen: fen('pending_fen').notNull(),
  releasedFen: fen('released_fen').notNull(),
  refundedFen: fen('refunded_fen').notNull(),
  payableFen: fen('payable_fen').notNull(),
  inTransitFen: fen('in_transit_fen').notNull(),
  unclaimedFen: fen('unclaimed_fen').notNull(),
  paidOutFen: fen('paid_out_fen').notNull(),
  feeFen: fen('fee_fen').notNull()
}).existing()

/** Sums of each merchant's contracts by their kind. Written by hand in the migrations, with its grants. */
export const contractKindTotals = pgView('contract_kind_totals', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  contractKind: text('contract_kind').$type<ProductKind>().notNull(),
  contracts: integer('contracts').notNull(),
  openContracts: integer('open_contracts').notNull(),
  paidFen: fen('paid_fen').notNull(),
  heldFen: fen('held_fen').notNull(),
  disputedFen: fen('disputed_fen').notNull(),
  pendingFen: fen('pending_fen').notNull(),
  releasedFen: fen('released_fen').notNull(),
  refundedFen: fen('refunded_fen').notNull()
}).existing()

/**
 * Sums of what was moved for a merchant (totals.ts), of the transfers from behind one id up to
 * another. Made of the entries and checked against them. Append-only.
 */
export const movementTotals = pgTable('movement_totals', {
  officeId: officeId(),
  fromId: uuid('from_id').notNull(),
  untilId: uuid('until_id').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  /** empty for what no contract's is */
  contractKind: text('contract_kind').$type<ProductKind | ''>().notNull(),
  kind: text('kind').$type<AccountKind>().notNull(),
  event: text('event').$type<LedgerEvent>().notNull(),
  /** how many entries it is the sum of */
  lines: integer('lines').notNull(),
  /** debits are below zero */
  creditFen: fen('credit_fen').notNull(),
  firstBookedAt: instant('first_booked_at').notNull(),
  lastBookedAt: instant('last_booked_at').notNull(),
  firstOccurredAt: instant('first_occurred_at').notNull(),
  lastOccurredAt: instant('last_occurred_at').notNull()
}, (t) => [
  primaryKey({ name: 'movement_totals_pk', columns: [t.officeId, t.untilId, t.merchantId, t.contractKind, t.kind, t.event] }),
  // Behind one id there is one stretch: two processes cannot sum the same transfers twice.
  unique('movement_totals_once').on(t.officeId, t.merchantId, t.fromId, t.contractKind, t.kind, t.event),
  ...allowAll('movement_totals', ['select'], ['notary', 'bureau', 'worker'], ofOffice),
  ...allowAll('movement_totals', ['insert'], ['worker'], ofOffice)
])
