import type { Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { dayOf, merchantText, momentOf, money, personText, type NamedMerchant, type NamedPerson } from './wording.js'

/** The settlement agreement (和解协议): what the parties agreed on between themselves. */
export type SettlementAgreementFacts = Readonly<{
  officeName: string
  disputeId: string
  contractId: string
  consumer: NamedPerson
  merchant: NamedMerchant
  claimFen: Fen
  groundText: string
  disputedFen: Fen
  refundFen: Fen
  /** what of the disputed money is not refunded, and goes on under the contract */
  restoreFen: Fen
  /** what was offered and accepted, in the words of who offered it */
  terms: string
  at: Date
}>

export const settlementAgreementOf = ({
  officeName, disputeId, contractId, consumer, merchant, claimFen, groundText, disputedFen, refundFen, restoreFen, terms, at
}: SettlementAgreementFacts): Sheet => ({
  title: '和解协议',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `和解协议 ${disputeId}`,
  blocks: [
    { kind: 'title', text: '和解协议' },
    { kind: 'subtitle', text: `纠纷编号 ${disputeId}` },
    {
      kind: 'fields',
      rows: [
        ['消费者', personText(consumer)], ['经营者', merchantText(merchant)], ['合同编号', contractId],
        ['纠纷事由', groundText], ['请求金额', money(claimFen)], ['争议款项', `${money(disputedFen)}，提存于${officeName}`]
      ]
    },
    { kind: 'heading', text: '一、协议内容' },
    { kind: 'text', label: '1', text: `争议款项中 ${money(refundFen)} 退还消费者，由公证处自提存款中原路退还。` },
    { kind: 'text', label: '2', text: `其余 ${money(restoreFen)} 恢复为合同项下的提存款，依合同继续履行。` },
    ...(terms === '' ? [] : [{ kind: 'text', label: '3', text: terms } as const]),
    { kind: 'heading', text: '二、效力与履行' },
    { kind: 'text', label: '1', text: `双方自行协商一致，由一方以电子方式提出、另一方于 ${momentOf(at)}（北京时间）以电子方式接受，本协议自此对双方具有约束力。` },
    { kind: 'text', label: '2', text: '公证处依本协议给付，即为提存协议列明的给付条件成就。' },
    { kind: 'closing', lines: [officeName, dayOf(at)] }
  ]
})
