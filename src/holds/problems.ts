import { problem } from '../kernel/problem.js'

export const moneyHeld = problem<{ merchants: { merchantId: string; grossFen: bigint; withheldFen: bigint }[] }>('money_held', {
  status: 409,
  title: { zh: '款项已被法院冻结', en: 'A court holds the money' },
  detail: ({ merchants }) => ({
    zh: `${merchants.length} 个商户的应付款项已被法院冻结,本结算单将使留存低于冻结金额。请取消本结算单并重新起草:未冻结的部分会列入新的结算单。`,
    en: `A court holds money of ${merchants.length} merchant(s), and this settlement would leave less than it holds. Cancel it and draft a new one: what is not held will be in it.`
  })
})

export const refundHeld = problem<{ contractId: string }>('refund_held', {
  status: 409,
  title: { zh: '退费已被法院冻结', en: 'A court holds the refund' },
  detail: ({ contractId }) => ({
    zh: `法院已冻结合同 ${contractId} 应退消费者的款项,解除或期满前不能划付。`,
    en: `A court holds what goes back to the consumer of the contract ${contractId}: it is not paid before the hold is lifted or its time is over.`
  })
})
