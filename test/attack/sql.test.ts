import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { bodiesFor, newParties, queriesFor, staffOf, type Party } from '../http/parties.js'
import { fieldsOf, operationsOf, withField, type Operation } from '../http/schema.js'
import { startApp } from '../support/app.js'
import type { Person } from '../support/people.js'
import { report } from './report.js'

/*
 * A text that would end a string, a name, a comment or a dollar quote in SQL is put into each field,
 * filter, cursor, header and path there is. What tells is not the answer but the database driver:
 * no statement that the service sends holds any part of it. It may stand among the values alone.
 */

t.setTimeout(240_000)

const mark = 'zq7x'
const texts = [`${mark}' or '${mark}'='${mark}`, `${mark}"; select pg_sleep(60); --`, `${mark}$$ /* \\' \n union select`]

type Query = (this: pg.Client, ...given: any[]) => unknown

t.test('no text of a caller ever stands in a statement', async (t) => {
  // Before the service connects: to a cluster it speaks by what the driver was then.
  const stained: string[] = []
  let statements = 0
  const { prototype } = pg.Client
  const ask = prototype.query as unknown as Query
  prototype.query = function (this: pg.Client, ...given: any[]) {
    const text: unknown = typeof given[0] === 'string' ? given[0] : given[0]?.text
    if (typeof text === 'string') {
      statements += 1
      if (text.includes(mark)) stained.push(text.slice(0, 300))
    }
    return ask.apply(this, given)
  } as typeof prototype.query
  t.teardown(() => { prototype.query = ask as typeof prototype.query })

  const app = await startApp(t)
  const staff = await staffOf(app)
  const [party] = await newParties(app, staff, 1) as [Party]
  const document = (await app.nobody.get('/openapi.json')).body
  const operations = operationsOf(document).filter(({ id }) => id !== 'notify')
  for (const person of [...Object.values(staff), party.consumer, party.owner]) await person.get('/me')

  const people: Readonly<Record<string, Person>> = { ...staff, consumer: party.consumer, merchant: party.owner }
  const security = new Set(['listSignIns', 'confirmStaff', 'refuseStaff', 'unlockStaff', 'resetStaffPassword', 'resetStaffSecondFactor'])
  const callersOf = ({ ends, id }: Operation): (Person | undefined)[] => {
    if (ends === 'public') return [undefined]
    if (ends === 'signed_in') return [party.consumer]
    return ends.map((end) => (end !== 'administrator' ? people[end] : security.has(id) ? staff.security : ['listAccessLog', 'verifyAccessLog'].includes(id) ? staff.auditor : staff.administrator))
  }
  const faults: string[] = []
  let tried = 0

  type Sent = Readonly<{ ids?: Record<string, string>; query?: string; payload?: unknown; headers?: Record<string, string> }>
  const send = async (operation: Operation, { ids = {}, query = '', payload, headers = {} }: Sent, callers = callersOf(operation)): Promise<void> => {
    const { id, method, path, pathIds } = operation
    const all: Record<string, string> = { ...Object.fromEntries(pathIds.map(({ name, prefix }) => [name, party.idsFor[id]?.[prefix ?? name] ?? party.ids[prefix ?? name] as string])), ...ids }
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => all[name] as string) + query
    for (const person of callers) {
      tried += 1
      const before = stained.length
      const { statusCode, payload: text } = await app.app.inject({
        method, url,
        headers: { ...(person?.token ? { authorization: `Bearer ${person.token}` } : {}), ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}), ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(payload === undefined ? {} : { payload: JSON.stringify(payload) })
      })
      if (statusCode >= 500 && statusCode !== 503) faults.push(`${id} ${url.slice(0, 150)}: ${statusCode} ${text.slice(0, 200)}`)
      if (stained.length > before) faults.push(`${id} ${url.slice(0, 150)} ${JSON.stringify(payload)?.slice(0, 150) ?? ''}: ${stained.at(-1)}`)
    }
  }

  t.test('the watch sees a statement that does', async (t) => {
    await app.pool.query(`select '${mark}'`)
    t.equal(stained.splice(0).length, 1)
  })

  t.test('of a body', async (t) => {
    for (const operation of operations.filter(({ body }) => body !== undefined)) {
      const payload = bodiesFor(party)[operation.id]
      const fields = fieldsOf(operation.body as object, payload, document).filter(({ schema }) => schema.type !== 'object' && schema.type !== 'boolean')
      const [caller] = callersOf(operation)
      for (const { path, schema } of fields) for (const text of texts) await send(operation, { payload: withField(payload, path, schema.type === 'array' ? [text] : text) }, [caller])
      // All at once, so that one that is looked at late is reached as well; an unknown one too.
      await send(operation, { payload: { ...payload, [texts[0] as string]: texts[1], officeId: texts[0], id: texts[0] } }, [caller])
    }
    t.same(faults.splice(0), [])
  })

  t.test('of a query or a cursor', async (t) => {
    for (const operation of operations) {
      for (const { name } of operation.query) {
        const values = texts.map(encodeURIComponent)
        const cursors = name === 'cursor' ? [texts[0], [texts[0]], [texts[0], texts[0]], ['2026-11-28T00:00:00Z', texts[0]], { id: texts[0] }].map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')) : []
        for (const value of [...values, ...cursors]) await send(operation, { query: `?${[queriesFor[operation.id], `${name}=${value}`].filter(Boolean).join('&')}` })
      }
      await send(operation, { query: `?${queriesFor[operation.id] ?? ''}&orderBy=${encodeURIComponent(texts[0] as string)}&sort=${encodeURIComponent(texts[1] as string)}` }, callersOf(operation).slice(0, operation.method === 'GET' ? 1 : 0))
    }
    t.same(faults.splice(0), [])
  })

  t.test('of a path', async (t) => {
    for (const operation of operations) {
      for (const { name, prefix } of operation.pathIds) {
        for (const text of texts) await send(operation, { ids: { [name]: encodeURIComponent(text) }, payload: operation.body && bodiesFor(party)[operation.id] })
        if (prefix) await send(operation, { ids: { [name]: encodeURIComponent(`${party.ids[prefix]}${texts[0]}`) } })
      }
    }
    t.same(faults.splice(0), [])
  })

  t.test('of a header', async (t) => {
    const visible = `${mark}'"$$;--`
    for (const operation of operations.filter(({ id, method }) => method === 'POST' && bodiesFor(party)[id] !== undefined)) {
      await send(operation, { payload: bodiesFor(party)[operation.id], headers: { 'idempotency-key': `${visible}${tried}`, 'user-agent': visible, 'accept-language': visible, 'x-forwarded-for': visible, 'x-request-id': visible, traceparent: visible, cookie: visible } }, callersOf(operation).slice(0, 1))
    }
    await send(operations.find(({ id }) => id === 'getMe') ?? operations[0] as Operation, { headers: { authorization: `Bearer ${visible}` } })
    t.same(faults.splice(0), [])
  })

  t.test('what was tried', async (t) => {
    t.ok(tried > 2_500 && statements > 3_000, `${tried} tries, ${statements} statements`)
    t.same((await app.nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
    report('sql', [{ what: `texts meant as SQL, in each field, filter, cursor, path and header (${statements} statements looked at)`, tried, escapes: stained.length }])
  })
})
