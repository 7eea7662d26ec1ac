import { yuan, type Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { dayOf, merchantText, momentOf, type NamedMerchant } from './wording.js'

const statusTexts = { pending: '待定', objected: '有异议', disputed: '纠纷中', payable: '已应付', refunded: '已退还', voided: '已撤销', recorded: '到店记录' } as const

/** The redemption statement (核销明细): what was used of a contract, when, where, and what it released. */
export type RedemptionStatementFacts = Readonly<{
  officeName: string
  contractId: string
  productName: string
  merchant: NamedMerchant
  at: Date
  /** oldest first */
  lines: readonly Readonly<{ at: Date; venueName: string; units: string; amountFen: Fen; status: keyof typeof statusTexts }>[]
  usedText: string
  leftText: string
  heldFen: Fen
  releasedFen: Fen
}>


export const redemptionStatementOf = ({ officeName, contractId, productName, merchant, at, lines, usedText, leftText, heldFen, releasedFen }: RedemptionStatementFacts): Sheet => ({
  title: '核销明细',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `核销明细 ${contractId}`,
  blocks: [
    { kind: 'title', text: '核销明细' },
    { kind: 'subtitle', text: `截至 ${momentOf(at)}（北京时间）` },
    {
      kind: 'fields',
      rows: [
        ['合同编号', contractId], ['商品', productName], ['经营者', merchantText(merchant)],
        ['已使用 / 剩余', `${usedText} / ${leftText}`], ['提存余额', yuan(heldFen)], ['已应付经营者', yuan(releasedFen)]
      ]
    },
    {
      kind: 'table',
      columns: [{ title: '时间（北京时间）', share: 28 }, { title: '门店', share: 22 }, { title: '数量', share: 12, align: 'right' }, { title: '金额', share: 16, align: 'right' }, { title: '状态', share: 14 }],
      rows: lines.map(({ at, venueName, units, amountFen, status }) => [momentOf(at), venueName, units, yuan(amountFen), statusTexts[status]])
    },
    ...(lines.length === 0 ? [{ kind: 'note', text: '截至本明细出具之时没有核销记录。' } as const] : []),
    { kind: 'note', text: '待定：在异议期内，尚未应付。已撤销的核销不计入使用，对应金额已退回提存余额。' },
    { kind: 'closing', lines: [officeName, dayOf(at)] }
  ]
})
