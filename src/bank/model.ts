import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { SettlementAccount } from '../merchants/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { PositiveFen, SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { UploadOf } from '../kernel/upload.js'
import type { LedgerEvent } from '../ledger/model.js'

export const StatementId = idSchema('bst')
export type StatementId = z.infer<typeof StatementId>
export const BankEntryId = idSchema('bse')
export type BankEntryId = z.infer<typeof BankEntryId>
export const SuspenseItemId = idSchema('sus')
export type SuspenseItemId = z.infer<typeof SuspenseItemId>
const PersonId = idSchema('per')
const TransferId = idSchema('trf')

export const statementMediaTypes = ['application/xml', 'text/xml', 'text/csv'] as const
export const StatementFile = UploadOf(...statementMediaTypes)

/** `C`: came in; `D`: went out. */
export type EntrySide = 'C' | 'D'

/** What became of a line of a statement. */
export const EntryStatus = z.enum(['new', 'matched', 'answers', 'booked', 'suspense', 'resolved'])
export type EntryStatus = z.infer<typeof EntryStatus>

export const MatchedBy = z.enum(['reference', 'amount_counterparty_date', 'kind'])
export type MatchedBy = z.infer<typeof MatchedBy>

/** Who and what a line names: sealed where it is kept. */
export type EntryDetails = Readonly<{ counterparty: string; counterpartyAccount: string; remittance: string }>

/** One line as a bank's statement has it. */
export type StatementLine = EntryDetails & Readonly<{
  /** the bank's own number of the line, unique on the account */
  entryReference: string
  /** the name of the order it answers, where it has one */
  endToEndId: string
  side: EntrySide
  amountFen: FenAmount
  bookedOn: string
  valueOn: string
  /** the bank's code for what it is, where it gives one: `CHRG`, `INTR`, … */
  code: string
  /** the account's balance after it, where the statement says */
  balanceFen: FenAmount | undefined
}>

/** What a statement says of itself. */
export type StatementHead = Readonly<{
  reference: string
  accountNumber: string | undefined
  openingFen: FenAmount | undefined
  closingFen: FenAmount | undefined
  /** the day of the closing balance */
  closingOn: string | undefined
  /** the balance at the end of each day it covers */
  balances: ReadonlyMap<string, FenAmount>
}>

/** A kept line, as rules see it. */
export type BankEntry = StatementLine & Readonly<{
  id: BankEntryId
  accountNumber: string
  status: EntryStatus
  transferId: Id<'trf'> | null
}>

/** The booked movement that a line's reference names. */
export type Claim = Readonly<{ event: LedgerEvent; reference: string }>

/** A movement of the special account in the books that no statement has confirmed. */
export type Candidate = Readonly<{
  transferId: Id<'trf'>
  event: LedgerEvent
  reference: string
  occurredOn: string
  /** the names under which the other side is known */
  parties: readonly string[]
}>

export const ImportedStatement = z.object({
  id: StatementId,
  accountNumber: z.string().meta({ description: 'Masked' }),
  reference: z.string().meta({ description: 'The bank\'s number of the statement' }),
  format: z.enum(['camt053', 'csv']),
  openingFen: SignedFen.nullable(),
  closingFen: SignedFen.nullable(),
  closingOn: BusinessDate.nullable(),
  lines: z.int(),
  matched: z.int().meta({ description: 'Lines that the books explain: booked already, answers to orders, or of a kind that is clear' }),
  unmatched: z.int().meta({ description: 'Lines in suspense, each an item for two people' }),
  differencesFen: SignedFen.nullable().meta({ description: 'The bank\'s closing balance less the books\' balance of that day; null where the statement gives no balance' }),
  importedAt: Instant
}).meta({ id: 'BankStatement' })
export type ImportedStatement = z.output<typeof ImportedStatement>

/** A statement as it is kept. */
export type StatementRecord = Readonly<{
  id: StatementId
  accountNumber: string
  reference: string
  format: 'camt053' | 'csv'
  openingFen: FenAmount | null
  closingFen: FenAmount | null
  closingOn: string | null
  importedBy: Id<'per'>
  importedAt: Date
}>

export const StatementEntry = z.object({
  id: BankEntryId,
  entryReference: z.string(),
  endToEndId: z.string(),
  side: z.enum(['C', 'D']),
  amountFen: PositiveFen,
  bookedOn: BusinessDate,
  valueOn: BusinessDate,
  status: EntryStatus,
  matchedBy: MatchedBy.nullable(),
  reason: z.string().nullable().meta({ description: 'Why it was matched as it was, or not' }),
  transferId: TransferId.nullable(),
  counterparty: z.string(),
  remittance: z.string()
}).meta({ id: 'BankStatementEntry' })
export type StatementEntry = z.output<typeof StatementEntry>

export const EntriesQuery = PageQuery.extend({ status: EntryStatus.optional() })
export type EntriesQuery = z.output<typeof EntriesQuery>

/**
 * How an item is explained. Receipts: `deposit` and `refund` name a contract; `payer` belongs to none
 * and goes back by bank to whom the line names; `booked` a transfer
 * that has booked the same money; `office` was the office's own; `interest`. Debits: `office` owes
 * it; `booked`; `reversed` by the receipt of another item.
 */
export const ResolutionKind = z.enum(['deposit', 'refund', 'payer', 'booked', 'office', 'interest', 'reversed'])
export type ResolutionKind = z.infer<typeof ResolutionKind>

export const ProposeResolution = z.object({
  kind: ResolutionKind,
  contractId: ContractId.optional().meta({ description: '`deposit`, `refund`' }),
  transferId: TransferId.optional().meta({ description: '`booked`' }),
  itemId: SuspenseItemId.optional().meta({ description: '`reversed`: the item of the receipt' }),
  account: SettlementAccount.optional().meta({ description: '`payer`: the account it goes back to; its name is the one the line names' }),
  reason: z.string().trim().min(1).max(10_000)
})
export type ProposeResolution = z.output<typeof ProposeResolution>

/** `ordered`: the bank was told to pay it back, and has not said yet that it has. */
export const SuspenseStatus = z.enum(['open', 'proposed', 'ordered', 'resolved'])
export type SuspenseStatus = z.infer<typeof SuspenseStatus>

export type SuspenseRecord = Readonly<{
  id: SuspenseItemId
  entryId: BankEntryId
  side: EntrySide
  amountFen: FenAmount
  status: SuspenseStatus
  ownerId: Id<'per'>
  openedAt: Date
  kind: ResolutionKind | null
  target: string | null
  reason: string | null
  makerId: Id<'per'> | null
  checkerId: Id<'per'> | null
  resolvedAt: Date | null
  /** where it goes back to; sealed */
  payeeSealed: string | null
  /** names the order at the bank: one for each attempt */
  orderId: Id<'srt'> | null
  orderedAt: Date | null
}>

export const SuspenseItem = z.object({
  id: SuspenseItemId,
  entryId: BankEntryId,
  side: z.enum(['C', 'D']).meta({ description: '`C`: a receipt nobody can explain yet (suspense); `D`: a debit (unexplained_debit)' }),
  amountFen: PositiveFen,
  status: SuspenseStatus,
  ownerId: PersonId.meta({ description: 'Who has to find out' }),
  openedAt: Instant,
  ageDays: z.int(),
  entry: StatementEntry,
  resolution: z.object({
    kind: ResolutionKind,
    target: z.string().nullable(),
    reason: z.string(),
    makerId: PersonId,
    checkerId: PersonId.nullable(),
    resolvedAt: Instant.nullable()
  }).nullable()
}).meta({ id: 'SuspenseItem' })
export type SuspenseItem = z.output<typeof SuspenseItem>

export const SuspenseQuery = PageQuery.extend({ status: SuspenseStatus.optional() })
export type SuspenseQuery = z.output<typeof SuspenseQuery>

export const NewOwner = z.object({ ownerId: PersonId.optional().meta({ description: 'Absent: the caller' }) })

const Words = z.array(z.string().min(1))

/** How an office's bank writes its statements: the dated rule `bank_statement`, by office. */
export const StatementSetting = z.object({
  csv: z.object({
    encoding: z.enum(['UTF-8', 'GB18030']),
    delimiter: z.string().length(1).default(','),
    skipLines: z.int().min(0).default(0),
    newestFirst: z.boolean().default(false),
    columns: z.object({
      reference: z.string(),
      date: z.string(),
      credit: z.string(),
      debit: z.string(),
      balance: z.string().optional(),
      orderReference: z.string().optional(),
      counterparty: z.string().optional(),
      counterpartyAccount: z.string().optional(),
      remittance: z.string().optional()
    })
  }),
  /** a line and a booking may lie this many days apart */
  matchDays: z.int().min(0).max(31),
  chargeWords: Words,
  interestWords: Words,
  /** the office's own accounts, from which it makes good what it owes */
  ownAccountNumbers: Words,
  /** the names under which payment channels pay */
  channelNames: z.record(z.string(), Words)
})
export type StatementSetting = z.output<typeof StatementSetting>
