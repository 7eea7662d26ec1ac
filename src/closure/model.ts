import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { MerchantId } from '../merchants/model.js'

export const ClosureId = idSchema('clo')
export type ClosureId = z.infer<typeof ClosureId>

/** `proposed` by one notary, `running` once another approved it, `completed` when every contract has been ended. */
export const ClosureStatus = z.enum(['proposed', 'running', 'completed', 'cancelled'])
export type ClosureStatus = z.infer<typeof ClosureStatus>

export const NewClosure = z.object({
  reason: z.string().trim().min(1).max(10_000),
  stoppedOn: BusinessDate.meta({ description: 'The day the merchant stopped: time cards do not count from this day on' })
})
export type NewClosure = z.output<typeof NewClosure>

export const Closure = z.object({
  id: ClosureId,
  merchantId: MerchantId,
  status: ClosureStatus,
  reason: z.string(),
  stoppedOn: BusinessDate,
  createdAt: Instant,
  approvedAt: Instant.nullable(),
  completedAt: Instant.nullable(),
  contracts: z.int().meta({ description: 'Contracts to be ended: refunded, or cancelled where they were not paid' }),
  done: z.int(),
  totalFen: Fen.meta({ description: 'What went back to consumers so far' }),
  shortfallFen: Fen.meta({ description: 'What the law gives beyond what was held: claims on the merchant' }),
  differenceFen: SignedFen.nullable().meta({ description: 'At the end: the sum refunded less what the ledger booked; 0' })
}).meta({ id: 'Closure' })
export type Closure = z.output<typeof Closure>

/** A closure as rules see it. */
export type ClosureRecord = Readonly<{
  id: ClosureId
  merchantId: MerchantId
  status: ClosureStatus
  reason: string
  stoppedOn: string
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  createdAt: Date
  approvedAt: Date | null
  completedAt: Date | null
  contracts: number
  done: number
  totalFen: FenAmount
  shortfallFen: FenAmount
  differenceFen: FenAmount | null
}>
