import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { Ledger } from '../ledger/service.js'
import { MerchantId } from '../merchants/model.js'
import type { Offices } from '../offices/service.js'
import type { MerchantBalances, MerchantLine, MerchantsQuery, OfOffice, Overview, TrialBalance, TrialBalanceQuery } from './model.js'
import { balancesOf, overviewOf, trialBalanceOf, type Balances } from './rules.js'
import { findMerchantTotals, holdStill, listMerchantTotals, sumMerchantTotals } from './store.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; offices: Offices; ledger: Ledger }>

/** Later than anything that was ever booked. */
const everything = new Date('9999-12-31T00:00:00Z')

export const createBureau = ({ work, clock, offices, ledger }: Dependencies) => {
  const officeFor = async (caller: Caller, { officeId }: OfOffice): Promise<number> => (await offices.resolve(officeId, caller)).number

  const balancesAt = async (tx: Tx, at: Date): Promise<Balances> =>
    new Map((await ledger.totalsAt(tx, at)).map(({ kind, balanceFen }) => [kind, balanceFen]))

  /** The office's books on one page, from entries and from balances at one moment. @throws office_required (422) */
  const overview = async (caller: Caller, query: OfOffice): Promise<Overview> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      await holdStill(tx)
      const sums = await sumMerchantTotals(tx)
      invariant(sums, 'no sums')
      const contractKinds: Balances = new Map([['held', sums.heldFen], ['disputed', sums.disputedFen], ['pending', sums.pendingFen]])
      return overviewOf(clock.now(), sums, await balancesAt(tx, everything), new Map([...await ledger.ownTotals(tx), ...contractKinds]))
    })

  /** A line a merchant, newest first. @throws office_required (422) */
  const merchants = async (caller: Caller, query: MerchantsQuery): Promise<PageOf<MerchantLine>> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      const page = pageOf(await listMerchantTotals(tx, positionOf(query, MerchantId), query.limit + 1), query, ({ merchantId }) => merchantId)
      return { ...page, items: page.items.map((row) => ({ ...row, ...balancesOf(row) })) }
    })

  /** One line for each kind of account, as of any past moment; one to come is now. @throws office_required (422) */
  const trialBalance = async (caller: Caller, query: TrialBalanceQuery): Promise<TrialBalance> =>
    work.read(actorOf(caller), await officeFor(caller, query), async (tx) => {
      const now = clock.now()
      const at = query.at && query.at < now ? query.at : now
      return trialBalanceOf(at, await balancesAt(tx, at))
    })

  /** A merchant's money, for itself, the notary and the bureau. @throws not_found (404), also for another merchant's */
  const balances = (caller: Caller, merchantId: MerchantId): Promise<MerchantBalances> =>
    work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      const row = await findMerchantTotals(tx, merchantId)
      if (!row) throw notFound({})
      return balancesOf(row)
    })

  return { overview, merchants, trialBalance, balances }
}

export type Bureau = ReturnType<typeof createBureau>
