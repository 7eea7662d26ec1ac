import { problem } from '../kernel/problem.js'

export const beyondLog = problem<{ treeSize: number }>('beyond_log', {
  status: 422,
  title: { zh: '超出存证日志的范围', en: 'Beyond the log' },
  detail: ({ treeSize }) => ({
    zh: `存证日志目前共有 ${treeSize} 条；序号须小于树的大小，较小的树在前，且都不得大于该数。`,
    en: `The log has ${treeSize} entries now: an index must be below the tree's size, the smaller tree comes first, and neither may be larger than that.`
  })
})

export const cosignatureRefused = problem<{ reason: 'bad_note' | 'other_checkpoint' | 'unknown_witness' | 'bad_cosignature' }>('cosignature_refused', {
  status: 422,
  title: { zh: '不接受该联署', en: 'The cosignature is refused' },
  detail: ({ reason }) => ({
    bad_note: { zh: '所提交的不是签名笔记。', en: 'What was sent is not a signed note.' },
    other_checkpoint: { zh: '所联署的不是本日志发布的检查点。', en: 'What was cosigned is not a checkpoint that this log published.' },
    unknown_witness: { zh: '没有本机构所登记的见证人的联署行。', en: 'It has no line of a witness that this deployment knows.' },
    bad_cosignature: { zh: '见证人的联署无效。', en: 'A witness\'s line is not valid.' }
  })[reason]
})
