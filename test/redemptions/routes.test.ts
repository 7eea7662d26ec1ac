import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const hour = 3_600

const codeOf = async (consumer: Consumer, contractId: string) => expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201).body

const redeem = async (shop: Shop, consumer: Consumer, contractId: string, more: object = {}) =>
  shop.cashier.post('/redemptions', { code: (await codeOf(consumer, contractId)).code, venueId: shop.venueId, ...more })


const contractOf = async (consumer: Consumer, id: string) => expectStatus(await consumer.get(`/contracts/${id}`), 200).body

const assertBooks = async (t: Test, { nobody }: TestApp) => {
  const { body } = expectStatus(await nobody.get('/sandbox/invariants'), 200)
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the books are in order')
}

t.test('redemptions', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { category: 'pool' })
  const other = await newShop(app)
  const tenSessions = await listProduct(app, shop)
  const fiveSessions = await listProduct(app, shop, { name: '5 次卡', sessions: 5, priceFen: 99_999 })
  const manySessions = await listProduct(app, shop, { name: '60 次卡', sessions: 60, priceFen: 60_000 })
  const consumer = await newConsumer(app)

  t.test('a code moves one session\'s money from held to pending, and after the window it is payable', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const answer = await redeem(shop, consumer, id)
    t.match(answer, { status: 201, body: { contractId: id, status: 'pending', releasedFen: 10_000, sessionsLeft: 9 } })
    t.match(await contractOf(consumer, id), { sessions: { total: 10, used: 1, left: 9, blocked: 0 }, money: { paidFen: 100_000, heldFen: 90_000, pendingFen: 10_000 } })
    await advance(app, 24 * hour)
    t.match(await contractOf(consumer, id), { money: { heldFen: 90_000, pendingFen: 0, releasedFen: 10_000 } })
    const list = await consumer.get(`/redemptions?contractId=${id}`)
    t.match(list.body.items, [{ id: answer.body.id, status: 'payable', releasedFen: 10_000 }])
    t.match((await consumer.get(`/redemptions/${answer.body.id}`)).body, { status: 'payable' })
    await assertBooks(t, app)
  })

  t.test('50 different codes at once on a contract with 5 sessions left: 5 succeed, 45 get no_sessions_left', async (t) => {
    const id = await buy(app, consumer, fiveSessions)
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(consumer, id)))
    const answers = await Promise.all(codes.map(({ code }) => shop.cashier.post('/redemptions', { code, venueId: shop.venueId })))
    t.equal(answers.filter(({ status }) => status === 201).length, 5)
    t.equal(answers.filter(({ status, body }) => status === 422 && body.code === 'no_sessions_left').length, 45)
    t.equal(answers.filter(({ status }) => status === 201).reduce((sum, { body }) => sum + body.releasedFen, 0), 99_999)
    t.match(await contractOf(consumer, id), { status: 'completed', sessions: { left: 0 }, money: { heldFen: 0, pendingFen: 99_999 } })
    const refused = answers.findIndex(({ status }) => status !== 201)
    t.match((await shop.cashier.post('/redemptions', { code: codes[refused]?.code, venueId: shop.venueId })).body, { code: 'no_sessions_left' }, 'a refused redemption does not use a code up')
    await assertBooks(t, app)
  })

  t.test('one key sent 20 times at once: one effect, the same answer', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const { code } = await codeOf(consumer, id)
    const key = randomUUID()
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.cashier.post('/redemptions', { code, venueId: shop.venueId }, { key })))
    t.same(new Set(answers.map(({ status }) => status)), new Set([201]))
    t.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
    t.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length, 19)
    t.match(await contractOf(consumer, id), { sessions: { used: 1 } })
    t.match(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId, sessions: 2 }, { key }), { status: 422, body: { code: 'idempotency_key_reused' } })
    t.match(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), { status: 422, body: { code: 'code_used' } }, 'a new key cannot spend a code again')
  })

  t.test('batches side by side on the same contracts: each code is found, and each session goes once', async (t) => {
    const contracts = await Promise.all(Array.from({ length: 4 }, () => buy(app, consumer, manySessions)))
    const codes = await Promise.all(Array.from({ length: 240 }, (_, i) => codeOf(consumer, contracts[i % 4] as string)))
    const answers = await Promise.all(codes.map(async ({ code, shortCode }, i) => {
      // In waves, so that one batch is on its way while the next one forms.
      await sleep(Math.floor(i / 40) * 5)
      return shop.cashier.post('/redemptions', { code: i % 3 === 0 ? shortCode : code, venueId: shop.venueId })
    }))
    t.same(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code), [])
    for (const id of contracts) t.match(await contractOf(consumer, id), { sessions: { used: 60, left: 0 }, money: { heldFen: 0, pendingFen: 60_000 } })
    await assertBooks(t, app)
  })

  t.test('a refusal leaves the key free', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const key = randomUUID()
    t.match(await shop.cashier.post('/redemptions', { code: 'nothing', venueId: shop.venueId }, { key }), { status: 422, body: { code: 'code_invalid' } })
    const { code } = await codeOf(consumer, id)
    t.match(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }, { key }), { status: 201 })
  })

  t.test('a foreign code in a mixed batch is refused and its neighbours are booked', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(consumer, id)))
    const answers = await Promise.all(codes.map(({ code }, i) => i % 2 === 0
      ? shop.cashier.post('/redemptions', { code, venueId: shop.venueId })
      : other.cashier.post('/redemptions', { code, venueId: other.venueId })))
    t.same(answers.map(({ status }) => status), [201, 422, 201, 422, 201, 422])
    t.ok(answers.filter((_, i) => i % 2 === 1).every(({ body }) => body.code === 'code_invalid'))
    t.match(await contractOf(consumer, id), { sessions: { used: 3 } })
  })

  t.test('a short code works only at its merchant, and few wrong ones are allowed', async (t) => {
    const shop = await newShop(app)
    const product = await listProduct(app, shop)
    const id = await buy(app, consumer, product)
    const { shortCode } = await codeOf(consumer, id)
    t.match(shortCode, /^\d{8}$/)
    t.match(await other.cashier.post('/redemptions', { code: shortCode, venueId: other.venueId }), { status: 422, body: { code: 'code_invalid' } })
    t.match(await shop.cashier.post('/redemptions', { code: shortCode, venueId: shop.venueId }), { status: 201 })
    t.match(await shop.cashier.post('/redemptions', { code: shortCode, venueId: shop.venueId }), { status: 422, body: { code: 'code_used' } })
    const tries = []
    for (let i = 0; i < 12; i++) tries.push(await shop.cashier.post('/redemptions', { code: String(i).padStart(8, '0'), venueId: shop.venueId }))
    t.same(tries.map(({ status }) => status), [...Array(10).fill(422), 429, 429])
    t.ok(tries.at(-1)?.headers['retry-after'])
    await advance(app, 61)
    const { shortCode: fresh } = await codeOf(consumer, id)
    t.match(await shop.cashier.post('/redemptions', { code: fresh, venueId: shop.venueId }), { status: 201 })
  })

  t.test('a code lives 60 seconds by the clock', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const { code } = await codeOf(consumer, id)
    await advance(app, 61)
    t.match(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), { status: 422, body: { code: 'code_expired' } })
  })

  t.test('refused before anything is looked up', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const { code } = await codeOf(consumer, id)
    const body = { code, venueId: shop.venueId }
    t.match(await shop.cashier.post('/redemptions', body, { key: false }), { status: 428, body: { code: 'idempotency_key_required' } })
    t.match(await consumer.post('/redemptions', body), { status: 403, body: { code: 'forbidden' } })
    t.match(await app.nobody.post('/redemptions', body), { status: 401, body: { code: 'unauthenticated' } })
    t.match(await shop.cashier.post('/redemptions', { code }), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'venueId' }] } })
    t.match(await shop.cashier.post('/redemptions', { ...body, venueId: other.venueId }), { status: 422, body: { code: 'venue_not_covered' } })
    const stranger = await newConsumer(app)
    t.match(await stranger.post(`/contracts/${id}/check-in-codes`), { status: 404 })
    t.match(await consumer.post('/contracts/nonsense/check-in-codes'), { status: 404 })
  })

  t.test('a void gives session and money back while pending, and makes a completed contract active again', async (t) => {
    const id = await buy(app, consumer, fiveSessions)
    const { body: all } = await redeem(shop, consumer, id, { sessions: 5 })
    t.match(await contractOf(consumer, id), { status: 'completed' })
    t.match(await other.owner.post(`/redemptions/${all.id}/void`, { reason: 'not mine' }), { status: 404 })
    t.match(await shop.cashier.post(`/redemptions/${all.id}/void`, { reason: 'the pool was closed' }), { status: 200, body: { status: 'voided' } })
    t.match(await contractOf(consumer, id), { status: 'active', sessions: { used: 0, left: 5 }, money: { heldFen: 99_999, pendingFen: 0 } })
    t.match(await shop.cashier.post(`/redemptions/${all.id}/void`, { reason: 'again' }), { status: 409, body: { code: 'wrong_state' } })
    const { body: late } = await redeem(shop, consumer, id)
    await advance(app, 25 * hour)
    t.match(await shop.cashier.post(`/redemptions/${late.id}/void`, { reason: 'late' }), { status: 409, body: { code: 'wrong_state', state: 'payable' } })
    await assertBooks(t, app)
  })

  t.test('an objection stops the window; withdrawn it runs on; unanswered for 7 days it becomes a dispute', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const { body: first } = await redeem(shop, consumer, id)
    const { body: second } = await redeem(shop, consumer, id)
    t.match(await (await newConsumer(app)).post(`/redemptions/${first.id}/objection`, { reason: 'x' }), { status: 404 })
    for (const { id: red } of [first, second]) t.match(await consumer.post(`/redemptions/${red}/objection`, { reason: 'I was not there' }), { status: 200, body: { status: 'objected' } })
    t.match(await consumer.post(`/redemptions/${first.id}/objection`, { reason: 'twice' }), { status: 409, body: { code: 'wrong_state' } })
    await advance(app, 48 * hour)
    t.match(await contractOf(consumer, id), { money: { pendingFen: 20_000, objectedFen: 20_000, releasedFen: 0 } })
    t.match(await consumer.post(`/redemptions/${first.id}/objection/withdraw`), { status: 200, body: { status: 'pending' } })
    t.match(await consumer.post(`/redemptions/${first.id}/objection/withdraw`), { status: 409 })
    await advance(app, 25 * hour)
    t.match(await contractOf(consumer, id), { money: { pendingFen: 10_000, objectedFen: 10_000, releasedFen: 10_000 } })
    await advance(app, 7 * 24 * hour)
    t.match(await contractOf(consumer, id), { money: { pendingFen: 0, objectedFen: 0, disputedFen: 10_000, releasedFen: 10_000 }, disputeId: /^dsp_/ })
    t.match((await consumer.get(`/redemptions/${second.id}`)).body, { status: 'disputed' })
    await assertBooks(t, app)
  })

  t.test('a merchant may void what was objected to', async (t) => {
    const id = await buy(app, consumer, tenSessions)
    const { body } = await redeem(shop, consumer, id)
    await consumer.post(`/redemptions/${body.id}/objection`, { reason: 'no' })
    t.match(await shop.owner.post(`/redemptions/${body.id}/void`, { reason: 'you are right' }), { status: 200, body: { status: 'voided' } })
    t.match(await contractOf(consumer, id), { money: { heldFen: 100_000, objectedFen: 0 } })
    await advance(app, 8 * 24 * hour)
    t.equal((await contractOf(consumer, id)).disputeId, null)
  })

  t.test('a stored-value card spends face value', async (t) => {
    const product = await listProduct(app, shop, { kind: 'stored_value', priceFen: 100_000, bonusFen: 20_000 })
    const id = await buy(app, consumer, product)
    t.match(await redeem(shop, consumer, id), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'amountFen' }] } })
    t.match(await redeem(shop, consumer, id, { amountFen: 30_000 }), { status: 201, body: { releasedFen: 25_000 } })
    t.match(await redeem(shop, consumer, id, { amountFen: 90_001 }), { status: 422, body: { code: 'no_sessions_left' } })
    t.match(await redeem(shop, consumer, id, { amountFen: 90_000 }), { status: 201, body: { releasedFen: 75_000 } })
    t.match(await contractOf(consumer, id), { status: 'completed', money: { heldFen: 0, pendingFen: 100_000 } })
  })

  t.test('a term card releases by day; its check-ins release nothing; the last day sweeps the rounding', async (t) => {
    const product = await listProduct(app, shop, { kind: 'period', priceFen: 10_000, periodDays: 3, validDays: 3 })
    const id = await buy(app, consumer, product)
    t.match(await redeem(shop, consumer, id), { status: 201, body: { releasedFen: 0, sessionsLeft: null } })
    await advance(app, 24 * hour)
    t.match(await contractOf(consumer, id), { sessions: { used: 1 }, money: { heldFen: 6_667, pendingFen: 3_333 } })
    await advance(app, 2 * 24 * hour)
    t.match(await contractOf(consumer, id), { status: 'completed', sessions: { used: 3 }, money: { heldFen: 0 } })
    await advance(app, 24 * hour)
    t.match(await contractOf(consumer, id), { money: { pendingFen: 0, releasedFen: 10_000 } })
    await assertBooks(t, app)
  })

  t.test('a term card by month releases the days of each month', async (t) => {
    const product = await listProduct(app, shop, { kind: 'period', priceFen: 36_500, periodDays: 365, validDays: 365, settlementRule: { release: 'per_month', objectionHours: 0 } })
    const id = await buy(app, consumer, product)
    await advance(app, 27 * 24 * hour)
    t.match(await contractOf(consumer, id), { sessions: { used: 0 }, money: { heldFen: 36_500 } })
    await advance(app, 5 * 24 * hour)
    const { sessions: { used }, money } = await contractOf(consumer, id)
    t.ok(used >= 28 && used <= 31, 'a month of days')
    t.equal(money.releasedFen, used * 100)
  })
})
