import t from 'tap'
import { addWorkingDays, isWorkingDay, type Holidays } from '../../src/kernel/working-days.js'

/** As the State Council arranged 2026: the National Day holiday, with two weekend days worked for it. */
const holidays: Holidays = new Map([['2026', {
  off: new Set(['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04', '2026-10-05', '2026-10-06', '2026-10-07']),
  worked: new Set(['2026-09-20', '2026-10-10'])
}]])

t.test('weekends and holidays are no working days, weekend days worked in exchange are', async (t) => {
  for (const [date, works] of [['2026-09-30', true], ['2026-10-01', false], ['2026-10-05', false], ['2026-10-08', true], ['2026-10-10', true], ['2026-10-11', false], ['2026-09-19', false], ['2026-09-20', true]] as const) {
    t.equal(isWorkingDay(date, holidays), works, date)
  }
})

t.test('the day itself is not counted', async (t) => {
  t.equal(addWorkingDays('2026-11-23', 1, holidays), '2026-11-24')
  t.equal(addWorkingDays('2026-11-27', 5, holidays), '2026-12-04')
  t.equal(addWorkingDays('2026-09-30', 3, holidays), '2026-10-10')
  t.equal(addWorkingDays('2026-09-30', 0, holidays), '2026-09-30')
})

t.test('a year that is not known is refused, not guessed', async (t) => {
  t.throws(() => addWorkingDays('2026-12-29', 5, holidays), { code: 'holidays_unknown', facts: { year: '2027' } })
})
