import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import { addDays } from '../kernel/calendar.js'
import type { Offices } from '../offices/service.js'

/*
 * The sandbox's clock runs years ahead of the State Council, which arranges a year's holidays in
 * the autumn before. So that terms in working days can be counted there, it has the statutory
 * holidays of the years to come (全国年节及纪念日放假办法, as revised for 2025), without the days
 * that are shifted around them. Nothing of it exists outside the sandbox.
 */

/** Spring Festival (its first day), Qingming, Dragon Boat and Mid-Autumn of a year, month and day. */
const movable: Readonly<Record<string, readonly [string, string, string, string]>> = {
  2027: ['02-06', '04-05', '06-09', '09-15'],
  2028: ['01-26', '04-04', '05-28', '10-03'],
  2029: ['02-13', '04-04', '06-16', '09-22'],
  2030: ['02-03', '04-05', '06-05', '09-12'],
  2031: ['01-23', '04-05', '06-24', '10-01'],
  2032: ['02-11', '04-04', '06-12', '09-19'],
  2033: ['01-31', '04-04', '06-01', '09-08'],
  2034: ['02-19', '04-05', '06-20', '09-27'],
  2035: ['02-08', '04-05', '06-10', '09-16'],
  2036: ['01-28', '04-04', '05-30', '10-04']
}

const arrangementOf = (year: string, [spring, qingming, dragonBoat, midAutumn]: readonly [string, string, string, string]) => {
  const on = (day: string) => `${year}-${day}`
  const one = (day: string): [string, string] => [on(day), on(day)]
  return {
    off: [one('01-01'), [addDays(on(spring), -1), addDays(on(spring), 2)], one(qingming), [on('05-01'), on('05-02')], one(dragonBoat), one(midAutumn), [on('10-01'), on('10-03')]],
    worked: []
  }
}

/** Enters the years to come; what is there stays as it is. Safe at every start. */
export const createHolidaySeed = ({ work, offices }: Readonly<{ work: UnitOfWork; offices: Offices }>) => (): Promise<void> =>
  work.write(worker, 0, async (tx) => {
    for (const [year, days] of Object.entries(movable)) {
      await offices.enterRule(tx, {
        name: 'public_holidays', scope: '*', validFrom: `${year}-01-01`, validTo: `${year}-12-31`, value: arrangementOf(year, days),
        source: '沙箱:法定节假日,调休安排以国务院公布为准', confirmed: false
      })
    }
  })
