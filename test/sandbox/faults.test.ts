import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { checker, maker, newConsumer, newPhone, type Consumer } from '../support/people.js'
import { buy, order, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/* What the service does when the outside world fails: nothing is lost, and nothing is done twice. */

const hour = 3_600

const fail = async ({ nobody }: TestApp, port: string, effect: 'refused' | 'lost', calls = 1): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/faults', { port, effect, calls }), 200)
}


const struck = async ({ nobody }: TestApp, port: string): Promise<number> =>
  (await nobody.get('/sandbox/faults')).body.items.find((item: { port: string }) => item.port === port).struck

const moneyOf = async (consumer: Consumer, id: string) => (await consumer.get(`/contracts/${id}`)).body

t.test('the outside world fails on order', async (t) => {
  const app = await startApp(t, { processes: 1 })
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const [first, second] = [await maker(app), await checker(app)]
  const productId = await listProduct(app, shop, { settlementRule: { release: 'per_session', objectionHours: 0 } })
  const holds = async (): Promise<void> => { t.match(await app.nobody.get('/sandbox/invariants'), { body: { ok: true } }) }

  t.test('an SMS is sent again, and once', async (t) => {
    const phone = newPhone()
    const count = async () => (await app.nobody.get(`/sandbox/messages?phone=${phone}`)).body.items.length
    await fail(app, 'sms', 'refused')
    expectStatus(await app.nobody.post('/auth/challenges', { phone, purpose: 'login' }), 201)
    t.equal(await count(), 0)
    await advance(app, 60)
    t.equal(await count(), 1)
    await fail(app, 'sms', 'lost')
    expectStatus(await app.nobody.post('/auth/challenges', { phone, purpose: 'login' }), 201)
    await advance(app, 60)
    t.equal(await count(), 2)
    t.equal(await struck(app, 'sms'), 2)
  })

  t.test('a payment whose notification does not get through is booked when it does, in any order', async (t) => {
    for (const effect of ['refused', 'lost'] as const) {
      const id = await buy(app, consumer, productId, { pay: false })
      const { id: orderId } = await order(consumer, id)
      await fail(app, 'notifications', effect, 3)
      await payOrder(app, orderId, { repeat: 2 })
      await advance(app, hour)
      t.match(await moneyOf(consumer, id), { status: 'active', money: { paidFen: 100_000, heldFen: 100_000 } }, effect)
    }
    await holds()
  })

  t.test('an order the channel does not open is opened by asking again under the same key', async (t) => {
    const id = await buy(app, consumer, productId, { pay: false })
    await fail(app, 'channel', 'lost')
    t.match(await consumer.post(`/contracts/${id}/payments`, { channel: 'sandbox' }, { key: 'open-it' }), { status: 503, body: { code: 'unavailable' } })
    t.match(await consumer.post(`/contracts/${id}/payments`, { channel: 'sandbox' }, { key: 'open-it' }), { status: 201, body: { action: { type: 'sandbox' } } })
  })

  t.test('a refund whose answer is lost is asked for, and paid once', async (t) => {
    const id = await buy(app, consumer, productId)
    const { body: { id: quoteId } } = expectStatus(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${id}/refunds`, { quoteId }), 201)
    await fail(app, 'channel', 'lost')
    expectStatus(await first.post(`/refunds/${refundId}/approve`), 200)
    t.match((await consumer.get(`/refunds/${refundId}`)).body, { status: 'processing' })
    await advance(app, hour)
    t.match(await moneyOf(consumer, id), { status: 'terminated', money: { refundedFen: 100_000, refundPaidFen: 100_000 } })
    await holds()
  })

  t.test('a payout that the bank refuses, or does and does not say so, is made once', async (t) => {
    const id = await buy(app, consumer, productId)
    for (const effect of ['refused', 'lost'] as const) {
      const { body: { code } } = expectStatus(await consumer.post(`/contracts/${id}/check-in-codes`), 201)
      expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
      await advance(app, 120)
      const { body: { id: settlementId } } = expectStatus(await first.post('/settlements', { merchantIds: [shop.merchantId] }), 201)
      await fail(app, 'bank', effect)
      expectStatus(await second.post(`/settlements/${settlementId}/approve`), 200)
      t.match((await first.get(`/settlements/${settlementId}`)).body, { items: [{ status: effect === 'lost' ? 'submitted' : 'approved' }] })
      await advance(app, hour)
      t.match((await first.get(`/settlements/${settlementId}`)).body, { status: 'completed', items: [{ status: 'paid' }] }, effect)
    }
    await holds()
  })

  t.test('a document that cannot be kept is not agreed to; one whose time-stamp does not come is sealed later', async (t) => {
    await fail(app, 'storage', 'refused')
    t.match(await consumer.post('/contracts', { productId }, { key: 'agree' }), { status: 503, body: { code: 'unavailable' } })
    const { body: { id } } = expectStatus(await consumer.post('/contracts', { productId }, { key: 'agree' }), 201)
    await fail(app, 'storage', 'lost')
    await fail(app, 'timestamps', 'lost', 2)
    expectStatus(await trySign(app, consumer, id), 200)
    await advance(app, 2 * hour)
    const { body: { items } } = expectStatus(await consumer.get(`/contracts/${id}/documents`), 200)
    t.ok(items.length > 0)
    for (const { id: documentId } of items) expectStatus(await consumer.get(`/documents/${documentId}`), 200)
    t.ok(await struck(app, 'storage') > 1 && await struck(app, 'timestamps') > 0, 'both had failed')
  })
})
