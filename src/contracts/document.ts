import type { Block, Sheet } from '../documents/model.js'
import { day, dayOf, merchantText, money, personText } from '../documents/wording.js'
import { isUnder14 } from '../identity/model.js'
import { dateOf } from '../kernel/calendar.js'
import type { Fen } from '../kernel/money.js'
import type { Offer, ReleaseRule } from '../products/model.js'
import type { Beneficiary } from './model.js'

/*
 * The contract: complete, in Chinese, and a pure function of facts that are frozen at purchase, so
 * that the same facts give the same document, and the same bytes, for ever. Their SHA-256 is what
 * the consumer signs. Change nothing here without a new template version; old contracts keep their
 * own document, which is stored.
 *
 * 法释〔2025〕4号: the Supreme People's Court on prepaid consumption, in force since 2025-05-01.
 */

export const templateVersion = '2026-3'

export type DocumentFacts = Readonly<{
  contractId: string
  madeAt: Date
  office: Readonly<{ name: string; bankName: string; accountName: string; accountNumber: string }>
  merchant: Readonly<{ name: string; creditCode: string; district: string }>
  /** the venues the contract covers */
  venues: readonly Readonly<{ name: string; address: string; leaseUntil: string }>[]
  consumer: Beneficiary
  beneficiary: Beneficiary | null
  productId: string
  productVersion: number
  offer: Offer
  /** the most one consumer may have with one merchant, and the rule it comes from */
  cap: Readonly<{ limitFen: Fen; source: string }>
}>

/** Numbered clauses under a heading: `第三条 …`, `3.1 …`. */
type Article = Readonly<{ title: string; clauses: readonly string[] }>

const ordinals = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二', '十三', '十四']

const headingOf = ({ title }: Article, i: number): string => `第${ordinals[i]}条 ${title}`

const rendered = (article: Article, i: number): Block[] => [
  { kind: 'heading', text: headingOf(article, i) },
  ...article.clauses.map((text, j): Block => ({ kind: 'text', label: `${i + 1}.${j + 1}`, text }))
]

const listPriceClause = (perUnit: Fen | undefined, unit: string, proof: string | undefined): string =>
  perUnit === undefined
    ? '乙方未就本服务公示原价；退费时不得按原价扣减已消费部分。'
    : `公示原价：每${unit} ${money(perUnit)}。原价公示依据：${proof ?? '未提供（退费时不得按原价扣减已消费部分）'}。`

const contentOf = ({ kind, sessions = 0, bonusSessions = 0, priceFen, bonusFen = 0n, periodDays = 0, listPricePerSessionFen, listPricePerDayFen, listPriceProof }: Offer): string[] => {
  switch (kind) {
    case 'sessions': return [
      `服务类型：计次卡。付费 ${sessions} 次，赠送 ${bonusSessions} 次，合计 ${sessions + bonusSessions} 次；赠送次数与付费次数同样使用、同样计算。`,
      listPriceClause(listPricePerSessionFen, '次', listPriceProof)
    ]
    case 'stored_value': return [
      `服务类型：储值卡。付费金额 ${money(priceFen)}，赠送面值 ${money(bonusFen)}，合计面值 ${money(priceFen + bonusFen)}；消费以面值计。`,
      listPriceClause(undefined, '次', undefined)
    ]
    case 'period': return [
      `服务类型：期限卡。期限 ${periodDays} 日，自付款之日起算（按北京时间日历日）。`,
      listPriceClause(listPricePerDayFen, '日', listPriceProof)
    ]
  }
}

/** What a guardian consents to, apart from the rest, by signing for a child under 14 (Personal Information Protection Law Art 29, 31). */
export const guardianConsent = '实际使用人不满十四周岁。甲方声明其为该未成年人的父母或者其他监护人，并就此单独同意：为订立和履行本合同，处理该未成年人的姓名、公民身份号码和到店使用记录；除法律规定外不作他用，不向他人提供；甲方可以随时查阅、复制、更正，或者请求删除依法无须保存的部分（个人信息保护法第二十九条、第三十一条）。'

/** Whether the contract is for a child whose data needs a guardian's consent. */
export const needsGuardian = ({ beneficiary, madeAt }: Pick<DocumentFacts, 'beneficiary' | 'madeAt'>): boolean =>
  beneficiary !== null && isUnder14(beneficiary.idNumber, dateOf(madeAt))

const guardianClauses = (facts: DocumentFacts): string[] => (needsGuardian(facts) ? [guardianConsent] : [])

const subject = (facts: DocumentFacts): Article => {
  const { offer, venues, productId, productVersion, beneficiary } = facts
  return {
    title: '服务内容',
    clauses: [
      `商品名称：${offer.name}（商品编号 ${productId}，第 ${productVersion} 版）。`,
      ...contentOf(offer),
      offer.kind === 'period' ? '期限届满，合同终止。' : `有效期：自付款之日起 ${offer.validDays} 日。`,
      `适用门店：${venues.map(({ name, address, leaseUntil }) => `${name}（${address}；场地租期至 ${day(leaseUntil)}）`).join('；') || '乙方全部门店'}。本合同期限不超过适用门店的场地租期。`,
      beneficiary ? `实际使用人：${personText(beneficiary)}。甲方为付款人与合同当事人。` : '甲方本人使用。',
      ...guardianClauses(facts)
    ]
  }
}

const price = ({ offer: { priceFen }, office }: DocumentFacts): Article => ({
  title: '价款与提存',
  clauses: [
    `合同价款：${money(priceFen)}，一次付清。`,
    `价款不交付乙方，而由甲方经支付渠道交存于${office.name}（下称“公证处”）的提存专户：户名 ${office.accountName}，开户行 ${office.bankName}，账号 ${office.accountNumber}。乙方不得另行收取本合同项下任何款项。`,
    '本合同订立后 24 小时内甲方未签署，或者签署后 24 小时内未付款的，自动取消，双方互不负责任。合同取消、终止后到账的，重复支付的，以及金额不符的款项，不构成价款，由公证处原路全额退回付款人。',
    '提存日为款项贷记提存专户之日。公证处经审查乙方及本商品，已预先受理依本合同所作的提存；但在付款后 3 日内，公证处发现不宜受理的，可以书面说明理由拒绝，价款全额退还甲方。'
  ]
})

const releaseText: Readonly<Record<ReleaseRule, string>> = {
  per_session: '按次给付：甲方每次到店消费，由甲方出示一次性核销码、乙方扫码，双方共同确认一次服务已经提供',
  per_day: '按日给付：期限每经过一日，视为提供一日的服务',
  per_month: '按月给付：期限每经过一月，视为提供该月各日的服务'
}

const unitText = ({ kind }: Offer): string => ({ sessions: '总次数（含赠送）', stored_value: '总面值（含赠送）', period: '总日数' })[kind]

const release = ({ offer }: DocumentFacts): Article => ({
  title: '给付条件',
  clauses: [
    '公证处仅在下列条件之一成就时，将提存款给付乙方或退还甲方：（一）按次消费已经核销；（二）期限已经经过；（三）生效的仲裁裁决或者法院裁判；（四）双方达成的和解协议；（五）调解协议；（六）依本合同第四条、第五条的退费。',
    `本合同采用${releaseText[offer.settlementRule.release]}。累计应给付乙方的金额 = 价款 × 已使用数 ÷ ${unitText(offer)}，舍去不足一分的部分；最后一次给付全部余额，各次之和恰为价款。`,
    `每次给付先列为待定款，甲方可在 ${offer.settlementRule.objectionHours} 小时内提出异议；异议期满无异议的，列为应付款，由公证处与乙方定期结算。有异议的部分停止给付，7 日内由乙方撤销该次核销或由甲方撤回异议，否则转入纠纷处理。`,
    '双方发生争议时，公证处仅冻结有争议的部分，其余部分照常给付。乙方停业、失联或者被责令停业的，公证处停止给付并办理退费。'
  ]
})

const coolingOff = ({ offer: { coolingOffDays } }: DocumentFacts): Article => ({
  title: '冷静期',
  clauses: [
    `自付款之日起 ${coolingOffDays} 日内，甲方可以无理由解除合同。未消费的，退还全部价款；已消费的，扣除已提供服务按本合同价格计算的价款后退还（法释〔2025〕4号第十四条、第十五条）。`,
    '冷静期内的退款，自申请之日起 5 个工作日内办结，无须乙方同意。甲方订立合同前已在乙方接受过相同服务的，依法律规定办理，本合同约定更有利于甲方的从其约定。'
  ]
})

const refunds = ({ offer }: DocumentFacts): Article => ({
  title: '退费规则',
  clauses: [
    '退费依法释〔2025〕4号计算，每一步骤、金额和所依条文均向双方列明；本合同约定对甲方更有利的，从其约定。退款不超过甲方所付价款。',
    `计次服务，非因甲方原因退费的：退款 = 价款 ×（总次数 − 已用次数）÷ 总次数，总次数含赠送次数（第十八条）。因甲方原因退费且系折扣购买的：已用次数按公示原价扣减，扣完为止，甲方不补差；原价未公示或不能证明的，按前项计算（第十九条、第二十条）。`,
    '储值服务，非因甲方原因退费的：退款 = 价款 − 已消费面值 × 价款 ÷（价款 + 赠送面值）（第十八条）。因甲方原因退费的：已消费部分按原价扣减（第十九条、第二十条）。',
    '约定期限内不限次数的服务：退款 = 价款 × 未经过日数 ÷ 总日数；乙方停止服务的，计至停止之日。期限届满而甲方因自身原因未使用的，不予退费（第二十二条）。',
    '已领取的赠品或者赠送服务，由有权处理的机构说明理由后决定不计、按比例折算或者按其价值扣减（第二十一条）。',
    '自解除之日起的利息：因乙方原因的，按合同订立时一年期贷款市场报价利率；因甲方原因的，按一年期存款基准利率；提存期间的部分，按专户实际利率（第十六条、第十七条）。',
    '甲方因健康等客观原因不能继续履行，或者因不可抗力，双方均可以请求解除，不视为任何一方违约。违约金条款不自动适用。',
    ...(offer.refundsAtContractPrice ? ['乙方承诺优于前述规则：因甲方原因退费的，已消费部分也按本合同单价（价款 ÷ 总数，含赠送）扣减，不按原价扣减。'] : []),
    `除冷静期外的退款，自双方同意或者依规则确定之日起 15 个工作日内原路退还付款人。${offer.kind === 'period' ? '' : '有效期届满后仍有余额的，余额仍属甲方：可以请求激活继续使用或者退还，乙方不得以过期为由拒绝（第二十四条）。'}`,
    '甲方可以将剩余部分转让他人，通知乙方后即对乙方生效，乙方不得收取转让费用（第十一条）。'
  ]
})

const caps = ({ cap }: DocumentFacts): Article => ({
  title: '预付限额',
  clauses: [
    `甲方在乙方的全部预付余额（含本合同价款、续费前的余额及待付款合同的价款）不超过 ${money(cap.limitFen)}。依据：${cap.source}。`,
    '各类卡的金额、期限和次数上限，以公证处审核本商品时适用的规定为准；赠送次数计入次数上限。'
  ]
})

const meaningTitle = '公证处对提存法律意义的告知'

const meaning = ({ office }: DocumentFacts): Article => ({
  title: meaningTitle,
  clauses: [
    `${office.name}依《中华人民共和国公证法》第二十七条告知双方：价款交存于公证处即为提存。自交付公证处之时起提存成立，对乙方在提存范围内视为已经付款，但乙方只在给付条件成就时取得相应款项（民法典第五百七十一条）。`,
    '提存期间，款项毁损灭失的风险由有权领取的一方承担，孳息归有权领取的一方，提存费用依公示的标准收取（民法典第五百七十三条）。提存款存放于专户，独立于乙方和公证处的自有财产。',
    '公证处只按第三条列明的条件给付，不替任何一方判断服务的好坏；对条件是否成就有争议的，停止给付有争议的部分，待双方和解、调解、仲裁或者裁判后依其结果给付。',
    '公证处不对乙方的经营和服务质量作担保。双方应当如实提供身份、证件和交易事实；虚假的，承担相应法律责任。',
    '甲方以短信验证码签署本合同，即确认已阅读并理解本条告知；公证处将告知及确认的时间、内容摘要作为证据留存。'
  ]
})

const claim = (): Article => ({
  title: '领取期限',
  clauses: [
    '应付乙方或者应退甲方的款项，权利人自提存之日起五年内不领取的，领取权利消灭（民法典第五百七十四条）。届满前公证处列入未领取清单并以预留方式通知，不自动处分；甲方的未消费余额在届满前先行退还甲方。'
  ]
})

const disputes = (): Article => ({
  title: '争议解决',
  clauses: [
    '发生争议的，双方先行协商（7 日）；协商不成的，可以申请调解（30 日），调解协议可以由双方在 30 日内共同申请司法确认。不愿协商、调解或者协商、调解不成的，可以向有管辖权的人民法院起诉。',
    '仲裁条款（另行选择）：双方同意将本合同争议提交公证处所在地的仲裁委员会仲裁，裁决是终局的。本款不因签署本合同而生效，仅在甲方签署时另行明示同意后生效；不同意不影响本合同的任何其他内容。',
    '控制记录的一方无正当理由拒不提供的，承担不利后果（法释〔2025〕4号第二十五条）。'
  ]
})

const evidence = ({ office }: DocumentFacts): Article => ({
  title: '签署与证据',
  clauses: [
    '双方以电子方式订立本合同。甲方以绑定本文件 SHA-256 摘要的短信验证码签署；签署后对文件或者签名的任何改动均可被发现（电子签名法第十三条）。',
    `签署、提存、核销、结算、退款及纠纷的每一步骤，由${office.name}在业务进行中记入只增不改的证据日志；个人信息仅以加盐摘要记入。`,
    '甲方个人信息仅用于订立、履行本合同和法律规定的留存，保存期限不少于三年。'
  ]
})

const own = ({ offer: { terms } }: DocumentFacts): Article => ({
  title: '乙方的服务说明与约定',
  clauses: [
    '以下为乙方就本商品的说明与约定；与本合同其他条款或者法律规定抵触且不利于甲方的，不生效力（法释〔2025〕4号第九条）。',
    terms
  ]
})

const articles = [subject, price, release, coolingOff, refunds, caps, meaning, claim, disputes, evidence, own] as const

/** The text of the notary's telling of the deposit's legal meaning, as it stands in a contract: what the signature confirms. */
export const legalMeaningOf = (facts: DocumentFacts): string => {
  const article = meaning(facts)
  const i = articles.indexOf(meaning)
  return [headingOf(article, i), ...article.clauses.map((clause, j) => `${i + 1}.${j + 1} ${clause}`)].join('\n')
}

/** The same in the stored text of a contract: of this template, the telling alone; of the first one, the whole text. */
export const legalMeaningIn = (stored: string): string =>
  stored.split('\n\n').find((part) => part.includes(meaningTitle)) ?? ''

export const documentOf = (facts: DocumentFacts): Sheet => {
  const { contractId, madeAt, office, merchant, consumer } = facts
  return {
    title: '预付式消费服务合同（公证提存）',
    author: office.name,
    madeAt: madeAt.toISOString(),
    foot: `合同编号 ${contractId}`,
    blocks: [
      { kind: 'title', text: '预付式消费服务合同（公证提存）' },
      {
        kind: 'fields',
        rows: [
          ['合同编号', contractId],
          ['合同范本', `Ticun ${templateVersion}`],
          ['订立日期', `${dayOf(madeAt)}（${madeAt.toISOString()}）`],
          ['甲方（消费者）', personText(consumer)],
          ['乙方（经营者）', `${merchantText(merchant)}，所在区 ${merchant.district}`],
          ['提存机构', office.name]
        ]
      },
      ...articles.flatMap((article, i) => rendered(article(facts), i)),
      { kind: 'subtitle', text: '（以下无正文）' },
      { kind: 'note', text: '甲方以绑定本文件 SHA-256 摘要的短信验证码签署。签署后由提存机构加盖电子签名，签署的时间、验证码编号、文件摘要与网络地址摘要载于该签名之内，可用通用 PDF 阅读器查验。' }
    ]
  }
}

type Signing = Readonly<{ documentSha256: string; challengeId: string; addressHash: string; acceptArbitration: boolean; at: Date }>

/** What the office's seal says of the consumer's signature, which it thereby vouches for. */
export const sealStatement = ({ documentSha256, challengeId, addressHash, acceptArbitration, at }: Signing): string => [
  `甲方于 ${at.toISOString()} 以短信验证码签署本文件`,
  `文件摘要 SHA-256 ${documentSha256}`,
  `验证码编号 ${challengeId}`,
  `网络地址加盐摘要 ${addressHash}`,
  acceptArbitration ? '甲方另行明示同意仲裁条款' : '甲方未选择仲裁条款'
].join('；')
