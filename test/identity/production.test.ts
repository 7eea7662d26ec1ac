import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createAdministration, UsageError } from '../../src/administration.js'
import { createApp } from '../../src/app.js'
import { configOf, ConfigError } from '../../src/config.js'
import { createDatabase } from '../support/database.js'

const secret = Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 37) % 256)).toString('base64')
const gatewayKey = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 11 + 5) % 256))
const environment = {
  TICUN_MODE: 'production', TICUN_SECRET: secret, TICUN_DATA_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  DATABASE_URL: 'postgres://given-otherwise', LOG_LEVEL: 'silent', RATE_LIMITS: 'off'
}

type Received = { headers: IncomingHttpHeaders; body: string }

/** An SMS gateway that answers as it is told. */
const startGateway = async (t: Test) => {
  const received: Received[] = []
  let status = 200
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const until = async (count: number): Promise<Received> => {
    for (let i = 0; i < 100 && received.length < count; i++) await new Promise((resolve) => setTimeout(resolve, 20))
    return received[count - 1] as Received
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`, received, until, answer: (code: number) => { status = code } }
}

const start = async (t: Test, env: Record<string, string>) => {
  const database = await createDatabase()
  const config = configOf({ ...environment, ...env })
  const ticun = await createApp({ config, serviceUrl: database.serviceUrl, logger: pino({ level: 'silent' }) })
  const administration = createAdministration({ config, serviceUrl: database.serviceUrl, isCluster: database.isCluster })
  t.teardown(async () => {
    await ticun.close()
    await administration.close()
    await database.drop()
  })
  const post = async (url: string, payload: object) => {
    const response = await ticun.app.inject({ method: 'POST', url, payload })
    return { status: response.statusCode, headers: response.headers, body: response.json() }
  }
  return { ...ticun, administration, post }
}

t.test('production without an SMS gateway', async (t) => {
  const { app, post, pool } = await start(t, {})

  t.test('a code is refused before anything is written', async (t) => {
    const answer = await post('/v1/auth/challenges', { phone: '13700000001', purpose: 'login' })
    t.match(answer, { status: 503, body: { code: 'sms_unavailable' }, headers: { 'retry-after': '3600' } })
    const client = await pool.connect()
    await client.query('begin; set local role ticun_worker')
    t.equal((await client.query('select 1 from challenges union all select 1 from outbox')).rowCount, 0)
    await client.query('rollback')
    client.release()
  })

  t.test('there is no sandbox and no seed', async (t) => {
    for (const path of ['/v1/sandbox/clock', '/v1/sandbox/messages?phone=13700000001']) {
      t.equal((await app.inject({ url: path })).statusCode, 404)
    }
    t.equal((await app.inject({ method: 'POST', url: '/v1/sandbox/clock', payload: { advanceSeconds: 1 } })).statusCode, 404)
  })
})

t.test('production with one', async (t) => {
  const gateway = await startGateway(t)
  const { post, administration } = await start(t, { SMS_GATEWAY_URL: gateway.url, SMS_GATEWAY_KEY: gatewayKey.toString('base64') })

  t.test('the message goes out signed, and the code in it signs in', async (t) => {
    const { body: { challengeId } } = await post('/v1/auth/challenges', { phone: '13700000001', purpose: 'login' })
    const { headers, body } = await gateway.until(1)
    t.same(Object.keys(JSON.parse(body)).sort(), ['phone', 'text'])
    const signature = createHmac('sha256', gatewayKey).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')
    t.match(headers, { 'webhook-id': challengeId, 'webhook-signature': `v1,${signature}`, 'content-type': /^application\/json/ })
    t.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 10)
    const code = /\d{6}/.exec(JSON.parse(body).text)![0]
    t.equal((await post('/v1/auth/sessions', { challengeId, code, end: 'consumer' })).status, 201)
  })

  t.test('one phone is sent a code at most once a minute, at once or in turn, and others are not held up', async (t) => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => post('/v1/auth/challenges', { phone: '13700000002', purpose: 'login' })))
    t.same(answers.map(({ status }) => status).sort(), [201, 429, 429, 429])
    const refused = answers.find(({ status }) => status === 429)!
    t.match(refused, { body: { code: 'rate_limited', retryAfterSeconds: Number } })
    t.equal(refused.headers['retry-after'], String(refused.body.retryAfterSeconds))
    t.ok(refused.body.retryAfterSeconds > 50 && refused.body.retryAfterSeconds <= 60)
    t.equal((await post('/v1/auth/challenges', { phone: '13700000003', purpose: 'login' })).status, 201)
  })

  t.test('a gateway that fails does not fail the call', async (t) => {
    const count = gateway.received.length
    gateway.answer(500)
    t.equal((await post('/v1/auth/challenges', { phone: '13700000004', purpose: 'login' })).status, 201)
    t.ok(await gateway.until(count + 1))
    gateway.answer(200)
  })

  t.test('the first office and notary are made from the shell', async (t) => {
    const office = ['office:create', '--number', '1', '--name', '上海市长宁公证处', '--district', '长宁区', '--origin', 'ticun.example/changning', '--bank-name', '工行', '--account-name', '提存专户', '--account-number', '100124211900000001']
    t.match(await administration.run(office), /^office 1 \(上海市长宁公证处\): off_/)
    await t.rejects(administration.run(office), UsageError)

    const staff = ['staff:add', '--phone', '13700000009', '--end', 'notary', '--office', '1', '--roles', 'maker,checker', '--name', '王公证员']
    const said = await administration.run(staff)
    const password = /change.*: ([\w-]+)$/.exec(said)![1] as string
    t.ok(password.length >= 20)
    t.match(await administration.run(staff), /the password stays as it is/)

    const count = gateway.received.length
    const { body: { challengeId } } = await post('/v1/auth/challenges', { phone: '13700000009', purpose: 'login' })
    const code = /\d{6}/.exec(JSON.parse((await gateway.until(count + 1)).body).text)![0]
    t.match(await post('/v1/auth/sessions', { challengeId, code, end: 'notary', password: 'guess' }), { status: 401 })
    const signedIn = await post('/v1/auth/sessions', { challengeId, code, end: 'notary', password })
    t.match(signedIn, { status: 201, body: { user: { end: 'notary', roles: ['checker', 'maker'] } } })

    t.match(await administration.run([...staff, '--new-password']), /one-time password/)
    t.match(await post('/v1/auth/sessions/refresh', { refreshToken: signedIn.body.refreshToken }), { status: 401 }, 'a new password ends what the old one began')
  })

  t.test('a number that is known is made to wait like one that is not', async (t) => {
    const ask = async (phone: string) => {
      const { status, body: { code } } = await post('/v1/auth/challenges', { phone, purpose: 'login' })
      return { status, code }
    }
    const unknown = [await ask('13700000019'), await ask('13700000019'), await ask('13700000019')]
    t.same(unknown.map(({ status }) => status), [201, 429, 429])
    // One of the staff, who was sent a code a moment ago.
    t.same([await ask('13700000009'), await ask('13700000009')], unknown.slice(1))
  })

  const base = ['staff:add', '--phone', '13700000009', '--end', 'notary', '--office', '1', '--roles', 'maker', '--name', '王']
  for (const [why, args, says] of [
    ['no command', [], /office:create, staff:add/],
    ['an office that is not there', base.map((arg) => (arg === '1' ? '2' : arg)), /there is no office 2/],
    ['a role of another end', base.map((arg) => (arg === 'maker' ? 'mediator' : arg)), /--roles/],
    ['a wrong phone', base.map((arg) => (arg === '13700000009' ? '123' : arg)), /--phone/],
    ['a consumer', base.map((arg) => (arg === 'notary' ? 'consumer' : arg)), /--end/],
    ['a notary of no office', base.filter((arg) => arg !== '--office' && arg !== '1'), /--office/],
    ['an unknown option', [...base, '--admin', 'x'], /--admin/]
  ] as const) {
    t.test(`the shell refuses ${why}`, async (t) => {
      await t.rejects(administration.run([...args]), { name: 'UsageError', message: says })
    })
  }
})

t.test('a gateway without a key is refused at the start', async (t) => {
  t.throws(() => configOf({ ...environment, DATABASE_URL: 'postgres://x/y', SMS_GATEWAY_URL: 'https://sms.example' }), ConfigError)
})

t.test('keys are named once, have 32 bytes, and say their suite', async (t) => {
  const key = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64')
  const { dataKeys, indexKeys } = configOf({ ...environment, DATABASE_URL: 'postgres://x/y', TICUN_DATA_KEYS: `k2:sm4:${key(9)},k1:${key(7)}`, TICUN_INDEX_KEYS: `i2:sm3:${key(5)},secret` })
  t.match(dataKeys, [{ id: 'k2', cipher: 'sm4' }, { id: 'k1', cipher: undefined }])
  t.match(indexKeys, [{ id: 'i2', hash: 'sm3' }, { id: undefined }])
  t.match(configOf({ ...environment, DATABASE_URL: 'postgres://x/y' }).indexKeys, [{ id: undefined }], 'without any: the one derived from the secret')
  for (const [variable, list] of [
    ['TICUN_DATA_KEYS', `k1:${key(7)},k1:${key(8)}`], ['TICUN_DATA_KEYS', `k1:${key(7, 31)}`], ['TICUN_DATA_KEYS', `k1:rot13:${key(7)}`],
    ['TICUN_INDEX_KEYS', `i1:${key(7, 16)}`], ['TICUN_INDEX_KEYS', 'secret,secret'], ['TICUN_INDEX_KEYS', '']
  ] as const) {
    const env = { ...environment, DATABASE_URL: 'postgres://x/y', [variable]: list }
    if (list === '') t.doesNotThrow(() => configOf(env), 'an empty variable is none')
    else t.throws(() => configOf(env), ConfigError, `${variable}=${list}`)
  }
})
