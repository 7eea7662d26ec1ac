import { sql } from 'drizzle-orm'
import { bigint, boolean, check, date, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { AlertActor, AlertEvent, AlertOutcome, AlertState, Indicator, Level } from './model.js'

/*
 * What a figure counts is read through the views `warning_check_ins`, `warning_sales`,
 * `warning_refunds`, `warning_disputes`, `warning_payout_returns`, `warning_contracts` and
 * `warning_movements`, which the migrations write: the same rows for the job that counts them and
 * for whoever traces a figure, without people but for pseudonyms.
 */

/** The days whose figures are made: one row a day, which is how two processes agree on who makes them. Append-only. */
export const warningDays = pgTable('warning_days', {
  officeId: officeId(),
  day: date('day', { mode: 'string' }).notNull(),
  madeAt: instant('made_at').notNull()
}, (t) => [
  primaryKey({ name: 'warning_days_pk', columns: [t.officeId, t.day] }),
  ...allowAll('warning_days', ['select'], ['bureau', 'notary', 'merchant'], ofOffice),
  ...allowAll('warning_days', ['select', 'insert'], ['worker'], ofOffice)
])

/** One indicator of one merchant on one day, with the source figures it was made of and the setting it was judged by. Append-only. */
export const indicatorValues = pgTable('indicator_values', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  indicator: text('indicator').$type<Indicator>().notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  value: bigint('value', { mode: 'bigint' }),
  level: text('level').$type<Level>().notNull(),
  alertDays: integer('alert_days').notNull(),
  calmDays: integer('calm_days').notNull(),
  figures: jsonb('figures').$type<Record<string, number>>().notNull(),
  about: jsonb('about').$type<Record<string, string>>().notNull(),
  watchLine: bigint('watch_line', { mode: 'bigint' }),
  alertLine: bigint('alert_line', { mode: 'bigint' }),
  ruleFrom: date('rule_from', { mode: 'string' }).notNull(),
  ruleScope: text('rule_scope').notNull(),
  windowDays: integer('window_days').notNull()
}, (t) => [
  primaryKey({ name: 'indicator_values_pk', columns: [t.officeId, t.merchantId, t.indicator, t.day] }),
  foreignKey({ name: 'indicator_values_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  index('indicator_values_of_day').on(t.officeId, t.day, t.indicator, t.level),
  check('indicator_values_level', sql`${t.level} in ('too_few', 'normal', 'watch', 'alert') and (${t.value} is null) = (${t.level} = 'too_few')`),
  check('indicator_values_days', sql`(${t.alertDays} > 0) = (${t.level} = 'alert') and (${t.alertDays} = 0 or ${t.calmDays} = 0)`),
  ...allowAll('indicator_values', ['select'], ['bureau', 'notary'], ofOffice),
  allow('indicator_values', 'select', ['merchant'], ofMerchant),
  ...allowAll('indicator_values', ['select', 'insert'], ['worker'], ofOffice)
])

/** What a merchant's figures gave rise to, in the state it is in; one open at a time for each indicator. */
export const alerts = pgTable('alerts', {
  officeId: officeId(),
  id: id('id', 'alr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  indicator: text('indicator').$type<Indicator>().notNull(),
  state: text('state').$type<AlertState>().notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  openedAt: instant('opened_at').notNull(),
  isFirstMinor: boolean('is_first_minor').notNull(),
  answerBy: instant('answer_by').notNull(),
  changedAt: instant('changed_at').notNull(),
  dueAt: instant('due_at'),
  closedAt: instant('closed_at'),
  outcome: text('outcome').$type<AlertOutcome>()
}, (t) => [
  primaryKey({ name: 'alerts_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'alerts_reading', columns: [t.officeId, t.merchantId, t.indicator, t.day], foreignColumns: [indicatorValues.officeId, indicatorValues.merchantId, indicatorValues.indicator, indicatorValues.day] }),
  uniqueIndex('alerts_one_open').on(t.officeId, t.merchantId, t.indicator).where(sql`${t.closedAt} is null`),
  index('alerts_of_merchant').on(t.officeId, t.merchantId, t.id),
  index('alerts_due').on(t.officeId, t.dueAt).where(sql`${t.dueAt} is not null`),
  check('alerts_state', sql`${t.state} in ('open', 'explained', 'rectified', 'escalated')`),
  check('alerts_closed_with_outcome', sql`(${t.closedAt} is null) = (${t.outcome} is null) and (${t.closedAt} is null or ${t.dueAt} is null)`),
  ...allowAll('alerts', ['select'], ['bureau', 'notary'], ofOffice),
  allow('alerts', 'select', ['merchant'], ofMerchant),
  ...allowAll('alerts', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** All that happened to an alert, with what was said. Append-only. */
export const alertMoves = pgTable('alert_moves', {
  officeId: officeId(),
  id: id('id', 'alm').notNull(),
  alertId: id('alert_id', 'alr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  event: text('event').$type<AlertEvent>().notNull(),
  from: text('from').$type<AlertState>(),
  to: text('to').$type<AlertState>().notNull(),
  outcome: text('outcome').$type<AlertOutcome>(),
  by: text('by').$type<AlertActor>().notNull(),
  personId: id('person_id', 'per'),
  at: instant('at').notNull(),
  text: text('text'),
  day: date('day', { mode: 'string' }),
  value: bigint('value', { mode: 'bigint' })
}, (t) => [
  primaryKey({ name: 'alert_moves_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'alert_moves_alert', columns: [t.officeId, t.alertId], foreignColumns: [alerts.officeId, alerts.id] }),
  index('alert_moves_of_alert').on(t.officeId, t.alertId, t.id),
  check('alert_moves_by', sql`${t.by} in ('service', 'merchant', 'bureau') and (${t.by} = 'service') = (${t.personId} is null)`),
  ...allowAll('alert_moves', ['select'], ['bureau', 'notary'], ofOffice),
  allow('alert_moves', 'select', ['merchant'], ofMerchant),
  ...allowAll('alert_moves', ['select', 'insert'], ['worker'], ofOffice)
])
