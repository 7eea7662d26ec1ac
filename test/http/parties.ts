import { randomUUID } from 'node:crypto'
import { addDays } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { moveAtBank, send, statementOfToday, today } from '../bank/support.js'
import { samples, sendParts } from '../casefiles/files.js'
import type { TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { arbitrator, auditAdministrator, bureau, checker, maker, newConsumer, newIdNumber, newPhone, operator, securityAdministrator, systemAdministrator, type Consumer, type Person } from '../support/people.js'
import { application, expectStatus, listProduct, newShop, offer, type Shop } from '../support/shop.js'
import { buy, makeContract, order } from '../support/purchase.js'

/*
 * Complete parties, each with a thing of every kind and in every state that a stranger might try
 * to touch; all of it built over HTTP.
 */

export type Staff = Readonly<{ notary: Person; checker: Person; operator: Person; bureau: Person; adjudicator: Person; administrator: Person; security: Person; auditor: Person }>

export type Party = Shop & Readonly<{
  consumer: Consumer
  /** by the prefix of its id, or by its name in the path where it has none */
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
  notary: await maker(app), checker: await checker(app), operator: await operator(app), bureau: await bureau(app), adjudicator: await arbitrator(app),
  administrator: await systemAdministrator(app), security: await securityAdministrator(app), auditor: await auditAdministrator(app)
})

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

/** An address outside, by its number: nothing has to be looked up, and nothing is ever sent there. */
const webhookUrl = 'https://93.184.216.34/'

/** A pause of a term card, some days from today. */
export const pauseIn = (days: number) => {
  const on = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  return { ground: 'health', startsOn: on, endsOn: on }
}

/** A court's hold on what went back of a contract: on nothing that anyone waits for. */
export const holdOn = (contractId: string) => ({
  contractId, against: 'consumer', amountFen: 1, court: '上海市长宁区人民法院', documentNumber: '（2026）沪0105执保1号', until: new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10)
})

/** A settlement account beside that of `application`. */
export const otherAccount = { bankName: '中国农业银行', accountName: '测试健身馆有限公司', accountNumber: '6228 4800 1234 5678' }

/** Closes a day that is over. A transaction that goes on has to end first. */
const closeDay = async ({ notary, checker }: Pick<Staff, 'notary' | 'checker'>, date: string): Promise<void> => {
  expectStatus(await notary.post(`/reconciliations/${date}/close`, { reason: '未收到对账单' }), 201)
  const close = async (triesLeft: number): Promise<unknown> => {
    const answer = await checker.post(`/reconciliations/${date}/close/approve`)
    if (answer.status !== 503 || triesLeft === 0) return expectStatus(answer, 200)
    await new Promise((resolve) => { setTimeout(resolve, 250) })
    return close(triesLeft - 1)
  }
  await close(20)
}

/** A statement with a receipt for each party that nobody can explain. @returns its id, and of each receipt the item's */
const unexplained = async (app: TestApp, { notary }: Staff, count: number): Promise<{ statementId: string; items: string[] }> => {
  for (let i = 0; i < count; i++) await moveAtBank(app, { side: 'CRDT', amountFen: 7_700n })
  await notary.get('/me')
  const { body: { id: statementId } } = expectStatus(await send(app, notary, await statementOfToday(app)), 201)
  const { body: { items } } = expectStatus(await notary.get('/suspense-items'), 200)
  return { statementId, items: items.map(({ id }: { id: string }) => id) }
}

/** A day over which each party's lease is near its end. @returns of each the alert */
const alarmed = async (app: TestApp, begun: readonly Begun[]): Promise<string[]> => {
  const lease = async (leaseUntil: string): Promise<void> => {
    for (const { shop: { owner, merchantId, venueId } } of begun) expectStatus(await owner.put(`/merchants/${merchantId}/venues/${venueId}`, { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil }), 200)
  }
  await lease(addDays(await today(app), 20))
  await advance(app, 25 * 3_600)
  await lease('2099-12-31')
  const ids: string[] = []
  for (const { shop: { owner } } of begun) ids.push(expectStatus(await owner.get('/alerts?indicator=lease_end'), 200).body.items[0].id)
  return ids
}

type Past = Readonly<{ payable: string; completed: string; cancelled: string; draft: string; statementId: string; suspenseItem: string; closedOn: string; alert: string }>

const finish = async (app: TestApp, { notary, adjudicator: { userId: adjudicatorId } }: Staff, { shop, consumer, productId, active }: Begun, { payable, statementId, suspenseItem, closedOn, alert, ...settlements }: Past): Promise<Party> => {
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

  const term = await buy(app, consumer, await listProduct(app, shop, { kind: 'period' }))
  const { id: pauseId } = expectStatus(await consumer.post(`/contracts/${term}/pauses`, pauseIn(10)), 201).body
  const offered = await buy(app, consumer, productId)
  const { id: handoverId } = expectStatus(await consumer.post(`/contracts/${offered}/transfers`, { phone: newPhone() }), 201).body

  const disputed = await buy(app, consumer, productId)
  const { id: disputeId } = expectStatus(await consumer.post('/disputes', { contractId: disputed, claimFen: 1_000, ground: 'other', statement: '未开课' }), 201).body
  const { id: offerId } = expectStatus(await shop.owner.post(`/disputes/${disputeId}/offers`, { refundFen: 100, message: '退一点' }), 201).body

  const { id: fileId } = expectStatus(await sendParts(app, consumer, `/disputes/${disputeId}/evidence`, [{ field: 'file', value: samples.pdf, filename: '凭证.pdf' }]), 201).body
  const { id: endpointId } = expectStatus(await shop.owner.post('/webhook-endpoints', { url: webhookUrl }), 201).body
  // Switched off, so that nothing is sent out of a test.
  expectStatus(await shop.owner.put(`/webhook-endpoints/${endpointId}`, { url: webhookUrl, status: 'disabled' }), 200)
  const { id: deliveryId } = expectStatus(await shop.owner.post(`/webhook-endpoints/${endpointId}/ping`), 201).body

  const { id: changeId } = expectStatus(await shop.owner.post(`/merchants/${shop.merchantId}/settlement-account-changes`, otherAccount), 201).body

  const applying = expectStatus(await consumer.post('/merchants', application()), 201).body.id
  const reviewed = expectStatus(await shop.owner.post('/products', offer()), 201).body.id
  expectStatus(await shop.owner.post(`/products/${reviewed}/submit`), 200)

  const ordered = await buy(app, consumer, productId, { pay: false })
  const { id: paymentId } = await order(consumer, ordered)
  const { id: cancelled } = await makeContract(consumer, productId)
  expectStatus(await consumer.post(`/contracts/${cancelled}/cancel`), 200)
  const { id: unsigned } = await makeContract(consumer, productId)

  expectStatus(await consumer.get(`/contracts/${active}/certificate`), 200)
  const { body: { entries: [leaf] } } = expectStatus(await consumer.get(`/contracts/${active}/receipt`), 200)
  const { body: { items: [document, certificate] } } = expectStatus(await consumer.get(`/contracts/${active}/documents`), 200)

  const { body: { id: correctionId } } = expectStatus(await consumer.post('/me/corrections', { legalName: '张三丰', idNumber: newIdNumber(), grounds: '录入有误' }), 201)

  const { body: { items: [paidOut] } } = expectStatus(await notary.get(`/settlements/${settlements.completed}`), 200)
  const { id: holdId } = expectStatus(await notary.post('/legal-holds', holdOn(refunded)), 201).body

  return {
    ...shop, consumer, quoteId: choice.quoteId, settlements,
    contracts: { unsigned, ordered, active, withRefund, refunded, cancelled },
    redemptions: { pending, objected, voided, payable },
    refunds: { awaitingConsent: choice.id, paid: coolingOff.id },
    ids: { off: notary.user.officeId as string, mer: shop.merchantId, ven: shop.venueId, prd: productId, ctr: active, pay: paymentId, red: pending, ref: choice.id, stl: settlements.draft, pau: pauseId, hov: handoverId, dsp: disputeId, ofr: offerId, prp: newId('prp', 1), asg: newId('asg', 1), per: adjudicatorId, doc: document.id, fil: fileId, whe: endpointId, whd: deliveryId, sti: paidOut.id, sac: changeId, bst: statementId, sus: suspenseItem, unc: newId('unc', 1), lgh: holdId, cor: correctionId, mbr: newId('mbr', 0), stp: newId('stp', 0), alr: alert, indicator: 'lease_end', date: closedOn, number: certificate.subject, channel: 'sandbox', leafIndex: `${leaf.leafIndex}` },
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
  const alerts = await alarmed(app, begun)
  const { statementId, items } = await unexplained(app, staff, count)
  const closedOn = addDays(await today(app), -2)
  await closeDay(staff, closedOn)
  const parties: Party[] = []
  for (const [i, one] of begun.entries()) {
    const { id: cancelled } = await settle(one.shop, staff, 'cancel')
    const { id: draft } = await settle(one.shop, staff, undefined)
    parties.push(await finish(app, staff, one, { payable: payable[i] as string, completed: completed[i] as string, cancelled, draft, statementId, suspenseItem: items[i] as string, closedOn, alert: alerts[i] as string }))
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
    [owner, `/products/${ids.prd}`], [owner, '/products?status=draft'], [consumer, '/me'], [consumer, '/contracts?limit=100'], [consumer, '/refunds?limit=100'], [consumer, '/disputes?limit=100'], [owner, `/disputes/${ids.dsp}`], [owner, `/disputes/${ids.dsp}/evidence`], [owner, '/webhook-endpoints'], [owner, `/webhook-deliveries/${ids.whd}`],
    [owner, `/merchants/${merchantId}/settlement-account-changes`], [notary, `/suspense-items/${ids.sus}`], [notary, `/legal-holds/${ids.lgh}`], [notary, `/reconciliations/${ids.date}`], [consumer, `/liability-proofs/${ids.date}`], [owner, `/alerts/${ids.alr}`]
  ]
  const portrait: Record<string, unknown> = {}
  for (const [person, path] of paths) portrait[path] = expectStatus(await person.get(path), 200).body
  return portrait
}

/** A body that is in order for each call that takes one, about a party's own things. */
export const bodiesFor = (party: Party): Record<string, object> => ({
  requestCode: { phone: newPhone(), purpose: 'login' },
  cosignCheckpoint: { note: 'example.com/log\n1\nAAAA\n\n— witness AAAA\n' },
  orderSandboxFaults: { port: 'storage', effect: 'refused', calls: 0 },
  signIn: { challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code: '000000', end: 'consumer' },
  refreshSession: { refreshToken: 'none' },
  setIdentity: { legalName: '李四', idNumber: newIdNumber() },
  changePassword: { password: 'Ticun-demo-0', newPassword: 'Another-password-2' },
  stepUp: { code: '000000', challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m' },
  enrolSecondFactor: { password: 'Ticun-demo-0', code: '000000' },
  confirmSecondFactor: { code: '000000' },
  renewRecoveryCodes: { code: '000000' },
  removeSecondFactor: { code: '000000' },
  proposeStaff: { phone: newPhone(), name: '新同事', end: 'operator', roles: [] },
  refuseStaff: { reason: '编制已满' },
  askCorrection: { legalName: '张三丰', idNumber: newIdNumber(), grounds: '录入有误' },
  refuseCorrection: { reason: '材料不全' },
  closeAccount: { confirm: true },
  applyAsMerchant: application(),
  rejectMerchant: { reason: '材料不全' },
  suspendMerchant: { reason: '投诉较多' },
  addVenue: { name: '分店', address: '上海市长宁区延安西路 2 号', leaseUntil: '2099-12-31' },
  changeVenue: { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil: '2099-12-31' },
  addStaff: { phone: newPhone(), name: '前台', role: 'cashier' },
  createWebhookEndpoint: { url: webhookUrl },
  changeWebhookEndpoint: { url: webhookUrl, status: 'disabled' },
  replayDeadWebhooks: {},
  requestAccountChange: otherAccount,
  endAccountChange: { reason: '账号有误' },
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
  proposePause: pauseIn(12),
  proposeRevocation: { reason: '身份有误' },
  offerTransfer: { phone: newPhone(), confirmsReleases: false },
  acceptTransfer: { challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code: '000000', acceptArbitration: false },
  openDispute: { contractId: party.ids.ctr, claimFen: 100, ground: 'other', statement: '未开课', redemptionIds: [] },
  escalateDispute: { arbitrators: 1 },
  offerInDispute: { refundFen: 50, message: '退一半' },
  writeInDispute: { text: '您好' },
  assignAdjudicator: { adjudicatorId: party.ids.per, role: 'mediator' },
  refuseAppointment: { reason: '档期冲突' },
  recuse: { reason: '与当事人系亲属' },
  proposeInDispute: { refundFen: 50, message: '各担一半' },
  setEvidencePeriod: { until: '2999-01-01T00:00:00Z' },
  stateCase: { text: '陈述' },
  noteHearing: { text: '笔录' },
  makeAward: { awardNumber: randomUUID(), refundFen: 1, releaseFen: 0, restoreFen: 0, reasoning: '理由', costs: { totalFen: 2, consumerFen: 1, merchantFen: 1 } },
  correctAward: { refundFen: 1, releaseFen: 0, restoreFen: 0, reasoning: '补正' },
  enterJudgment: { caseNumber: randomUUID(), refundFen: 1, releaseFen: 0, restoreFen: 0, reasoning: '判决' },
  declareTie: { merchantId: party.merchantId, relation: 'employed', note: '曾任职' },
  proposeClosure: { reason: '停业', stoppedOn: '2026-11-01' },
  proposeUnclaimed: { kind: 'held', subject: party.ids.ctr, reason: '五年无人领取' },
  proposeUnclaimedClaim: { grounds: '本人持身份证申领' },
  assignSuspenseItem: {},
  proposeResolution: { kind: 'refund', contractId: party.ids.ctr, reason: '付款人来电说明' },
  proposeDayClose: { reason: '未收到对账单' },
  draftSettlement: { merchantIds: [party.merchantId] },
  proposeLegalHold: holdOn(party.contracts.refunded),
  proposeLegalHoldLifting: { documentNumber: '（2026）沪0105执保1号之一' },
  paySandboxPayment: { outcome: 'failure', repeat: 1 },
  answerPayouts: { outcome: 'paid', merchantId: party.merchantId },
  sendPayoutBack: { itemId: 'sti_01k0vb4c9hfkbt9t9a6x2n8g7m', reason: '账户已销户' },
  explainAlert: { text: '正在续租' },
  rectifyAlert: { text: '已续租' },
  sendBackAlert: { text: '请附材料' },
  escalateAlert: { text: '逾期未改' },
  closeAlert: { text: '属实' },
  receiveAtBank: { amountFen: 100, counterparty: '张三', remittance: '转账' },
  advanceSandboxClock: { advanceSeconds: 0 }
})

/** Of calls that take a file: one of a type that is taken. */
export const filesFor: Readonly<Record<string, { payload: string; headers: Record<string, string> }>> = {
  importBankStatement: { payload: '<Document/>', headers: { 'content-type': 'application/xml' } },
  importChannelReport: { payload: '交易时间\n', headers: { 'content-type': 'text/csv' } }
}

/** Of calls that cannot do without a query: one that is in order. */
export const queriesFor: Readonly<Record<string, string>> = { proveInclusion: 'leafIndex=0', proveConsistency: 'from=1', quarterlyBalances: 'quarter=2026Q3', quarterlyBalancesSheet: 'quarter=2026Q3' }
