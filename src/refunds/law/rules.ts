import { invariant } from '../../kernel/invariant.js'
import type { Fen } from '../../kernel/money.js'
import type { Text } from '../../kernel/problem.js'
import { validationFailed } from '../../kernel/problems.js'
import { atLeast, compare, decimalText, minus, over, plus, ratio, roundHalfUp, times, type Rational } from '../../kernel/rational.js'
import type { Cause, Gifts, LawRule, RefundFacts, Step, Sum } from './model.js'

/*
 * What a consumer gets back of a prepaid contract, by the Supreme People's Court's interpretation
 * 法释〔2025〕4号 (in force since 1 May 2025):
 *
 * R1  within the cooling-off time (Art 14): the price; what was delivered is deducted at the contract's price (Art 15)
 * R2  counted sessions, not by the consumer's cause (Art 18): price · sessions left / all sessions, gifts included
 * R3  counted sessions bought at a discount, by the consumer's cause (Arts 19, 20): price − used · list price, never below zero
 * R4  stored value, not by the consumer's cause (Art 18): price − consumed · price / (price + gift)
 * R5  stored value, by the consumer's cause: price − the list price of what was consumed, never below zero
 * R6  unlimited use within a term (Art 22): price · time left / term
 * R7  gifts already taken (Art 21): nothing, a share, or their value, as someone decides who says why
 * R8  interest (Arts 16, 17): a claim of its own, never part of these sums
 *
 * A list price that was not told, or is not proven, counts for nothing. A term of the contract
 * that is better for the consumer wins. Everything is computed exactly and rounded once, half-up
 * to the fen.
 */

const zero = ratio(0n)
const article = (number: number) => `法释〔2025〕4号第${number}条`

/** One stage of a sum: what happens, and what is then left to give back, exactly. */
type Stage = Readonly<{ text: Text; left: Rational }>
export type Reckoning = Readonly<{ rule: LawRule; lawRefs: readonly string[]; stages: readonly Stage[] }>

const difference = (a: Rational, b: Rational): Fen => {
  const fen = roundHalfUp(a) - roundHalfUp(b)
  return fen < 0n ? -fen : fen
}

const leftOf = ({ stages }: Reckoning): Rational => {
  const last = stages.at(-1)
  invariant(last, 'a sum without a stage')
  return last.left
}

/** The sum of a reckoning: its last stage, rounded; the steps before add up to it, to the fen. */
export const sumOf = (reckoning: Reckoning): Sum => {
  const { rule, lawRefs, stages } = reckoning
  const refundFen = roundHalfUp(leftOf(reckoning))
  const steps: Step[] = stages.map(({ text, left }, i) => {
    const before = stages[i - 1]
    return { text, amountFen: before ? difference(before.left, left) : roundHalfUp(left) }
  })
  return { rule, lawRefs, refundFen, steps: [...steps, { text: { zh: '应退款项', en: 'To be refunded' }, amountFen: refundFen }] }
}

const paid = (paidFen: Fen): Stage => ({ text: { zh: '已付价款', en: 'Price paid' }, left: ratio(paidFen) })

/** Nobody owes a top-up: below zero is zero. */
const neverBelowZero = (stages: readonly Stage[]): readonly Stage[] => {
  const last = stages.at(-1)
  return last && compare(last.left, zero) < 0n
    ? [...stages, { text: { zh: '超出价款的部分不再向消费者收取', en: 'What exceeds the price is not claimed from the consumer' }, left: zero }]
    : stages
}

export type Sessions = Readonly<{ paidFen: Fen; paidSessions: bigint; bonusSessions: bigint; used: Rational }>

const sharePerSession = ({ paidFen, paidSessions, bonusSessions, used }: Sessions): readonly Stage[] => {
  const all = ratio(paidSessions + bonusSessions)
  return [paid(paidFen), {
    text: {
      zh: `已消费 ${decimalText(used)} 次,按合同单价(价款 ÷ ${all.n} 次,含赠送 ${bonusSessions} 次)扣除`,
      en: `${decimalText(used)} of ${all.n} sessions used (${bonusSessions} of them gifts), at the contract's price a session`
    },
    left: over(times(ratio(paidFen), minus(all, used)), all)
  }]
}

const asSessions = (rule: 'R1' | 'R2', lawRefs: readonly string[]) => (facts: Sessions): Reckoning => ({ rule, lawRefs, stages: sharePerSession(facts) })

/** R2: sessions left, at the contract's price. */
const sessionsLeft = asSessions('R2', [article(18)])

/** R3: what was used counts at the list price. */
const sessionsAtListPrice = (facts: Sessions, listPriceFen: Fen): Reckoning => ({
  rule: 'R3',
  lawRefs: [article(19), article(20)],
  stages: neverBelowZero([paid(facts.paidFen), {
    text: {
      zh: `已消费 ${decimalText(facts.used)} 次,按折扣前单价扣除`,
      en: `${decimalText(facts.used)} sessions used, at the list price before the discount`
    },
    left: minus(ratio(facts.paidFen), times(facts.used, ratio(listPriceFen)))
  }])
})

/** Counted sessions (R2, R3). Bought at a discount: the list price of what was paid for exceeds the price. */
export const reckonSessions = (facts: Sessions, cause: Cause, listPriceFen: Fen | undefined): Reckoning => {
  if (cause !== 'consumer') return sessionsLeft(facts)
  const discounted = listPriceFen !== undefined && listPriceFen * facts.paidSessions > facts.paidFen
  return discounted ? sessionsAtListPrice(facts, listPriceFen) : { ...sessionsLeft(facts), lawRefs: [article(18), article(19)] }
}

export type StoredValue = Readonly<{ paidFen: Fen; bonusFen: Fen; consumedFaceFen: Fen }>

const shareOfFaceValue = ({ paidFen, bonusFen, consumedFaceFen }: StoredValue): readonly Stage[] => {
  const face = ratio(paidFen + bonusFen)
  return [paid(paidFen), {
    text: { zh: '已消费面值,按价款占面值(含赠送)的比例扣除', en: 'Face value consumed, at the price\'s share of the face value with gifts' },
    left: over(times(ratio(paidFen), minus(face, ratio(consumedFaceFen))), face)
  }]
}

/** Stored value (R4, R5). */
export const reckonStoredValue = (facts: StoredValue, cause: Cause, consumedListFen: Fen | undefined): Reckoning => {
  if (cause !== 'consumer' || consumedListFen === undefined) return { rule: 'R4', lawRefs: [article(18)], stages: shareOfFaceValue(facts) }
  return {
    rule: 'R5',
    lawRefs: [article(19), article(20)],
    stages: neverBelowZero([paid(facts.paidFen), {
      text: { zh: '已消费部分,按折扣前价格扣除', en: 'What was consumed, at its list price before the discount' },
      left: ratio(facts.paidFen - consumedListFen)
    }])
  }
}

export type Term = Readonly<{ paidFen: Fen; term: bigint; elapsed: bigint; unit: 'days' | 'months' }>

const shareOfTerm = ({ paidFen, term, elapsed, unit }: Term): readonly Stage[] => {
  const word = unit === 'days' ? { zh: '天', en: 'days' } : { zh: '个月', en: 'months' }
  return [paid(paidFen), {
    text: { zh: `期限 ${term} ${word.zh},已过 ${elapsed} ${word.zh},按比例扣除`, en: `${elapsed} of ${term} ${word.en} have passed, pro rata` },
    left: over(times(ratio(paidFen), ratio(term - elapsed)), ratio(term))
  }]
}

/** R6: unlimited use within a term, in the unit it was given in. */
export const reckonTerm = (facts: Term): Reckoning => ({ rule: 'R6', lawRefs: [article(22)], stages: shareOfTerm(facts) })

/** R6 where the office's setting counts days of a discounted card at their list price under the consumer's own cause. */
export const reckonTermAtListPrice = (facts: Term, listPriceFen: Fen): Reckoning => ({
  rule: 'R6',
  lawRefs: [article(19), article(22)],
  stages: neverBelowZero([paid(facts.paidFen), {
    text: { zh: `已过 ${facts.elapsed} 天,按折扣前日价扣除`, en: `${facts.elapsed} days have passed, at the list price a day before the discount` },
    left: ratio(facts.paidFen - facts.elapsed * listPriceFen)
  }])
})

const coolingOffRefs = (somethingUsed: boolean) => (somethingUsed ? [article(14), article(15)] : [article(14)])

/** R1 of counted sessions. */
export const coolOffSessions = (facts: Sessions): Reckoning =>
  compare(facts.used, zero) === 0n
    ? { rule: 'R1', lawRefs: coolingOffRefs(false), stages: [paid(facts.paidFen)] }
    : asSessions('R1', coolingOffRefs(true))(facts)

/** R1 of stored value. */
export const coolOffStoredValue = (facts: StoredValue): Reckoning => ({
  rule: 'R1', lawRefs: coolingOffRefs(facts.consumedFaceFen > 0n),
  stages: facts.consumedFaceFen > 0n ? shareOfFaceValue(facts) : [paid(facts.paidFen)]
})

/** R1 of a term card: used when anyone came. */
export const coolOffTerm = (facts: Term, somethingUsed: boolean): Reckoning => ({
  rule: 'R1', lawRefs: coolingOffRefs(somethingUsed), stages: somethingUsed ? shareOfTerm(facts) : [paid(facts.paidFen)]
})

/** R7: gifts already taken (Art 21). */
export const deductGifts = (reckoning: Reckoning, paidFen: Fen, { valueFen, treatment, reason }: Gifts): Reckoning => {
  const deduction = {
    none: zero,
    share: ratio(valueFen * paidFen, paidFen + valueFen),
    value: ratio(valueFen)
  }[treatment]
  const stage: Stage = {
    text: { zh: `已领取赠品或赠送服务的处理:${reason}`, en: `Gifts already taken: ${reason}` },
    left: minus(leftOf(reckoning), deduction)
  }
  return { ...reckoning, lawRefs: [...reckoning.lawRefs, article(21)], stages: neverBelowZero([...reckoning.stages, stage]) }
}

export type Interest = Readonly<{ principalFen: Fen; rateBasisPoints: bigint; days: bigint; yearDays: bigint }>

/** R8: interest from the rescission to the payment, in fen; a claim beside the deposit, never out of it. */
export const interestOf = ({ principalFen, rateBasisPoints, days, yearDays }: Interest): Fen =>
  roundHalfUp(ratio(principalFen * rateBasisPoints * days, 10_000n * yearDays))

const refuse = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })

const reckonSessionFacts = (facts: Extract<RefundFacts, { kind: 'sessions' }>): Reckoning => {
  const [paidSessions, bonusSessions] = [BigInt(facts.paidSessions), BigInt(facts.bonusSessions)]
  const used = facts.usedSessions
  if (compare(used, plus(ratio(paidSessions), ratio(bonusSessions))) > 0n) {
    throw refuse('usedSessions', '已消费次数不能多于购买与赠送次数之和', 'cannot exceed the sessions paid for and given')
  }
  return reckonSessions({ paidFen: facts.paidFen, paidSessions, bonusSessions, used }, facts.cause, facts.listPricePerSessionFen ?? undefined)
}

const reckonPeriodFacts = ({ paidFen, termDays, elapsedDays, termMonths, elapsedMonths }: Extract<RefundFacts, { kind: 'period' }>): Reckoning => {
  const inDays = termDays !== undefined && elapsedDays !== undefined
  const inMonths = termMonths !== undefined && elapsedMonths !== undefined
  const mixed = inDays ? termMonths !== undefined || elapsedMonths !== undefined : termDays !== undefined || elapsedDays !== undefined
  if (inDays === inMonths || mixed) {
    throw refuse('termDays', '请同时填写 termDays 与 elapsedDays,或同时填写 termMonths 与 elapsedMonths', 'give termDays and elapsedDays, or termMonths and elapsedMonths, not a mixture')
  }
  const [term, elapsed] = inDays ? [termDays, elapsedDays] : [termMonths as number, elapsedMonths as number]
  if (elapsed > term) throw refuse(inDays ? 'elapsedDays' : 'elapsedMonths', '已过时间不能长于期限', 'cannot exceed the term')
  return reckonTerm({ paidFen, term: BigInt(term), elapsed: BigInt(elapsed), unit: inDays ? 'days' : 'months' })
}

const reckonStoredFacts = ({ paidFen, bonusFen, consumedFaceFen, consumedListFen, cause }: Extract<RefundFacts, { kind: 'stored_value' }>): Reckoning => {
  if (consumedFaceFen > paidFen + bonusFen) {
    throw refuse('consumedFaceFen', '已消费面值不能多于价款与赠送之和', 'cannot exceed the price and the gift')
  }
  return reckonStoredValue({ paidFen, bonusFen, consumedFaceFen }, cause, consumedListFen ?? undefined)
}

/** What bare facts give. @throws validation_failed (422) for facts that cannot be */
export const calculate = (facts: RefundFacts): Sum => {
  if (facts.kind === 'sessions') return sumOf(reckonSessionFacts(facts))
  return sumOf(facts.kind === 'period' ? reckonPeriodFacts(facts) : reckonStoredFacts(facts))
}

/** What the parties agreed on: their own sum, no rule's. */
export const agreedSum = (agreedFen: Fen): Reckoning => ({
  rule: 'agreed',
  lawRefs: ['民法典第562条'],
  stages: [{ text: { zh: '双方协商一致的退款', en: 'The refund both sides agree on' }, left: atLeast(ratio(agreedFen), zero) }]
})
