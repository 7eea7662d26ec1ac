import { inLanguage, type Language } from '../kernel/problem.js'
import type { RefundCalculation, Step, Sum } from './law/model.js'
import type { QuoteRecord, Refund, RefundQuote, RefundRecord } from './model.js'
import { isLate } from './rules.js'

/** Records as the wire shows them. */

const stepView = ({ text, amountFen }: Step, language: Language) => ({ text: inLanguage(text, language), texts: { 'zh-CN': text.zh, en: text.en }, amountFen })

export const calculationView = (paidFen: bigint, { rule, refundFen, steps, lawRefs }: Sum, language: Language): RefundCalculation => ({
  refundFen, merchantFen: paidFen - refundFen, rule, steps: steps.map((step) => stepView(step, language)), lawRefs: [...lawRefs]
})

export const quoteView = ({ id, contractId, reason, rule, division, steps, lawRefs, createdAt, expiresAt }: QuoteRecord, language: Language): RefundQuote => ({
  id, contractId, reason, ...division, rule, lawRefs: [...lawRefs], createdAt, expiresAt,
  steps: steps.map(({ text, amountFen }) => stepView({ text, amountFen: BigInt(amountFen) }, language))
})

export const refundView = (refund: RefundRecord, now: Date): Refund => ({ ...refund, isLate: isLate(refund, now), hasAccount: refund.accountSealed !== null })
