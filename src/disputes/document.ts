import { dateOf } from '../kernel/calendar.js'
import { yuan } from '../kernel/money.js'
import type { DisputeGround, DocumentKind } from './model.js'

/**
 * What a case's document says; amounts as decimal strings of fen. Kept beside the text, so that it
 * can be set in another form.
 */
export type DocumentFacts = Readonly<{
  kind: DocumentKind
  disputeId: string
  contractId: string
  office: string
  consumer: string
  merchant: Readonly<{ name: string; creditCode: string }>
  ground: DisputeGround
  claimFen: string
  disputedFen: string
  madeAt: string
  /** how what was frozen is divided */
  outcome?: Readonly<{ refundFen: string; releaseFen: string; restoreFen: string }> | undefined
  /** of an agreement: what the offer or proposal said */
  terms?: string | undefined
  award?: Readonly<{
    number: string
    correction: number
    claims: string | null
    facts: string | null
    reasoning: string
    beyondDepositFen: string
    interestFen: string
    costs: Readonly<{ totalFen: string; consumerFen: string; merchantFen: string }> | null
    dueOn: string | null
    arbitrators: readonly string[]
  }> | undefined
}>

const titles: Readonly<Record<DocumentKind, string>> = {
  settlement_agreement: '和解协议', mediation_agreement: '调解协议', mediation_failure: '调解不成证明', award: '裁决书', award_correction: '裁决书补正', judgment_record: '法院裁判登记'
}

/** What a ground is called in documents. */
export const groundTexts: Readonly<Record<DisputeGround, string>> = {
  closed_or_moved: '停业或迁址', service_not_as_agreed: '服务不符合约定', price_or_terms: '价格或条款', health: '健康原因', misleading_sale: '误导销售', other: '其他'
}

const sum = (fen: string): string => `人民币 ${yuan(BigInt(fen))}`

const outcomeLines = ({ outcome }: DocumentFacts): string[] => outcome === undefined ? [] : [
  `一、自冻结款项中向消费者退还 ${sum(outcome.refundFen)}；`,
  `二、自冻结款项中向商户释放 ${sum(outcome.releaseFen)}；`,
  `三、其余 ${sum(outcome.restoreFen)} 解除冻结，恢复原状。`
]

const awardLines = ({ award }: DocumentFacts): string[] => award === undefined ? [] : [
  `${award.arbitrators.length === 0 ? '裁判文书案号' : '裁决书编号'}：${award.number}${award.correction === 0 ? '' : `（第 ${award.correction} 次补正）`}`,
  ...(award.claims === null ? [] : [`请求：${award.claims}`]),
  ...(award.facts === null ? [] : [`查明：${award.facts}`]),
  `理由：${award.reasoning}`,
  ...(award.beyondDepositFen === '0' ? [] : [`冻结款项之外，商户另行向消费者给付 ${sum(award.beyondDepositFen)}。`]),
  ...(award.interestFen === '0' ? [] : [`利息：${sum(award.interestFen)}，不自提存款中支付。`]),
  ...(award.costs === null ? [] : [`仲裁费用 ${sum(award.costs.totalFen)}，由消费者承担 ${sum(award.costs.consumerFen)}，由商户承担 ${sum(award.costs.merchantFen)}。`]),
  ...(award.dueOn === null ? [] : [`提存款之外的给付应于 ${award.dueOn} 前履行。`]),
  ...(award.arbitrators.length === 0 ? [] : [`仲裁员：${award.arbitrators.join('、')}`])
]

const closing: Readonly<Record<DocumentKind, string>> = {
  settlement_agreement: '双方协商一致，达成上述协议。公证机构据此支付提存款项。',
  mediation_agreement: '双方在调解员主持下达成上述协议，可自协议生效之日起三十日内共同申请司法确认。公证机构据此支付提存款项。',
  mediation_failure: '本纠纷经调解未能达成协议，双方没有仲裁协议。特此证明，当事人可以向人民法院起诉；冻结款项在等待期限内继续冻结。',
  award: '本裁决为终局裁决，自作出之日起发生法律效力。当事人可自收到裁决书之日起三十日内请求补正。',
  award_correction: '本补正与原裁决书具有同等效力。',
  judgment_record: '公证机构依法院生效裁判登记上述内容，并据此支付提存款项。裁判文书以法院所作为准。'
}

/** The text of a document: the exact bytes whose hash is kept. */
export const documentText = (facts: DocumentFacts): string => [
  `${facts.office}  ${titles[facts.kind]}`,
  '',
  `案号：${facts.disputeId}`,
  `合同：${facts.contractId}`,
  `消费者：${facts.consumer}`,
  `商户：${facts.merchant.name}（统一社会信用代码 ${facts.merchant.creditCode}）`,
  `争议事由：${groundTexts[facts.ground]}；请求金额 ${sum(facts.claimFen)}；冻结 ${sum(facts.disputedFen)}。`,
  '',
  ...awardLines(facts),
  ...(facts.terms === undefined ? [] : [`约定：${facts.terms}`]),
  ...outcomeLines(facts),
  '',
  closing[facts.kind],
  '',
  `作出日期：${dateOf(new Date(facts.madeAt))}`,
  ''
].join('\n')
