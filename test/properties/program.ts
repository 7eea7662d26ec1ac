import fc from 'fast-check'
import type { Offer } from './model.js'

/*
 * A program is what one shop, its consumer, two notaries and a bank do in some weeks. Steps name
 * what they are about by a number, which is taken modulo what there is when their turn comes.
 */

export type Step =
  | Readonly<{ do: 'buy'; offer: number; pays: boolean }>
  | Readonly<{ do: 'pay'; contract: number; how: 'exact' | 'repeat' | 'twice' | 'wrong' | 'failure' | 'old' }>
  | Readonly<{ do: 'cancel-contract' | 'reactivate' | 'refuse-deposit'; contract: number }>
  | Readonly<{ do: 'redeem'; contract: number; units: number; isDoubled: boolean }>
  | Readonly<{ do: 'void' | 'object' | 'withdraw'; release: number; isDoubled: boolean }>
  | Readonly<{ do: 'draft'; isDoubled: boolean }>
  | Readonly<{ do: 'approve'; settlement: number; byMaker: boolean; isDoubled: boolean }>
  | Readonly<{ do: 'cancel' | 'send-back'; settlement: number }>
  | Readonly<{ do: 'bank'; outcome: 'paid' | 'returned' | 'unknown' }>
  | Readonly<{ do: 'refund'; contract: number; isDoubled: boolean }>
  | Readonly<{ do: 'approve-refund'; refund: number; isDoubled: boolean }>
  | Readonly<{ do: 'reject-refund'; refund: number }>
  | Readonly<{ do: 'advance'; seconds: number }>
  | Readonly<{ do: 'together'; steps: readonly Step[] }>

export type Program = Readonly<{ offers: readonly Offer[]; steps: readonly Step[] }>

const price = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 60_000 })).map(BigInt)
const objectionHours = fc.constantFrom(0, 24, 24, 24 * 9)
const validDays = fc.constantFrom(3, 30, 365)

const sessions = fc.record({ price, count: fc.integer({ min: 1, max: 9 }), bonus: fc.integer({ min: 0, max: 3 }), objectionHours, validDays })
  .map(({ price, count, bonus, objectionHours, validDays }): Offer =>
    ({ kind: 'sessions', price, units: BigInt(count + bonus), bonus, release: 'per_session', objectionHours, validDays }))
const storedValue = fc.record({ price, bonus: fc.integer({ min: 0, max: 9_000 }), objectionHours, validDays })
  .map(({ price, bonus, objectionHours, validDays }): Offer =>
    ({ kind: 'stored_value', price, units: price + BigInt(bonus), bonus, release: 'per_session', objectionHours, validDays }))
const period = fc.record({ price, days: fc.integer({ min: 1, max: 40 }), release: fc.constantFrom('per_day' as const, 'per_month' as const), objectionHours })
  .map(({ price, days, release, objectionHours }): Offer =>
    ({ kind: 'period', price, units: BigInt(days), bonus: 0, release, objectionHours, validDays: days }))

export const offer = fc.oneof({ weight: 3, arbitrary: sessions }, { weight: 2, arbitrary: storedValue }, { weight: 2, arbitrary: period })

const what = fc.nat(999)
const doubled = fc.nat(5).map((n) => n === 0)
const minute = 60
const hour = 3_600
const day = 86_400

const redeem = fc.record({ do: fc.constant('redeem' as const), contract: what, units: fc.nat(9_999), isDoubled: doubled })
const aboutRelease = fc.record({ do: fc.constantFrom('void' as const, 'object' as const, 'object' as const, 'withdraw' as const), release: what, isDoubled: doubled })
const approveRefund = fc.record({ do: fc.constant('approve-refund' as const), refund: what, isDoubled: doubled })
const draft = fc.record({ do: fc.constant('draft' as const), isDoubled: doubled })
const approve = fc.record({ do: fc.constant('approve' as const), settlement: what, byMaker: fc.nat(7).map((n) => n === 0), isDoubled: doubled })
const cancel = fc.record({ do: fc.constant('cancel' as const), settlement: what })
const refund = fc.record({ do: fc.constant('refund' as const), contract: what, isDoubled: doubled })
const rejectRefund = fc.record({ do: fc.constant('reject-refund' as const), refund: what })

/** What may happen at the same moment. */
export const atOnce: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: redeem }, { weight: 4, arbitrary: aboutRelease }, { weight: 2, arbitrary: approveRefund },
  { weight: 1, arbitrary: draft }, { weight: 1, arbitrary: approve }, { weight: 1, arbitrary: cancel }, { weight: 1, arbitrary: rejectRefund }
)

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('buy' as const), offer: what, pays: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pay' as const), contract: what, how: fc.constantFrom('exact' as const, 'exact' as const, 'repeat' as const, 'twice' as const, 'wrong' as const, 'failure' as const, 'old' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('cancel-contract' as const, 'reactivate' as const, 'refuse-deposit' as const), contract: what }) },
  { weight: 7, arbitrary: redeem },
  { weight: 6, arbitrary: aboutRelease },
  { weight: 3, arbitrary: draft },
  { weight: 3, arbitrary: approve },
  { weight: 1, arbitrary: cancel },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('send-back' as const), settlement: what }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bank' as const), outcome: fc.constantFrom('paid' as const, 'returned' as const, 'unknown' as const) }) },
  { weight: 2, arbitrary: refund },
  { weight: 2, arbitrary: approveRefund },
  { weight: 1, arbitrary: rejectRefund },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(2 * minute, 2 * hour, 2 * hour, day, day, 2 * day, 8 * day, 33 * day) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('together' as const), steps: fc.array(atOnce, { minLength: 2, maxLength: 4 }) }) }
)

/** Every program begins with a card of each offer, paid. */
export const program: fc.Arbitrary<Program> = fc.record({
  offers: fc.array(offer, { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 20, maxLength: 40, size: 'max' })
})

// ---- tours: programs that chance seldom writes

const of = (more: Partial<Offer>): Offer => ({ kind: 'sessions', price: 1_000n, units: 10n, bonus: 0, release: 'per_session', objectionHours: 24, validDays: 365, ...more })

/** The first with which it can be done. */
const first = 1
const take = (units = 0): Step => ({ do: 'redeem', contract: first, units, isDoubled: false })
const on = (what: 'void' | 'object' | 'withdraw'): Step => ({ do: what, release: first, isDoubled: false })
const pass = (seconds: number): Step => ({ do: 'advance', seconds })
const settle: readonly Step[] = [{ do: 'draft', isDoubled: true }, { do: 'approve', settlement: first, byMaker: true, isDoubled: false }, { do: 'approve', settlement: first, byMaker: false, isDoubled: true }]
const bank = (outcome: 'paid' | 'returned' | 'unknown'): Step => ({ do: 'bank', outcome })
const leave: readonly Step[] = [{ do: 'refund', contract: first, isDoubled: true }, { do: 'approve-refund', refund: first, isDoubled: true }]

export const tours: readonly Program[] = [
  // Paid out, returned, paid again, not decided, sent back after all, and paid once more.
  { offers: [of({ objectionHours: 0 })], steps: [
    take(), take(1), pass(2 * minute), ...settle, bank('returned'), take(), pass(2 * minute), ...settle, ...settle, bank('unknown'), ...settle, pass(2 * minute), take(), pass(hour),
    { do: 'draft', isDoubled: false }, { do: 'cancel', settlement: first }, bank('paid'), pass(7 * hour), { do: 'send-back', settlement: first }, ...settle, { do: 'send-back', settlement: first }, ...settle
  ] },
  // Objected to and withdrawn, objected to again and left; a second objection waits behind the dispute.
  { offers: [of({ price: 7n, units: 3n })], steps: [
    take(), on('object'), pass(5 * hour), on('withdraw'), pass(23 * hour), on('object'), pass(hour), on('withdraw'), on('object'), pass(8 * day), take(), on('object'), pass(9 * day), on('withdraw'), pass(hour), take(), on('object'), on('void'), take(), pass(3 * day)
  ] },
  // What is objected to stays where it is, while its neighbours go on.
  { offers: [of({ price: 100n })], steps: [take(), on('object'), take(1), pass(2 * day), ...settle, take(), pass(2 * day), on('void'), pass(day), ...settle] },
  // Left while an objection is open: a fen stays contested, until the objection is upheld, withdrawn, or nobody's.
  ...(['void', 'withdraw', undefined] as const).map((end): Program => ({ offers: [of({ price: 11n, units: 3n })], steps: [
    take(), on('object'), ...leave, pass(hour), ...(end ? [on(end)] : []), pass(2 * minute), pass(8 * day), ...settle
  ] })),
  // A term left in its first week: visited or not, with days payable and days reserved.
  ...[false, true].map((isVisited): Program => ({ offers: [of({ kind: 'period', price: 10_007n, units: 30n, release: 'per_day' })], steps: [
    pass(2 * day), ...(isVisited ? [{ do: 'redeem', contract: 15, units: 0, isDoubled: false } as const] : []), pass(day), { do: 'draft', isDoubled: false }, pass(2 * day), ...leave, pass(2 * day), ...settle, ...settle
  ] })),
  // Days of a term taken back, on the way, at its end and when it is left: none is released again.
  { offers: [of({ kind: 'period', price: 10_007n, units: 5n, release: 'per_day' })], steps: [pass(2 * day), on('void'), pass(day), on('object'), on('void'), pass(2 * day), on('void'), pass(2 * day)] },
  { offers: [of({ kind: 'period', price: 10_007n, units: 40n, release: 'per_month', objectionHours: 24 * 9 })], steps: [
    { do: 'redeem', contract: 15, units: 0, isDoubled: false }, pass(33 * day), on('void'), pass(day), ...leave, pass(day)
  ] },
  // Expired, activated again, left within the week although one was asked to go before.
  { offers: [of({ validDays: 3 })], steps: [
    take(), { do: 'refund', contract: first, isDoubled: false }, take(), { do: 'approve-refund', refund: first, isDoubled: false }, pass(4 * day), { do: 'reactivate', contract: first }, take(), ...leave, on('void'), pass(2 * day)
  ] }
]
