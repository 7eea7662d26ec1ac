import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'

export const ClaimId = idSchema('clm')
export type ClaimId = z.infer<typeof ClaimId>

/** Who owes it: a merchant's is collected before its next settlement; a consumer's is only stated. */
export const Debtor = z.enum(['merchant', 'consumer'])
export type Debtor = z.infer<typeof Debtor>

/** What it is from: a corrected award, or an award beyond what was frozen. */
export const ClaimCause = z.enum(['correction', 'beyond_deposit'])
export type ClaimCause = z.infer<typeof ClaimCause>

/** A claim as rules see it. */
export type ClaimRecord = Readonly<{
  id: ClaimId
  disputeId: Id<'dsp'>
  contractId: ContractId
  merchantId: MerchantId
  debtor: Debtor
  cause: ClaimCause
  correction: number
  amountFen: FenAmount
  /** collected, or set off by a later correction */
  collectedFen: FenAmount
  createdAt: Date
}>

export const Claim = z.object({
  id: ClaimId, disputeId: idSchema('dsp'), contractId: ContractId, merchantId: MerchantId, debtor: Debtor, cause: ClaimCause, correction: z.int(),
  amountFen: Fen, collectedFen: Fen, leftFen: Fen, createdAt: Instant
}).meta({ id: 'Claim' })
export type Claim = z.output<typeof Claim>

export const ClaimFilter = PageQuery.extend({ merchantId: MerchantId.optional() })
export type ClaimFilter = z.output<typeof ClaimFilter>
