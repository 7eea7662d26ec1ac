import { yuan, type Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { checkText, dayOf, merchantText, momentOf, money, personText, type Issue, type NamedMerchant, type NamedPerson } from './wording.js'

/** The refund certificate (退费证明): what went back to the consumer, how it was worked out, and by which articles. */
export type RefundCertificateFacts = Readonly<{
  issue: Issue
  refundId: string
  contractId: string
  consumer: NamedPerson
  merchant: NamedMerchant
  reasonText: string
  refundFen: Fen
  merchantFen: Fen
  contestedFen: Fen
  steps: readonly Readonly<{ text: string; amountFen: Fen }>[]
  lawRefs: readonly string[]
  requestedAt: Date
  paidAt: Date
}>

export const refundCertificateOf = ({
  issue: { number, url, officeName, at }, refundId, contractId, consumer, merchant, reasonText, refundFen, merchantFen, contestedFen, steps, lawRefs, requestedAt, paidAt
}: RefundCertificateFacts): Sheet => ({
  title: '退费证明',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `退费证明 ${number}`,
  blocks: [
    { kind: 'title', text: '退费证明' },
    { kind: 'subtitle', text: `编号 ${number}` },
    {
      kind: 'fields',
      rows: [
        ['退费编号', refundId], ['合同编号', contractId], ['消费者', personText(consumer)], ['经营者', merchantText(merchant)], ['退费事由', reasonText],
        ['申请时间', `${momentOf(requestedAt)}（北京时间）`], ['退款到账', `${momentOf(paidAt)}（北京时间），原路退还付款人`],
        ['退还消费者', money(refundFen)], ['给付经营者', money(merchantFen)], ...(contestedFen > 0n ? [['有争议而保留', money(contestedFen)] as const] : [])
      ]
    },
    { kind: 'heading', text: '计算步骤' },
    { kind: 'table', columns: [{ title: '步骤', share: 70 }, { title: '金额', share: 22, align: 'right' }], rows: steps.map(({ text, amountFen }) => [text, yuan(amountFen)]) },
    ...(lawRefs.length === 0 ? [] : [{ kind: 'text', text: `依据：${lawRefs.join('；')}。` } as const]),
    { kind: 'closing', lines: [officeName, dayOf(at)] },
    { kind: 'code', url, text: checkText(number) }
  ]
})
