import type { Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { dayOf, merchantText, momentOf, money, personText, type NamedMerchant, type NamedPerson } from './wording.js'

/** The mediation agreement (调解协议): what both sides accepted, and how it binds them. */
export type MediationAgreementFacts = Readonly<{
  officeName: string
  disputeId: string
  contractId: string
  consumer: NamedPerson
  merchant: NamedMerchant
  mediatorName: string
  claimFen: Fen
  groundText: string
  disputedFen: Fen
  refundFen: Fen
  /** what of the disputed money is not refunded, and goes on under the contract */
  restoreFen: Fen
  /** the mediator's proposal, in the mediator's words */
  message: string
  consumerAcceptedAt: Date
  merchantAcceptedAt: Date
  at: Date
}>

export const mediationAgreementOf = ({
  officeName, disputeId, contractId, consumer, merchant, mediatorName, claimFen, groundText, disputedFen, refundFen, restoreFen, message, consumerAcceptedAt, merchantAcceptedAt, at
}: MediationAgreementFacts): Sheet => ({
  title: '调解协议',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `调解协议 ${disputeId}`,
  blocks: [
    { kind: 'title', text: '调解协议' },
    { kind: 'subtitle', text: `纠纷编号 ${disputeId}` },
    {
      kind: 'fields',
      rows: [
        ['申请人／消费者', personText(consumer)], ['经营者', merchantText(merchant)], ['调解员', mediatorName], ['合同编号', contractId],
        ['纠纷事由', groundText], ['请求金额', money(claimFen)], ['争议款项', `${money(disputedFen)}，提存于${officeName}`]
      ]
    },
    { kind: 'heading', text: '一、协议内容' },
    { kind: 'text', label: '1', text: `争议款项中 ${money(refundFen)} 退还消费者，由公证处自提存款中原路退还。` },
    { kind: 'text', label: '2', text: `其余 ${money(restoreFen)} 恢复为合同项下的提存款，依合同继续履行。` },
    { kind: 'text', label: '3', text: message },
    { kind: 'heading', text: '二、效力与履行' },
    { kind: 'text', label: '1', text: '本协议自双方接受之时起对双方具有约束力。公证处依本协议给付，即为提存协议列明的给付条件成就。' },
    { kind: 'text', label: '2', text: '双方可以自本协议生效之日起 30 日内共同向有管辖权的人民法院申请司法确认。' },
    { kind: 'heading', text: '三、接受' },
    {
      kind: 'fields',
      rows: [['消费者接受', `${momentOf(consumerAcceptedAt)}（北京时间），以电子方式`], ['经营者接受', `${momentOf(merchantAcceptedAt)}（北京时间），以电子方式`]]
    },
    { kind: 'closing', lines: [`调解员 ${mediatorName}`, officeName, dayOf(at)] }
  ]
})
