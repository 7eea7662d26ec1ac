import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbedded, type EmbeddedServer } from '../../src/db/embedded.js'
import { migrate } from '../../src/db/migrate.js'
import { startApp, type Answer, type TestApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(120_000)

const light = { durable: false, settings: { shared_buffers: '32MB' } }

const asOwner = async <Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** A streaming replica of an embedded server: its files, copied while it runs, and the word to follow it. */
const replicaOf = async (primary: EmbeddedServer, directory: string): Promise<{ start: () => Promise<EmbeddedServer> }> => {
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  await client.query("select pg_backup_start('replica', fast => true)")
  const { uid, gid } = await stat(join(primary.directory, 'pg'))
  await mkdir(directory)
  await cp(primary.directory, directory, {
    recursive: true, preserveTimestamps: true,
    filter: (path) => !/\/(postmaster\.(pid|opts)|postgres\.log|users|lock|pg_wal\/[0-9A-F]{24})$/.test(path)
  })
  const { rows: [label] } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(wait_for_archive => false)')
  await client.end()
  await writeFile(join(directory, 'pg/backup_label'), label?.labelfile ?? '')
  await writeFile(join(directory, 'pg/standby.signal'), '')
  // The copy belongs to whoever the primary runs as.
  await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, directory])
  const { hostname, port, username, password } = new URL(primary.url)
  const following = { ...light, settings: { ...light.settings, primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`, wal_retrieve_retry_interval: '200ms' } }
  return { start: () => startEmbedded({ dataDirectory: directory, ...following }) }
}

const aPair = async (t: Test) => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'ticun-replica-')))
  await chmod(parent, 0o755)
  const primary = await startEmbedded({ dataDirectory: join(parent, 'primary'), ...light })
  const serviceUrl = await migrate(primary.url, sandboxConfig.secret)
  const copy = await replicaOf(primary, join(parent, 'replica'))
  const replica = await copy.start()
  t.teardown(async () => {
    await primary.stop()
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return { primary, serviceUrl, copy, replica }
}

const lagOf = ({ headers }: Answer): number => Number(headers['ticun-lag-seconds'])

t.test('the bureau reads from a replica', async (t) => {
  const { primary, serviceUrl, copy, replica } = await aPair(t)
  let standing = replica
  t.teardown(() => standing.stop())
  const app: TestApp = await startApp(t, { databaseReadUrl: replica.url }, { ownerUrl: primary.url, serviceUrl, isCluster: false, drop: async () => undefined })
  const shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, productId)
  const [inspector, notary] = [await bureau(app), await maker(app)]
  const heldFor = async (person: typeof inspector): Promise<number> => expectStatus(await person.get('/audit/overview'), 200).body.heldFen
  const untilSeen = async (fen: number): Promise<void> => { while (await heldFor(inspector) !== fen) await sleep(50) }

  await t.test('with its lag in the answer, small even while nobody writes', async (t) => {
    await untilSeen(100_000)
    const [asking] = await asOwner<{ count: number }>(replica.url, "select count(*)::int as count from pg_stat_activity where application_name = 'ticun reads'")
    t.ok(asking && asking.count > 0, 'it is who is asked')
    await sleep(2_500)
    for (const path of ['/audit/overview', '/audit/trial-balance', '/audit/merchants', `/merchants/${shop.merchantId}/balances`, '/audit/journal?format=csv', '/audit/quarterly-balances?quarter=2026-Q1']) {
      const answer = expectStatus(await inspector.get(path), 200)
      t.ok(lagOf(answer) >= 0 && lagOf(answer) < 2.5, `${path}: ${answer.headers['ticun-lag-seconds']} s`)
    }
    t.equal((await notary.get('/audit/overview')).headers['ticun-lag-seconds'], undefined, 'a notary reads what was just written')
  })

  await t.test('one that stands still says how old its answer is, and holds nobody else up', async (t) => {
    await asOwner(replica.url, 'select pg_wal_replay_pause()')
    const before = Date.parse((await app.nobody.get('/sandbox/clock')).body.now)
    await buy(app, await newConsumer(app), productId)
    expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
    await sleep(1_500)
    const [old, fresh] = [expectStatus(await inspector.get('/audit/overview'), 200), expectStatus(await notary.get('/audit/overview'), 200)]
    t.match([old.body, fresh.body], [{ heldFen: 100_000, contracts: 1, agree: true }, { heldFen: 200_000, contracts: 2, agree: true }])
    t.ok(lagOf(old) >= 1.5, `${lagOf(old)} s behind`)
    t.ok(Date.parse(old.body.at) <= before + 100, 'and the books are dated by what it has')
    t.match((await inspector.get('/audit/trial-balance?at=2999-01-01T00:00:00Z')).body, { accounts: [] , debitFen: 100_000 }, 'asked for a later moment, too')
    await asOwner(replica.url, 'select pg_wal_replay_resume()')
    await untilSeen(200_000)
  })

  await t.test('one that is gone is said to be, while the rest goes on', async (t) => {
    await standing.stop()
    for (const path of ['/audit/overview', '/audit/journal?format=jsonl']) {
      const refused = await inspector.get(path)
      t.match(refused, { status: 503, body: { code: 'unavailable' } }, path)
      t.ok(Number(refused.headers['retry-after']) > 0)
    }
    await buy(app, await newConsumer(app), productId)
    t.equal(await heldFor(notary), 300_000)
    standing = await copy.start()
    t.equal(standing.url, replica.url, 'it comes back where it was')
    while ((await inspector.get('/audit/overview')).status === 503) await sleep(50)
    await untilSeen(300_000)
  })

  await t.test('a primary in its place is behind by nothing', async (t) => {
    const direct = await startApp(t, { databaseReadUrl: primary.url }, { ownerUrl: primary.url, serviceUrl, isCluster: false, drop: async () => undefined })
    t.match(expectStatus(await (await bureau(direct)).get('/audit/overview'), 200), { headers: { 'ticun-lag-seconds': '0' }, body: { heldFen: 300_000 } })
    const [open] = await asOwner<{ count: number }>(primary.url, "select count(*)::int as count from pg_stat_activity where application_name = 'ticun reads'")
    t.ok(open && open.count > 0)
  })
})
