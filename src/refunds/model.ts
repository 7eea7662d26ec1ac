import { z } from 'zod'
import { idSchema } from '../kernel/id.js'

export const RefundId = idSchema('ref')
export type RefundId = z.infer<typeof RefundId>
export const QuoteId = idSchema('quo')
export type QuoteId = z.infer<typeof QuoteId>

/** `principal`: of a contract's price; `stray`: money that never was the price. */
export const RefundPurpose = z.enum(['principal', 'stray'])
export type RefundPurpose = z.infer<typeof RefundPurpose>

export const RefundReason = z.enum(['cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure', 'closure', 'deposit_refused', 'stray_payment', 'remainder', 'award', 'settlement_agreement'])
export type RefundReason = z.infer<typeof RefundReason>

export const RefundStatus = z.enum(['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'paid', 'declined', 'rejected', 'failed'])
export type RefundStatus = z.infer<typeof RefundStatus>

/** One step of a sum, in both languages; `amountFen` as a decimal string in the database. */
export type QuoteStep = Readonly<{ text: { zh: string; en: string }; amountFen: string }>
