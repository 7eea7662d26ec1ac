import { z } from 'zod'
import { ChannelName } from '../channels/model.js'
import { ContractId } from '../contracts/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'
import { Gifts, LawRule, StepView } from './law/model.js'

export const RefundId = idSchema('ref')
export type RefundId = z.infer<typeof RefundId>
export const QuoteId = idSchema('quo')
export type QuoteId = z.infer<typeof QuoteId>

/** `principal`: of a contract's price; `stray`: money that never was the price. */
export const RefundPurpose = z.enum(['principal', 'stray'])
export type RefundPurpose = z.infer<typeof RefundPurpose>

/** Why a party asks for a contract's money back. */
export const RequestReason = z.enum(['cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure'])
export type RequestReason = z.infer<typeof RequestReason>

/** Why money goes back: as a party asked, or by something the service or the notary did. */
export const RefundReason = z.enum([...RequestReason.options, 'closure', 'deposit_refused', 'stray_payment', 'remainder', 'award', 'settlement_agreement'])
export type RefundReason = z.infer<typeof RefundReason>

/** Refunds that end a contract: one open at a time, and the contract is terminated when it is paid. */
export const closingReasons: ReadonlySet<RefundReason> = new Set([...RequestReason.options, 'closure', 'deposit_refused'])

export const RefundStatus = z.enum(['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'paid', 'declined', 'rejected', 'failed'])
export type RefundStatus = z.infer<typeof RefundStatus>

/** One step of a sum, in both languages; `amountFen` as a decimal string in the database. */
export type QuoteStep = Readonly<{ text: { zh: string; en: string }; amountFen: string }>

/** Who asked: an end, or the service itself. */
export const RequestedEnd = z.enum(['consumer', 'merchant', 'notary', 'service'])
export type RequestedEnd = z.infer<typeof RequestedEnd>

export const QuoteRequest = z.object({
  reason: RequestReason,
  agreedFen: Fen.optional().meta({ description: 'reason mutual: what the parties agree goes back' }),
  gifts: Gifts.optional()
})
export type QuoteRequest = z.output<typeof QuoteRequest>

/** How a contract's held money would be divided: `held = refund + merchant + contested`. */
export type Division = Readonly<{
  heldFen: FenAmount
  refundFen: FenAmount
  merchantFen: FenAmount
  contestedFen: FenAmount
  /** what the rule gives beyond what is held */
  shortfallFen: FenAmount
}>

export const RefundQuote = z.object({
  id: QuoteId,
  contractId: ContractId,
  reason: RefundReason,
  refundFen: Fen,
  merchantFen: Fen,
  contestedFen: Fen.meta({ description: 'Stays frozen until an objection or a dispute is over' }),
  heldFen: Fen,
  shortfallFen: Fen.meta({ description: 'What the rule gives beyond what is held: a claim on the merchant' }),
  rule: LawRule,
  steps: z.array(StepView),
  lawRefs: z.array(z.string()),
  createdAt: Instant,
  expiresAt: Instant
}).meta({ id: 'RefundQuote' })
export type RefundQuote = z.output<typeof RefundQuote>

export const RefundRequest = z.object({ quoteId: QuoteId })

/** Interest on a refund (Arts 16, 17): a claim beside the deposit. */
export const RefundInterest = z.object({
  rateBasisPoints: z.int(),
  source: z.string(),
  from: BusinessDate,
  to: BusinessDate,
  days: z.int(),
  yearDays: z.int(),
  interestFen: Fen
}).meta({ id: 'RefundInterest', description: 'From the rescission to the payment; a claim of its own, never out of the deposit' })
export type RefundInterest = z.output<typeof RefundInterest>

export const Refund = z.object({
  id: RefundId,
  contractId: ContractId,
  merchantId: MerchantId,
  purpose: RefundPurpose,
  reason: RefundReason,
  status: RefundStatus,
  refundFen: Fen,
  merchantFen: Fen,
  contestedFen: Fen,
  quoteId: QuoteId.nullable(),
  requestedEnd: RequestedEnd,
  channel: ChannelName,
  createdAt: Instant,
  consentBy: Instant.nullable().meta({ description: 'Until when the other side may answer' }),
  deadlineAt: Instant.meta({ description: 'By when it must be paid' }),
  isLate: z.boolean(),
  approvedAt: Instant.nullable(),
  paidAt: Instant.nullable(),
  attempts: z.int(),
  lastError: z.string().nullable(),
  byBank: z.boolean().meta({ description: 'By bank transfer, because the channel cannot' }),
  hasAccount: z.boolean().meta({ description: 'The consumer has given an account for a bank transfer' }),
  note: z.string().nullable().meta({ description: 'Why it was declined or rejected' })
}).meta({ id: 'Refund' })
export type Refund = z.output<typeof Refund>

export const RefundDetail = Refund.extend({
  quote: RefundQuote.nullable(),
  interest: RefundInterest.nullable()
}).meta({ id: 'RefundDetail' })
export type RefundDetail = z.output<typeof RefundDetail>

export const RefundFilter = PageQuery.extend({
  status: RefundStatus.optional(),
  contractId: ContractId.optional(),
  late: z.enum(['true', 'false']).optional().meta({ description: 'Only those past their deadline and not paid, or only the others' })
})
export type RefundFilter = z.output<typeof RefundFilter>

/** A refund by bank transfer: proposed by one notary, ordered by another. */
export const BankRefundId = idSchema('bnr')
export type BankRefundId = z.infer<typeof BankRefundId>

export const BankRefundStatus = z.enum(['proposed', 'ordered', 'paid', 'returned', 'cancelled'])
export type BankRefundStatus = z.infer<typeof BankRefundStatus>

export const BankRefund = z.object({
  id: BankRefundId,
  refundId: RefundId,
  status: BankRefundStatus,
  amountFen: Fen,
  accountName: z.string(),
  accountNumber: z.string().meta({ description: 'The last four characters' }),
  createdAt: Instant,
  orderedAt: Instant.nullable(),
  answeredAt: Instant.nullable(),
  returnReason: z.string().nullable()
}).meta({ id: 'BankRefund' })
export type BankRefund = z.output<typeof BankRefund>

/** A bank transfer as rules see it. */
export type BankRefundRecord = Readonly<{
  id: BankRefundId
  refundId: RefundId
  status: BankRefundStatus
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  payeeSealed: string
  createdAt: Date
  orderedAt: Date | null
  answeredAt: Date | null
  bankReference: string | null
  returnReason: string | null
}>

export const Reason = z.object({ reason: z.string().trim().min(1).max(10_000) })

/** The office's dated setting `refund_policy`. */
export const RefundPolicy = z.object({
  /** R6 under the consumer's own cause: by days, or days passed at their list price where it is proven */
  termByConsumersCause: z.enum(['by_days', 'list_price']),
  interestYearDays: z.union([z.literal(360), z.literal(365)]),
  quoteHours: z.int().min(1),
  consentWorkingDays: z.int().min(1),
  coolingOffWorkingDays: z.int().min(1),
  otherWorkingDays: z.int().min(1)
})
export type RefundPolicy = z.output<typeof RefundPolicy>

/** The office's dated settings `interest_lpr_1y` and `interest_deposit_1y`. */
export const InterestRate = z.object({ basisPoints: z.int().min(0) })

/** A refund as rules see it. */
export type RefundRecord = Readonly<{
  id: RefundId
  purpose: RefundPurpose
  contractId: ContractId
  merchantId: MerchantId
  reason: RefundReason
  status: RefundStatus
  quoteId: QuoteId | null
  /** the order it is paid back on, and its channel */
  paymentId: Id<'pay'>
  channel: ChannelName
  refundFen: FenAmount
  merchantFen: FenAmount
  contestedFen: FenAmount
  requestedBy: Id<'per'> | null
  requestedEnd: RequestedEnd
  note: string | null
  /** by when it must be paid */
  deadlineAt: Date
  consentBy: Date | null
  /** the consumer asked for it or agreed to it, so that the merchant's part needs no new window */
  consumerAgreed: boolean
  createdAt: Date
  /** when the contract ends by it: days after it do not count */
  endsAt: Date
  approvedBy: Id<'per'> | null
  approvedAt: Date | null
  attempts: number
  lastError: string | null
  channelReference: string | null
  paidAt: Date | null
  /** paid, or being paid, by bank transfer: the channel is not sent to any more */
  byBank: boolean
  accountSealed: string | null
}>

/** A quote as rules see it. */
export type QuoteRecord = Readonly<{
  id: QuoteId
  contractId: ContractId
  reason: RefundReason
  agreedFen: FenAmount | null
  gifts: Gifts | null
  rule: LawRule
  division: Division
  steps: readonly QuoteStep[]
  lawRefs: readonly string[]
  contractVersion: number
  quotedBy: Id<'per'>
  createdAt: Date
  expiresAt: Date
}>

