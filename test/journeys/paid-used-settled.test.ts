import t, { type Test } from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { bureau, checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

/*
 * The straight way from beginning to end, over HTTP, with every fen accounted for at every station:
 * what no single feature's test sees is that the stations fit.
 */

const day = 86_400


const visit = async (consumer: Consumer, { cashier, venueId }: Shop, contractId: string, what: object = {}): Promise<any> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return expectStatus(await cashier.post('/redemptions', { code, venueId, ...what }), 201).body
}

const moneyOf = async (consumer: Consumer, contractId: string): Promise<any> => expectStatus(await consumer.get(`/contracts/${contractId}`), 200).body.money

/** The invariants hold, the trial balance balances, and a merchant's released money is all somewhere. */
const accounted = async (t: Pick<Test, 'match' | 'same' | 'equal'>, app: TestApp, { owner, merchantId }: Shop, at: string): Promise<any> => {
  const { body: { checks } } = await app.nobody.get('/sandbox/invariants')
  t.same(checks.filter(({ ok }: { ok: boolean }) => !ok), [], `${at}: the invariants hold`)
  const { body: { debitFen, creditFen } } = await (await bureau(app)).get('/audit/trial-balance')
  t.equal(debitFen, creditFen, `${at}: debits equal credits`)
  const { body: balances } = expectStatus(await owner.get(`/merchants/${merchantId}/balances`), 200)
  const { releasedFen, payableFen, inTransitFen, paidOutFen, feeFen } = balances
  t.equal(releasedFen, payableFen + inTransitFen + paidOutFen + feeFen, `${at}: released = payable + in transit + paid out + fee`)
  return balances
}

t.test('bought, used, settled, returned, paid: every fen of three cards is accounted for on the way', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const products = {
    counted: await listProduct(app, shop, { priceFen: 100_001, sessions: 10, bonusSessions: 1 }),
    term: await listProduct(app, shop, { kind: 'period', priceFen: 30_001, periodDays: 31, validDays: 31 }),
    stored: await listProduct(app, shop, { kind: 'stored_value', priceFen: 50_000, bonusFen: 9_999 })
  }
  const consumer = await newConsumer(app)
  const [counted, term, stored] = [await buy(app, consumer, products.counted), await buy(app, consumer, products.term), await buy(app, consumer, products.stored)]
  const prices = 100_001 + 30_001 + 50_000
  t.match(await accounted(t, app, shop, 'paid'), { heldFen: prices, pendingFen: 0, releasedFen: 0 })

  await visit(consumer, shop, counted, { sessions: 4 })
  await visit(consumer, shop, term)
  await visit(consumer, shop, stored, { amountFen: 12_345 })
  const mistake = await visit(consumer, shop, counted)
  const contested = await visit(consumer, shop, counted)
  expectStatus(await shop.cashier.post(`/redemptions/${mistake.id}/void`, { reason: '误操作' }), 200)
  expectStatus(await consumer.post(`/redemptions/${contested.id}/objection`, { reason: '当日未到店' }), 200)
  const released = { counted: Math.floor(100_001 * 5 / 11), stored: Math.floor(50_000 * 12_345 / 59_999) }
  t.match(await accounted(t, app, shop, 'used'), { heldFen: prices - released.counted - released.stored, pendingFen: released.counted + released.stored, releasedFen: 0 })
  t.match(await moneyOf(consumer, counted), { objectedFen: contested.releasedFen })

  await advance(app, 3 * day)
  const elapsed = (await consumer.get(`/contracts/${term}`)).body.sessions.used
  const days = Math.floor(30_001 * elapsed / 31)
  const during = await accounted(t, app, shop, 'windows over')
  t.equal(during.pendingFen + during.releasedFen, released.counted + released.stored + days)
  t.match(await moneyOf(consumer, counted), { pendingFen: contested.releasedFen, releasedFen: released.counted - contested.releasedFen }, 'what is objected to waits')

  const [first, second] = [await maker(app), await checker(app)]
  const settle = async () => {
    const { body: { id } } = expectStatus(await first.post('/settlements', { merchantIds: [shop.merchantId] }), 201)
    expectStatus(await second.post(`/settlements/${id}/approve`), 200)
    return (await first.get(`/settlements/${id}`)).body
  }
  await app.nobody.post('/sandbox/bank/payouts', { outcome: 'returned', merchantId: shop.merchantId })
  t.match(await settle(), { status: 'completed', items: [{ status: 'returned' }] })
  t.match(await accounted(t, app, shop, 'returned'), { payableFen: during.releasedFen, inTransitFen: 0, paidOutFen: 0, feeFen: 0 })

  await app.nobody.post('/sandbox/bank/payouts', { outcome: 'paid', merchantId: shop.merchantId })
  const { items: [item] } = await settle()
  t.match(item, { status: 'paid', grossFen: during.releasedFen })
  t.match(await accounted(t, app, shop, 'paid out'), { payableFen: 0, paidOutFen: item.amountFen, feeFen: item.feeFen })

  expectStatus(await consumer.post(`/redemptions/${contested.id}/objection/withdraw`), 200)
  await visit(consumer, shop, counted, { sessions: 6 })
  await visit(consumer, shop, stored, { amountFen: 59_999 - 12_345 })
  await advance(app, 40 * day)
  const end = await accounted(t, app, shop, 'used up')
  t.match(end, { heldFen: 0, pendingFen: 0, releasedFen: prices })
  for (const id of [counted, term, stored]) t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'completed' })

  const last = await settle()
  t.equal(last.items[0].grossFen, prices - during.releasedFen)
  t.match(await accounted(t, app, shop, 'the end'), { releasedFen: prices, payableFen: 0, inTransitFen: 0, paidOutFen: prices - item.feeFen - last.items[0].feeFen })
  const { body: overview } = await first.get('/audit/overview')
  t.match(overview, { bankFen: 0, clearingFen: 0, coverFen: 0, agree: true }, 'nothing is left, and nothing is missing')
})

t.test('bought and given back unused within the cooling-off time: as if it had never been', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, productId)
  const { heldFen } = await moneyOf(consumer, contractId)
  await advance(app, 6 * day)

  const { body: quote } = expectStatus(await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' }), 201)
  t.match(quote, { rule: 'R1', refundFen: heldFen, merchantFen: 0, shortfallFen: 0 })
  const { body: refund } = expectStatus(await consumer.post(`/contracts/${contractId}/refunds`, { quoteId: quote.id }), 201)
  t.equal(refund.status, 'awaiting_approval')
  t.match(await accounted(t, app, shop, 'asked'), { heldFen })

  const notary = await maker(app)
  expectStatus(await notary.post(`/refunds/${refund.id}/approve`), 200)
  t.match((await consumer.get(`/refunds/${refund.id}`)).body, { status: 'paid', attempts: 1 })
  t.match((await consumer.get(`/contracts/${contractId}`)).body, {
    status: 'terminated', sessions: { left: 0 }, money: { paidFen: heldFen, heldFen: 0, refundedFen: heldFen, refundPaidFen: heldFen, releasedFen: 0 }
  })
  t.match(await accounted(t, app, shop, 'paid back'), { heldFen: 0, refundedFen: heldFen, releasedFen: 0 })
  t.match((await notary.get('/audit/overview')).body, { bankFen: 0, clearingFen: 0, refundUnpaidFen: 0, agree: true })

  t.match(await consumer.post(`/contracts/${contractId}/check-in-codes`), { status: 409, body: { code: 'wrong_state' } })
  t.match(await notary.post('/settlements', { merchantIds: [shop.merchantId] }), { status: 422, body: { code: 'nothing_payable' } })
  const again = await buy(app, consumer, productId)
  t.match(await moneyOf(consumer, again), { heldFen }, 'who has left may come again')
})
