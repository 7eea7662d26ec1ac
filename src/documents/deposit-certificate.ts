import type { Fen } from '../kernel/money.js'
import type { Sheet } from './model.js'
import { checkText, dayOf, merchantText, momentOf, money, personText, type Issue, type NamedMerchant, type NamedPerson } from './wording.js'

/*
 * The deposit certificate (提存公证书): that the price of a contract was received into the office's
 * custody, for whom, and on what conditions it is paid out.
 */

export type DepositCertificateFacts = Readonly<{
  issue: Issue
  contractId: string
  productName: string
  /** SHA-256 of the contract that is the deposit's cause */
  documentSha256: string
  depositor: NamedPerson
  recipient: NamedMerchant
  amountFen: Fen
  account: Readonly<{ bankName: string; accountName: string; accountNumber: string }>
  /** when the channel received it */
  receivedAt: Date
  /** when it was credited to the special account; null: not yet */
  creditedAt: Date | null
  release: 'per_session' | 'per_day' | 'per_month'
  objectionHours: number
  coolingOffUntil: Date | null
}>

const releaseTexts: Readonly<Record<DepositCertificateFacts['release'], string>> = {
  per_session: '按次：每次消费经双方以一次性核销码确认后，给付该次对应的金额',
  per_day: '按日：期限每经过一日，给付该日对应的金额',
  per_month: '按月：期限每经过一月，给付该月各日对应的金额'
}

export const depositCertificateOf = ({
  issue: { number, url, officeName, at }, contractId, productName, documentSha256, depositor, recipient, amountFen, account, receivedAt, creditedAt, release, objectionHours, coolingOffUntil
}: DepositCertificateFacts): Sheet => ({
  title: '提存公证书',
  author: officeName,
  madeAt: at.toISOString(),
  foot: `提存公证书 ${number}`,
  blocks: [
    { kind: 'title', text: '提存公证书' },
    { kind: 'subtitle', text: `编号 ${number}` },
    {
      kind: 'fields',
      rows: [
        ['提存人', personText(depositor)],
        ['提存受领人', merchantText(recipient)],
        ['提存原因', `双方订立的预付式消费服务合同 ${contractId}（${productName}）；合同文件 SHA-256 ${documentSha256}`],
        ['提存标的', `货币，${money(amountFen)}`],
        ['提存账户', `户名 ${account.accountName}，开户行 ${account.bankName}，账号 ${account.accountNumber}`],
        ['款项收讫', `${momentOf(receivedAt)}（北京时间），经支付渠道`],
        ['提存日期', creditedAt === null ? '以款项贷记提存专户之日为准，该日期记入存证日志，可依编号查验' : dayOf(creditedAt)],
        ['领取期限', '自提存之日起五年（民法典第五百七十四条）']
      ]
    },
    { kind: 'text', text: `兹证明：上列款项已由提存人交存于${officeName}。依《中华人民共和国民法典》第五百七十一条，自交付之时起提存成立，在提存范围内视为提存人已经履行付款义务；提存受领人在给付条件成就时取得相应款项。` },
    { kind: 'heading', text: '给付条件' },
    { kind: 'text', label: '一', text: `${releaseTexts[release]}；先列为待定款，${objectionHours} 小时内无异议的，转为应付款，由公证处定期结算。` },
    { kind: 'text', label: '二', text: '依双方达成的和解协议、调解协议给付。' },
    { kind: 'text', label: '三', text: '依生效的仲裁裁决或者法院裁判给付。' },
    { kind: 'text', label: '四', text: `依合同约定与法释〔2025〕4号办理退费的，退还提存人${coolingOffUntil === null ? '' : `；冷静期至 ${momentOf(coolingOffUntil)}（北京时间）`}。` },
    { kind: 'text', text: '对条件是否成就有争议的，公证处仅停止给付有争议的部分，待争议解决后依其结果给付。提存期间的孳息归有权领取的一方（民法典第五百七十三条）。' },
    { kind: 'closing', lines: [officeName, dayOf(at)] },
    { kind: 'code', url, text: checkText(number) }
  ]
})
