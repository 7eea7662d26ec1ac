import { randomInt } from 'node:crypto'
import type { TestApp } from './app.js'
import { maker, newPhone, signIn, type Person } from './people.js'

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** A unified social credit code with the right check character, that nobody has used in this process. */
export const newCreditCode = (): string => {
  const body = `91310105MA1${Array.from({ length: 6 }, () => alphabet[randomInt(31)]).join('')}`
  let weight = 1
  let sum = 0
  for (const character of body) {
    sum += alphabet.indexOf(character) * weight
    weight = (weight * 3) % 31
  }
  return body + alphabet[(31 - (sum % 31)) % 31]
}

/** What a call answered, when it did what it should. */
export const expectStatus = <A extends { status: number; body: any }>(answer: A, status: number): A => {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`)
  return answer
}

type NewShop = Readonly<{ name?: string; category?: string; district?: string; creditCode?: string; ownerPhone?: string; leaseUntil?: string }>

export type Shop = Readonly<{ merchantId: string; venueId: string; owner: Person; cashier: Person; ownerPhone: string; cashierPhone: string; notary: Person }>

/** The body of a merchant's application. */
export const application = ({ name = '测试健身馆', category = 'gym', district = '长宁区', creditCode = newCreditCode(), ownerPhone = newPhone() }: NewShop = {}) => ({
  name, category, district, creditCode, ownerPhone,
  settlementAccount: { bankName: '中国工商银行', accountName: `${name}有限公司`, accountNumber: '1001 2345 6789 0123' }
})

/** A merchant that applied and was approved, with one venue and a cashier, all over HTTP. */
export const newShop = async (app: TestApp, options: NewShop = {}): Promise<Shop> => {
  const ownerPhone = options.ownerPhone ?? newPhone()
  const cashierPhone = newPhone()
  const applicant = await signIn(app, { phone: ownerPhone, end: 'consumer' })
  const notary = await maker(app)
  const { body: { id: merchantId } } = expectStatus(await applicant.post('/merchants', application({ ...options, ownerPhone })), 201)
  expectStatus(await notary.post(`/merchants/${merchantId}/approve`), 200)
  const owner = await signIn(app, { phone: ownerPhone, end: 'merchant', merchantId })
  const { body: { id: venueId } } = expectStatus(await owner.post(`/merchants/${merchantId}/venues`, {
    name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil: options.leaseUntil ?? '2099-12-31'
  }), 201)
  expectStatus(await owner.post(`/merchants/${merchantId}/staff`, { phone: cashierPhone, name: '前台', role: 'cashier' }), 201)
  const cashier = await signIn(app, { phone: cashierPhone, end: 'merchant', merchantId })
  return { merchantId, venueId, owner, cashier, ownerPhone, cashierPhone, notary }
}

const kinds: Record<string, object> = {
  sessions: { name: '10 次卡', priceFen: 100_000, sessions: 10, validDays: 365, settlementRule: { release: 'per_session', objectionHours: 24 } },
  period: { name: '月卡', priceFen: 30_000, periodDays: 30, validDays: 30, settlementRule: { release: 'per_day', objectionHours: 24 } },
  stored_value: { name: '储值卡', priceFen: 100_000, validDays: 365, settlementRule: { release: 'per_session', objectionHours: 24 } }
}

/** The body of a product that is in order; `overrides` say what differs, `undefined` takes a field out. */
export const offer = (overrides: Record<string, any> = {}): Record<string, any> => ({
  kind: 'sessions', ...kinds[overrides.kind] ?? kinds.sessions, coolingOffDays: 7, terms: '自付款之日起七日内可无理由全额退款。', ...overrides
})

/** A product of the shop that is written down, submitted and listed, over HTTP. */
export const listProduct = async (_app: TestApp, { owner, notary }: Pick<Shop, 'owner' | 'notary'>, overrides: Record<string, any> = {}): Promise<string> => {
  const { body: { id } } = expectStatus(await owner.post('/products', offer(overrides)), 201)
  expectStatus(await owner.post(`/products/${id}/submit`), 200)
  expectStatus(await notary.post(`/products/${id}/approve`), 200)
  return id
}
