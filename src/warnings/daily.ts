import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { addDays, dateOf, daysBetween } from '../kernel/calendar.js'
import { idOf } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import type { Job } from '../timetable/service.js'
import type { Alerts } from './alerts.js'
import { Indicator, type Facts, type Reading, type Setting } from './model.js'
import { beginOf, daysDue, endOf, leniencyFor, nightOf, opensAlert, readingOf, secondsOf } from './rules.js'
import type { Settings, WarningInForce } from './settings.js'
import { countContracts, countFastest, countNights, countOf, countShared, countSurge, findLastDay, findLeaseEnds, findNextDue, insertReadings, listCounts, listPast, listWatched, lockOpenAlerts, pairOf, takeDay } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; settings: Settings; alerts: Alerts }>

type Limits = Awaited<ReturnType<Settings['limits']>>
type Watched = Readonly<{ id: MerchantId; district: string }>

const none = { figures: {}, about: {} }

/**
 * Makes the figures of each day that is over, once, for all merchants of an office: a handful of
 * set-based statements whatever the number of merchants. Figures are counted from what is dated, as
 * of the end of the day, so a late run counts what one on time would have counted.
 *
 * No day is waited for: whatever run comes first after its end makes it. A sandbox whose clock is
 * moved over many days makes them at the end of the move.
 */
export const createDailyFigures = ({ work, settings, alerts }: Dependencies) => {
  /** Everything counted of a day, by one setting, of all merchants. */
  const countAll = async (tx: Tx, day: string, of: Readonly<Record<Indicator, Setting>>) => {
    const until = endOf(day)
    const spanOf = ({ days }: Setting) => ({ from: beginOf(day, days), until })
    return {
      nights: await countNights(tx, spanOf(of.odd_hours), nightOf(of.odd_hours)),
      fastest: await countFastest(tx, spanOf(of.door_speed), secondsOf(of.door_speed)),
      shared: await countShared(tx, spanOf(of.shared_phone)),
      surge: await countSurge(tx, { ...spanOf(of.sales_surge), before: beginOf(day, of.sales_surge.days * 2) }),
      refunds: await countOf(tx, 'refund', spanOf(of.refund_rate)),
      disputes: await countOf(tx, 'dispute', spanOf(of.dispute_rate)),
      returns: await countOf(tx, 'payout_return', spanOf(of.returned_payouts)),
      contracts: await countContracts(tx, until, beginOf(day, of.refund_rate.days), beginOf(day, of.dispute_rate.days)),
      leases: await findLeaseEnds(tx)
    }
  }

  type Counts = Awaited<ReturnType<typeof countAll>>

  const factsOf = (id: MerchantId, day: string, counts: Counts, of: Readonly<Record<Indicator, Setting>>, { capFen, lineFen }: Limits): Readonly<Record<Indicator, Facts>> => {
    const contracts = counts.contracts.get(id)
    const held = { contracts: contracts?.contracts ?? 0n, balanceFen: contracts?.balanceFen ?? 0n }
    const lease = counts.leases.get(id)
    const surge = counts.surge.get(id)
    const nights = counts.nights.get(id)
    const night = nightOf(of.odd_hours)
    const fastest = counts.fastest.get(id)
    const shared = counts.shared.get(id)
    return {
      cap_balance: {
        figures: { largestBalanceFen: contracts?.largestBalanceFen ?? 0n, persons: contracts?.persons ?? 0n, capFen },
        about: contracts?.person ? { person: contracts.person } : {}
      },
      balance_line: { figures: { ...held, lineFen }, about: {} },
      lease_end: lease
        ? { figures: { daysLeft: BigInt(daysBetween(day, lease.leaseUntil)), ...held }, about: { venueId: idOf('ven', lease.venueId), leaseUntil: lease.leaseUntil } }
        : { ...none, figures: held },
      sales_surge: {
        figures: { salesFen: surge?.salesFen ?? 0n, salesBeforeFen: surge?.salesBeforeFen ?? 0n, checkIns: surge?.checkIns ?? 0n, checkInsBefore: surge?.checkInsBefore ?? 0n },
        about: {}
      },
      refund_rate: { figures: { refunds: counts.refunds.get(id)?.count ?? 0n, contracts: contracts?.forRefunds ?? 0n }, about: {} },
      dispute_rate: { figures: { disputes: counts.disputes.get(id)?.count ?? 0n, contracts: contracts?.forDisputes ?? 0n }, about: {} },
      odd_hours: {
        figures: { oddCheckIns: nights?.oddCheckIns ?? 0n, checkIns: nights?.checkIns ?? 0n },
        about: { fromHour: night.from.toString(), toHour: night.to.toString() }
      },
      door_speed: fastest
        ? { figures: { fastest: fastest.fastest }, about: { at: fastest.at.toISOString(), cashier: fastest.cashier ?? '', venueId: idOf('ven', fastest.venueId), seconds: secondsOf(of.door_speed).toString() } }
        : { ...none, figures: { fastest: 0n } },
      shared_phone: { figures: { contracts: shared?.contracts ?? 0n }, about: { phone: shared?.phone ?? '' } },
      returned_payouts: { figures: { returned: counts.returns.get(id)?.count ?? 0n }, about: {} }
    }
  }

  const readingsIn = async (tx: Tx, day: string, watched: readonly Watched[], rules: ReadonlyMap<string, WarningInForce>): Promise<Reading[]> => {
    const before = new Map((await listCounts(tx, addDays(day, -1))).map((row) => [pairOf(row), row]))
    const bySetting = new Map<string, Counts>()
    const readings: Reading[] = []
    for (const [district, { value, validFrom, scope }] of rules) {
      const limits = await settings.limits(tx, district, day)
      const key = `${validFrom} ${scope}`
      const counts = bySetting.get(key) ?? await countAll(tx, day, value.indicators)
      bySetting.set(key, counts)
      for (const { id } of watched.filter((merchant) => merchant.district === district)) {
        const facts = factsOf(id, day, counts, value.indicators, limits)
        for (const indicator of Indicator.options) {
          const of = { merchantId: id, indicator, day }
          readings.push(readingOf(of, facts[indicator], { setting: value.indicators[indicator], ruleFrom: validFrom, ruleScope: scope }, before.get(pairOf(of))))
        }
      }
    }
    return readings
  }

  /** Opens alerts, and looks at those that are open, by a day's readings. */
  const followUp = async (tx: Tx, day: string, readings: readonly Reading[], watched: readonly Watched[], rules: ReadonlyMap<string, WarningInForce>, at: Date): Promise<void> => {
    const districts = new Map(watched.map(({ id, district }) => [id, district]))
    const ruleOf = ({ merchantId }: Reading): WarningInForce['value'] => (rules.get(districts.get(merchantId) ?? '') as WarningInForce).value
    const standing = await lockOpenAlerts(tx)
    const byPair = new Map(readings.map((reading) => [pairOf(reading), reading]))
    for (const alert of standing) {
      const reading = byPair.get(pairOf(alert))
      if (reading) await alerts.look(tx, alert, reading, ruleOf(reading).confirmDays, at)
    }
    const isOpen = new Set(standing.map(pairOf))
    const grave = readings.filter((reading) => reading.level === 'alert' && !isOpen.has(pairOf(reading)))
    const past = await listPast(tx, [...new Set(grave.map(({ merchantId }) => merchantId))])
    for (const reading of grave) {
      const { openedOn, closedAt } = past.get(pairOf(reading)) ?? {}
      const rule = ruleOf(reading)
      if (!opensAlert(reading, rule.indicators[reading.indicator], closedAt ? dateOf(closedAt) : undefined, rule.quietDays)) continue
      const { value: leniency } = await settings.leniency(tx, districts.get(reading.merchantId) ?? '', day)
      await alerts.open(tx, reading, rule, leniencyFor(reading.indicator, day, leniency, openedOn), at)
    }
  }

  const make = (office: number, day: string, at: Date): Promise<void> => work.write(worker, office, async (tx) => {
    if (!await takeDay(tx, day, at)) return
    const watched = await listWatched(tx, endOf(day))
    if (watched.length === 0) return
    const rules = new Map<string, WarningInForce>()
    for (const district of new Set(watched.map((merchant) => merchant.district))) rules.set(district, await settings.warning(tx, district, day))
    const readings = await readingsIn(tx, day, watched, rules)
    await insertReadings(tx, readings)
    await followUp(tx, day, readings, watched, rules, at)
  })

  /** Until which day each office's figures are made, so that a tick without a new day asks nothing. */
  const made = new Map<number, string>()

  const job: Job = {
    name: 'warnings',
    nextDue: (office) => (office === 0 ? Promise.resolve(null) : work.read(worker, office, findNextDue)),
    run: async (office, at) => {
      if (office === 0) return
      const today = dateOf(at)
      if ((made.get(office) ?? '') < addDays(today, -1)) {
        for (const day of daysDue(await work.read(worker, office, findLastDay), today)) await make(office, day, at)
        made.set(office, addDays(today, -1))
      }
      await alerts.runDue(office, at)
    }
  }

  return { job }
}
