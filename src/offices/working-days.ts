import { z } from 'zod'
import type { Tx } from '../db/unit-of-work.js'
import { addDays, BusinessDate, dateOf, startOf } from '../kernel/calendar.js'
import { addWorkingDays, type HolidayYear } from '../kernel/working-days.js'
import type { Offices } from './service.js'

/*
 * Terms in working days, by the dated rule `public_holidays`: one row a year, as the State Council
 * publishes it in the autumn before.
 */

const rule = 'public_holidays'

const HolidayRule = z.object({
  /** first and last day of each holiday, weekends included */
  off: z.array(z.tuple([BusinessDate, BusinessDate])),
  /** weekend days worked in exchange */
  worked: z.array(BusinessDate)
})

const daysOf = ([first, last]: readonly [string, string]): string[] => {
  const days = [first]
  while ((days.at(-1) as string) < last) days.push(addDays(days.at(-1) as string, 1))
  return days
}

export const createWorkingDays = ({ offices }: Readonly<{ offices: Pick<Offices, 'ruleInForce'> }>) => {
  const yearOf = async (tx: Tx, year: string): Promise<HolidayYear | undefined> => {
    const found = await offices.ruleInForce(tx, rule, [], `${year}-12-31`)
    if (!found?.validFrom.startsWith(year)) return undefined
    const { off, worked } = HolidayRule.parse(found.value)
    return { off: new Set(off.flatMap(daysOf)), worked: new Set(worked) }
  }

  /**
   * The end of the `count`-th working day after an instant: the term's last moment.
   * @throws holidays_unknown (503) when it runs into a year whose holidays have not been entered
   */
  const endOf = async (tx: Tx, from: Date, count: number): Promise<Date> => {
    const date = dateOf(from)
    const years = [date.slice(0, 4), (Number(date.slice(0, 4)) + 1).toString()]
    const holidays = new Map<string, HolidayYear>()
    for (const year of years) {
      const arranged = await yearOf(tx, year)
      if (arranged) holidays.set(year, arranged)
    }
    return startOf(addDays(addWorkingDays(date, count, holidays), 1))
  }

  return { endOf }
}

export type WorkingDays = ReturnType<typeof createWorkingDays>
