import { sql } from 'drizzle-orm'
import { check, date, foreignKey, index, pgTable, pgView, primaryKey, text } from 'drizzle-orm/pg-core'
import { contracts } from '../contracts/table.js'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { HoldAgainst, HoldStatus } from './model.js'

/** Money that a court has ordered the office to keep in place. */
export const legalHolds = pgTable('legal_holds', {
  officeId: officeId(),
  id: id('id', 'lgh').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  /** null: on all that is payable to the merchant */
  contractId: id('contract_id', 'ctr'),
  against: text('against').$type<HoldAgainst>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  court: text('court').notNull(),
  documentNumber: text('document_number').notNull(),
  documentSha256: text('document_sha256'),
  /** the last day of it */
  until: date('until', { mode: 'string' }).notNull(),
  endsAt: instant('ends_at').notNull(),
  renews: id('renews', 'lgh'),
  status: text('status').$type<HoldStatus>().notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  proposedAt: instant('proposed_at').notNull(),
  approvedAt: instant('approved_at'),
  liftDocumentNumber: text('lift_document_number'),
  liftDocumentSha256: text('lift_document_sha256'),
  liftMakerId: id('lift_maker_id', 'per'),
  liftCheckerId: id('lift_checker_id', 'per'),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'legal_holds_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'legal_holds_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  foreignKey({ name: 'legal_holds_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  foreignKey({ name: 'legal_holds_renews', columns: [t.officeId, t.renews], foreignColumns: [t.officeId, t.id] }),
  index('legal_holds_of_merchant').on(t.officeId, t.merchantId).where(sql`${t.status} in ('proposed', 'active', 'lift_proposed')`),
  index('legal_holds_of_contract').on(t.officeId, t.contractId).where(sql`${t.status} in ('proposed', 'active', 'lift_proposed') and ${t.contractId} is not null`),
  check('legal_holds_status', sql`${t.status} in ('proposed', 'active', 'lift_proposed', 'withdrawn', 'lifted', 'renewed', 'lapsed')`),
  check('legal_holds_against', sql`${t.against} = 'merchant' or (${t.against} = 'consumer' and ${t.contractId} is not null)`),
  check('legal_holds_amount', sql`${t.amountFen} > 0`),
  check('legal_holds_two_people', sql`(${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}) and (${t.liftCheckerId} is null or ${t.liftCheckerId} <> ${t.liftMakerId})`),
  check('legal_holds_approved', sql`${t.status} not in ('active', 'lift_proposed', 'lifted', 'renewed') or ${t.checkerId} is not null`),
  check('legal_holds_lifted', sql`${t.status} <> 'lifted' or ${t.liftCheckerId} is not null`),
  ...allowAll('legal_holds', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('legal_holds', ['select', 'update'], ['worker'], ofOffice),
  allow('legal_holds', 'select', ['merchant'], sql`${ofMerchant} and against = 'merchant'`),
  allow('legal_holds', 'select', ['consumer'], sql`against = 'consumer' and ${ofVisibleContract('legal_holds')}`)
])

/** Holds as the bureau counts them: sums and times, nobody who acted. Written by hand in the migrations. */
export const legalHoldSums = pgView('legal_hold_sums', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  against: text('against').$type<HoldAgainst>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  since: instant('since').notNull(),
  until: instant('until').notNull()
}).existing()
