import type { Beneficiary, Contract } from '../contracts/model.js'
import { dateOf } from '../kernel/calendar.js'
import { yuan } from '../kernel/money.js'
import type { Block, Sheet } from '../documents/model.js'
import type { HandoverRecord, Standing } from './model.js'

/*
 * What the new holder signs: which contract, what is left of it at this moment, and what it means.
 * A pure function of facts, so that the same facts give the same bytes. Change nothing here without
 * a new template version.
 */

const templateVersion = '2026-1'

export type HandoverFacts = Readonly<{
  handover: HandoverRecord
  contract: Contract
  standing: Standing
  productName: string
  merchantName: string
  officeName: string
  /** of the contract's own document */
  contractSha256: string
  to: Beneficiary
  toPhone: string
  madeAt: Date
}>

const unitText: Readonly<Record<Contract['kind'], (count: number) => string>> = {
  sessions: (count) => `${count} 次`,
  stored_value: (count) => `面值 ${yuan(BigInt(count))}`,
  period: (count) => `${count} 日`
}

const clauses = ({ contract: { kind, expiresAt, coolingOffUntil }, standing: { sessions, money }, contractSha256, officeName }: HandoverFacts): string[] => [
  `转让标的：上列合同项下自受让人签署本文件之时起的全部剩余权利。此刻剩余 ${unitText[kind](sessions.left)}，提存余额 ${yuan(money.heldFen)}；以${officeName}账簿为准。`,
  `合同编号、条款、价款、适用门店和期限均不改变；有效期${expiresAt ? `至 ${expiresAt.toISOString()} 止` : '按原合同'}。原合同文件的 SHA-256 摘要为 ${contractSha256}，受让人已可查阅。`,
  `转让不产生新的冷静期；原冷静期${coolingOffUntil ? `至 ${coolingOffUntil.toISOString()} 止` : '按原合同'}。`,
  '自签署时起，核销、异议、停卡、退费和纠纷的权利由受让人行使。此前已经核销、释放的部分由转让人负责，转让人对此前的释放已无异议。',
  '此后的退费归受让人。因价款由转让人支付，原支付渠道只能退回付款人，退费改由公证处经银行转账付至受让人提供的本人账户。',
  '转让自受让人签署时通知商户即对商户发生效力（法释〔2025〕4号第十一条），无须商户同意，商户不得收取转让费用。转让人与受让人之间的对价由双方自行结清，不经公证处。',
  '提存款的法律意义：价款已由公证处提存，仅在合同约定的给付条件成就时给付商户，或者依规则退还；公证处已就此向受让人告知。'
]

/** The document of a handover, as of a moment. */
export const documentOf = (facts: HandoverFacts): Sheet => {
  const { handover, contract, productName, merchantName, officeName, to, toPhone, madeAt } = facts
  const title = '预付式消费合同转让书（公证提存）'
  return {
    title, author: officeName, madeAt: madeAt.toISOString(), foot: `转让编号 ${handover.id}`,
    blocks: [
      { kind: 'title', text: title },
      {
        kind: 'fields',
        rows: [
          ['转让编号', handover.id],
          ['文件范本', `Ticun ${templateVersion}`],
          ['作成时间', `${dateOf(madeAt)}（${madeAt.toISOString()}）`],
          ['合同编号', contract.id],
          ['商品', productName],
          ['经营者', merchantName],
          ['转让人', `原合同消费者（编号 ${handover.fromId}）`],
          ['受让人', `${to.legalName}，公民身份号码 ${to.idNumber}，手机号码 ${toPhone}`],
          ['提存机构', officeName]
        ]
      },
      ...clauses(facts).map((text, i): Block => ({ kind: 'text', label: `${i + 1}`, text })),
      { kind: 'note', text: '受让人以绑定本文件 SHA-256 摘要的短信验证码签署。签署后由提存机构加盖电子签名。' }
    ]
  }
}

type Signing = Readonly<{ documentSha256: string; challengeId: string; addressHash: string; acceptArbitration: boolean; at: Date }>

/** What the office's seal says of the new holder's signature. */
export const sealStatement = ({ documentSha256, challengeId, addressHash, acceptArbitration, at }: Signing): string => [
  `受让人于 ${at.toISOString()} 以短信验证码签署本文件`,
  `文件摘要 SHA-256 ${documentSha256}`,
  `验证码编号 ${challengeId}`,
  `网络地址加盐摘要 ${addressHash}`,
  acceptArbitration ? '受让人另行明示同意仲裁条款' : '受让人未选择仲裁条款'
].join('；')
