import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { bytes, id, instant } from '../db/columns.js'
import { allow, allowAll, context, everyRow } from '../db/policies.js'
import type { End } from '../kernel/caller.js'

/** People, by phone. Personal data is sealed; `…Index` is its blind index. A reference table. */
export const people = pgTable('people', {
  id: id('id', 'per').primaryKey(),
  phoneIndex: bytes('phone_index').notNull().unique('people_one_per_phone'),
  phoneSealed: text('phone_sealed').notNull(),
  nameSealed: text('name_sealed'),
  idNumberSealed: text('id_number_sealed'),
  idNumberIndex: bytes('id_number_index'),
  /** ID numbers that were corrected, as a JSON list: caps count them on; sealed */
  formerIdNumbersSealed: text('former_id_numbers_sealed'),
  /** scrypt, with its parameters and salt; staff only */
  passwordHash: text('password_hash'),
  /** set for a one-time password, until the person changes it */
  passwordExpiresAt: instant('password_expires_at'),
  failedSignIns: integer('failed_sign_ins').notNull().default(0),
  lockedUntil: instant('locked_until'),
  createdAt: instant('created_at').notNull(),
  /** set when the account was closed: what is personal here is erased then */
  closedAt: instant('closed_at')
}, () => [
  ...allowAll('people', ['select', 'insert', 'update'], ['identity', 'worker'], everyRow),
  allow('people', 'select', ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator'], sql`id = ${context.person}`)
])

/** Particulars of closed accounts that the law has kept: blocked for everything else, and erased when their time is over. */
export const retainedParticulars = pgTable('retained_particulars', {
  personId: id('person_id', 'per').primaryKey().references(() => people.id),
  /** {phone, legalName, idNumber}; sealed */
  particularsSealed: text('particulars_sealed').notNull(),
  blockedAt: instant('blocked_at').notNull(),
  keptUntil: instant('kept_until').notNull()
}, (t) => [
  index('retained_particulars_until').on(t.keptUntil),
  allow('retained_particulars', 'insert', ['identity'], everyRow),
  ...allowAll('retained_particulars', ['select', 'delete'], ['worker'], everyRow)
])

/** At which ends a person may sign in, and for which office or merchant. */
export const memberships = pgTable('memberships', {
  id: id('id', 'mbr').primaryKey(),
  personId: id('person_id', 'per').notNull().references(() => people.id),
  end: text('end').$type<End>().notNull(),
  /** the office's number */
  office: integer('office'),
  merchantId: id('merchant_id', 'mer'),
  roles: text('roles').array().notNull(),
  /** the name colleagues know the person by; sealed */
  nameSealed: text('name_sealed'),
  /** what the person chooses by when there are several: the merchant's or the office's name */
  placeName: text('place_name').notNull(),
  createdAt: instant('created_at').notNull(),
  endedAt: instant('ended_at')
}, (t) => [
  unique('memberships_one_per_place').on(t.personId, t.end, t.office, t.merchantId).nullsNotDistinct(),
  index('memberships_of_merchant').on(t.office, t.merchantId),
  // System, security and audit administrators are three people, none of an office.
  check('memberships_one_duty', sql`${t.end} <> 'administrator' or (${t.office} is null and ${t.merchantId} is null and cardinality(${t.roles}) > 0 and (${t.roles} <@ array['system'] or ${t.roles} <@ array['security'] or ${t.roles} <@ array['audit']))`),
  ...allowAll('memberships', ['select', 'insert', 'update'], ['identity', 'worker'], everyRow),
  allow('memberships', 'select', ['consumer', 'bureau', 'adjudicator'], sql`person_id = ${context.person}`),
  allow('memberships', 'select', ['merchant'], sql`person_id = ${context.person} or (office = ${context.office} and merchant_id = ${context.merchant})`),
  allow('memberships', 'select', ['notary', 'operator'], sql`person_id = ${context.person} or office = ${context.office}`),
  allow('memberships', 'select', ['administrator'], sql`"end" not in ('consumer', 'merchant')`)
])

/** A person's own second factor: an authenticator application (TOTP, RFC 6238), which takes the place of the SMS code. */
export const secondFactors = pgTable('second_factors', {
  personId: id('person_id', 'per').primaryKey().references(() => people.id),
  /** the shared secret, base32; sealed */
  secretSealed: text('secret_sealed').notNull(),
  createdAt: instant('created_at').notNull(),
  /** set by the first right code; until then nothing is asked by it */
  confirmedAt: instant('confirmed_at'),
  /** the time step of the last code that was taken: no earlier one is taken any more, nor it again */
  lastStep: bigint('last_step', { mode: 'number' }).notNull(),
  wrongCodes: integer('wrong_codes').notNull().default(0),
  lockedUntil: instant('locked_until'),
  /** keyed hashes of recovery codes that are unused, base64url */
  recoveryHashes: text('recovery_hashes').array().notNull()
}, () => [
  ...allowAll('second_factors', ['select', 'insert', 'update', 'delete'], ['identity', 'worker'], everyRow)
])

/** Sign-ins, and attempts that failed after a right code: what the person and the security administrator look at. */
export const signIns = pgTable('sign_ins', {
  id: id('id', 'sgn').primaryKey(),
  personId: id('person_id', 'per').notNull().references(() => people.id),
  end: text('end').$type<End>().notNull(),
  office: integer('office'),
  outcome: text('outcome').$type<'signed_in' | 'wrong_password' | 'wrong_second_factor' | 'locked'>().notNull(),
  /** how it differs from what is usual for the person */
  unusual: text('unusual').array().notNull(),
  address: text('address').notNull(),
  device: text('device').notNull(),
  at: instant('at').notNull()
}, (t) => [
  index('sign_ins_of_person').on(t.personId, t.id),
  ...allowAll('sign_ins', ['select', 'insert', 'delete'], ['identity'], everyRow),
  allow('sign_ins', 'select', ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator'], sql`person_id = ${context.person}`),
  allow('sign_ins', 'select', ['administrator'], sql`person_id = ${context.person} or "end" not in ('consumer', 'merchant')`)
])

/** SMS codes under way. */
export const challenges = pgTable('challenges', {
  id: id('id', 'chl').primaryKey(),
  purpose: text('purpose').$type<'login' | 'sign_contract' | 'step_up'>().notNull(),
  phoneIndex: bytes('phone_index').notNull(),
  /** a first sign-in makes the person of it; emptied with the challenge's use */
  phoneSealed: text('phone_sealed').notNull(),
  /** set for sign_contract: who signs what; for step_up: who */
  personId: id('person_id', 'per'),
  contractId: id('contract_id', 'ctr'),
  documentSha256: text('document_sha256'),
  codeHash: bytes('code_hash').notNull(),
  wrongCodes: integer('wrong_codes').notNull().default(0),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at')
}, (t) => [
  index('challenges_by_phone').on(t.phoneIndex, t.createdAt),
  ...allowAll('challenges', ['select', 'insert', 'update', 'delete'], ['identity', 'worker'], everyRow)
])

/** Signed-in sessions: the family of refresh tokens that come one from another. */
export const sessions = pgTable('sessions', {
  id: id('id', 'ses').primaryKey(),
  personId: id('person_id', 'per').notNull().references(() => people.id),
  end: text('end').$type<End>().notNull(),
  office: integer('office'),
  merchantId: id('merchant_id', 'mer'),
  roles: text('roles').array().notNull(),
  /** SHA-256 of the one refresh token that is good now */
  refreshHash: bytes('refresh_hash').notNull(),
  address: text('address').notNull(),
  createdAt: instant('created_at').notNull(),
  refreshedAt: instant('refreshed_at').notNull(),
  /** when the person last proved to hold the second factor */
  provenAt: instant('proven_at'),
  expiresAt: instant('expires_at').notNull(),
  revokedAt: instant('revoked_at'),
  revokedBecause: text('revoked_because')
}, (t) => [
  index('sessions_of_person').on(t.personId),
  index('sessions_revoked').on(t.revokedAt).where(sql`${t.revokedAt} is not null`),
  ...allowAll('sessions', ['select', 'insert', 'update'], ['identity', 'worker'], everyRow)
])
