import fc from 'fast-check'
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { bodiesFor, newParties, portraitOf, queriesFor, staffOf, type Party } from '../http/parties.js'
import { operationsOf, type Operation } from '../http/schema.js'
import { startApp } from '../support/app.js'
import type { Person } from '../support/people.js'
import { allowedBy, asText, hostile, hostileTexts, spoiled } from './arbitraries.js'
import { effort, report, seed } from './report.js'
import { privateIdsOf } from './stage.js'

/*
 * Bodies, queries and headers made by the document's own schemas, and spoiled. Sent by whoever may
 * call: so what is right is done, and what is wrong is refused; never a fault of ours, never
 * silence, never a word of how the service is made or of anybody else's affairs.
 */

t.setTimeout(3_600_000)

const innards = /node_modules|\bat (?:async )?\S+ \(|\.(?:ts|js):\d|drizzle|postgres|\bpg_|violates|constraint|\bselect .+ from\b|insert into|\bupdate \w+ set\b|ECONN|TypeError|undefined is not|invalid input syntax|out of range for type/i
const patienceMs = 5_000

t.test('whatever is sent', async (t) => {
  const app = await startApp(t)
  const staff = await staffOf(app)
  const [bystander, party] = await newParties(app, staff, 2) as [Party, Party]
  const document = (await app.nobody.get('/openapi.json')).body
  const operations = operationsOf(document).filter(({ path, id }) => !path.includes('/sandbox/') && id !== 'notify')
  const catalogue = new Map<string, number>((await app.nobody.get('/problems')).body.items.map(({ code, status }: any) => [code, status]))
  for (const person of Object.values(staff)) await person.get('/me')
  const portrait = await portraitOf(staff, bystander)
  const secrets = [...privateIdsOf(bystander), bystander.consumer.phone, bystander.consumer.idNumber, bystander.ownerPhone]

  t.comment(`seed ${seed}: TICUN_ATTACK_SEED=${seed} plays it again`)
  const escapes: string[] = []
  const tried = { bodies: 0, queries: 0, headers: 0 }
  const escaped = { bodies: 0, queries: 0, headers: 0 }
  const taken = new Set<string>()

  const people: Readonly<Record<string, Person>> = { ...staff, consumer: party.consumer, merchant: party.owner }
  const security = new Set(['listSignIns', 'confirmStaff', 'refuseStaff', 'unlockStaff', 'resetStaffPassword', 'resetStaffSecondFactor'])
  const callerOf = ({ ends, id }: Operation, pick: number): Person | undefined => {
    if (ends === 'public') return pick % 3 === 0 ? party.consumer : undefined
    const fit = ends === 'signed_in' ? ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator'] : ends
    const end = fit[pick % fit.length] as string
    if (end !== 'administrator') return people[end]
    return security.has(id) ? staff.security : ['listAccessLog', 'verifyAccessLog'].includes(id) ? staff.auditor : staff.administrator
  }

  type Sent = Readonly<{ operation: Operation; pick: number; payload?: string; query?: string; headers?: Record<string, string> }>

  const send = async ({ operation, pick, payload, query = '', headers = {} }: Sent): Promise<void> => {
    const { id, method, path, pathIds } = operation
    const person = callerOf(operation, pick)
    const ids = Object.fromEntries(pathIds.map(({ name, prefix }) => [name, party.idsFor[id]?.[prefix ?? name] ?? party.ids[prefix ?? name] as string]))
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] as string) + query
    const fault = (what: string): void => { if (escapes.length < 10) escapes.push(`${id}: ${what}: ${method} ${url.slice(0, 200)} ${payload?.slice(0, 400) ?? ''} ${JSON.stringify(headers).slice(0, 200)}`) }
    const begun = Date.now()
    const answer = await Promise.race([
      app.app.inject({
        method, url,
        headers: { ...(person?.token ? { authorization: `Bearer ${person.token}` } : {}), ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}), ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(payload === undefined ? {} : { payload })
      }),
      new Promise<undefined>((resolve) => { setTimeout(() => { resolve(undefined) }, 4 * patienceMs).unref() })
    ])
    if (answer === undefined) return fault('no answer')
    const { statusCode: status, payload: text, headers: { 'content-type': type } } = answer
    if (Date.now() - begun > patienceMs) fault(`took ${Date.now() - begun} ms`)
    if (status < 400) {
      taken.add(id)
    } else {
      const body = /json/.test(String(type)) ? JSON.parse(text) : undefined
      if (!/^application\/problem\+json/.test(String(type)) || catalogue.get(body?.code) !== status || body.status !== status || typeof body.detail !== 'string') fault(`no problem of the catalogue: ${status} ${text.slice(0, 200)}`)
      if (status >= 500 && status !== 503) fault(`${status}`)
      const foundInnards = innards.exec(text.replaceAll(payload ?? '\0', ''))?.[0]
      if (foundInnards !== undefined && !`${payload} ${decodeURIComponent(query.replace(/%(?![0-9a-f]{2})/gi, ''))}`.includes(foundInnards)) fault(`tells how it is made: ${text.slice(0, 300)}`)
    }
    const told = secrets.find((one) => text.includes(one))
    // The staff see what is the office's.
    if (told !== undefined && (person === undefined || [party.consumer, party.owner].includes(person as never))) fault(`tells of another: ${told}`)
    if (status === 401) await person?.get('/me')
  }

  const idOf = (prefix: string): string | undefined => party.ids[prefix] ?? (prefix === 'qot' ? party.quoteId : undefined)
  const play = async <Value>(t: Test, kind: keyof typeof tried, arbitrary: fc.Arbitrary<Value>, runs: number, use: (value: Value) => Promise<void>): Promise<void> => {
    await fc.assert(fc.asyncProperty(arbitrary, async (value) => {
      tried[kind] += 1
      await use(value)
      if (escapes.length > 0) throw new Error(escapes.join('\n'))
    }), { seed, numRuns: runs * effort, endOnFailure: true }).catch((error: Error) => { t.fail(error.message.slice(0, 3_000)) })
    escaped[kind] = escapes.length
    t.same(escapes.splice(0), [], 'nothing escaped')
  }

  t.test('as a body', async (t) => {
    const withBody = operations.filter(({ body }) => body !== undefined)
    const bodyOf = ({ id, body }: Operation): fc.Arbitrary<unknown> => fc.oneof(
      { weight: 3, arbitrary: spoiled(bodiesFor(party)[id] ?? {}) },
      { weight: 2, arbitrary: allowedBy(body as object, document, idOf) },
      { weight: 3, arbitrary: allowedBy(body as object, document, idOf).chain(spoiled) },
      { weight: 1, arbitrary: hostile }
    )
    const sent = fc.constantFrom(...withBody).chain((operation) => fc.tuple(fc.constant(operation), fc.nat({ max: 1_000 }), bodyOf(operation).chain(asText)))
    await play(t, 'bodies', sent, 1_800, ([operation, pick, payload]) => send({ operation, pick, payload }))
    t.comment(`${tried.bodies} bodies for ${withBody.length} calls`)
  })

  t.test('as a query', async (t) => {
    const withQuery = operations.filter(({ query }) => query.length > 0)
    const cursor = hostile.map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url').slice(0, 400))
    const texts = fc.oneof(fc.constantFrom(...hostileTexts.filter((text) => text.length < 2_000)), hostile.map((value) => String(JSON.stringify(value)).slice(0, 500)))
    const valueOf = (name: string, schema: object): fc.Arbitrary<string> =>
      fc.oneof(texts, allowedBy(schema, document, idOf).map((value) => String(value).slice(0, 2_000)), ...(name === 'cursor' ? [cursor] : []))
    const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString())
    const sent = fc.constantFrom(...withQuery).chain((operation) => fc.tuple(
      fc.constant(operation), fc.nat({ max: 1_000 }),
      fc.array(fc.constantFrom(...operation.query).chain(({ name, schema }) => valueOf(name, schema).map((value) => `${name}=${encoded(value)}`)), { minLength: 1, maxLength: 4 })
    ))
    await play(t, 'queries', sent, 1_000, ([operation, pick, parts]) =>
      send({ operation, pick, query: `?${[queriesFor[operation.id], ...parts].filter(Boolean).join('&')}` }))
  })

  t.test('as headers', async (t) => {
    const name = fc.constantFrom('accept', 'accept-language', 'accept-encoding', 'content-type', 'idempotency-key', 'user-agent', 'x-forwarded-for', 'x-request-id', 'if-none-match', 'range', 'origin', 'cookie', 'content-encoding', 'expect', 'traceparent', 'tracestate', 'authorization')
    // What a server can come to see: bytes, of which no NUL and no line break.
    const value = fc.oneof(fc.constantFrom(...hostileTexts.filter((text) => text.length < 5_000)), fc.string({ unit: 'binary', maxLength: 200 })).map((text) => Buffer.from(text).toString('latin1').replace(/[\0\r\n]/g, ' '))
    const sent = fc.tuple(fc.constantFrom(...operations.filter(({ method }) => method === 'GET' || method === 'POST')), fc.nat({ max: 1_000 }), fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }))
    await play(t, 'headers', sent, 500, ([operation, pick, pairs]) =>
      send({ operation, pick, ...(operation.body ? { payload: '{}' } : {}), headers: Object.fromEntries(pairs), query: queriesFor[operation.id] ? `?${queriesFor[operation.id]}` : '' }))
  })

  t.test('afterwards the books are in order, nobody else has lost or gained anything, and something was done', async (t) => {
    t.same((await app.nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
    t.same(await portraitOf(staff, bystander), portrait)
    t.comment(`${taken.size} calls did something: ${[...taken].join(', ')}`)
    t.ok(taken.size > 60)
    report('bodies', [
      { what: 'bodies made from the schemas and spoiled', tried: tried.bodies, escapes: escaped.bodies },
      { what: 'queries made from the schemas and spoiled', tried: tried.queries, escapes: escaped.queries },
      { what: 'requests with hostile headers', tried: tried.headers, escapes: escaped.headers }
    ])
  })
})
