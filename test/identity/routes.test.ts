import { createPrivateKey, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import t from 'tap'
import { createApp, tokenKeysOf } from '../../src/app.js'
import { deriveKey } from '../../src/config.js'
import { createPool } from '../../src/db/client.js'
import { createUnitOfWork, worker } from '../../src/db/unit-of-work.js'
import { createPeople } from '../../src/identity/people.js'
import { createRevocations } from '../../src/identity/revocations.js'
import type { NewMember, Place } from '../../src/identity/model.js'
import { newId, uuidOf, type Id } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, codeFor, demoPassword, maker, newConsumer, newIdNumber, newPhone, operator, signIn, trySignIn } from '../support/people.js'
import { asOwner } from '../support/roles.js'

const minutes = 60
const days = 86_400


const challenge = async (app: TestApp, phone: string) => {
  const { body } = await app.nobody.post('/auth/challenges', { phone, purpose: 'login' })
  return { challengeId: body.challengeId as string, code: await codeFor(app, phone) }
}

const another = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** What other features do with people, as they do it: in a transaction of their own. */
const peopleOf = (app: TestApp) => {
  const clock = { now: () => new Date() }
  const work = createUnitOfWork({ pool: app.pool, clock, onAfterCommitError: () => undefined })
  const people = createPeople({ clock, vault: createVault(sandboxConfig.dataKeys, deriveKey(sandboxConfig.secret, 'blind index')), revocations: createRevocations({ work, clock }) })
  return {
    add: (member: NewMember) => work.write(worker, member.office ?? 0, (tx) => people.addMember(tx, member)),
    end: (personId: string, place: Place) => work.write(worker, place.office ?? 0, (tx) => people.endMember(tx, personId as Id<'per'>, place))
  }
}

t.test('asking for a code', async (t) => {
  const app = await startApp(t)
  const consumer = await newConsumer(app)
  const notary = await maker(app)
  const aContract = newId('ctr', 1)

  t.test('it comes by SMS, and lives five minutes', async (t) => {
    const phone = newPhone()
    const { status, body } = await app.nobody.post('/auth/challenges', { phone, purpose: 'login' }, { key: false })
    t.equal(status, 201)
    t.same(Object.keys(body).sort(), ['challengeId', 'expiresAt'])
    t.match(body.challengeId, /^chl_/)
    const now = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    t.ok(Math.abs(Date.parse(body.expiresAt) - now - 300_000) < 5_000)
    const { body: messages } = await app.nobody.get(`/sandbox/messages?phone=${phone}`)
    t.match(messages, { items: [{ phone, text: /^【提存】登录验证码 \d{6},/, code: /^\d{6}$/ }] })
    t.ok(messages.items[0].text.includes(messages.items[0].code))
  })

  t.test('a phone that is known is answered like one that is not', async (t) => {
    const before = await asOwner(app, 'select 1 from people')
    const [known, unknown] = await Promise.all([consumer.phone, newPhone()].map((phone) => app.nobody.post('/auth/challenges', { phone, purpose: 'login' })))
    t.equal(known!.status, unknown!.status)
    t.same(Object.keys(known!.body), Object.keys(unknown!.body))
    t.equal((await asOwner(app, 'select 1 from people')).length, before.length, 'asking makes nobody')
  })

  t.test('the code is kept as a keyed hash, the phone sealed', async (t) => {
    const phone = newPhone()
    const { challengeId, code } = await challenge(app, phone)
    const [row] = await asOwner(app, 'select *, challenges::text as whole from challenges where id = $1', [uuidOf(challengeId)])
    t.equal((row!.code_hash as Buffer).length, 32)
    t.notOk(row!.whole.includes(phone))
    t.notOk(row!.whole.includes(code))
    const [intent] = await asOwner(app, 'select payload from outbox where key = $1', [challengeId])
    t.equal(intent!.payload, '', 'and forgotten by the outbox once delivered')
  })

  t.test('a token that has expired does not stand in the way', async (t) => {
    const { status } = await app.as('a.b.c').post('/auth/challenges', { phone: newPhone(), purpose: 'login' })
    t.equal(status, 201)
  })

  const refusals = [
    { when: 'the phone is none of mainland China', body: { phone: '12345678901', purpose: 'login' }, status: 422, code: 'validation_failed', path: 'phone' },
    { when: 'the phone is missing', body: { purpose: 'login' }, status: 422, code: 'validation_failed', path: 'phone' },
    { when: 'the purpose is unknown', body: { phone: consumer.phone, purpose: 'fun' }, status: 422, code: 'validation_failed', path: 'purpose' },
    { when: 'the contract to sign is not named', by: consumer, body: { phone: consumer.phone, purpose: 'sign_contract' }, status: 422, code: 'validation_failed', path: 'contractId' },
    { when: 'the contract\'s id cannot be one', by: consumer, body: { phone: consumer.phone, purpose: 'sign_contract', contractId: 'ctr_1' }, status: 422, code: 'validation_failed', path: 'contractId' },
    { when: 'nobody is signed in who could sign', body: { phone: consumer.phone, purpose: 'sign_contract', contractId: aContract }, status: 401, code: 'unauthenticated' },
    { when: 'the token of who would sign is no good', by: app.as('a.b.c'), body: { phone: consumer.phone, purpose: 'sign_contract', contractId: aContract }, status: 401, code: 'unauthenticated' },
    { when: 'a notary would sign', by: notary, body: { phone: '13800000002', purpose: 'sign_contract', contractId: aContract }, status: 403, code: 'forbidden' },
    { when: 'the phone is not the signer\'s', by: consumer, body: { phone: newPhone(), purpose: 'sign_contract', contractId: aContract }, status: 422, code: 'validation_failed', path: 'phone' },
    { when: 'there is no such contract', by: consumer, body: { phone: consumer.phone, purpose: 'sign_contract', contractId: aContract }, status: 404, code: 'not_found' }
  ]
  for (const { when, by = app.nobody, body, status, code, path } of refusals) {
    t.test(`it is refused when ${when}`, async (t) => {
      const before = await asOwner(app, 'select 1 from challenges')
      const answer = await by.post('/auth/challenges', body)
      t.match(answer, { status, body: { code, ...(path ? { errors: [{ path }] } : {}) } })
      t.equal((await asOwner(app, 'select 1 from challenges')).length, before.length)
    })
  }

  t.test('a refusal is in the caller\'s language', async (t) => {
    const wrong = { phone: '1', purpose: 'login' }
    t.match((await app.nobody.post('/auth/challenges', wrong)).body.errors[0].message, /手机号码/)
    t.match((await app.nobody.post('/auth/challenges', wrong, { headers: { 'accept-language': 'en' } })).body.errors[0].message, /mobile number/)
  })
})

t.test('signing in by a code', async (t) => {
  const app = await startApp(t)

  t.test('a consumer registers by it, and is the same person the next time', async (t) => {
    const phone = newPhone()
    const first = await trySignIn(app, { phone, end: 'consumer' })
    t.match(first, { status: 201, body: { accessToken: /^[\w-]+\.[\w-]+\.[\w-]+$/, refreshToken: String, expiresIn: 900, user: { id: /^per_/, end: 'consumer', roles: [] } } })
    t.same(Object.keys(first.body.user).sort(), ['end', 'id', 'roles'])
    const second = await trySignIn(app, { phone, end: 'consumer' })
    t.equal(second.body.user.id, first.body.user.id)
  })

  t.test('two first sign-ins at once make one person', async (t) => {
    const phone = newPhone()
    const attempts = [await challenge(app, phone), await challenge(app, phone)]
    const answers = await Promise.all(attempts.map((attempt) => app.nobody.post('/auth/sessions', { ...attempt, end: 'consumer' })))
    t.same(answers.map(({ status }) => status), [201, 201])
    t.equal(answers[0]!.body.user.id, answers[1]!.body.user.id)
  })

  t.test('a code is good once, even at once', async (t) => {
    const attempt = { ...await challenge(app, newPhone()), end: 'consumer' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.nobody.post('/auth/sessions', attempt)))
    t.same(answers.map(({ status }) => status).sort(), [201, 422, 422, 422, 422])
    t.match(await app.nobody.post('/auth/sessions', attempt), { status: 422, body: { code: 'code_invalid' } })
  })

  t.test('five wrong codes end the challenge, although each was refused', async (t) => {
    const { challengeId, code } = await challenge(app, newPhone())
    for (let i = 0; i < 4; i++) t.match(await app.nobody.post('/auth/sessions', { challengeId, code: another(code), end: 'consumer' }), { status: 422, body: { code: 'code_invalid' } })
    const rescued = await challenge(app, newPhone())
    t.equal((await app.nobody.post('/auth/sessions', { challengeId, code: another(code), end: 'consumer' })).status, 422)
    t.match(await app.nobody.post('/auth/sessions', { challengeId, code, end: 'consumer' }), { status: 422, body: { code: 'code_invalid' } })
    t.equal((await app.nobody.post('/auth/sessions', { ...rescued, end: 'consumer' })).status, 201, 'another challenge is another matter')
  })

  t.test('wrong codes at once are all counted', async (t) => {
    const { challengeId, code } = await challenge(app, newPhone())
    await Promise.all(Array.from({ length: 5 }, () => app.nobody.post('/auth/sessions', { challengeId, code: another(code), end: 'consumer' })))
    t.match(await app.nobody.post('/auth/sessions', { challengeId, code, end: 'consumer' }), { status: 422, body: { code: 'code_invalid' } })
  })

  t.test('a code expires after five minutes by the clock', async (t) => {
    const early = await challenge(app, newPhone())
    const late = await challenge(app, newPhone())
    await advance(app, 4 * minutes)
    t.equal((await app.nobody.post('/auth/sessions', { ...early, end: 'consumer' })).status, 201)
    await advance(app, 1 * minutes)
    t.match(await app.nobody.post('/auth/sessions', { ...late, end: 'consumer' }), { status: 422, body: { code: 'code_expired' } })
  })

  type Fresh = { challengeId: string; code: string }
  const refusals = [
    { when: 'there is no such challenge', body: ({ code }: Fresh) => ({ challengeId: newId('chl', 0), code, end: 'consumer' }), status: 422, code: 'code_invalid' },
    { when: 'the code is no code', body: (fresh: Fresh) => ({ ...fresh, code: '随便', end: 'consumer' }), status: 422, code: 'code_invalid' },
    { when: 'the code is missing', body: ({ challengeId }: Fresh) => ({ challengeId, end: 'consumer' }), status: 422, code: 'validation_failed' },
    { when: 'the challenge\'s id cannot be one', body: (fresh: Fresh) => ({ ...fresh, challengeId: 'x', end: 'consumer' }), status: 422, code: 'validation_failed' },
    { when: 'the end is unknown', body: (fresh: Fresh) => ({ ...fresh, end: 'admin' }), status: 422, code: 'validation_failed' },
    { when: 'the code is a number', body: (fresh: Fresh) => ({ ...fresh, code: 123456, end: 'consumer' }), status: 422, code: 'validation_failed' },
    { when: 'the person is no merchant', body: (fresh: Fresh) => ({ ...fresh, end: 'merchant' }), status: 403, code: 'forbidden' },
    { when: 'the person is no notary', body: (fresh: Fresh) => ({ ...fresh, end: 'notary', password: demoPassword }), status: 403, code: 'forbidden' },
    { when: 'the code is wrong, whoever it is', body: (fresh: Fresh) => ({ ...fresh, code: another(fresh.code), end: 'notary' }), status: 422, code: 'code_invalid' }
  ]
  for (const { when, body, status, code } of refusals) {
    t.test(`it is refused when ${when}, and the code stays good`, async (t) => {
      const fresh = await challenge(app, newPhone())
      t.match(await app.nobody.post('/auth/sessions', body(fresh)), { status, body: { code } })
      t.equal((await app.nobody.post('/auth/sessions', { ...fresh, end: 'consumer' })).status, 201)
    })
  }
})

t.test('signing in with a password besides', async (t) => {
  const app = await startApp(t)
  const attempt = async (phone: string, end: string, password?: string) =>
    app.nobody.post('/auth/sessions', { ...await challenge(app, phone), end, ...(password === undefined ? {} : { password }) })

  t.test('each of the seeded staff signs in at their end', async (t) => {
    for (const [phone, end, roles] of [
      ['13800000001', 'operator', []], ['13800000002', 'notary', ['maker', 'checker']], ['13800000003', 'notary', ['maker', 'checker']],
      ['13800000004', 'bureau', []], ['13800000005', 'adjudicator', ['mediator']], ['13800000006', 'adjudicator', ['arbitrator']]
    ] as const) {
      const { status, body } = await attempt(phone, end, demoPassword)
      t.equal(status, 201, phone)
      t.match(body.user, { end, officeId: /^off_/ })
      t.same([...body.user.roles].sort(), [...roles].sort())
    }
  })

  t.test('staff sign in as consumers by the code alone', async (t) => {
    const { body } = await attempt('13800000002', 'consumer')
    t.same([body.user.end, body.user.officeId], ['consumer', undefined])
  })

  t.test('each sign-in of staff is in the audit log, and no consumer\'s', async (t) => {
    const rows = await asOwner(app, 'select "end", count(*)::int as times from audit_log where operation = \'signIn\' group by "end" order by "end"')
    t.same(rows, [{ end: 'adjudicator', times: 2 }, { end: 'bureau', times: 1 }, { end: 'notary', times: 2 }, { end: 'operator', times: 1 }])
  })

  t.test('a wrong or missing password is refused, and the same code stays good', async (t) => {
    const fresh = await challenge(app, '13800000001')
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'operator' }), { status: 401, body: { code: 'credentials_invalid' } })
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'operator', password: 'Ticun-demo-2' }), { status: 401, body: { code: 'credentials_invalid' } })
    t.equal((await app.nobody.post('/auth/sessions', { ...fresh, end: 'operator', password: demoPassword })).status, 201)
  })

  t.test('five wrong passwords lock sign-in for fifteen minutes, over all challenges', async (t) => {
    for (let i = 0; i < 5; i++) t.equal((await attempt('13800000003', 'notary', `wrong ${i}`)).status, 401)
    const locked = await attempt('13800000003', 'notary', demoPassword)
    t.match(locked, { status: 429, body: { code: 'sign_in_locked', retryAfterSeconds: Number } })
    t.equal(locked.headers['retry-after'], String(locked.body.retryAfterSeconds))
    t.ok(locked.body.retryAfterSeconds > 890 && locked.body.retryAfterSeconds <= 900)
    t.equal((await attempt('13800000003', 'consumer')).status, 201, 'what needs no password is not locked')
    t.equal((await attempt('13800000002', 'notary', demoPassword)).status, 201, 'nor is a colleague')
    await advance(app, 15 * minutes)
    t.equal((await attempt('13800000003', 'notary', demoPassword)).status, 201)
  })

  t.test('a success forgets the failures before it', async (t) => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 4; i++) t.equal((await attempt('13800000004', 'bureau', 'wrong')).status, 401)
      t.equal((await attempt('13800000004', 'bureau', demoPassword)).status, 201)
    }
  })

  t.test('wrong passwords at once are all counted', async (t) => {
    const fresh = await challenge(app, '13800000005')
    await Promise.all(Array.from({ length: 5 }, () => app.nobody.post('/auth/sessions', { ...fresh, end: 'adjudicator', password: 'wrong' })))
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'adjudicator', password: demoPassword }), { status: 429 })
  })

  t.test('the password can be changed, which ends the other sessions', async (t) => {
    const other = await signIn(app, { phone: '13800000006', end: 'adjudicator', password: demoPassword })
    const own = await signIn(app, { phone: '13800000006', end: 'adjudicator', password: demoPassword })
    const [otherToken, ownToken] = [app.as(other.token), app.as(own.token)]
    const newPassword = '另一个很长的口令-2026'
    t.match(await ownToken.put('/me/password', { password: 'wrong', newPassword }), { status: 401, body: { code: 'credentials_invalid' } })
    t.match(await ownToken.put('/me/password', { password: demoPassword, newPassword: 'short' }), { status: 422 })
    t.equal((await ownToken.put('/me/password', { password: demoPassword, newPassword })).status, 204)
    t.equal((await ownToken.get('/me')).status, 200)
    t.match(await otherToken.get('/me'), { status: 401 })
    t.equal((await attempt('13800000006', 'adjudicator', demoPassword)).status, 401)
    t.equal((await attempt('13800000006', 'adjudicator', newPassword)).status, 201)
    const consumer = await newConsumer(app)
    t.match(await consumer.put('/me/password', { password: 'x', newPassword }), { status: 403 })
  })
})

t.test('signing in where one belongs to several places', async (t) => {
  const app = await startApp(t)
  const people = peopleOf(app)
  const phone = newPhone()
  const [pool, gym] = [newId('mer', 1), newId('mer', 1)]
  const personId = await people.add({ phone, end: 'merchant', office: 1, merchantId: pool, roles: ['owner'], placeName: '圣约瀚游泳馆' })

  t.test('the only one is taken', async (t) => {
    t.match(await trySignIn(app, { phone, end: 'merchant' }), { status: 201, body: { user: { id: personId, end: 'merchant', roles: ['owner'], merchantId: pool, officeId: /^off_/ } } })
  })

  t.test('of several one must be named, by the same code', async (t) => {
    await people.add({ phone, end: 'merchant', office: 1, merchantId: gym, roles: ['cashier'], placeName: '长宁健身房' })
    const fresh = await challenge(app, phone)
    const asked = await app.nobody.post('/auth/sessions', { ...fresh, end: 'merchant' })
    t.match(asked, { status: 422, body: { code: 'choose_membership', memberships: [{ officeId: /^off_/, merchantId: pool, name: '圣约瀚游泳馆' }, { officeId: /^off_/, merchantId: gym, name: '长宁健身房' }] } })
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'merchant', merchantId: newId('mer', 1) }), { status: 403, body: { code: 'forbidden' } })
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'merchant', officeId: newId('off', 2) }), { status: 403, body: { code: 'forbidden' } })
    t.match(await app.nobody.post('/auth/sessions', { ...fresh, end: 'merchant', merchantId: gym }), { status: 201, body: { user: { merchantId: gym, roles: ['cashier'] } } })
  })

  t.test('more roles at the same place are added, and a place that ended begins anew', async (t) => {
    await people.add({ phone, end: 'merchant', office: 1, merchantId: gym, roles: ['owner'] })
    t.match((await trySignIn(app, { phone, end: 'merchant', merchantId: gym })).body.user.roles, ['cashier', 'owner'])
    await people.end(personId, { end: 'merchant', office: 1, merchantId: gym })
    t.match(await trySignIn(app, { phone, end: 'merchant', merchantId: gym }), { status: 403 })
    await t.rejects(people.end(personId, { end: 'merchant', office: 1, merchantId: gym }), { code: 'not_found' })
    await people.add({ phone, end: 'merchant', office: 1, merchantId: gym, roles: ['cashier'] })
    t.match((await trySignIn(app, { phone, end: 'merchant', merchantId: gym })).body.user.roles, ['cashier'])
  })

  t.test('whoever leaves is out at once, there and nowhere else', async (t) => {
    const there = app.as((await signIn(app, { phone, end: 'merchant', merchantId: gym })).token)
    const elsewhere = app.as((await signIn(app, { phone, end: 'merchant', merchantId: pool })).token)
    await people.end(personId, { end: 'merchant', office: 1, merchantId: gym })
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.match(await there.get('/me'), { status: 401 })
    t.match(await elsewhere.get('/me'), { status: 200, body: { merchantId: pool } })
  })
})

t.test('sessions', async (t) => {
  const app = await startApp(t)
  const begin = async () => (await trySignIn(app, { phone: newPhone(), end: 'consumer' })).body
  const refresh = (refreshToken: string, headers?: Record<string, string>) => app.nobody.post('/auth/sessions/refresh', { refreshToken }, { key: false, ...(headers ? { headers } : {}) })

  t.test('a refresh token gives the next pair', async (t) => {
    const first = await begin()
    const second = await refresh(first.refreshToken)
    t.match(second, { status: 200, body: { accessToken: String, refreshToken: String, expiresIn: 900 } })
    t.not(second.body.refreshToken, first.refreshToken)
    t.equal((await app.as(second.body.accessToken).get('/me')).body.id, first.user.id)
    t.equal((await refresh(second.body.refreshToken)).status, 200)
  })

  t.test('a refresh token used again ends the whole session', async (t) => {
    const first = await begin()
    const second = (await refresh(first.refreshToken)).body
    t.match(await refresh(first.refreshToken), { status: 401, body: { code: 'unauthenticated' } })
    t.match(await refresh(second.refreshToken), { status: 401, body: { code: 'unauthenticated' } })
    for (const { accessToken } of [first, second]) t.match(await app.as(accessToken).get('/me'), { status: 401 })
    const [{ because } = {}] = await asOwner(app, 'select revoked_because as because from sessions where revoked_at is not null')
    t.equal(because, 'refresh token used again')
  })

  t.test('of one refresh token used twice at once, at most one pair lives, and then none', async (t) => {
    const { refreshToken } = await begin()
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)])
    t.same(answers.map(({ status }) => status).sort(), [200, 401])
    const { body } = answers.find(({ status }) => status === 200)!
    t.equal((await refresh(body.refreshToken)).status, 401)
  })

  t.test('an access token that has expired does not stand in the way of a refresh', async (t) => {
    const { accessToken, refreshToken } = await begin()
    await advance(app, 15 * minutes)
    t.match(await app.as(accessToken).get('/me'), { status: 401, body: { code: 'unauthenticated' } })
    t.equal((await refresh(refreshToken, { authorization: `Bearer ${accessToken}` })).status, 200)
  })

  t.test('a refresh token lives thirty days by the clock', async (t) => {
    const [a, b] = [await begin(), await begin()]
    await advance(app, 30 * days - 60)
    t.equal((await refresh(a.refreshToken)).status, 200)
    await advance(app, 60)
    t.match(await refresh(b.refreshToken), { status: 401, body: { code: 'unauthenticated' } })
  })

  t.test('an invented refresh token is refused, and harms nobody', async (t) => {
    const { accessToken, refreshToken } = await begin()
    const forged = Buffer.from(refreshToken, 'base64url')
    forged[30] = (forged[30] as number) ^ 1
    for (const token of [forged.toString('base64url'), 'x', accessToken]) t.match(await refresh(token), { status: 401, body: { code: 'unauthenticated' } })
    t.equal((await app.nobody.post('/auth/sessions/refresh', {})).status, 422)
    t.equal((await app.as(accessToken).get('/me')).status, 200)
    t.equal((await refresh(refreshToken)).status, 200)
  })

  t.test('only the hash of a refresh token is kept', async (t) => {
    const { refreshToken } = await begin()
    const rows = await asOwner(app, 'select sessions::text as whole from sessions')
    t.notOk(rows.some(({ whole }) => whole.includes(refreshToken) || whole.includes(Buffer.from(refreshToken, 'base64url').toString('hex'))))
  })

  t.test('signing out ends both tokens at once', async (t) => {
    const { accessToken, refreshToken } = await begin()
    t.match(await app.as(accessToken).delete('/auth/sessions/current'), { status: 204, body: '' })
    t.match(await app.as(accessToken).get('/me'), { status: 401 })
    t.match(await app.as(accessToken).delete('/auth/sessions/current'), { status: 401 })
    t.match(await refresh(refreshToken), { status: 401 })
    t.match(await app.nobody.delete('/auth/sessions/current'), { status: 401 })
  })

  t.test('a refresh gives the roles of today, and none to who has left', async (t) => {
    const people = peopleOf(app)
    const phone = newPhone()
    const place = { end: 'notary', office: 1 } as const
    const personId = await people.add({ phone, ...place, roles: ['maker'] })
    await asOwner(app, 'update people set password_hash = (select password_hash from people where password_hash is not null limit 1) where id = $1', [uuidOf(personId)])
    const first = await trySignIn(app, { phone, end: 'notary', password: demoPassword })
    await people.add({ phone, ...place, roles: ['checker'] })
    const second = await refresh(first.body.refreshToken)
    t.same((await app.as(second.body.accessToken).get('/me')).body.roles, ['checker', 'maker'])
    await asOwner(app, 'update memberships set ended_at = created_at where person_id = $1', [uuidOf(personId)])
    t.equal((await refresh(second.body.refreshToken)).status, 401)
    t.match(await app.as(second.body.accessToken).get('/me'), { status: 401 })
  })

  t.test('another process hears of an end, and one that starts later knows', async (t) => {
    const start = async () => {
      const other = await createApp({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' }) })
      t.teardown(() => other.close())
      return (token: string) => other.app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${token}` } })
    }
    const running = await start()
    const { accessToken } = await begin()
    t.equal((await running(accessToken)).statusCode, 200)
    await app.as(accessToken).delete('/auth/sessions/current')
    await new Promise((resolve) => setTimeout(resolve, 200))
    t.equal((await running(accessToken)).statusCode, 401)
    const later = await start()
    t.equal((await later(accessToken)).statusCode, 401)
    t.equal((await asOwner(app, 'select 1 from offices')).length, 1, 'and the seed stays one')
  })
})

t.test('access tokens', async (t) => {
  const app = await startApp(t)
  const person = await signIn(app, { phone: newPhone(), end: 'consumer' })
  const token = person.token as string
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const own = createPrivateKey(tokenKeysOf(deriveKey(sandboxConfig.secret, 'token signing')).privatePem)
  const signed = (head: object, body: object, key = own) => `${encode(head)}.${encode(body)}.${signBytes(null, Buffer.from(`${encode(head)}.${encode(body)}`), key).toString('base64url')}`
  const eddsa = { alg: 'EdDSA', typ: 'JWT' }

  t.test('they say who, where and until when, signed by a key that is published', async (t) => {
    const { body, headers } = await app.nobody.get('/.well-known/jwks.json')
    t.match(body, { keys: [{ kty: 'OKP', crv: 'Ed25519', x: /^[\w-]{43}$/, alg: 'EdDSA', use: 'sig', kid: String }] })
    t.notOk('d' in body.keys[0])
    t.match(headers['content-type'], /json/)
    t.match(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'EdDSA', kid: body.keys[0].kid })
    t.match(claims, { sub: person.userId, end: 'consumer', roles: [], sid: /^ses_/, iss: 'ticun' })
    t.equal(claims.exp - claims.iat, 900)
    t.same(Object.keys(claims).sort(), ['end', 'exp', 'iat', 'iss', 'roles', 'sid', 'sub'], 'and nothing personal')
  })

  t.test('one made by the same key is good, so the refusals below are for their own reasons', async (t) => {
    t.equal((await app.as(signed(eddsa, claims)).get('/me')).status, 200)
  })

  const refusals = [
    { when: 'it is not signed (alg none)', token: `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.` },
    { when: 'it says alg none over a signature', token: `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.${signature}` },
    { when: 'it is signed by another key', token: signed(eddsa, claims, generateKeyPairSync('ed25519').privateKey) },
    { when: 'it is an HMAC with the public key', token: `${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}.${signature}` },
    { when: 'its claims were changed', token: `${header}.${encode({ ...claims, end: 'notary' })}.${signature}` },
    { when: 'it has expired', token: signed(eddsa, { ...claims, exp: claims.iat - 1 }) },
    { when: 'it is another issuer\'s', token: signed(eddsa, { ...claims, iss: 'other' }) },
    { when: 'it is rubbish', token: 'rubbish' }
  ]
  for (const { when, token } of refusals) {
    t.test(`one is refused when ${when}`, async (t) => {
      const answer = await app.as(token).get('/me')
      t.match(answer, { status: 401, body: { code: 'unauthenticated' }, headers: { 'www-authenticate': 'Bearer' } })
    })
  }

  t.test('without one there is no caller', async (t) => {
    t.match(await app.nobody.get('/me'), { status: 401, body: { code: 'unauthenticated' } })
  })

  t.test('one expires after fifteen minutes by the clock', async (t) => {
    await advance(app, 899 - 30)
    t.equal((await app.as(token).get('/me')).status, 200)
    await advance(app, 31)
    t.equal((await app.as(token).get('/me')).status, 401)
  })
})

t.test('one\'s own identity', async (t) => {
  const app = await startApp(t)

  t.test('it is shown masked, and null before it is set', async (t) => {
    const person = await signIn(app, { phone: '13912345678', end: 'consumer' })
    t.match(await person.get('/me'), { status: 200, body: { id: person.userId, end: 'consumer', roles: [], phone: '139****5678', legalName: null, idNumber: null, identityVerified: false } })
    const set = await person.put('/me/identity', { legalName: ' 张三 ', idNumber: '11010519491231002x' })
    t.match(set, { status: 200, body: { phone: '139****5678', legalName: '张*', idNumber: '110***********002X', identityVerified: true } })
    t.same((await person.get('/me')).body, set.body)
    const [row] = await asOwner(app, 'select *, people::text as whole from people where id = $1', [uuidOf(person.userId)])
    for (const text of ['13912345678', '张三', '11010519491231002X']) t.notOk(row!.whole.includes(text), 'sealed at rest')
    t.equal((row!.id_number_index as Buffer).length, 32)
  })

  t.test('the same number may be given again with another name, another number not', async (t) => {
    const consumer = await newConsumer(app)
    t.match(await consumer.put('/me/identity', { legalName: '李四', idNumber: consumer.idNumber }), { status: 200, body: { legalName: '李*' } })
    t.match(await consumer.put('/me/identity', { legalName: '李四', idNumber: newIdNumber() }), { status: 409, body: { code: 'wrong_state', state: 'identity_set' } })
  })

  t.test('two phones of one person have one index', async (t) => {
    const idNumber = newIdNumber()
    const [a, b] = [await newConsumer(app, { idNumber }), await newConsumer(app, { idNumber })]
    const rows = await asOwner(app, 'select distinct id_number_index from people where id = any($1)', [[a, b].map(({ userId }) => uuidOf(userId))])
    t.equal(rows.length, 1)
  })

  t.test('staff see theirs too', async (t) => {
    t.match((await (await operator(app)).get('/me')).body, { end: 'operator', phone: '138****0001', officeId: /^off_/, identityVerified: false })
    t.match(await (await bureau(app)).put('/me/identity', { legalName: '王五', idNumber: newIdNumber() }), { status: 200, body: { legalName: '王*' } })
  })

  const consumer = await signIn(app, { phone: newPhone(), end: 'consumer' })
  const refusals = [
    { when: 'the check character is wrong', body: { legalName: '张三', idNumber: '110105194912310021' }, path: 'idNumber' },
    { when: 'the birth date does not exist', body: { legalName: '张三', idNumber: '11010519490230002X' }, path: 'idNumber' },
    { when: 'the birth date is yet to come', body: { legalName: '张三', idNumber: '110105209912310021'.slice(0, 17) + '2' }, path: 'idNumber' },
    { when: 'the number has 15 digits', body: { legalName: '张三', idNumber: '110105491231002' }, path: 'idNumber' },
    { when: 'the number is missing', body: { legalName: '张三' }, path: 'idNumber' },
    { when: 'the name is missing', body: { idNumber: '11010519491231002X' }, path: 'legalName' },
    { when: 'the name is blank', body: { legalName: ' ', idNumber: '11010519491231002X' }, path: 'legalName' }
  ]
  for (const { when, body, path } of refusals) {
    t.test(`it is refused when ${when}`, async (t) => {
      t.match(await consumer.put('/me/identity', body), { status: 422, body: { code: 'validation_failed', errors: [{ path }] } })
    })
  }
})

t.test('what the database gives to each role', async (t) => {
  const app = await startApp(t)
  const [a, b] = [await newConsumer(app), await newConsumer(app)]
  const pool = createPool({ connectionString: app.database.serviceUrl, isCluster: app.database.isCluster, max: 2, onError: () => undefined })
  t.teardown(() => pool.end())

  const asRole = async (role: string, personId: string, sql: string) => {
    const client = await pool.connect()
    try {
      await client.query(`begin; set local role ticun_${role}; set local ticun.office = '1'; set local ticun.person = '${uuidOf(personId)}'`)
      return (await client.query(sql)).rows
    } catch (error) {
      return (error as pg.DatabaseError).code
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  const permissionDenied = '42501'
  for (const role of ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator']) {
    t.test(`a ${role} sees no person but the caller, and no challenge or session at all`, async (t) => {
      t.match(await asRole(role, b.userId, 'select id from people'), [{ id: uuidOf(b.userId) }])
      t.same(await asRole(role, b.userId, `select id from people where id = '${uuidOf(a.userId)}'`), [])
      t.equal(await asRole(role, b.userId, `update people set name_sealed = 'x' where id = '${uuidOf(b.userId)}'`), permissionDenied)
      for (const table of ['challenges', 'sessions']) t.equal(await asRole(role, a.userId, `select * from ${table}`), permissionDenied)
      t.equal(await asRole(role, a.userId, 'update memberships set roles = \'{}\''), permissionDenied)
    })
  }

  t.test('who belongs to an office is for its notaries and operators to see', async (t) => {
    t.same(await asRole('consumer', a.userId, 'select 1 from memberships'), [])
    t.same(await asRole('bureau', a.userId, 'select 1 from memberships'), [])
    t.equal((await asRole('notary', a.userId, 'select 1 from memberships') as unknown[]).length >= 6, true)
    t.equal(await asRole('anyone', a.userId, 'select 1 from memberships'), permissionDenied)
    t.equal(await asRole('redeemer', a.userId, 'select 1 from people'), permissionDenied)
  })
})
