/** What a check can find wrong, by name, in the words of the two languages. */
export const reasons = {
  not_a_receipt: { zh: '这不是提存存证回执，或其格式已损坏', en: 'this is no evidence receipt, or it is damaged' },
  bad_key: { zh: '验证公钥的格式不正确', en: 'the verifier key is not one' },
  bad_note: { zh: '检查点不是有效的签名笔记', en: 'the checkpoint is not a signed note' },
  wrong_log: { zh: '检查点属于另一个日志', en: 'the checkpoint is of another log' },
  bad_signature: { zh: '检查点的签名不是该公证处密钥所签', en: 'the checkpoint is not signed by the office\'s key' },
  no_cosignature: { zh: '检查点没有所要求的见证人的联署', en: 'the checkpoint lacks the cosignature of a witness that was asked for' },
  bad_cosignature: { zh: '见证人的联署无效', en: 'a witness\'s cosignature is not valid' },
  not_included: { zh: '条目不在该检查点所承诺的日志中：内容被改动、被删除或次序被改变', en: 'the entry is not in the log that the checkpoint commits to: it was changed, removed or moved' },
  bad_entry: { zh: '条目的内容无法读取', en: 'the entry cannot be read' },
  bad_opening: { zh: '随附的明细与条目中的承诺不符', en: 'a detail that comes along does not match its commitment in the entry' },
  bad_timestamp: { zh: '时间戳令牌无效', en: 'the time-stamp token is not valid' },
  timestamp_of_other_data: { zh: '时间戳不是对该检查点加盖的', en: 'the time-stamp is over something else than this checkpoint' },
  untrusted_authority: { zh: '时间戳不是所信任的时间戳机构签发的', en: 'the time-stamp is not from an authority that is trusted' },
  log_shrank: { zh: '日志变短了：末尾的条目被删去', en: 'the log has become shorter: its tail was cut' },
  forked: { zh: '日志分叉：同样大小的两个检查点，内容不同', en: 'the log forked: two checkpoints of one size differ' },
  not_an_extension: { zh: '新的检查点不是原检查点的延续：历史被改写', en: 'the new checkpoint does not extend the kept one: history was rewritten' },
  bad_state: { zh: '所保存的状态文件已损坏', en: 'the kept state is damaged' },
  unreachable: { zh: '无法从该地址取得日志', en: 'the log cannot be fetched from this address' }
} as const

export type Reason = keyof typeof reasons

/** A check failed; `code` names how. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: Reason

  constructor (code: Reason, detail?: string) {
    super(`${code}: ${reasons[code].en}${detail === undefined ? '' : ` (${detail})`}`)
    this.code = code
  }
}
