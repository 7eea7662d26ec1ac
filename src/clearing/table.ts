import { sql } from 'drizzle-orm'
import { check, date, foreignKey, pgTable, pgView, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import type { ChannelName } from '../channels/model.js'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'
import type { ReportKind } from './model.js'

/** Daily reports of payment channels, one for a channel and day; importing one again adds only lines that are new. */
export const channelReports = pgTable('channel_reports', {
  officeId: officeId(),
  id: id('id', 'crp').notNull(),
  channel: text('channel').$type<ChannelName>().notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  /** what the channel reports at all */
  kinds: text('kinds').array().$type<ReportKind[]>().notNull(),
  sha256: text('sha256').notNull(),
  importedBy: id('imported_by', 'per').notNull(),
  importedAt: instant('imported_at').notNull()
}, (t) => [
  primaryKey({ name: 'channel_reports_pk', columns: [t.officeId, t.id] }),
  unique('channel_reports_once').on(t.officeId, t.channel, t.day),
  ...allowAll('channel_reports', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('channel_reports', ['select'], ['worker', 'bureau'], ofOffice)
])

/** Lines of these reports, each once by its number. Never updated. */
export const channelReportLines = pgTable('channel_report_lines', {
  officeId: officeId(),
  channel: text('channel').$type<ChannelName>().notNull(),
  kind: text('kind').$type<ReportKind>().notNull(),
  reference: text('reference').notNull(),
  amountFen: fen('amount_fen').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  /** the refund of ours that the reference names */
  refundId: uuid('refund_id')
}, (t) => [
  primaryKey({ name: 'channel_report_lines_pk', columns: [t.officeId, t.channel, t.day, t.kind, t.reference] }),
  unique('channel_report_lines_once').on(t.officeId, t.channel, t.kind, t.reference),
  foreignKey({ name: 'channel_report_lines_report', columns: [t.officeId, t.channel, t.day], foreignColumns: [channelReports.officeId, channelReports.channel, channelReports.day] }),
  check('channel_report_lines_amount', sql`${t.amountFen} <> 0 and (${t.amountFen} > 0 or ${t.kind} = 'settlement')`),
  ...allowAll('channel_report_lines', ['select', 'insert'], ['notary'], ofOffice),
  ...allowAll('channel_report_lines', ['select'], ['worker', 'bureau'], ofOffice)
])

/** What a channel's reports and the books do not have alike, of days there is a report of. Written by hand in the migrations. */
export const unmatchedChannelLines = pgView('unmatched_channel_lines', {
  officeId: officeId(),
  channel: text('channel').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  source: text('source').$type<'report' | 'books'>().notNull(),
  kind: text('kind').$type<ReportKind>().notNull(),
  reference: text('reference').notNull(),
  refundId: uuid('refund_id'),
  amountFen: fen('amount_fen').notNull()
}).existing()
