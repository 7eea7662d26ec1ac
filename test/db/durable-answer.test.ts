import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startApp } from '../support/app.js'
import { inDatabase, isInCluster, readCluster } from '../support/cluster.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/*
 * An answer is given only after the commit is durable. Here the commit itself is held up, by a
 * deferred trigger that waits for a lock of ours: whatever was sent before it has been done.
 */

const lock = 4_711

t.test('nobody is answered before the commit', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const code = async (): Promise<string> => expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201).body.code
  const { body: { id } } = expectStatus(await shop.cashier.post('/redemptions', { code: await code(), venueId: shop.venueId }), 201)

  // Of a cluster the workers: it is on their shards that a commit is held up.
  const owners = (isInCluster() ? readCluster().nodes.slice(1).map((node) => inDatabase(node, new URL(app.database.ownerUrl).pathname.slice(1))) : [app.database.ownerUrl])
    .map((connectionString) => new pg.Client({ connectionString }))
  t.teardown(() => Promise.all(owners.map((owner) => owner.end())))
  for (const owner of owners) {
    await owner.connect()
    if (isInCluster()) await owner.query('set citus.enable_ddl_propagation = off; set citus.override_table_visibility = off')
    const { rows } = await owner.query(`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relname ~ '^idempotency_keys${isInCluster() ? '_[0-9]+' : ''}$' and relkind = 'r'`)
    await owner.query(`create function wait_at_commit() returns trigger language plpgsql security definer as $$ begin perform pg_advisory_xact_lock(${lock}); return null; end $$`)
    for (const { name } of rows) {
      await owner.query(`create constraint trigger wait_at_commit after insert on ${name} deferrable initially deferred for each row execute function wait_at_commit()`)
    }
  }

  const isHeldUp = async (t: { equal: (found: unknown, wanted: unknown, says: string) => unknown }, post: () => Promise<{ status: number }>, status: number): Promise<void> => {
    for (const owner of owners) await owner.query('select pg_advisory_lock($1)', [lock])
    let answered: { status: number } | undefined
    const asked = post().then((answer) => { answered = answer })
    for (let waiting = 0; waiting === 0; await sleep(20)) {
      for (const owner of owners) waiting += (await owner.query("select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = $1 and not granted", [lock])).rows[0].n
      if (answered) break
    }
    await sleep(100)
    t.equal(answered, undefined, 'it is not answered while the commit waits')
    for (const owner of owners) await owner.query('select pg_advisory_unlock($1)', [lock])
    await asked
    t.equal(answered?.status, status, 'and answered when it is done')
  }

  t.test('an objection', (t) => isHeldUp(t, () => consumer.post(`/redemptions/${id}/objection`, { reason: '没有上课' }, { key: randomUUID() }), 200))

  t.test('a redemption', async (t) => {
    const body = { code: await code(), venueId: shop.venueId }
    await isHeldUp(t, () => shop.cashier.post('/redemptions', body, { key: randomUUID() }), 201)
  })
})
