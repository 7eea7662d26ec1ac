import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { Fen, PositiveFen, SignedFen } from '../kernel/money.js'

export const ChannelName = z.enum(['sandbox', 'wechatpay', 'alipay', 'bank_transfer'])
export type ChannelName = z.infer<typeof ChannelName>

/** What the payer does next to pay an order. */
export const PayerAction = z.object({
  type: z.string().meta({ description: 'sandbox, qr_code, redirect, transfer, …' }),
  url: z.string()
}).meta({ id: 'PayerAction' })
export type PayerAction = z.infer<typeof PayerAction>

const OrderId = idSchema('pay')
const ChannelNumber = z.string().min(1).max(128)

/** The channel says how a payer's attempt at an order ended. One order may have several attempts. */
const PaymentNotification = z.object({
  kind: z.literal('payment'),
  orderId: OrderId,
  /** the channel's own number of the attempt, unique within the channel */
  transactionId: ChannelNumber,
  outcome: z.enum(['success', 'failure']),
  amountFen: PositiveFen,
  paidAt: Instant
})

/** The channel paid out to the special account what it had received, less what it refunded and its fee. */
const SettlementNotification = z.object({
  kind: z.literal('settlement'),
  settlementId: ChannelNumber,
  /** the number of the office whose account it is */
  office: z.int().min(1).max(0xffff),
  /** received less refunded; below zero when refunds exceed */
  grossFen: SignedFen,
  feeFen: Fen,
  /** when the bank credited it */
  valueDate: Instant,
  /** the attempts whose money is in it */
  transactionIds: z.array(ChannelNumber).max(10_000)
})

/** The channel says what became of a refund that it had answered with `pending`. */
const RefundNotification = z.object({
  kind: z.literal('refund'),
  orderId: OrderId,
  key: ChannelNumber,
  outcome: z.enum(['done', 'failed']),
  reference: z.string().max(200),
  reason: z.string().max(1_000).optional()
})

/** What a channel tells us, once its signature has been found good. */
export const Notification = z.discriminatedUnion('kind', [PaymentNotification, SettlementNotification, RefundNotification])
export type Notification = z.output<typeof Notification>
export type PaymentNotification = z.output<typeof PaymentNotification>
export type SettlementNotification = z.output<typeof SettlementNotification>
export type RefundNotification = z.output<typeof RefundNotification>
