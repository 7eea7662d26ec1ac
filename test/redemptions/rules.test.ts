import fc from 'fast-check'
import t from 'tap'
import type { Contract } from '../../src/contracts/model.js'
import { addDays } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import type { CheckInCode, Redeem, Release, TermCalendar } from '../../src/redemptions/model.js'
import { closeWindow, completeTerm, daysCounted, daysToRelease, nextReleaseDate, object, redeem, releaseDays, termEndOf, voidRelease, withdrawObjection } from '../../src/redemptions/rules.js'
import { aContract } from '../support/builders.js'

const now = new Date('2026-05-04T09:00:00Z')
const merchantId = newId('mer', 1)
const venueId = newId('ven', 1)

const codeOf = (contract: Contract, more: Partial<CheckInCode> = {}): CheckInCode => ({
  codeHash: '00'.repeat(32), contractId: contract.id, merchantId: contract.merchantId,
  expiresAt: new Date(now.getTime() + 60_000), usedAt: null, ...more
})

type Door = Partial<Parameters<typeof redeem<Contract>>[1]>

const take = (contract: Contract, request: Partial<Redeem> = {}, door: Door = {}) =>
  redeem({ code: 'x', venueId, ...request }, {
    code: codeOf(contract), contract, merchantId, venueMerchantId: merchantId, id: newId('red', 1), cashierId: newId('per', 0), date: '2026-05-04', now, ...door
  })

t.test('a session releases its part of the price, and the last one what is left of it', async (t) => {
  let contract = aContract({ merchantId, priceFen: 1000n, units: 3n })
  const amounts: bigint[] = []
  while (contract.status === 'active') {
    const outcome = take(contract)
    amounts.push(outcome.release.amountFen)
    contract = outcome.contract
  }
  t.same(amounts, [333n, 333n, 334n])
  t.match(contract, { status: 'completed', heldFen: 0n, pendingFen: 1000n })
})

t.test('gift sessions count: a price of 6,000 yuan over 20 + 1 sessions', async (t) => {
  const { contract } = take(aContract({ merchantId, priceFen: 600_000n, units: 21n }), { sessions: 12 })
  t.equal(contract.heldFen, 257_143n, 'what R2 owes after 12 uses is still held')
})

t.test('a stored-value card releases by face value, gifts included', async (t) => {
  const card = aContract({ merchantId, kind: 'stored_value', priceFen: 100_000n, units: 120_000n })
  const { release } = take(card, { amountFen: 6_000n })
  t.match(release, { amountFen: 5_000n, units: 6_000n, unitsLeft: 114_000n })
})

t.test('a term card\'s visit is recorded and releases nothing', async (t) => {
  const { contract, release } = take(aContract({ merchantId, kind: 'period', units: 30n, termStart: '2026-05-01' }))
  t.match(release, { state: 'recorded', amountFen: 0n, unitsLeft: null })
  t.equal(contract.pendingFen, 0n)
})

const contract = aContract({ merchantId })
const refusals: { when: string; as: string; of?: Contract; request?: Partial<Redeem>; door?: Door }[] = [
  { when: 'the code is unknown', as: 'code_invalid', door: { code: undefined } },
  { when: 'the code is another merchant\'s', as: 'code_invalid', door: { merchantId: newId('mer', 1) } },
  { when: 'the code was used', as: 'code_used', door: { code: codeOf(contract, { usedAt: now }) } },
  { when: 'the code is a minute old', as: 'code_expired', door: { code: codeOf(contract, { expiresAt: now }) } },
  { when: 'the contract is used up', as: 'no_sessions_left', of: { ...contract, status: 'completed' } },
  { when: 'more is asked than is left', as: 'no_sessions_left', request: { sessions: 11 } },
  { when: 'the contract is terminated', as: 'wrong_state', of: { ...contract, status: 'terminated' } },
  { when: 'the contract expires this instant', as: 'wrong_state', of: { ...contract, expiresAt: now } },
  { when: 'a refund is under way', as: 'contract_frozen', of: { ...contract, frozen: 'refund' } },
  { when: 'the venue is another merchant\'s', as: 'venue_not_covered', door: { venueMerchantId: newId('mer', 1) } },
  { when: 'the venue does not exist', as: 'venue_not_covered', door: { venueMerchantId: undefined } },
  { when: 'the contract names other venues', as: 'venue_not_covered', of: { ...contract, venueIds: [newId('ven', 1)] } },
  { when: 'an amount is given for a counted card', as: 'validation_failed', request: { amountFen: 100n } },
  { when: 'no amount is given for a stored-value card', as: 'validation_failed', of: { ...contract, kind: 'stored_value' } }
]
for (const { when, as: code, of = contract, request, door } of refusals) {
  t.test(`a redemption is refused when ${when}`, async (t) => {
    t.throws(() => take(of, request, door), { code })
  })
}

t.test('a void after rounding gives back exactly what was released', async (t) => {
  let contract = aContract({ merchantId, priceFen: 10n, units: 3n })
  const releases: Release[] = []
  for (let i = 0; i < 3; i++) {
    const outcome = take(contract)
    contract = outcome.contract
    releases.push(outcome.release)
  }
  const voided = voidRelease(contract, releases[0] as Release).contract
  t.match(voided, { status: 'active', heldFen: 3n, pendingFen: 7n, unitsUsed: 2n })
  const again = take(voided).contract
  t.match(again, { status: 'completed', heldFen: 0n, pendingFen: 10n })
})

t.test('an objection stops the window, and its withdrawal lets the rest of it run', async (t) => {
  const { contract, release } = take(aContract({ merchantId, objectionHours: 24 }))
  const later = new Date(now.getTime() + 3_600_000)
  const objected = object(contract, release, 'I was not there', later)
  t.equal(objected.contract.objectedFen, release.amountFen)
  const resumed = withdrawObjection(objected.contract, objected.release, objected.objection, new Date(later.getTime() + 86_400_000))
  t.equal(resumed.release.dueAt.getTime(), later.getTime() + 86_400_000 + 23 * 3_600_000)
  t.equal(resumed.contract.objectedFen, 0n)
  t.throws(() => object(contract, release, 'too late', release.dueAt), { code: 'wrong_state' })
})

t.test('any history of redemptions, voids, objections and closed windows keeps every identity', async () => {
  const step = fc.record({ act: fc.constantFrom('take', 'void', 'object', 'withdraw', 'close'), pick: fc.nat(), units: fc.integer({ min: 1, max: 4 }) })
  fc.assert(fc.property(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 60 }), (price, units, steps) => {
    let contract = aContract({ merchantId, priceFen: BigInt(price), units: BigInt(units) })
    const rows = new Map<string, { release: Release; objection?: ReturnType<typeof object>['objection'] }>()
    const among = (pick: number, ...states: string[]) => {
      const fitting = [...rows.values()].filter(({ release }) => states.includes(release.state))
      return fitting[pick % Math.max(1, fitting.length)]
    }
    for (const { act, pick, units: asked } of steps) {
      if (act === 'take') {
        if (contract.status !== 'active' || BigInt(asked) > BigInt(units) - contract.unitsUsed) continue
        const outcome = take(contract, { sessions: asked })
        contract = outcome.contract
        rows.set(outcome.release.id, { release: outcome.release })
        continue
      }
      const row = act === 'withdraw' ? among(pick, 'objected') : act === 'void' ? among(pick, 'pending', 'objected') : among(pick, 'pending')
      if (!row) continue
      const { id } = row.release
      if (act === 'void') {
        const outcome = voidRelease(contract, row.release)
        contract = outcome.contract
        rows.set(id, { release: outcome.release })
      } else if (act === 'object') {
        const outcome = object(contract, row.release, 'no', now)
        contract = outcome.contract
        rows.set(id, outcome)
      } else if (act === 'withdraw' && row.objection) {
        const outcome = withdrawObjection(contract, row.release, row.objection, now)
        contract = outcome.contract
        rows.set(id, { release: outcome.release })
      } else if (act === 'close') {
        contract = closeWindow(contract, row.release.amountFen)
        rows.set(id, { release: { ...row.release, state: 'payable' } })
      }
      const sum = (...states: string[]) => [...rows.values()].filter(({ release }) => states.includes(release.state)).reduce((total, { release }) => total + release.amountFen, 0n)
      const { allocFen, takenFen, heldFen, pendingFen, releasedFen, objectedFen, priceFen, paidFen } = contract
      if (allocFen + takenFen + heldFen !== priceFen) throw new Error('alloc + X + held = P')
      if (paidFen !== heldFen + pendingFen + releasedFen) throw new Error('paid = held + pending + released')
      if (pendingFen !== sum('pending', 'objected') || objectedFen !== sum('objected') || releasedFen !== sum('payable')) throw new Error('the rows explain the balances')
      if (heldFen < 0n) throw new Error('held below zero')
      if (contract.status === 'completed' && heldFen !== 0n) throw new Error('a completed contract has released its price')
    }
  }), { numRuns: 500 })
})

const everyDay: TermCalendar = { pauses: [], excused: [] }

t.test('days of a term add up to the price, by day and by month', async (t) => {
  const term = aContract({ merchantId, kind: 'period', release: 'per_month', priceFen: 268_000n, units: 365n, termStart: '2026-01-31' })
  t.equal(daysToRelease(term, '2026-01-31', everyDay), 0n)
  t.equal(daysToRelease(term, '2026-02-28', everyDay), 28n)
  t.equal(nextReleaseDate(term, '2026-01-31', everyDay), '2026-02-28', 'the month\'s last day where it has no such day')
  t.equal(nextReleaseDate(term, '2026-02-28', everyDay), '2026-03-31')
  t.equal(nextReleaseDate(term, '2026-12-31', everyDay), '2027-01-31')
  t.equal(nextReleaseDate(term, '2027-01-31', everyDay), '2027-02-01', 'one that is over and waits for a dispute is looked at daily')
  t.equal(nextReleaseDate({ ...term, release: 'per_day' }, '2026-02-28', everyDay), '2026-03-01')
  t.equal(daysToRelease(term, '2027-06-01', everyDay), 365n)
})

t.test('paused days are added at the end, excused ones are not', async (t) => {
  const term = aContract({ merchantId, kind: 'period', release: 'per_day', units: 10n, termStart: '2026-05-01' })
  const calendar: TermCalendar = { pauses: [{ from: '2026-05-04', until: '2026-05-07' }], excused: [{ lastDay: '2026-05-02', units: 1n }] }
  t.equal(termEndOf('2026-05-01', 10n, calendar), '2026-05-14')
  const counted = ['2026-05-02', '2026-05-03', '2026-05-04', '2026-05-06', '2026-05-07', '2026-05-08', '2026-05-14', '2026-06-01'].map((on) => daysCounted(term, on, calendar))
  t.same(counted, [1n, 1n, 2n, 2n, 2n, 3n, 9n, 9n])
  const aMonth: TermCalendar = { pauses: [], excused: [{ lastDay: '2026-05-06', units: 6n }] }
  t.equal(daysCounted(term, '2026-05-04', aMonth), 0n, 'of a month that was taken back, the days before a date')
})

t.test('whatever is taken back or paused of a term, at its end exactly the days that count are released', async () => {
  const period = fc.record({ wait: fc.integer({ min: 1, max: 9 }), days: fc.integer({ min: 0, max: 9 }) })
  const history = fc.record({
    price: fc.integer({ min: 1, max: 99_999 }), units: fc.integer({ min: 1, max: 60 }), step: fc.integer({ min: 1, max: 31 }),
    pauses: fc.array(period, { maxLength: 4 }), voids: fc.array(fc.boolean(), { minLength: 120, maxLength: 120 })
  })
  fc.assert(fc.property(history, ({ price, units, step, pauses, voids }) => {
    const termStart = '2026-01-01'
    const priceFen = BigInt(price)
    let on = termStart
    const calendar = {
      pauses: pauses.map(({ wait, days }) => { const from = addDays(on, wait); on = addDays(from, days); return { from, until: on } }),
      excused: [] as { lastDay: string; units: bigint }[]
    }
    let contract = aContract({ merchantId, kind: 'period', priceFen, units: BigInt(units), termStart, expiresAt: null })
    const end = termEndOf(termStart, BigInt(units), calendar)
    let [counted, excused] = [0n, 0n]
    for (let day = 0, today = termStart, i = 0; today < end; i++) {
      day += step
      today = addDays(termStart, day) < end ? addDays(termStart, day) : end
      const days = daysToRelease(contract, today, calendar)
      if (days === 0n) continue
      const { contract: after, release } = releaseDays(contract, days, { id: newId('red', 1), lastDay: addDays(today, -1), at: now })
      counted += days
      contract = after
      if (!voids[i % voids.length]) continue
      contract = voidRelease(contract, release).contract
      calendar.excused.push({ lastDay: release.date, units: release.units })
      excused += days
      if (daysToRelease(contract, today, calendar) !== 0n) throw new Error('what was taken back is released again')
    }
    if (counted !== BigInt(units)) throw new Error(`${counted} days of ${units} came up`)
    contract = completeTerm(contract, now)
    const { status, allocFen, heldFen, pendingFen, unitsUsed } = contract
    if (status !== 'completed' || unitsUsed !== BigInt(units) - excused) throw new Error('the term is over with the days that count')
    if (allocFen !== pendingFen || allocFen + heldFen !== priceFen) throw new Error('alloc + held = P')
    if (excused === 0n && heldFen !== 0n) throw new Error('all of it is released')
  }), { numRuns: 200 })
})
