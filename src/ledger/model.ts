import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, type Fen as FenAmount } from '../kernel/money.js'

/*
 * The chart of accounts (docs/accounting.md). An account is a kind and what it is of: a contract,
 * a merchant, a settlement item, a refund, a channel, the office itself.
 */

/** Accounts whose balances are columns of the contract's own row, which is locked anyway. */
export const ContractAccountKind = z.enum(['held', 'disputed', 'pending'])
export type ContractAccountKind = z.infer<typeof ContractAccountKind>

/** Accounts with a row of their own. */
export const OwnAccountKind = z.enum([
  'bank', 'clearing', 'due_from_office', 'unexplained_debit',
  'payable', 'in_transit', 'refund_payable', 'refund_in_transit',
  'fee', 'interest', 'interest_payable', 'suspense', 'unclaimed'
])
export type OwnAccountKind = z.infer<typeof OwnAccountKind>

export const AccountKind = z.enum([...OwnAccountKind.options, ...ContractAccountKind.options])
export type AccountKind = z.infer<typeof AccountKind>

export const assetKinds: ReadonlySet<AccountKind> = new Set(['bank', 'clearing', 'due_from_office', 'unexplained_debit'])
/** The only kind that may go below zero: a channel nets refunds against payments. */
export const mayGoNegative: ReadonlySet<AccountKind> = new Set(['clearing'])
export const isContractKind = (kind: AccountKind): kind is ContractAccountKind => ContractAccountKind.safeParse(kind).success

/** Why money moved. Past tense kebab; one for each event of docs/accounting.md. */
export const LedgerEvent = z.enum([
  'payment-received', 'stray-payment-received', 'channel-settled',
  'units-released', 'release-voided', 'days-released-undone', 'window-closed',
  'dispute-opened', 'dispute-unfrozen', 'dispute-executed', 'award-reduced', 'claim-collected',
  'refund-approved', 'contested-settled', 'remainder-returned', 'refund-sent', 'refund-confirmed', 'refund-failed', 'refund-returned', 'debit-unexplained',
  'receipt-unexplained', 'receipt-resolved', 'receipt-returned', 'debit-resolved', 'bank-charge-taken', 'interest-credited', 'office-topped-up',
  'unclaimed-set-aside', 'unclaimed-claimed',
  'settlement-approved', 'payout-confirmed', 'fee-taken', 'payout-returned'
])
export type LedgerEvent = z.infer<typeof LedgerEvent>

/**
 * An account with a row of its own. `of` is what it belongs to: an id, or a name such as a
 * channel's; `merchantId` where a merchant may see it.
 */
export type OwnAccount = Readonly<{ kind: OwnAccountKind; of: string; merchantId?: Id<'mer'> | undefined }>

/** A contract's account, with the balance and version its row has after the posting. */
export type ContractAccount = Readonly<{ kind: ContractAccountKind; contractId: Id<'ctr'>; balanceAfter: FenAmount }>

export type Line = Readonly<{
  account: OwnAccount | ContractAccount
  side: 'debit' | 'credit'
  amount: FenAmount
  /** The contract the line is about, where the account is not itself a contract's. */
  contractId?: Id<'ctr'> | undefined
}>

/** What one event means in money: two or more lines whose debits equal their credits. */
export type Journal = Readonly<{
  event: LedgerEvent
  /** The id of what caused it: a payment, redemption, refund, settlement item, … */
  reference: string
  contractId?: Id<'ctr'> | undefined
  merchantId?: Id<'mer'> | undefined
  /** When it happened; when it is booked the ledger says itself. */
  occurredAt: Date
  lines: readonly Line[]
  /** More facts for the evidence leaf; no personal data. */
  facts?: Readonly<Record<string, unknown>>
}>

export const debit = (account: OwnAccount | ContractAccount, amount: FenAmount, contractId?: Id<'ctr'>): Line => ({ account, side: 'debit', amount, contractId })
export const credit = (account: OwnAccount | ContractAccount, amount: FenAmount, contractId?: Id<'ctr'>): Line => ({ account, side: 'credit', amount, contractId })

/** The name of an account as reports and exports show it: `held:ctr_…`, `bank:…`. */
export const accountName = (account: OwnAccount | ContractAccount): string =>
  'of' in account ? `${account.kind}:${account.of}` : `${account.kind}:${account.contractId}`

/** One line of a statement. */
export const StatementLine = z.object({
  transferId: idSchema('trf'),
  event: LedgerEvent,
  reference: z.string(),
  account: z.string(),
  side: z.enum(['debit', 'credit']),
  amountFen: Fen,
  balanceAfterFen: z.codec(z.int(), z.bigint(), { decode: BigInt, encode: Number }),
  heldAfterFen: Fen,
  occurredAt: Instant,
  bookedAt: Instant
}).meta({ id: 'StatementLine' })
export type StatementLine = z.output<typeof StatementLine>
