import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

const advance = async (app: TestApp, days: number): Promise<void> => {
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)
}

t.test('a card that has expired', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { leaseUntil: '2027-03-31' })
  const consumer = await newConsumer(app)
  const id = await buy(app, consumer, await listProduct(app, shop, { validDays: 60 }))
  const showing = async () => (await consumer.get(`/contracts/${id}`)).body
  t.match(await consumer.post(`/contracts/${id}/reactivate`), { status: 409, body: { code: 'wrong_state' } })
  await advance(app, 61)

  t.test('keeps its money and cannot be used', async (t) => {
    t.match(await showing(), { status: 'expired', money: { heldFen: 100_000 } })
    t.match(await consumer.post(`/contracts/${id}/check-in-codes`), { status: 409, body: { code: 'wrong_state' } })
  })

  t.test('is activated again for the time it was sold with, while the venue is leased', async (t) => {
    const stranger = await newConsumer(app)
    t.equal((await stranger.post(`/contracts/${id}/reactivate`)).status, 404)
    const { status, body } = await consumer.post(`/contracts/${id}/reactivate`)
    t.equal(status, 200)
    t.match(body, { status: 'active', endedAt: null, sessions: { left: 10 } })
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
    await advance(app, 61)
    t.match(await showing(), { status: 'expired', money: { heldFen: 90_000 } })
  })

  t.test('is not activated beyond the lease, and then goes back', async (t) => {
    await advance(app, 60)
    t.match(await consumer.post(`/contracts/${id}/reactivate`), { status: 422, body: { code: 'lease_over' } })
    const { body: quoted } = expectStatus(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'merchant_breach' }), 201)
    t.match(quoted, { refundFen: 90_000 })
    const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), 201)
    await shop.owner.post(`/refunds/${refundId}/accept`)
    expectStatus(await (await maker(app)).post(`/refunds/${refundId}/approve`), 200)
    t.match(await showing(), { status: 'terminated', money: { refundedFen: 90_000 } })
  })
})
