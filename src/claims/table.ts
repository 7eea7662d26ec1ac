import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { contracts } from '../contracts/table.js'
import type { ClaimCause, Debtor } from './model.js'

/** What one party owes the other by a decision, beyond what was frozen. */
export const merchantClaims = pgTable('merchant_claims', {
  officeId: officeId(),
  id: id('id', 'clm').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  debtor: text('debtor').$type<Debtor>().notNull(),
  cause: text('cause').$type<ClaimCause>().notNull(),
  correction: integer('correction').notNull(),
  amountFen: fen('amount_fen').notNull(),
  collectedFen: fen('collected_fen').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'merchant_claims_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'merchant_claims_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  uniqueIndex('merchant_claims_one_per_decision').on(t.officeId, t.disputeId, t.correction, t.cause),
  index('merchant_claims_open').on(t.officeId, t.merchantId).where(sql`${t.debtor} = 'merchant' and ${t.collectedFen} < ${t.amountFen}`),
  check('merchant_claims_amounts', sql`${t.amountFen} > 0 and ${t.collectedFen} between 0 and ${t.amountFen}`),
  ...allowAll('merchant_claims', ['select'], ['consumer'], ofVisibleContract('merchant_claims')),
  ...allowAll('merchant_claims', ['select'], ['merchant'], ofMerchant),
  ...allowAll('merchant_claims', ['select'], ['notary'], ofOffice),
  ...allowAll('merchant_claims', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** What was collected of a claim out of what is payable: the merchant's next settlement is lower by it. */
export const claimCollections = pgTable('claim_collections', {
  officeId: officeId(),
  id: id('id', 'ccl').notNull(),
  claimId: id('claim_id', 'clm').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  amountFen: fen('amount_fen').notNull(),
  refundId: id('refund_id', 'ref').notNull(),
  collectedAt: instant('collected_at').notNull(),
  /** the settlement item that is lower by it */
  itemId: id('item_id', 'sti')
}, (t) => [
  primaryKey({ name: 'claim_collections_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'claim_collections_claim', columns: [t.officeId, t.claimId], foreignColumns: [merchantClaims.officeId, merchantClaims.id] }),
  index('claim_collections_free').on(t.officeId, t.merchantId).where(sql`${t.itemId} is null`),
  index('claim_collections_of_item').on(t.officeId, t.itemId).where(sql`${t.itemId} is not null`),
  check('claim_collections_amount', sql`${t.amountFen} > 0`),
  ...allowAll('claim_collections', ['select'], ['merchant'], ofMerchant),
  ...allowAll('claim_collections', ['select'], ['notary'], ofOffice),
  ...allowAll('claim_collections', ['select', 'insert', 'update'], ['worker'], ofOffice)
])
