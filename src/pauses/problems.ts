import { problem } from '../kernel/problem.js'

export const notATermCard = problem('not_a_term_card', {
  status: 422,
  title: { zh: '仅期限卡可以停卡', en: 'Not a term card' },
  detail: () => ({
    zh: '计次卡和储值卡不按日计费，无须停卡；有效期届满后仍可申请激活。',
    en: 'Cards of sessions or of value do not run by the day, so there is nothing to pause; they can be activated again after they expire.'
  })
})

export const outlastsLease = problem<{ venueId: string; leaseUntil: string; endsOn: string }>('outlasts_lease', {
  status: 422,
  title: { zh: '期限超过场馆租期', en: 'Outlasts the lease' },
  detail: ({ venueId, leaseUntil, endsOn }) => ({
    zh: `停卡后期限顺延至 ${endsOn}，晚于场馆 ${venueId} 的租期 ${leaseUntil}。请缩短停卡日数，或待商户更新租期，或申请退费。`,
    en: `With the pause the term would end on ${endsOn}, after the lease of venue ${venueId} (${leaseUntil}). Make it shorter, wait for a new lease to be entered, or ask for a refund.`
  })
})
