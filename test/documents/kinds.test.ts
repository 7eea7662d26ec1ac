import t from 'tap'
import { awardOf } from '../../src/documents/award.js'
import { depositCertificateOf } from '../../src/documents/deposit-certificate.js'
import { settable, widthOf } from '../../src/documents/font.js'
import { typeset } from '../../src/documents/layout.js'
import { judgmentRecordOf } from '../../src/documents/judgment-record.js'
import { linesOf } from '../../src/documents/lines.js'
import { mediationAgreementOf } from '../../src/documents/mediation-agreement.js'
import type { Sheet } from '../../src/documents/model.js'
import { redemptionStatementOf } from '../../src/documents/redemption-statement.js'
import { refundCertificateOf } from '../../src/documents/refund-certificate.js'
import { settlementAgreementOf } from '../../src/documents/settlement-agreement.js'
import { settlementStatementOf } from '../../src/documents/settlement-statement.js'
import { textIn } from '../support/pdf.js'

const at = new Date('2026-05-04T01:00:00Z')
const officeName = '上海市长宁公证处'
const consumer = { legalName: '李雷', idNumber: '310105199001011237' }
const merchant = { name: '清波游泳馆', creditCode: '91310105MA1FW00015' }
const issue = { number: '2026-001-000042', url: 'https://ticun.example/v1/certificates/2026-001-000042', officeName, at }
const contractId = 'ctr_01k0vb4c9hfkbt9t9a6x2n8001'

const award = {
  beyondDepositFen: 0n, interestFen: 0n, dueOn: null,
  officeName, awardNumber: '沪仲案字（2026）第 0042 号', correction: 0, disputeId: 'dsp_01k0vb4c9hfkbt9t9a6x2n8001', contractId, claimant: 'consumer', consumer, merchant, arbitratorName: '王裁',
  claimFen: 128_000n, disputedFen: 100_000n, claims: '退还未消费的价款。', facts: '被申请人于 2026 年 4 月停业。', reasoning: '被申请人未按约定提供服务。', refundFen: 80_000n, releaseFen: 15_000n, restoreFen: 5_000n, costs: null, decidedAt: at
} as const

const sheets: Readonly<Record<string, readonly [Sheet, readonly string[]]>> = {
  'deposit certificate': [depositCertificateOf({
    issue, contractId, productName: '20 次卡', documentSha256: 'ab'.repeat(32), depositor: consumer, recipient: merchant, amountFen: 128_000n,
    account: { bankName: '中国工商银行', accountName: '提存专户', accountNumber: '1001242119000000001' }, receivedAt: at, creditedAt: null, release: 'per_session', objectionHours: 24, coolingOffUntil: at
  }), ['提存公证书', issue.number, '李雷', consumer.idNumber, '清波游泳馆', contractId, 'ab'.repeat(32), '¥1,280.00（人民币壹仟贰佰捌拾元整）', '中国工商银行', '以款项贷记提存专户之日为准', '按次', '和解协议', '仲裁裁决', '五年', officeName, '2026年5月4日']],
  'redemption statement': [redemptionStatementOf({
    officeName, contractId, productName: '20 次卡', merchant, at, usedText: '3 次', leftText: '17 次', heldFen: 108_800n, releasedFen: 6_400n,
    lines: Array.from({ length: 60 }, (_, i) => ({ at, venueName: '长宁店', units: '1 次', amountFen: 6_400n, status: (['pending', 'objected', 'payable', 'voided'] as const)[i % 4]! }))
  }), ['核销明细', '2026-05-04 09:00:00', '长宁店', '有异议', '已撤销', '¥64.00', '¥1,088.00', '第 3 页，共 3 页']],
  'redemption statement of nothing': [redemptionStatementOf({ officeName, contractId, productName: '20 次卡', merchant, at, usedText: '0 次', leftText: '20 次', heldFen: 128_000n, releasedFen: 0n, lines: [] }), ['没有核销记录']],
  'settlement statement': [settlementStatementOf({
    officeName, settlementId: 'stl_01k0vb4c9hfkbt9t9a6x2n8001', itemId: 'sti_01k0vb4c9hfkbt9t9a6x2n8001', merchant, accountText: '中国工商银行 尾号 0123', cutoff: at, paidAt: at, grossFen: 12_800n, feeFen: 64n,
    lines: [{ contractId, releases: 2, amountFen: 12_800n }]
  }), ['结算单', '到期应付', '¥128.00', '¥127.36', '合计', '尾号 0123']],
  'settlement statement with a claim collected': [settlementStatementOf({
    officeName, settlementId: 'stl_01k0vb4c9hfkbt9t9a6x2n8001', itemId: 'sti_01k0vb4c9hfkbt9t9a6x2n8001', merchant, accountText: '尾号 0123', cutoff: at, paidAt: at, grossFen: 10_000n, feeFen: 50n,
    lines: [{ contractId, releases: 2, amountFen: 12_800n }]
  }), ['抵偿对经营者的请求', '¥28.00', '¥99.50']],
  'refund certificate': [refundCertificateOf({
    issue, refundId: 'ref_01k0vb4c9hfkbt9t9a6x2n8001', contractId, consumer, merchant, reasonText: '冷静期内无理由解除', refundFen: 128_000n, merchantFen: 0n, contestedFen: 100n,
    steps: [{ text: '所付价款', amountFen: 128_000n }], lawRefs: ['法释〔2025〕4号第十四条'], requestedAt: at, paidAt: at
  }), ['退费证明', '冷静期内无理由解除', '所付价款', '第十四条', '有争议而保留', '原路退还']],
  'mediation agreement': [mediationAgreementOf({
    officeName, disputeId: 'dsp_01k0vb4c9hfkbt9t9a6x2n8001', contractId, consumer, merchant, mediatorName: '赵调', claimFen: 128_000n, groundText: '门店关闭或者搬迁', disputedFen: 100_000n, refundFen: 80_000n, restoreFen: 20_000n,
    message: '双方就此了结。', consumerAcceptedAt: at, merchantAcceptedAt: at, at
  }), ['调解协议', '赵调', '¥800.00', '¥200.00', '双方就此了结', '司法确认', '30 日']],
  award: [awardOf(award), ['仲裁裁决书', award.awardNumber, '仲裁请求', '查明的事实', '裁决理由', '裁决结果', '¥800.00', '¥150.00', '¥50.00', '仲裁费用', '终局']],
  'award corrected': [awardOf({ ...award, correction: 2 }), ['仲裁裁决书补正', `${award.awardNumber}（第 2 次补正）`, '同等效力', '以本次为准']],
  'settlement agreement': [settlementAgreementOf({
    officeName, disputeId: 'dsp_01k0vb4c9hfkbt9t9a6x2n8001', contractId, consumer, merchant, claimFen: 128_000n, groundText: '健康原因', disputedFen: 100_000n, refundFen: 80_000n, restoreFen: 20_000n, terms: '双方互不追究。', at
  }), ['和解协议', '健康原因', '¥800.00', '¥200.00', '双方互不追究', '2026-05-04 09:00:00', '给付条件成就']],
  'judgment record': [judgmentRecordOf({
    officeName, disputeId: 'dsp_01k0vb4c9hfkbt9t9a6x2n8001', contractId, consumer, merchant, caseNumber: '（2026）沪0105民初42号', reasoning: '被告未依约提供服务。', claimFen: 128_000n, disputedFen: 100_000n, refundFen: 80_000n, releaseFen: 15_000n, restoreFen: 5_000n, at
  }), ['法院裁判登记', '（2026）沪0105民初42号', '未依约提供服务', '¥800.00', '¥150.00', '¥50.00', '以法院的裁判文书为准']],
  'award without facts': [awardOf({ ...award, claims: null, facts: null, claimant: 'merchant', costs: '由被申请人负担', beyondDepositFen: 30_000n, interestFen: 250n, dueOn: '2026-06-01' }), ['¥300.00', '¥2.50', '2026年6月1日前', '二、裁决理由', '三、裁决结果', '请求金额 ¥1,280.00', '由被申请人负担']]
}

for (const [name, [sheet, parts]] of Object.entries(sheets)) {
  t.test(`${name}: says what it must, and the same facts give the same bytes`, async (t) => {
    const pdf = await typeset(sheet)
    const text = textIn(pdf)
    for (const part of parts) t.ok(text.includes(part), part)
    t.notMatch(text, /undefined|null|NaN|\[object/)
    t.ok(pdf.length < 300_000, `${pdf.length} bytes`)
    // What is kept of a sheet is JSON, and other sheets have been set in between.
    await typeset(sheets.award![0])
    t.ok((await typeset(JSON.parse(JSON.stringify(sheet)) as Sheet)).equals(pdf))
  })
}

t.test('text that nobody foresaw is set, and stays on its page', async (t) => {
  const odd = ['𠮷', '\u0007\u200b', '👩‍👩‍👧', 'x'.repeat(3_000), '，。、'.repeat(500), '（（（'.repeat(500), '\n'.repeat(300), 'ひらがな 한글 العربية', '%%EOF\nxref\n(\\)<<>>', '']
  for (const text of odd) {
    const pdf = await typeset({ title: text, author: text, madeAt: at.toISOString(), foot: text.slice(0, 40), blocks: [
      { kind: 'title', text }, { kind: 'text', text, label: '1.1' }, { kind: 'fields', rows: [[text.slice(0, 20), text.slice(0, 2_000)]] }, { kind: 'closing', lines: [text.slice(0, 30)] }
    ] })
    t.ok(pdf.subarray(-6).equals(Buffer.from('%%EOF\n')), JSON.stringify(text.slice(0, 10)))
  }
  t.equal(settable('𠮷田\u{31350}\u0007'), '𠮷田〔U+31350〕〔U+0007〕')
})

t.test('lines keep to their width, lose nothing, and begin with no closing mark', async (t) => {
  const text = settable('本合同采用按次给付：甲方每次到店消费，由甲方出示一次性核销码（60 秒内有效）、乙方扫码，双方共同确认一次服务已经提供。编号 ctr_01k0vb4c9hfkbt9t9a6x2n8001，金额 ¥1,280.00。'.repeat(5))
  for (const width of [3_000, 7_500, 20_000, 47_000]) {
    const lines = linesOf(text, width)
    t.equal(lines.map((line) => line.text).join('').replaceAll(' ', ''), text.replaceAll(' ', ''))
    for (const line of lines) {
      t.ok(widthOf(line.text) <= width, `${line.text} within ${width}`)
      t.notMatch(line.text, /^[，。、：）]/)
      t.notMatch(line.text, /（$/)
    }
  }
})

t.test('a text of 1,300 different characters stays within 300 kB, and rare names are set, to be found again', async (t) => {
  // Of each character some 215 bytes are needed, packed: its outline. Beyond 1,350 different ones a document is larger.
  const text = Array.from({ length: 1_300 }, (_, i) => String.fromCodePoint(0x4e00 + 4 * i)).join('')
  const pdf = await typeset({ title: '长文', author: officeName, madeAt: at.toISOString(), foot: '长文', blocks: [{ kind: 'text', text: `𠮷田䶮、𪚥𫠝𮯠：${text}` }] })
  t.ok(pdf.length < 300_000, `${pdf.length} bytes`)
  t.ok(textIn(pdf).includes(`𠮷田䶮、𪚥𫠝𮯠：${text.slice(0, 20)}`))
})
