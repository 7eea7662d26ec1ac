import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, cp, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import t from 'tap'
import { createAdministration } from '../../src/administration.js'
import { createApp } from '../../src/app.js'
import { configOf } from '../../src/config.js'
import { startEmbedded } from '../../src/db/embedded.js'
import { migrate } from '../../src/db/migrate.js'
import { makeBackup } from '../../src/recovery/backup.js'
import { restoreBackup } from '../../src/recovery/restore.js'
import { killHard, postmasterOf, until } from '../process/support.js'
import { aParent, archivedUpTo, foundIn } from '../restore/support.js'
import { newIdNumber, newPhone } from '../support/people.js'
import { application } from '../support/shop.js'
import { asOwner } from '../support/cluster.js'

/*
 * A deployment without a sandbox, whose outside world stands in no table: what a backup and an
 * archive show of its people, and what a restore says of keys, archives and instants that do not fit.
 */

t.setTimeout(300_000)

const walFileBytes = 16 * 1024 * 1024

t.test('a deployment without a sandbox', async (t) => {
  const parent = await aParent(t)
  const texts: string[] = []
  const gateway = createServer(async (request, response) => {
    texts.push(JSON.parse(await text(request)).text)
    response.end()
  })
  await new Promise<void>((resolve) => { gateway.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => gateway.close())
  const config = configOf({
    TICUN_MODE: 'production', TICUN_SECRET: randomBytes(48).toString('base64'), TICUN_DATA_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    SMS_GATEWAY_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/sms`, SMS_GATEWAY_KEY: randomBytes(32).toString('base64'),
    TICUN_DATA_DIR: join(parent, 'data'), TICUN_ARCHIVE: join(parent, 'archive'), TICUN_ARCHIVE_SECONDS: '1', LOG_LEVEL: 'silent', RATE_LIMITS: 'off'
  })
  const server = await startEmbedded({ dataDirectory: config.dataDirectory, archive: config.archive! })
  const serviceUrl = await migrate(server.url, config.secret)
  const administration = createAdministration({ config, serviceUrl })
  const values = { phone: newPhone(), name: '欧阳锦瑟', laterName: '百里归墟', idNumber: newIdNumber(), account: '6222021001987654321', accountName: '端木长缨个体经营户', notaryPhone: newPhone(), notary: '慕容拾遗', ownerPhone: newPhone() }
  await administration.run(['office:create', '--number', '1', '--name', '上海市长宁公证处', '--district', '长宁区', '--origin', 'ticun.example/changning', '--bank-name', '工行', '--account-name', '提存专户', '--account-number', '100124211900000001'])
  await administration.run(['staff:add', '--phone', values.notaryPhone, '--end', 'notary', '--office', '1', '--roles', 'maker,checker', '--name', values.notary])
  await administration.close()
  const ticun = await createApp({ config, serviceUrl, logger: pino({ level: 'silent' }) })
  const call = async (method: 'POST' | 'PUT', url: string, payload: object, token?: string): Promise<any> => {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}) }
    const answer = await ticun.app.inject({ method, url: `/v1${url}`, payload, headers })
    if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${answer.payload}`)
    return answer.json()
  }
  const { challengeId } = await call('POST', '/auth/challenges', { phone: values.phone, purpose: 'login' })
  await until(async () => texts.length > 0, 'the code')
  const { accessToken } = await call('POST', '/auth/sessions', { challengeId, code: /\d{6}/.exec(texts[0]!)![0], end: 'consumer' })
  await call('PUT', '/me/identity', { legalName: values.name, idNumber: values.idNumber }, accessToken)
  const merchant = '提存备份演练健身馆'
  await call('POST', '/merchants', { ...application({ name: merchant, ownerPhone: values.ownerPhone }), settlementAccount: { bankName: '中国工商银行', accountName: values.accountName, accountNumber: values.account } }, accessToken)
  const [folder, archive] = [join(parent, 'backup'), join(parent, 'archive')]
  const { manifest: { stop } } = await makeBackup({ config, to: folder, log: () => undefined })
  await call('PUT', '/me/identity', { legalName: values.laterName, idNumber: values.idNumber }, accessToken)
  await ticun.close()
  for (let i = 0; i < 3; i++) await asOwner(server.url, 'create table if not exists filler (n int); insert into filler select generate_series(1, 1000); select pg_switch_wal()')
  const [{ written }] = await asOwner(server.url, 'select pg_walfile_name(pg_current_wal_lsn()) as written')
  await asOwner(server.url, 'drop table filler')
  await server.stop()
  await archivedUpTo(join(archive, 'wal'), written)
  const given = { from: folder, against: { seen: [], keys: new Map<string, string>() }, log: () => undefined }
  const into = (name: string) => ({ ...given, config: { ...config, dataDirectory: join(parent, name), archive: undefined } })

  await t.test('shows no personal value and no key in backup and archive', async (t) => {
    t.same(await foundIn([folder, archive], values), {})
    t.ok((await foundIn([folder], { merchant })).merchant, 'the search finds what is there')
    t.same(await foundIn([folder, archive], { secret: config.secret.toString('base64'), key: config.dataKeys[0]!.key.toString('base64') }), {})
  })

  await t.test('is not restored with keys that do not open it', async (t) => {
    const other = configOf({ TICUN_MODE: 'production', TICUN_SECRET: randomBytes(48).toString('base64'), TICUN_DATA_KEYS: `k1:${randomBytes(32).toString('base64')}`, TICUN_DATA_DIR: join(parent, 'other'), LOG_LEVEL: 'silent' })
    t.match((await restoreBackup({ ...given, config: other })).refused, [{ code: 'wrong_keys' }])
  })

  await t.test('is not restored to an instant that its log does not reach', async (t) => {
    await t.rejects(restoreBackup({ ...into('late'), archive, until: new Date('2099-01-01T00:00:00Z') }), { code: 'until_not_reached' })
    await t.rejects(startEmbedded({ dataDirectory: join(parent, 'late') }), /is not a whole database: a restore into it was not finished/)
  })

  await t.test('is not restored from an archive that cannot be read to its end', async (t) => {
    const damaged = join(parent, 'damaged')
    await cp(archive, damaged, { recursive: true, preserveTimestamps: true })
    const after = (await readdir(join(damaged, 'wal'))).filter((name) => name > stop.wal && /^[0-9A-F]{24}$/.test(name)).sort()
    for (const name of await readdir(join(damaged, 'wal'))) await chmod(join(damaged, 'wal', name), 0o644)
    await chmod(join(damaged, 'wal'), 0o755)
    await writeFile(join(damaged, 'wal', after[1]!), Buffer.alloc(walFileBytes))
    t.match((await restoreBackup({ ...into('broken'), archive: damaged })).refused, [{ code: 'archive_broken', message: new RegExp(`goes on to ${after.at(-1)}`) }])
  })

  await t.test('is restored whole from backup and archive', async (t) => {
    const { refused, lastArchived } = await restoreBackup({ ...into('whole'), archive })
    t.same(refused, [])
    t.ok(lastArchived!.name >= written)
  })

  await t.test('loses nothing where the lost server\'s own log survived', async (t) => {
    const again = await startEmbedded({ dataDirectory: config.dataDirectory, archive: { ...config.archive!, timeoutSeconds: 600 } })
    await asOwner(again.url, 'create table drizzle.late as select 7 as n')
    await killHard(await postmasterOf(config.dataDirectory) as number)
    const place = into('rescued')
    t.same((await restoreBackup({ ...place, archive, wal: [join(config.dataDirectory, 'pg/pg_wal')] })).refused, [])
    const rescued = await startEmbedded({ dataDirectory: place.config.dataDirectory })
    t.same(await asOwner(rescued.url, 'select n from drizzle.late'), [{ n: 7 }], 'what was never archived is there')
    await rescued.stop()
    await again.stop()
  })
})
