import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { Fen, SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { AccountKind } from '../ledger/model.js'
import { MerchantCategory, MerchantId, MerchantStatus } from '../merchants/model.js'
import { OfficeId } from '../offices/model.js'

/** A merchant's money: `released = payable + inTransit + paidOut + fee + unclaimed`. */
export const MerchantBalances = z.object({
  heldFen: Fen,
  disputedFen: Fen,
  pendingFen: Fen,
  releasedFen: Fen.meta({ description: 'Became due to the merchant, paid out or not: payable + inTransit + paidOut + fee + unclaimed' }),
  payableFen: Fen.meta({ description: 'Due and in no approved settlement, gross of fee' }),
  inTransitFen: Fen.meta({ description: 'Ordered to be paid, gross of fee; the bank has not said yet' }),
  paidOutFen: Fen.meta({ description: 'Paid by the bank, net of fee' }),
  feeFen: Fen.meta({ description: 'The office\'s fee on what was paid out' }),
  unclaimedFen: Fen,
  refundedFen: Fen,
  claimsFen: Fen.meta({ description: 'Claims against the merchant that its next settlements must pay first' })
}).meta({ id: 'MerchantBalances' })
export type MerchantBalances = z.output<typeof MerchantBalances>

export const MerchantLine = MerchantBalances.extend({
  merchantId: MerchantId,
  name: z.string(),
  category: MerchantCategory,
  district: z.string(),
  status: MerchantStatus,
  contracts: z.int(),
  openContracts: z.int().meta({ description: 'Contracts with money held, disputed or pending' }),
  paidFen: Fen
}).meta({ id: 'AuditMerchant' })
export type MerchantLine = z.output<typeof MerchantLine>

/** Sums of merchants' contracts and accounts, as the database's view has them. */
export type MerchantSums = Readonly<Record<
  'paidFen' | 'heldFen' | 'disputedFen' | 'pendingFen' | 'releasedFen' | 'refundedFen' | 'payableFen' | 'inTransitFen' | 'unclaimedFen' | 'paidOutFen' | 'feeFen',
  FenAmount
>>

const Sides = z.object({ assetsFen: SignedFen, liabilitiesFen: SignedFen })

export const Overview = z.object({
  at: Instant,
  merchants: z.int(),
  contracts: z.int(),
  openContracts: z.int(),
  paidFen: Fen,
  heldFen: Fen,
  disputedFen: Fen,
  pendingFen: Fen,
  payableFen: Fen,
  inTransitFen: Fen,
  paidOutFen: Fen,
  feeFen: Fen,
  refundedFen: Fen,
  refundUnpaidFen: Fen.meta({ description: 'Owed to payers: committed or under way, not yet confirmed' }),
  bankFen: Fen,
  clearingFen: SignedFen.meta({ description: 'Owed by payment channels' }),
  dueFromOfficeFen: Fen,
  unexplainedDebitFen: Fen,
  coverFen: SignedFen.meta({ description: 'bank + clearing less everything owed; below zero where fees or unexplained debits are not yet made good' }),
  fromEntries: Sides.meta({ description: 'The books, added up from every entry ever made' }),
  fromBalances: Sides.meta({ description: 'The books, added up from the balances as they stand' }),
  agree: z.boolean().meta({ description: 'Assets equal liabilities, and both ways of adding up agree' })
}).meta({ id: 'AuditOverview' })
export type Overview = z.output<typeof Overview>

export const TrialBalance = z.object({
  at: Instant,
  accounts: z.array(z.object({
    account: AccountKind,
    kind: z.enum(['asset', 'liability']),
    balanceFen: SignedFen
  })),
  debitFen: SignedFen.meta({ description: 'Sum of the assets' }),
  creditFen: SignedFen.meta({ description: 'Sum of the liabilities' })
}).meta({ id: 'TrialBalance' })
export type TrialBalance = z.output<typeof TrialBalance>

export const OfOffice = z.object({ officeId: OfficeId.optional().meta({ description: 'The caller\'s office when absent' }) })
export type OfOffice = z.output<typeof OfOffice>

export const MerchantsQuery = PageQuery.extend(OfOffice.shape)
export type MerchantsQuery = z.output<typeof MerchantsQuery>

export const TrialBalanceQuery = OfOffice.extend({ at: Instant.optional().meta({ description: 'A past moment; now when absent' }) })
export type TrialBalanceQuery = z.output<typeof TrialBalanceQuery>
