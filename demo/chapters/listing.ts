import type { Card, Pool } from '../model.js'
import type { Person } from '../people.js'
import type { Story } from '../story.js'
import { yuan } from '../print.js'

/** 申请与上架: a pool applies, the notary reviews it, and reviews what it wants to sell. */

const name = '圣约瀚游泳馆古北馆'

const application = {
  name, creditCode: '91310105MA1FW00028', category: 'pool', district: '长宁区', ownerPhone: '13900000001',
  settlementAccount: { bankName: '中国建设银行上海市长宁支行', accountName: '上海圣约瀚古北体育发展有限公司', accountNumber: '31050174360000000456' }
}

const terms = '自付款之日起七日内可无理由全额退款,已使用的按次扣除。\n有效期内未用完的余额不清零,过期后可以申请激活或者退款。'
const offer = { coolingOffDays: 7, terms, settlementRule: { release: 'per_session', objectionHours: 24 } }

const offers = {
  swims: {
    ...offer, name: '20 次游泳卡(赠 2 次)', kind: 'sessions', priceFen: 128_000, sessions: 20, bonusSessions: 2,
    listPricePerSessionFen: 8_000, listPriceProof: '前台公示价目表第 1 项:单次游泳 80 元', validDays: 365
  },
  lessons: {
    ...offer, name: '游泳私教课 40 节', kind: 'sessions', priceFen: 1_680_000, sessions: 40,
    listPricePerSessionFen: 50_000, listPriceProof: '前台公示价目表第 6 项:私教课每节 500 元', validDays: 540
  },
  year: { ...offer, name: '游泳年卡', kind: 'period', priceFen: 268_000, periodDays: 365, validDays: 365, settlementRule: { release: 'per_day', objectionHours: 24 } },
  stored: { ...offer, name: '储值卡 1000 元(赠 200 元)', kind: 'stored_value', priceFen: 100_000, bonusFen: 20_000, validDays: 730 }
} as const

const called = {
  swims: { short: '20+2 次卡', english: '20 swims and 2 gift swims for 1,280 yuan' },
  lessons: { short: '40 节课', english: '40 lessons for 16,800 yuan' },
  year: { short: '年卡', english: 'a year for 2,680 yuan' },
  stored: { short: '储值卡', english: 'stored value, 1,000 and a gift of 200 yuan' }
} as const

const apply = (story: Story): Promise<string> => story.tell({
  zh: `平台运营为${name}提交入驻申请:统一社会信用代码、类别、辖区、结算账户。`,
  en: 'The operator files the pool\'s application.'
}, async () => {
  const operator = await story.enter('平台运营', { phone: '13800000001', end: 'operator' })
  const { id, status } = await operator.post('/merchants', application)
  story.check('an application is in review', status, 'in_review')
  return id
})

const furnish = (story: Story, merchantId: string) => story.tell({
  zh: '公证员甲审核通过;店主登记门店和租期,安排前台收银。',
  en: 'The notary approves; the owner enters the venue with its lease, and a cashier.'
}, async () => {
  const { status } = await story.maker.post(`/merchants/${merchantId}/approve`)
  story.check('an approved merchant is active', status, 'active')
  const owner = await story.enter('店主', { phone: '13900000001', end: 'merchant', merchantId })
  const { now } = await story.nobody.get('/sandbox/clock')
  const { id: venueId } = await owner.post(`/merchants/${merchantId}/venues`, { name: '古北馆', address: '上海市长宁区古北路 18 号', leaseUntil: `${Number(now.slice(0, 4)) + 6}-06-30` })
  await owner.post(`/merchants/${merchantId}/staff`, { phone: '13900000002', name: '前台', role: 'cashier' })
  const cashier = await story.enter('前台', { phone: '13900000002', end: 'merchant', merchantId })
  return { owner, cashier, venueId }
})

const refuse = async (story: Story, owner: Person): Promise<void> => {
  await story.tell({
    zh: '店主想卖 25,000 元的大课包,超过上海健身预付“三限”,系统不予受理。',
    en: 'A package above Shanghai\'s cap is refused, with the rule and the limit.'
  }, async () => {
    const { limit, detail } = await owner.refused('cap_exceeded', '/products', { ...offers.lessons, name: '私教课 60 节', priceFen: 2_500_000, sessions: 60 })
    story.check('the cap is told', limit, 2_000_000)
    story.note(detail)
  })
  await story.tell({
    zh: '店主在约定里写了“概不退款”,系统指出该句不公平,不予受理。',
    en: 'A term that binds nobody is refused, with the sentence.'
  }, async () => {
    const { detail } = await owner.refused('unfair_term', '/products', { ...offers.swims, terms: '本卡一经售出,概不退款。' })
    story.note(detail)
  })
}

const list = (story: Story, owner: Person) => story.tell({
  zh: '店主改好后提交四张卡,公证员甲逐一审核上架:审核通过即预先受理其项下的提存。',
  en: 'Four cards are submitted, reviewed and listed.'
}, async () => {
  const cards: Record<string, Card> = {}
  for (const [key, wanted] of Object.entries(offers)) {
    const { id } = await owner.post('/products', wanted)
    await owner.post(`/products/${id}/submit`)
    const { status } = await story.maker.post(`/products/${id}/approve`)
    story.check('an approved product is listed', status, 'listed')
    const { name: title, priceFen } = wanted
    cards[key] = { id, name: title, priceFen, ...called[key as keyof typeof called] }
    story.note(`${title},${yuan(priceFen)} 元 · ${called[key as keyof typeof called].english}`)
  }
  return cards as Pool['cards']
})

export const openPool = async (story: Story): Promise<Pool> => {
  await story.chapter({ zh: '申请与上架', en: 'Application and listing' })
  const id = await apply(story)
  const { owner, cashier, venueId } = await furnish(story, id)
  await refuse(story, owner)
  const cards = await list(story, owner)
  const { items } = await story.nobody.get(`/products?merchantId=${id}`)
  story.check('the public sees what is listed', items.length, Object.keys(offers).length)
  return { id, name, venueId, owner, cashier, cards }
}
