import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { ContractId } from '../contracts/model.js'
import { MerchantId, SettlementAccount } from '../merchants/model.js'
import { RefundId } from '../refunds/model.js'

export const UnclaimedId = idSchema('unc')
export type UnclaimedId = z.infer<typeof UnclaimedId>

/** Whose money it is: `held` of a contract, a `refund` that cannot be sent, or what is `payable` to a merchant. */
export const UnclaimedKind = z.enum(['held', 'refund', 'payable'])
export type UnclaimedKind = z.infer<typeof UnclaimedKind>

/**
 * `proposed` by one notary. Approved by another it is `refunded` (held) or `set_aside` (a refund, a
 * merchant's payable); a claim is proposed and approved the same way, and the item is `claimed`.
 */
export const UnclaimedStatus = z.enum(['proposed', 'cancelled', 'refunded', 'set_aside', 'claim_proposed', 'claimed'])
export type UnclaimedStatus = z.infer<typeof UnclaimedStatus>

export const Subject = z.union([ContractId, RefundId, MerchantId]).meta({ description: 'held: the contract; refund: the refund; payable: the merchant' })
export type Subject = z.infer<typeof Subject>

const years = 'Five years after the deposit the recipient\'s right to it lapses (Civil Code 574)'

/** Money that nobody has claimed near five years after its deposit. */
export const UnclaimedMoney = z.object({
  kind: UnclaimedKind,
  subject: Subject,
  contractId: ContractId.nullable(),
  merchantId: MerchantId,
  amountFen: Fen,
  lapsesAt: Instant.meta({ description: `${years}; of several deposits, the first` }),
  isLapsed: z.boolean(),
  nextStep: z.enum(['wait', 'refund', 'set_aside']).meta({ description: 'What two notaries may do with it now: held is first refunded' })
}).meta({ id: 'UnclaimedMoney' })
export type UnclaimedMoney = z.output<typeof UnclaimedMoney>

const withinDays = z.coerce.number().int().min(0).max(1_827).default(180).meta({ description: 'Whose five years are over by so many days from now' })

export const UnclaimedQuery = PageQuery.extend({ withinDays, kind: UnclaimedKind.optional() })
export type UnclaimedQuery = z.output<typeof UnclaimedQuery>

export const TotalsQuery = z.object({ withinDays })

const Count = z.object({ count: z.int(), amountFen: Fen })

export const UnclaimedTotals = z.object({
  near: z.record(UnclaimedKind, Count).meta({ description: 'Near the five years and past them; contracts, refunds, and contracts with something payable' }),
  lapsed: z.record(UnclaimedKind, Count).meta({ description: 'Of these, past them' }),
  setAside: Count
}).meta({ id: 'UnclaimedTotals' })
export type UnclaimedTotals = z.output<typeof UnclaimedTotals>

const Reason = z.string().trim().min(1).max(10_000)

export const NewUnclaimed = z.object({ kind: UnclaimedKind, subject: Subject, reason: Reason })
export type NewUnclaimed = z.output<typeof NewUnclaimed>

export const NewClaim = z.object({
  grounds: Reason.meta({ description: 'Who claims it, and how the notary satisfied himself of it' }),
  account: SettlementAccount.optional().meta({ description: 'Of a refund: where it is paid to. What is payable goes to the merchant by its next settlement' })
})
export type NewClaim = z.output<typeof NewClaim>

export const UnclaimedItem = z.object({
  id: UnclaimedId,
  kind: UnclaimedKind,
  subject: Subject,
  merchantId: MerchantId,
  amountFen: Fen,
  status: UnclaimedStatus,
  reason: z.string(),
  grounds: z.string().nullable(),
  refundId: RefundId.nullable().meta({ description: 'The refund it is, or became' }),
  createdAt: Instant,
  decidedAt: Instant.nullable(),
  claimedAt: Instant.nullable()
}).meta({ id: 'UnclaimedItem' })
export type UnclaimedItem = z.output<typeof UnclaimedItem>

export const ItemQuery = PageQuery.extend({ status: UnclaimedStatus.optional() })
export type ItemQuery = z.output<typeof ItemQuery>

/** An item as rules see it. */
export type ItemRecord = Readonly<{
  id: UnclaimedId
  kind: UnclaimedKind
  subject: Subject
  merchantId: MerchantId
  amountFen: FenAmount
  status: UnclaimedStatus
  reason: string
  refundId: RefundId | null
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  createdAt: Date
  decidedAt: Date | null
  grounds: string | null
  /** where a claimed refund is paid to; sealed */
  accountSealed: string | null
  claimMakerId: Id<'per'> | null
  claimCheckerId: Id<'per'> | null
  claimedAt: Date | null
}>

/** Money on the list, as it stands. */
export type Candidate = Readonly<{
  kind: UnclaimedKind
  subject: Subject
  contractId: ContractId | null
  merchantId: MerchantId
  amountFen: FenAmount
  lapsesAt: Date
}>
