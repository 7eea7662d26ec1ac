import { problem } from '../kernel/problem.js'

export const tooManyEndpoints = problem<{ max: number }>('too_many_endpoints', {
  status: 422,
  title: { zh: '回调地址数量已达上限', en: 'Too many webhook endpoints' },
  detail: ({ max }) => ({
    zh: `最多登记 ${max} 个回调地址，请先删除不再使用的地址。`,
    en: `At most ${max} endpoints can be registered; delete one that is no longer used.`
  })
})
