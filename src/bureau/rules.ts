import { sum, type Fen } from '../kernel/money.js'
import { AccountKind, assetKinds } from '../ledger/model.js'
import type { MerchantBalances, MerchantSums, Overview, TrialBalance } from './model.js'

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

/** One line for each kind of account of the chart, also where nothing is on it. */
export const trialBalanceOf = (at: Date, balances: Balances): TrialBalance => {
  const { assetsFen, liabilitiesFen } = sidesOf(balances)
  return {
    at,
    accounts: AccountKind.options.map((account) => ({ account, kind: isAsset(account) ? 'asset' : 'liability', balanceFen: of(balances, account) })),
    debitFen: assetsFen,
    creditFen: liabilitiesFen
  }
}

type Counted = Readonly<{ merchants: number; contracts: number; openContracts: number }>

/** The office's books on one page, added up twice. */
export const overviewOf = (at: Date, sums: Counted & MerchantSums, fromEntries: Balances, fromBalances: Balances): Overview => {
  const entries = sidesOf(fromEntries)
  const balances = sidesOf(fromBalances)
  return {
    at,
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
    refundUnpaidFen: of(fromBalances, 'refund_payable') + of(fromBalances, 'refund_in_transit'),
    bankFen: of(fromBalances, 'bank'),
    clearingFen: of(fromBalances, 'clearing'),
    dueFromOfficeFen: of(fromBalances, 'due_from_office'),
    unexplainedDebitFen: of(fromBalances, 'unexplained_debit'),
    coverFen: of(fromBalances, 'bank') + of(fromBalances, 'clearing') - balances.liabilitiesFen,
    fromEntries: entries,
    fromBalances: balances,
    agree: AccountKind.options.every((kind) => of(fromEntries, kind) === of(fromBalances, kind)) && balances.assetsFen === balances.liabilitiesFen
  }
}

export const balancesOf = (sums: MerchantSums): MerchantBalances => ({ ...sums, claimsFen: 0n })
