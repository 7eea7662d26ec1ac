import { and, asc, eq, sql } from 'drizzle-orm'
import type { ChannelName } from '../channels/model.js'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, isId, uuidOf } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { ReportKind, ReportLine, ReportRecord, Sums, UnmatchedReportLine } from './model.js'
import { channelReportLines as lines, channelReports as reports, unmatchedChannelLines as unmatched } from './table.js'

const columns = {
  id: reports.id, channel: reports.channel, day: reports.day, kinds: reports.kinds, sha256: reports.sha256, importedBy: reports.importedBy, importedAt: reports.importedAt
}

/** Keeps a report, once for its channel and day, and locks it against another import. @returns the one kept */
export const keepReport = async ({ db, office }: Tx, { kinds, sha256, ...record }: ReportRecord): Promise<ReportRecord> => {
  const set = { kinds: [...kinds], sha256 }
  const [kept] = await db.insert(reports).values({ ...record, ...set, officeId: office })
    .onConflictDoUpdate({ target: [reports.officeId, reports.channel, reports.day], set }).returning(columns)
  return kept ?? { kinds, sha256, ...record }
}

export const findReport = async ({ db, office }: Tx, channel: ChannelName, day: string): Promise<ReportRecord | undefined> =>
  (await db.select(columns).from(reports).where(and(eq(reports.officeId, office), eq(reports.channel, channel), eq(reports.day, day))))[0]

export const listReportsOn = ({ db, office }: Tx, day: string): Promise<ReportRecord[]> =>
  db.select(columns).from(reports).where(and(eq(reports.officeId, office), eq(reports.day, day))).orderBy(asc(reports.channel))

const insertStatement = officeStatement((office, place) => `
insert into channel_report_lines (office_id, channel, kind, reference, amount_fen, day, refund_id)
select ${office}, $2, l.* from ${place}unnest($3::text[], $4::text[], $5::bigint[], $6::date[], $7::uuid[]) as l
on conflict (office_id, channel, kind, reference) do nothing`)

/** Keeps lines of a report; one whose number is there already stays as it is. @returns the number of one that is there with another amount or day */
export const insertLines = async ({ client, office }: Tx, channel: ChannelName, batch: readonly ReportLine[]): Promise<string | undefined> => {
  if (batch.length === 0) return undefined
  const values = [
    office, channel, batch.map(({ kind }) => kind), batch.map(({ reference }) => reference), batch.map(({ amountFen }) => amountFen), batch.map(({ day }) => day),
    batch.map(({ kind, reference }) => (kind === 'refund' && isId('ref', reference) ? uuidOf(reference) : null))
  ]
  await client.query({ name: 'insert_channel_report_lines', ...insertStatement, values })
  const { rows: [other] } = await client.query<{ reference: string }>({
    name: 'find_contradicted_report_line',
    text: `
      select n.reference from unnest($3::text[], $4::text[], $5::bigint[], $6::date[]) as n(kind, reference, amount_fen, day)
      join channel_report_lines l on l.office_id = $1 and l.channel = $2 and l.kind = n.kind and l.reference = n.reference
      where l.amount_fen <> n.amount_fen or l.day <> n.day limit 1`,
    values: values.slice(0, 6)
  })
  return other?.reference
}

/** What a day's report adds up to, by kind, and how many lines it has. */
export const sumReport = async ({ db, office }: Tx, channel: ChannelName, day: string): Promise<{ lines: number; sums: Sums }> => {
  const rows = await db.select({ kind: lines.kind, count: sql<number>`count(*)::int`, fen: sql<Fen>`sum(${lines.amountFen})::bigint` }).from(lines)
    .where(and(eq(lines.officeId, office), eq(lines.channel, channel), eq(lines.day, day))).groupBy(lines.kind)
  return { lines: rows.reduce((total, { count }) => total + count, 0), sums: Object.fromEntries(rows.map(({ kind, fen }) => [kind, fen])) as Partial<Record<ReportKind, Fen>> }
}

const ofDay = (office: number, channel: ChannelName, day: string) => and(eq(unmatched.officeId, office), eq(unmatched.channel, channel), eq(unmatched.day, day))

export const listUnmatched = async ({ db, office }: Tx, channel: ChannelName, day: string, limit: number): Promise<UnmatchedReportLine[]> =>
  (await db.select().from(unmatched).where(ofDay(office, channel, day)).orderBy(asc(unmatched.source), asc(unmatched.kind), asc(unmatched.reference)).limit(limit))
    .map(({ source, kind, reference, refundId, amountFen }) => ({ source, kind, reference: refundId === null ? reference : idOf('ref', refundId), amountFen }))

export const countUnmatched = ({ db, office }: Tx, channel: ChannelName, day: string): Promise<number> => db.$count(unmatched, ofDay(office, channel, day))
