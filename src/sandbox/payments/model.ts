import { z } from 'zod'
import { Payment, StrayReason } from '../../deposits/model.js'
import { BusinessDate } from '../../kernel/calendar.js'
import { PositiveFen } from '../../kernel/money.js'
import { OfficeId } from '../../offices/model.js'

/** What the payer does at the sandbox channel. */
export const PayerDoes = z.object({
  outcome: z.enum(['success', 'failure']),
  amountFen: PositiveFen.optional().meta({ description: 'Absent: the order\'s amount' }),
  repeat: z.int().min(1).max(100).default(1).meta({ description: 'How often the channel sends its notification' })
})
export type PayerDoes = z.output<typeof PayerDoes>

export const ReportQuery = z.object({
  date: BusinessDate.optional().meta({ description: 'The day of the report; today when absent' }),
  officeId: OfficeId.optional()
})
export type ReportQuery = z.output<typeof ReportQuery>

export const PayerDone = z.object({
  payment: Payment,
  transactionId: z.string().meta({ description: 'The channel\'s number of the attempt' }),
  purpose: z.enum(['deposit', 'stray']).nullable().meta({ description: 'What the money became; null where none was paid' }),
  reason: StrayReason.nullable().meta({ description: 'Why it is stray' })
}).meta({ id: 'SandboxPayment' })
export type PayerDone = z.output<typeof PayerDone>
