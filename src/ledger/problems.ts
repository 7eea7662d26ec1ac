import { problem } from '../kernel/problem.js'

export const insufficientFunds = problem<{ account: string; neededFen: bigint; availableFen: bigint }>('insufficient_funds', {
  status: 422,
  title: { zh: '账户余额不足', en: 'Insufficient funds' },
  detail: ({ account, neededFen, availableFen }) => ({
    zh: `账户 ${account} 余额为 ${availableFen} 分，需要 ${neededFen} 分。请待款项入账后重试。`,
    en: `Account ${account} holds ${availableFen} fen, ${neededFen} are needed. Try again once the money has been credited.`
  })
})
