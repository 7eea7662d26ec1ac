import { sum, yuan, type Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { dayOf, merchantText, momentOf, money, type NamedMerchant } from './wording.js'

/** The settlement statement (结算单): what a payout to a merchant is made of. */
export type SettlementStatementFacts = Readonly<{
  officeName: string
  settlementId: string
  itemId: string
  merchant: NamedMerchant
  /** masked */
  accountText: string
  cutoff: Date
  paidAt: Date
  /** what was due, less what was collected of it for claims on the merchant */
  grossFen: Fen
  feeFen: Fen
  /** what each contract contributes */
  lines: readonly Readonly<{ contractId: string; releases: number; amountFen: Fen }>[]
}>

export const settlementStatementOf = ({ officeName, settlementId, itemId, merchant, accountText, cutoff, paidAt, grossFen, feeFen, lines }: SettlementStatementFacts): Sheet => {
  const dueFen = sum(lines.map(({ amountFen }) => amountFen))
  return {
    title: '结算单',
    author: officeName,
    madeAt: paidAt.toISOString(),
    foot: `结算单 ${itemId}`,
    blocks: [
      { kind: 'title', text: '结算单' },
      { kind: 'subtitle', text: `结算批次 ${settlementId}` },
      {
        kind: 'fields',
        rows: [
          ['结算编号', itemId], ['收款人', merchantText(merchant)], ['收款账户', accountText], ['结算截止', `${momentOf(cutoff)}（北京时间）`],
          ['付款时间', `${momentOf(paidAt)}（北京时间）`], ['到期应付', money(dueFen)], ...(dueFen > grossFen ? [['抵偿对经营者的请求', money(dueFen - grossFen)] as const] : []),
          ['结算总额', money(grossFen)], ['服务费', money(feeFen)], ['实付金额', money(grossFen - feeFen)]
        ]
      },
      {
        kind: 'table',
        columns: [{ title: '合同编号', share: 56 }, { title: '笔数', share: 14, align: 'right' }, { title: '金额', share: 22, align: 'right' }],
        rows: [...lines.map(({ contractId, releases, amountFen }) => [contractId, String(releases), yuan(amountFen)]), ['合计', String(lines.reduce((all, { releases }) => all + releases, 0)), yuan(dueFen)]]
      },
      { kind: 'closing', lines: [officeName, dayOf(paidAt)] }
    ]
  }
}
