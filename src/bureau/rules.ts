import { sum, type Fen } from '../kernel/money.js'
import { AccountKind, assetKinds } from '../ledger/model.js'
import { addDays, addMonths } from '../kernel/calendar.js'
import type { By, MerchantSums, Overview, TrialBalance } from './model.js'

/*
 * The books as those see them who watch over them. Assets are what the office has (bank), is owed
 * by payment channels (clearing) and must still make good (due from office, unexplained debits);
 * liabilities are everything owed to consumers, merchants and itself. They are equal at every
 * moment. Cover is what the money alone leaves over: shown, never hidden by the two receivables.
 */

export type Balances = ReadonlyMap<AccountKind, Fen>

const of = (balances: Balances, kind: AccountKind): Fen => balances.get(kind) ?? 0n

const isAsset = (kind: AccountKind): boolean => assetKinds.has(kind)

/** Total assets and total liabilities. */
export const sidesOf = (balances: Balances) => ({
  assetsFen: sum(AccountKind.options.filter(isAsset).map((kind) => of(balances, kind))),
  liabilitiesFen: sum(AccountKind.options.filter((kind) => !isAsset(kind)).map((kind) => of(balances, kind)))
})

const areSame = (a: Balances, b: Balances): boolean => AccountKind.options.every((kind) => of(a, kind) === of(b, kind))

/** Balances as they were: as they stand, less what was moved since. */
export const takenBack = (balances: Balances, since: Balances): Balances =>
  new Map(AccountKind.options.map((kind) => [kind, of(balances, kind) - of(since, kind)]))

/** One line for each kind of account of the chart, also where nothing is on it. */
export const trialBalanceOf = (at: Date, by: By, balances: Balances, fromBalances: Balances): TrialBalance => {
  const { assetsFen, liabilitiesFen } = sidesOf(balances)
  return {
    at,
    by,
    fromBalances: sidesOf(fromBalances),
    agree: areSame(balances, fromBalances) && assetsFen === liabilitiesFen,
    accounts: AccountKind.options.map((account) => ({ account, kind: isAsset(account) ? 'asset' : 'liability', balanceFen: of(balances, account) })),
    debitFen: assetsFen,
    creditFen: liabilitiesFen
  }
}

type Counted = Readonly<{ merchants: number; contracts: number; openContracts: number; legalHolds: number; legalHoldFen: Fen }>

/** The office's books on one page, added up twice. */
export const overviewOf = (at: Date, by: By, sums: Counted & MerchantSums, fromEntries: Balances, fromBalances: Balances): Overview => {
  const entries = sidesOf(fromEntries)
  const balances = sidesOf(fromBalances)
  return {
    at,
    by,
    merchants: sums.merchants,
    contracts: sums.contracts,
    openContracts: sums.openContracts,
    paidFen: sums.paidFen,
    heldFen: sums.heldFen,
    disputedFen: sums.disputedFen,
    pendingFen: sums.pendingFen,
    payableFen: of(fromBalances, 'payable'),
    inTransitFen: of(fromBalances, 'in_transit'),
    paidOutFen: sums.paidOutFen,
    feeFen: sums.feeFen,
    refundedFen: sums.refundedFen,
    legalHolds: sums.legalHolds,
    legalHoldFen: sums.legalHoldFen,
    refundUnpaidFen: of(fromBalances, 'refund_payable') + of(fromBalances, 'refund_in_transit'),
    bankFen: of(fromBalances, 'bank'),
    clearingFen: of(fromBalances, 'clearing'),
    dueFromOfficeFen: of(fromBalances, 'due_from_office'),
    unexplainedDebitFen: of(fromBalances, 'unexplained_debit'),
    coverFen: of(fromBalances, 'bank') + of(fromBalances, 'clearing') - balances.liabilitiesFen,
    fromEntries: entries,
    fromBalances: balances,
    agree: areSame(fromEntries, fromBalances) && balances.assetsFen === balances.liabilitiesFen
  }
}

/** A quarter's first and last day, and the day its report is due. */
export const quarterOf = (quarter: string, dueDay: number): { from: string; to: string; dueOn: string } => {
  const from = `${quarter.slice(0, 4)}-${['01', '04', '07', '10'][['1', '2', '3', '4'].indexOf(quarter.slice(-1))] ?? '01'}-01`
  const next = addMonths(from, 3)
  return { from, to: addDays(next, -1), dueOn: addDays(next, dueDay - 1) }
}

/** What the card rules ask to be protected of a balance. */
export const mustBeProtected = (balanceFen: Fen, lineFen: Fen, basisPoints: number): Fen =>
  balanceFen > lineFen ? (balanceFen * BigInt(basisPoints) + 9_999n) / 10_000n : 0n
