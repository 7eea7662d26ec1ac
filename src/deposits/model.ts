import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'
import { ChannelName, PayerAction } from '../channels/model.js'
import { ContractId } from '../contracts/model.js'

export const PaymentId = idSchema('pay')
export type PaymentId = z.infer<typeof PaymentId>

export const PaymentStatus = z.enum(['pending', 'succeeded', 'failed', 'closed'])
export type PaymentStatus = z.infer<typeof PaymentStatus>

export const Payment = z.object({
  id: PaymentId,
  contractId: ContractId,
  channel: ChannelName,
  status: PaymentStatus,
  amountFen: Fen,
  action: PayerAction.nullable().meta({ description: 'What the payer does next' }),
  createdAt: Instant
}).meta({ id: 'Payment' })
export type Payment = z.output<typeof Payment>

export const NewPayment = z.object({ channel: ChannelName })
export type NewPayment = z.output<typeof NewPayment>

/** Why money that a channel received is not the price of its contract. */
export const StrayReason = z.enum(['contract_cancelled', 'paid_already', 'order_closed', 'not_awaited', 'wrong_amount', 'merchant_closing'])
export type StrayReason = z.infer<typeof StrayReason>

/** Money that a channel says it received: one for each of its transactions. */
export type Receipt = Readonly<{
  id: Id<'rcp'>
  channel: ChannelName
  /** the channel's own number */
  transactionId: string
  paymentId: PaymentId
  amountFen: FenAmount
  purpose: 'deposit' | 'stray'
  reason: StrayReason | null
  paidAt: Date
  receivedAt: Date
}>

export const Refusal = z.object({ reason: z.string().trim().min(1).max(10_000) })

/** The exact bytes a channel sent: its signature is over them. */
export const RawBody = z.unknown().transform((body) => (Buffer.isBuffer(body) ? body : Buffer.alloc(0)))
  .meta({ description: 'In the format of the channel, signed by it' })

/** What a channel is told when its notification was understood; until then it sends it again. */
export const Acknowledgement = z.object({ code: z.literal('SUCCESS') }).meta({ id: 'Acknowledgement' })
export type Acknowledgement = z.output<typeof Acknowledgement>
