/*
 * Made-up histories of pools, some that go on and some that shut, for the back-test of early
 * warning. Everything comes from one seed: the same seed gives the same histories on any machine.
 * A history is what the books and the door would have of each day; no figure is computed here.
 *
 * How pools behave is assumed, not observed: the numbers below are ours. What the back-test can
 * show is whether the rules see what they are meant to see in time, and what they would cost in
 * false alarms under these assumptions; not how real pools fail.
 */

export const days = 420
/** From this day on a history is judged: before it there is too little past. */
export const firstDay = 60

export type Scenario = 'healthy' | 'runs_off' | 'withers' | 'shams_visits' | 'loses_lease' | 'shuts_at_once'

export type PoolDay = Readonly<{
  salesFen: bigint
  visits: number
  visitsAtNight: number
  refunds: number
  disputes: number
  /** contracts open on the day */
  contracts: number
  payoutsReturned: number
  /** the most visits that one cashier scanned within a minute */
  fastest: number
  /** the most contracts that one phone redeemed in the four weeks to the day */
  onePhone: number
  daysToLeaseEnd: number
}>

export type Pool = Readonly<{ scenario: Scenario; shutsOn: number | undefined; days: readonly PoolDay[] }>

/** Mulberry32: 32 bits of state, the same everywhere. */
const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Random = ReturnType<typeof randomFrom>

const between = (random: Random, low: number, high: number): number => low + random() * (high - low)

/** A count with this mean; over 40 by the normal curve, which is near enough. */
const poisson = (random: Random, mean: number): number => {
  if (mean <= 0) return 0
  if (mean > 40) {
    const z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * z))
  }
  const end = Math.exp(-mean)
  let count = 0
  for (let p = random(); p > end; p *= random()) count += 1
  return count
}

/** From 0 at the beginning of a time before the end to 1 at the end. */
const ramp = (day: number, end: number, length: number): number => Math.min(1, Math.max(0, (day - (end - length)) / length))

/** How a pool's own habits differ from those of others. */
const characterOf = (random: Random) => {
  const contracts = Math.round(between(random, 120, 900))
  return {
    contracts,
    visitsPerDay: contracts * between(random, 0.06, 0.14),
    priceFen: Math.round(between(random, 60_000, 300_000)),
    refundsPer100: between(random, 0.4, 2.6),
    disputesPer100: between(random, 0.02, 0.45),
    /** one in twelve is open around the clock, and its visits at night are honest */
    night: random() < 1 / 12 ? between(random, 0.04, 0.14) : between(random, 0, 0.012),
    season: between(random, 0, 0.5),
    peak: Math.floor(between(random, 0, 365)),
    drift: between(random, -0.25, 0.35),
    promotions: [between(random, 0, 1), between(random, 0, 1)].map((at) => Math.floor(at * days)),
    promotionDays: Math.floor(between(random, 5, 14)),
    promotionFactor: between(random, 1.8, 4),
    holiday: Math.floor(between(random, 0, days)),
    fastest: Math.floor(between(random, 3, 9)),
    /** one in forty has a coach who scans for a whole group of children */
    family: random() < 1 / 40 ? 9 : Math.floor(between(random, 1, 4)),
    returnsPerYear: random() < 0.15 ? 1.2 : 0.1,
    leaseAt: Math.floor(between(random, 500, 2_000))
  }
}

/** What is not as it was before a pool shuts: factors that are 1 while all is well. */
const failingOf = (scenario: Scenario, random: Random) => {
  const length = between(random, 45, 100)
  const strength = between(random, 0.6, 1.4)
  return (day: number, shutsOn: number) => {
    const near = ramp(day, shutsOn, length)
    const last = ramp(day, shutsOn, 35)
    switch (scenario) {
      case 'runs_off': return { sales: 1 + 2.2 * strength * near, visits: 1 - 0.5 * near, refunds: 1 + 3 * strength * last, disputes: 1 + 6 * strength * last, night: 0, fast: 0, phone: 0 }
      case 'withers': return { sales: 1 - 0.5 * near, visits: 1 - 0.6 * near, refunds: 1 + 2.5 * strength * near, disputes: 1 + 5 * strength * near, night: 0, fast: 0, phone: 0 }
      case 'shams_visits': return { sales: 1, visits: 1 + 0.4 * near, refunds: 1 + 0.5 * last, disputes: 1 + 3 * strength * last, night: 0.2 * strength * near, fast: 18 * strength * near, phone: 9 * strength * near }
      default: return { sales: 1, visits: 1, refunds: 1, disputes: 1, night: 0, fast: 0, phone: 0 }
    }
  }
}

const weekly = [0.8, 0.75, 0.8, 0.85, 1, 1.5, 1.4]

/** One pool's history by its seed. */
export const poolOf = (scenario: Scenario, seed: number): Pool => {
  const random = randomFrom(seed)
  const self = characterOf(random)
  const shutsOn = scenario === 'healthy' ? undefined : Math.floor(between(random, 260, days))
  const failing = failingOf(scenario, random)
  const leaseAt = scenario === 'loses_lease' ? shutsOn as number : self.leaseAt
  let contracts = self.contracts
  const history: PoolDay[] = []
  for (let day = 0; day < (shutsOn ?? days); day++) {
    const now = failing(day, shutsOn ?? days)
    const isHoliday = day >= self.holiday && day < self.holiday + 7
    const season = 1 + self.season * Math.cos((2 * Math.PI * (day - self.peak)) / 365)
    const growth = 1 + (self.drift * day) / days
    const isPromoted = self.promotions.some((from) => day >= from && day < from + self.promotionDays)
    const sales = poisson(random, (self.contracts / 200) * season * growth * now.sales * (isPromoted ? self.promotionFactor : 1) * (isHoliday ? 0.1 : 1))
    const visits = poisson(random, self.visitsPerDay * season * growth * now.visits * (weekly[day % 7] as number) * (isHoliday ? 0.05 : 1))
    const refunds = poisson(random, (contracts * self.refundsPer100 * now.refunds) / 2_800)
    contracts = Math.max(20, contracts + sales - refunds - poisson(random, contracts / 200))
    history.push({
      salesFen: BigInt(Math.round(sales * self.priceFen * between(random, 0.85, 1.15))),
      visits,
      visitsAtNight: poisson(random, visits * (self.night + now.night)),
      refunds,
      disputes: poisson(random, (contracts * self.disputesPer100 * now.disputes) / 2_800),
      contracts,
      payoutsReturned: poisson(random, self.returnsPerYear / 365),
      fastest: self.fastest + poisson(random, 1.5) + Math.round(now.fast),
      onePhone: self.family + Math.round(now.phone),
      daysToLeaseEnd: leaseAt - day
    })
  }
  return { scenario, shutsOn, days: history }
}

/** So many pools of each kind, from one seed. */
export const pools = (seed: number, counts: Readonly<Record<Scenario, number>>): Pool[] =>
  (Object.entries(counts) as [Scenario, number][]).flatMap(([scenario, count], kind) =>
    Array.from({ length: count }, (_, i) => poolOf(scenario, seed + kind * 1_000_003 + i * 7_919)))
