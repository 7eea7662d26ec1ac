import { execFile } from 'node:child_process'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { configOf } from '../../src/config.js'
import { archiveSettings } from '../../src/db/embedded-archive.js'
import { startEmbedded } from '../../src/db/embedded.js'
import { noteKeyOf, signNote } from '../../src/evidence/note.js'
import { uuidOf } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { makeBackup } from '../../src/recovery/backup.js'
import { proveDeployment, restoreBackup } from '../../src/recovery/restore.js'
import { verifierKeyOf } from '../../src/verify/note.js'
import { findLog } from '../../src/verify/remote.js'
import { newWitnessKey, witnessKeyOf } from '../../src/witness/key.js'
import { memoryIn } from '../../src/witness/memory.js'
import { witnessOnce } from '../../src/witness/witness.js'
import { freePort } from '../../demo/service.js'
import { build, killHard, overHttp, postmasterOf, startService, until } from '../process/support.js'
import { sandboxConfig } from '../support/database.js'
import { newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'
import { asOwner } from '../support/cluster.js'
import { aParent, archivedUpTo, command, foundIn, sleep } from './support.js'

/*
 * The drill: a service with an archive is backed up, works on, and is lost. What was acknowledged
 * comes back, as of the end and as of an instant; what is damaged, or lacks what was seen, does not.
 */

t.setTimeout(240_000)
t.before(build)

const pdf = async (url: string, { token }: Pick<Consumer, 'token'>, contractId: string): Promise<Buffer> => {
  const response = await fetch(`${url}/v1/contracts/${contractId}/document`, { headers: { authorization: `Bearer ${token}` } })
  if (response.status !== 200) throw new Error(`${response.status} for the document of ${contractId}`)
  return Buffer.from(await response.arrayBuffer())
}

t.test('a service that is lost', async (t) => {
  const parent = await aParent(t)
  const [data, archive, first, seen] = ['data', 'archive', 'first', 'seen.txt'].map((name) => join(parent, name)) as [string, string, string, string]
  const wal = join(archive, 'wal')
  const env = { TICUN_DATA_DIR: data, TICUN_ARCHIVE: archive, TICUN_ARCHIVE_SECONDS: '1' }
  const port = await freePort()
  const witnessKey = witnessKeyOf(newWitnessKey('bureau.example'))
  const witness = async (url: string) => {
    const log = await findLog(url)
    return witnessOnce({ log, logKey: verifierKeyOf((await overHttp(url).nobody.get('/evidence/key')).body), witnessKey, memory: memoryIn(seen), now: () => new Date() })
  }

  const base = { config: configOf({ TICUN_MODE: 'sandbox', LOG_LEVEL: 'silent' }), from: first, archive, against: { seen: [], keys: new Map<string, string>() }, log: () => undefined }
  const into = (name: string) => ({ ...base, config: { ...base.config, dataDirectory: join(parent, name) } })

  // Before the disaster.
  let service = await startService(t, { port, env })
  const app = overHttp(service.url)
  const shop: Shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app, { legalName: '欧阳锦瑟' })
  const contractId = await buy(app, consumer, productId)
  const redeem = async (): Promise<string> => {
    const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
    return expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201).body.id
  }
  const state = async () => ({
    contracts: expectStatus(await consumer.get('/contracts?limit=100'), 200).body,
    redemptions: expectStatus(await consumer.get('/redemptions?limit=100'), 200).body
  })
  const ownerUrl = async (): Promise<string> => {
    const { password, port: databasePort } = JSON.parse(await readFile(join(data, 'postgres.json'), 'utf8'))
    return `postgres://ticun_owner:${password}@127.0.0.1:${databasePort}/ticun`
  }

  const redemptions = [await redeem()]
  const firstPdf = await pdf(service.url, consumer, contractId)

  await t.test('is backed up while it runs', async (t) => {
    const { code, said } = await command('backup', ['--to', first], env)
    t.equal(code, 0, said)
    t.match(said, /archived every 1 s/)
    t.match(said, /data keys sandbox/)
    const manifest = JSON.parse(await readFile(join(first, 'manifest.json'), 'utf8'))
    t.match(manifest, { kind: 'cluster', server: { version: /^18/, systemIdentifier: /^\d+$/ }, archive: { timeoutSeconds: 1 }, evidence: [{ office: 1, checkpoint: /^ticun.example/ }] })
    t.ok(manifest.files.some(({ path }: { path: string }) => path.startsWith('files/')), 'the contract\'s document is in it')
  })

  // More work: a session, an instant, another session, another purchase with its document.
  redemptions.push(await redeem())
  await sleep(50)
  const [{ between }] = await asOwner(await ownerUrl(), 'select clock_timestamp() as between, pg_switch_wal()')
  await sleep(50)
  redemptions.push(await redeem())
  const secondId = await buy(app, consumer, productId)
  const secondPdf = await pdf(service.url, consumer, secondId)
  const { size: witnessed } = await witness(service.url)
  const before = await state()
  const [{ written }] = await asOwner(await ownerUrl(), 'select pg_walfile_name(pg_current_wal_lsn()) as written')
  await archivedUpTo(wal, written)
  await killHard(service.process.pid as number)
  await killHard(await postmasterOf(data) as number)

  await t.test('comes back whole in an empty place, from backup and archive', async (t) => {
    const place = join(parent, 'restored')
    const restoredEnv = { TICUN_DATA_DIR: place, TICUN_ARCHIVE: join(parent, 'next-archive') }
    const begun = Date.now()
    const { code, said } = await command('restore', ['--from', first, '--archive', archive, '--checkpoint', seen], restoredEnv)
    t.equal(code, 0, said)
    t.comment(`restored and proven in ${Date.now() - begun} ms`)
    t.match(said, /All \d+ invariants hold\./)
    t.match(said, new RegExp(`hashed leaf by leaf; it extends what was seen up to ${witnessed}`))
    t.match(said, /the last transaction that is there was committed at 20\d\d-/)
    t.match(said, /the last file of the archive is [0-9A-F]{24}, archived at/)
    t.match(said, /at most the last 1 s before the failure/)

    service = await startService(t, { port, env: restoredEnv })
    t.comment(`a service is ready on it after another ${service.readyMs} ms`)
    t.same(await state(), before, 'the same contracts, balances and redemptions')
    t.same((await pdf(service.url, consumer, contractId)).equals(firstPdf), true, 'a document from the backup')
    t.same((await pdf(service.url, consumer, secondId)).equals(secondPdf), true, 'a document that was made after it')
    t.match(await app.nobody.get('/sandbox/invariants'), { status: 200, body: { ok: true } })
    redemptions.push(await redeem())
    // What was redeemed has its place in the log half a second later.
    await until(async () => (await witness(service.url)).size > witnessed, 'the log to go on from what the witness saw')
    // What an attacker with the office's key could sign.
    const server = await startEmbedded({ dataDirectory: place })
    const [{ origin, key_sealed: sealed }] = await asOwner(server.url, "select origin, key_sealed from evidence_logs join evidence_keys using (office_id) where purpose = 'checkpoints'")
    await server.stop()
    const pem = createVault(sandboxConfig.dataKeys, sandboxConfig.indexKeys).open(sealed, 'evidence_keys.key_sealed')
    const fork = signNote([origin, witnessed, Buffer.alloc(32, 1).toString('base64'), ''].join('\n'), noteKeyOf(origin, pem))
    const proofOf = async (note: string) => (await proveDeployment({ ...into('restored'), against: { seen: [{ note, by: 'somebody' }], keys: new Map() } })).refused
    t.match(await proofOf(fork), [{ code: 'evidence_broken', message: /forked, office 1/ }])
    t.match(await proofOf(fork.replace(origin, 'other.example')), [{ code: 'evidence_broken', message: /wrong_log/ }])
    t.match(await proofOf(fork.replace(String(witnessed), String(witnessed - 1))), [{ code: 'evidence_broken', message: /bad_signature/ }])
    t.same(await proofOf(await readFile(seen, 'utf8')), [])
    t.equal(await service.stop(), 0)

    await t.rejects(restoreBackup(into('restored')), { code: 'target_not_empty' })
    await t.rejects(makeBackup({ config: into('restored').config, to: first, log: () => undefined }), { code: 'target_not_empty' })
    await t.rejects(startEmbedded({ dataDirectory: place, archive: { directory: archive, timeoutSeconds: 60 } }), /belongs to another database/, 'the old archive takes no log of the new history')
  })

  const isUntouched = (name: string) => readdir(join(parent, name)).then((names) => names.length === 0, () => true)

  await t.test('comes back as of an instant, between two sessions, and is refused because the witness has seen more', async (t) => {
    const { refused, lastTransactionAt } = await restoreBackup({ ...into('instant'), until: between, against: { seen: [{ note: await readFile(seen, 'utf8'), by: 'the bureau' }], keys: new Map() } })
    t.equal(refused.length, 1, 'all else is proven')
    t.match(refused, [{ code: 'evidence_broken', message: /log_shrank, office 1, log ticun\.example\/changning, the bureau/ }])
    t.ok(lastTransactionAt! <= between, 'the last transaction is not later')

    const dataDirectory = join(parent, 'instant')
    await t.rejects(startEmbedded({ dataDirectory }), /is not a whole database: the restore into it was refused\. evidence_broken/, 'nothing starts on it')
    const server = await startEmbedded({ dataDirectory, restoring: true })
    t.same((await asOwner(server.url, 'select id from releases order by id')).map(({ id }) => id), redemptions.slice(0, 2).map(uuidOf), 'the first two sessions, and not the third')
    t.match(await asOwner(server.url, 'select id, held_fen, pending_fen from contracts'), [{ id: uuidOf(contractId), held_fen: 80_000n, pending_fen: 20_000n }])
    await server.stop()
  })

  await t.test('is not restored to an instant before the backup, nor from an archive with a gap', async (t) => {
    await t.rejects(restoreBackup({ ...into('early'), until: new Date('2026-01-01T00:00:00Z') }), { code: 'until_too_early' })
    t.ok(await isUntouched('early'))
    const { stop } = JSON.parse(await readFile(join(first, 'manifest.json'), 'utf8'))
    const [missing] = (await readdir(wal)).filter((name) => name > stop.wal && /^[0-9A-F]{24}$/.test(name)).sort()
    await rename(join(wal, missing!), join(parent, missing!))
    await t.rejects(restoreBackup(into('gap')), { code: 'archive_gap' })
    await rename(join(parent, missing!), join(wal, missing!))
    t.ok(await isUntouched('gap'))
  })

  await t.test('is not restored from a backup that is damaged, and nothing is written', async (t) => {
    const manifest = JSON.parse(await readFile(join(first, 'manifest.json'), 'utf8'))
    const relation = manifest.files.find(({ path, size }: { path: string; size: number }) => /^database\/base\/\d+\/\d+$/.test(path) && size > 100_000).path
    const document = manifest.files.find(({ path }: { path: string }) => path.startsWith('files/')).path
    const flip = async (path: string): Promise<void> => {
      const bytes = await readFile(join(first, path))
      bytes[5_000 % bytes.length]! ^= 1
      await writeFile(join(first, path), bytes)
    }
    const moveAway = (path: string) => rename(join(first, path), join(parent, 'away'))
    const moveBack = (path: string) => rename(join(parent, 'away'), join(first, path))
    for (const [what, code, says, damage, mend] of [
      ['a bit of a table', 'backup_damaged', `${relation} has another content`, () => flip(relation), () => flip(relation)],
      ['a bit of a document', 'backup_damaged', `${document} has another content`, () => flip(document), () => flip(document)],
      ['a file too few', 'backup_damaged', 'database/backup_label is missing', () => moveAway('database/backup_label'), () => moveBack('database/backup_label')],
      ['a file too many', 'backup_damaged', 'database/recovery.conf does not belong there', () => writeFile(join(first, 'database/recovery.conf'), ''), () => rm(join(first, 'database/recovery.conf'))],
      ['a changed manifest', 'backup_damaged', 'manifest.sha256', () => flip('manifest.json'), () => flip('manifest.json')],
      ['no manifest', 'backup_incomplete', 'was not finished', () => moveAway('manifest.json'), () => moveBack('manifest.json')]
    ] as const) {
      await damage()
      await t.rejects(restoreBackup(into('damaged')), { code, message: new RegExp(says.replaceAll('.', '\\.')) }, what)
      await mend()
    }
    t.ok(await isUntouched('damaged'))
  })

  await t.test('archives nothing over what is there', async (t) => {
    const command = archiveSettings({ directory: archive, timeoutSeconds: 1 }).archive_command!
    const kept = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name))[0]!
    const content = await readFile(join(wal, kept))
    const archiving = (from: string, name: string) => new Promise<number>((settle) => {
      execFile('/bin/sh', ['-c', command.replaceAll('%p', from).replaceAll('%f', name).replaceAll('%%', '%')], (error) => { settle(error === null ? 0 : Number(error.code)) })
    })
    const [same, other] = [join(parent, 'same'), join(parent, 'other')]
    await writeFile(same, content)
    await writeFile(other, Buffer.alloc(content.length, 7))
    t.equal(await archiving(same, kept), 0, 'what is there already, the same, is kept')
    t.equal(await archiving(other, kept), 1, 'what is there already, and is another, is refused')
    t.equal((await readFile(join(wal, kept))).equals(content), true)
    await writeFile(join(wal, 'NEW.part'), 'left by one that was struck down')
    t.equal(await archiving(other, 'NEW'), 0)
    t.equal((await readFile(join(wal, 'NEW'))).equals(await readFile(other)), true)
    t.same((await readdir(wal)).filter((name) => name.endsWith('.part')), [])
    t.not(await archiving(join(parent, 'nothing'), 'NEWER'), 0, 'what cannot be copied is not said to be kept')
  })

  await t.test('leaves no ID number and no name in backup and archive', async (t) => {
    t.same(await foundIn([first, archive], { idNumber: consumer.idNumber }), {})
    t.ok((await foundIn([first], { phone: consumer.phone })).phone, 'the search finds what is there: the sandbox keeps its own messages in the clear')
  })
})
