import { addDays, type BusinessDate } from './calendar.js'
import { holidaysUnknown } from './problems.js'

/*
 * Working days as the State Council arranges them each year: weekdays that are no holidays, and
 * the weekend days that are worked in exchange. A year whose arrangement is not known cannot be
 * counted through, and is refused rather than guessed.
 */

/** One year's arrangement. */
export type HolidayYear = Readonly<{ off: ReadonlySet<BusinessDate>; worked: ReadonlySet<BusinessDate> }>

/** Arrangements by year, `YYYY`. */
export type Holidays = ReadonlyMap<string, HolidayYear>

const weekdayOf = (date: BusinessDate): number => new Date(`${date}T00:00:00Z`).getUTCDay()

/** @throws holidays_unknown (503) when the arrangement of the date's year has not been entered */
export const isWorkingDay = (date: BusinessDate, holidays: Holidays): boolean => {
  const year = date.slice(0, 4)
  const arranged = holidays.get(year)
  if (!arranged) throw holidaysUnknown({ year })
  if (arranged.worked.has(date)) return true
  return !arranged.off.has(date) && weekdayOf(date) % 6 !== 0
}

/** The `count`-th working day after a date; the date itself is not counted. @throws holidays_unknown (503) */
export const addWorkingDays = (from: BusinessDate, count: number, holidays: Holidays): BusinessDate => {
  let date = from
  for (let left = count; left > 0;) {
    date = addDays(date, 1)
    if (isWorkingDay(date, holidays)) left -= 1
  }
  return date
}
