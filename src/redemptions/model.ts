import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, PositiveFen } from '../kernel/money.js'
import { ContractId, type Contract } from '../contracts/model.js'
import { MerchantId, VenueId } from '../merchants/model.js'

export const RedemptionId = idSchema('red')
export type RedemptionId = z.infer<typeof RedemptionId>

/**
 * A visit, the passing of time, or what a refund that closes the contract leaves to the merchant;
 * a part of one of these that a dispute split off; or held money that a decision gave to the
 * merchant, for no units and beside what releases allot.
 */
export const ReleaseKind = z.enum(['check_in', 'time', 'closing', 'part', 'award'])
export type ReleaseKind = z.infer<typeof ReleaseKind>

/** `recorded`: a term card's check-in, which releases nothing; `refunded`: a dispute gave its money back. */
export const ReleaseState = z.enum(['pending', 'objected', 'disputed', 'payable', 'refunded', 'voided', 'recorded'])
export type ReleaseState = z.infer<typeof ReleaseState>

/** Set for a contract with nothing left to use and money still held: it is the consumer's (法释〔2025〕4号 Art 18). */
export const remainderDeadline = 'refund-remainder'
/** Set for a term card, for the next release of days by time. */
export const termDeadline = 'term-release'
/** Set for a contract whose refund left money frozen, when a release it hangs on is no longer contested. */
export const contestedDeadline = 'refund-contested'

/** Set for a contract of a merchant that has stopped, when money comes back to it after its merchant's closure passed it by. */
export const closureDeadline = 'contract-closure'

/** A release as rules see it. */
export type Release = Readonly<{
  id: RedemptionId
  contractId: ContractId
  merchantId: MerchantId
  kind: ReleaseKind
  state: ReleaseState
  units: bigint
  amountFen: bigint
  unitsLeft: bigint | null
  date: string
  createdAt: Date
  dueAt: Date
  venueId: VenueId | null
  cashierId: Id<'per'> | null
  itemId: string | null
}>

/** Days of a term that do not count: paused ones, until a date that counts again, and excused ones, whose release the merchant took back. */
export type TermCalendar = Readonly<{
  pauses: readonly Readonly<{ from: string; until: string }>[]
  excused: readonly Readonly<{ lastDay: string; units: bigint }>[]
}>

/**
 * What decisions of disputes did to a contract's releases: units that went back whole count as not
 * used, units that went back in part stay used at a lower price; and held money that was awarded to
 * the merchant.
 */
export type Decided = Readonly<{ units: bigint; reducedFen: bigint; awardedFen: bigint }>

/** What of a contract the door reads and changes; the rest of its row stays in the database. */
export type ContractAtDoor = Pick<Contract,
  'id' | 'merchantId' | 'kind' | 'status' | 'frozen' | 'objectionHours' | 'venueIds' | 'priceFen' | 'units' | 'unitsUsed' | 'allocFen' |
  'takenFen' | 'heldFen' | 'disputedFen' | 'pendingFen' | 'expiresAt' | 'endedAt'>

/** A code as the door finds it. */
export type CheckInCode = Readonly<{
  /** SHA-256, hex */
  codeHash: string
  contractId: ContractId
  merchantId: MerchantId
  expiresAt: Date
  usedAt: Date | null
}>

export const CheckInCodeAnswer = z.object({
  code: z.string().meta({ description: 'For the QR code; 128 random bits' }),
  shortCode: z.string().meta({ description: '8 digits, for typing; works only at the contract\'s merchant' }),
  expiresAt: Instant
}).meta({ id: 'CheckInCode' })

/** A code shown at the door, at a venue, for one or more sessions or a part of the face value. */
export const Redeem = z.object({
  code: z.string().trim().min(1).max(200),
  venueId: VenueId,
  sessions: z.int().min(1).max(100).optional().meta({ description: 'kind sessions; 1 when absent' }),
  amountFen: PositiveFen.optional().meta({ description: 'kind stored_value: face value to spend' })
})
export type Redeem = z.output<typeof Redeem>

export const RedeemAnswer = z.object({
  id: RedemptionId,
  contractId: ContractId,
  status: ReleaseState,
  releasedFen: Fen,
  sessionsLeft: z.int().nullable().meta({ description: 'Sessions left; face value in fen of a stored-value card; null for a term card' }),
  objectionUntil: Instant
}).meta({ id: 'RedemptionAnswer' })
export type RedeemAnswer = z.output<typeof RedeemAnswer>

export const Redemption = z.object({
  id: RedemptionId,
  contractId: ContractId,
  merchantId: MerchantId,
  venueId: VenueId.nullable(),
  kind: ReleaseKind,
  status: ReleaseState,
  units: z.int().meta({ description: 'Sessions, face value in fen, or days' }),
  releasedFen: Fen,
  sessionsLeft: z.int().nullable(),
  date: BusinessDate,
  createdAt: Instant,
  objectionUntil: Instant
}).meta({ id: 'Redemption' })
export type Redemption = z.output<typeof Redemption>

export const Reason = z.object({ reason: z.string().trim().min(1).max(10_000) })

/** What the batched path is asked: one redemption of one caller, with its idempotency key. */
export type RedeemRequest = Readonly<{
  merchantId: MerchantId
  cashierId: Id<'per'>
  command: Redeem
}>

export type Objection = Readonly<{
  releaseId: RedemptionId
  contractId: ContractId
  merchantId: MerchantId
  reason: string
  madeAt: Date
  windowLeftMs: number
  answerBy: Date
}>

/** Which settlement item what is payable to a merchant is reserved to. */
export type Reservation = Readonly<{ merchantId: MerchantId; itemId: Id<'sti'> }>
