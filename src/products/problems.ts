import { yuan } from '../kernel/money.js'
import { problem, type Text } from '../kernel/problem.js'

/** What is capped: an amount in fen, or a count. */
export type CapRule = 'sessions_amount' | 'sessions_count' | 'period_amount' | 'period_days' | 'stored_value_amount' | 'balance_amount'

const capTitles: Readonly<Record<CapRule, Text>> = {
  sessions_amount: { zh: '计次卡单张金额', en: 'the price of a card of sessions' },
  sessions_count: { zh: '计次卡次数(含赠送)', en: 'the sessions of a card, gifts included' },
  period_amount: { zh: '期限卡单张金额', en: 'the price of a term card' },
  period_days: { zh: '期限卡期限(天)', en: 'the days of a term card' },
  stored_value_amount: { zh: '储值卡单张金额', en: 'the price of a stored-value card' },
  balance_amount: { zh: '同一消费者在同一经营者处的余额', en: 'the balance of one consumer with one merchant' }
}

/** `limit` and `value` are fen for amounts, counts otherwise. */
export const capExceeded = problem<{ rule: CapRule; limit: bigint; value: bigint; source: string }>('cap_exceeded', {
  status: 422,
  title: { zh: '超过预收上限', en: 'Over the cap' },
  detail: ({ rule, limit, value, source }) => {
    const say = (amount: bigint): string => (rule.endsWith('_amount') ? yuan(amount) : amount.toString())
    const { zh, en } = capTitles[rule]
    return {
      zh: `${zh}不得超过 ${say(limit)},现为 ${say(value)}(依据:${source})。请降低后重试。`,
      en: `The limit on ${en} is ${say(limit)}, this would make ${say(value)} (${source}). Lower it and try again.`
    }
  }
})

export const outlastsLease = problem<{ venueId: string; leaseUntil: string; endsOn: string }>('outlasts_lease', {
  status: 422,
  title: { zh: '期限超过场馆租期', en: 'Outlasts the lease' },
  detail: ({ venueId, leaseUntil, endsOn }) => ({
    zh: `今日售出将于 ${endsOn} 到期,晚于场馆 ${venueId} 的租期 ${leaseUntil}。请缩短有效期、更新租期或另选场馆。`,
    en: `Sold today it ends on ${endsOn}, after the lease of venue ${venueId} (${leaseUntil}). Shorten it, enter the new lease, or choose other venues.`
  })
})

export const venueRequired = problem('venue_required', {
  status: 422,
  title: { zh: '尚无场馆', en: 'No venue yet' },
  detail: () => ({
    zh: '商户还没有登记场馆,无法核对租期。请先添加场馆(POST /v1/merchants/:id/venues)。',
    en: 'The merchant has no venue, so no lease to check against. Add one first (POST /v1/merchants/:id/venues).'
  })
})

export const unfairTerm = problem<{ sentence: string; rule: string; because: Text; source: string }>('unfair_term', {
  status: 422,
  title: { zh: '含有不公平格式条款', en: 'Unfair term' },
  detail: ({ sentence, because, source }) => ({
    zh: `“${sentence}”属于${because.zh}的条款,依法无效(${source})。请删除或改写。`,
    en: `“${sentence}” is a term of the kind “${because.en}” and void by law (${source}). Remove or rewrite it.`
  })
})

export const merchantNotActive = problem<{ merchantStatus: string }>('merchant_not_active', {
  status: 422,
  title: { zh: '商户不可销售', en: 'The merchant may not sell' },
  detail: ({ merchantStatus }) => ({
    zh: `商户当前状态为 ${merchantStatus},只有 active 的商户可以上架和销售;已有合同的核销与退款不受影响。`,
    en: `The merchant is ${merchantStatus}; only an active one lists and sells. Redemptions and refunds of contracts there are go on.`
  })
})

export const productNotListed = problem('product_not_listed', {
  status: 422,
  title: { zh: '产品未上架', en: 'Not on sale' },
  detail: () => ({ zh: '该产品目前没有上架的版本,不能购买。', en: 'No version of this product is listed now; it cannot be bought.' })
})
