import { problem } from '../kernel/problem.js'

export const beyondLog = problem<{ treeSize: number }>('beyond_log', {
  status: 422,
  title: { zh: '超出存证日志的范围', en: 'Beyond the log' },
  detail: ({ treeSize }) => ({
    zh: `存证日志目前共有 ${treeSize} 条；序号须小于树的大小，较小的树在前，且都不得大于该数。`,
    en: `The log has ${treeSize} entries now: an index must be below the tree's size, the smaller tree comes first, and neither may be larger than that.`
  })
})
