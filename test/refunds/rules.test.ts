import fc from 'fast-check'
import t from 'tap'
import { earnedBy } from '../../src/contracts/rules.js'
import type { Contract } from '../../src/contracts/model.js'
import type { Offer } from '../../src/products/model.js'
import type { RefundReason, RefundRecord, RequestedEnd } from '../../src/refunds/model.js'
import {
  afterSettled, askAgainAt, assess, checkAgreed, checkCoolingOff, checkQuotable, daysPassed, divide, isLate, needsConsent, remainderOf, retryAt,
  settleContested, silenceOf, withoutRemainder, type Standing
} from '../../src/refunds/rules.js'
import { aContract } from '../support/builders.js'

const policy = { termByConsumersCause: 'by_days', interestYearDays: 365, quoteHours: 24, consentWorkingDays: 5, coolingOffWorkingDays: 5, otherWorkingDays: 15 } as const

const anOffer = (more: Partial<Offer> = {}): Offer => ({
  name: '卡', kind: 'sessions', priceFen: 200_000n, sessions: 10, validDays: 365, settlementRule: { release: 'per_session', objectionHours: 24 },
  coolingOffDays: 7, terms: '条款', ...more
})

const proven = { listPricePerSessionFen: 40_000n, listPriceProof: '价目表' }

/** A contract of ¥2,000 for 10 sessions, so many used and pending. */
const used = (units: bigint, more: Partial<Contract> = {}): Contract => {
  const contract = aContract({ priceFen: 200_000n, unitsUsed: units, ...more })
  const alloc = earnedBy(contract, units)
  return { ...contract, allocFen: alloc, pendingFen: alloc, heldFen: contract.priceFen - alloc, ...more }
}

const standing = (contract: Contract, more: Partial<Standing> = {}): Standing =>
  ({ contract, offer: anOffer(proven), used: contract.unitsUsed, isVisited: true, contested: { units: 0n, amountFen: 0n }, ...more })

const ask = (of: Standing, reason: RefundReason, agreedFen?: bigint) => assess(of, { reason, agreedFen, policy })

t.test('all that is held is divided', async (t) => {
  const three = used(3n)
  const frozen = { ...three, heldFen: 90_000n, disputedFen: 50_000n, takenFen: 50_000n }
  const term = aContract({ kind: 'period', priceFen: 36_500n, units: 365n, unitsUsed: 60n, allocFen: 6_000n, pendingFen: 6_000n, heldFen: 30_500n, termStart: '2026-01-01' })
  const termOffer = anOffer({ kind: 'period', priceFen: 36_500n, periodDays: 365, listPricePerDayFen: 200n, listPriceProof: '价目表' })
  const card = aContract({ kind: 'stored_value', priceFen: 100_000n, units: 120_000n, unitsUsed: 30_000n, allocFen: 25_000n, pendingFen: 25_000n, heldFen: 75_000n })
  const cardOffer = anOffer({ kind: 'stored_value', priceFen: 100_000n, bonusFen: 20_000n })
  const table = [
    ['R3: the merchant gets more than was released', standing(three), 'consumer_choice', 'R3', [80_000n, 60_000n, 0n, 0n]],
    ['R3 with one session objected: what is at stake is the list price', standing({ ...three, objectedFen: 20_000n }, { contested: { units: 1n, amountFen: 20_000n } }), 'consumer_choice', 'R3', [80_000n, 40_000n, 20_000n, 0n]],
    ['R3 with money frozen from held', standing(frozen), 'consumer_choice', 'R3', [30_000n, 60_000n, 0n, 0n]],
    ['R3 without a proof of the list price is R2', standing(three, { offer: anOffer({ listPricePerSessionFen: 40_000n }) }), 'consumer_choice', 'R2', [140_000n, 0n, 0n, 0n]],
    ['the contract promises more than R3', standing(three, { offer: anOffer({ ...proven, refundsAtContractPrice: true }) }), 'consumer_choice', 'R2', [140_000n, 0n, 0n, 0n]],
    ['R2', standing(three), 'merchant_breach', 'R2', [140_000n, 0n, 0n, 0n]],
    ['R2 with one session objected: its money is pending already', standing({ ...three, objectedFen: 20_000n }, { contested: { units: 1n, amountFen: 20_000n } }), 'merchant_breach', 'R2', [140_000n, 0n, 0n, 0n]],
    ['R1 after some use', standing(three), 'cooling_off', 'R1', [140_000n, 0n, 0n, 0n]],
    ['R6 by days, with days not yet released', standing(term, { offer: termOffer, used: 65n }), 'merchant_breach', 'R6', [30_000n, 500n, 0n, 0n]],
    ['R6 under the consumer\'s cause, by days', standing(term, { offer: termOffer, used: 65n }), 'consumer_choice', 'R6', [30_000n, 500n, 0n, 0n]],
    ['R1 of a term nobody came to', standing({ ...term, unitsUsed: 0n, allocFen: 0n, pendingFen: 0n, heldFen: 36_500n }, { offer: termOffer, used: 3n, isVisited: false }), 'cooling_off', 'R1', [36_500n, 0n, 0n, 0n]],
    ['R1 of a term somebody came to', standing({ ...term, unitsUsed: 0n, allocFen: 0n, pendingFen: 0n, heldFen: 36_500n }, { offer: termOffer, used: 3n }), 'cooling_off', 'R1', [36_200n, 300n, 0n, 0n]],
    ['R4', standing(card, { offer: cardOffer }), 'consumer_choice', 'R4', [75_000n, 0n, 0n, 0n]],
    ['days released and paid beyond the stop: a shortfall', standing({ ...term, unitsUsed: 365n, allocFen: 36_500n, pendingFen: 0n, releasedFen: 36_500n, heldFen: 0n }, { offer: termOffer, used: 65n }), 'merchant_breach', 'R6', [0n, 0n, 0n, 30_000n]]
  ] as const
  for (const [name, of, reason, rule, [refundFen, merchantFen, contestedFen, shortfallFen]] of table) {
    const { sum, division, steps } = ask(of, reason)
    t.equal(sum.rule, rule, name)
    t.match(division, { refundFen, merchantFen, contestedFen, shortfallFen, heldFen: of.contract.heldFen }, name)
    t.equal(steps.at(-1)?.amountFen, refundFen, name)
  }
})

t.test('days of a discounted term count at the list price only where the office says so', async (t) => {
  const term = aContract({ kind: 'period', priceFen: 36_500n, units: 365n, heldFen: 36_500n, termStart: '2026-01-01' })
  const offer = anOffer({ kind: 'period', priceFen: 36_500n, periodDays: 365, listPricePerDayFen: 200n, listPriceProof: '价目表' })
  const of = standing(term, { offer, used: 65n })
  t.equal(assess(of, { reason: 'consumer_choice', agreedFen: undefined, policy: { ...policy, termByConsumersCause: 'list_price' } }).division.refundFen, 23_500n)
  t.equal(assess(of, { reason: 'merchant_breach', agreedFen: undefined, policy: { ...policy, termByConsumersCause: 'list_price' } }).division.refundFen, 30_000n)
})

t.test('what the parties agree on is never more than is held', async (t) => {
  t.match(ask(standing(used(3n)), 'mutual', 100_000n).division, { refundFen: 100_000n, merchantFen: 40_000n, shortfallFen: 0n })
  t.match(ask(standing(used(3n)), 'mutual', 180_000n).division, { refundFen: 140_000n, merchantFen: 0n, shortfallFen: 40_000n })
})

t.test('the days that have passed are whole days, and every day up to the last visit', async (t) => {
  const term = aContract({ kind: 'period', units: 30n, termStart: '2026-05-01' })
  for (const [on, lastVisit, days] of [['2026-05-01', undefined, 0n], ['2026-05-04', undefined, 3n], ['2026-05-04', '2026-05-04', 4n], ['2026-05-04', '2026-05-01', 3n], ['2027-01-01', undefined, 30n]] as const) {
    t.equal(daysPassed(term, on, lastVisit, { pauses: [], excused: [] }), days, `${on}, ${lastVisit}`)
  }
})

t.test('who must be asked', async (t) => {
  const table: [RefundReason, RequestedEnd, bigint, boolean][] = [
    ['cooling_off', 'consumer', 10n, false], ['cooling_off', 'merchant', 10n, false],
    ['consumer_choice', 'consumer', 10n, true], ['merchant_breach', 'consumer', 10n, true], ['mutual', 'consumer', 10n, true], ['force_majeure', 'consumer', 10n, true],
    ['merchant_breach', 'merchant', 10n, false], ['consumer_choice', 'merchant', 10n, false], ['consumer_choice', 'merchant', 9n, true],
    ['mutual', 'merchant', 11n, true], ['force_majeure', 'merchant', 11n, true]
  ]
  for (const [reason, requestedEnd, refundFen, asked] of table) t.equal(needsConsent({ reason, requestedEnd, refundFen }, 10n), asked, `${reason} by the ${requestedEnd}`)
})

t.test('silence is consent only of a merchant to a consumer who leaves', async (t) => {
  const table: [RefundReason, RequestedEnd, string][] = [
    ['consumer_choice', 'consumer', 'consent'], ['consumer_choice', 'merchant', 'decline'], ['merchant_breach', 'consumer', 'decline'],
    ['mutual', 'consumer', 'decline'], ['mutual', 'merchant', 'decline'], ['force_majeure', 'consumer', 'decline']
  ]
  for (const [reason, requestedEnd, means] of table) t.equal(silenceOf({ reason, requestedEnd }), means, `${reason} by the ${requestedEnd}`)
})

const refusals = [
  { when: 'it waits for its payment', check: () => { checkQuotable(aContract({ status: 'awaiting_payment' })) }, code: 'wrong_state' },
  { when: 'it is completed', check: () => { checkQuotable(aContract({ status: 'completed' })) }, code: 'wrong_state' },
  { when: 'it is terminated', check: () => { checkQuotable(aContract({ status: 'terminated' })) }, code: 'wrong_state' },
  { when: 'it is frozen', check: () => { checkQuotable(aContract({ frozen: 'refund' })) }, code: 'wrong_state' },
  { when: 'the cooling-off time is over', check: () => { checkCoolingOff(aContract(), new Date('2026-05-08T00:00:00.001Z')) }, code: 'cooling_off_over' },
  { when: 'a sum is agreed on for another reason', check: () => { checkAgreed({ reason: 'consumer_choice', agreedFen: 1n }, aContract()) }, code: 'validation_failed' },
  { when: 'no sum is agreed on', check: () => { checkAgreed({ reason: 'mutual', agreedFen: undefined }, aContract()) }, code: 'validation_failed' },
  { when: 'more is agreed on than the price', check: () => { checkAgreed({ reason: 'mutual', agreedFen: 100_001n }, aContract()) }, code: 'validation_failed' }
]

for (const { when, check, code } of refusals) t.test(`nothing is quoted of a contract when ${when}`, async (t) => { t.throws(check, { code }) })

t.test('the last moment of the cooling-off time is in it, and an expired contract can be refunded', async () => {
  checkCoolingOff(aContract(), new Date('2026-05-08T00:00:00Z'))
  checkQuotable(aContract({ status: 'expired' }))
})

t.test('what nobody can use any more is the consumer\'s', async (t) => {
  const completed = aContract({ status: 'completed', heldFen: 100n, takenFen: 30_000n })
  t.equal(remainderOf(completed), 100n)
  for (const more of [{ status: 'active' }, { disputedFen: 1n }, { frozen: 'closure' }] as const) t.equal(remainderOf({ ...completed, ...more }), 0n)
  t.match(withoutRemainder(completed, 100n), { heldFen: 0n, takenFen: 30_100n, refundedFen: 100n })
})

t.test('a refund is late from its deadline on until it is paid', async (t) => {
  const deadlineAt = new Date('2026-05-10T16:00:00Z')
  t.equal(isLate({ status: 'awaiting_approval', deadlineAt }, new Date(deadlineAt.getTime() - 1)), false)
  for (const status of ['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed'] as RefundRecord['status'][]) t.equal(isLate({ status, deadlineAt }, deadlineAt), true, status)
  for (const status of ['paid', 'declined', 'rejected'] as RefundRecord['status'][]) t.equal(isLate({ status, deadlineAt }, deadlineAt), false, status)
})

t.test('a channel is asked and tried again later and later, at least daily', async (t) => {
  const at = new Date('2026-05-01T00:00:00Z')
  const minutes = (when: Date) => (when.getTime() - at.getTime()) / 60_000
  t.same([1, 2, 3, 9, 10, 50].map((attempts) => minutes(retryAt(attempts, at))), [5, 10, 20, 1280, 1440, 1440])
  t.equal(minutes(askAgainAt(at, at)), 5)
  t.equal(minutes(askAgainAt(new Date('2026-04-30T23:00:00Z'), at)), 60)
  t.equal(minutes(askAgainAt(new Date('2026-01-01T00:00:00Z'), at)), 1440)
})

type Facts = Readonly<{ standing: Standing; reason: RefundReason; agreedFen: bigint | undefined }>

/** Any contract with any use, contested rows, money frozen from held, refunds before, and any list price. */
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  priceFen: fc.bigInt(1n, 2_000_000n), sessions: fc.integer({ min: 1, max: 60 }), bonus: fc.integer({ min: 0, max: 10 }),
  used: fc.nat(), contested: fc.nat(), frozen: fc.bigInt(0n, 10_000n), refunded: fc.bigInt(0n, 10_000n), list: fc.bigInt(1n, 200_000n), isProven: fc.boolean(),
  reason: fc.constantFrom<RefundReason>('cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure', 'closure'), agreed: fc.bigInt(0n, 10_000n)
}).map(({ priceFen, sessions, bonus, used: someUsed, contested: someContested, frozen, refunded, list, isProven, reason, agreed }) => {
  const units = BigInt(sessions + bonus)
  const unitsUsed = BigInt(someUsed) % (units + 1n)
  const alloc = (priceFen * unitsUsed) / units
  const left = priceFen - alloc
  const disputedFen = (left * frozen) / 20_000n
  const refundedFen = (left * refunded) / 20_000n
  const contestedUnits = BigInt(someContested) % (unitsUsed + 1n)
  const contestedFen = unitsUsed === 0n ? 0n : (alloc * contestedUnits) / unitsUsed
  const contract = aContract({
    priceFen, units, unitsUsed, allocFen: alloc, pendingFen: alloc, objectedFen: contestedFen, disputedFen, refundedFen,
    takenFen: disputedFen + refundedFen, heldFen: left - disputedFen - refundedFen
  })
  const offer = anOffer({ priceFen, sessions, bonusSessions: bonus, listPricePerSessionFen: list, ...(isProven ? { listPriceProof: '价目表' } : {}) })
  return {
    standing: { contract, offer, used: unitsUsed, isVisited: unitsUsed > 0n, contested: { units: contestedUnits, amountFen: contestedFen } },
    reason, agreedFen: reason === 'mutual' ? (priceFen * agreed) / 10_000n : undefined
  }
})

const addsUp = ({ paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen }: Contract) => paidFen === heldFen + disputedFen + pendingFen + releasedFen + refundedFen
const priceIsAccountedFor = ({ priceFen, allocFen, takenFen, heldFen }: Contract) => priceFen === allocFen + takenFen + heldFen

t.test('whatever happened before, exactly what is held is divided and nobody gets more than was paid', async () => {
  fc.assert(fc.property(anyFacts, fc.constantFrom('pending' as const, 'payable' as const), ({ standing: of, reason, agreedFen }, part) => {
    const { division } = ask(of, reason, agreedFen)
    const { heldFen, refundFen, merchantFen, contestedFen, shortfallFen } = division
    const after = divide(of.contract, division, part, 'refund')
    return heldFen === refundFen + merchantFen + contestedFen && refundFen >= 0n && merchantFen >= 0n && contestedFen >= 0n && shortfallFen >= 0n &&
      addsUp(after) && priceIsAccountedFor(after) && after.heldFen === 0n && after.refundedFen <= after.paidFen &&
      after.pendingFen >= 0n && after.releasedFen >= 0n && after.disputedFen >= 0n
  }), { numRuns: 1_000 })
})

t.test('more use never gives more back', async () => {
  fc.assert(fc.property(anyFacts, ({ standing: of, reason, agreedFen }) => {
    const all = BigInt((of.offer.sessions ?? 0) + (of.offer.bonusSessions ?? 0))
    const more = { ...of, used: of.used < all ? of.used + 1n : of.used }
    return ask(more, reason, agreedFen).division.refundFen <= ask(of, reason, agreedFen).division.refundFen
  }), { numRuns: 500 })
})

t.test('however the contested releases end, all that was frozen is divided and the rule has its sum', async () => {
  fc.assert(fc.property(anyFacts, fc.boolean(), ({ standing: of, reason, agreedFen }, isVoided) => {
    const assessment = ask(of, reason, agreedFen)
    if (assessment.division.contestedFen === 0n || of.contract.disputedFen > 0n || of.contract.refundedFen > 0n) return true
    const { units, amountFen } = of.contested
    const closed = divide(of.contract, assessment.division, 'payable', 'refund')
    // Voided after the end, a release goes back to the consumer; withdrawn, it goes its way to the merchant.
    const answered: Contract = isVoided
      ? { ...closed, unitsUsed: closed.unitsUsed - units, allocFen: closed.allocFen - amountFen, takenFen: closed.takenFen + amountFen, pendingFen: closed.pendingFen - amountFen, objectedFen: 0n, refundedFen: closed.refundedFen + amountFen }
      : { ...closed, objectedFen: 0n }
    const now = ask({ ...of, contract: answered, used: answered.unitsUsed, contested: { units: 0n, amountFen: 0n } }, reason, agreedFen)
    const settled = settleContested(answered, assessment.division.contestedFen, now)
    const after = afterSettled(answered, settled)
    return settled.stillFrozenFen === 0n && settled.refundFen >= 0n && settled.merchantFen >= 0n && after.disputedFen === 0n && addsUp(after) && priceIsAccountedFor(after) &&
      after.refundedFen <= now.sum.refundFen && (now.sum.refundFen - after.refundedFen === 0n || assessment.division.contestedFen < assessment.atStakeFen || assessment.division.shortfallFen > 0n)
  }), { numRuns: 2_000 })
})
