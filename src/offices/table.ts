import { boolean, date, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant } from '../db/columns.js'
import { allowAll, databaseRoles, everyRow } from '../db/policies.js'

/** The notary offices of this deployment. A reference table: everyone may read it. */
export const offices = pgTable('offices', {
  /** the number that every id of the office carries, and the shard */
  number: integer('number').primaryKey(),
  id: id('id', 'off').notNull().unique('offices_id'),
  name: text('name').notNull(),
  district: text('district').notNull(),
  /** the origin line of the office's evidence log */
  origin: text('origin').notNull(),
  /** the special account (提存专户) deposits are held on */
  accountNumber: text('account_number').notNull(),
  accountName: text('account_name').notNull(),
  bankName: text('bank_name').notNull(),
  createdAt: instant('created_at').notNull()
}, () => [
  ...allowAll('offices', ['select'], databaseRoles, everyRow),
  ...allowAll('offices', ['insert', 'update'], ['worker'], everyRow)
])

/**
 * Dated rules: caps, unfair terms, fee tariffs, deadlines. A rule is data with its source; one past
 * its `validTo` stays in force until a successor is entered. `scope`: a district, an office's id,
 * or `*`.
 */
export const rules = pgTable('rules', {
  name: text('name').notNull(),
  scope: text('scope').notNull(),
  validFrom: date('valid_from', { mode: 'string' }).notNull(),
  validTo: date('valid_to', { mode: 'string' }),
  value: jsonb('value').notNull(),
  source: text('source').notNull(),
  /** confirmed by the notary */
  confirmed: boolean('confirmed').notNull().default(false)
}, (t) => [
  primaryKey({ name: 'rules_pk', columns: [t.name, t.scope, t.validFrom] }),
  ...allowAll('rules', ['select'], databaseRoles, everyRow),
  ...allowAll('rules', ['insert', 'update'], ['worker'], everyRow)
])
