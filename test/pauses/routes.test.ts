import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const advance = async ({ nobody }: TestApp, days: number) => expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)

/** The business date some days from now. */
const dateIn = async ({ nobody }: TestApp, days: number): Promise<string> => {
  const { body: { now } } = await nobody.get('/sandbox/clock')
  return new Date(Date.parse(now) + (8 + 24 * days) * 3_600_000).toISOString().slice(0, 10)
}

const showing = async (consumer: Consumer, id: string) => expectStatus(await consumer.get(`/contracts/${id}`), 200).body

const daysOf = ({ expiresAt }: { expiresAt: string }, { termStart }: { termStart: string }) =>
  (Date.parse(expiresAt) + 8 * 3_600_000 - Date.parse(`${termStart}T00:00:00Z`)) / 86_400_000

const visit = async ({ cashier, venueId }: Shop, consumer: Consumer, id: string) => {
  const code = await consumer.post(`/contracts/${id}/check-in-codes`)
  return code.status === 201 ? cashier.post('/redemptions', { code: code.body.code, venueId }) : code
}

const texts = async ({ nobody }: TestApp, phone: string): Promise<string[]> =>
  (await nobody.get(`/sandbox/messages?phone=${phone}`)).body.items.map(({ text }: { text: string }) => text)

t.test('a term card stands still', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const product = await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30 })
  const propose = async (side: Consumer | Shop['owner'], id: string, from: number, to: number, ground = 'health') =>
    side.post(`/contracts/${id}/pauses`, { ground, startsOn: await dateIn(app, from), endsOn: await dateIn(app, to) })

  t.test('by agreement: nothing is released, nobody comes in, and the end moves', async (t) => {
    const id = await buy(app, consumer, product)
    await advance(app, 2)
    const { body: pause } = expectStatus(await propose(consumer, id, 1, 5), 201)
    t.match(pause, { status: 'proposed', days: 5, proposedEnd: 'consumer' })
    t.match((await texts(app, shop.ownerPhone))[0], /停卡申请待您确认/)
    t.match(await propose(consumer, id, 1, 5), { status: 409, body: { code: 'wrong_state', state: 'pause proposed' } })
    t.match(await consumer.post(`/pauses/${pause.id}/accept`), { status: 403 })
    t.match(await (await newConsumer(app)).post(`/pauses/${pause.id}/accept`), { status: 404 })
    t.match(await shop.owner.post(`/pauses/${pause.id}/accept`), { status: 200, body: { status: 'agreed', days: 5 } })
    t.match((await texts(app, consumer.phone))[0], /已获同意/)
    const agreed = await showing(consumer, id)
    t.equal(daysOf(agreed, agreed), 35)
    t.match(await visit(shop, consumer, id), { status: 201 })

    await advance(app, 1)
    t.match(await showing(consumer, id), { frozen: 'pause', status: 'active', sessions: { used: 3 } })
    t.match(await visit(shop, consumer, id), { status: 422, body: { code: 'contract_frozen', because: 'pause' } })
    await advance(app, 4)
    t.match(await showing(consumer, id), { frozen: 'pause', sessions: { used: 3 }, money: { heldFen: 27_000, pendingFen: 0, releasedFen: 3_000 } })
    const { body: quoted } = expectStatus(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'merchant_breach' }), 201)
    t.equal(quoted.refundFen, 27_000, 'paused days do not count in a refund')

    await advance(app, 1)
    t.match(await showing(consumer, id), { frozen: null, sessions: { used: 3 } })
    t.match((await consumer.get(`/contracts/${id}/pauses`)).body.items, [{ status: 'ended', days: 5 }])
    t.match(await visit(shop, consumer, id), { status: 201 })
    await advance(app, 26)
    t.match(await showing(consumer, id), { status: 'active', sessions: { used: 29 } })
    await advance(app, 1)
    t.match(await showing(consumer, id), { status: 'completed', sessions: { used: 30 }, money: { heldFen: 0 } })
  })

  t.test('by the merchant\'s word where it cannot serve; the consumer may leave all the same', async (t) => {
    const id = await buy(app, consumer, product)
    await advance(app, 10)
    t.match(await propose(consumer, id, 0, 5, 'outage'), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'ground' }] } })
    const { body: pause } = expectStatus(await propose(shop.owner, id, 0, 5, 'outage'), 201)
    t.match(pause, { status: 'running', days: 6 })
    t.match((await texts(app, consumer.phone))[0], /停卡/)
    t.match(await consumer.post(`/pauses/${pause.id}/end`), { status: 403 })
    await advance(app, 2)
    t.match(await shop.cashier.post(`/pauses/${pause.id}/end`), { status: 200, body: { status: 'running', days: 3 } }, 'today is paused still')
    const { body: quoted } = expectStatus(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'merchant_breach' }), 201)
    t.equal(quoted.refundFen, 20_000)
    const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), 201)
    await shop.owner.post(`/refunds/${refundId}/accept`)
    expectStatus(await (await maker(app)).post(`/refunds/${refundId}/approve`), 200)
    await advance(app, 3)
    t.match(await showing(consumer, id), { status: 'terminated', money: { refundedFen: 20_000, releasedFen: 10_000 } })
  })

  t.test('until the consumer comes back early: today counts again', async (t) => {
    const id = await buy(app, consumer, product)
    const { body: { id: pauseId } } = expectStatus(await propose(consumer, id, 1, 10), 201)
    expectStatus(await shop.owner.post(`/pauses/${pauseId}/accept`), 200)
    await advance(app, 4)
    t.match(await showing(consumer, id), { frozen: 'pause', sessions: { used: 1 } })
    t.match(await shop.owner.post(`/pauses/${pauseId}/end`), { status: 403 }, 'a pause that was agreed is the consumer\'s')
    t.match(await consumer.post(`/pauses/${pauseId}/end`), { status: 200, body: { status: 'ended', days: 3 } })
    const back = await showing(consumer, id)
    t.equal(daysOf(back, back), 33)
    t.match(await visit(shop, consumer, id), { status: 201 })
    await advance(app, 1)
    t.match(await showing(consumer, id), { frozen: null, sessions: { used: 2 } })
    t.match(await consumer.post(`/pauses/${pauseId}/end`), { status: 409 })
  })

  t.test('from the day after a visit; not at all when it is declined, withdrawn, or nobody answers', async (t) => {
    const id = await buy(app, consumer, product)
    const term = await showing(consumer, id)
    const { body: declined } = expectStatus(await propose(shop.owner, id, 0, 3, 'renovation'), 201)
    t.match(await consumer.post(`/pauses/${declined.id}/decline`), { status: 200, body: { status: 'declined' } })
    const { body: withdrawn } = expectStatus(await propose(consumer, id, 0, 3), 201)
    t.match(await consumer.post(`/pauses/${withdrawn.id}/end`), { status: 200, body: { status: 'withdrawn' } })
    const { body: unanswered } = expectStatus(await propose(consumer, id, 0, 1), 201)
    await advance(app, 2)
    t.match(await shop.owner.post(`/pauses/${unanswered.id}/accept`), { status: 409, body: { state: 'lapsed' } })
    t.match(await showing(consumer, id), { expiresAt: term.expiresAt, sessions: { used: 2 } })

    expectStatus(await visit(shop, consumer, id), 201)
    const { body: today } = expectStatus(await propose(consumer, id, 0, 3), 201)
    t.match(await shop.owner.post(`/pauses/${today.id}/accept`), { status: 200, body: { status: 'agreed', startsOn: await dateIn(app, 1), days: 3 } })
    t.match(await consumer.post(`/pauses/${today.id}/end`), { status: 200, body: { status: 'ended', days: 0 } }, 'ended before it began')
    t.match(await showing(consumer, id), { expiresAt: term.expiresAt })
  })

  t.test('not beyond the cap, the lease, the term itself, or for cards that do not run by the day', async (t) => {
    const twoYears = await buy(app, consumer, await listProduct(app, shop, { kind: 'period', priceFen: 1_000, periodDays: 731, validDays: 731 }))
    t.match(await propose(consumer, twoYears, 1, 1), { status: 422, body: { code: 'cap_exceeded', rule: 'period_days', limit: 731, value: 732 } })
    const leased = await newShop(app, { leaseUntil: await dateIn(app, 32) })
    const short = await buy(app, consumer, await listProduct(app, leased, { kind: 'period', periodDays: 30, validDays: 30 }))
    t.match(await propose(leased.owner, short, 1, 3, 'outage'), { status: 422, body: { code: 'outlasts_lease', venueId: leased.venueId } })
    t.match(await propose(leased.owner, short, 1, 2, 'outage'), { status: 201 })
    const id = await buy(app, consumer, product)
    t.match(await propose(consumer, id, 30, 40), { status: 409, body: { code: 'wrong_state' } })
    t.match(await propose(consumer, id, -1, 4), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'startsOn' }] } })
    t.match(await propose(consumer, id, 4, 3), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'endsOn' }] } })
    const sessions = await buy(app, consumer, await listProduct(app, shop))
    t.match(await propose(consumer, sessions, 0, 3), { status: 422, body: { code: 'not_a_term_card' } })
  })

  t.test('a merchant that shuts ends paused cards too, to the day', async (t) => {
    const shop = await newShop(app)
    const id = await buy(app, consumer, await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30 }))
    await advance(app, 3)
    expectStatus(await propose(shop.owner, id, 0, 9, 'outage'), 201)
    await advance(app, 4)
    expectStatus(await (await maker(app)).post(`/merchants/${shop.merchantId}/closure`, { reason: '失联', stoppedOn: await dateIn(app, 0) }), 201)
    expectStatus(await (await checker(app)).post(`/merchants/${shop.merchantId}/closure/approve`), 200)
    await advance(app, 7)
    t.match(await showing(consumer, id), { status: 'terminated', money: { refundedFen: 27_000 } })
  })

  t.test('and the books are in order', async (t) => {
    const { body } = expectStatus(await app.nobody.get('/sandbox/invariants'), 200)
    t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
  })
})
