import fc from 'fast-check'
import t from 'tap'
import { addDays } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { isCreditCode } from '../../src/merchants/rules.js'
import type { Venue } from '../../src/merchants/model.js'
import type { Caps, InForce, Offer, ProductStatus, Step } from '../../src/products/model.js'
import { checkCaps, checkFields, checkLease, nextVersion, step } from '../../src/products/rules.js'

const anOffer = (change: Partial<Offer>): Offer => ({
  name: '卡', kind: 'sessions', priceFen: 100_000n, validDays: 365, settlementRule: { release: 'per_session', objectionHours: 24 }, coolingOffDays: 7, terms: '可以退款',
  ...change
})

const caps: InForce<Caps> = {
  value: { sessions: { priceFenMax: 2_000_000n, sessionsMax: 60 }, period: { priceFenMax: 500_000n, daysMax: 731 }, stored_value: { priceFenMax: 500_000n }, balanceFenMax: 2_000_000n },
  source: '依据', isOverdue: false
}

t.test('a credit code is told from a wrong one by its check character', async (t) => {
  for (const code of ['91330100799655058B', '9144030071526726XG', '914403001922038216']) t.ok(isCreditCode(code), code)
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
  fc.assert(fc.property(fc.integer({ min: 0, max: 17 }), fc.integer({ min: 1, max: 30 }), (at, by) => {
    const code = '91330100799655058B'
    const changed = alphabet[(alphabet.indexOf(code[at]!) + by) % 31]!
    return !isCreditCode(code.slice(0, at) + changed + code.slice(at + 1))
  }))
  for (const code of ['', '91330100799655058', '91330100799655058b', '91330100799655058B0', '9133010079965505 B', '９1330100799655058B']) t.notOk(isCreditCode(code), code)
})

t.test('each cap holds at its limit and refuses one more', async (t) => {
  const limits: { rule: string; at: Partial<Offer>; over: Partial<Offer>; limit: bigint }[] = [
    { rule: 'sessions_count', at: { sessions: 50, bonusSessions: 10 }, over: { sessions: 50, bonusSessions: 11 }, limit: 60n },
    { rule: 'sessions_amount', at: { sessions: 1, priceFen: 2_000_000n }, over: { sessions: 1, priceFen: 2_000_001n }, limit: 2_000_000n },
    { rule: 'period_amount', at: { kind: 'period', periodDays: 30, priceFen: 500_000n }, over: { kind: 'period', periodDays: 30, priceFen: 500_001n }, limit: 500_000n },
    { rule: 'period_days', at: { kind: 'period', periodDays: 731 }, over: { kind: 'period', periodDays: 732 }, limit: 731n },
    { rule: 'stored_value_amount', at: { kind: 'stored_value', priceFen: 500_000n, bonusFen: 900_000n }, over: { kind: 'stored_value', priceFen: 500_001n }, limit: 500_000n }
  ]
  for (const { rule, at, over, limit } of limits) {
    t.doesNotThrow(() => { checkCaps(anOffer(at), caps) }, rule)
    t.throws(() => { checkCaps(anOffer(over), caps) }, { code: 'cap_exceeded', facts: { rule, limit, value: limit + 1n, source: '依据' } }, rule)
  }
})

t.test('24 months are never longer than the days allowed, whenever they begin', async (t) => {
  let longest = 0
  for (let day = '2023-01-01'; day < '2032-01-01'; day = addDays(day, 1)) {
    const end = new Date(`${day}T00:00:00Z`)
    end.setUTCMonth(end.getUTCMonth() + 24)
    longest = Math.max(longest, (end.getTime() - Date.parse(`${day}T00:00:00Z`)) / 86_400_000)
  }
  t.equal(longest, caps.value.period.daysMax)
})

t.test('an offer sold today ends no later than the earliest lease of the venues it covers', async (t) => {
  const venue = (leaseUntil: string): Venue => ({ id: newId('ven', 1), name: '店', address: '路', leaseUntil })
  const [early, late] = [venue('2027-01-31'), venue('2030-12-31')]
  const on = '2027-01-01'
  const check = (change: Partial<Offer>, venues = [early, late]) => () => { checkLease(anOffer(change), venues, on) }
  t.doesNotThrow(check({ validDays: 30 }))
  t.throws(check({ validDays: 31 }), { code: 'outlasts_lease', facts: { venueId: early.id, leaseUntil: '2027-01-31', endsOn: '2027-02-01' } })
  t.throws(check({ kind: 'period', validDays: 30, periodDays: 31 }), { code: 'outlasts_lease' })
  t.doesNotThrow(check({ validDays: 31, venueIds: [late.id] }))
  t.throws(check({ validDays: 31, venueIds: [late.id, early.id] }), { code: 'outlasts_lease' })
  t.throws(check({ validDays: 1, venueIds: [newId('ven', 1)] }), { code: 'validation_failed' })
  t.throws(check({ validDays: 1 }, []), { code: 'venue_required' })
})

const faulty: { when: string; offer: Partial<Offer>; paths: string[] }[] = [
  { when: 'sessions are missing', offer: {}, paths: ['sessions'] },
  { when: 'sessions have a term', offer: { sessions: 1, periodDays: 30 }, paths: ['periodDays'] },
  { when: 'sessions have a gift of money and a price per day', offer: { sessions: 1, bonusFen: 0n, listPricePerDayFen: 1n }, paths: ['listPricePerDayFen', 'bonusFen'] },
  { when: 'sessions are released by the day', offer: { sessions: 1, settlementRule: { release: 'per_day', objectionHours: 0 } }, paths: ['settlementRule.release'] },
  { when: 'a term has no days', offer: { kind: 'period', settlementRule: { release: 'per_day', objectionHours: 0 } }, paths: ['periodDays'] },
  { when: 'a term has sessions and gifts', offer: { kind: 'period', periodDays: 30, sessions: 1, bonusSessions: 0, settlementRule: { release: 'per_month', objectionHours: 0 } }, paths: ['sessions', 'bonusSessions'] },
  { when: 'a term is released by the session', offer: { kind: 'period', periodDays: 30 }, paths: ['settlementRule.release'] },
  { when: 'a term is longer than it is valid', offer: { kind: 'period', periodDays: 366, settlementRule: { release: 'per_day', objectionHours: 0 } }, paths: ['validDays'] },
  { when: 'stored value has sessions', offer: { kind: 'stored_value', sessions: 1, listPricePerSessionFen: 1n }, paths: ['sessions', 'listPricePerSessionFen'] },
  { when: 'stored value is released by the month', offer: { kind: 'stored_value', settlementRule: { release: 'per_month', objectionHours: 0 } }, paths: ['settlementRule.release'] }
]
for (const { when, offer, paths } of faulty) {
  t.test(`an offer is refused when ${when}`, async (t) => {
    t.throws(() => { checkFields(anOffer(offer)) }, { code: 'validation_failed', facts: { errors: paths.map((path) => ({ path })) } })
  })
}

t.test('an offer of each kind with all it may have is in order', async (t) => {
  for (const offer of [
    { sessions: 1, bonusSessions: 0, listPricePerSessionFen: 1n, listPriceProof: '价目表' },
    { kind: 'period', periodDays: 365, listPricePerDayFen: 1n, listPriceProof: '价目表', settlementRule: { release: 'per_month', objectionHours: 0 } },
    { kind: 'stored_value', bonusFen: 0n, listPriceProof: '价目表' }
  ] as Partial<Offer>[]) t.doesNotThrow(() => { checkFields(anOffer(offer)) })
})

t.test('whatever happens to a product, at most one version is listed and at most one is open', async (t) => {
  const actions = fc.constantFrom<Step | 'next'>('submit', 'approve', 'reject', 'delist', 'next')
  fc.assert(fc.property(fc.array(actions, { maxLength: 40 }), (names) => {
    let versions: [{ version: number; status: ProductStatus }, ...{ version: number; status: ProductStatus }[]] = [{ version: 1, status: 'draft' }]
    const to = (number: number, status: ProductStatus) => { versions = versions.map((v) => (v.version === number ? { ...v, status } : v)) as typeof versions }
    for (const name of names) {
      try {
        if (name === 'next') {
          const { number, replaces } = nextVersion(versions)
          if (replaces) to(replaces.version, 'delisted')
          versions = [{ version: number, status: 'draft' }, ...versions]
        } else {
          const { version, status } = step(versions, name)
          const listed = versions.find((v) => v.status === 'listed')
          if (name === 'approve' && listed) to(listed.version, 'delisted')
          to(version.version, status)
        }
      } catch (error) {
        if ((error as { code?: string }).code !== 'wrong_state') throw error
      }
      const count = (...statuses: ProductStatus[]) => versions.filter(({ status }) => statuses.includes(status)).length
      if (count('listed') > 1 || count('draft', 'in_review') > 1) return false
    }
    return true
  }))
  t.pass()
})
