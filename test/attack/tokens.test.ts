import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import t from 'tap'
import { tokenKeysOf } from '../../src/app.js'
import { deriveKey } from '../../src/config.js'
import { newId } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { maker, newConsumer, newPhone, signIn, trySignIn } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { report } from './report.js'

/*
 * Forged, altered, borrowed and outlived tokens (RFC 8725, JSON Web Token Best Current Practices).
 * Those that are signed with the service's own key stand for a key that was used for something else.
 */

type Claims = Record<string, unknown>

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const signed = (header: unknown, claims: unknown, by: (text: string) => Buffer): string => {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${by(text).toString('base64url')}`
}

const withKey = (key: KeyObject) => (text: string): Buffer => sign(null, Buffer.from(text), key)
const hmac = (algorithm: string, key: string | Buffer) => (text: string): Buffer => createHmac(algorithm, key).update(text).digest()

t.test('no token but the service\'s own, as it was given, at its time and its end, opens anything', async (t) => {
  const app = await startApp(t)
  const notary = await maker(app)
  const consumer = await newConsumer(app)
  const keys = tokenKeysOf(deriveKey(sandboxConfig.secret, 'token signing'))
  const own = withKey(createPrivateKey(keys.privatePem))
  const stranger = generateKeyPairSync('ed25519')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = stranger.publicKey.export({ format: 'jwk' })

  const token = notary.token as string
  const [header64, claims64, signature] = token.split('.') as [string, string, string]
  const header = JSON.parse(Buffer.from(header64, 'base64url').toString()) as Claims
  const claims = JSON.parse(Buffer.from(claims64, 'base64url').toString()) as Claims & { iat: number; exp: number }
  t.match(header, { alg: 'EdDSA', kid: keys.keyId })

  // The path that the token opens when nothing is wrong with it: forged ones are told apart by their answers.
  const path = '/settlements'
  const statusOf = async (authorization: string): Promise<Readonly<{ status: number; body: any }>> =>
    app.nobody.get(path, { headers: { authorization } })
  expectStatus(await statusOf(`Bearer ${token}`), 200)
  expectStatus(await statusOf(`Bearer ${signed(header, claims, own)}`), 200)

  const publicKey = createPublicKey(keys.publicPem)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const rawPublic = Buffer.from((publicKey.export({ format: 'jwk' })).x as string, 'base64url')
  const { x: _, ...unsaid } = jwk
  const lower = (text: string): string => text.replace(/[a-z]/i, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
  const year = 31_536_000

  const forged: Record<string, string> = {
    ...Object.fromEntries(['none', 'None', 'NONE', 'nOnE', '', null, 0, [], ['EdDSA'], {}, 'EDDSA', 'eddsa', 'Ed25519', 'ES256', 'RS256', 'PS256', 'HS256'].flatMap((alg) => [
      [`alg ${JSON.stringify(alg)} and no signature`, `${encode({ ...header, alg })}.${claims64}.`],
      [`alg ${JSON.stringify(alg)} with the signature of another header`, `${encode({ ...header, alg })}.${claims64}.${signature}`]
    ])),
    'no alg': signed({ typ: 'JWT' }, claims, own),
    ...Object.fromEntries([['PEM', keys.publicPem], ['PEM without its last line break', keys.publicPem.trim()], ['DER', spki], ['raw', rawPublic], ['JWK', JSON.stringify(publicKey.export({ format: 'jwk' }))], ['nothing', '']].flatMap(([form, key]) =>
      [['HS256', 'sha256'], ['HS384', 'sha384'], ['HS512', 'sha512']].map(([alg, hash]) => [`${alg} with the public key (${form}) as its secret`, signed({ ...header, alg }, claims, hmac(hash as string, key as string))]))),
    'another key of the same kind': signed(header, claims, withKey(stranger.privateKey)),
    'another key that names itself in the header (jwk)': signed({ ...header, jwk }, claims, withKey(stranger.privateKey)),
    'another key, with its half of a jwk': signed({ ...header, jwk: unsaid }, claims, withKey(stranger.privateKey)),
    ...Object.fromEntries(['http://127.0.0.1:1/jwks.json', 'https://attacker.example/jwks.json', 'file:///etc/passwd', 'data:application/json,{"keys":[]}'].flatMap((url) =>
      ['jku', 'x5u'].map((name) => [`another key, fetched by ${name} ${url}`, signed({ ...header, [name]: url }, claims, withKey(stranger.privateKey))]))),
    'another key with a certificate (x5c)': signed({ ...header, x5c: [spki.toString('base64')] }, claims, withKey(stranger.privateKey)),
    'an RSA key': signed({ ...header, alg: 'RS256' }, claims, (text) => sign('sha256', Buffer.from(text), rsa.privateKey)),
    ...Object.fromEntries(['', '/dev/null', '../../../../dev/null', '../../etc/passwd', 'file:///dev/null', 'http://127.0.0.1:1/key', "' or '1'='1", "x' union select '", '$(id)', '\0', 'x'.repeat(10_000), '__proto__', 'constructor', 0, null, [], [keys.keyId], {}, true].flatMap((kid) => [
      [`kid ${JSON.stringify(kid).slice(0, 40)} and another key`, signed({ ...header, kid }, claims, withKey(stranger.privateKey))],
      [`kid ${JSON.stringify(kid).slice(0, 40)} and an empty secret`, signed({ ...header, alg: 'HS256', kid }, claims, hmac('sha256', ''))]
    ])),
    ...Object.fromEntries([['b64'], ['exp'], ['unknown'], [], 'exp', [1], null].map((crit) => [`crit ${JSON.stringify(crit)}`, signed({ ...header, crit, b64: true, unknown: 1, ...(crit === null ? { alg: 'none' } : {}) }, claims, own)])),
    'a header that is no JSON': signed('{"alg":"EdDSA"', claims, own),
    'a header that is a list': signed([header], claims, own),
    'claims that are no JSON': signed(header, '{"sub":', own),
    ...Object.fromEntries([[], null, 'text', 1, {}].map((odd) => [`claims that are ${JSON.stringify(odd)}`, signed(header, odd, own)])),
    'a token within a token': signed({ ...header, cty: 'JWT' }, token, own),
    'expired a year ago': signed(header, { ...claims, iat: claims.iat - year, exp: claims.exp - year }, own),
    'expired this second': signed(header, { ...claims, exp: claims.iat - 1 }, own),
    'that never expires': signed(header, { ...claims, exp: undefined }, own),
    ...Object.fromEntries(['9999999999', null, true, 1e300, -1, [9_999_999_999], {}].map((exp) => [`that expires at ${JSON.stringify(exp)}`, signed(header, { ...claims, exp }, own)])),
    'not yet valid (nbf)': signed(header, { ...claims, nbf: claims.exp }, own),
    ...Object.fromEntries(['another', 'ticun ', 'TICUN', '', null, ['ticun', 'another'], {}].map((iss) => [`of the issuer ${JSON.stringify(iss)}`, signed(header, { ...claims, iss }, own)])),
    'of no issuer': signed(header, { ...claims, iss: undefined }, own),
    'for another audience': signed(header, { ...claims, aud: 'https://another.example' }, own),
    ...Object.fromEntries(['sub', 'end', 'roles', 'sid'].map((name) => [`without ${name}`, signed(header, { ...claims, [name]: undefined }, own)])),
    ...Object.fromEntries([['end', 'owner'], ['end', ['notary', 'consumer']], ['end', '__proto__'], ['sub', 'per_x'], ['sub', claims.sid], ['sub', ['a']], ['office', '1'], ['office', -1], ['office', 1.5], ['merchant', 'mer_'], ['sid', 'ses_'], ['roles', 'maker']].map(([name, value]) =>
      [`whose ${String(name)} is ${JSON.stringify(value)}`, signed(header, { ...claims, [name as string]: value }, own)])),
    ...Object.fromEntries([['end', 'operator'], ['sub', newId('per', 0)], ['office', 2], ['roles', ['maker', 'checker', 'admin']], ['exp', claims.exp + year]].map(([name, value]) =>
      [`with ${String(name)} altered and its signature kept`, `${header64}.${encode({ ...claims, [name as string]: value })}.${signature}`])),
    'a claim said twice, the second altered': `${header64}.${encode(JSON.stringify(claims).replace(/}$/, ',"end":"operator"}'))}.${signature}`,
    'the claims of one and the signature of another': `${header64}.${claims64}.${(consumer.token as string).split('.')[2]}`,
    'without its last letter': token.slice(0, -1),
    'with a letter more': `${token}A`,
    'with another case': `${header64}.${claims64}.${lower(signature)}`,
    'with padding': `${header64}.${claims64}.${signature}==`,
    'of four parts': `${token}.${signature}`,
    'of five parts (JWE)': `${header64}..${randomBytes(12).toString('base64url')}.${claims64}.${signature}`,
    'of a million letters': `${header64}.${'A'.repeat(14_000)}.${signature}`,
    'JWS in JSON': encode({ payload: claims64, protected: header64, signature })
  }

  const escapes: string[] = []
  let tried = 0
  const refused = async (name: string, authorization: string): Promise<void> => {
    tried += 1
    const { status, body } = await statusOf(authorization)
    if (status !== 401 || body.code !== 'unauthenticated') escapes.push(`${name}: ${status} ${JSON.stringify(body).slice(0, 120)}`)
  }

  t.test('forged and altered ones are 401', async (t) => {
    for (const [name, one] of Object.entries(forged)) await refused(name, `Bearer ${one}`)
    for (const scheme of ['', 'bearer', 'Bearer', 'Bearer  ', 'Bearer\t', 'Basic ', 'JWT ', 'Token ', 'DPoP ', 'Bearer Bearer ', `Bearer ${token}, Bearer `, 'Bearer "']) {
      await refused(`the scheme ${JSON.stringify(scheme.slice(0, 20))}`, scheme + token)
    }
    t.equal((await app.nobody.get(`${path}?access_token=${token}&token=${token}&authorization=Bearer%20${token}`)).status, 401, 'in a query')
    t.equal((await app.nobody.get(path, { headers: { cookie: `access_token=${token}; token=${token}; authorization=Bearer ${token}` } })).status, 401, 'in a cookie')
    t.equal((await app.nobody.get(path, { headers: { 'proxy-authorization': `Bearer ${token}`, 'x-forwarded-user': String(claims.sub), 'x-end': 'notary', 'x-original-url': '/healthz' } })).status, 401, 'in other headers')
    tried += 3
    t.same(escapes, [])
  })

  t.test('a right one is for its end alone', async (t) => {
    t.equal((await consumer.get(path)).status, 403, 'a consumer\'s')
    // Whoever owns a merchant and is a consumer besides has two tokens, and neither does the other's work.
    t.equal((await app.nobody.get(path, { headers: { authorization: `Bearer ${consumer.token}` } })).status, 403)
    tried += 2
  })

  t.test('a refresh token is no access token, an access token no refresh token, and an old one ends them all', async (t) => {
    const phone = newPhone()
    const { body: first } = expectStatus(await trySignIn(app, { phone, end: 'consumer' }), 201)
    await refused('a refresh token', `Bearer ${first.refreshToken}`)
    const refresh = (refreshToken: unknown) => app.nobody.post('/auth/sessions/refresh', { refreshToken })
    const raw = Buffer.from(first.refreshToken, 'base64url')
    const bitFlipped = (at: number): string => {
      const bytes = Buffer.from(raw)
      bytes[at] = (bytes[at] as number) ^ 1
      return bytes.toString('base64url')
    }
    const { body: other } = expectStatus(await trySignIn(app, { phone: newPhone(), end: 'consumer' }), 201)
    const others = Buffer.from(other.refreshToken, 'base64url')
    for (const wrong of [
      first.accessToken, token, '', 'x', `${first.refreshToken}=`, ` ${first.refreshToken}`, `${first.refreshToken}\n`, first.refreshToken.slice(1), `${first.refreshToken}A`, lower(first.refreshToken),
      ...[0, 15, 16, 47, 48, 63].map(bitFlipped), Buffer.concat([others.subarray(0, 16), raw.subarray(16)]).toString('base64url'), Buffer.concat([raw.subarray(0, 48), others.subarray(48)]).toString('base64url'),
      Buffer.concat([Buffer.alloc(16), raw.subarray(16)]).toString('base64url'), first.refreshToken.replace(/[-_A-Za-z]/, '%')
    ]) {
      tried += 1
      const answer = await refresh(wrong)
      if (answer.status !== 401 && answer.status !== 422) escapes.push(`refresh by ${String(wrong).slice(0, 20)}: ${answer.status}`)
    }
    t.same(escapes, [])
    const { body: second } = expectStatus(await refresh(first.refreshToken), 200)
    expectStatus(await app.as(second.accessToken).get('/me'), 200)
    t.equal((await refresh(first.refreshToken)).status, 401, 'an old one')
    await refused('the access token of a session that an old refresh token ended', `Bearer ${second.accessToken}`)
    t.equal((await refresh(second.refreshToken)).status, 401, 'and the new one with it')
    t.equal((await app.as(other.accessToken).get('/me')).status, 200, 'nobody else\'s session')
    t.same(escapes, [])
    tried += 2
  })

  t.test('one of a session that was ended opens nothing, also right after it was looked at', async (t) => {
    const person = await signIn(app, { phone: newPhone(), end: 'consumer' })
    const gone = person.token as string
    expectStatus(await person.get('/me'), 200)
    expectStatus(await person.delete('/auth/sessions/current'), 204)
    t.equal((await app.as(gone).get('/me')).status, 401)
    tried += 1
  })

  t.test('what was tried', async (t) => {
    t.ok(tried > 150, `${tried} tries`)
    report('tokens', [{ what: 'forged, altered, borrowed and outlived tokens', tried, escapes: escapes.length }])
  })
})
