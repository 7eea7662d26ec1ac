import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Answer, Api, TestApp } from '../support/app.js'
import { databaseForProcesses } from '../support/cluster.js'
import { bureau, newConsumer, type Consumer } from '../support/people.js'
import { buy, makeContract, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { freePort } from '../../demo/service.js'
import { build, overHttp, startService, type Service } from '../process/support.js'

t.setTimeout(180_000)

const sessions = 60
const sessionFen = 10_000
/** For each of the two replacements. */
const cardsMade = 5
const ordersMade = 12
const doors = 6
/** Nobody waits longer for a service that is being replaced. */
const patienceMs = 60_000

t.before(build)

const aDatabase = async (t: Test) => {
  const url = await databaseForProcesses(t, `ticun_rolling_${process.pid}`)
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  t.teardown(() => owner.end())
  return { url, owner }
}

/** Both processes with one face: each call goes to the next of them. */
const inTurn = (apps: readonly TestApp[]): TestApp => {
  let calls = 0
  const as = (token?: string): Api => {
    const next = (): Api => (apps[calls++ % apps.length] as TestApp).as(token)
    return {
      get: (...args) => next().get(...args), post: (...args) => next().post(...args),
      put: (...args) => next().put(...args), delete: (...args) => next().delete(...args), token
    }
  }
  return { as, nobody: as() } as unknown as TestApp
}

/** What a patient client does: where the connection is lost, or the answer is 503, the same call with the same key to the next process. */
const insisting = async (call: () => Promise<Answer>, onRetry: () => void): Promise<Answer> => {
  for (const deadline = Date.now() + patienceMs; ; await sleep(25)) {
    const answer = await call().catch(() => undefined)
    if (answer !== undefined && answer.status !== 503) return answer
    if (Date.now() > deadline) throw new Error('no process answers')
    onRetry()
  }
}

t.test('two processes on one database', async (t) => {
  const whole = t
  const { url, owner } = await aDatabase(t)
  const starts = await Promise.all([freePort(), freePort()]).then((ports) => ports.map((port) => ({ port, env: { DATABASE_URL: url, TICUN_MODE: 'sandbox' } })))
  const services = await Promise.all(starts.map((start) => startService(t, start)))
  const app = inTurn(services.map((service) => overHttp(service.url)))
  const one = async <Row>(sql: string): Promise<Row> => (await owner.query(sql)).rows[0]

  const shop = await newShop(app)
  const productId = await listProduct(app, shop, { sessions, priceFen: sessions * sessionFen })
  const few = await listProduct(app, shop, { name: '5 次卡', sessions: 5, priceFen: 5 * sessionFen })
  const codeOf = async (consumer: Consumer, contractId: string): Promise<string> => expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201).body.code
  const redeem = (code: string, key: string) => shop.cashier.post('/redemptions', { code, venueId: shop.venueId }, { key })

  await t.test('50 codes at once on 5 sessions: 5 succeed, whichever process they came to', async (t) => {
    const consumer = await newConsumer(app)
    const contractId = await buy(app, consumer, few)
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(consumer, contractId)))
    const answers = await Promise.all(codes.map((code) => redeem(code, randomUUID())))
    t.equal(answers.filter(({ status }) => status === 201).length, 5)
    t.equal(answers.filter(({ status, body }) => status === 422 && body.code === 'no_sessions_left').length, 45)
    t.match((await consumer.get(`/contracts/${contractId}`)).body, { status: 'completed', sessions: { used: 5, left: 0 }, money: { heldFen: 0, pendingFen: 5 * sessionFen } })
  })

  await t.test('one key 20 times at once, to both: one effect and 20 times its answer', async (t) => {
    const consumer = await newConsumer(app)
    const contractId = await buy(app, consumer, few)
    const [code, key] = [await codeOf(consumer, contractId), randomUUID()]
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(code, key)))
    t.same(answers.map(({ status }) => status), Array.from({ length: 20 }, () => 201))
    t.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
    t.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length, 19)
    t.match((await consumer.get(`/contracts/${contractId}`)).body.sessions, { used: 1 })
    const again = await Promise.all(Array.from({ length: 20 }, () => redeem(code, randomUUID())))
    t.same(again.map(({ body }) => body.code), Array.from({ length: 20 }, () => 'code_used'), 'a key of its own does not help')
  })

  await t.test('a token that one process revoked is worth nothing at the other', async (t) => {
    const inspector = await bureau(app)
    const token = inspector.token as string
    expectStatus(await app.as(token).get('/me'), 200)
    expectStatus(await app.as(token).delete('/auth/sessions/current'), 204)
    await sleep(200)
    t.same([(await app.as(token).get('/me')).status, (await app.as(token).get('/me')).status], [401, 401])
  })

  await t.test('each is replaced under load: nothing acknowledged is lost, nothing is done twice', async (t) => {
    const cards = await Promise.all(Array.from({ length: 2 * cardsMade }, async () => {
      const consumer = await newConsumer(app)
      return { consumer, contractId: await buy(app, consumer, productId) }
    }))
    const unpaid = await Promise.all(Array.from({ length: ordersMade }, async () => {
      const consumer = await newConsumer(app)
      const { id } = await makeContract(consumer, productId)
      expectStatus(await trySign(app, consumer, id), 200)
      return { consumer, contractId: id }
    }))

    let isOver = false
    let replacement = 0
    let retries = 0
    const insist = (call: () => Promise<Answer>) => insisting(call, () => { retries++ })
    const redeemed: { code: string; key: string; body: any }[] = []
    const ordered: { contractId: string; key: string; body: any; consumer: Consumer }[] = []
    const spent = new Map<string, number>()

    const atTheDoor = async (door: number): Promise<void> => {
      for (let i = door; !isOver; i++, await sleep(100)) {
        const { consumer, contractId } = cards[replacement * cardsMade + i % cardsMade] as typeof cards[number]
        const used = spent.get(contractId) ?? 0
        if (used === sessions) continue
        spent.set(contractId, used + 1)
        const { body: { code } } = expectStatus(await insist(() => consumer.post(`/contracts/${contractId}/check-in-codes`)), 201)
        const key = randomUUID()
        redeemed.push({ code, key, body: expectStatus(await insist(() => redeem(code, key)), 201).body })
      }
    }
    const atTheTill = async (): Promise<void> => {
      for (let next = unpaid.pop(); next !== undefined; next = unpaid.pop()) {
        const { consumer, contractId } = next
        const key = randomUUID()
        const { body } = expectStatus(await insist(() => consumer.post(`/contracts/${contractId}/payments`, { channel: 'sandbox' }, { key })), 201)
        ordered.push({ contractId, key, body, consumer })
        expectStatus(await insist(() => app.nobody.post(`/sandbox/payments/${body.id}/pay`, { outcome: 'success' })), 200)
        await sleep(100)
      }
    }

    const load = Promise.all([...Array.from({ length: doors }, (_, door) => atTheDoor(door)), atTheTill()])
    const ended: (number | null)[] = []
    for (const [i, start] of starts.entries()) {
      replacement = i
      await sleep(300)
      ended.push(await (services[i] as Service).stop())
      const before = redeemed.length
      services[i] = await startService(whole, start)
      t.ok(redeemed.length > before, `process ${i + 1} was replaced while ${redeemed.length - before} were redeemed at the other`)
    }
    await sleep(300)
    isOver = true
    await load
    t.same(ended, [0, 0], 'both stopped in peace')
    t.comment(`${redeemed.length} redeemed, ${ordered.length} ordered and paid, ${retries} calls sent again`)
    t.ok(retries > 0, 'the clients felt it')

    t.same(await one(`select count(*)::int as redeemed, count(distinct id)::int as distinct from releases where contract_id in (select id from contracts where units = ${sessions})`),
      { redeemed: redeemed.length, distinct: redeemed.length }, 'as many redemptions as were acknowledged')
    const replayed = await Promise.all(redeemed.map(({ code, key }) => redeem(code, key)))
    t.same(replayed.map(({ body }) => body), redeemed.map(({ body }) => body), 'each key still gives its answer')
    t.ok(replayed.every(({ headers }) => headers['idempotency-replayed'] === 'true'))
    for (const { consumer, contractId } of cards) {
      const used = spent.get(contractId) ?? 0
      t.match((await consumer.get(`/contracts/${contractId}`)).body, {
        sessions: { used, left: sessions - used }, money: { heldFen: (sessions - used) * sessionFen, pendingFen: used * sessionFen }
      })
    }
    t.equal(ordered.length, ordersMade)
    for (const { consumer, contractId } of ordered) {
      t.match((await consumer.get(`/contracts/${contractId}`)).body, { status: 'active', money: { paidFen: sessions * sessionFen, heldFen: sessions * sessionFen } })
    }
    const again = await Promise.all(ordered.map(({ consumer, contractId, key }) => consumer.post(`/contracts/${contractId}/payments`, { channel: 'sandbox' }, { key })))
    t.same(again.map(({ body: { id } }) => id), ordered.map(({ body: { id } }) => id))
    t.match(await app.nobody.get('/sandbox/invariants'), { status: 200, body: { ok: true } }, 'books and evidence hold')
  })

  await t.test('what falls due is done once, though both are on the watch', async (t) => {
    const { count } = await one<{ count: number }>("select count(*)::int as count from releases where state = 'pending'")
    await Promise.all([1, 2].map(() => app.nobody.post('/sandbox/clock', { advanceSeconds: 13 * 3_600 }).then((answer) => expectStatus(answer, 200))))
    t.same(await one(`select count(*) filter (where state = 'payable')::int as payable, count(*) filter (where state = 'pending')::int as pending from releases`), { payable: count, pending: 0 })
    t.same(await one("select sum(e.amount_fen)::int as fen from entries e join transfers f on f.office_id = e.office_id and f.id = e.transfer_id where f.event = 'window-closed' and e.side = 'C'"), { fen: count * sessionFen })
    t.same(await one('select (count(*) - count(distinct key))::int as twice from sandbox_messages'), { twice: 0 })
    t.match(await app.nobody.get('/sandbox/invariants'), { status: 200, body: { ok: true } })
    t.same(await Promise.all(services.map(({ stop }) => stop())), [0, 0])
  })
})
