import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, PositiveFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'

export const HoldId = idSchema('lgh')
export type HoldId = z.infer<typeof HoldId>

/**
 * `proposed` by one notary, from which moment it withholds; `active` once another has approved it;
 * `lift_proposed` still withholds. It ends `withdrawn` (never approved), `lifted` by two people,
 * `renewed` by a later one, or `lapsed` when its time is over.
 */
export const HoldStatus = z.enum(['proposed', 'active', 'lift_proposed', 'withdrawn', 'lifted', 'renewed', 'lapsed'])
export type HoldStatus = z.infer<typeof HoldStatus>

/** Whose money the court holds: what is payable to a merchant, or what goes back to a consumer of a contract. */
export const HoldAgainst = z.enum(['merchant', 'consumer'])
export type HoldAgainst = z.infer<typeof HoldAgainst>

/** The dated rule `legal_hold`: how long a court may hold at once. */
export const HoldRule = z.object({ daysMax: z.int().min(1) })

const Words = z.string().trim().min(1).max(200)
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const NewHold = z.object({
  merchantId: MerchantId.optional().meta({ description: 'Of a hold on all that is payable to a merchant' }),
  contractId: ContractId.optional().meta({ description: 'Of a hold on what is payable to the merchant out of one contract, or on the refunds of one' }),
  against: HoldAgainst.default('merchant').meta({ description: '`consumer` goes with a contract: its refunds wait' }),
  amountFen: PositiveFen.meta({ description: 'Up to which money is withheld; several holds add up' }),
  court: Words,
  documentNumber: Words.meta({ description: 'Of the ruling and the notice to assist in its execution' }),
  documentSha256: Sha256.optional().meta({ description: 'Of the scan in the office\'s file, hex' }),
  until: BusinessDate.meta({ description: 'The last day of the hold' }),
  renews: HoldId.optional().meta({ description: 'The hold this one takes the place of, once it is approved' })
})
export type NewHold = z.output<typeof NewHold>

export const NewLifting = z.object({
  documentNumber: Words.meta({ description: 'Of the court\'s word that lifts it' }),
  documentSha256: Sha256.optional()
})
export type NewLifting = z.output<typeof NewLifting>

/** A hold as rules see it. */
export type HoldRecord = Readonly<{
  id: HoldId
  merchantId: MerchantId
  /** null: on all that is payable to the merchant */
  contractId: ContractId | null
  against: HoldAgainst
  amountFen: FenAmount
  court: string
  documentNumber: string
  documentSha256: string | null
  until: string
  /** the first instant at which it is over */
  endsAt: Date
  renews: HoldId | null
  status: HoldStatus
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  proposedAt: Date
  approvedAt: Date | null
  liftDocumentNumber: string | null
  liftDocumentSha256: string | null
  liftMakerId: Id<'per'> | null
  liftCheckerId: Id<'per'> | null
  endedAt: Date | null
}>

const PersonId = idSchema('per')

export const LegalHold = z.object({
  id: HoldId,
  merchantId: MerchantId,
  contractId: ContractId.nullable(),
  against: HoldAgainst,
  amountFen: PositiveFen,
  court: z.string(),
  documentNumber: z.string(),
  documentSha256: z.string().nullable(),
  until: BusinessDate,
  renews: HoldId.nullable(),
  status: HoldStatus,
  makerId: PersonId.nullable().meta({ description: 'For the office only' }),
  checkerId: PersonId.nullable().meta({ description: 'For the office only' }),
  proposedAt: Instant,
  approvedAt: Instant.nullable(),
  liftDocumentNumber: z.string().nullable(),
  endedAt: Instant.nullable()
}).meta({ id: 'LegalHold' })
export type LegalHold = z.output<typeof LegalHold>

export const LegalHoldDetail = LegalHold.extend({
  withheldFen: Fen.meta({ description: 'What it withholds at this moment; earlier holds come first, so of two that reach for the same money the later one waits' })
}).meta({ id: 'LegalHoldDetail' })
export type LegalHoldDetail = z.output<typeof LegalHoldDetail>

export const HoldQuery = PageQuery.extend({ merchantId: MerchantId.optional(), contractId: ContractId.optional(), status: HoldStatus.optional() })
export type HoldQuery = z.output<typeof HoldQuery>

/** What holds against a merchant must leave in place: of each contract, and beside that of all. */
export type HeldAmounts = Readonly<{ merchantFen: FenAmount; contractFen: ReadonlyMap<ContractId, FenAmount> }>

/** What is payable out of a contract and in no approved settlement, and what of it is left once an item is paid. */
export type Unsettled = Readonly<{ contractId: ContractId; beforeFen: FenAmount; afterFen: FenAmount }>

/** A payout that is about to be ordered. */
export type HeldPayout = Readonly<{ itemId: Id<'sti'>; merchantId: MerchantId; grossFen: FenAmount; payableFen: FenAmount }>
