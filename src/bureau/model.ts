import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import { Fen, SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { AccountKind } from '../ledger/model.js'
import { MerchantCategory, MerchantId, MerchantStatus, PlainText } from '../merchants/model.js'
import { OfficeId } from '../offices/model.js'
import { ProductKind } from '../products/model.js'

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
  claimsFen: Fen.meta({ description: 'Claims against the merchant that its next settlements must pay first' }),
  legalHoldFen: Fen.meta({ description: 'Of what is payable: what courts hold, so that it is not paid (`/legal-holds` says by which documents)' })
}).meta({ id: 'MerchantBalances' })
export type MerchantBalances = z.output<typeof MerchantBalances>

/** What a part of the books is measured by. */
export const measures = [
  'paidFen', 'heldFen', 'disputedFen', 'pendingFen', 'releasedFen', 'refundedFen', 'payableFen', 'inTransitFen', 'unclaimedFen', 'paidOutFen', 'feeFen'
] as const
export type Measure = (typeof measures)[number]

/** The same sum in two ways, which must come to the same. */
const Compared = {
  fromEntriesFen: SignedFen.meta({ description: 'What is owed to consumers and the merchant, added up from every entry before the moment' }),
  fromBalancesFen: SignedFen.meta({ description: 'The same from the balances as they stand, less what was moved since' }),
  agree: z.boolean().meta({ description: 'Whether both ways of adding up agree, in this sum and in every other of the line' })
}

export const MerchantLine = MerchantBalances.omit({ claimsFen: true, legalHoldFen: true }).extend({
  ...Compared,
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
  by: z.enum(['booking', 'event']),
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
  legalHolds: z.int().meta({ description: 'Courts\' holds in force at the moment' }),
  legalHoldFen: Fen.meta({ description: 'Up to how much they hold, all together' }),
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
  creditFen: SignedFen.meta({ description: 'Sum of the liabilities' }),
  by: z.enum(['booking', 'event']),
  fromBalances: Sides.meta({ description: 'The same from the balances as they stand, less what was moved since' }),
  agree: z.boolean().meta({ description: 'Assets equal liabilities, and both ways of adding up agree' })
}).meta({ id: 'TrialBalance' })
export type TrialBalance = z.output<typeof TrialBalance>

export const OfOffice = z.object({ officeId: OfficeId.optional().meta({ description: 'The caller\'s office when absent' }) })
export type OfOffice = z.output<typeof OfOffice>

export const By = z.enum(['booking', 'event'])
export type By = z.infer<typeof By>

const Past = {
  at: Instant.optional().meta({ description: 'A past moment; now when absent' }),
  by: By.default('booking').meta({ description: '`booking`: what was booked by then; `event`: what had happened by then, whenever it was booked' })
}

/** Which merchants an answer is about; all of the office when nothing is said. */
const Filter = z.object({
  merchantId: MerchantId.optional(),
  district: PlainText.optional(),
  category: MerchantCategory.optional()
})
export type AuditFilter = z.output<typeof Filter>

export const MerchantsQuery = PageQuery.extend({ ...OfOffice.shape, ...Past, ...Filter.shape })
export type MerchantsQuery = z.output<typeof MerchantsQuery>

/** What a line of the grouped audit stands for. */
export const GroupBy = z.enum(['district', 'category', 'kind'])
export type GroupBy = z.infer<typeof GroupBy>

export const GroupsQuery = OfOffice.extend({
  ...Past, ...Filter.shape,
  per: GroupBy.default('district').meta({ description: '`kind`: the kind of contract (sessions, period, stored value)' }),
  kind: ProductKind.optional().meta({ description: 'Only contracts of this kind' })
})
export type GroupsQuery = z.output<typeof GroupsQuery>

const ofMerchants = 'null where the line is about contracts of one kind: what is due to a merchant is its own, whatever it is from'

export const AuditGroup = z.object({
  key: z.string().meta({ description: 'The district, the category, or the kind of contract' }),
  merchants: z.int(),
  contracts: z.int(),
  openContracts: z.int(),
  paidFen: SignedFen,
  heldFen: SignedFen,
  disputedFen: SignedFen,
  pendingFen: SignedFen,
  releasedFen: SignedFen,
  refundedFen: SignedFen,
  payableFen: SignedFen.nullable().meta({ description: ofMerchants }),
  inTransitFen: SignedFen.nullable(),
  unclaimedFen: SignedFen.nullable(),
  paidOutFen: SignedFen.nullable(),
  feeFen: SignedFen.nullable(),
  ...Compared
}).meta({ id: 'AuditGroup' })
export type AuditGroup = z.output<typeof AuditGroup>

export const AuditGroups = z.object({
  at: Instant, by: By, per: GroupBy,
  groups: z.array(AuditGroup),
  ...Compared
}).meta({ id: 'AuditGroups' })
export type AuditGroups = z.output<typeof AuditGroups>

export const OverviewQuery = OfOffice.extend(Past)
export type OverviewQuery = z.output<typeof OverviewQuery>

export const TrialBalanceQuery = OfOffice.extend(Past)
export type TrialBalanceQuery = z.output<typeof TrialBalanceQuery>

export const JournalFormat = z.enum(['jsonl', 'csv', 'xlsx', 'hledger'])
export type JournalFormat = z.infer<typeof JournalFormat>

const Moment = z.union([Instant, BusinessDate])

export const JournalQuery = OfOffice.extend({
  from: Moment.optional().meta({ description: 'Booked from then on: an instant or a business date; from the beginning when absent' }),
  to: Moment.optional().meta({ description: 'Booked before that instant, or until the end of that business date; until now when absent' }),
  format: JournalFormat.default('jsonl')
})
export type JournalQuery = z.output<typeof JournalQuery>

/** One entry of the journal, as exports show it. */
export type JournalLine = Readonly<{
  transferId: Id<'trf'>
  line: number
  event: string
  reference: string
  contractId: Id<'ctr'> | null
  merchantId: Id<'mer'> | null
  personId: Id<'per'> | null
  account: string
  side: 'D' | 'C'
  amountFen: FenAmount
  balanceAfterFen: FenAmount
  occurredAt: Date
  bookedAt: Date
}>

export const Quarter = z.string().regex(/^20\d\d-?Q[1-4]$/).meta({ description: 'Such as 2026Q3' })

export const QuarterlyQuery = OfOffice.extend({ quarter: Quarter })
export type QuarterlyQuery = z.output<typeof QuarterlyQuery>

/** The dated rule `quarterly_balance_report`. */
export const QuarterlyRule = z.object({ lineFen: z.int().min(0), protectedBasisPoints: z.int().min(0).max(10_000), dueDay: z.int().min(1).max(28) })

const QuarterlyLine = z.object({
  merchantId: MerchantId,
  name: z.string(),
  category: MerchantCategory,
  district: z.string(),
  balanceFen: Fen.meta({ description: 'Prepaid and not delivered at the end of the quarter: held, disputed and pending' }),
  soldFen: Fen.meta({ description: 'Paid by consumers within the quarter' }),
  aboveLine: z.boolean().meta({ description: 'Whether the balance is above the line from which the rules ask for protection' }),
  mustBeProtectedFen: Fen.meta({ description: 'What the rules ask for' }),
  protectedFen: Fen.meta({ description: 'What is on deposit: all of it' })
})

export const QuarterlyReport = z.object({
  quarter: z.string(),
  from: BusinessDate,
  to: BusinessDate,
  dueOn: BusinessDate.meta({ description: 'By when the rules ask for it' }),
  lineFen: Fen,
  lines: z.array(QuarterlyLine),
  totalFen: Fen,
  ledgerFen: SignedFen.meta({ description: 'The same from the books as a whole: equal' }),
  agree: z.boolean()
}).meta({ id: 'QuarterlyBalanceReport' })
export type QuarterlyReport = z.output<typeof QuarterlyReport>
