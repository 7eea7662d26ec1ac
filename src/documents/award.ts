import type { Fen } from '../kernel/money.js'
import type { Block, Sheet } from './model.js'
import { day, dayOf, merchantText, money, personText, type NamedMerchant, type NamedPerson } from './wording.js'

/** The award (仲裁裁决书): claims, facts, reasons, result, costs and date, as the law asks of it. */
export type AwardFacts = Readonly<{
  officeName: string
  awardNumber: string
  /** 0: the award itself; else which correction (补正) this is */
  correction: number
  disputeId: string
  contractId: string
  claimant: 'consumer' | 'merchant'
  consumer: NamedPerson
  merchant: NamedMerchant
  arbitratorName: string
  claimFen: Fen
  disputedFen: Fen
  claims: string | null
  facts: string | null
  reasoning: string
  refundFen: Fen
  releaseFen: Fen
  restoreFen: Fen
  /** what the merchant owes beside what is frozen */
  beyondDepositFen: Fen
  interestFen: Fen
  /** business date by which that is due */
  dueOn: string | null
  costs: string | null
  decidedAt: Date
}>

const section = (title: string, text: string) => [{ kind: 'heading', text: title }, { kind: 'text', text }] as const

const beyondDeposit = ({ beyondDepositFen, interestFen, dueOn }: Pick<AwardFacts, 'beyondDepositFen' | 'interestFen' | 'dueOn'>): Block[] => {
  const items = [
    ...(beyondDepositFen > 0n ? [`提存款之外，经营者另行给付消费者 ${money(beyondDepositFen)}。`] : []),
    ...(interestFen > 0n ? [`利息 ${money(interestFen)}，不自提存款中支付。`] : []),
    ...(dueOn === null ? [] : [`提存款之外的给付应于 ${day(dueOn)}前履行。`])
  ]
  return items.map((text, i) => ({ kind: 'text', label: String(4 + i), text }))
}

const finality = '本裁决为终局裁决，自作出之日起发生法律效力。当事人可以自收到之日起 30 日内请求补正文字、计算错误或者遗漏事项。公证处凭本裁决自提存款中给付。'

export const awardOf = ({
  officeName, awardNumber, correction, disputeId, contractId, claimant, consumer, merchant, arbitratorName, claimFen, disputedFen, claims, facts, reasoning, refundFen, releaseFen, restoreFen, beyondDepositFen, interestFen, dueOn, costs, decidedAt
}: AwardFacts): Sheet => {
  const [asking, answering] = claimant === 'consumer' ? [personText(consumer), merchantText(merchant)] : [merchantText(merchant), personText(consumer)]
  const [title, number] = correction === 0 ? ['仲裁裁决书', awardNumber] : ['仲裁裁决书补正', `${awardNumber}（第 ${correction} 次补正）`]
  return {
    title,
    author: arbitratorName,
    madeAt: decidedAt.toISOString(),
    foot: `裁决书 ${number}`,
    blocks: [
      { kind: 'title', text: title },
      { kind: 'subtitle', text: number },
      { kind: 'fields', rows: [['申请人', asking], ['被申请人', answering], ['仲裁员', arbitratorName], ['纠纷编号', disputeId], ['合同编号', contractId], ['争议款项', `${money(disputedFen)}，提存于${officeName}`]] },
      ...section('一、仲裁请求', claims ?? `请求金额 ${money(claimFen)}。`),
      ...(facts === null ? [] : section('二、查明的事实', facts)),
      ...section(facts === null ? '二、裁决理由' : '三、裁决理由', reasoning),
      { kind: 'heading', text: facts === null ? '三、裁决结果' : '四、裁决结果' },
      { kind: 'text', label: '1', text: `争议款项中 ${money(refundFen)} 退还消费者。` },
      { kind: 'text', label: '2', text: `争议款项中 ${money(releaseFen)} 给付经营者。` },
      { kind: 'text', label: '3', text: `争议款项中 ${money(restoreFen)} 恢复为合同项下的提存款。` },
      ...beyondDeposit({ beyondDepositFen, interestFen, dueOn }),
      { kind: 'text', text: `仲裁费用：${costs ?? '未另计'}。` },
      { kind: 'text', text: correction === 0 ? finality : '本补正书载明补正后的裁决全文，是原裁决书的组成部分，与其具有同等效力；此前各次与此不一致的，以本次为准。' },
      { kind: 'closing', lines: [`仲裁员 ${arbitratorName}`, dayOf(decidedAt)] }
    ]
  }
}
