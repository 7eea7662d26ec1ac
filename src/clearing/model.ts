import { z } from 'zod'
import { ChannelName } from '../channels/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { UploadOf } from '../kernel/upload.js'

export const ChannelReportId = idSchema('crp')
export type ChannelReportId = z.infer<typeof ChannelReportId>

export const reportMediaTypes = ['text/csv'] as const
export const ReportFile = UploadOf(...reportMediaTypes)

/** What a line of a channel's report is: money a payer paid, money that went back, money paid out to the special account. */
export const ReportKind = z.enum(['payment', 'refund', 'settlement'])
export type ReportKind = z.infer<typeof ReportKind>

const Column = z.string().min(1)
const Kind = z.object({ words: z.array(Column).min(1), reference: Column, amount: Column })

/**
 * How a channel writes its daily report: the dated rule `channel_report:<channel>`. `reference` is the
 * channel's number of the payment or of the settlement, and of a refund the number we gave it.
 */
export const ReportSetting = z.object({
  encoding: z.enum(['UTF-8', 'GB18030']),
  delimiter: z.string().length(1).default(','),
  skipLines: z.int().min(0).default(0),
  at: Column,
  kind: Column,
  kinds: z.partialRecord(ReportKind, Kind)
})
export type ReportSetting = z.output<typeof ReportSetting>

/** One line of a report. Amounts above zero; of a settlement below, where the channel took money. */
export type ReportLine = Readonly<{ kind: ReportKind; reference: string; amountFen: FenAmount; day: string }>

export const OfReport = z.object({ channel: ChannelName, date: BusinessDate })

const Compared = z.object({
  reportFen: SignedFen.meta({ description: 'By the channel\'s report' }),
  booksFen: SignedFen.meta({ description: 'By the books\' clearing account, of what happened on that day' }),
  differenceFen: SignedFen
})

const UnmatchedReportLine = z.object({
  source: z.enum(['report', 'books']).meta({ description: '`report`: a line the books do not have, or with another amount; `books`: what the report does not have' }),
  kind: ReportKind,
  reference: z.string(),
  amountFen: SignedFen
})
export type UnmatchedReportLine = z.output<typeof UnmatchedReportLine>

export const ChannelReport = z.object({
  id: ChannelReportId,
  channel: ChannelName,
  date: BusinessDate,
  lines: z.int(),
  payments: Compared.nullable().meta({ description: 'null where the channel\'s report has no lines of this kind' }),
  refunds: Compared.nullable(),
  settlements: Compared.nullable(),
  differenceFen: SignedFen.meta({ description: 'Payments less refunds and settlements: the report less the books' }),
  unmatched: z.array(UnmatchedReportLine).meta({ description: 'The first 200' }),
  importedAt: Instant
}).meta({ id: 'ChannelReport' })
export type ChannelReport = z.output<typeof ChannelReport>

/** A report as it is kept. */
export type ReportRecord = Readonly<{
  id: ChannelReportId
  channel: ChannelName
  day: string
  kinds: readonly ReportKind[]
  sha256: string
  importedBy: Id<'per'>
  importedAt: Date
}>

/** What a day's report says against the books, for reconciliation. */
export type Clearing = Readonly<{ channel: string; reportFen: FenAmount; booksFen: FenAmount; differenceFen: FenAmount; unmatched: number }>

export type Sums = Readonly<Partial<Record<ReportKind, FenAmount>>>
