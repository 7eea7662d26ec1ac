import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { addDays } from '../src/kernel/calendar.js'
import { EarlyWarningRule, Indicator, LeniencyRule, type Figures, type Reading, type Setting } from '../src/warnings/model.js'
import { guards, procedure, type Transition } from '../src/warnings/procedure/rules.js'
import { indicators, isBack, opensAlert, readingOf } from '../src/warnings/rules.js'
import { firstDay, pools, type Pool, type PoolDay, type Scenario } from './pools.js'

/** Writes what is generated of docs/early-warning.md: definitions and settings, the procedure, and the back-test; a test holds the page to it. */

const root = new URL('../', import.meta.url)
const page = new URL('docs/early-warning.md', root)

// ---- the settings that the migrations enter

const sqlOf = (): string => readdirSync(fileURLToPath(new URL('migrations/', root))).filter((file) => file.endsWith('.sql')).sort()
  .map((file) => readFileSync(new URL(`migrations/${file}`, root), 'utf8')).join('\n')

const ruleIn = (sql: string, name: string): string => {
  const found = [...sql.matchAll(new RegExp(`\\('${name}', '\\*', '[^']+', '((?:[^']|'')*)'`, 'g'))].at(-1)?.[1]
  if (found === undefined) throw new Error(`the migrations enter no ${name}`)
  return found.replaceAll("''", "'")
}

/** The newest settings for everyone, as the migrations have them. */
export const settings = (): { warning: EarlyWarningRule; leniency: LeniencyRule } => {
  const sql = sqlOf()
  return {
    warning: z.decode(EarlyWarningRule, JSON.parse(ruleIn(sql, 'early_warning'))),
    leniency: z.decode(LeniencyRule, JSON.parse(ruleIn(sql, 'first_minor_faults')))
  }
}

// ---- the back-test

/** The indicators that a made-up history has figures for; the two others compare balances with limits and tell nothing of what is to come. */
const tested = ['sales_surge', 'refund_rate', 'dispute_rate', 'odd_hours', 'door_speed', 'shared_phone', 'returned_payouts', 'lease_end'] as const satisfies readonly Indicator[]
type Tested = (typeof tested)[number]

const begin = '2025-01-01'
const merchantId = 'mer_00000000000000000000000000'

type Sums = Readonly<{ [F in keyof PoolDay]: readonly bigint[] }>

/** Running totals of a history, so that any span is one subtraction. */
const sumsOf = (history: readonly PoolDay[]): Sums => {
  const run = (field: keyof PoolDay): bigint[] => {
    let total = 0n
    return history.map((day) => { total += BigInt(day[field]); return total })
  }
  return Object.fromEntries((Object.keys(history[0] as PoolDay) as (keyof PoolDay)[]).map((field) => [field, run(field)])) as unknown as Sums
}

const within = (totals: readonly bigint[], last: number, days: number): bigint =>
  (totals[last] ?? 0n) - (last - days < 0 ? 0n : totals[last - days] ?? 0n)

const highest = (history: readonly PoolDay[], last: number, days: number, field: 'fastest'): bigint =>
  history.slice(Math.max(0, last - days + 1), last + 1).reduce((most, day) => (BigInt(day[field]) > most ? BigInt(day[field]) : most), 0n)

/** The figures that the job would have counted on a day. */
const figuresOn = (history: readonly PoolDay[], sums: Sums, day: number, of: Readonly<Record<Indicator, Setting>>): Readonly<Record<Tested, Figures>> => {
  const today = history[day] as PoolDay
  const surge = of.sales_surge.days
  // A contract that ended within the period was open in it too.
  const contracts = (days: number): bigint => BigInt(today.contracts) + within(sums.refunds, day, days)
  return {
    sales_surge: {
      salesFen: within(sums.salesFen, day, surge), salesBeforeFen: within(sums.salesFen, day - surge, surge),
      checkIns: within(sums.visits, day, surge), checkInsBefore: within(sums.visits, day - surge, surge)
    },
    refund_rate: { refunds: within(sums.refunds, day, of.refund_rate.days), contracts: contracts(of.refund_rate.days) },
    dispute_rate: { disputes: within(sums.disputes, day, of.dispute_rate.days), contracts: contracts(of.dispute_rate.days) },
    odd_hours: { oddCheckIns: within(sums.visitsAtNight, day, of.odd_hours.days), checkIns: within(sums.visits, day, of.odd_hours.days) },
    door_speed: { fastest: highest(history, day, of.door_speed.days, 'fastest') },
    shared_phone: { contracts: BigInt(today.onePhone) },
    returned_payouts: { returned: within(sums.payoutsReturned, day, of.returned_payouts.days) },
    lease_end: { daysLeft: BigInt(today.daysToLeaseEnd), contracts: BigInt(today.contracts), balanceFen: 0n }
  }
}

export type Raised = Readonly<{ indicator: Tested; day: number }>

/** The alerts that a history would have opened, one after the other for each indicator. */
export const alertsOf = ({ days: history }: Pool, { indicators: of, quietDays, confirmDays }: EarlyWarningRule): Raised[] => {
  const sums = sumsOf(history)
  const before = new Map<Tested, Reading>()
  const open = new Map<Tested, number>()
  const closed = new Map<Tested, string>()
  const raised: Raised[] = []
  for (let number = firstDay; number < history.length; number++) {
    const day = addDays(begin, number)
    const figures = figuresOn(history, sums, number, of)
    for (const indicator of tested) {
      const judged = { setting: of[indicator], ruleFrom: begin, ruleScope: '*' }
      const reading = readingOf({ merchantId, indicator, day }, { figures: figures[indicator], about: {} }, judged, before.get(indicator))
      before.set(indicator, reading)
      const since = open.get(indicator)
      if (since !== undefined && isBack(reading, addDays(begin, since), confirmDays)) {
        open.delete(indicator)
        closed.set(indicator, day)
      } else if (since === undefined && reading.level === 'alert' && opensAlert(reading, of[indicator], closed.get(indicator), quietDays)) {
        open.set(indicator, number)
        raised.push({ indicator, day: number })
      }
    }
  }
  return raised
}

const seed = 20_260_401
const counts: Readonly<Record<Scenario, number>> = { healthy: 200, runs_off: 40, withers: 40, shams_visits: 40, loses_lease: 40, shuts_at_once: 40 }
/** How long before the end an alert may come and still be about it. */
const aboutDays = 90

type Judged = Readonly<{ pool: Pool; raised: readonly Raised[]; timely: readonly Raised[] }>

const judge = (pool: Pool, rule: EarlyWarningRule): Judged => {
  const raised = alertsOf(pool, rule)
  return { pool, raised, timely: pool.shutsOn === undefined ? [] : raised.filter(({ day }) => (pool.shutsOn as number) - day <= aboutDays) }
}

const quantile = (values: readonly number[], part: number): number | undefined => [...values].sort((a, b) => a - b)[Math.floor(part * (values.length - 1))]
const percent = (part: number, all: number): string => (all === 0 ? '–' : `${Math.round((100 * part) / all)}%`)
const leadOf = ({ pool, timely }: Judged, only?: Indicator): number | undefined => {
  const found = timely.filter(({ indicator }) => only === undefined || indicator === only).map(({ day }) => (pool.shutsOn as number) - day)
  return found.length === 0 ? undefined : Math.max(...found)
}
const leads = (judged: readonly Judged[], only?: Indicator): number[] => judged.flatMap((one) => leadOf(one, only) ?? [])
const span = (values: readonly number[]): string => (values.length === 0 ? '–' : `${quantile(values, 0.5)} (${quantile(values, 0.1)}–${quantile(values, 0.9)})`)

const scenarios: Readonly<Record<Exclude<Scenario, 'healthy'>, string>> = {
  runs_off: 'runs off: takes more money while it serves less, then is gone', withers: 'withers: fewer come, fewer buy, more ask for their money',
  shams_visits: 'shams visits: redeems at night and in bulk, on a few phones, to have the money released', loses_lease: 'loses its lease, and had not said so',
  shuts_at_once: 'shuts from one day to the next, without any sign before'
}

/** Of pools that are flagged, how many shut, where one in so many shuts within the quarter. */
const precisionAt = (base: number, caught: number, failing: number, alarmed: number, healthy: number): string => {
  const [hit, alarm] = [base * (caught / failing), (1 - base) * (alarmed / healthy)]
  return hit + alarm === 0 ? '–' : `${Math.round((100 * hit) / (hit + alarm))}%`
}

/** The back-test's tables. */
const renderBackTest = (rule: EarlyWarningRule): string[] => {
  const judged = pools(seed, counts).map((pool) => judge(pool, rule))
  const failing = judged.filter(({ pool }) => pool.shutsOn !== undefined)
  const healthy = judged.filter(({ pool }) => pool.shutsOn === undefined)
  const caught = failing.filter(({ timely }) => timely.length > 0)
  const quarters = healthy.length * Math.floor((420 - firstDay) / aboutDays)
  const alarmedQuarters = healthy.reduce((sum, { raised }) => sum + new Set(raised.map(({ day }) => Math.floor((day - firstDay) / aboutDays))).size, 0)
  const healthyYears = (healthy.length * (420 - firstDay)) / 365
  const countOf = (list: readonly Judged[]) => list.reduce((sum, { raised }) => sum + raised.length, 0)
  return [
    `${healthy.length} healthy and ${failing.length} failing pools, ${420 - firstDay} judged days each (a failing one until it shuts), seed ${seed}. An alert is about a failure when it comes in the ${aboutDays} days before it.`, '',
    '| | |', '|---|---|',
    `| failing pools that had an alert in time (recall) | ${caught.length} of ${failing.length}, ${percent(caught.length, failing.length)} |`,
    `| first such alert before the end, days: median (10%–90%) | ${span(leads(failing))} |`,
    `| healthy pools without any alert in the year | ${percent(healthy.filter(({ raised }) => raised.length === 0).length, healthy.length)} |`,
    `| alerts a healthy pool has in a year | ${(countOf(healthy) / healthyYears).toFixed(2)} |`,
    `| precision in this mix: of all pools that had an alert in a quarter, those that shut in it | ${percent(caught.length, caught.length + alarmedQuarters)} |`,
    `| precision where 5 in 100 pools shut within a quarter | ${precisionAt(0.05, caught.length, failing.length, alarmedQuarters, quarters)} |`,
    `| precision where 1 in 100 does | ${precisionAt(0.01, caught.length, failing.length, alarmedQuarters, quarters)} |`, '',
    '| a pool that | seen in time | lead, days: median (10%–90%) |', '|---|---|---|',
    ...Object.entries(scenarios).map(([scenario, text]) => {
      const those = failing.filter(({ pool }) => pool.scenario === scenario)
      return `| ${text} | ${percent(those.filter(({ timely }) => timely.length > 0).length, those.length)} | ${span(leads(those))} |`
    }), '',
    '| indicator | failing pools it saw | lead, days: median (10%–90%) | alerts per 100 healthy pool-years |', '|---|---|---|---|',
    ...tested.map((indicator) => {
      const seen = failing.filter(({ timely }) => timely.some((one) => one.indicator === indicator)).length
      const false100 = (100 * healthy.reduce((sum, { raised }) => sum + raised.filter((one) => one.indicator === indicator).length, 0)) / healthyYears
      return `| \`${indicator}\` | ${seen} | ${span(leads(failing, indicator))} | ${false100.toFixed(0)} |`
    })
  ]
}

// ---- definitions and procedure

const shown = (value: bigint | null, { unit }: (typeof indicators)[Indicator]): string => {
  if (value === null) return '–'
  return unit === 'basis_points' ? `${(Number(value) / 100).toString()}%` : value.toString()
}

const extras = ({ days, minimum, daysInARow, fromHour, toHour, seconds }: Setting): string => [
  ...(days > 1 ? [`${days} days`] : []), ...(minimum > 0n ? [`at least ${minimum}`] : []), ...(daysInARow > 1 ? [`${daysInARow} days in a row`] : []),
  ...(fromHour === undefined ? [] : [`${fromHour}:00–${toHour}:00`]), ...(seconds === undefined ? [] : [`within ${seconds} s`])
].join(', ')

const renderDefinitions = ({ indicators: of }: EarlyWarningRule): string[] => [
  '| indicator | 指标 | 定义 | definition | source figures | watch at | alert at | counted over |', '|---|---|---|---|---|---|---|---|',
  ...Indicator.options.map((indicator) => {
    const one = indicators[indicator]
    const figures = Object.entries(one.figures).map(([name, { traced }]) => `\`${name}\`${traced ? '' : ' (a dated rule)'}`).join(', ')
    return `| \`${indicator}\` | ${one.title.zh} | ${one.definition.zh} | ${one.definition.en} | ${figures} | ${shown(of[indicator].watchLine, one)} | ${shown(of[indicator].alertLine, one)} | ${extras(of[indicator])} |`
  })
]

const renderLeniency = ({ repeatMonths, faults }: LeniencyRule): string[] => [
  `A fault is a first one when there was no alert of its kind in ${repeatMonths} months.`, '',
  '| indicator | 问题 | fault | 整改 | what puts it right | within |', '|---|---|---|---|---|---|',
  ...faults.map(({ indicator, fault, rectification, rectifyDays }) => `| \`${indicator}\` | ${fault.zh} | ${fault.en} | ${rectification.zh} | ${rectification.en} | ${rectifyDays} days |`)
]

const then = ({ to, outcome }: Transition): string => (outcome === undefined ? to : `closed: ${outcome}`)
const due = { answer: 'the merchant\'s time to answer', check: 'the time in which the figures must come back', none: '' } as const

const renderProcedure = (): string[] => [
  '```mermaid', 'stateDiagram-v2', '  [*] --> open: figures',
  ...procedure.filter(({ from, to, outcome }) => from !== to || outcome !== undefined)
    .map(({ from, event, to, outcome }) => `  ${from} --> ${outcome === undefined ? to : '[*]'}: ${event}${outcome === undefined ? '' : ` (${outcome})`}`),
  '```', '',
  '| state | event | who | only if | then | a term begins |', '|---|---|---|---|---|---|',
  ...procedure.map((row) => `| ${row.from} | \`${row.event}\` | ${row.by} | ${row.guard === undefined ? '' : guards[row.guard].en} | ${then(row)} | ${due[row.due]} |`)
]

// ---- the page

const parts = (): Readonly<Record<string, readonly string[]>> => {
  const { warning, leniency } = settings()
  return { definitions: renderDefinitions(warning), procedure: renderProcedure(), leniency: renderLeniency(leniency), backtest: renderBackTest(warning) }
}

/** The page as it stands, and with its generated parts made anew. */
export const readPage = (): { is: string; shouldBe: string } => {
  const is = readFileSync(page, 'utf8')
  let shouldBe = is
  for (const [name, lines] of Object.entries(parts())) {
    const [begins, ends] = [`<!-- ${name}: made by npm run docs:warnings -->`, `<!-- end of ${name} -->`]
    const [from, to] = [shouldBe.indexOf(begins), shouldBe.indexOf(ends)]
    if (from < 0 || to < from) throw new Error(`docs/early-warning.md has no place for ${name}`)
    shouldBe = `${shouldBe.slice(0, from + begins.length)}\n\n${lines.join('\n')}\n\n${shouldBe.slice(to)}`
  }
  return { is, shouldBe }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, readPage().shouldBe)
