import t from 'tap'
import { amountInWords } from '../../src/documents/amount-in-words.js'
import { documentOf, legalMeaningIn, legalMeaningOf, type DocumentFacts } from '../../src/contracts/document.js'
import { agree, checkBalance, expire, isToExpire, maskedPhone, mayRevive, sign, unitsOf } from '../../src/contracts/rules.js'
import { typeset } from '../../src/documents/layout.js'
import { newId } from '../../src/kernel/id.js'
import type { Offer } from '../../src/products/model.js'
import { aContract } from '../support/builders.js'

const now = new Date('2026-05-04T01:00:00Z')

const anOffer = (more: Partial<Offer> = {}): Offer => ({
  name: '20 次卡', kind: 'sessions', priceFen: 128_000n, sessions: 20, bonusSessions: 2, validDays: 365,
  settlementRule: { release: 'per_session', objectionHours: 24 }, coolingOffDays: 7, terms: '以馆内公示为准。', ...more
} as Offer)

t.test('units count gifts', async (t) => {
  t.equal(unitsOf(anOffer()), 22n)
  t.equal(unitsOf(anOffer({ bonusSessions: undefined })), 20n)
  t.equal(unitsOf(anOffer({ kind: 'stored_value', priceFen: 100_000n, bonusFen: 20_000n })), 120_000n)
  t.equal(unitsOf(anOffer({ kind: 'stored_value', priceFen: 100_000n })), 100_000n)
  t.equal(unitsOf(anOffer({ kind: 'period', periodDays: 365 })), 365n)
})

t.test('an agreed contract has frozen the offer and moved nothing', async (t) => {
  const facts = { id: newId('ctr', 1), consumerId: newId('per', 0), merchantId: newId('mer', 1), productId: newId('prd', 1), productVersion: 3, now }
  t.match(agree({ ...facts, offer: anOffer() }), {
    status: 'awaiting_signature', units: 22n, priceFen: 128_000n, release: 'per_session', objectionHours: 24, venueIds: null,
    productVersion: 3, paidFen: 0n, heldFen: 0n, createdAt: now, signedAt: null, paidAt: null
  })
})

t.test('the balance may reach the cap and not pass it', async (t) => {
  const cap = { limitFen: 2_000_000n, source: '沪体规文〔2025〕1号' }
  t.doesNotThrow(() => checkBalance(1_900_000n, 100_000n, cap))
  t.throws(() => checkBalance(1_900_000n, 100_001n, cap), { code: 'cap_exceeded', facts: { rule: 'balance_amount', limit: 2_000_000n, value: 2_000_001n } })
})

t.test('only a contract that waits for its signature is signed', async (t) => {
  t.match(sign(aContract({ status: 'awaiting_signature', signedAt: null }), now), { status: 'awaiting_payment', signedAt: now })
  for (const status of ['awaiting_payment', 'active', 'completed', 'terminated', 'expired', 'cancelled'] as const) {
    t.throws(() => sign(aContract({ status }), now), { code: 'wrong_state' }, status)
  }
})

t.test('counted and stored-value cards expire at their instant, term cards by their last day\'s release', async (t) => {
  const expiresAt = new Date('2026-06-01T00:00:00Z')
  const just = new Date(expiresAt.getTime() - 1)
  t.ok(isToExpire(aContract({ expiresAt }), expiresAt))
  t.notOk(isToExpire(aContract({ expiresAt }), just))
  t.ok(isToExpire(aContract({ kind: 'stored_value', expiresAt }), expiresAt))
  t.notOk(isToExpire(aContract({ kind: 'period', expiresAt }), expiresAt))
  for (const status of ['completed', 'terminated', 'cancelled', 'expired'] as const) t.notOk(isToExpire(aContract({ status, expiresAt }), expiresAt))
  t.match(expire(aContract({ expiresAt }), expiresAt), { status: 'expired', heldFen: 100_000n, endedAt: expiresAt })
})

t.test('a used-up card may come back while a release of it can be voided', async (t) => {
  t.ok(mayRevive(aContract({ status: 'completed', heldFen: 0n, pendingFen: 10_000n })))
  t.notOk(mayRevive(aContract({ status: 'completed', heldFen: 0n, releasedFen: 100_000n })))
  t.notOk(mayRevive(aContract({ pendingFen: 10_000n })))
})

t.test('amounts in words', async (t) => {
  for (const [fen, words] of [
    [0n, '人民币零元整'], [1n, '人民币壹分'], [10n, '人民币壹角整'], [11n, '人民币壹角壹分'], [100n, '人民币壹元整'], [105n, '人民币壹元零伍分'],
    [1_000n, '人民币壹拾元整'], [10_050n, '人民币壹佰元伍角整'], [128_000n, '人民币壹仟贰佰捌拾元整'], [1_680_000n, '人民币壹万陆仟捌佰元整'],
    [2_000_000n, '人民币贰万元整'], [10_000_100n, '人民币壹拾万零壹元整'], [10_100_000n, '人民币壹拾万壹仟元整'], [100_000_000n, '人民币壹佰万元整'],
    [10_000_000_000n, '人民币壹亿元整'], [10_000_000_105n, '人民币壹亿零壹元零伍分'], [12_345_678_901n, '人民币壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元零壹分'],
    [1_000_500_000n, '人民币壹仟万伍仟元整']
  ] as const) t.equal(amountInWords(fen), words, `${fen} fen`)
})

t.test('phones are masked', async (t) => { t.equal(maskedPhone('13812345678'), '138****5678') })

const facts: DocumentFacts = {
  contractId: 'ctr_01k0vb4c9hfkbt9t9a6x2n8001', madeAt: now,
  office: { name: '上海市长宁公证处', bankName: '中国工商银行', accountName: '提存专户', accountNumber: '1001242119000000001' },
  merchant: { name: '圣约瀚游泳馆', creditCode: '91310105MA1FW00015', district: '长宁区' },
  venues: [{ name: '长宁店', address: '仙霞路 1 号', leaseUntil: '2031-05-04' }],
  consumer: { legalName: '李雷', idNumber: '310105199001011237' }, beneficiary: null,
  productId: 'prd_01k0vb4c9hfkbt9t9a6x2n8001', productVersion: 1, offer: anOffer(),
  cap: { limitFen: 2_000_000n, source: '沪体规文〔2025〕1号' }
}

/** The document's text, a line a block. */
const textOf = (of: DocumentFacts): string => documentOf(of).blocks.map((block) => {
  switch (block.kind) {
    case 'fields': return block.rows.map((row) => row.join('：')).join('\n')
    case 'text': return `${block.label ?? ''} ${block.text}`
    case 'table': case 'code': case 'closing': return ''
    default: return block.text
  }
}).join('\n')

t.test('the document is a pure function of its facts', async (t) => {
  t.same(documentOf(facts), documentOf(structuredClone(facts)))
  const [bytes, again] = [await typeset(documentOf(facts)), await typeset(documentOf(structuredClone(facts)))]
  t.ok(bytes.equals(again), 'the same facts give the same bytes')
  for (const changed of [
    { ...facts, consumer: { ...facts.consumer, legalName: '韩梅梅' } },
    { ...facts, offer: anOffer({ priceFen: 128_001n }) },
    { ...facts, offer: anOffer({ bonusSessions: 1 }) },
    { ...facts, offer: anOffer({ coolingOffDays: 8 }) },
    { ...facts, offer: anOffer({ terms: '另有约定。' }) },
    { ...facts, offer: anOffer({ settlementRule: { release: 'per_session', objectionHours: 25 } }) },
    { ...facts, beneficiary: facts.consumer },
    { ...facts, cap: { ...facts.cap, limitFen: 1n } },
    { ...facts, madeAt: new Date(now.getTime() + 1) }
  ]) t.not(textOf(changed), textOf(facts), 'every fact shows')
})

t.test('the document says what the law asks for', async (t) => {
  const document = textOf(facts)
  t.notMatch(document, /undefined|null|NaN|\[object/)
  for (const article of ['九', '十一', '十四', '十五', '十六', '十七', '十八', '十九', '二十', '二十一', '二十二', '二十四', '二十五']) {
    t.ok(document.includes(`第${article}条`), `article ${article} of 法释〔2025〕4号`)
  }
  for (const article of ['第五百七十一条', '第五百七十三条', '第五百七十四条']) t.ok(document.includes(article))
  t.match(document, /第一条 .*\n[\s\S]*第十一条 /, 'eleven articles')
  t.match(document, /（以下无正文）/)
})

t.test('each kind says its own', async (t) => {
  t.match(textOf(facts), /付费 20 次，赠送 2 次，合计 22 次/)
  t.match(textOf({ ...facts, offer: anOffer({ listPricePerSessionFen: 8_000n, listPriceProof: '前台价目表' }) }), /每次 ¥80\.00（人民币捌拾元整）。原价公示依据：前台价目表/)
  t.match(textOf({ ...facts, offer: anOffer({ kind: 'stored_value', priceFen: 100_000n, bonusFen: 20_000n }) }), /合计面值 ¥1,200\.00/)
  const term = textOf({ ...facts, offer: anOffer({ kind: 'period', periodDays: 365, settlementRule: { release: 'per_month', objectionHours: 0 } }) })
  t.match(term, /期限 365 日/)
  t.match(term, /按月给付/)
})

t.test('the telling of the legal meaning is a part of the document', async (t) => {
  const told = legalMeaningOf(facts)
  t.match(told, /^第七条 公证处对提存法律意义的告知\n7\.1 /)
  t.notMatch(told, /第八条/)
  for (const line of told.split('\n')) t.ok(textOf(facts).includes(line), line.slice(0, 20))
  t.equal(legalMeaningIn(told), told)
  t.equal(legalMeaningIn(`预付式消费服务合同\n\n${told}\n\n第八条 领取期限`), told, 'also in the whole text of a contract of the first template')
  t.equal(legalMeaningIn('another text'), '')
})
