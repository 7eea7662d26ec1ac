import { channelUnavailable } from '../channels/problems.js'
import type { ChannelName } from '../channels/model.js'
import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { addDays, dateOf, startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { notFound } from '../kernel/problems.js'
import type { Upload } from '../kernel/upload.js'
import type { Inquiry } from '../ledger/inquiry.js'
import type { Office } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import { readReport } from './csv.js'
import { ChannelReport, ReportKind, ReportSetting, type Clearing, type ReportRecord } from './model.js'
import { reportContradicts, reportOfAnotherDay } from './problems.js'
import { bookedSums, comparedOf } from './rules.js'
import { countUnmatched, findReport, insertLines, keepReport, listReportsOn, listUnmatched, sumReport } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Pick<Offices, 'byNumber' | 'ruleInForce'>
  inquiry: Pick<Inquiry, 'movedBetween'>
  evidence: Evidence
  /** called once a report is kept */
  onBooked: (office: number, day: string) => Promise<void>
}>

type OfficeRow = Pick<Office, 'id' | 'district'>

const shownMax = 200

/** Payment channels' daily reports against the clearing accounts (rules.ts). One import is one transaction. */
export const createChannelReports = ({ work, clock, offices, inquiry, evidence, onBooked }: Dependencies) => {
  /** @throws channel_unavailable (422) for a channel that has no reports */
  const settingOf = async (tx: Tx, office: OfficeRow, channel: ChannelName): Promise<ReportSetting> => {
    const rule = await offices.ruleInForce(tx, `channel_report:${channel}`, [office.id, office.district], dateOf(clock.now()))
    if (!rule) throw channelUnavailable({ channel, available: ['sandbox', 'wechatpay', 'alipay'] })
    return ReportSetting.parse(rule.value)
  }

  const compare = async (tx: Tx, { channel, day, kinds }: Pick<ReportRecord, 'channel' | 'day' | 'kinds'>) => {
    const { lines, sums } = await sumReport(tx, channel, day)
    const moved = await inquiry.movedBetween(tx, { kind: 'clearing', of: channel }, startOf(day), startOf(addDays(day, 1)))
    return { lines, ...comparedOf(kinds, sums, bookedSums(moved)) }
  }

  const view = async (tx: Tx, record: ReportRecord): Promise<ChannelReport> => {
    const { id, channel, day: date, importedAt } = record
    return { id, channel, date, importedAt, ...await compare(tx, record), unmatched: await listUnmatched(tx, channel, date, shownMax) }
  }

  const importInto = async (tx: Tx, channel: ChannelName, date: string, { path, sha256 }: Upload, office: OfficeRow, importedBy: Id<'per'>): Promise<ChannelReport> => {
    const setting = await settingOf(tx, office, channel)
    const kept = await keepReport(tx, {
      id: newId('crp', tx.office), channel, day: date, kinds: ReportKind.options.filter((kind) => setting.kinds[kind]), sha256, importedBy, importedAt: clock.now()
    })
    for await (const batch of readReport(path, setting)) {
      const other = batch.find(({ day }) => day !== date)
      if (other) throw reportOfAnotherDay({ date, other: other.day })
      const contradicted = await insertLines(tx, channel, batch)
      if (contradicted !== undefined) throw reportContradicts({ reference: contradicted })
    }
    const report = await view(tx, kept)
    await evidence.appendFact(tx, {
      fact: 'channel-report-imported', subject: report.id, occurredAt: clock.now(),
      payload: { channel, date: report.date, sha256, lines: report.lines, differenceFen: report.differenceFen, unmatched: report.unmatched.length }
    })
    return report
  }

  /**
   * Imports a channel's report of a day. The same one again, or one that holds lines imported before,
   * adds only what is new.
   * @throws channel_unavailable, statement_unreadable, report_of_another_day, report_contradicts (422); nothing is imported then
   */
  const importReport = async (command: Command, channel: ChannelName, date: string, upload: Upload): Promise<ChannelReport> => {
    const office = await offices.byNumber(command.caller.office ?? 0)
    const report = await work.writeOnce(command, office.number, ChannelReport, (tx) => importInto(tx, channel, date, upload, office, command.caller.personId))
    await onBooked(office.number, report.date)
    return report
  }

  /** A channel's report of a day against the books as they stand. @throws not_found (404) */
  const find = (caller: Caller, channel: ChannelName, date: string): Promise<ChannelReport> =>
    work.read(actorOf(caller), caller.office ?? 0, async (tx) => {
      const record = await findReport(tx, channel, date)
      if (!record) throw notFound({})
      return view(tx, record)
    })

  /** What the reports of a day say against the books, by channel. */
  const clearingOn = async (tx: Tx, day: string): Promise<Clearing[]> => {
    const found: Clearing[] = []
    for (const record of await listReportsOn(tx, day)) {
      const { payments, refunds, settlements, differenceFen } = await compare(tx, record)
      const net = (of: 'reportFen' | 'booksFen'): bigint => (payments?.[of] ?? 0n) - (refunds?.[of] ?? 0n) - (settlements?.[of] ?? 0n)
      found.push({ channel: record.channel, reportFen: net('reportFen'), booksFen: net('booksFen'), differenceFen, unmatched: await countUnmatched(tx, record.channel, day) })
    }
    return found
  }

  return { importReport, find, clearingOn }
}

export type ChannelReports = ReturnType<typeof createChannelReports>
