import { problem } from '../kernel/problem.js'

export const codeInvalid = problem('code_invalid', {
  status: 422,
  title: { zh: '验证码或核销码无效', en: 'Invalid code' },
  detail: () => ({ zh: '此码不存在、不属于本商户或输入有误。请消费者重新出示。', en: 'The code does not exist, is not of this merchant, or was mistyped. Ask for a fresh one.' })
})

export const codeUsed = problem('code_used', {
  status: 422,
  title: { zh: '核销码已使用', en: 'Code already used' },
  detail: () => ({ zh: '此码已核销过一次。如需再次核销，请消费者出示新码。', en: 'This code has been redeemed. Ask for a fresh one to redeem again.' })
})

export const codeExpired = problem('code_expired', {
  status: 422,
  title: { zh: '验证码或核销码已过期', en: 'Code expired' },
  detail: () => ({ zh: '此码已过有效期，请重新获取。', en: 'The code is past its time; get a fresh one.' })
})

export const noSessionsLeft = problem<{ left: bigint }>('no_sessions_left', {
  status: 422,
  title: { zh: '剩余次数或面值不足', en: 'Not enough left' },
  detail: ({ left }) => ({ zh: `合同剩余 ${left}，不足以完成本次核销。`, en: `${left} left on the contract: not enough for this.` })
})

export const contractFrozen = problem<{ because: string }>('contract_frozen', {
  status: 422,
  title: { zh: '合同已冻结', en: 'Contract frozen' },
  detail: ({ because }) => ({ zh: `合同因 ${because} 暂停核销与释放。`, en: `Nothing can be redeemed on the contract for now (${because}).` })
})

export const venueNotCovered = problem('venue_not_covered', {
  status: 422,
  title: { zh: '门店不在合同范围内', en: 'Venue not covered' },
  detail: () => ({ zh: '此门店不属于本商户或不在合同约定的门店之内。', en: 'The venue is not the merchant\'s, or not one of those the contract names.' })
})

export const tooManyWrongCodes = problem<{ retryAfterSeconds: number }>('rate_limited', {
  status: 429,
  title: { zh: '请求过于频繁', en: 'Too many requests' },
  detail: ({ retryAfterSeconds }) => ({ zh: `短码输错次数过多，请在 ${retryAfterSeconds} 秒后重试，或扫描二维码。`, en: `Too many wrong short codes; wait ${retryAfterSeconds} s, or scan the QR code.` })
})
