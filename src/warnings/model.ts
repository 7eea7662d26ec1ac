import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantCategory, MerchantId, MerchantStatus, PlainText } from '../merchants/model.js'
import { OfficeId } from '../offices/model.js'

export const AlertId = idSchema('alr')
export type AlertId = z.infer<typeof AlertId>

export const Indicator = z.enum([
  'cap_balance', 'balance_line', 'lease_end', 'sales_surge', 'refund_rate', 'dispute_rate', 'odd_hours', 'door_speed', 'shared_phone', 'returned_payouts'
])
export type Indicator = z.infer<typeof Indicator>

/** `basis_points`: 1/10,000, so that 600 of refund_rate are 6 refunds per 100 contracts. */
export const Unit = z.enum(['basis_points', 'days', 'count'])
export type Unit = z.infer<typeof Unit>

/** `too_few`: not enough happened to judge by. */
export const Level = z.enum(['too_few', 'normal', 'watch', 'alert'])
export type Level = z.infer<typeof Level>

const Bilingual = z.object({ zh: z.string(), en: z.string() })
const Whole = z.codec(z.int(), z.bigint(), { decode: BigInt, encode: Number })

// ---- settings, as the dated rule `early_warning` has them

const Setting = z.object({
  watchLine: Whole.nullable().meta({ description: 'From here on it is watched; null: never' }),
  alertLine: Whole.nullable().meta({ description: 'From here on an alert is opened; null: never by itself' }),
  backLine: Whole.nullable().default(null).meta({ description: 'Short of here it is well again; null: short of alertLine. Apart from alertLine, so that a value that wavers opens one alert and not many' }),
  daysInARow: z.int().min(1).max(60).default(1).meta({ description: 'How many days in a row at alert level open one' }),
  days: z.int().min(1).max(366).default(1).meta({ description: 'How many days the figures are counted over' }),
  minimum: Whole.default(0n).meta({ description: 'With fewer contracts, visits or sales than this nothing is judged' }),
  fromHour: z.int().min(0).max(23).optional().meta({ description: 'odd_hours: from this hour on, Asia/Shanghai' }),
  toHour: z.int().min(0).max(23).optional().meta({ description: 'odd_hours: until this hour' }),
  seconds: z.int().min(1).max(3_600).optional().meta({ description: 'door_speed: visits are counted within so many seconds' })
}).meta({ id: 'IndicatorSetting' })
export type Setting = z.output<typeof Setting>

export const EarlyWarningRule = z.object({
  answerDays: z.int().min(1).meta({ description: 'How long a merchant has to answer an alert' }),
  confirmDays: z.int().min(1).meta({ description: 'How many days in a row all must be well for an alert to be over' }),
  quietDays: z.int().min(1).meta({ description: 'How long a closed alert is not opened again while the figure stays where it was' }),
  indicators: z.record(Indicator, Setting)
})
export type EarlyWarningRule = z.output<typeof EarlyWarningRule>

/** First minor faults: closed by rectification before anyone is punished (dated rule `first_minor_faults`). */
export const LeniencyRule = z.object({
  repeatMonths: z.int().min(1).meta({ description: 'A fault is a first one when there was no alert of its kind in so many months' }),
  faults: z.array(z.object({
    indicator: Indicator,
    rectifyDays: z.int().min(1).meta({ description: 'How long the merchant has to put it right; until then it is not taken further' }),
    fault: Bilingual.meta({ description: 'What the fault is' }),
    rectification: Bilingual.meta({ description: 'What puts it right' })
  }))
})
export type LeniencyRule = z.output<typeof LeniencyRule>

// ---- what a merchant's day says

/** Source figures: counts, and sums in fen. */
export type Figures = Readonly<Record<string, bigint>>
/** What figures are about: a venue, a day, a pseudonym. */
export type About = Readonly<Record<string, string>>
export type Facts = Readonly<{ figures: Figures; about: About }>

/** One indicator of one merchant on one day; never changed. */
export type Reading = Readonly<{
  merchantId: Id<'mer'>
  indicator: Indicator
  day: string
  value: bigint | null
  level: Level
  /** days in a row at alert level */
  alertDays: number
  /** days in a row on which all was well */
  calmDays: number
  figures: Figures
  about: About
  watchLine: bigint | null
  alertLine: bigint | null
  /** from when the setting held that it was judged by, and how many days it counts over */
  ruleFrom: string
  ruleScope: string
  windowDays: number
}>

const FigureMap = z.record(z.string(), Whole).meta({ description: 'Source figures by name: counts, and sums in fen where the name ends in Fen' })
const AboutMap = z.record(z.string(), z.string()).meta({ description: 'What the figures are about: days, venues, pseudonyms of people' })

const Measured = {
  day: BusinessDate,
  value: Whole.nullable().meta({ description: 'null: too little happened to judge by' }),
  level: Level,
  figures: FigureMap,
  about: AboutMap
}

export const IndicatorValue = z.object({
  ...Measured,
  merchantId: MerchantId,
  indicator: Indicator,
  watchLine: Whole.nullable(),
  alertLine: Whole.nullable(),
  windowDays: z.int().meta({ description: 'The figures are of so many days, the last of them `day`' }),
  ruleFrom: BusinessDate.meta({ description: 'The day from which the setting holds that it was judged by' }),
  ruleScope: z.string(),
  alertDays: z.int().meta({ description: 'Days in a row at alert level' }),
  calmDays: z.int().meta({ description: 'Days in a row on which all was well' })
}).meta({ id: 'IndicatorValue' })
export type IndicatorValue = z.output<typeof IndicatorValue>

export const FigureDefinition = z.object({
  name: z.string(),
  title: Bilingual,
  traced: z.boolean().meta({ description: 'Whether the rows behind it can be listed; the others are limits of dated rules' })
})

export const IndicatorDefinition = z.object({
  indicator: Indicator,
  title: Bilingual,
  definition: Bilingual,
  unit: Unit,
  direction: z.enum(['above', 'below']).meta({ description: 'Whether a value is worse the higher, or the lower it is' }),
  figures: z.array(FigureDefinition),
  setting: Setting,
  minorFault: z.boolean().meta({ description: 'Whether a first alert is on the list of minor faults that close by rectification' })
}).meta({ id: 'IndicatorDefinition' })
export type IndicatorDefinition = z.output<typeof IndicatorDefinition>

export const IndicatorDefinitions = z.object({
  source: z.string(),
  validFrom: BusinessDate,
  isOverdue: z.boolean().meta({ description: 'Past its end without a successor: it stays in force' }),
  answerDays: z.int(),
  confirmDays: z.int(),
  quietDays: z.int(),
  items: z.array(IndicatorDefinition)
}).meta({ id: 'IndicatorDefinitions' })
export type IndicatorDefinitions = z.output<typeof IndicatorDefinitions>

export const MinorFaults = z.object({
  source: z.string(),
  validFrom: BusinessDate,
  isOverdue: z.boolean(),
  ...LeniencyRule.shape
}).meta({ id: 'FirstMinorFaults' })
export type MinorFaults = z.output<typeof MinorFaults>

export const DefinitionQuery = z.object({
  officeId: OfficeId.optional(),
  district: PlainText.optional().meta({ description: 'Whose settings; the office\'s district when absent' })
})
export type DefinitionQuery = z.output<typeof DefinitionQuery>

// ---- portrait

const Then = z.object(Measured)

export const PortraitLine = z.object({
  indicator: Indicator,
  title: Bilingual,
  unit: Unit,
  now: Then.extend({ watchLine: Whole.nullable(), alertLine: Whole.nullable(), windowDays: z.int(), ruleFrom: BusinessDate, ruleScope: z.string() }),
  then: Then.nullable().meta({ description: 'The day compared with, or the nearest before it that there are figures of' }),
  change: Whole.nullable().meta({ description: 'Now less then' }),
  moved: z.array(z.object({ figure: z.string(), title: Bilingual, then: Whole, now: Whole })).meta({ description: 'The source figures that are not what they were: why it moved' })
})
export type PortraitLine = z.output<typeof PortraitLine>

export const PortraitQuery = z.object({
  day: BusinessDate.optional().meta({ description: 'The newest day there are figures of when absent' }),
  against: BusinessDate.optional().meta({ description: 'The day to compare with; 28 days earlier when absent' })
})
export type PortraitQuery = z.output<typeof PortraitQuery>

// ---- what stands behind a figure

export const SourceKind = z.enum(['check_in', 'sale', 'refund', 'dispute', 'payout_return', 'contract', 'venue'])
export type SourceKind = z.infer<typeof SourceKind>

export const SourceRow = z.object({
  id: z.string().meta({ description: 'red_, ctr_, ref_, dsp_, sti_ or ven_: what it is, by its id' }),
  kind: SourceKind,
  at: Instant.meta({ description: 'When it happened; of a contract, when it was paid' }),
  contractId: z.string().nullable(),
  venueId: z.string().nullable(),
  amountFen: Whole.nullable(),
  state: z.string().nullable().meta({ description: 'What became of it' }),
  cashier: z.string().nullable().meta({ description: 'Pseudonym of who scanned, the same within a merchant' }),
  phone: z.string().nullable().meta({ description: 'Pseudonym of the consumer\'s account, which is a phone number, the same within a merchant' })
}).meta({ id: 'IndicatorSource' })
export type SourceRow = z.output<typeof SourceRow>

export const SourceQuery = PageQuery.extend({
  day: BusinessDate.optional().meta({ description: 'The newest day there are figures of when absent' }),
  figure: z.string().max(50).optional().meta({ description: 'The first traced figure of the indicator when absent' })
})
export type SourceQuery = z.output<typeof SourceQuery>

export const SourcePage = z.object({
  indicator: Indicator,
  figure: z.string(),
  day: BusinessDate,
  value: Whole.meta({ description: 'The figure as it was written down' }),
  recounted: Whole.meta({ description: 'The same counted again now, from all the rows listed' }),
  agree: z.boolean(),
  items: z.array(SourceRow),
  nextCursor: z.string().nullable()
}).meta({ id: 'IndicatorSources' })
export type SourcePage = z.output<typeof SourcePage>

export const IndicatorParams = z.object({ id: MerchantId, indicator: Indicator })
export const SeriesQuery = PageQuery
export const ReadingsQuery = PageQuery.extend({
  day: BusinessDate.optional().meta({ description: 'The newest day there are figures of when absent' }),
  indicator: Indicator.optional(),
  level: Level.optional()
})
export type ReadingsQuery = z.output<typeof ReadingsQuery>

// ---- alerts

/** `open`: the merchant is told first; `explained`, `rectified`: its word, to be checked; `escalated`: taken up the normal way. */
export const AlertState = z.enum(['open', 'explained', 'rectified', 'escalated'])
export type AlertState = z.infer<typeof AlertState>

/** How it ended: an explanation was accepted, the fault was put right, the figures came back by themselves, it was no fault, or it was dealt with. */
export const AlertOutcome = z.enum(['accepted', 'rectified', 'eased', 'dismissed', 'dealt_with'])
export type AlertOutcome = z.infer<typeof AlertOutcome>

export const AlertEvent = z.enum(['open', 'explain', 'rectify', 'send_back', 'escalate', 'close', 'not_answered', 'not_back', 'back'])
export type AlertEvent = z.infer<typeof AlertEvent>

export const AlertActor = z.enum(['service', 'merchant', 'bureau'])
export type AlertActor = z.infer<typeof AlertActor>

export type AlertRecord = Readonly<{
  id: AlertId
  merchantId: MerchantId
  indicator: Indicator
  state: AlertState
  /** the day whose figures opened it */
  day: string
  openedAt: Date
  /** on the list of minor faults, and the first of its kind in the months that count */
  isFirstMinor: boolean
  /** until then the merchant may answer or put it right */
  answerBy: Date
  changedAt: Date
  /** when the service looks at it again; null where it waits for a person */
  dueAt: Date | null
  closedAt: Date | null
  outcome: AlertOutcome | null
}>

/** One move of an alert; never changed. */
export type AlertMove = Readonly<{
  event: AlertEvent
  from: AlertState | null
  to: AlertState
  outcome: AlertOutcome | null
  by: AlertActor
  personId: Id<'per'> | null
  at: Date
  text: string | null
  day: string | null
  value: bigint | null
}>

export const Alert = z.object({
  id: AlertId,
  merchantId: MerchantId,
  indicator: Indicator,
  title: Bilingual,
  state: AlertState,
  day: BusinessDate.meta({ description: 'The day whose figures opened it' }),
  openedAt: Instant,
  isFirstMinor: z.boolean().meta({ description: 'A first minor fault: rectified in time it closes, and nobody is punished' }),
  answerBy: Instant.meta({ description: 'Until then the merchant may explain, or put it right' }),
  changedAt: Instant,
  closedAt: Instant.nullable(),
  outcome: AlertOutcome.nullable()
}).meta({ id: 'Alert' })
export type Alert = z.output<typeof Alert>

export const AlertMoveView = z.object({
  event: AlertEvent,
  from: AlertState.nullable(),
  to: AlertState,
  outcome: AlertOutcome.nullable(),
  by: AlertActor,
  at: Instant,
  text: z.string().nullable().meta({ description: 'What was said: the explanation, what was put right, the reason' }),
  day: BusinessDate.nullable().meta({ description: 'The day of the figures at the time' }),
  value: Whole.nullable()
})

export const AlertDetail = Alert.extend({
  definition: Bilingual,
  opened: IndicatorValue.meta({ description: 'The figures that opened it' }),
  now: IndicatorValue.meta({ description: 'The newest figures' }),
  moves: z.array(AlertMoveView).meta({ description: 'All that happened to it, oldest first' }),
  may: z.array(AlertEvent).meta({ description: 'What the caller may do now' })
}).meta({ id: 'AlertDetail' })
export type AlertDetail = z.output<typeof AlertDetail>

export const AlertQuery = PageQuery.extend({
  merchantId: MerchantId.optional(),
  indicator: Indicator.optional(),
  state: AlertState.optional(),
  closed: z.enum(['true', 'false']).optional().meta({ description: 'Only those that are, or are not, closed' })
})
export type AlertQuery = z.output<typeof AlertQuery>

export const Statement = z.object({ text: PlainText.meta({ description: 'The explanation, or what was put right and how that can be seen' }) })
export type Statement = z.output<typeof Statement>

export const Portrait = z.object({
  merchantId: MerchantId,
  name: z.string(),
  category: MerchantCategory,
  district: z.string(),
  status: MerchantStatus,
  day: BusinessDate,
  against: BusinessDate,
  indicators: z.array(PortraitLine),
  openAlerts: z.array(Alert)
}).meta({ id: 'MerchantPortrait' })
export type Portrait = z.output<typeof Portrait>
