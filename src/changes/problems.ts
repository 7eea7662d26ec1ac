import { problem } from '../kernel/problem.js'

export const merchantGone = problem<{ merchantStatus: string }>('merchant_gone', {
  status: 422,
  title: { zh: '商户已停止经营', en: 'The merchant has stopped' },
  detail: ({ merchantStatus }) => ({
    zh: `商户状态为 ${merchantStatus},合同不能继续履行。请申请退费。`,
    en: `The merchant is ${merchantStatus}, so the contract cannot go on. Ask for a refund.`
  })
})

export const leaseOver = problem<{ leasedUntil: string; today: string }>('lease_over', {
  status: 422,
  title: { zh: '场馆租期已满', en: 'The lease is over' },
  detail: ({ leasedUntil }) => ({
    zh: `合同覆盖的场馆租期至 ${leasedUntil},不能再激活。请申请退费,或待商户更新租期。`,
    en: `The venues of the contract were leased until ${leasedUntil}, so it cannot be activated. Ask for a refund, or wait for a new lease to be entered.`
  })
})
