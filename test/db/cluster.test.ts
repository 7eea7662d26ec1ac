import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { inWordsOfCluster, placesTable, type OfficeStatement } from '../../src/db/cluster.js'
import { send, statementOfToday, today } from '../bank/support.js'
import { earn, newEarner, notariesOf, settle, violated } from '../settlement/support.js'
import { advance } from '../support/clock.js'
import { startApp } from '../support/app.js'
import { createDatabase } from '../support/database.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asOwner } from '../support/roles.js'
import { expectStatus, listProduct } from '../support/shop.js'

/*
 * What a cluster is told does on one PostgreSQL what that is told: the service runs here in the
 * words of a cluster, on a database which has the table of places that they read.
 */

t.test('the words of a cluster book the same', async (t) => {
  const database = await createDatabase()
  if (!database.isCluster) {
    for (const statement of [
      `create schema ${placesTable.split('.')[0]}`, `grant usage on schema ${placesTable.split('.')[0]} to public`,
      `create table ${placesTable} (office_id integer primary key)`, `insert into ${placesTable} values (0), (1), (2)`, `grant select on ${placesTable} to public`
    ]) await asOwner({ database }, statement)
  }
  const told = new Set<string>()
  const query = pg.Client.prototype.query
  t.teardown(() => { pg.Client.prototype.query = query })
  pg.Client.prototype.query = function (this: pg.Client, ...[statement, ...more]: [OfficeStatement]) {
    const said = inWordsOfCluster(statement)
    if (said !== statement) told.add(statement.inCluster)
    return query.apply(this, [said, ...more] as never)
  } as never

  const app = await startApp(t, {}, database)
  const { first } = await notariesOf(app)
  const day = await today(app)
  const earner = await newEarner(app, 2)
  const { body: { code } } = expectStatus(await earner.consumer.post(`/contracts/${earner.contractId}/check-in-codes`), 201)
  const taken = await Promise.all([1, 2, 3].map(() => earner.cashier.post('/redemptions', { code, venueId: earner.venueId, sessions: 1 })))
  t.same(taken.map(({ status }) => status).sort(), [201, 422, 422], 'a code is used once')
  await earn(app, earner, 3)
  t.match(await settle(app, earner), { status: 'completed' })

  // A card that is used up, with a fen of its price left over.
  const productId = await listProduct(app, earner, { priceFen: 100, sessions: 3, settlementRule: { release: 'per_session', objectionHours: 0 } })
  const other = await newConsumer(app)
  await earn(app, { ...earner, consumer: other, contractId: await buy(app, other, productId) }, 3)

  expectStatus(await send(app, first, await statementOfToday(app)), 201)
  const csv = expectStatus(await app.nobody.get(`/sandbox/channel/report?date=${day}`), 200).body
  await first.get('/me')
  const report = await app.app.inject({
    method: 'POST', url: `/v1/channels/sandbox/reports/${day}`, payload: csv, headers: { 'content-type': 'text/csv', 'idempotency-key': randomUUID(), authorization: `Bearer ${first.token ?? ''}` }
  })
  t.match(report.json(), { differenceFen: 0, unmatched: [] })
  await advance(app, 86_400)
  await app.keepEvidence()

  const [counts] = await asOwner(app, `select (select count(*)::int from indicator_values) as readings, (select count(*)::int from evidence_tiles) as tiles,
    (select count(*)::int from evidence_positions) as places, (select count(*)::int from evidence_entries) as entries`)
  t.ok(counts.readings > 0 && counts.tiles > 0)
  t.equal(counts.places, counts.entries, 'every entry has its place')
  t.same(await violated(app), [])

  const source = fileURLToPath(new URL('../../src/', import.meta.url))
  const written = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(source + name, 'utf8').matchAll(/[>=] officeStatement\(/g)])
  t.equal(told.size, written.length, 'every statement that has words for a cluster was said')
})
