import { randomUUID } from 'node:crypto'
import type { TestApp } from '../support/app.js'
import { arbitrator, bureau, checker, maker, newConsumer, newIdNumber, newPhone, operator, type Consumer, type Person } from '../support/people.js'
import { application, expectStatus, listProduct, newShop, offer, type Shop } from '../support/shop.js'
import { buy, makeContract, order } from '../support/purchase.js'

/*
 * Complete parties, each with a thing of every kind and in every state that a stranger might try
 * to touch; all of it built over HTTP.
 */

export type Staff = Readonly<{ notary: Person; checker: Person; operator: Person; bureau: Person; adjudicator: Person }>

export type Party = Shop & Readonly<{
  consumer: Consumer
  /** by the prefix of its id */
  ids: Readonly<Record<string, string>>
  /** for calls that need one in another state */
  idsFor: Readonly<Record<string, Readonly<Record<string, string>>>>
  redemptions: Readonly<{ pending: string; objected: string; voided: string; payable: string }>
  contracts: Readonly<{ unsigned: string; ordered: string; active: string; withRefund: string; refunded: string; cancelled: string }>
  settlements: Readonly<{ draft: string; completed: string; cancelled: string }>
  refunds: Readonly<{ awaitingConsent: string; paid: string }>
  quoteId: string
}>

export const staffOf = async (app: TestApp): Promise<Staff> => ({
  notary: await maker(app), checker: await checker(app), operator: await operator(app), bureau: await bureau(app), adjudicator: await arbitrator(app)
})

export const advance = async ({ nobody }: TestApp, advanceSeconds: number): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds }), 200)
}

/** Takes a session at the door. @returns the redemption's id */
export const visit = async ({ cashier, venueId }: Pick<Party, 'cashier' | 'venueId'>, consumer: Pick<Consumer, 'post'>, contractId: string): Promise<string> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return expectStatus(await cashier.post('/redemptions', { code, venueId }), 201).body.id
}

const refund = async ({ post }: Pick<Consumer, 'post'>, contractId: string, reason: string): Promise<{ id: string; quoteId: string }> => {
  const { body: { id: quoteId } } = expectStatus(await post(`/contracts/${contractId}/refund-quotes`, { reason }), 201)
  return { id: expectStatus(await post(`/contracts/${contractId}/refunds`, { quoteId }), 201).body.id, quoteId }
}

const settle = async ({ merchantId }: Shop, { notary, checker }: Staff, what: 'approve' | 'cancel' | undefined): Promise<any> => {
  const { body } = expectStatus(await notary.post('/settlements', { merchantIds: [merchantId] }), 201)
  if (what) expectStatus(await checker.post(`/settlements/${body.id}/${what}`), 200)
  return body
}

type Begun = Readonly<{ shop: Shop; consumer: Consumer; productId: string; active: string }>

const begin = async (app: TestApp): Promise<Begun> => {
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, shop, { sessions: 40, priceFen: 40_000 })
  return { shop, consumer, productId, active: await buy(app, consumer, productId) }
}

type Past = Readonly<{ payable: string; completed: string; cancelled: string; draft: string }>

const finish = async (app: TestApp, { notary }: Staff, { shop, consumer, productId, active }: Begun, { payable, ...settlements }: Past): Promise<Party> => {
  const voided = await visit(shop, consumer, active)
  expectStatus(await shop.cashier.post(`/redemptions/${voided}/void`, { reason: '录入有误' }), 200)
  const objected = await visit(shop, consumer, active)
  expectStatus(await consumer.post(`/redemptions/${objected}/objection`, { reason: '没有上课' }), 200)
  const pending = await visit(shop, consumer, active)
  const spare = await visit(shop, consumer, active)

  const refunded = await buy(app, consumer, productId)
  const coolingOff = await refund(consumer, refunded, 'cooling_off')
  expectStatus(await notary.post(`/refunds/${coolingOff.id}/approve`), 200)
  const withRefund = await buy(app, consumer, productId)
  const choice = await refund(consumer, withRefund, 'consumer_choice')

  const applying = expectStatus(await consumer.post('/merchants', application()), 201).body.id
  const reviewed = expectStatus(await shop.owner.post('/products', offer()), 201).body.id
  expectStatus(await shop.owner.post(`/products/${reviewed}/submit`), 200)

  const ordered = await buy(app, consumer, productId, { pay: false })
  const { id: paymentId } = await order(consumer, ordered)
  const { id: cancelled } = await makeContract(consumer, productId)
  expectStatus(await consumer.post(`/contracts/${cancelled}/cancel`), 200)
  const { id: unsigned } = await makeContract(consumer, productId)

  return {
    ...shop, consumer, quoteId: choice.quoteId, settlements,
    contracts: { unsigned, ordered, active, withRefund, refunded, cancelled },
    redemptions: { pending, objected, voided, payable },
    refunds: { awaitingConsent: choice.id, paid: coolingOff.id },
    ids: { mer: shop.merchantId, ven: shop.venueId, prd: productId, ctr: active, pay: paymentId, red: pending, ref: choice.id, stl: settlements.draft },
    idsFor: {
      rejectMerchant: { mer: applying }, rejectProduct: { prd: reviewed }, refuseDeposit: { ctr: withRefund }, objectToRedemption: { red: spare },
      payContract: { ctr: ordered }, requestRefund: { ctr: withRefund }
    }
  }
}

/** Several parties at once, so that the clock is moved for all of them before anything is left open. */
export const newParties = async (app: TestApp, staff: Staff, count: number): Promise<Party[]> => {
  const begun: Begun[] = []
  for (let i = 0; i < count; i++) begun.push(await begin(app))
  const payable: string[] = []
  for (const { shop, consumer, active } of begun) payable.push(await visit(shop, consumer, active))
  await advance(app, 25 * 3_600)
  const completed: string[] = []
  for (const { shop } of begun) completed.push((await settle(shop, staff, 'approve')).id)
  for (const { shop, consumer, active } of begun) await visit(shop, consumer, active)
  await advance(app, 25 * 3_600)
  const parties: Party[] = []
  for (const [i, one] of begun.entries()) {
    const { id: cancelled } = await settle(one.shop, staff, 'cancel')
    const { id: draft } = await settle(one.shop, staff, undefined)
    parties.push(await finish(app, staff, one, { payable: payable[i] as string, completed: completed[i] as string, cancelled, draft }))
  }
  return parties
}

/** Everything there is of a party, as its owner, its consumer and the notary see it. */
export const portraitOf = async ({ notary }: Staff, party: Party): Promise<unknown> => {
  const { consumer, owner, merchantId, ids } = party
  const paths: [Person, string][] = [
    ...Object.values(party.contracts).flatMap((id): [Person, string][] => [[consumer, `/contracts/${id}`], [consumer, `/contracts/${id}/payments`], [consumer, `/contracts/${id}/statement`]]),
    ...Object.values(party.contracts).map((id): [Person, string] => [consumer, `/redemptions?contractId=${id}&limit=100`]),
    ...Object.values(party.settlements).map((id): [Person, string] => [notary, `/settlements/${id}`]),
    ...Object.values(party.refunds).map((id): [Person, string] => [consumer, `/refunds/${id}`]),
    [owner, `/merchants/${merchantId}`], [owner, `/merchants/${merchantId}/balances`], [owner, `/merchants/${merchantId}/payouts`],
    [owner, `/products/${ids.prd}`], [owner, '/products?status=draft'], [consumer, '/me'], [consumer, '/contracts?limit=100'], [consumer, '/refunds?limit=100']
  ]
  const portrait: Record<string, unknown> = {}
  for (const [person, path] of paths) portrait[path] = expectStatus(await person.get(path), 200).body
  return portrait
}

/** A body that is in order for each call that takes one, about a party's own things. */
export const bodiesFor = (party: Party): Record<string, object> => ({
  requestCode: { phone: newPhone(), purpose: 'login' },
  signIn: { challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code: '000000', end: 'consumer' },
  refreshSession: { refreshToken: 'none' },
  setIdentity: { legalName: '李四', idNumber: newIdNumber() },
  changePassword: { password: 'Ticun-demo-0', newPassword: 'Another-password-2' },
  applyAsMerchant: application(),
  rejectMerchant: { reason: '材料不全' },
  suspendMerchant: { reason: '投诉较多' },
  addVenue: { name: '分店', address: '上海市长宁区延安西路 2 号', leaseUntil: '2099-12-31' },
  changeVenue: { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil: '2099-12-31' },
  addStaff: { phone: newPhone(), name: '前台', role: 'cashier' },
  createProduct: offer(),
  createProductVersion: offer(),
  rejectProduct: { reason: '条款不清' },
  makeContract: { productId: party.ids.prd, beneficiary: { legalName: '张小明', idNumber: newIdNumber() } },
  signContract: { challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code: '000000', acceptArbitration: false },
  payContract: { channel: 'sandbox' },
  refuseDeposit: { reason: '材料不全' },
  redeem: { code: randomUUID(), venueId: party.venueId, sessions: 1 },
  voidRedemption: { reason: '录入有误' },
  objectToRedemption: { reason: '没有上课' },
  calculateRefund: { kind: 'sessions', paidFen: 600_000, paidSessions: 20, bonusSessions: 1, usedSessions: '12', listPricePerSessionFen: 40_000, cause: 'merchant' },
  quoteRefund: { reason: 'consumer_choice' },
  requestRefund: { quoteId: party.quoteId },
  declineRefund: { reason: '不同意' },
  rejectRefund: { reason: '材料不全' },
  giveRefundAccount: { bankName: '中国工商银行', accountName: '张三', accountNumber: '6222020200112233445' },
  proposeClosure: { reason: '停业', stoppedOn: '2026-11-01' },
  draftSettlement: { merchantIds: [party.merchantId] },
  paySandboxPayment: { outcome: 'failure', repeat: 1 },
  answerPayouts: { outcome: 'paid', merchantId: party.merchantId },
  sendPayoutBack: { itemId: 'sti_01k0vb4c9hfkbt9t9a6x2n8g7m', reason: '账户已销户' },
  advanceSandboxClock: { advanceSeconds: 0 }
})
