import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePort } from '../../demo/service.js'
import { createDatabase } from '../support/database.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { build, overHttp } from '../process/support.js'

t.setTimeout(180_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
/** nobody and nogroup. */
const nobody = 65_534
const isRoot = process.getuid?.() === 0

/*
 * The service as its container runs it: as somebody who owns nothing but its data directory and the
 * temporary one, neither the program nor the folder it runs in. As another user than root the
 * program may be its own; the folder is not writable then either.
 */
t.test('the service needs no more than one folder to write to', async (t) => {
  await build()
  const database = await createDatabase()
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'ticun-confined-')))
  const [data, temporary, empty] = [join(parent, 'data'), join(parent, 'tmp'), join(parent, 'empty')]
  await chmod(parent, 0o755)
  for (const folder of [data, temporary, empty]) await mkdir(folder)
  await chmod(empty, 0o555)
  if (isRoot) for (const folder of [data, temporary]) await chown(folder, nobody, nobody)
  const port = await freePort()
  // The test runner has each process of Node write where it ran; this one may not.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, join(root, 'dist/main.js')], {
    cwd: empty, stdio: ['ignore', 'pipe', 'pipe'], ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    env: { PATH: process.env.PATH, HOME: empty, DATABASE_URL: database.ownerUrl, TICUN_MODE: 'sandbox', TICUN_DATA_DIR: data, TMPDIR: temporary, PORT: String(port), LOG_LEVEL: 'error', RATE_LIMITS: 'off' }
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += String(text) })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    await database.drop()
    await rm(parent, { recursive: true, force: true })
  })

  const url = `http://127.0.0.1:${port}`
  const readyz = async (): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${url}/readyz`)
    return { status: response.status, body: await response.json() }
  }
  const isReady = (): Promise<boolean> => readyz().then(({ status }) => status === 200, () => false)
  for (const end = Date.now() + 60_000; !(await isReady()); await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > end) throw new Error(`the service does not get ready: ${JSON.stringify(await readyz().catch(String))} ${said}`)
  }

  const app = overHttp(url)
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  t.match(await consumer.get(`/contracts/${contractId}/document`), { status: 200 }, 'a contract was written, kept and read')
  t.ok((await readdir(join(data, 'files'))).length > 0)
  t.same(await readdir(empty), [], 'nothing was left where it runs')

  await t.test('and says so when it cannot write there', { skip: isRoot ? false : 'as root a folder can be taken away from nobody' }, async (t) => {
    const files = join(data, 'files')
    for (const folder of [files, ...(await readdir(files)).map((name) => join(files, name))]) {
      await chown(folder, 0, 0)
      await chmod(folder, 0o555)
    }
    for (let tries = 0; (await readyz()).status === 200 && tries < 400; tries++) await sleep(100)
    t.match(await readyz(), { status: 503, body: { status: 'not_ready', checks: { database: 'ok', storage: 'failing' } } })
    t.equal((await fetch(`${url}/healthz`)).status, 200)
    t.match(said, /"check":"storage".*EACCES|EACCES.*"check":"storage"/s, 'the log says why')
  })

  child.kill('SIGTERM')
  t.equal((await ended)[0], 0, said.slice(-1_500))
})
