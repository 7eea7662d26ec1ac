import fc from 'fast-check'
import t from 'tap'
import { readPage, settings } from '../../scripts/warnings.js'
import { addDays } from '../../src/kernel/calendar.js'
import { Problem } from '../../src/kernel/problem.js'
import { AlertActor, AlertEvent, AlertState, Indicator, type AlertRecord, type Figures, type Reading, type Setting } from '../../src/warnings/model.js'
import { eventsOf, moved, procedure, step } from '../../src/warnings/procedure/rules.js'
import { daysDue, indicators, isBack, isWell, lateDaysMax, leniencyFor, levelOf, opensAlert, readingOf, traceOf } from '../../src/warnings/rules.js'

t.test('docs/early-warning.md is what the settings, the rules and the back-test say', async (t) => {
  const { is, shouldBe } = readPage()
  t.equal(is, shouldBe, 'run npm run docs:warnings')
})

const merchantId = 'mer_00000000000000000000000000'
const { warning, leniency } = settings()
const judged = (setting: Setting) => ({ setting, ruleFrom: '2026-01-01', ruleScope: '*' })

/** Figures by name, with what is not named at nothing. */
const figuresOf = (indicator: Indicator, named: Record<string, bigint>): Figures =>
  ({ ...Object.fromEntries(Object.keys(indicators[indicator].figures).map((name) => [name, 0n])), ...named })

t.test('values, worked by hand', async (t) => {
  const cases: readonly [Indicator, Record<string, bigint>, bigint | null][] = [
    ['cap_balance', { largestBalanceFen: 1_900_000n, persons: 3n, capFen: 2_000_000n }, 9_500n],
    ['cap_balance', { largestBalanceFen: 2_000_000n, persons: 1n, capFen: 2_000_000n }, 10_000n],
    ['cap_balance', { largestBalanceFen: 2_000_001n, persons: 1n, capFen: 2_000_000n }, 10_001n],
    ['cap_balance', { capFen: 2_000_000n }, null],
    ['balance_line', { balanceFen: 30_000_000n, lineFen: 20_000_000n }, 15_000n],
    ['lease_end', { daysLeft: -2n, contracts: 1n }, -2n],
    ['lease_end', { daysLeft: 5n, contracts: 0n }, null],
    ['sales_surge', { salesFen: 150n, salesBeforeFen: 100n, checkIns: 70n, checkInsBefore: 100n }, 3_000n],
    ['sales_surge', { salesFen: 110n, salesBeforeFen: 100n, checkIns: 10n, checkInsBefore: 100n }, 1_000n],
    ['sales_surge', { salesFen: 500n, salesBeforeFen: 100n, checkIns: 130n, checkInsBefore: 100n }, 0n],
    ['sales_surge', { salesFen: 500n, salesBeforeFen: 0n, checkIns: 10n, checkInsBefore: 100n }, null],
    ['sales_surge', { salesFen: 500n, salesBeforeFen: 100n, checkIns: 10n, checkInsBefore: 59n }, null],
    ['refund_rate', { refunds: 6n, contracts: 120n }, 500n],
    ['refund_rate', { refunds: 6n, contracts: 49n }, null],
    ['dispute_rate', { disputes: 1n, contracts: 300n }, 33n],
    ['odd_hours', { oddCheckIns: 5n, checkIns: 50n }, 1_000n],
    ['odd_hours', { oddCheckIns: 5n, checkIns: 5n }, null],
    ['door_speed', { fastest: 12n }, 12n],
    ['shared_phone', { contracts: 9n }, 9n],
    ['returned_payouts', { returned: 2n }, 2n]
  ]
  for (const [indicator, named, value] of cases) {
    t.equal(indicators[indicator].measure(figuresOf(indicator, named), warning.indicators[indicator]), value, `${indicator} of ${Object.entries(named).map(([name, n]) => `${name} ${n}`).join(', ')}`)
  }
})

t.test('every figure that is traced has its rows, and no other', async (t) => {
  for (const indicator of Indicator.options) {
    for (const [name, { traced }] of Object.entries(indicators[indicator].figures)) {
      const selection = traceOf({ indicator, day: '2026-05-31', about: {}, windowDays: 28 }, name)
      t.equal(selection !== undefined, traced, `${indicator} ${name}`)
      if (selection && 'from' in selection) t.ok(selection.from < selection.until)
    }
    t.equal(traceOf({ indicator, day: '2026-05-31', about: {}, windowDays: 28 }, 'unknown'), undefined)
  }
})

const amount = fc.bigInt(0n, 10n ** 12n)
const ladder = ['too_few', 'normal', 'watch', 'alert']

t.test('worse figures are never judged better', async () => {
  const worse: readonly [Indicator, string, 1n | -1n][] = [
    ['cap_balance', 'largestBalanceFen', 1n], ['balance_line', 'balanceFen', 1n], ['lease_end', 'daysLeft', -1n], ['sales_surge', 'salesFen', 1n], ['sales_surge', 'checkIns', -1n],
    ['refund_rate', 'refunds', 1n], ['dispute_rate', 'disputes', 1n], ['odd_hours', 'oddCheckIns', 1n], ['door_speed', 'fastest', 1n], ['shared_phone', 'contracts', 1n], ['returned_payouts', 'returned', 1n]
  ]
  fc.assert(fc.property(fc.constantFrom(...worse), fc.array(amount, { minLength: 6, maxLength: 6 }), fc.bigInt(1n, 10n ** 10n), ([indicator, figure, sign], values, step) => {
    const { measure, figures: names } = indicators[indicator]
    const figures = Object.fromEntries(Object.keys(names).map((name, i) => [name, values[i] as bigint]))
    const setting = warning.indicators[indicator]
    const [before, after] = [measure(figures, setting), measure({ ...figures, [figure]: (figures[figure] as bigint) + sign * step }, setting)]
    if (before === null || after === null) return
    const [was, is] = [before, after].map((value) => ladder.indexOf(levelOf(indicator, value, setting))) as [number, number]
    if (is < was) throw new Error(`${indicator}: ${before} is ${was}, ${after} is ${is}`)
    if (levelOf(indicator, after, setting) === 'alert' && isWell(indicator, after, setting)) throw new Error('at alert level, and well')
  }))
})

t.test('days in a row are those that a plain count finds; one alert is open at a time, and quiet days are kept', async () => {
  const setting: Setting = { ...warning.indicators.door_speed, watchLine: 3n, alertLine: 6n, backLine: 5n, daysInARow: 2 }
  fc.assert(fc.property(fc.array(fc.bigInt(0n, 9n), { minLength: 1, maxLength: 90 }), (values) => {
    let before: Reading | undefined
    let open: string | undefined
    let closed: string | undefined
    let lastClosed: number | undefined
    values.forEach((fastest, i) => {
      const day = addDays('2026-01-01', i)
      const reading = readingOf({ merchantId, indicator: 'door_speed', day }, { figures: { fastest }, about: {} }, judged(setting), before)
      const runOf = (holds: (value: bigint) => boolean): number => [...values.slice(0, i + 1)].reverse().findIndex((value) => !holds(value))
      const counted = (run: number): number => (run < 0 ? i + 1 : run)
      if (reading.alertDays !== counted(runOf((value) => value >= 6n))) throw new Error(`${i}: ${reading.alertDays} alert days`)
      if (reading.calmDays !== counted(runOf((value) => value < 5n))) throw new Error(`${i}: ${reading.calmDays} calm days`)
      if (open !== undefined && isBack(reading, open, 3)) { closed = day; lastClosed = i; open = undefined } else if (open === undefined && opensAlert(reading, setting, closed, 10)) {
        if (reading.alertDays < 2) throw new Error('opened too soon')
        if (reading.alertDays > 2 && lastClosed !== undefined && i - lastClosed < 10) throw new Error('opened on the same figures within the quiet days')
        open = day
      } else if (open === undefined && reading.alertDays === 2) throw new Error('not opened')
      before = reading
    })
  }))
})

t.test('a late run makes every day that is over once, in order, and not more than it may', async () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 500 }), fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }), (today, last) => {
    const on = (n: number): string => addDays('2026-01-01', n)
    const due = daysDue(last === undefined ? undefined : on(last), on(today))
    if (due.some((day, i) => i > 0 && day !== addDays(due[i - 1] as string, 1))) throw new Error('a gap')
    const expected = last === undefined ? 1 : Math.min(lateDaysMax, Math.max(0, today - 1 - last))
    if (due.length !== expected) throw new Error(`${due.length} instead of ${expected}`)
    if (due.length > 0 && due.at(-1) !== on(today - 1)) throw new Error('not until yesterday')
  }))
})

t.test('leniency is for what is on the list, the first time in the months that count', async (t) => {
  t.equal(leniencyFor('odd_hours', '2026-06-01', leniency, undefined), 15)
  t.equal(leniencyFor('odd_hours', '2026-06-01', leniency, '2025-05-31'), 15)
  t.equal(leniencyFor('odd_hours', '2026-06-01', leniency, '2025-06-01'), undefined, 'not the first')
  t.equal(leniencyFor('sales_surge', '2026-06-01', leniency, undefined), undefined, 'not on the list')
})

const at = new Date('2026-06-01T00:00:00Z')
const anAlert = (more: Partial<AlertRecord>): AlertRecord => ({
  id: 'alr_00000000000000000000000000', merchantId, indicator: 'odd_hours', state: 'open', day: '2026-05-31', openedAt: at, isFirstMinor: false,
  answerBy: new Date('2026-06-08T00:00:00Z'), changedAt: at, dueAt: new Date('2026-06-08T00:00:00Z'), closedAt: null, outcome: null, ...more
})

t.test('a step is a row of the procedure, or it is refused; a first minor fault is never taken further in its time', async (t) => {
  const ends = { answer: new Date('2026-07-01T00:00:00Z'), check: new Date('2026-07-10T00:00:00Z') }
  let steps = 0
  for (const state of AlertState.options) for (const isFirstMinor of [true, false]) for (const isClosed of [true, false]) for (const now of ['2026-06-02', '2026-06-08']) {
    const alert = anAlert({ state, isFirstMinor, ...(isClosed ? { closedAt: at, outcome: 'accepted', dueAt: null } : {}) })
    const when = new Date(`${now}T00:00:00Z`)
    for (const event of AlertEvent.options) for (const by of AlertActor.options) {
      const may = eventsOf(alert, by, when).includes(event)
      try {
        const row = step(alert, event, by, when)
        steps++
        if (!may || isClosed || !procedure.includes(row) || row.from !== state || row.by !== by) t.fail(`${state} ${event} by ${by}`)
        if (event === 'escalate' && isFirstMinor && now < '2026-06-08') t.fail('taken further before its time was over')
        const after = moved(alert, row, when, ends)
        if ((after.closedAt === null) !== (after.outcome === null) || (after.closedAt !== null && after.dueAt !== null)) t.fail(`${state} ${event}: closed, and not`)
        if (after.changedAt !== when || after.state !== row.to) t.fail(`${state} ${event}: not moved`)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        if (may) t.fail(`${state} ${event} by ${by} refused: ${error.message}`)
        const isLenient = event === 'escalate' && by === 'bureau' && isFirstMinor && !isClosed && state !== 'escalated'
        if (error.code !== (isLenient ? 'rectification_open' : procedure.some((row) => row.event === event && row.by === by) ? 'wrong_state' : 'forbidden')) t.fail(`${state} ${event} by ${by}: ${error.code}`)
      }
    }
  }
  t.ok(steps > 30, `${steps} steps`)
  t.same(AlertEvent.options.filter((event) => event !== 'open' && !procedure.some((row) => row.event === event)), [], 'every event has its place')
})
