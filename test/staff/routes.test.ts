import t from 'tap'
import { startApp, type Api, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { auditAdministrator, bureau, checker, codeFor, demoPassword, maker, newConsumer, newPhone, operator, securityAdministrator, signIn, systemAdministrator, totpAt, trySignIn } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asOwner, asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(180_000)


/** Enrols an authenticator application for somebody of the seeded staff. */
const enrol = async (app: TestApp, person: Api) => {
  const { body: { secret } } = expectStatus(await person.post('/me/second-factor', { password: demoPassword }), 201)
  const { body: { recoveryCodes } } = expectStatus(await person.post('/me/second-factor/confirm', { code: await totpAt(app, secret) }), 200)
  return { secret, recoveryCodes } as { secret: string; recoveryCodes: string[] }
}

t.test('the people behind the service', async (t) => {
  const app = await startApp(t)
  const [system, security, audit] = [await systemAdministrator(app), await securityAdministrator(app), await auditAdministrator(app)]
  const officeId = (await maker(app)).user.officeId as string

  const memberOf = async (phone: string, end: string): Promise<any> =>
    (await security.get('/staff?limit=100')).body.items.find((one: any) => one.phone === `${phone.slice(0, 3)}****${phone.slice(-4)}` && one.end === end)

  /** Proposed by the one administrator, let in by the other. @returns their phone and one-time password */
  const hire = async (body: object) => {
    const phone = newPhone()
    const { body: { id } } = expectStatus(await system.post('/staff-proposals', { phone, name: '新同事', ...body }), 201)
    return { phone, id, oneTimePassword: expectStatus(await security.post(`/staff-proposals/${id}/confirm`), 200).body.oneTimePassword as string }
  }

  t.test('the staff are listed, masked, to administrators alone', async (t) => {
    const { status, body } = await system.get('/staff?limit=100')
    t.equal(status, 200)
    t.same(body.items.map(({ phone }: any) => phone).sort(), Array.from({ length: 9 }, (_, i) => `138****000${i + 1}`))
    t.match(body.items.find(({ phone }: any) => phone === '138****0002'), { end: 'notary', officeId, roles: ['maker', 'checker'], name: '公证员甲', secondFactor: 'sms', lockedUntil: null })
    for (const person of [await operator(app), await bureau(app), await maker(app)]) t.match(await person.get('/staff'), { status: 403, body: { code: 'forbidden' } })
    t.equal((await audit.get('/staff?limit=2')).body.items.length, 2)
  })

  t.test('one administrator proposes, another lets in; the new colleague works until the place is ended', async (t) => {
    const { phone, id, oneTimePassword } = await hire({ end: 'notary', officeId, roles: ['maker'] })
    t.ok(oneTimePassword.length > 20)
    t.match(await security.post(`/staff-proposals/${id}/confirm`), { status: 409, body: { code: 'wrong_state' } })
    const notary = await signIn(app, { phone, end: 'notary', password: oneTimePassword })
    t.match(await notary.get('/me'), { status: 200, body: { roles: ['maker'], passwordExpiresAt: String } })
    t.equal((await notary.get('/settlements')).status, 200)

    const { id: membership } = await memberOf(phone, 'notary')
    t.equal((await app.as(security.token).delete(`/staff/${membership}`)).status, 204)
    t.match(await app.as(notary.token).get('/me'), { status: 401 }, 'at once')
    t.equal((await trySignIn(app, { phone, end: 'notary', password: oneTimePassword })).status, 403)
    t.match(await security.delete(`/staff/${membership}`), { status: 404 })
    t.match((await system.get('/staff-proposals')).body.items[0], { id, status: 'confirmed', phone: `137****${phone.slice(-4)}`, decidedBy: security.userId })
  })

  t.test('each administrator does their own part, and none does business', async (t) => {
    const phone = newPhone()
    const body = { phone, name: '某人', end: 'operator' }
    for (const who of [security, audit]) t.match(await who.post('/staff-proposals', body), { status: 403 })
    const { body: { id } } = await system.post('/staff-proposals', body)
    for (const who of [system, audit]) {
      t.match(await who.post(`/staff-proposals/${id}/confirm`), { status: 403 })
      t.match(await who.get('/sign-ins'), { status: 403 })
    }
    t.match(await security.post(`/staff-proposals/${id}/refuse`, { reason: '编制已满' }), { status: 200, body: { status: 'refused', reason: '编制已满' } })
    for (const who of [system, security]) for (const path of ['/access-log', '/access-log/verification']) t.match(await who.get(path), { status: 403 }, path)
    for (const who of [system, security, audit]) {
      for (const path of ['/settlements', '/contracts', '/refunds', '/disputes', '/audit/overview', '/audit/journal?format=csv']) t.match(await who.get(path), { status: 403 }, path)
      t.match(await who.post('/settlements', {}), { status: 403 })
    }
    const { id: own } = await memberOf('13800000008', 'administrator')
    for (const path of [`/staff/${own}/unlock`, `/staff/${own}/password-reset`, `/staff/${own}/second-factor-reset`]) t.match(await security.post(path), { status: 403, body: { code: 'same_person' } })
    t.match(await security.delete(`/staff/${own}`), { status: 403, body: { code: 'same_person' } })
  })

  t.test('nobody is two administrators, or one beside other work', async (t) => {
    const propose = async (phone: string, end: string, more: object = {}) => {
      const { body: { id } } = expectStatus(await system.post('/staff-proposals', { phone, name: '某人', end, ...more }), 201)
      return security.post(`/staff-proposals/${id}/confirm`)
    }
    t.match(await propose('13800000007', 'administrator', { roles: ['audit'] }), { status: 409, body: { code: 'duties_apart' } })
    t.match(await propose('13800000009', 'notary', { officeId, roles: ['maker'] }), { status: 409, body: { code: 'duties_apart' } })
    t.match(await propose('13800000001', 'administrator', { roles: ['system'] }), { status: 409, body: { code: 'duties_apart' } })
    for (const [end, more] of [['administrator', { roles: [] }], ['administrator', { roles: ['system', 'audit'] }], ['administrator', { roles: ['maker'] }], ['administrator', { roles: ['audit'], officeId }], ['notary', { roles: ['maker'] }], ['operator', { roles: ['maker'] }]] as const) {
      t.match(await system.post('/staff-proposals', { phone: newPhone(), name: '某人', end, ...more }), { status: 422, body: { code: 'validation_failed' } }, `${end} ${JSON.stringify(more)}`)
    }
    t.match(await propose('13800000007', 'administrator', { roles: ['system'] }), { status: 200, body: { oneTimePassword: null } }, 'the same duty once more is the same')
    t.same((await memberOf('13800000007', 'administrator')).roles, ['system'])
    await t.rejects(asOwner(app, "update memberships set roles = '{system,audit}' where \"end\" = 'administrator'"), /memberships_one_duty/, 'the database refuses it too')
  })

  t.test('an authenticator application takes the SMS code\'s place', async (t) => {
    const [phone, password, end] = ['13800000005', demoPassword, 'adjudicator']
    const adjudicator = await signIn(app, { phone, end, password })
    const other = await signIn(app, { phone, end, password })
    t.match(await adjudicator.get('/me/second-factor'), { body: { totp: 'none', recoveryCodesLeft: 0 } })
    t.match(await adjudicator.post('/me/second-factor', { password: 'wrong' }), { status: 401, body: { code: 'credentials_invalid' } })
    const { body: { secret, uri } } = await adjudicator.post('/me/second-factor', { password })
    t.match(uri, /^otpauth:\/\/totp\/Ticun:138.+0005\?issuer=Ticun&secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30$/)
    t.equal((await trySignIn(app, { phone, end, password })).status, 201, 'not before it is confirmed')
    t.match(await adjudicator.post('/me/second-factor/confirm', { code: '000000' }), { status: 422, body: { code: 'code_invalid' } })
    const { body: { recoveryCodes } } = expectStatus(await adjudicator.post('/me/second-factor/confirm', { code: await totpAt(app, secret) }), 200)
    t.equal(recoveryCodes.length, 10)
    t.match(await app.as(other.token).get('/me'), { status: 401 }, 'other sessions end')
    t.match(await adjudicator.get('/me/second-factor'), { body: { totp: 'active', recoveryCodesLeft: 10 } })

    const attempt = async (code: string, given: string = password) => {
      const { body: { challengeId } } = await app.nobody.post('/auth/challenges', { phone, purpose: 'login' })
      return app.nobody.post('/auth/sessions', { challengeId, code, end, password: given })
    }
    t.match(await trySignIn(app, { phone, end, password }), { status: 422, body: { code: 'code_invalid' } }, 'the SMS code does not count any more')
    t.match(await attempt(await totpAt(app, secret)), { status: 422, body: { code: 'code_invalid' } }, 'the code it was confirmed by was used')
    const next = await totpAt(app, secret, 1)
    t.match(await attempt(next, 'wrong'), { status: 401 }, 'the password is asked for too, and a wrong one leaves the code')
    t.equal((await attempt(next)).status, 201)
    t.match(await attempt(next), { status: 422, body: { code: 'code_invalid' } }, 'a code is taken once')
    t.match(await attempt(await totpAt(app, secret)), { status: 422 }, 'and none of an earlier step after it')
    await advance(app, 60)
    t.equal((await attempt(await totpAt(app, secret))).status, 201)
    t.equal((await attempt(recoveryCodes[0])).status, 201, 'a recovery code')
    t.match(await attempt(recoveryCodes[0]), { status: 422 }, 'once')
    t.equal((await trySignIn(app, { phone, end: 'consumer' })).status, 201, 'a consumer signs in as ever')

    for (let i = 0; i < 10; i++) await attempt('123456')
    await advance(app, 60)
    t.match(await attempt(await totpAt(app, secret)), { status: 422 }, 'ten wrong codes over any challenges lock it')
    t.match((await security.get('/sign-ins?unusual=true&limit=3')).body.items[0], { outcome: 'locked', end })
    const { id: membership } = await memberOf(phone, end)
    t.equal((await security.post(`/staff/${membership}/unlock`)).status, 200)
    t.equal((await attempt(await totpAt(app, secret))).status, 201)

    t.match(await security.post(`/staff/${membership}/second-factor-reset`), { status: 200, body: { secondFactor: 'sms' } })
    t.match(await security.post(`/staff/${membership}/second-factor-reset`), { status: 404 })
    t.equal((await trySignIn(app, { phone, end, password })).status, 201, 'a lost one is taken away by the security administrator')
    const { body: { oneTimePassword } } = expectStatus(await security.post(`/staff/${membership}/password-reset`), 200)
    t.equal((await trySignIn(app, { phone, end, password })).status, 401)
    t.equal((await trySignIn(app, { phone, end, password: oneTimePassword })).status, 201)

    const [kept] = await asOwner(app, "select string_agg(secret_sealed, ' ') as secrets from second_factors")
    t.notMatch(kept.secrets ?? '', new RegExp(secret), 'the secret is kept sealed')
  })

  t.test('whoever enrolled one replaces or removes it by its code', async (t) => {
    const password = demoPassword
    const person = await signIn(app, { phone: '13800000006', end: 'adjudicator', password })
    const begin = (code?: string) => person.post('/me/second-factor', { password, ...(code ? { code } : {}) })
    const { body: { secret } } = await begin()
    const { body: { recoveryCodes } } = expectStatus(await person.post('/me/second-factor/confirm', { code: await totpAt(app, secret) }), 200)
    t.match(await begin(), { status: 422, body: { code: 'code_invalid' } }, 'a stolen session is not enough')
    t.match(await person.post('/me/second-factor/remove', { code: '000000' }), { status: 422 })
    const { body: { recoveryCodes: anew } } = expectStatus(await person.post('/me/second-factor/recovery-codes', { code: recoveryCodes[3] }), 200)
    t.match(await person.post('/me/second-factor/remove', { code: recoveryCodes[4] }), { status: 422 }, 'the earlier codes are gone')
    t.match(await person.post('/me/second-factor/remove', { code: anew[0] }), { status: 200, body: { totp: 'none' } })
    t.match(await person.post('/me/second-factor/remove', { code: anew[1] }), { status: 409, body: { code: 'wrong_state' } })
    const consumer = await newConsumer(app)
    t.match(await consumer.post('/me/second-factor', { password: 'x' }), { status: 403 })
  })

  t.test('acts on money need a fresh proof: of those who enrolled in the sandbox, of everybody by the rule of production', async (t) => {
    const shop = await newShop(app)
    const consumer = await newConsumer(app)
    const productId = await listProduct(app, shop)
    const asked = async (): Promise<string> => {
      const contractId = await buy(app, consumer, productId)
      const { body: { id: quoteId } } = expectStatus(await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' }), 201)
      return expectStatus(await consumer.post(`/contracts/${contractId}/refunds`, { quoteId }), 201).body.id
    }
    const [first, second, third] = [await asked(), await asked(), await asked()]
    /** Keeps a session alive over time, as a browser does. */
    const long = async (phone: string, password: string) => {
      const { body: { accessToken, refreshToken } } = expectStatus(await trySignIn(app, { phone, end: 'notary', password }), 201)
      let current = { accessToken, refreshToken }
      return {
        later: async (seconds: number) => {
          await advance(app, seconds)
          const { body } = expectStatus(await app.nobody.post('/auth/sessions/refresh', { refreshToken: current.refreshToken }), 200)
          current = body
        },
        api: () => app.as(current.accessToken)
      }
    }

    const plain = await long('13800000003', demoPassword)
    await plain.later(16 * 60)
    t.equal((await plain.api().post(`/refunds/${first}/approve`)).status, 200, 'in the sandbox nothing more is asked of an account without a second factor of its own')

    const enrolled = await long('13800000002', demoPassword)
    const { secret, recoveryCodes } = await enrol(app, enrolled.api())
    await enrolled.later(14 * 60)
    await enrolled.later(2 * 60)
    const key = 'step-up-1'
    t.match(await enrolled.api().post(`/refunds/${second}/approve`, {}, { key }), { status: 403, body: { code: 'step_up_required', minutes: 15 } })
    t.match(await enrolled.api().get(`/refunds/${second}`), { status: 200, body: { status: 'awaiting_approval' } })
    t.match(await enrolled.api().post('/auth/step-up', { code: '000000' }), { status: 422, body: { code: 'code_invalid' } })
    t.match(await enrolled.api().post('/auth/step-up', { code: await totpAt(app, secret) }), { status: 200, body: { freshUntil: String } })
    t.equal((await enrolled.api().post(`/refunds/${second}/approve`, {}, { key })).status, 200, 'with the same key')
    expectStatus(await enrolled.api().post('/me/second-factor/remove', { code: recoveryCodes[0] }), 200)

    // An administrator belongs to no office: the rule of production holds.
    const { body: signedIn } = expectStatus(await trySignIn(app, { phone: '13800000008', end: 'administrator', password: demoPassword }), 201)
    await advance(app, 16 * 60)
    const { body: renewed } = expectStatus(await app.nobody.post('/auth/sessions/refresh', { refreshToken: signedIn.refreshToken }), 200)
    const late = app.as(renewed.accessToken)
    const { id: membership } = (await late.get('/staff?limit=100')).body.items.find((one: any) => one.phone === '138****0005')
    t.match(await late.post(`/staff/${membership}/password-reset`), { status: 403, body: { code: 'step_up_required' } })
    const { body: { challengeId } } = expectStatus(await late.post('/auth/challenges', { phone: '13800000008', purpose: 'step_up' }), 201)
    const code = await codeFor(app, '13800000008')
    t.match(await (await systemAdministrator(app)).post('/auth/step-up', { challengeId, code }), { status: 422 }, 'a code is its owner\'s')
    t.equal((await late.post('/auth/step-up', { code })).status, 422, 'and names its challenge')
    t.equal((await late.post('/auth/step-up', { challengeId, code })).status, 200)
    t.equal((await late.post(`/staff/${membership}/unlock`)).status, 200)
    t.match(await consumer.post('/auth/challenges', { phone: consumer.phone, purpose: 'step_up' }), { status: 403 })
    t.match(await app.nobody.post('/auth/challenges', { phone: newPhone(), purpose: 'step_up' }), { status: 401 })
    t.equal((await (await checker(app)).post(`/refunds/${third}/approve`)).status, 200)
  })

  t.test('a session of the staff that nobody uses ends, by the rule of production after half an hour', async (t) => {
    const begin = async () => expectStatus(await trySignIn(app, { phone: '13800000009', end: 'administrator', password: demoPassword }), 201).body.refreshToken as string
    const [used, idle] = [await begin(), await begin()]
    await advance(app, 29 * 60)
    const { body: { refreshToken } } = expectStatus(await app.nobody.post('/auth/sessions/refresh', { refreshToken: used }), 200)
    await advance(app, 2 * 60)
    t.match(await app.nobody.post('/auth/sessions/refresh', { refreshToken: idle }), { status: 401 })
    t.equal((await app.nobody.post('/auth/sessions/refresh', { refreshToken })).status, 200)
  })

  t.test('a password that is weak is refused, and says why', async (t) => {
    const [phone, password] = ['13800000004', demoPassword]
    const person = await signIn(app, { phone, end: 'bureau', password })
    for (const [newPassword, says] of [
      ['Password1234!', /well-known/], ['abcdefghijkl', /must mix 3/], ['Qwertyuiop12', /well-known/], [password, /in use/], [phone + phone, /well-known/]
    ] as const) {
      const { status, body } = await person.put('/me/password', { password, newPassword }, { headers: { 'accept-language': 'en' } })
      t.equal(status, 422, newPassword)
      t.match(body.errors.map(({ message }: any) => message).join(' '), says, newPassword)
    }
    t.equal((await person.put('/me/password', { password, newPassword: 'glacier tortoise unwinds quietly' })).status, 204, 'a long one needs no signs and digits')
    const { body: { passwordExpiresAt } } = await person.get('/me')
    const now = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    t.ok(Math.abs(Date.parse(passwordExpiresAt) - now - 180 * 86_400_000) < 60_000, 'it is changed within 180 days')
  })

  t.test('sign-ins are told to the person, and unusual ones to the security administrator', async (t) => {
    const { phone, oneTimePassword: password } = await hire({ end: 'operator' })
    const attempt = async (device: string, given = password) => {
      const { body: { challengeId } } = await app.nobody.post('/auth/challenges', { phone, purpose: 'login' })
      return app.nobody.post('/auth/sessions', { challengeId, code: await codeFor(app, phone), end: 'operator', password: given }, { headers: { 'user-agent': device } })
    }
    const first = expectStatus(await attempt('Firefox/140'), 201)
    const person = app.as(first.body.accessToken)
    expectStatus(await attempt('Firefox/140'), 201)
    expectStatus(await attempt('curl/8'), 201)
    t.equal((await attempt('curl/8', 'wrong')).status, 401)
    const { body: { items } } = await person.get('/me/sign-ins')
    t.same(items.map(({ outcome, unusual, device }: any) => [outcome, unusual, device]), [
      ['wrong_password', [], 'curl/8'], ['signed_in', ['new_device'], 'curl/8'], ['signed_in', [], 'Firefox/140'], ['signed_in', [], 'Firefox/140']
    ])
    const seen = (await security.get(`/sign-ins?unusual=true&personId=${first.body.user.id}`)).body.items
    t.same(seen.map(({ outcome }: any) => outcome), ['wrong_password', 'signed_in'])
    t.same((await (await newConsumer(app)).get(`/me/sign-ins?personId=${first.body.user.id}`)).body.items.length, 1, 'nobody sees another\'s')
    const sql = 'select count(*)::int as n from sign_ins where person_id <> $1'
    t.match(await asRole(app, 'notary', { person: first.body.user.id }, sql.replace('$1', "'00000000-0000-0000-0000-000000000000'")), [{ n: 4 }])
  })

  t.test('what the staff did is in a log that nobody can change, and the audit administrator reads', async (t) => {
    await app.runDue()
    const { body: { items } } = expectStatus(await audit.get('/access-log?operation=confirmStaff'), 200)
    t.ok(items.length >= 2 && items.every(({ personId, end }: any) => personId === security.userId && end === 'administrator'))
    t.ok((await audit.get(`/access-log?officeId=${officeId}&operation=approveRefund`)).body.items.length >= 3)
    t.match((await audit.get('/access-log?limit=1')).body.items[0], { operation: 'listAccessLog', personId: audit.userId }, 'reading it is in it too')
    t.match(await audit.get('/access-log/verification'), { status: 200, body: { isIntact: true, brokenPosition: null, unlinked: 0, head: /^[0-9a-f]{64}$/ } })
    t.match(await audit.get(`/access-log/verification?officeId=${officeId}`), { body: { isIntact: true } })

    for (const role of ['administrator', 'auditor', 'notary', 'operator', 'worker', 'identity'] as const) {
      for (const sql of ['update audit_log set operation = operation', 'delete from audit_log', 'delete from audit_chain', "update audit_chain set hash = '\\x00'"]) await t.rejects(asRole(app, role, { office: 0 }, sql), /permission denied/, `${role}: ${sql}`)
    }
    for (const role of ['administrator', 'notary', 'operator', 'bureau'] as const) await t.rejects(asRole(app, role, {}, 'select 1 from audit_log'), /permission denied/, role)
    for (const sql of ['select 1 from contracts', 'select 1 from people', 'select 1 from entries']) await t.rejects(asRole(app, 'auditor', {}, sql), /permission denied/, sql)
    for (const sql of ['select 1 from contracts', 'select 1 from entries', 'select 1 from settlements']) await t.rejects(asRole(app, 'administrator', {}, sql), /permission denied/, sql)

    // Whoever owns the database can, and is found out.
    const [row] = await asOwner(app, 'select id, operation from audit_log where office_id = 0 order by id offset 3 limit 1')
    await asOwner(app, "update audit_log set operation = 'nothing' where id = $1", [row.id])
    t.match(await audit.get('/access-log/verification'), { body: { isIntact: false, brokenPosition: Number } }, 'a row that was changed')
    await asOwner(app, 'update audit_log set operation = $2 where id = $1', [row.id, row.operation])
    t.match(await audit.get('/access-log/verification'), { body: { isIntact: true } })
    const [last] = await asOwner(app, 'select l.* from audit_log l join audit_chain c on c.office_id = l.office_id and c.entry_id = l.id where l.office_id = 0 order by c.position desc limit 1')
    await asOwner(app, 'delete from audit_log where id = $1', [last.id])
    t.match(await audit.get('/access-log/verification'), { body: { isIntact: false, brokenPosition: Number } }, 'a row that was taken away')

    await advance(app, 86_400)
    await newShop(app)
    await app.runDue()
    const sealed = await asOwner(app, "select entry::jsonb -> 'payload' as payload from evidence_entries where fact = 'access-log-sealed'")
    t.match(sealed[0]?.payload, { entries: Number, head: /^[0-9a-f]{64}$/, platformHead: /^[0-9a-f]{64}$/ }, 'the evidence log took the head of yesterday')
  })
})
