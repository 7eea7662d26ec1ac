import { createHash } from 'node:crypto'
import { z } from 'zod'
import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { People } from '../identity/people.js'
import { addMonths, dateOf } from '../kernel/calendar.js'
import type { Caller, Command, End } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import type { MerchantApplication, MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import { Offer, type OfferWire, type Product } from '../products/model.js'
import type { Products } from '../products/service.js'

/*
 * The sandbox's pool, which went the way every merchant goes: it applied, the notary accepted it,
 * its owner wrote down what it sells, the notary listed that. Each step is looked at before it is
 * taken, so that a start that was cut off is completed by the next one.
 */

const officeNumber = 1
const phones = { operator: '13800000001', notary: '13800000002', owner: '13900000001', cashier: '13900000002' }
const leaseYears = 5

const application: MerchantApplication = {
  name: '圣约瀚游泳馆',
  creditCode: '91310105MA1FW00015',
  category: 'pool',
  district: '长宁区',
  ownerPhone: phones.owner,
  settlementAccount: { bankName: '中国建设银行上海市长宁支行', accountName: '上海圣约瀚体育发展有限公司', accountNumber: '31050174360000000123' }
}

const settlementRule = (release: OfferWire['settlementRule']['release']): OfferWire['settlementRule'] => ({ release, objectionHours: 24 })

const fairTerms = [
  '自付款之日起七日内可无理由全额退款,已使用的按次扣除。',
  '有效期内未用完的余额不清零,过期后可以申请激活或者退款。',
  '可以转让给他人,转让时通知本馆即可,不收手续费。',
  '卡片遗失可以免费补办。',
  '价格和服务内容的变更须经双方协商一致。',
  '发生争议先协商,协商不成的可以申请调解,也可以向人民法院起诉。'
].join('\n')

const offers: readonly OfferWire[] = [
  {
    name: '20 次游泳卡(赠 2 次)', kind: 'sessions', priceFen: 128_000, sessions: 20, bonusSessions: 2,
    listPricePerSessionFen: 8_000, listPriceProof: '馆内前台公示价目表,2026 年版第 1 项:单次游泳 80 元',
    validDays: 365, settlementRule: settlementRule('per_session'), coolingOffDays: 7, terms: fairTerms
  },
  {
    name: '游泳私教课 40 节', kind: 'sessions', priceFen: 1_680_000, sessions: 40, bonusSessions: 0,
    listPricePerSessionFen: 50_000, listPriceProof: '馆内前台公示价目表,2026 年版第 6 项:私教课每节 500 元',
    validDays: 540, settlementRule: settlementRule('per_session'), coolingOffDays: 7, terms: fairTerms
  },
  {
    name: '游泳年卡', kind: 'period', priceFen: 268_000, periodDays: 365,
    validDays: 365, settlementRule: settlementRule('per_day'), coolingOffDays: 7, terms: fairTerms
  },
  {
    name: '储值卡 1000 元(赠 200 元)', kind: 'stored_value', priceFen: 100_000, bonusFen: 20_000,
    validDays: 730, settlementRule: settlementRule('per_session'), coolingOffDays: 7, terms: fairTerms
  }
]

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  people: People
  merchants: Merchants
  products: Products
}>

export const createMerchantSeed = ({ work, clock, people, merchants, products }: Dependencies) => {
  const callerOf = async (end: End, phone: string, merchantId?: MerchantId): Promise<Caller> => ({
    personId: await work.write(worker, officeNumber, async (tx) => (await people.lockOrMake(tx, phone)).id),
    end, roles: end === 'merchant' ? ['owner'] : [], office: officeNumber, merchantId, sessionId: newId('ses', 0),
    request: { id: newId('req', 0), operation: 'seed', address: '127.0.0.1' }
  })

  /** The same key at every start: what was made is found again, whatever has become of it. */
  const commandOf = (caller: Caller, key: string): Command =>
    ({ caller, key: `sandbox-seed-${key}`, requestHash: createHash('sha256').update(key).digest(), markReplayed: () => undefined })

  const openPool = async (notary: Caller): Promise<MerchantId> => {
    const { id } = await merchants.apply(commandOf(await callerOf('operator', phones.operator), 'merchant'), application)
    if ((await merchants.view(notary, id)).status === 'in_review') await merchants.decide(notary, id, 'approve', null)
    return id
  }

  const furnish = async (owner: Caller, id: MerchantId): Promise<void> => {
    if ((await merchants.view(owner, id)).venues.length > 0) return
    await merchants.addStaff(owner, id, { phone: phones.cashier, name: '前台', role: 'cashier' })
    const leaseUntil = addMonths(dateOf(clock.now()), leaseYears * 12)
    await merchants.addVenue(owner, id, { name: '圣约瀚游泳馆长宁店', address: '上海市长宁区仙霞路 1 号', leaseUntil })
  }

  const listProduct = async (owner: Caller, notary: Caller, offer: OfferWire, number: number): Promise<void> => {
    const made = await products.create(commandOf(owner, `product-${number}`), z.decode(Offer, offer))
    const isAt = async (status: Product['status']) => (await products.view(owner, made.id, made.version)).status === status
    if (await isAt('draft')) await products.take(owner, made.id, 'submit', null)
    if (await isAt('in_review')) await products.take(notary, made.id, 'approve', null)
  }

  return async (): Promise<void> => {
    const notary = await callerOf('notary', phones.notary)
    const id: Id<'mer'> = await openPool(notary)
    const owner = await callerOf('merchant', phones.owner, id)
    await furnish(owner, id)
    for (const [number, offer] of offers.entries()) await listProduct(owner, notary, offer, number)
  }
}
