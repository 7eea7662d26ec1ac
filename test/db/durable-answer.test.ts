import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startApp } from '../support/app.js'
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

  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  await owner.query(`
    create function wait_at_commit() returns trigger language plpgsql security definer as $$ begin perform pg_advisory_xact_lock(${lock}); return null; end $$;
    create constraint trigger wait_at_commit after insert on idempotency_keys deferrable initially deferred for each row execute function wait_at_commit()`)

  const isHeldUp = async (t: { equal: (found: unknown, wanted: unknown, says: string) => unknown }, post: () => Promise<{ status: number }>, status: number): Promise<void> => {
    await owner.query('select pg_advisory_lock($1)', [lock])
    let answered: { status: number } | undefined
    const asked = post().then((answer) => { answered = answer })
    for (let waiting = 0; waiting === 0; await sleep(20)) {
      waiting = (await owner.query("select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = $1 and not granted", [lock])).rows[0].n
      if (answered) break
    }
    await sleep(100)
    t.equal(answered, undefined, 'it is not answered while the commit waits')
    await owner.query('select pg_advisory_unlock($1)', [lock])
    await asked
    t.equal(answered?.status, status, 'and answered when it is done')
  }

  t.test('an objection', (t) => isHeldUp(t, () => consumer.post(`/redemptions/${id}/objection`, { reason: '没有上课' }, { key: randomUUID() }), 200))

  t.test('a redemption', async (t) => {
    const body = { code: await code(), venueId: shop.venueId }
    await isHeldUp(t, () => shop.cashier.post('/redemptions', body, { key: randomUUID() }), 201)
  })
})
