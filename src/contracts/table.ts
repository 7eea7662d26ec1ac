import { sql } from 'drizzle-orm'
import { bigint, boolean, check, date, foreignKey, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytes, fen, id, ids, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofConsumer, ofFormerHolder, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { OfferWire, ProductKind, ReleaseRule } from '../products/model.js'
import type { ContractStatus, FreezeReason } from './model.js'

/**
 * A contract and its money. A redemption updates this one row and no other account, so it is
 * narrow, and its indexes hold nothing that a redemption changes (heap-only updates).
 *
 * The balances are the ledger's accounts held, disputed and pending of this contract; the identity
 * of its money is a constraint.
 */
export const contracts = pgTable('contracts', {
  officeId: officeId(),
  id: id('id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  consumerId: id('consumer_id', 'per').notNull(),
  productId: id('product_id', 'prd').notNull(),
  productVersion: integer('product_version').notNull(),
  kind: text('kind').$type<ProductKind>().notNull(),
  status: text('status').$type<ContractStatus>().notNull(),
  frozen: text('frozen').$type<FreezeReason>(),
  release: text('release').$type<ReleaseRule>().notNull(),
  objectionHours: integer('objection_hours').notNull(),
  /** null: every venue of the merchant */
  venueIds: ids('venue_ids', 'ven'),
  priceFen: fen('price_fen').notNull(),
  /** n: sessions with gifts, face value in fen with gifts, or days of the term */
  units: bigint('units', { mode: 'bigint' }).notNull(),
  /** u: units used and not voided */
  unitsUsed: bigint('units_used', { mode: 'bigint' }).notNull().default(sql`0`),
  /** alloc: what releases not voided amount to */
  allocFen: fen('alloc_fen').notNull().default(sql`0`),
  /** X: taken out of held other than by units */
  takenFen: fen('taken_fen').notNull().default(sql`0`),
  paidFen: fen('paid_fen').notNull().default(sql`0`),
  heldFen: fen('held_fen').notNull().default(sql`0`),
  disputedFen: fen('disputed_fen').notNull().default(sql`0`),
  pendingFen: fen('pending_fen').notNull().default(sql`0`),
  releasedFen: fen('released_fen').notNull().default(sql`0`),
  refundedFen: fen('refunded_fen').notNull().default(sql`0`),
  /** of refunded: confirmed paid */
  refundPaidFen: fen('refund_paid_fen').notNull().default(sql`0`),
  /** of pending: under an objection */
  objectedFen: fen('objected_fen').notNull().default(sql`0`),
  /** the dispute that is open */
  disputeId: id('dispute_id', 'dsp'),
  version: integer('version').notNull().default(0),
  createdAt: instant('created_at').notNull(),
  signedAt: instant('signed_at'),
  paidAt: instant('paid_at'),
  depositedAt: instant('deposited_at'),
  coolingOffUntil: instant('cooling_off_until'),
  expiresAt: instant('expires_at'),
  /** periods: the first day of the term */
  termStart: date('term_start', { mode: 'string' }),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'contracts_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'contracts_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  index('contracts_of_consumer').on(t.consumerId, t.officeId, t.id),
  index('contracts_of_merchant').on(t.merchantId, t.id),
  check('contracts_money_adds_up', sql`${t.paidFen} = ${t.heldFen} + ${t.disputedFen} + ${t.pendingFen} + ${t.releasedFen} + ${t.refundedFen}`),
  check('contracts_money_not_below_zero', sql`${t.heldFen} >= 0 and ${t.disputedFen} >= 0 and ${t.pendingFen} >= 0 and ${t.releasedFen} >= 0 and ${t.refundedFen} >= 0 and ${t.paidFen} >= 0`),
  check('contracts_parts_within', sql`${t.refundPaidFen} between 0 and ${t.refundedFen} and ${t.objectedFen} between 0 and ${t.pendingFen}`),
  check('contracts_price_is_accounted_for', sql`${t.status} not in ('active', 'completed', 'expired') or ${t.frozen} is not null or ${t.allocFen} + ${t.takenFen} + ${t.heldFen} = ${t.priceFen}`),
  check('contracts_units_within', sql`${t.unitsUsed} between 0 and ${t.units}`),
  check('contracts_status', sql`${t.status} in ('awaiting_signature', 'awaiting_payment', 'active', 'completed', 'terminated', 'expired', 'cancelled')`),
  allow('contracts', 'select', ['consumer'], ofConsumer),
  allow('contracts', 'insert', ['consumer'], sql`${ofConsumer} and ${ofOffice}`),
  allow('contracts', 'update', ['consumer'], sql`${ofConsumer} and ${ofOffice}`),
  ...allowAll('contracts', ['select', 'update'], ['merchant'], ofMerchant),
  ...allowAll('contracts', ['select', 'update'], ['notary', 'redeemer'], ofOffice),
  ...allowAll('contracts', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** What a contract says: written once at purchase and once at signing, read seldom. */
export const contractTerms = pgTable('contract_terms', {
  officeId: officeId(),
  contractId: id('contract_id', 'ctr').notNull(),
  /** the offer as it was at purchase: price, list price and its proof, terms */
  offer: jsonb('offer').$type<OfferWire>().notNull(),
  merchantName: text('merchant_name').notNull(),
  /** of the buyer's ID number: caps are per person and merchant */
  idNumberIndex: bytes('id_number_index').notNull(),
  /** {legalName, idNumber}; sealed */
  beneficiarySealed: text('beneficiary_sealed'),
  /** the telling of the deposit's legal meaning; of a contract of the first template its whole text, which was signed as such; sealed */
  documentSealed: text('document_sealed').notNull(),
  documentSha256: text('document_sha256').notNull(),
  /** the consumer's separate choice */
  acceptArbitration: boolean('accept_arbitration'),
  /** how it was signed; the salt opens the commitment to the address in the evidence */
  signature: jsonb('signature').$type<{ challengeId: string; signedAt: string; address: string; addressSalt?: string; phoneMasked: string }>()
}, (t) => [
  primaryKey({ name: 'contract_terms_pk', columns: [t.officeId, t.contractId] }),
  foreignKey({ name: 'contract_terms_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('contract_terms_by_id_number').on(t.officeId, t.idNumberIndex),
  ...allowAll('contract_terms', ['select'], ['consumer', 'merchant'], ofVisibleContract('contract_terms')),
  allow('contract_terms', 'select', ['consumer'], ofFormerHolder('contract_terms'), 'former'),
  ...allowAll('contract_terms', ['insert', 'update'], ['consumer'], ofVisibleContract('contract_terms')),
  ...allowAll('contract_terms', ['select'], ['notary'], ofOffice),
  ...allowAll('contract_terms', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/**
 * A guardian's consent, apart from the contract's signature, to the keeping of a child's particulars
 * (Personal Information Protection Law Art 29 and 31): given with the signature of a document that
 * says so. Append-only.
 */
export const guardianConsents = pgTable('guardian_consents', {
  officeId: officeId(),
  contractId: id('contract_id', 'ctr').notNull(),
  guardianId: id('guardian_id', 'per').notNull(),
  /** of the consent's text */
  textSha256: text('text_sha256').notNull(),
  givenAt: instant('given_at').notNull()
}, (t) => [
  primaryKey({ name: 'guardian_consents_pk', columns: [t.officeId, t.contractId] }),
  foreignKey({ name: 'guardian_consents_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  allow('guardian_consents', 'select', ['consumer'], sql`guardian_id = ${context.person}`),
  allow('guardian_consents', 'insert', ['consumer'], sql`guardian_id = ${context.person} and ${ofOffice}`),
  ...allowAll('guardian_consents', ['select'], ['notary', 'worker'], ofOffice)
])

/** The row that purchases of one person at one merchant lock, so that two cannot pass the cap together. */
export const capHolders = pgTable('cap_holders', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  idNumberIndex: bytes('id_number_index').notNull()
}, (t) => [
  primaryKey({ name: 'cap_holders_pk', columns: [t.officeId, t.merchantId, t.idNumberIndex] }),
  ...allowAll('cap_holders', ['select', 'insert', 'update'], ['consumer', 'worker'], ofOffice)
])
