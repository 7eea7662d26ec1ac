import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/service.js'
import { serverAccount } from '../../src/db/embedded-binaries.js'
import { migrate } from '../../src/db/migrate.js'
import { makeBackup } from '../../src/recovery/backup.js'
import { proveDeployment, restoreBackup } from '../../src/recovery/restore.js'
import { findProgram } from '../../src/recovery/tools.js'
import { until } from '../process/support.js'
import { foundIn } from '../restore/support.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { asOwner } from '../support/cluster.js'

/*
 * A database of DATABASE_URL: a dump of it goes into an empty one, and PostgreSQL's own tools bring
 * it back to an instant, by the commands that docs/restore.md gives.
 */

t.setTimeout(240_000)

const programs = '/usr/lib/postgresql/15/bin'
const run = promisify(execFile)

const aServer = async (t: Test) => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'ticun-pg15-')))
  await chmod(directory, 0o755)
  const account = await serverAccount(directory)
  const own = async (path: string) => { if (account) await chown(path, account.uid, account.gid) }
  const folder = async (name: string): Promise<string> => {
    await mkdir(join(directory, name), { mode: 0o700 })
    await own(join(directory, name))
    return join(directory, name)
  }
  await own(directory)
  const as = { ...account, cwd: directory, env: { LC_ALL: 'C', HOME: directory, PATH: process.env.PATH ?? '' } }
  const port = await freePort()
  let server: ChildProcess | undefined
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    if (server === undefined || server.exitCode !== null) return
    const ended = new Promise((resolve) => server?.once('close', resolve))
    server.kill(signal)
    await ended
  }
  const start = async (cluster: string) => {
    server = spawn(`${programs}/postgres`, ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'], { ...as, stdio: 'ignore' })
    await until(() => run(`${programs}/pg_isready`, ['-h', '127.0.0.1', '-p', String(port)]).then(() => true, () => false), 'PostgreSQL 15')
  }
  t.teardown(async () => {
    await stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  return { directory, as, port, folder, start, stop, own, urlOf: (database: string) => `postgres://ticun_owner@127.0.0.1:${port}/${database}` }
}

t.test('a database of DATABASE_URL', { skip: existsSync(`${programs}/postgres`) ? false : 'PostgreSQL 15 is not installed' }, async (t) => {
  const server = await aServer(t)
  const { directory, as, port, urlOf } = server
  const [cluster, wal, base] = [await server.folder('pg'), await server.folder('wal'), join(directory, 'base')]
  await run(`${programs}/initdb`, ['-D', cluster, '-U', 'ticun_owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], as)
  await appendFile(join(cluster, 'postgresql.conf'), `
archive_mode = on
archive_command = 'test ! -f ${wal}/%f && cp %p ${wal}/%f.part && sync ${wal}/%f.part && mv ${wal}/%f.part ${wal}/%f'
archive_timeout = 60
`)
  await server.start(cluster)
  await asOwner(urlOf('postgres'), 'create database ticun')
  const url = urlOf('ticun')
  const given = { ownerUrl: url, serviceUrl: await migrate(url, sandboxConfig.secret), isCluster: false, drop: async () => undefined }
  const app = await startApp(t, {}, given)
  const config = { ...sandboxConfig, databaseUrl: url, dataDirectory: app.dataDirectory }
  const against = { seen: [] as { note: string; by: string }[], keys: new Map<string, string>() }
  const quiet = { log: () => undefined }

  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop))
  const redeem = async () => {
    const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
    expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  }
  const sessionsIn = async (database: string) => Number((await asOwner(urlOf(database), 'select count(*) as n from releases'))[0].n)
  await redeem()
  await app.keepEvidence()
  expectStatus(await consumer.get(`/contracts/${contractId}/document`), 200)

  await t.test('is dumped, and the dump fills an empty database', async (t) => {
    const to = join(directory, 'dumped')
    const { manifest } = await makeBackup({ config, to, ...quiet })
    t.match(manifest, { kind: 'dump', server: { version: /^15/ }, archive: { timeoutSeconds: 60 } })
    t.ok(manifest.files.some(({ path }) => path.startsWith('files/')), 'with the documents')
    await redeem()

    const into = { ...config, dataDirectory: join(directory, 'files-of-restored'), databaseUrl: urlOf('restored') }
    await t.rejects(restoreBackup({ config, from: to, against, ...quiet }), { code: 'target_not_empty' })
    await asOwner(urlOf('postgres'), 'create database restored')
    await t.rejects(restoreBackup({ config: into, from: to, until: new Date(), against, ...quiet }), { code: 'until_needs_wal' })
    const { refused, documents } = await restoreBackup({ config: into, from: to, against, ...quiet })
    t.same(refused, [])
    t.ok(documents > 0)
    t.equal(await sessionsIn('restored'), 1, 'as it was when it was dumped')

    const again = await startApp(t, { dataDirectory: into.dataDirectory }, { ...given, ownerUrl: into.databaseUrl, serviceUrl: await migrate(into.databaseUrl, sandboxConfig.secret) })
    const answer = await again.as(consumer.token).get(`/contracts/${contractId}`)
    t.match(expectStatus(answer, 200).body, { money: { paidFen: 100_000, heldFen: 90_000, pendingFen: 10_000 } })
    const text = join(await server.folder('text'), 'sql')
    await run(`${programs}/pg_restore`, ['-f', text, join(to, 'database/ticun.dump')])
    t.same(await foundIn([join(directory, 'text')], { idNumber: consumer.idNumber }), {})
    t.ok((await foundIn([join(directory, 'text')], { phone: consumer.phone })).phone, 'the search finds what is there: the sandbox keeps its own messages in the clear')

    await app.keepEvidence()
    const { body: seen } = await app.nobody.get('/evidence/checkpoint')
    const proof = await proveDeployment({ config: into, against: { ...against, seen: [{ note: seen, by: 'the bureau' }] }, ...quiet })
    t.match(proof.refused, [{ code: 'evidence_broken', message: /log_shrank.*the bureau/ }], 'the dump has less than was seen since')
  })

  await t.test('comes back to an instant by PostgreSQL\'s own tools, and is proven', async (t) => {
    await run(`${programs}/pg_basebackup`, ['-d', urlOf('postgres'), '-D', base, '--wal-method=stream', '--checkpoint=fast', '--no-password'], as)
    await run(`${programs}/pg_verifybackup`, [base], as)
    await redeem()
    await sleep(50)
    const [{ between }] = await asOwner(url, 'select clock_timestamp() as between')
    await sleep(50)
    await redeem()
    await app.keepEvidence()
    const { body: seen } = await app.nobody.get('/evidence/checkpoint')
    t.equal(await sessionsIn('ticun'), 4)
    const [{ name }] = await asOwner(url, 'select pg_walfile_name(pg_switch_wal()) as name')
    await until(async () => existsSync(join(wal, name)), `${name} in the archive`)
    await server.stop('SIGQUIT')

    await appendFile(join(base, 'postgresql.auto.conf'), `
restore_command = 'cp ${wal}/%f %p'
recovery_target_time = '${(between as Date).toISOString().replace('T', ' ').replace('Z', '+00')}'
recovery_target_action = 'promote'
archive_mode = off
`)
    await writeFile(join(base, 'recovery.signal'), '')
    await server.own(join(base, 'recovery.signal'))
    await server.start(base)
    await until(async () => !(await asOwner(url, 'select pg_is_in_recovery() as still'))[0].still, 'the end of the recovery')
    t.equal(await sessionsIn('ticun'), 3, 'the session before the instant is there, the one after it is not')
    t.same((await proveDeployment({ config, against, ...quiet })).refused, [])
    const proof = await proveDeployment({ config, against: { ...against, seen: [{ note: seen, by: 'the bureau' }] }, ...quiet })
    t.match(proof.refused, [{ code: 'evidence_broken', message: /log_shrank/ }])
    t.equal(port, Number(new URL(url).port))
  })

  await t.test('asks for tools of the server\'s version, by name', async (t) => {
    t.equal(await findProgram('pg_dump', '15.4'), `${programs}/pg_dump`)
    const fakes = await server.folder('fakes')
    const { PATH } = process.env
    t.teardown(() => { process.env.PATH = PATH })
    process.env.PATH = fakes
    await t.rejects(findProgram('pg_dump', '99.1'), { code: 'tools_missing', message: /pg_dump of PostgreSQL 99, as Debian's postgresql-client-99 has it/ })
    await writeFile(join(fakes, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 14.2"\n', { mode: 0o755 })
    await t.rejects(findProgram('pg_dump', '99.1'), { code: 'tools_version', message: /fakes\/pg_dump is 14\.2/ })
  })
})
