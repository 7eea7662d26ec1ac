import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, PositiveFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'

export const SettlementId = idSchema('stl')
export type SettlementId = z.infer<typeof SettlementId>
export const SettlementItemId = idSchema('sti')
export type SettlementItemId = z.infer<typeof SettlementItemId>

export const SettlementStatus = z.enum(['draft', 'approved', 'submitted', 'completed', 'cancelled'])
export type SettlementStatus = z.infer<typeof SettlementStatus>

export const SettlementItemStatus = z.enum(['draft', 'approved', 'submitted', 'paid', 'returned', 'cancelled'])
export type SettlementItemStatus = z.infer<typeof SettlementItemStatus>

/** A settlement as rules see it. */
export type SettlementRecord = Readonly<{
  id: SettlementId
  status: SettlementStatus
  cutoff: Date
  feeBasisPoints: number
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  createdAt: Date
  approvedAt: Date | null
  completedAt: Date | null
}>

/** What one merchant is paid in it, as rules see it. */
export type ItemRecord = Readonly<{
  id: SettlementItemId
  settlementId: SettlementId
  merchantId: MerchantId
  merchantName: string
  grossFen: FenAmount
  feeFen: FenAmount
  status: SettlementItemStatus
  /** the account as it was at approval; sealed */
  payeeSealed: string | null
  bankReference: string | null
  returnReason: string | null
  answeredAt: Date | null
}>

const PersonId = idSchema('per')

/** The office's tariff: a dated rule by the name `payout_fee`. Below the whole, so that a payout is at least one fen. */
export const PayoutFee = z.object({ basisPoints: z.int().min(0).max(9_999) })

export const DraftSettlement = z.object({
  cutoff: Instant.optional().meta({ description: 'What fell due until then; now when absent' }),
  merchantIds: z.array(MerchantId).min(1).max(1_000).optional().meta({ description: 'Absent: every merchant with something payable' })
})
export type DraftSettlement = z.output<typeof DraftSettlement>

export const SettlementItem = z.object({
  id: SettlementItemId,
  merchantId: MerchantId,
  merchantName: z.string(),
  grossFen: PositiveFen,
  feeFen: Fen,
  amountFen: PositiveFen.meta({ description: 'What the bank pays: gross less fee' }),
  status: SettlementItemStatus,
  bankReference: z.string().nullable(),
  returnReason: z.string().nullable().meta({ description: 'Why the bank returned it; what it was for is payable again' }),
  answeredAt: Instant.nullable()
}).meta({ id: 'SettlementItem' })
export type SettlementItem = z.output<typeof SettlementItem>

export const SettlementSummary = z.object({
  id: SettlementId,
  status: SettlementStatus,
  cutoff: Instant,
  feeBasisPoints: z.int().meta({ description: 'The tariff it was drafted by, in 1/10,000' }),
  makerId: PersonId,
  checkerId: PersonId.nullable(),
  itemCount: z.int(),
  grossFen: Fen,
  feeFen: Fen,
  totalFen: Fen.meta({ description: 'Sum of what the bank pays' }),
  createdAt: Instant,
  approvedAt: Instant.nullable(),
  completedAt: Instant.nullable()
}).meta({ id: 'SettlementSummary' })
export type SettlementSummary = z.output<typeof SettlementSummary>

export const Settlement = SettlementSummary.extend({ items: z.array(SettlementItem) }).meta({ id: 'Settlement' })
export type Settlement = z.output<typeof Settlement>

export const Payout = SettlementItem.extend({
  settlementId: SettlementId,
  account: z.string().nullable().meta({ description: 'Where it was sent, masked' })
}).meta({ id: 'Payout' })
export type Payout = z.output<typeof Payout>

export const SettlementQuery = PageQuery.extend({ status: SettlementStatus.optional() })
export type SettlementQuery = z.output<typeof SettlementQuery>

/** A payout that the bank confirmed, and what it is made of. */
export type PaidPayout = Readonly<{ payout: Payout; cutoff: Date; paidAt: Date; lines: readonly Readonly<{ contractId: Id<'ctr'>; releases: number; amountFen: FenAmount }>[] }>
