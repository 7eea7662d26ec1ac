import { integer, pgView, text } from 'drizzle-orm/pg-core'
import { fen, id, officeId } from '../db/columns.js'
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
