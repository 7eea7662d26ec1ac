import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, pgView, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { UnclaimedKind, UnclaimedStatus } from './model.js'

/** Money that nobody claimed, in the hands of two notaries; its amount is that of the account `unclaimed:<id>` while it is set aside. */
export const unclaimedItems = pgTable('unclaimed_items', {
  officeId: officeId(),
  id: id('id', 'unc').notNull(),
  kind: text('kind').$type<UnclaimedKind>().notNull(),
  /** held: the contract; refund: the refund; payable: the merchant */
  subject: uuid('subject').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  amountFen: fen('amount_fen').notNull(),
  status: text('status').$type<UnclaimedStatus>().notNull(),
  reason: text('reason').notNull(),
  refundId: id('refund_id', 'ref'),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  createdAt: instant('created_at').notNull(),
  decidedAt: instant('decided_at'),
  grounds: text('grounds'),
  /** where a claimed refund is paid to; sealed */
  accountSealed: text('account_sealed'),
  claimMakerId: id('claim_maker_id', 'per'),
  claimCheckerId: id('claim_checker_id', 'per'),
  claimedAt: instant('claimed_at')
}, (t) => [
  primaryKey({ name: 'unclaimed_items_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'unclaimed_items_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  uniqueIndex('unclaimed_items_one_open_per_subject').on(t.officeId, t.subject).where(sql`${t.status} = 'proposed'`),
  index('unclaimed_items_by_status').on(t.officeId, t.status, t.id),
  check('unclaimed_items_status', sql`${t.status} in ('proposed', 'cancelled', 'refunded', 'set_aside', 'claim_proposed', 'claimed')`),
  check('unclaimed_items_amount', sql`${t.amountFen} > 0`),
  check('unclaimed_items_two_people', sql`${t.checkerId} is distinct from ${t.makerId} and (${t.claimCheckerId} is null or ${t.claimCheckerId} <> ${t.claimMakerId})`),
  ...allowAll('unclaimed_items', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('unclaimed_items', ['select'], ['worker'], ofOffice)
])

/** Money of deposits by the age of these, one row for each contract or refund; no people. The migration writes the view. */
export const unclaimedCandidates = pgView('unclaimed_candidates', {
  officeId: officeId(),
  kind: text('kind').$type<UnclaimedKind>().notNull(),
  subject: uuid('subject').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  amountFen: fen('amount_fen').notNull(),
  lapsesAt: instant('lapses_at').notNull()
}).existing()

/** What is set aside, in sums: for the bureau, which sees no item. The migration writes the view. */
export const unclaimedSums = pgView('unclaimed_sums', {
  officeId: officeId(),
  amountFen: fen('amount_fen').notNull()
}).existing()
