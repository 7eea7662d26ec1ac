import { execFile, spawn } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { serverAccount } from '../../src/db/embedded-binaries.js'
import { migrate } from '../../src/db/migrate.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { freePort } from '../../demo/service.js'
import { until } from '../process/support.js'

t.setTimeout(180_000)

/** The oldest PostgreSQL that the README names, as Debian 12 has it. */
const programs = '/usr/lib/postgresql/15/bin'
const run = promisify(execFile)

t.test('PostgreSQL 15 takes the migrations, and the service runs on it', { skip: existsSync(`${programs}/postgres`) ? false : 'PostgreSQL 15 is not installed' }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ticun-pg15-'))
  const account = await serverAccount(directory)
  if (account) await chown(directory, account.uid, account.gid)
  const [cluster, port] = [join(directory, 'pg'), await freePort()]
  const as = { ...account, cwd: directory, env: { LC_ALL: 'C', HOME: directory } }
  await run(`${programs}/initdb`, ['-D', cluster, '-U', 'ticun_owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], as)
  const server = spawn(`${programs}/postgres`, ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'], { ...as, stdio: 'ignore' })
  t.teardown(async () => {
    server.kill('SIGINT')
    await new Promise((resolve) => server.once('close', resolve))
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  await until(() => run(`${programs}/pg_isready`, ['-h', '127.0.0.1', '-p', String(port)]).then(() => true, () => false), 'PostgreSQL 15')

  const ownerUrl = `postgres://ticun_owner@127.0.0.1:${port}/postgres`
  const app = await startApp(t, {}, { ownerUrl, serviceUrl: await migrate(ownerUrl, sandboxConfig.secret), isCluster: false, drop: async () => undefined })
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 90_000 }), 200)
  t.match((await (await bureau(app)).get('/audit/overview')).body, { paidFen: 100_000, heldFen: 90_000, pendingFen: 0, payableFen: 10_000, agree: true })
  t.match(await app.nobody.get('/sandbox/invariants'), { status: 200, body: { ok: true } })
})
