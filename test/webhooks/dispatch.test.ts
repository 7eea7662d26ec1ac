import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { createPool } from '../../src/db/client.js'
import { createUnitOfWork, worker } from '../../src/db/unit-of-work.js'
import { newId, uuidOf, type Id } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { createDispatch } from '../../src/webhooks/dispatch.js'
import type { Call } from '../../src/webhooks/sender.js'
import type { Outcome } from '../../src/webhooks/rules.js'
import { secretColumn } from '../../src/webhooks/service.js'
import { listDeliveries } from '../../src/webhooks/store.js'
import { createDatabase } from '../support/database.js'

t.test('a receiver that does not answer holds up no run, and no other receiver', async (t) => {
  const database = await createDatabase()
  const pool = createPool({ connectionString: database.serviceUrl, isCluster: database.isCluster, onError: () => undefined })
  const clock = { now: () => new Date() }
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { throw error } })
  const vault = createVault([{ id: 'k', key: Buffer.alloc(32, 1) }], Buffer.alloc(32, 2))
  const [slow, quick] = [newId('whe', 1), newId('whe', 1)]
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  for (const id of [slow, quick]) {
    await owner.query(`insert into webhook_endpoints (office_id, id, url, description, status, secret_sealed, created_by, created_at) values (1, $1, $2, '', 'active', $3, $4, now())`,
      [uuidOf(id), id, vault.seal('whsec_AAAA', secretColumn), uuidOf(newId('per', 0))])
    await owner.query(`insert into webhook_deliveries (office_id, id, endpoint_id, type, body, status, next_attempt_at, created_at)
      select 1, gen_random_uuid(), $1, 'ping', '{}', 'pending', now(), now() from generate_series(1, 20)`, [uuidOf(id)])
  }
  await owner.end()

  let atOnce = 0
  let mostAtOnce = 0
  const send = async ({ url, signal }: Call): Promise<Outcome> => {
    if (url === quick) return { status: 204, error: null }
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    atOnce -= 1
    return { status: null, error: 'no answer in time' }
  }
  const dispatch = createDispatch({
    work, clock, vault, send, entriesFrom: async () => [], catchUp: undefined, awaitDelivery: false, timeoutMs: 60_000,
    onFailure: (error) => { t.fail(String(error)) }
  })
  const statusesOf = async (id: Id<'whe'>) => (await work.read(worker, 1, (tx) => listDeliveries(tx, id, undefined, undefined, 100))).map(({ status }) => status)

  const begun = Date.now()
  await dispatch.job.run(1, clock.now())
  for (let tries = 0; tries < 100 && (await statusesOf(quick)).includes('pending'); tries++) await sleep(50)
  await dispatch.job.run(1, clock.now())
  t.ok(Date.now() - begun < 30_000, 'runs end while a receiver hangs')
  t.same(new Set(await statusesOf(quick)), new Set(['delivered']))
  t.same(new Set(await statusesOf(slow)), new Set(['pending']))
  t.equal(mostAtOnce, 4, 'and no more than a few calls wait for it')
  await dispatch.stop()
  t.equal(atOnce, 0, 'a stop breaks them off')
  t.same(new Set(await statusesOf(slow)), new Set(['pending']), 'to be sent again')
  await pool.end()
  await database.drop()
})
