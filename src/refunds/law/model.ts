import { z } from 'zod'
import { Fen, PositiveFen, type Fen as FenAmount } from '../../kernel/money.js'
import type { Text } from '../../kernel/problem.js'
import { parseDecimal, type Rational } from '../../kernel/rational.js'

/** Whose cause ends the contract; `neither`: a change of health, force majeure. */
export const Cause = z.enum(['merchant', 'consumer', 'neither'])
export type Cause = z.infer<typeof Cause>

/** The rule a sum was made by (docs/refunds.md); `agreed`: the parties' own. */
export const LawRule = z.enum(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'agreed'])
export type LawRule = z.infer<typeof LawRule>

/** What is made of gifts already taken (Art 21): nothing, their share `V·P/(P+V)`, or their value `V`. */
const GiftTreatment = z.enum(['none', 'share', 'value'])

/** Gifts already taken, as someone decided who says why. */
export const Gifts = z.object({
  valueFen: PositiveFen,
  treatment: GiftTreatment,
  reason: z.string().trim().min(1).max(10_000)
}).meta({ id: 'RefundGifts', description: 'Gift goods or services already taken (Art 21); a notary decides, with a reason' })
export type Gifts = z.output<typeof Gifts>

/** One step of a sum: what it is, and its amount. */
export type Step = Readonly<{ text: Text; amountFen: FenAmount }>

/** What the law gives back, with the way to it. `0 ≤ refundFen ≤ paid`. */
export type Sum = Readonly<{ rule: LawRule; refundFen: FenAmount; steps: readonly Step[]; lawRefs: readonly string[] }>

const Count = z.int().min(0).max(10_000_000)
const PositiveCount = z.int().min(1).max(10_000_000)

const isHalves = (text: string) => {
  const count = parseDecimal(text)
  return count !== undefined && (2n * count.n) % count.d === 0n
}

/** Sessions used; courts also count halves. */
export const UsedSessions = z.codec(
  z.string().regex(/^\d{1,8}(\.\d{1,2})?$/).refine(isHalves, { error: 'must be a whole number of half sessions, such as 17.5' })
    .meta({ description: 'A decimal number of sessions; halves are allowed', examples: ['17.5'] }),
  z.custom<Rational>(),
  { decode: (text) => parseDecimal(text) as Rational, encode: ({ n, d }) => (n % d === 0n ? `${n / d}` : `${n / d}.5`) }
)

/** Amounts that are reckoned from those given are amounts too, and must go over the wire as such. */
const isAmount = (fen: bigint): boolean => fen <= BigInt(Number.MAX_SAFE_INTEGER)
const tooMuch = (path: string) => ({ path: [path], params: { zh: '金额过大', en: 'makes an amount that is too large' } })

const SessionsFacts = z.object({
  kind: z.literal('sessions'),
  paidFen: PositiveFen,
  paidSessions: PositiveCount,
  bonusSessions: Count,
  usedSessions: UsedSessions,
  listPricePerSessionFen: PositiveFen.nullish().meta({ description: 'The price of one session before any discount, taken as proven' }),
  cause: Cause
}).refine(({ listPricePerSessionFen, paidSessions, bonusSessions }) => isAmount((listPricePerSessionFen ?? 0n) * BigInt(paidSessions + bonusSessions)), tooMuch('listPricePerSessionFen'))

const PeriodFacts = z.object({
  kind: z.literal('period'),
  paidFen: PositiveFen,
  termDays: PositiveCount.optional(),
  elapsedDays: Count.optional(),
  termMonths: PositiveCount.optional(),
  elapsedMonths: Count.optional(),
  cause: Cause.optional()
}).meta({ description: 'Days or months, both of the same; never converted' })

const StoredValueFacts = z.object({
  kind: z.literal('stored_value'),
  paidFen: PositiveFen,
  bonusFen: Fen,
  consumedFaceFen: Fen,
  consumedListFen: Fen.nullish().meta({ description: 'The list price of what was consumed, taken as proven' }),
  cause: Cause
}).refine(({ paidFen, bonusFen }) => isAmount(paidFen + bonusFen), tooMuch('bonusFen'))

/** The bare facts of a refund, without a contract. */
export const RefundFacts = z.discriminatedUnion('kind', [SessionsFacts, PeriodFacts, StoredValueFacts])
export type RefundFacts = z.output<typeof RefundFacts>

/** One step on the wire: in the language asked for, and in both. */
export const StepView = z.object({
  text: z.string(),
  texts: z.object({ 'zh-CN': z.string(), en: z.string() }),
  amountFen: Fen
}).meta({ id: 'RefundStep' })

export const RefundCalculation = z.object({
  refundFen: Fen,
  merchantFen: Fen,
  rule: LawRule,
  steps: z.array(StepView),
  lawRefs: z.array(z.string())
}).meta({ id: 'RefundCalculation' })
export type RefundCalculation = z.output<typeof RefundCalculation>
