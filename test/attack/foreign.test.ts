import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { placesTable } from '../../src/db/cluster.js'
import { uuidOf } from '../../src/kernel/id.js'
import { bodiesFor, filesFor, queriesFor, type Party } from '../http/parties.js'
import { operationsOf, type Operation } from '../http/schema.js'
import { startApp, type TestApp } from '../support/app.js'
import { serviceClient } from '../support/roles.js'
import { report } from './report.js'
import { newStage, privateIdsOf, type Stranger } from './stage.js'

/*
 * Every call of the service's own document, from every end, with everything that is another
 * party's. Whoever asks is told that it is not there, or that it is not for them; nothing of the
 * other party stands in any answer; and of the whole database nothing has changed. Then the
 * database itself is asked, by each role, as a service that had forgotten all its checks would.
 */

t.setTimeout(240_000)

/** What changes by whoever calls, and says that they called. */
const logs = ['audit_log', 'audit_chain', 'idempotency_keys', 'sign_ins', 'sessions', 'challenges']

/** What anybody may do with what another sells, because it is on offer, or says of themselves. */
const publicly = new Set(['getProduct', 'makeContract', 'declareTie', 'listDeclarations', 'getBalanceProof'])
/** Names in a path that are everybody's: a day, an indicator, a channel, a number of the public check, one of the staff. */
const namesOfAll = new Set(['date', 'indicator', 'number', 'channel', 'per'])

const tablesOf = async (client: pg.Client): Promise<string[]> =>
  (await client.query("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1")).rows.map(({ relname }) => relname)

/** A hash of everything in every table but the logs of calls. */
const createHasher = async (client: pg.Client) => {
  const tables = (await tablesOf(client)).filter((name) => !logs.includes(name))
  const sql = tables.map((name) => `select '${name}' as name, count(*)::int as rows, sum(hashtextextended(t::text, 1)) as hash from "${name}" t`).join(' union all ')
  return async (): Promise<string[]> => (await client.query(sql)).rows.map(({ name, rows, hash }) => `${name}: ${rows} ${hash}`).sort()
}

t.test('another party\'s things', async (t) => {
  const app: TestApp = await startApp(t)
  const { staff, victim, other, strangers } = await newStage(app)
  const operations = operationsOf((await app.nobody.get('/openapi.json')).body)
  for (const { person } of strangers) await person.get('/me')
  await app.keepEvidence()
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  const hashOf = await createHasher(owner)

  const secrets = privateIdsOf(victim)
  const personal = [victim.consumer.phone, victim.consumer.idNumber, victim.ownerPhone, victim.cashierPhone]
  const byPrefix = (prefix: string): string[] => secrets.filter((id) => id.startsWith(`${prefix}_`))
  const escapes: string[] = []
  let escaped = 0
  const escape = (text: string): void => {
    escaped += 1
    if (escapes.length < 30) escapes.push(text)
  }
  let tried = 0

  type Sent = Readonly<{ path: string; payload?: unknown; headers?: Record<string, string> }>

  /** Calls as a stranger, and looks into the answer for whatever was not sent and is the other party's. */
  const send = async ({ id, method }: Operation, { name, person }: Stranger, { path, payload, headers = {} }: Sent): Promise<number> => {
    tried += 1
    const { statusCode, payload: text } = await app.app.inject({
      method, url: path,
      headers: { authorization: `Bearer ${person.token}`, ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}), ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) })
    })
    const sent = `${path} ${JSON.stringify(payload)}`
    const told = [...secrets, ...personal].filter((one) => text.includes(one) && !sent.includes(one))
    if (told.length > 0) escape(`${id} as ${name}: ${statusCode} tells ${told.slice(0, 3).join(', ')}: ${path}`)
    if (statusCode >= 500 && statusCode !== 503) escape(`${id} as ${name}: ${statusCode} ${path}`)
    return statusCode
  }

  const url = ({ path }: Operation, ids: Readonly<Record<string, string>>): string => path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] as string)
  const idsIn = ({ id, pathIds }: Operation, party: Party): Record<string, string> =>
    Object.fromEntries(pathIds.map(({ name, prefix }) => [name, party.idsFor[id]?.[prefix ?? name] ?? party.ids[prefix ?? name] as string]))
  const payloadOf = (operation: Operation, party: Party): Omit<Sent, 'path'> =>
    ({ ...(operation.body?.type === undefined && !operation.body?.oneOf ? {} : { payload: bodiesFor(party)[operation.id] }), ...filesFor[operation.id] })

  /** The ways in which a call can name the other party's things: by each id it has of a kind, and by one of the caller's own before one of theirs. */
  const waysOf = (operation: Operation): Record<string, string>[] => {
    const theirs = idsIn(operation, victim)
    const [first, ...rest] = operation.pathIds
    if (!first) return []
    const kinds = byPrefix(first.prefix ?? '').map((id) => ({ ...theirs, [first.name]: id }))
    const mixed = rest.some(({ name, prefix }) => !namesOfAll.has(prefix ?? name)) ? [{ ...idsIn(operation, other), ...Object.fromEntries(rest.map(({ name }) => [name, theirs[name] as string])) }] : []
    return [theirs, ...kinds, ...mixed]
  }

  /** Looks at the whole database after every few calls, and says after which of them it was not as before. */
  const createWatch = async () => {
    let before = await hashOf()
    let since: string[] = []
    const look = async (): Promise<void> => {
      const after = await hashOf()
      const changed = after.filter((line, i) => line !== before[i])
      if (changed.length > 0) escape(`one of ${since.join(', ')} changed ${changed.join('; ')}`)
      before = after
      since = []
    }
    return {
      look,
      noted: async (operation: string): Promise<void> => {
        since.push(operation)
        if (since.length >= 8) await look()
      },
      /** What is changed by right is not wondered at. */
      forget: async (): Promise<void> => { before = await hashOf() }
    }
  }

  const isSandbox = ({ path }: Operation): boolean => path.includes('/sandbox/')
  const mine = operations.filter((operation) => !isSandbox(operation) && operation.id !== 'notify')

  t.test('named in a path: refused to every end, nothing told, nothing changed', async (t) => {
    const watch = await createWatch()
    for (const operation of mine.filter(({ pathIds }) => pathIds.length > 0)) {
      if (publicly.has(operation.id)) await watch.look()
      const takesOffice = operation.query.some(({ name }) => name === 'officeId')
      const isPublic = publicly.has(operation.id) || operation.ends === 'public'
      if (!isPublic && !takesOffice && operation.pathIds.every(({ prefix, name }) => namesOfAll.has(prefix ?? name))) continue
      const office = takesOffice ? `?officeId=${victim.ids.off}` : ''
      for (const stranger of strangers) {
        for (const ids of waysOf(operation)) {
          const status = await send(operation, stranger, { path: url(operation, ids) + office, ...payloadOf(operation, victim) })
          if (isPublic) continue
          if (![401, 403, 404].includes(status)) escape(`${operation.id} as ${stranger.name}: ${status} for ${url(operation, ids)}`)
        }
      }
      await (publicly.has(operation.id) ? watch.forget() : watch.noted(operation.id))
    }
    await watch.look()
    t.same(escapes.splice(0), [])
  })

  t.test('named in a body: refused, nothing told, nothing changed', async (t) => {
    const watch = await createWatch()
    let named = 0
    for (const operation of mine.filter(({ method, id }) => method !== 'GET' && !publicly.has(id))) {
      const theirs = bodiesFor(victim)[operation.id]
      const text = JSON.stringify(theirs ?? {})
      if (![...secrets, victim.merchantId, victim.venueId].some((id) => text.includes(id))) continue
      named += 1
      for (const stranger of strangers) {
        const status = await send(operation, stranger, { path: url(operation, idsIn(operation, other)), payload: theirs })
        if (![401, 403, 404, 409, 422].includes(status)) escape(`${operation.id} as ${stranger.name}: ${status} for ${text}`)
      }
      await watch.noted(operation.id)
    }
    await watch.look()
    t.ok(named > 5, `${named} bodies name something`)
    t.same(escapes.splice(0), [])
  })

  t.test('looked for in lists and by filters: not among what is found', async (t) => {
    const before = await hashOf()
    for (const operation of mine.filter(({ method, pathIds }) => method === 'GET' && pathIds.length === 0)) {
      const base = queriesFor[operation.id] ?? ''
      const filters = operation.query.flatMap(({ name, schema }) => {
        const prefix = /^\^(\w+)_/.exec(schema.pattern ?? '')?.[1]
        return prefix ? [victim.ids[prefix], ...byPrefix(prefix)].filter((id): id is string => id !== undefined).map((id) => `${name}=${id}`) : []
      })
      const hasLimit = operation.query.some(({ name }) => name === 'limit')
      for (const stranger of strangers) {
        for (const filter of ['', ...new Set(filters)]) await send(operation, stranger, { path: `${operation.path}?${[base, filter, ...(hasLimit ? ['limit=100'] : [])].filter(Boolean).join('&')}` })
        if (hasLimit) for (const date of ['from=2000-01-01', 'status=all', 'q=测试', `q=${encodeURIComponent(victim.consumer.phone)}`]) await send(operation, stranger, { path: `${operation.path}?limit=100&${date}` })
      }
    }
    t.same((await hashOf()).filter((line, i) => line !== before[i]), [], 'looking changes nothing')
    t.same(escapes.splice(0), [])
  })

  t.test('the books are in order', async (t) => {
    t.same((await app.nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
    t.ok(tried > 5_000, `${tried} tries`)
    t.comment(`${operations.length} calls, ${strangers.length} strangers, ${secrets.length} ids, ${tried} tries`)
  })

  /*
   * The database, asked as each role. What a role may write in the name of its office (the journal,
   * the evidence, the logs) the service posts within the caller's own transaction, by rules that no
   * policy can say; those tables are named here, and nothing can be read or changed through them.
   */
  const mayAddTo: Readonly<Record<string, readonly string[]>> = {
    consumer: ['entries', 'transfers', 'evidence_entries', 'audit_log', 'outbox', 'cap_holders'],
    merchant: ['entries', 'transfers', 'evidence_entries', 'audit_log', 'outbox'],
    adjudicator: ['audit_log', 'evidence_entries', 'outbox'],
    anyone: ['audit_log']
  }
  let asked = 0
  let escapedBelow = 0

  t.test('the database itself tells no role of them, and lets none change, take away or forge them', async (t) => {
    const escapedAbove = escaped
    const uuids = secrets.map(uuidOf)
    const rowsOf = new Map<string, string>()
    for (const table of await tablesOf(owner)) {
      const { rows } = await owner.query(`select row_to_json(t)::text as row from "${table}" t`)
      const row = rows.map((one) => one.row as string).find((text) => uuids.some((uuid) => text.includes(uuid)))
      if (row !== undefined) rowsOf.set(table, row)
    }
    t.ok(rowsOf.size > 30, `${rowsOf.size} tables hold something of the other party`)
    const relations: { name: string; isTable: boolean }[] = (await owner.query("select relname as name, relkind = 'r' as \"isTable\" from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p')")).rows
    /** The columns of each relation that a role has a privilege on. */
    const columnsFor = async (role: string, privilege: string): Promise<Map<string, string[]>> => {
      const { rows } = await owner.query(`select c.relname, array_agg(a.attname::text order by a.attnum) as columns from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p') and a.attnum > 0 and not a.attisdropped and has_column_privilege($1, c.oid, a.attnum, $2) group by 1`, [`ticun_${role}`, privilege])
      return new Map(rows.map(({ relname, columns }) => [relname, columns]))
    }

    const client = serviceClient(app)
    await client.connect()
    const attempt = async (sql: string, values: unknown[] = []): Promise<string | any[]> => {
      asked += 1
      await client.query('savepoint attempt')
      try {
        const { rows } = await client.query(sql, values)
        return rows
      } catch (error) {
        return (error as { code: string }).code
      } finally {
        await client.query('rollback to savepoint attempt')
      }
    }

    /** A cluster takes a row that is not written out where its office is read beside it. */
    const forgery = (relation: string, row: string): string => {
      const { office_id: office, ...others } = JSON.parse(row)
      const record = `json_populate_record(null::"${relation}", $1::json)`
      if (!app.database.isCluster || office === undefined) return `insert into "${relation}" select * from ${record}`
      const columns = Object.keys(others)
      return `insert into "${relation}" (office_id, ${columns.map((name) => `"${name}"`).join(', ')})
        select place.office_id, ${columns.map((name) => `r."${name}"`).join(', ')} from (select office_id from ${placesTable} where office_id = ${office}) place cross join ${record} r`
    }

    const seen = new Map<string, Stranger['as']>([['anyone', { role: 'anyone', office: 1, person: other.consumer.userId }], ['auditor of another office', { role: 'auditor', office: 2, person: staff.auditor.userId }]])
    for (const { name, as } of strangers) if (![...seen.values()].some(({ role, office, merchant }) => role === as.role && office === as.office && merchant === as.merchant)) seen.set(name, as)
    for (const [name, { role, office, person, merchant }] of seen) {
      await client.query(`begin; set local role ticun_${role}; set local ticun.office = '${office}'; set local ticun.person = '${uuidOf(person)}'; set local ticun.merchant = '${merchant ? uuidOf(merchant) : ''}'`)
      const [toRead, toChange] = [await columnsFor(role, 'SELECT'), await columnsFor(role, 'UPDATE')]
      const textOf = (row: object): string => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))
      const foreign = (rows: string | any[]): string | undefined => (typeof rows === 'string' ? undefined : rows.map(textOf).find((text) => uuids.some((uuid) => text.includes(uuid)) || secrets.some((id) => text.includes(id))))
      for (const { name: relation, isTable } of relations) {
        const readable = toRead.get(relation) ?? []
        const list = readable.map((column) => `"${column}"::text`).join(", ' ', ")
        if (readable.length > 0) {
          const told = foreign(await attempt(`select concat(${list}) as row from "${relation}"`))
          // Who sells is public, with the ids of who applied and who approved.
          if (told !== undefined && relation !== 'merchants') escape(`${name} reads ${relation}: ${told.slice(0, 300)}`)
        }
        if (!isTable) continue
        // No statement gives a row its office again: in a cluster it is where the row lies.
        const column = toChange.get(relation)?.find((one) => one !== 'office_id')
        if (column !== undefined) {
          const changed = foreign(await attempt(`update "${relation}" set "${column}" = "${column}" returning ${readable.map((one) => `"${one}"`).join(', ') || 'true as row'}`))
          if (changed !== undefined) escape(`${name} changes ${relation}: ${changed.slice(0, 200)}`)
        }
        const removed = await attempt(`delete from "${relation}" returning ''::text as row`)
        if (typeof removed !== 'string' && removed.length > 0) escape(`${name} deletes from ${relation}`)
        const row = rowsOf.get(relation)
        if (row !== undefined) {
          const forged = await attempt(forgery(relation, row), [row])
          const mayAdd = (mayAddTo[role] ?? []).includes(relation)
          if (mayAdd ? office === 1 && forged === '42501' : forged !== '42501') escape(`${name} adds to ${relation}: ${typeof forged === 'string' ? forged : 'done'}`)
        }
      }
      for (const sql of ['set role ticun_worker', 'set role postgres', 'set session authorization ticun_owner', 'create table stolen ()', 'create function f() returns int language sql as \'select 1\'', 'alter table contracts disable row level security', 'grant ticun_worker to ticun_consumer', "copy (select 1) to program 'id'", "select pg_read_file('/etc/passwd')", "select lo_import('/etc/passwd')", 'select * from pg_authid', 'truncate contracts', 'drop table contracts', 'vacuum contracts', "alter role ticun_service superuser"]) {
        const answer = await attempt(sql)
        // The service's login is a member of every role: it takes one by `set local role`, and no statement of ours lets a caller say which.
        if (typeof answer !== 'string' && sql !== 'set role ticun_worker') escape(`${name}: ${sql} is done`)
      }
      await client.query('rollback')
    }
    await client.end()
    escapedBelow = escaped - escapedAbove
    t.comment(`${asked} statements as ${seen.size} people`)
    t.same(escapes.splice(0), [])
  })

  t.test('what was tried', async () => {
    report('foreign', [
      { what: `${mine.length} calls × ${strangers.length} ends and offices × another party's ${secrets.length} ids, over HTTP`, tried, escapes: escaped - escapedBelow },
      { what: 'statements put to the database as each of its roles', tried: asked, escapes: escapedBelow }
    ])
  })
})
