import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { addDays, addMonths, after, BusinessDate, dateOf, dayMs, daysBetween, hourMs, Instant, startOf } from '../../src/kernel/calendar.js'

const instant = fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true })
const date = instant.map(dateOf)

const shanghai = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit' })

t.test('the business date of an instant is that of the time-zone database', async () => {
  fc.assert(fc.property(instant, (at) => dateOf(at) === shanghai.format(at)), { numRuns: 500 })
})

t.test('a business date begins at midnight in Shanghai, and holds until the next one begins', async () => {
  fc.assert(fc.property(date, (day) => {
    const [begin, end] = [startOf(day), startOf(addDays(day, 1))]
    return dateOf(begin) === day && dateOf(after(begin, -1)) === addDays(day, -1) && dateOf(after(end, -1)) === day && end.getTime() - begin.getTime() === dayMs
  }))
})

t.test('days added are days between', async () => {
  fc.assert(fc.property(date, fc.integer({ min: -40_000, max: 40_000 }), (day, days) =>
    daysBetween(day, addDays(day, days)) === days && addDays(addDays(day, days), BigInt(-days)) === day))
})

t.test('months end at their last day where the day does not exist', async (t) => {
  for (const [from, months, to] of [
    ['2026-01-31', 1, '2026-02-28'], ['2028-01-31', 1, '2028-02-29'], ['2026-01-31', 2, '2026-03-31'], ['2026-11-30', 3, '2027-02-28'],
    ['2026-12-15', 1, '2027-01-15'], ['2026-05-04', 0, '2026-05-04'], ['2026-05-04', 24, '2028-05-04'], ['2026-03-31', -1, '2026-02-28']
  ] as const) t.equal(addMonths(from, months), to, `${from} and ${months} months`)
})

t.test('months follow one another without a gap longer than 31 days', async () => {
  fc.assert(fc.property(date, fc.integer({ min: 0, max: 60 }), (day, months) => {
    const days = daysBetween(addMonths(day, months), addMonths(day, months + 1))
    return days >= 28 && days <= 31
  }))
})

t.test('instants and dates on the wire', async (t) => {
  fc.assert(fc.property(instant, (at) => z.decode(Instant, z.encode(Instant, at)).getTime() === at.getTime()))
  t.same(z.decode(Instant, '2026-05-04T08:00:00+08:00'), new Date('2026-05-04T00:00:00Z'))
  for (const bad of ['2026-05-04', '2026-05-04T00:00:00', '2026-02-30T00:00:00Z', 'now', '', 0, null]) t.notOk(z.safeDecode(Instant, bad as string).success, JSON.stringify(bad))
  for (const bad of ['2026-02-30', '2026-2-3', '20260504', '2026-05-04T00:00:00Z', '', 0, null]) t.notOk(BusinessDate.safeParse(bad).success, JSON.stringify(bad))
  t.equal(hourMs * 24, dayMs)
})
