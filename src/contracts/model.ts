import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { IdNumber, LegalName } from '../identity/model.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId, type VenueId } from '../merchants/model.js'
import { ProductId, ProductKind, ReleaseRule } from '../products/model.js'

export const ContractId = idSchema('ctr')
export type ContractId = z.infer<typeof ContractId>

export const ContractStatus = z.enum(['awaiting_signature', 'awaiting_payment', 'active', 'completed', 'terminated', 'expired', 'cancelled'])
export type ContractStatus = z.infer<typeof ContractStatus>

/** Why nothing may be released or redeemed for the time being. */
export const FreezeReason = z.enum(['refund', 'closure', 'payment_reversed', 'deposit_refused', 'pause'])
export type FreezeReason = z.infer<typeof FreezeReason>

/** A contract as rules see it: its state, its units and its money. Field names as in docs/accounting.md. */
export type Contract = Readonly<{
  id: ContractId
  merchantId: MerchantId
  consumerId: Id<'per'>
  productId: ProductId
  productVersion: number
  kind: ProductKind
  status: ContractStatus
  frozen: FreezeReason | null
  release: ReleaseRule
  objectionHours: number
  /** null: every venue of the merchant */
  venueIds: readonly VenueId[] | null
  priceFen: FenAmount
  /** n: sessions with gifts, face value in fen with gifts, or days of the term */
  units: bigint
  /** u: units used and not voided */
  unitsUsed: bigint
  /** what releases not voided amount to */
  allocFen: FenAmount
  /** X: taken out of held other than by units */
  takenFen: FenAmount
  paidFen: FenAmount
  heldFen: FenAmount
  disputedFen: FenAmount
  pendingFen: FenAmount
  releasedFen: FenAmount
  refundedFen: FenAmount
  /** of refunded: confirmed paid */
  refundPaidFen: FenAmount
  /** of pending: under an objection */
  objectedFen: FenAmount
  /** the dispute that is open */
  disputeId: Id<'dsp'> | null
  version: number
  createdAt: Date
  signedAt: Date | null
  paidAt: Date | null
  depositedAt: Date | null
  coolingOffUntil: Date | null
  expiresAt: Date | null
  termStart: string | null
  endedAt: Date | null
}>

/** The buyer, or the one who uses what is bought (a child, a parent). */
export const Beneficiary = z.object({
  legalName: LegalName,
  idNumber: IdNumber
}).meta({ id: 'Beneficiary' })
export type Beneficiary = z.output<typeof Beneficiary>

export const NewContract = z.object({
  productId: ProductId,
  beneficiary: Beneficiary.optional().meta({ description: 'Who uses what is bought, where it is not the buyer' })
})
export type NewContract = z.output<typeof NewContract>

export const Signature = z.object({
  challengeId: idSchema('chl'),
  code: z.string().min(1).max(100),
  acceptArbitration: z.boolean().default(false).meta({ description: "The arbitration clause, apart from the contract's signature" })
})
export type Signature = z.output<typeof Signature>

export const ContractFilter = PageQuery.extend({
  status: ContractStatus.optional(),
  merchantId: MerchantId.optional()
})
export type ContractFilter = z.output<typeof ContractFilter>

/** The contract's money on the wire: `paid = held + disputed + pending + released + refunded` at every moment. */
export const ContractMoney = z.object({
  paidFen: Fen,
  heldFen: Fen,
  disputedFen: Fen,
  pendingFen: Fen,
  releasedFen: Fen,
  refundedFen: Fen,
  refundPayableFen: Fen.meta({ description: 'Of refunded: committed, not yet confirmed' }),
  refundPaidFen: Fen.meta({ description: 'Of refunded: confirmed paid' }),
  objectedFen: Fen.meta({ description: 'Of pending: under an objection' })
}).meta({ id: 'ContractMoney' })

export const Units = z.object({ total: z.int(), used: z.int(), left: z.int(), blocked: z.int() })

export const ContractView = z.object({
  id: ContractId,
  status: ContractStatus,
  frozen: FreezeReason.nullable(),
  merchantId: MerchantId,
  merchantName: z.string(),
  consumerId: idSchema('per'),
  productId: ProductId,
  productVersion: z.int(),
  productName: z.string(),
  kind: ProductKind,
  priceFen: Fen,
  documentSha256: z.string(),
  acceptArbitration: z.boolean().nullable(),
  sessions: Units.meta({ description: 'kind sessions: sessions; stored_value: face value in fen; period: days' }),
  money: ContractMoney,
  release: ReleaseRule,
  objectionHours: z.int(),
  createdAt: Instant,
  signedAt: Instant.nullable(),
  paidAt: Instant.nullable(),
  coolingOffUntil: Instant.nullable(),
  depositedAt: Instant.nullable(),
  expiresAt: Instant.nullable(),
  termStart: BusinessDate.nullable(),
  endedAt: Instant.nullable(),
  disputeId: idSchema('dsp').nullable()
}).meta({ id: 'Contract' })
export type ContractView = z.output<typeof ContractView>
