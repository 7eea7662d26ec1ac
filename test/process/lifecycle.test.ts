import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { configOf } from '../../src/config.js'
import type { TestApp } from '../support/app.js'
import { asOwner, databaseForProcesses } from '../support/cluster.js'
import { checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'
import { freePort } from '../../demo/service.js'
import { anEmptyDirectory, build, killHard, overHttp, postmasterOf, run, startService, until, type Service } from './support.js'

t.setTimeout(240_000)

const sessions = 60
const priceFen = 600_000
const consumers = 5
const readyWithinMs = 20_000

type Card = Readonly<{ consumer: Consumer; contractId: string }>
type Door = Readonly<{ token: string; venueId: string; merchantId: string; cashierPhone: string; cards: readonly Card[] }>
type Ticket = Readonly<{ key: string; contractId: string; body: { code: string; venueId: string } }>

/** A shop and its regulars, each with a card of sixty sessions of ¥100. */
const openDoor = async (app: TestApp): Promise<Door> => {
  const shop: Shop = await newShop(app)
  const productId = await listProduct(app, shop, { sessions, priceFen })
  const cards: Card[] = []
  for (let i = 0; i < consumers; i++) {
    const consumer = await newConsumer(app)
    cards.push({ consumer, contractId: await buy(app, consumer, productId) })
  }
  return { token: shop.cashier.token as string, venueId: shop.venueId, merchantId: shop.merchantId, cashierPhone: shop.cashierPhone, cards }
}

/** Codes of all cards in turn, each with the key of the request that will spend it. */
const ticketsOf = ({ cards, venueId }: Door, count: number): Promise<Ticket[]> => Promise.all(Array.from({ length: count }, async (_, i) => {
  const { consumer, contractId } = cards[i % cards.length] as Card
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return { key: randomUUID(), contractId, body: { code, venueId } }
}))

/** Every redemption there is of a card, as the database has it. */
const redemptionsOf = async ({ consumer, contractId }: Card): Promise<any[]> =>
  expectStatus(await consumer.get(`/redemptions?contractId=${contractId}&limit=100`), 200).body.items

/** What the cards say together: the ids of their redemptions, and that money and sessions agree with them. */
const bookedOn = async (t: Pick<Test, 'match'>, { cards }: Door): Promise<Set<string>> => {
  const ids = new Set<string>()
  for (const card of cards) {
    const redemptions = await redemptionsOf(card)
    for (const { id } of redemptions) ids.add(id)
    const used = redemptions.length
    t.match(expectStatus(await card.consumer.get(`/contracts/${card.contractId}`), 200).body, {
      sessions: { used, left: sessions - used },
      money: { paidFen: priceFen, heldFen: priceFen - used * 10_000, pendingFen: used * 10_000 }
    }, `${used} sessions of a card, and their money`)
  }
  return ids
}

const invariantsHold = async (t: Pick<Test, 'match'>, app: TestApp): Promise<void> => {
  t.match(await app.nobody.get('/sandbox/invariants'), { status: 200, body: { ok: true } }, 'the invariants hold')
}

type Outcome = Readonly<{ ticket: Ticket; status: number | undefined; body?: any }>

/** Spends a ticket over a socket of its own; an answer that never came has no status. */
const spend = async (app: TestApp, { token }: Door, ticket: Ticket): Promise<Outcome> => {
  try {
    const { status, body } = await app.as(token).post('/redemptions', ticket.body, { key: ticket.key })
    return { ticket, status, body }
  } catch {
    return { ticket, status: undefined }
  }
}

type Begun = Readonly<{ finish: () => Promise<{ status: number | undefined; body: any }> }>

/** Begins a request and answers once the service has its head; its body follows when told. */
const begin = async (url: string, { token }: Door, { key, body }: Ticket): Promise<Begun> => {
  const content = JSON.stringify(body)
  const sent = request(`${url}/v1/redemptions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': 'application/json',
      'content-length': Buffer.byteLength(content), expect: '100-continue'
    }
  })
  sent.on('error', () => undefined)
  sent.flushHeaders()
  await once(sent, 'continue')
  return {
    finish: async () => {
      sent.end(content)
      const [response] = await once(sent, 'response') as [IncomingMessage]
      return { status: response.statusCode, body: JSON.parse(await text(response)) }
    }
  }
}

t.before(build)

t.test('one process on a database of its own', async (t) => {
  const whole = t
  const dataDirectory = await anEmptyDirectory(t)
  const start = { port: await freePort(), env: { TICUN_DATA_DIR: dataDirectory } }
  let service: Service
  let app: TestApp
  let door: Door
  let booked: Set<string>

  await t.test('is ready in time on an empty folder', async (t) => {
    service = await startService(whole, start)
    app = overHttp(service.url)
    t.comment(`ready after ${service.readyMs} ms`)
    t.ok(service.readyMs < readyWithinMs, `${service.readyMs} ms`)
    t.match(service.said(), /Ticun is serving \(sandbox\)/)
    door = await openDoor(app)
  })

  await t.test('finishes what is in flight when it is told to stop', async (t) => {
    const begun = await Promise.all((await ticketsOf(door, 20)).map((ticket) => begin(service.url, door, ticket)))
    const stopped = service.stop()
    const answers = await Promise.all(begun.map(({ finish }) => finish()))
    t.same(answers.map(({ status }) => status), Array.from({ length: 20 }, () => 201))
    t.equal(await stopped, 0)
    t.equal(await postmasterOf(dataDirectory), undefined, 'its database has stopped with it')

    booked = new Set(answers.map(({ body }) => body.id))
    service = await startService(whole, start)
    t.comment(`ready again after ${service.readyMs} ms`)
    t.same(await bookedOn(t, door), booked, 'all that was answered is there after the restart')
    await invariantsHold(t, app)
  })

  await t.test('killed amid 200 redemptions, it has kept every one it acknowledged, and books each key once', async (t) => {
    const tickets = await ticketsOf(door, 200)
    const postmaster = await postmasterOf(dataDirectory)
    // 32 doors take one after the other, so that on any machine the blow falls in the middle.
    const waiting = [...tickets]
    const outcomes: Outcome[] = []
    let answered = 0
    await Promise.all(Array.from({ length: 32 }, async () => {
      for (let ticket = waiting.shift(); ticket !== undefined; ticket = waiting.shift()) {
        const outcome = await spend(app, door, ticket)
        outcomes.push(outcome)
        if (outcome.status !== undefined && ++answered === 60) service.process.kill('SIGKILL')
      }
    }))
    await service.ended
    t.equal(outcomes.length, tickets.length)
    const [heard, unheard] = [outcomes.filter(({ status }) => status !== undefined), outcomes.filter(({ status }) => status === undefined)]
    t.comment(`${heard.length} acknowledged, ${unheard.length} not`)
    t.ok(heard.every(({ status }) => status === 201), 'what was answered was done')
    t.ok(unheard.length > 0, 'it was killed in the middle')

    service = await startService(whole, start)
    t.equal(await postmasterOf(dataDirectory), postmaster, 'the database it left behind is taken over')
    const survived = await bookedOn(t, door)
    t.ok([...booked].every((id) => survived.has(id)), 'what was there before is there')
    t.ok(heard.every(({ body }) => survived.has(body.id)), 'every acknowledged redemption is there')
    const unheardBooked = survived.size - booked.size - heard.length
    t.ok(unheardBooked >= 0 && unheardBooked <= unheard.length, `of ${unheard.length} unacknowledged ones ${unheardBooked} are there`)
    await invariantsHold(t, app)

    const again = await Promise.all(tickets.map((ticket) => spend(app, door, ticket)))
    t.same(again.filter(({ status }) => status !== 201), [], 'each key is answered')
    t.same(heard.map(({ ticket, body }) => [ticket.key, body]), heard.map(({ ticket }) => [ticket.key, again.find((one) => one.ticket === ticket)?.body]), 'a known one as before')
    const ids = again.map(({ body }) => body.id)
    t.equal(new Set(ids).size, tickets.length)
    t.same(await bookedOn(t, door), new Set([...booked, ...ids]), 'each of the 200 keys has one effect')
    await invariantsHold(t, app)
    booked = new Set([...booked, ...ids])
  })

  await t.test('killed together with its database, it has kept what it acknowledged', async (t) => {
    const tickets = await ticketsOf(door, 40)
    const postmaster = await postmasterOf(dataDirectory) as number
    let isStruck = false
    const outcomes = await Promise.all(tickets.map(async (ticket) => {
      const outcome = await spend(app, door, ticket)
      if (outcome.status === 201 && !isStruck) {
        isStruck = true
        process.kill(-(service.process.pid as number), 'SIGKILL')
        await killHard(postmaster)
      }
      return outcome
    }))
    await service.ended

    service = await startService(whole, start)
    t.not(await postmasterOf(dataDirectory), postmaster, 'another server has recovered the data')
    const survived = await bookedOn(t, door)
    const heard = outcomes.filter(({ status }) => status === 201)
    t.comment(`${heard.length} acknowledged, ${tickets.length - heard.length} not, ${survived.size - booked.size} there`)
    t.ok([...booked, ...heard.map(({ body }) => body.id)].every((id) => survived.has(id)))
    t.same((await Promise.all(tickets.map((ticket) => spend(app, door, ticket)))).filter(({ status }) => status !== 201), [])
    t.equal((await bookedOn(t, door)).size, booked.size + tickets.length)
    await invariantsHold(t, app)
  })

  await t.test('it stops in peace, whoever is told', async (t) => {
    t.equal(await service.stop(), 0)
    t.equal(await postmasterOf(dataDirectory), undefined)

    const told = async (what: string, pidOf: (npm: number) => number): Promise<void> => {
      const { process: npm, ended } = await startService(whole, { ...start, by: 'npm' })
      const [begun] = await Promise.all((await ticketsOf(door, 1)).map((ticket) => begin(service.url, door, ticket)))
      process.kill(pidOf(npm.pid as number), 'SIGTERM')
      t.match(await begun?.finish(), { status: 201 }, `${what}: what was in flight is answered`)
      await ended
      await until(async () => await postmasterOf(dataDirectory) === undefined, 'the database to stop')
      await t.rejects(fetch(`${service.url}/healthz`), `${what}: the service has stopped`)
    }
    await told('npm alone', (npm) => npm)
    await told('npm and all its children, so that the service hears it twice', (npm) => -npm)
  })
})

t.test('two processes on one database', async (t) => {
  const databaseUrl = await databaseForProcesses(t, `ticun_pair_${process.pid}`)

  const env = { DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox' }
  const services = await Promise.all([startService(t, { env }), startService(t, { env })])
  const [one, other] = services.map(({ url }) => overHttp(url)) as [TestApp, TestApp]

  const { entries } = JSON.parse(await readFile(new URL('../../migrations/meta/_journal.json', import.meta.url), 'utf8'))
  const [counted] = await asOwner(databaseUrl,
    'select (select count(*)::int from drizzle.__drizzle_migrations) as migrations, (select count(*)::int from offices) as offices, (select count(*)::int from merchants) as merchants')
  t.same(counted, { migrations: entries.length, offices: 1, merchants: 1 }, 'each migration and each seed once')

  const notary = await maker(one)
  t.match(await other.as(notary.token).get('/me'), { status: 200, body: { id: notary.userId } }, 'a token of one is good at the other')
  t.match(await one.nobody.post('/sandbox/clock', { advanceSeconds: 3_600 }), { status: 200 })
  const [here, there] = await Promise.all([one, other].map(async ({ nobody }) => Date.parse((await nobody.get('/sandbox/clock')).body.now)))
  t.ok(Math.abs((here as number) - (there as number)) < 10_000, 'they have one clock')
  t.match((await checker(other)).user.end, 'notary')

  t.same(await Promise.all(services.map(({ stop }) => stop())), [0, 0])
})

t.test('what it refuses to start with', async (t) => {
  const secret = randomBytes(48).toString('base64')
  const dataKeys = `one:${randomBytes(32).toString('base64')}`
  const databaseUrl = 'postgres://nobody@127.0.0.1:1/none'
  const production = { NODE_ENV: 'production', DATABASE_URL: databaseUrl }

  const refusals: [string, Record<string, string>, RegExp][] = [
    ['production without data keys', { ...production, TICUN_SECRET: secret }, /TICUN_DATA_KEYS/],
    ['production without a secret', { ...production, TICUN_DATA_KEYS: dataKeys }, /TICUN_SECRET/],
    ['production with a short secret', { ...production, TICUN_DATA_KEYS: dataKeys, TICUN_SECRET: Buffer.from('short').toString('base64') }, /TICUN_SECRET/],
    ['production with a regular secret', { ...production, TICUN_DATA_KEYS: dataKeys, TICUN_SECRET: Buffer.alloc(48, 'ab').toString('base64') }, /TICUN_SECRET/],
    ['production with the sandbox\'s secret', { ...production, TICUN_DATA_KEYS: dataKeys, TICUN_SECRET: configOf({}).secret.toString('base64') }, /TICUN_SECRET/],
    ['production with the sandbox\'s data key', { ...production, TICUN_SECRET: secret, TICUN_DATA_KEYS: `one:${configOf({}).dataKeys[0]?.key.toString('base64')}` }, /TICUN_DATA_KEYS/],
    ['production with a short data key', { ...production, TICUN_SECRET: secret, TICUN_DATA_KEYS: 'one:c2hvcnQ=' }, /TICUN_DATA_KEYS/],
    ['the sandbox in production', { NODE_ENV: 'production', TICUN_MODE: 'sandbox' }, /TICUN_MODE=sandbox/],
    ['an SMS gateway without its key', { TICUN_MODE: 'sandbox', SMS_GATEWAY_URL: 'https://sms.example' }, /SMS_GATEWAY_KEY/],
    ['a port that is none', { PORT: 'http' }, /PORT/],
    ['a database of another kind', { DATABASE_URL: 'mysql://127.0.0.1/ticun' }, /DATABASE_URL/],
    ['a mode that is none', { TICUN_MODE: 'test' }, /TICUN_MODE/]
  ]
  for (const [what, env, message] of refusals) t.throws(() => configOf(env), { name: 'ConfigError', message }, `${what}: the message names the variable`)
  const [[, env, message]] = refusals as [typeof refusals[number]]
  const { ended, said } = run(t, env)
  t.equal(await ended, 1)
  t.match(said(), message)
  t.notMatch(said(), /\n\s+at /, 'no stack trace')
})

t.test('a database that cannot be reached ends the start with a message', async (t) => {
  const { ended, said } = run(t, { DATABASE_URL: 'postgres://ticun@127.0.0.1:1/ticun', TICUN_MODE: 'sandbox' })
  t.equal(await ended, 1)
  t.match(said(), /ECONNREFUSED/)
})
