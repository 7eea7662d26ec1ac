import { sql } from 'drizzle-orm'
import { bigint, check, date, foreignKey, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofConsumer, ofFormerHolder, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import type { ReleaseKind, ReleaseState } from './model.js'

/**
 * Units of a contract released to the merchant: by a check-in (a redemption), or by time. One row
 * is the redemption as well as its release, so that the hot path writes one.
 */
export const releases = pgTable('releases', {
  officeId: officeId(),
  id: id('id', 'red').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  kind: text('kind').$type<ReleaseKind>().notNull(),
  state: text('state').$type<ReleaseState>().notNull(),
  units: bigint('units', { mode: 'bigint' }).notNull(),
  amountFen: fen('amount_fen').notNull(),
  /** sessions or face value left after it; null for a term card */
  unitsLeft: bigint('units_left', { mode: 'bigint' }),
  /** Asia/Shanghai day of the visit, or the last day released by time */
  date: date('date', { mode: 'string' }).notNull(),
  createdAt: instant('created_at').notNull(),
  /** when pending becomes payable */
  dueAt: instant('due_at').notNull(),
  venueId: id('venue_id', 'ven'),
  cashierId: id('cashier_id', 'per'),
  codeHash: bytes('code_hash'),
  voidReason: text('void_reason'),
  /** the settlement item that reserved or paid it */
  itemId: uuid('item_id')
}, (t) => [
  primaryKey({ name: 'releases_pk', columns: [t.officeId, t.id] }),
  // No foreign key to contracts: whoever inserts a row holds the contract's lock, and the look-up
  // would cost a tenth of a redemption.
  index('releases_of_contract').on(t.officeId, t.contractId, t.id),
  index('releases_window').on(t.officeId, t.dueAt).where(sql`${t.state} = 'pending'`),
  index('releases_payable').on(t.officeId, t.merchantId).where(sql`${t.state} = 'payable' and ${t.itemId} is null`),
  index('releases_excused').on(t.officeId, t.contractId).where(sql`${t.kind} = 'time' and ${t.state} = 'voided'`),
  index('releases_of_item').on(t.officeId, t.itemId).where(sql`${t.itemId} is not null`),
  check('releases_state', sql`${t.state} in ('pending', 'objected', 'disputed', 'payable', 'refunded', 'voided', 'recorded')`),
  check('releases_amount', sql`${t.amountFen} >= 0 and ${t.units} >= 0`),
  ...allowAll('releases', ['select'], ['consumer'], ofVisibleContract('releases')),
  allow('releases', 'select', ['consumer'], ofFormerHolder('releases', 'created_at'), 'former'),
  allow('releases', 'update', ['consumer'], ofVisibleContract('releases')),
  ...allowAll('releases', ['select', 'update'], ['merchant'], ofMerchant),
  ...allowAll('releases', ['select', 'update'], ['notary'], ofOffice),
  ...allowAll('releases', ['select', 'insert'], ['redeemer'], ofOffice),
  ...allowAll('releases', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** Codes that consumers show at the door. Used ones are kept until they could no longer be shown. */
export const checkInCodes = pgTable('check_in_codes', {
  officeId: officeId(),
  /** SHA-256 of the long code */
  codeHash: bytes('code_hash').notNull(),
  /** works only at the merchant */
  shortCode: text('short_code').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  consumerId: id('consumer_id', 'per').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at')
}, (t) => [
  primaryKey({ name: 'check_in_codes_pk', columns: [t.officeId, t.codeHash] }),
  index('check_in_codes_short').on(t.officeId, t.shortCode),
  index('check_in_codes_expiry').on(t.officeId, t.expiresAt),
  allow('check_in_codes', 'insert', ['consumer'], sql`${ofConsumer} and ${ofOffice}`),
  ...allowAll('check_in_codes', ['select', 'update'], ['redeemer'], ofOffice),
  ...allowAll('check_in_codes', ['select', 'insert', 'delete'], ['worker'], ofOffice)
])

/** Wrong short codes a merchant's end tried, in the running minute. */
export const wrongShortCodes = pgTable('wrong_short_codes', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  since: instant('since').notNull(),
  count: integer('count').notNull()
}, (t) => [
  primaryKey({ name: 'wrong_short_codes_pk', columns: [t.officeId, t.merchantId] }),
  ...allowAll('wrong_short_codes', ['select', 'insert', 'update'], ['redeemer', 'merchant'], ofOffice)
])

/** A consumer's objections to releases while they are pending. */
export const objections = pgTable('objections', {
  officeId: officeId(),
  releaseId: id('release_id', 'red').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  reason: text('reason').notNull(),
  madeAt: instant('made_at').notNull(),
  /** what was left of the release's window when it stopped */
  windowLeftMs: bigint('window_left_ms', { mode: 'number' }).notNull(),
  /** when it becomes a dispute */
  answerBy: instant('answer_by').notNull(),
  endedAt: instant('ended_at'),
  outcome: text('outcome').$type<'withdrawn' | 'voided' | 'disputed'>()
}, (t) => [
  primaryKey({ name: 'objections_pk', columns: [t.officeId, t.releaseId] }),
  foreignKey({ name: 'objections_release', columns: [t.officeId, t.releaseId], foreignColumns: [releases.officeId, releases.id] }),
  ...allowAll('objections', ['select', 'insert', 'update'], ['consumer'], ofVisibleContract('objections')),
  allow('objections', 'select', ['consumer'], ofFormerHolder('objections', 'made_at'), 'former'),
  ...allowAll('objections', ['select', 'update'], ['merchant'], ofMerchant),
  ...allowAll('objections', ['select'], ['notary'], ofOffice),
  ...allowAll('objections', ['select', 'update'], ['worker'], ofOffice)
])
