import { sum, type Fen } from '../../kernel/money.js'
import type { MerchantId } from '../../merchants/model.js'
import type { ProductKind } from '../../products/model.js'
import { measures, type AuditGroup, type GroupBy, type Measure } from '../model.js'

/*
 * A part of the books, added up twice: from the entries before a moment, and from the balances as
 * they stand less what was moved since. A card of one kind has no part in what is owed to merchants
 * once it is due: that is theirs, whatever it is from.
 */

export type Amounts = Readonly<Record<Measure, Fen>>

/** What was moved for a merchant by one kind of contract (null: by none) before a moment, and since. */
export type Moved = Readonly<{ merchantId: MerchantId; contractKind: ProductKind | null; contracts: number; openContracts: number; before: Amounts; since: Amounts }>

/** What stands on a merchant's accounts, or on its contracts of one kind. */
export type Standing = Readonly<{ merchantId: MerchantId; contractKind: ProductKind | null; amounts: Amounts }>

export type Audited = Readonly<{ merchantId: MerchantId; district: string; category: string }>

export const zero = Object.fromEntries(measures.map((measure) => [measure, 0n])) as Amounts

/** The sum of each measure. */
export const added = (all: readonly Amounts[]): Amounts =>
  Object.fromEntries(measures.map((measure) => [measure, sum(all.map((amounts) => amounts[measure]))])) as Amounts

const ofContracts: readonly Measure[] = ['paidFen', 'heldFen', 'disputedFen', 'pendingFen', 'releasedFen', 'refundedFen']
const owed: readonly Measure[] = ['heldFen', 'disputedFen', 'pendingFen', 'payableFen', 'inTransitFen', 'unclaimedFen']

/** What is owed, to consumers and merchants. */
const owedFen = (amounts: Amounts): Fen => sum(owed.map((measure) => amounts[measure]))

/** The two ways of adding up: every measure, and what is owed by it. */
export const comparedOf = (moved: readonly Pick<Moved, 'before' | 'since'>[], standing: readonly Pick<Standing, 'amounts'>[]) => {
  const [before, since, stands] = [added(moved.map((one) => one.before)), added(moved.map((one) => one.since)), added(standing.map(({ amounts }) => amounts))]
  return {
    amounts: before,
    fromEntriesFen: owedFen(before),
    fromBalancesFen: owedFen(stands) - owedFen(since),
    agree: measures.every((measure) => before[measure] === stands[measure] - since[measure])
  }
}

/** How many contracts there were, and how many with money on them. */
export const countedOf = (moved: readonly Pick<Moved, 'contracts' | 'openContracts'>[]) => ({
  contracts: moved.reduce((total, one) => total + one.contracts, 0),
  openContracts: moved.reduce((total, one) => total + one.openContracts, 0)
})

const keyOf = (per: GroupBy, { district, category }: Audited, contractKind: ProductKind | null): string | null =>
  per === 'kind' ? contractKind : per === 'district' ? district : category

type Parts = Readonly<{ merchants: readonly Audited[]; moved: readonly Moved[]; standing: readonly Standing[] }>

/** A line a group, by name. `isByKind`: of contracts of one kind only, and so without what merchants are owed. */
export const groupsOf = (per: GroupBy, isByKind: boolean, { merchants, moved, standing }: Parts): AuditGroup[] => {
  const byId = new Map(merchants.map((merchant) => [merchant.merchantId, merchant]))
  const groupOf = ({ merchantId, contractKind }: Pick<Moved, 'merchantId' | 'contractKind'>): string | null => {
    const merchant = byId.get(merchantId)
    return merchant ? keyOf(per, merchant, contractKind) : null
  }
  const keys = new Set([...moved, ...standing].map(groupOf).filter((key) => key !== null))
  return [...keys].sort().map((key) => {
    const [mine, stands] = [moved.filter((one) => groupOf(one) === key), standing.filter((one) => groupOf(one) === key)]
    const { amounts, ...totals } = comparedOf(mine, stands)
    const { payableFen, inTransitFen, unclaimedFen, paidOutFen, feeFen, ...contractAmounts } = amounts
    return {
      key, merchants: new Set([...mine, ...stands].map(({ merchantId }) => merchantId)).size,
      ...countedOf(mine), ...contractAmounts, ...(isByKind ? noneOfMerchants : { payableFen, inTransitFen, unclaimedFen, paidOutFen, feeFen }), ...totals
    }
  })
}

const noneOfMerchants = { payableFen: null, inTransitFen: null, unclaimedFen: null, paidOutFen: null, feeFen: null }

/** Amounts without those that are merchants', whatever they are from. */
const ofContractsOnly = (amounts: Amounts): Amounts =>
  ({ ...zero, ...Object.fromEntries(ofContracts.map((measure) => [measure, amounts[measure]])) })

/** What an answer is made of: all, or what is of contracts, of one kind where it is named. */
export const partsOf = (isByKind: boolean, kind: ProductKind | undefined, moved: readonly Moved[], standing: readonly Standing[]): Pick<Parts, 'moved' | 'standing'> => {
  if (!isByKind) return { moved, standing }
  const isWanted = ({ contractKind }: Pick<Moved, 'contractKind'>): boolean => contractKind !== null && (kind === undefined || contractKind === kind)
  return {
    moved: moved.filter(isWanted).map((one) => ({ ...one, before: ofContractsOnly(one.before), since: ofContractsOnly(one.since) })),
    standing: standing.filter(isWanted)
  }
}
