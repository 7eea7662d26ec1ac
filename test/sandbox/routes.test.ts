import { pino } from 'pino'
import t from 'tap'
import { createApp } from '../../src/app.js'
import { createPool } from '../../src/db/client.js'
import { createUnitOfWork, worker } from '../../src/db/unit-of-work.js'
import { createSandboxSms } from '../../src/sandbox/service.js'
import { startApp } from '../support/app.js'
import { createDatabase, sandboxConfig } from '../support/database.js'
import { newPhone } from '../support/people.js'

t.test('the sandbox\'s messages', async (t) => {
  const app = await startApp(t)
  const clock = { now: () => new Date(), moveTo: async () => undefined, agree: async () => undefined, close: async () => undefined }
  const sms = createSandboxSms({ work: createUnitOfWork({ pool: app.pool, clock, onAfterCommitError: () => undefined }), clock })
  const [phone, other] = [newPhone(), newPhone()]

  t.test('they are there when the call has answered, newest first, each phone\'s own', async (t) => {
    const ids = []
    for (const to of [phone, other, phone, phone]) ids.push((await app.nobody.post('/auth/challenges', { phone: to, purpose: 'login' })).body.challengeId)
    const { status, body } = await app.nobody.get(`/sandbox/messages?phone=${phone}`)
    t.equal(status, 200)
    t.equal(body.items.length, 3)
    t.ok(body.items.every((item: { phone: string }) => item.phone === phone))
    t.same(Object.keys(body.items[0]).sort(), ['code', 'phone', 'sentAt', 'text'])
    const all = (await app.nobody.get('/sandbox/messages')).body.items
    t.same(all.slice(0, 4).map((item: { phone: string }) => item.phone), [phone, phone, other, phone])
    t.equal((await app.nobody.post('/auth/sessions', { challengeId: ids[3], code: body.items[0].code, end: 'consumer' })).status, 201, 'the newest code is the newest challenge\'s')
  })

  t.test('one without a code has no such field, and a repeat is one message', async (t) => {
    await sms.send({ key: 'notice', phone: other, text: '您的合同已生效' })
    await sms.send({ key: 'notice', phone: other, text: '您的合同已生效' })
    const { items } = (await app.nobody.get(`/sandbox/messages?phone=${other}`)).body
    t.same(Object.keys(items[0]).sort(), ['phone', 'sentAt', 'text'])
    t.equal(items.filter(({ text }: { text: string }) => text === '您的合同已生效').length, 1)
  })

  t.test('an unknown phone has none', async (t) => {
    t.match(await app.nobody.get('/sandbox/messages?phone=13000000000'), { status: 200, body: { items: [] } })
  })
})

t.test('the sandbox\'s clock', async (t) => {
  const app = await startApp(t)

  t.test('it is moved forward, by nobody in particular, without a key', async (t) => {
    const before = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    const { status, body } = await app.nobody.post('/sandbox/clock', { advanceSeconds: 3_600 }, { key: false })
    t.equal(status, 200)
    t.ok(Date.parse(body.now) - before >= 3_600_000 && Date.parse(body.now) - before < 3_605_000)
  })

  t.test('calls at once add up', async (t) => {
    const before = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    await Promise.all(Array.from({ length: 4 }, () => app.nobody.post('/sandbox/clock', { advanceSeconds: 900 })))
    const after = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    t.ok(after - before >= 3_600_000 && after - before < 3_605_000)
  })

  for (const [why, body] of [
    ['a negative number', { advanceSeconds: -1 }], ['a fraction', { advanceSeconds: 1.5 }], ['more than 400 days', { advanceSeconds: 400 * 86_400 + 1 }],
    ['a text', { advanceSeconds: '60' }], ['nothing', {}]
  ] as const) {
    t.test(`it refuses ${why}`, async (t) => {
      t.match(await app.nobody.post('/sandbox/clock', body), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'advanceSeconds' }] } })
    })
  }

  t.test('it is one for all processes, and survives a restart', async (t) => {
    const start = () => createApp({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' }) })
    const timeOf = async (other: { app: { inject: (url: string) => Promise<{ json: () => { now: string } }> } }) => Date.parse((await other.app.inject('/v1/sandbox/clock')).json().now)
    const running = await start()
    const { body: { now } } = await app.nobody.post('/sandbox/clock', { advanceSeconds: 86_400 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    t.ok(await timeOf(running) >= Date.parse(now))
    await running.close()
    const later = await start()
    t.ok(await timeOf(later) >= Date.parse(now))
    await later.close()
  })
})

t.test('the seed', async (t) => {
  const database = await createDatabase()
  const start = () => createApp({ config: sandboxConfig, serviceUrl: database.serviceUrl, logger: pino({ level: 'silent' }) })
  t.teardown(() => database.drop())
  const pool = createPool({ connectionString: database.serviceUrl, isCluster: database.isCluster, max: 2, onError: () => undefined })
  const work = createUnitOfWork({ pool, clock: { now: () => new Date() }, onAfterCommitError: () => undefined })
  const counts = () => work.read(worker, 1, async (tx) => (await tx.client.query(`
    select (select count(*)::int from offices) as offices, (select count(*)::int from people) as people,
      (select count(*)::int from memberships) as memberships, (select count(*)::int from merchants) as merchants`)).rows[0])

  const together = await Promise.all([start(), start(), start()])
  const first = await counts()
  t.match(first, { offices: 1, merchants: 1 }, 'processes that start at once seed once')
  for (const each of together) await each.close()
  await (await start()).close()
  t.same(await counts(), first, 'and a restart adds nothing')
  await pool.end()
})
