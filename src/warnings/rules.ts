import { addDays, addMonths, after, daysBetween, startOf } from '../kernel/calendar.js'
import { invariant } from '../kernel/invariant.js'
import { least, most } from '../kernel/money.js'
import type { Text } from '../kernel/problem.js'
import type { About, Facts, Figures, Indicator, LeniencyRule, Level, PortraitLine, Reading, Setting, Unit } from './model.js'

/*
 * Ten signs by which a merchant that takes prepayments may be seen to falter, each a number that
 * anyone can work out from rows of the books and the door. There is no score: a value is compared
 * with its own dated setting, and nothing else is added to it.
 *
 * 1. cap_balance: the largest balance of one person with the merchant, in 1/10,000 of the cap.
 *    Being near it is lawful; above it something was not counted.
 * 2. balance_line: all that is prepaid and not delivered, in 1/10,000 of the line from which the
 *    card rules ask for protection. Everything is on deposit here, so it is watched, never an alert.
 * 3. lease_end: days until the first lease of a venue ends, while anything is prepaid.
 * 4. sales_surge: by how much sales rose or visits fell against the days before, whichever is less,
 *    in 1/10,000; nothing where not both are so. It is how a shop takes money before it shuts.
 * 5. refund_rate, 6. dispute_rate: in 1/10,000 of the contracts open in those days.
 * 7. odd_hours: visits at night, in 1/10,000 of all visits.
 * 8. door_speed: the most visits that one cashier scanned within a minute; a door lets through fewer.
 * 9. shared_phone: the most contracts that one phone redeemed. A consumer's account is a phone
 *    number; what device it is on is not recorded, so the account is what can honestly be counted.
 * 10. returned_payouts: payouts that the bank sent back.
 *
 * With too little to judge by there is no value. An alert opens on the day on which the value has
 * been at alert level for the days in a row that the setting says.
 */

// ---- definitions

type Figure = Readonly<{ title: Text; traced: boolean }>
type Definition = Readonly<{
  title: Text
  definition: Text
  unit: Unit
  direction: 'above' | 'below'
  figures: Readonly<Record<string, Figure>>
  measure: (figures: Figures, setting: Setting) => bigint | null
}>

const traced = (zh: string, en: string): Figure => ({ title: { zh, en }, traced: true })
const limit = (zh: string, en: string): Figure => ({ title: { zh, en }, traced: false })

const whole = 10_000n
const of = (figures: Figures, name: string): bigint => {
  const value = figures[name]
  invariant(value !== undefined, `the figure ${name} is missing`)
  return value
}

/** A part in 1/10,000 of the whole, rounded down; none where there are fewer than the minimum. */
const share = (part: bigint, all: bigint, minimum: bigint): bigint | null => (all === 0n || all < minimum ? null : (part * whole) / all)

/** Rounded up: one fen above the cap is above the cap. */
const shareUp = (part: bigint, all: bigint): bigint | null => (all === 0n ? null : (part * whole + all - 1n) / all)

const surge = (figures: Figures, { minimum }: Setting): bigint | null => {
  const [sales, salesBefore, visits, visitsBefore] = [of(figures, 'salesFen'), of(figures, 'salesBeforeFen'), of(figures, 'checkIns'), of(figures, 'checkInsBefore')]
  if (salesBefore === 0n || visitsBefore === 0n || visitsBefore < minimum) return null
  const rise = ((sales - salesBefore) * whole) / salesBefore
  const fall = ((visitsBefore - visits) * whole) / visitsBefore
  return most(0n, least(rise, fall))
}

const contractFigures = {
  contracts: traced('有未履行金额的合同数', 'contracts with anything not delivered'),
  balanceFen: traced('未履行的预付金额', 'prepaid and not delivered')
}

export const indicators: Readonly<Record<Indicator, Definition>> = {
  cap_balance: {
    title: { zh: '余额近限额', en: 'Balance near the cap' },
    definition: { zh: '同一消费者在该商户的最大预付余额(托管中与争议中)占其上限的万分比。', en: 'The largest balance (held and disputed) of one person with the merchant, in 1/10,000 of the cap.' },
    unit: 'basis_points',
    direction: 'above',
    figures: { largestBalanceFen: traced('最大的个人余额', 'largest balance of one person'), persons: traced('有余额的人数', 'people with a balance'), capFen: limit('个人余额上限', 'cap on one person\'s balance') },
    measure: (figures) => (of(figures, 'persons') === 0n ? null : shareUp(of(figures, 'largestBalanceFen'), of(figures, 'capFen')))
  },
  balance_line: {
    title: { zh: '预付余额线', en: 'Balance line' },
    definition: { zh: '该商户全部未履行的预付金额占预付卡规定余额线的万分比。本平台已百分之百提存,仅供关注。', en: 'Everything prepaid and not delivered, in 1/10,000 of the line of the card rules. All of it is on deposit here: to be watched only.' },
    unit: 'basis_points',
    direction: 'above',
    figures: { ...contractFigures, lineFen: limit('余额线', 'the line') },
    measure: (figures) => share(of(figures, 'balanceFen'), of(figures, 'lineFen'), 0n)
  },
  lease_end: {
    title: { zh: '租期将满', en: 'Lease near its end' },
    definition: { zh: '仍有未履行合同时,距最早到期的场馆租期的天数。', en: 'Days until the first lease of a venue ends, while contracts are not delivered.' },
    unit: 'days',
    direction: 'below',
    figures: { daysLeft: traced('剩余天数', 'days left'), ...contractFigures },
    measure: (figures, { minimum }) => (of(figures, 'contracts') < minimum || figures.daysLeft === undefined ? null : figures.daysLeft)
  },
  sales_surge: {
    title: { zh: '收款激增而核销下降', en: 'Sales surge while visits fall' },
    definition: { zh: '与前一等长期间相比,收款增幅与核销次数降幅中较小者(万分比);两者未同时发生时为 0。', en: 'By how much sales rose or visits fell against the same number of days before, whichever is less, in 1/10,000; 0 where not both are so.' },
    unit: 'basis_points',
    direction: 'above',
    figures: {
      salesFen: traced('本期收款', 'sales'), salesBeforeFen: traced('上期收款', 'sales before'),
      checkIns: traced('本期核销次数', 'visits'), checkInsBefore: traced('上期核销次数', 'visits before')
    },
    measure: surge
  },
  refund_rate: {
    title: { zh: '每百份合同退费', en: 'Refunds per 100 contracts' },
    definition: { zh: '期间内当事人申请的退费件数占期间内存续合同数的万分比;不含停业清退、不可抗力与裁决所致。', en: 'Refunds that parties asked for in the period, in 1/10,000 of the contracts open in it; not those of a closure, of force majeure or of a decision.' },
    unit: 'basis_points',
    direction: 'above',
    figures: { refunds: traced('退费申请', 'refunds asked for'), contracts: traced('存续合同', 'contracts open') },
    measure: (figures, { minimum }) => share(of(figures, 'refunds'), of(figures, 'contracts'), minimum)
  },
  dispute_rate: {
    title: { zh: '每百份合同纠纷', en: 'Disputes per 100 contracts' },
    definition: { zh: '期间内消费者提起的纠纷件数占期间内存续合同数的万分比。', en: 'Disputes that consumers opened in the period, in 1/10,000 of the contracts open in it.' },
    unit: 'basis_points',
    direction: 'above',
    figures: { disputes: traced('消费者提起的纠纷', 'disputes opened by consumers'), contracts: traced('存续合同', 'contracts open') },
    measure: (figures, { minimum }) => share(of(figures, 'disputes'), of(figures, 'contracts'), minimum)
  },
  odd_hours: {
    title: { zh: '异常时段核销', en: 'Visits at odd hours' },
    definition: { zh: '期间内深夜时段核销次数占全部核销次数的万分比。', en: 'Visits at night, in 1/10,000 of all visits of the period.' },
    unit: 'basis_points',
    direction: 'above',
    figures: { oddCheckIns: traced('深夜核销', 'visits at night'), checkIns: traced('全部核销', 'all visits') },
    measure: (figures, { minimum }) => share(of(figures, 'oddCheckIns'), of(figures, 'checkIns'), minimum)
  },
  door_speed: {
    title: { zh: '核销快于进门', en: 'Faster than the door allows' },
    definition: { zh: '期间内同一收银员在同一场馆一分钟内扫码核销的最多次数。', en: 'The most visits that one cashier scanned at one venue within a minute.' },
    unit: 'count',
    direction: 'above',
    figures: { fastest: traced('一分钟内最多核销', 'most visits within a minute') },
    measure: (figures) => of(figures, 'fastest')
  },
  shared_phone: {
    title: { zh: '同一手机核销多份合同', en: 'One phone redeems for many' },
    definition: { zh: '期间内同一消费者账号(手机号)核销的合同份数的最大值。设备未作记录,以账号计。', en: 'The most contracts that one consumer\'s account (a phone number) redeemed. Devices are not recorded: accounts are counted.' },
    unit: 'count',
    direction: 'above',
    figures: { contracts: traced('同一手机核销的合同', 'contracts redeemed by one phone') },
    measure: (figures) => of(figures, 'contracts')
  },
  returned_payouts: {
    title: { zh: '出款被退回', en: 'Payouts returned' },
    definition: { zh: '期间内被银行退回的出款笔数。', en: 'Payouts that the bank sent back in the period.' },
    unit: 'count',
    direction: 'above',
    figures: { returned: traced('被退回的出款', 'payouts returned') },
    measure: (figures) => of(figures, 'returned')
  }
}

// ---- a day's reading

const isBeyond = (indicator: Indicator, value: bigint, line: bigint | null): boolean =>
  line !== null && (indicators[indicator].direction === 'above' ? value >= line : value <= line)

/** How grave a value is by its setting. */
export const levelOf = (indicator: Indicator, value: bigint | null, { watchLine, alertLine }: Pick<Setting, 'watchLine' | 'alertLine'>): Level => {
  if (value === null) return 'too_few'
  if (isBeyond(indicator, value, alertLine)) return 'alert'
  return isBeyond(indicator, value, watchLine) ? 'watch' : 'normal'
}

/** Whether a value is well: short of where it is back, which may lie apart from where it alerts. */
export const isWell = (indicator: Indicator, value: bigint | null, { alertLine, backLine }: Pick<Setting, 'alertLine' | 'backLine'>): boolean =>
  value === null || (!isBeyond(indicator, value, alertLine) && !isBeyond(indicator, value, backLine))

type Before = Pick<Reading, 'alertDays' | 'calmDays'>
type Judged = Readonly<{ setting: Setting; ruleFrom: string; ruleScope: string }>

/** What a day's figures say. `before`: the reading of the day before, if there is one. */
export const readingOf = (
  { merchantId, indicator, day }: Pick<Reading, 'merchantId' | 'indicator' | 'day'>, { figures, about }: Facts, { setting, ruleFrom, ruleScope }: Judged, before: Before | undefined
): Reading => {
  const value = indicators[indicator].measure(figures, setting)
  const level = levelOf(indicator, value, setting)
  return {
    merchantId, indicator, day, value, level, figures, about, ruleFrom, ruleScope, watchLine: setting.watchLine, alertLine: setting.alertLine, windowDays: setting.days,
    alertDays: level === 'alert' ? (before?.alertDays ?? 0) + 1 : 0,
    calmDays: isWell(indicator, value, setting) ? (before?.calmDays ?? 0) + 1 : 0
  }
}

/**
 * Whether a reading opens an alert, where none is open. Once one was closed the same figures do not
 * open another until they have been better in between, or the quiet days are over.
 */
export const opensAlert = ({ alertDays, day }: Pick<Reading, 'alertDays' | 'day'>, { daysInARow }: Pick<Setting, 'daysInARow'>, closedOn: string | undefined, quietDays: number): boolean =>
  alertDays >= daysInARow && (closedOn === undefined || alertDays === daysInARow || daysBetween(closedOn, day) >= quietDays)

/** Whether a reading says that all is well again, after a day on which something was done about it. */
export const isBack = ({ calmDays, day }: Pick<Reading, 'calmDays' | 'day'>, since: string, confirmDays: number): boolean =>
  calmDays >= confirmDays && daysBetween(since, day) >= 1

/** Of a fault on the list that has not occurred in the months that count: how long there is to put it right. */
export const leniencyFor = (indicator: Indicator, day: string, { faults, repeatMonths }: LeniencyRule, lastOpenedOn: string | undefined): number | undefined => {
  const isFirst = lastOpenedOn === undefined || lastOpenedOn < addMonths(day, -repeatMonths)
  return isFirst ? faults.find((fault) => fault.indicator === indicator)?.rectifyDays : undefined
}

// ---- the times that figures are counted over

/** The first instant after a business day. */
export const endOf = (day: string): Date => startOf(addDays(day, 1))

/** The first instant of so many days that end with a day. */
export const beginOf = (day: string, days: number): Date => startOf(addDays(day, 1 - days))

/** The most days that a late run makes up for; what is further back stays without figures. */
export const lateDaysMax = 31

/** The days that are over and have no figures yet, oldest first. `last`: the newest that has. */
export const daysDue = (last: string | undefined, today: string): string[] => {
  const yesterday = addDays(today, -1)
  const first = last === undefined ? yesterday : [addDays(last, 1), addDays(yesterday, 1 - lateDaysMax)].sort().at(-1) as string
  const days: string[] = []
  for (let day = first; day <= yesterday; day = addDays(day, 1)) days.push(day)
  return days
}

// ---- what stands behind a figure

/** Rows that a figure counts. */
export type Selection =
  | Readonly<{
    of: 'check_in' | 'sale' | 'refund' | 'dispute' | 'payout_return'
    from: Date
    until: Date
    counts: 'rows' | 'amountFen' | 'contracts'
    hours?: Readonly<{ from: number; to: number }>
    phone?: string
    cashier?: string
    venueId?: string
  }>
  | Readonly<{
    of: 'contract'
    until: Date
    /** open at some time since then; absent: with a balance at the end */
    openSince?: Date
    balance: 'all' | 'capped'
    person?: string
    counts: 'rows' | 'amountFen' | 'persons'
  }>
  | Readonly<{ of: 'venue'; day: string; counts: 'daysLeft' }>

const aboutOf = (about: About, name: string): string => about[name] ?? ''

/** Those of the hours' setting, where it has any. */
export const nightOf = ({ fromHour = 23, toHour = 6 }: Pick<Setting, 'fromHour' | 'toHour'>) => ({ from: fromHour, to: toHour })
export const secondsOf = ({ seconds = 60 }: Pick<Setting, 'seconds'>): number => seconds

/** The rows behind a figure of a reading; undefined for one that is a limit, or does not exist. */
export const traceOf = ({ indicator, day, about, windowDays }: Pick<Reading, 'indicator' | 'day' | 'about' | 'windowDays'>, figure: string): Selection | undefined => {
  const until = endOf(day)
  const from = beginOf(day, windowDays)
  const before = beginOf(day, windowDays * 2)
  const open = { of: 'contract', until, balance: 'all' } as const
  const selections: Readonly<Record<Indicator, Readonly<Record<string, Selection>>>> = {
    cap_balance: {
      largestBalanceFen: { of: 'contract', until, balance: 'capped', person: aboutOf(about, 'person'), counts: 'amountFen' },
      persons: { of: 'contract', until, balance: 'capped', counts: 'persons' }
    },
    balance_line: { balanceFen: { ...open, counts: 'amountFen' }, contracts: { ...open, counts: 'rows' } },
    lease_end: { daysLeft: { of: 'venue', day, counts: 'daysLeft' }, contracts: { ...open, counts: 'rows' }, balanceFen: { ...open, counts: 'amountFen' } },
    sales_surge: {
      salesFen: { of: 'sale', from, until, counts: 'amountFen' }, salesBeforeFen: { of: 'sale', from: before, until: from, counts: 'amountFen' },
      checkIns: { of: 'check_in', from, until, counts: 'rows' }, checkInsBefore: { of: 'check_in', from: before, until: from, counts: 'rows' }
    },
    refund_rate: { refunds: { of: 'refund', from, until, counts: 'rows' }, contracts: { ...open, openSince: from, counts: 'rows' } },
    dispute_rate: { disputes: { of: 'dispute', from, until, counts: 'rows' }, contracts: { ...open, openSince: from, counts: 'rows' } },
    odd_hours: {
      oddCheckIns: { of: 'check_in', from, until, counts: 'rows', hours: { from: numberIn(about, 'fromHour'), to: numberIn(about, 'toHour') } },
      checkIns: { of: 'check_in', from, until, counts: 'rows' }
    },
    door_speed: { fastest: fastestOf(about, from, until) },
    shared_phone: { contracts: { of: 'check_in', from, until, counts: 'contracts', phone: aboutOf(about, 'phone') } },
    returned_payouts: { returned: { of: 'payout_return', from, until, counts: 'rows' } }
  }
  return selections[indicator][figure]
}

const numberIn = (about: About, name: string): number => parseInt(aboutOf(about, name), 10) || 0

/** The visits of the minute that was the fastest; none where there was no visit. */
const fastestOf = (about: About, from: Date, until: Date): Selection => {
  const all = { of: 'check_in', from, until, counts: 'rows' } as const
  if (about.at === undefined) return all
  const at = new Date(about.at)
  return { ...all, from: after(at, -1_000 * numberIn(about, 'seconds')), until: after(at, 1), cashier: aboutOf(about, 'cashier'), venueId: aboutOf(about, 'venueId') }
}

/** The figures that moved between two readings: why a value is not what it was. */
export const movedFigures = (indicator: Indicator, then: Figures, now: Figures): PortraitLine['moved'] =>
  Object.entries(indicators[indicator].figures).flatMap(([figure, { title }]) => {
    const [was, is] = [then[figure] ?? 0n, now[figure] ?? 0n]
    return was === is ? [] : [{ figure, title, then: was, now: is }]
  })
