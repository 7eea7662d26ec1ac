import type { Contracts } from '../contracts/service.js'
import type { DisputeStage } from '../disputes/model.js'
import type { Disputes } from '../disputes/service.js'
import type { Handovers } from '../handovers/service.js'
import type { Caller } from '../kernel/caller.js'
import type { PageOf, PageQuery } from '../kernel/page.js'
import type { Refunds } from '../refunds/service.js'

/** What of a consumer's is still under way, as the features know it. */

type Dependencies = Readonly<{
  contracts: Pick<Contracts, 'list'>
  disputes: Pick<Disputes, 'list'>
  refunds: Pick<Refunds, 'list'>
  handovers: Pick<Handovers, 'list'>
}>

const overStages: readonly DisputeStage[] = ['withdrawn', 'lapsed', 'executed']
const overRefunds: readonly string[] = ['paid', 'declined', 'rejected']

const every = async <Item>(list: (page: PageQuery) => Promise<PageOf<Item>>): Promise<Item[]> => {
  const items: Item[] = []
  for (let cursor: string | undefined; ;) {
    const page = await list({ limit: 100, cursor })
    items.push(...page.items)
    if (page.nextCursor === null) return items
    cursor = page.nextCursor
  }
}

export const createOpenMatters = ({ contracts, disputes, refunds, handovers }: Dependencies) => ({
  holdingsOf: async (caller: Caller) => (await every((page) => contracts.list(caller, page))).map(({ id, status, money, disputeId }) => ({
    id, status, disputeId, heldFen: money.heldFen, disputedFen: money.disputedFen, pendingFen: money.pendingFen, refundPayableFen: money.refundPayableFen,
    hasMoney: money.paidFen > 0n
  })),
  underWay: async (caller: Caller) => ({
    dispute: (await every((page) => disputes.list(caller, page))).filter(({ stage }) => !overStages.includes(stage)).map(({ id }) => id),
    refund: (await every((page) => refunds.list(caller, page))).filter(({ status }) => !overRefunds.includes(status)).map(({ id }) => id),
    transfer: (await every((page) => handovers.list(caller, { ...page, status: 'offered' }))).map(({ id }) => id)
  })
})
