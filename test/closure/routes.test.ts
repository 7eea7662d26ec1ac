import t, { type Test } from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy, makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { asOwner } from '../support/roles.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const advance = async (app: TestApp, days: number): Promise<void> => {
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)
}

const today = async ({ nobody }: TestApp): Promise<string> =>
  new Date(Date.parse((await nobody.get('/sandbox/clock')).body.now) + 8 * 3_600_000).toISOString().slice(0, 10)

const redeem = async (shop: Shop, consumer: Consumer, contractId: string): Promise<any> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201).body
}

/** What one run of the jobs ended, the next one sends back. */
const sendDeferred = ({ runDue }: TestApp): Promise<void> => runDue()

const holds = async (t: Pick<Test, 'same'>, app: TestApp): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the invariants hold')
}

t.test('a pool that shuts', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const [first, second] = [await maker(app), await checker(app)]
  const cards = await listProduct(app, shop, { priceFen: 200_000, sessions: 10, listPricePerSessionFen: 40_000, listPriceProof: '价目表' })
  const terms = await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30, settlementRule: { release: 'per_day', objectionHours: 240 } })
  const consumers = await Promise.all(Array.from({ length: 7 }, () => newConsumer(app)))
  const [unused, used, leaving, objecting, term, buying, finished] = consumers as [Consumer, Consumer, Consumer, Consumer, Consumer, Consumer, Consumer]
  const showing = async (consumer: Consumer, id: string) => (await consumer.get(`/contracts/${id}`)).body

  const ids = {
    unused: await buy(app, unused, cards), used: await buy(app, used, cards), leaving: await buy(app, leaving, cards),
    objecting: await buy(app, objecting, cards), term: await buy(app, term, terms), finished: await buy(app, finished, cards),
    buying: ''
  }
  for (let i = 0; i < 3; i++) for (const [consumer, id] of [[used, ids.used], [leaving, ids.leaving], [objecting, ids.objecting]] as const) await redeem(shop, consumer, id)
  for (let i = 0; i < 10; i++) await redeem(shop, finished, ids.finished)
  const { body: { items: [contestedSession] } } = await objecting.get(`/redemptions?contractId=${ids.objecting}`)
  expectStatus(await objecting.post(`/redemptions/${contestedSession.id}/objection`, { reason: '未到店' }), 200)
  const { body: quoted } = await leaving.post(`/contracts/${ids.leaving}/refund-quotes`, { reason: 'consumer_choice' })
  const { body: asked } = expectStatus(await leaving.post(`/contracts/${ids.leaving}/refunds`, { quoteId: quoted.id }), 201)
  t.match(quoted, { rule: 'R3', refundFen: 80_000 })
  const { body: { code: lateCode } } = await unused.post(`/contracts/${ids.unused}/check-in-codes`)
  const stoppedOn = await today(app)

  t.test('is proposed by one notary and approved by another', async (t) => {
    const path = `/merchants/${shop.merchantId}/closure`
    t.match(await first.get(path), { status: 404 })
    t.match(await first.post(path, { reason: '人去楼空', stoppedOn: '2099-01-01' }), { status: 422, body: { code: 'validation_failed' } })
    t.equal((await shop.owner.post(path, { reason: '人去楼空', stoppedOn })).status, 403)
    t.match(await first.post(path, { reason: '人去楼空', stoppedOn }), { status: 201, body: { status: 'proposed', contracts: 0, done: 0 } })
    t.match(await second.post(path, { reason: '人去楼空', stoppedOn }), { status: 409, body: { code: 'wrong_state' } })
    t.match(await first.post(`${path}/approve`), { status: 403, body: { code: 'same_person' } })
    t.equal((await shop.owner.get(path)).status, 200)
    t.match(await first.post(`${path}/cancel`), { status: 200, body: { status: 'cancelled' } })
    t.match(await first.post(path, { reason: '人去楼空', stoppedOn }), { status: 201, body: { status: 'proposed' } })
  })

  await advance(app, 2)
  t.match(await showing(term, ids.term), { money: { pendingFen: 2_000, heldFen: 28_000 } })
  ids.buying = (await makeContract(buying, cards)).id
  expectStatus(await trySign(app, buying, ids.buying), 200)
  const payment = await order(buying, ids.buying)

  t.test('stops at once', async (t) => {
    t.match(await second.post(`/merchants/${shop.merchantId}/closure/approve`), { status: 200, body: { status: 'running', contracts: 6, done: 0 } })
    t.match(await second.post(`/merchants/${shop.merchantId}/closure/approve`), { status: 409, body: { code: 'wrong_state' } })
    t.match(await unused.post(`/contracts/${ids.unused}/check-in-codes`), { status: 422, body: { code: 'contract_frozen' } })
    t.ok((await shop.cashier.post('/redemptions', { code: lateCode, venueId: shop.venueId })).status >= 409)
    t.match(await first.post(`/refunds/${asked.id}/approve`), { status: 409 })
    t.equal((await unused.post('/contracts', { productId: cards })).status, 422)
    t.match(await unused.post(`/contracts/${ids.unused}/refund-quotes`, { reason: 'merchant_breach' }), { status: 409, body: { code: 'wrong_state' } })
    await payOrder(app, payment.id)
    t.match(await showing(buying, ids.buying), { money: { paidFen: 0 } })
  })

  t.test('goes on where it was interrupted, and ends every contract once', async (t) => {
    await asOwner(app, "alter table refunds add constraint we_fall_over check (refund_fen <> 200000 or reason <> 'closure') not valid")
    await app.runDue()
    const { body: half } = await first.get(`/merchants/${shop.merchantId}/closure`)
    t.match(half, { status: 'running', contracts: 6, done: 5 })
    t.match(await showing(unused, ids.unused), { status: 'active', frozen: 'closure', money: { heldFen: 200_000 } })
    await holds(t, app)
    await asOwner(app, 'alter table refunds drop constraint we_fall_over')
    await Promise.all([app.runDue(), app.runDue()])
    await sendDeferred(app)
    t.match((await first.get(`/merchants/${shop.merchantId}/closure`)).body, {
      status: 'completed', contracts: 6, done: 6, totalFen: 200_000 + 140_000 + 140_000 + 140_000 + 30_000, differenceFen: 0, shortfallFen: 0
    })
    t.match((await (await bureau(app)).get(`/merchants/${shop.merchantId}/closure`)).body, { status: 'completed' })
    t.equal((await first.get(`/merchants/${shop.merchantId}`)).body.status, 'closed')
    await holds(t, app)
  })

  t.test('gives back what the law gives without the consumer\'s cause', async (t) => {
    t.match(await showing(unused, ids.unused), { status: 'terminated', money: { refundedFen: 200_000, refundPaidFen: 200_000 } })
    t.match(await showing(used, ids.used), { status: 'terminated', money: { refundedFen: 140_000, heldFen: 0 } })
    t.match(await showing(leaving, ids.leaving), { status: 'terminated', money: { refundedFen: 140_000 } }, 'an R3 that was asked for becomes an R2')
    t.match((await leaving.get(`/refunds/${asked.id}`)).body, { status: 'rejected' })
    t.match(await showing(objecting, ids.objecting), { status: 'terminated', money: { refundedFen: 140_000, objectedFen: 20_000 } })
    t.match(await showing(term, ids.term), { status: 'terminated', money: { refundedFen: 30_000, pendingFen: 0 } }, 'days after the stop are taken back')
    t.match(await showing(buying, ids.buying), { status: 'cancelled', money: { paidFen: 0 } })
    t.match((await buying.get('/refunds')).body.items, [{ purpose: 'stray', status: 'paid', refundFen: 200_000 }])
    t.match(await showing(finished, ids.finished), { status: 'completed', money: { refundedFen: 0 } })
  })

  t.test('leaves what was pending to objections, and takes up what comes back', async (t) => {
    t.match(await showing(finished, ids.finished), { money: { releasedFen: 200_000 } })
    const voided = await shop.owner.post(`/redemptions/${contestedSession.id}/void`, { reason: '确未到店' })
    t.equal(voided.status, 200)
    t.match(await showing(objecting, ids.objecting), { money: { refundedFen: 160_000, pendingFen: 0 } })
    await app.runDue()
    await holds(t, app)
  })
})

t.test('a session voided after a closure had passed its contract by', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const [first, second] = [await maker(app), await checker(app)]
  const consumer = await newConsumer(app)
  const id = await buy(app, consumer, await listProduct(app, shop, { sessions: 2, settlementRule: { release: 'per_session', objectionHours: 240 } }))
  const [, session] = [await redeem(shop, consumer, id), await redeem(shop, consumer, id)]
  expectStatus(await first.post(`/merchants/${shop.merchantId}/closure`, { reason: '停业', stoppedOn: await today(app) }), 201)
  t.match(await second.post(`/merchants/${shop.merchantId}/closure/approve`), { status: 200, body: { contracts: 0 } })
  await app.runDue()
  t.match((await first.get(`/merchants/${shop.merchantId}/closure`)).body, { status: 'completed', totalFen: 0, differenceFen: 0 })
  expectStatus(await shop.owner.post(`/redemptions/${session.id}/void`, { reason: '误操作' }), 200)
  await app.runDue()
  await sendDeferred(app)
  t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundedFen: 50_000, refundPaidFen: 50_000, heldFen: 0 } })
  t.match((await first.get(`/merchants/${shop.merchantId}/closure`)).body, { status: 'completed', contracts: 1, done: 1, totalFen: 50_000 })
  await holds(t, app)
})
