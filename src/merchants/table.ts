import { sql } from 'drizzle-orm'
import { check, date, foreignKey, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofMerchant, ofOffice } from '../db/policies.js'
import type { AccountChangeStatus, MerchantCategory, MerchantStatus } from './model.js'

const publicStatuses = sql`status in ('active', 'suspended', 'closing', 'closed')`

export const merchants = pgTable('merchants', {
  officeId: officeId(),
  id: id('id', 'mer').notNull(),
  name: text('name').notNull(),
  /** unified social credit code, GB 32100; public in the company register */
  creditCode: text('credit_code').notNull(),
  category: text('category').$type<MerchantCategory>().notNull(),
  district: text('district').notNull(),
  status: text('status').$type<MerchantStatus>().notNull(),
  /** why it was rejected or suspended */
  reason: text('reason'),
  appliedBy: id('applied_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  reviewedBy: id('reviewed_by', 'per'),
  reviewedAt: instant('reviewed_at'),
  /** when it was accepted: since then consumers' money is in custody */
  approvedAt: instant('approved_at')
}, (t) => [
  primaryKey({ name: 'merchants_pk', columns: [t.officeId, t.id] }),
  // A rejected applicant may apply again, and so may one that has closed.
  uniqueIndex('merchants_one_per_credit_code').on(t.officeId, t.creditCode).where(sql`${t.status} not in ('rejected', 'closed')`),
  check('merchants_status', sql`${t.status} in ('in_review', 'active', 'rejected', 'suspended', 'closing', 'closed')`),
  ...allowAll('merchants', ['select'], ['notary', 'operator', 'bureau', 'worker', 'redeemer'], ofOffice),
  allow('merchants', 'insert', ['worker'], ofOffice),
  // Whoever applies does so in their own name, and has nothing decided by it.
  allow('merchants', 'insert', ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], sql`${ofOffice} and applied_by = ${context.person} and status = 'in_review'`),
  ...allowAll('merchants', ['update'], ['notary', 'worker'], ofOffice),
  allow('merchants', 'select', ['merchant'], sql`(office_id = ${context.office} and id = ${context.merchant}) or applied_by = ${context.person}`),
  allow('merchants', 'select', ['consumer', 'adjudicator'], sql`${publicStatuses} or applied_by = ${context.person}`),
  allow('merchants', 'select', ['anyone'], publicStatuses)
])

/** Where settlements are paid to; sealed. */
export const settlementAccounts = pgTable('settlement_accounts', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  bankName: text('bank_name').notNull(),
  accountNameSealed: text('account_name_sealed').notNull(),
  accountNumberSealed: text('account_number_sealed').notNull(),
  /** the branch's number; public */
  cnapsCode: text('cnaps_code'),
  /** the owner as named in the application */
  ownerPhoneSealed: text('owner_phone_sealed').notNull(),
  ownerPhoneIndex: bytes('owner_phone_index').notNull(),
  updatedAt: instant('updated_at').notNull()
}, (t) => [
  primaryKey({ name: 'settlement_accounts_pk', columns: [t.officeId, t.merchantId] }),
  foreignKey({ name: 'settlement_accounts_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  ...allowAll('settlement_accounts', ['select'], ['notary', 'operator', 'worker'], ofOffice),
  ...allowAll('settlement_accounts', ['insert'], ['operator', 'worker', 'notary', 'consumer', 'merchant', 'adjudicator'], ofOffice),
  allow('settlement_accounts', 'update', ['worker'], ofOffice),
  allow('settlement_accounts', 'select', ['merchant'], ofMerchant)
])

export const venues = pgTable('venues', {
  officeId: officeId(),
  id: id('id', 'ven').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  name: text('name').notNull(),
  address: text('address').notNull(),
  leaseUntil: date('lease_until', { mode: 'string' }).notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'venues_pk', columns: [t.officeId, t.id] }),
  // Of the hash, because a name may be longer than an index holds.
  uniqueIndex('venues_one_per_name').on(t.officeId, t.merchantId, sql`md5(${t.name})`),
  foreignKey({ name: 'venues_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  // The lease end is public (Shanghai rules of 2025).
  allow('venues', 'select', ['anyone', 'consumer', 'bureau', 'operator', 'notary', 'worker', 'redeemer', 'merchant', 'adjudicator'], ofOffice),
  ...allowAll('venues', ['insert', 'update'], ['merchant'], ofMerchant),
  ...allowAll('venues', ['insert', 'update'], ['worker'], ofOffice)
])

/** Changes of settlement accounts that were asked for, one open a merchant. */
export const settlementAccountChanges = pgTable('settlement_account_changes', {
  officeId: officeId(),
  id: id('id', 'sac').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  status: text('status').$type<AccountChangeStatus>().notNull(),
  accountSealed: text('account_sealed').notNull(),
  requestedBy: id('requested_by', 'per').notNull(),
  requestedAt: instant('requested_at').notNull(),
  firstNotaryId: id('first_notary_id', 'per'),
  secondNotaryId: id('second_notary_id', 'per'),
  effectiveAt: instant('effective_at'),
  endedAt: instant('ended_at'),
  reason: text('reason')
}, (t) => [
  primaryKey({ name: 'settlement_account_changes_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'settlement_account_changes_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  uniqueIndex('settlement_account_changes_one_open').on(t.officeId, t.merchantId).where(sql`${t.status} in ('requested', 'checked', 'approved')`),
  check('settlement_account_changes_status', sql`${t.status} in ('requested', 'checked', 'approved', 'effective', 'ended')`),
  check('settlement_account_changes_two_notaries', sql`${t.secondNotaryId} is null or ${t.secondNotaryId} <> ${t.firstNotaryId}`),
  ...allowAll('settlement_account_changes', ['select', 'update'], ['notary', 'worker'], ofOffice),
  ...allowAll('settlement_account_changes', ['select', 'insert', 'update'], ['merchant'], ofMerchant)
])
