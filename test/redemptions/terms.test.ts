import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { maker, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const advance = async ({ nobody }: TestApp, days: number) => expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)

const showing = async (consumer: Consumer, id: string) => expectStatus(await consumer.get(`/contracts/${id}`), 200).body

/** Voids the newest release of days that is still pending. */
const excuse = async ({ owner }: Shop, consumer: Consumer, id: string) => {
  const { body: { items } } = await consumer.get(`/redemptions?contractId=${id}`)
  const { id: redemption } = items.find(({ kind, status }: { kind: string; status: string }) => kind === 'time' && status === 'pending')
  expectStatus(await owner.post(`/redemptions/${redemption}/void`, { reason: '当日停水闭馆' }), 200)
}

t.test('days of a term that the merchant took back', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const tenDays = await listProduct(app, shop, { kind: 'period', priceFen: 10_007, periodDays: 10, validDays: 10 })

  t.test('are not released again, and their money goes back when the term is over', async (t) => {
    const id = await buy(app, consumer, tenDays)
    await advance(app, 3)
    t.match(await showing(consumer, id), { sessions: { used: 3 }, money: { heldFen: 7_005 } })
    await excuse(shop, consumer, id)
    t.match(await showing(consumer, id), { sessions: { used: 2 }, money: { heldFen: 8_006 } })
    await advance(app, 1)
    t.match(await showing(consumer, id), { sessions: { used: 3 }, money: { heldFen: 7_005 } }, 'the next day is one day')
    await advance(app, 5)
    t.match(await showing(consumer, id), { status: 'active', sessions: { used: 8 } })
    await advance(app, 3)
    t.match(await showing(consumer, id), { status: 'completed', money: { heldFen: 0, pendingFen: 0, releasedFen: 9_006, refundedFen: 1_001, refundPaidFen: 1_001 } })
    t.match((await consumer.get(`/refunds?contractId=${id}`)).body.items, [{ reason: 'remainder', refundFen: 1_001, status: 'paid' }])
  })

  t.test('after the end do not bring the term back to life, and go back at once', async (t) => {
    const id = await buy(app, consumer, tenDays)
    await advance(app, 10)
    t.match(await showing(consumer, id), { status: 'completed', money: { heldFen: 0 } })
    await excuse(shop, consumer, id)
    await app.runDue()
    t.match(await showing(consumer, id), { status: 'completed', money: { heldFen: 0, refundedFen: 1_001 } })
  })

  t.test('count as not passed when the term is left', async (t) => {
    const id = await buy(app, consumer, tenDays)
    await advance(app, 4)
    await excuse(shop, consumer, id)
    const { body: quoted } = expectStatus(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'merchant_breach' }), 201)
    t.match(quoted, { refundFen: 7_005 }, 'three days of ten')
    const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), 201)
    await shop.owner.post(`/refunds/${refundId}/accept`)
    expectStatus(await (await maker(app)).post(`/refunds/${refundId}/approve`), 200)
    await advance(app, 3)
    t.match(await showing(consumer, id), { status: 'terminated', money: { refundedFen: 7_005, releasedFen: 3_002 } })
  })

  t.teardown(async () => {
    const { body } = expectStatus(await app.nobody.get('/sandbox/invariants'), 200)
    if (!body.ok) throw new Error(JSON.stringify(body.checks.filter(({ ok }: { ok: boolean }) => !ok)))
  })
})
