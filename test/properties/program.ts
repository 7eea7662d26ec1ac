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
