import type { CheckedEntry, Entry, Proven } from './receipt.js'
import { reasons, type Refused } from './refused.js'

/* What a check found, in plain words: Chinese first, then English. */

type Words = Readonly<{ zh: string; en: string }>

const facts: Readonly<Record<string, Words>> = {
  'contract-made': { zh: '合同订立', en: 'the contract was made' },
  'legal-meaning-told': { zh: '已告知提存的法律意义', en: 'the legal meaning of the deposit was told' },
  'contract-signed': { zh: '合同签署', en: 'the contract was signed' },
  'payment-received': { zh: '款项支付并提存', en: 'the payment was received in deposit' },
  'deposit-credited': { zh: '款项到达提存专户', en: 'the money arrived on the special account' },
  'units-released': { zh: '核销：相应款项转为待释放', en: 'a redemption: its part of the money became pending' },
  'session-recorded': { zh: '到店记录', en: 'a visit was recorded' },
  'release-voided': { zh: '核销撤销，次数与款项退回', en: 'the redemption was voided, session and money went back' },
  'window-closed': { zh: '异议期届满，款项转为应付商户', en: 'the objection window closed: the money became payable to the merchant' },
  'objection-made': { zh: '消费者提出异议', en: 'the consumer objected' },
  'objection-withdrawn': { zh: '异议撤回', en: 'the objection was withdrawn' },
  'settlement-drafted': { zh: '结算拟定', en: 'a settlement was drafted' },
  'settlement-approved': { zh: '结算复核通过', en: 'the settlement was approved' },
  'settlement-cancelled': { zh: '结算取消', en: 'the settlement was cancelled' },
  'payout-confirmed': { zh: '银行确认已付款', en: 'the bank confirmed the payout' },
  'payout-returned': { zh: '银行退回付款', en: 'the bank returned the payout' },
  'fee-taken': { zh: '收取服务费', en: 'the fee was taken' },
  'refund-requested': { zh: '申请退费', en: 'a refund was requested' },
  'refund-consented': { zh: '对方同意退费', en: 'the other side agreed to the refund' },
  'refund-declined': { zh: '对方不同意退费', en: 'the other side declined the refund' },
  'refund-rejected': { zh: '公证处驳回退费', en: 'the office rejected the refund' },
  'refund-approved': { zh: '公证处批准退费', en: 'the office approved the refund' },
  'refund-sent': { zh: '退款已发出', en: 'the refund was sent' },
  'refund-confirmed': { zh: '退款到账确认', en: 'the refund was confirmed as paid' },
  'refund-failed': { zh: '退款未成功', en: 'the refund failed' },
  'dispute-opened': { zh: '争议立案，争议款项冻结', en: 'a dispute was opened, what is claimed was frozen' }
}

const yuan = (fen: bigint): string => `¥${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`

const isFen = (text: unknown): text is string => typeof text === 'string' && /^\d{1,18}$/.test(text)

/** What the entry's lines add up to: debits, which equal the credits. Undefined where nothing was moved, or an amount is only committed to. */
const movedFen = ({ payload: { lines = [] } }: Entry): bigint | undefined => {
  const debits = lines.filter(({ side }) => side === 'debit').map(({ amountFen }) => amountFen)
  return debits.length > 0 && debits.every(isFen) ? debits.reduce((sum, fen) => sum + BigInt(fen), 0n) : undefined
}

const entryWords = ({ leafIndex, entry, opened }: CheckedEntry): Words => {
  const { zh, en } = facts[entry.fact] ?? { zh: entry.fact, en: entry.fact }
  const fen = movedFen(entry)
  const [amount, of] = [fen === undefined ? '' : ` ${yuan(fen)}`, entry.contractId === undefined ? '' : ` ${entry.contractId}`]
  const details = opened.length > 0 ? [`（含 ${opened.length} 份合同的明细）`, ` (with ${opened.length} contracts in detail)`] : ['', '']
  return {
    zh: `第 ${leafIndex} 条 ${entry.occurredAt}：${zh}${amount}，${entry.subject}${of}${details[0]}`,
    en: `entry ${leafIndex}, ${entry.occurredAt}: ${en}${amount}, ${entry.subject}${of}${details[1]}`
  }
}

const timeWords = ({ timestamp }: Proven): Words => {
  if (!timestamp) return { zh: '没有时间戳：只有公证处自己的话说明这些内容何时存在。', en: 'There is no time-stamp: only the office\'s own word says when this existed.' }
  const at = timestamp.at.toISOString()
  return timestamp.isTrusted
    ? { zh: `时间戳机构“${timestamp.authority}”证明：这些内容在 ${at} 已经存在，此后未被改动。`, en: `The time-stamping authority “${timestamp.authority}” vouches: this existed at ${at} and has not been changed since.` }
    : { zh: `时间戳“${timestamp.authority}”记为 ${at}，签名有效；但您没有提供所信任的时间戳机构证书（--tsa-ca），未能确认是谁签发。`, en: `A time-stamp of “${timestamp.authority}” says ${at} and is validly signed, but without a certificate you trust (--tsa-ca) nobody has confirmed whose it is.` }
}

const witnessWords = ({ cosignatures, uncheckedWitnesses }: Proven): Words[] => [
  ...cosignatures.map(({ witness, at }) => ({
    zh: `见证人 ${witness} 于 ${at.toISOString()} 联署了该检查点：其所见的日志从未分叉。`, en: `The witness ${witness} cosigned this checkpoint at ${at.toISOString()}: the log it saw never forked.`
  })),
  ...uncheckedWitnesses.map((witness) => ({
    zh: `回执带有自称见证人 ${witness} 的联署，但您没有提供其公钥（--witness），未作核对。`, en: `It carries a cosignature in the name of ${witness}, which was not checked: you brought no key of that witness (--witness).`
  }))
]

const anchorWords = ({ anchors }: Proven): Words[] => anchors.map(({ chain, reference }) => ({
  zh: `该检查点据称写入了 ${chain} 的交易 ${reference}：请在该链上查看，交易数据应与检查点逐字节相同（本工具不联网，未核对）。`,
  en: `The checkpoint is said to stand in transaction ${reference} of ${chain}: look there, its input must be the checkpoint byte by byte (not looked up here, offline).`
}))

const limits: readonly Words[] = [
  { zh: '不证明：所记载的事情在现实中真的发生，只证明公证处当时如此记载，此后未改。', en: 'It does not prove that what is recorded really happened, only that the office recorded it so and has not changed it since.' },
  { zh: '不证明：此后没有发生别的事情（例如撤销、退费），请向公证处查询现状。', en: 'It does not prove that nothing happened afterwards (a void, a refund): ask the office for the present state.' },
  { zh: '不证明：公证处没有给别人看另一份日志；这要靠见证人和时间戳，或运行 ticun verify log。', en: 'It does not prove that the office shows nobody another log: that is for witnesses, time-stamps, and ticun verify log.' }
]

const inBoth = (title: Words, lines: readonly Words[]): string[] => {
  const list = (language: keyof Words) => [title[language], ...lines.map((line) => `  ${line[language]}`)]
  return [...list('zh'), '', ...list('en'), '']
}

const partWords = ({ isPart }: Proven): Words[] => isPart
  ? [{ zh: '不证明全部：这只是回执的一部分，此前或者此后还有条目，请一并取得其余部分。', en: 'It does not prove all: this is one part of a receipt, and there are entries before or after it; get the other parts too.' }]
  : []

/** What a receipt proves, and what not. `isGivenKey`: the reader brought the key, it is not the receipt's own. */
export const wordsOf = (proven: Proven, isGivenKey: boolean): string => {
  const { origin, size } = proven.checkpoint
  const key: Words = isGivenKey
    ? { zh: `您所给的公钥（${origin}）的持有者签署了有 ${size} 条的存证日志，以上条目都在其中，一字未改。`, en: `The holder of the key you gave (${origin}) signed a log of ${size} entries, and these are in it, to the letter.` }
    : { zh: `注意：公钥取自回执本身。请从公证处的公开地址取得公钥，用 --key 再验一次，否则谁都可以自造回执（${origin}，${size} 条）。`, en: `Note: the key was the receipt's own. Get the office's key from its public address and check again with --key, or anybody could have made this receipt (${origin}, ${size} entries).` }
  return [
    ...inBoth({ zh: '验证通过。回执证明：', en: 'The receipt is sound. It proves:' }, [...proven.entries.map(entryWords), key, timeWords(proven), ...witnessWords(proven), ...anchorWords(proven)]),
    ...inBoth({ zh: '它不能证明：', en: 'What it does not prove:' }, [...partWords(proven), ...limits])
  ].join('\n')
}

/** Why a check failed. */
export const refusalOf = ({ code, message }: Refused): string => `验证不通过（${code}）：${reasons[code].zh}。\nREFUSED ${message}.\n`
