import { z } from 'zod'
import { BusinessDate } from '../../kernel/calendar.js'
import { SettlementItemId } from '../../settlement/model.js'
import { PositiveFen } from '../../kernel/money.js'
import { MerchantId } from '../../merchants/model.js'
import { OfficeId } from '../../offices/model.js'

export const BankOutcome = z.enum(['paid', 'returned', 'unknown'])
export type BankOutcome = z.infer<typeof BankOutcome>

export const PayoutsAnswer = z.object({
  outcome: BankOutcome.meta({ description: 'What the bank answers to payouts from now on; `unknown`: it says so until this is changed, then the truth' }),
  merchantId: MerchantId.optional().meta({ description: 'Only payouts to this merchant; absent: all without an answer of their own' })
})
export type PayoutsAnswer = z.output<typeof PayoutsAnswer>

export const SendBack = z.object({
  itemId: SettlementItemId.meta({ description: 'A payout the bank has said to be paid' }),
  reason: z.string().trim().min(1).max(140).default('收款账户已销户')
})
export type SendBack = z.output<typeof SendBack>

export const Arrival = z.object({
  amountFen: PositiveFen,
  counterparty: z.string().trim().min(1).max(140).default('张三'),
  remittance: z.string().trim().max(140).default('转账'),
  officeId: OfficeId.optional()
})
export type Arrival = z.output<typeof Arrival>

export const StatementQuery = z.object({
  date: BusinessDate.optional().meta({ description: 'The day of the statement; today when absent' }),
  officeId: OfficeId.optional()
})
export type StatementQuery = z.output<typeof StatementQuery>

/** One line of the bank's own book of a special account. */
export type BookEntry = Readonly<{
  sequence: number
  reference: string
  side: 'CRDT' | 'DBIT'
  amountFen: bigint
  counterparty: string
  remittance: string
}>
