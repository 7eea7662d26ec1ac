import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { Fen } from '../kernel/money.js'
import { ContractId } from '../contracts/model.js'

export const PaymentId = idSchema('pay')
export type PaymentId = z.infer<typeof PaymentId>

export const ChannelName = z.enum(['sandbox', 'wechatpay', 'alipay', 'bank_transfer'])
export type ChannelName = z.infer<typeof ChannelName>

export const PaymentStatus = z.enum(['pending', 'succeeded', 'failed', 'closed'])
export type PaymentStatus = z.infer<typeof PaymentStatus>

export const Payment = z.object({
  id: PaymentId,
  contractId: ContractId,
  channel: ChannelName,
  status: PaymentStatus,
  amountFen: Fen,
  action: z.object({ type: z.string(), url: z.string() }).nullable().meta({ description: 'What the payer does next' }),
  createdAt: Instant
}).meta({ id: 'Payment' })
export type Payment = z.output<typeof Payment>
