import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import t from 'tap'
import { createAdministration } from '../../src/administration.js'
import { ContractId } from '../../src/contracts/model.js'
import { createUnitOfWork, worker } from '../../src/db/unit-of-work.js'
import { createLogReader } from '../../src/evidence/reader.js'
import { createSequencer } from '../../src/evidence/sequencer.js'
import { createEvidence } from '../../src/evidence/service.js'
import { consistencyRanges, inclusionRanges } from '../../src/evidence/tree.js'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { createVault } from '../../src/kernel/vault.js'
import { checkConsistency, checkInclusion, leafOfEntry } from '../../src/verify/merkle.js'
import { openCheckpoint, verifierKeyOf } from '../../src/verify/note.js'
import { checkReceipt } from '../../src/verify/receipt.js'
import { findLog } from '../../src/verify/remote.js'
import { walk } from '../../src/verify/walk.js'
import { sandboxConfig } from '../support/database.js'
import { asRole, serviceClient } from '../support/roles.js'
import { bureau, maker, newConsumer, operator } from '../support/people.js'
import { expectStatus, newShop } from '../support/shop.js'
import { newWorld, receiptFile } from './support.js'

t.setTimeout(120_000)

t.test('an evidence log, as outsiders read it', async (t) => {
  const world = await newWorld(t)
  const { app, owner, remote, key, consumer, contractId, redemptionId, shop } = world
  const rows = async (sql: string, values: unknown[] = []): Promise<any[]> => (await owner.query(sql, values)).rows
  const checkpoint = async () => openCheckpoint(await remote.checkpoint(), key)
  const unplaced = 'select count(*)::int as n from evidence_entries e left join evidence_positions p on p.office_id = e.office_id and p.entry_id = e.id where p.entry_id is null'
  const work = createUnitOfWork({ pool: app.pool, clock: { now: () => new Date() }, onAfterCommitError: () => undefined })
  const evidence = createEvidence({ clock: { now: () => new Date() } })
  const happen = (office = 1) => work.write(worker, office, (tx) => evidence.appendFact(tx, { fact: 'venue-added', subject: newId('ven', office), occurredAt: new Date(), payload: {} }))

  t.test('every entry has one place, the places have no gap, and the whole log folds to the signed root', async (t) => {
    t.same(await rows(unplaced), [{ n: 0 }])
    t.same(await rows('select count(*) = max(leaf_index) + 1 as whole from evidence_positions'), [{ whole: true }])
    const { checkpoint: walked } = await walk(remote, key, undefined)
    t.equal(walked.size, (await rows('select count(*)::int as n from evidence_entries'))[0].n)
    t.equal(walked.origin, 'ticun.example/changning')
  })

  t.test('a leaf is the hash of the entry that those concerned can read, and proofs of it hold for every size of the tree', async (t) => {
    const [{ leaf_index: index }] = await rows('select leaf_index::int from evidence_positions where subject = $1 order by 1', [redemptionId])
    const { body: entry, headers } = expectStatus(await consumer.get(`/evidence/entries/${index}`), 200)
    t.match(headers['content-type'], /application\/json/)
    t.match(entry, { subject: redemptionId, contractId, salt: /^[0-9a-f]{32}$/ })
    const text = JSON.stringify(entry)
    t.same(await rows('select entry from evidence_entries e join evidence_positions p on p.office_id = e.office_id and p.entry_id = e.id where leaf_index = $1', [index]), [{ entry: text }])
    const { size, root } = await checkpoint()
    const { body: proof } = await app.nobody.get(`/evidence/proofs/inclusion?leafIndex=${index}`)
    t.equal(proof.leafHash, createHash('sha256').update(Buffer.concat([Buffer.of(0), createHash('sha256').update(text).digest()])).digest('base64'))
    const bytes = (hashes: string[]) => hashes.map((one) => Buffer.from(one, 'base64'))
    checkInclusion('sha256', leafOfEntry('sha256', text), index, size, bytes(proof.hashes), root)
    for (let of = index + 1; of <= size; of++) {
      const [inclusion, consistency] = [await app.nobody.get(`/evidence/proofs/inclusion?leafIndex=${index}&treeSize=${of}`), await app.nobody.get(`/evidence/proofs/consistency?from=${of}&to=${size}`)]
      t.equal(inclusion.body.treeSize, of)
      t.equal(consistency.body.treeSize, size)
      const found = await rows('select root from evidence_checkpoints where tree_size = $1', [of])
      if (found.length > 0) {
        checkInclusion('sha256', leafOfEntry('sha256', text), index, of, bytes(inclusion.body.hashes), found[0].root)
        checkConsistency('sha256', of, found[0].root, size, root, bytes(consistency.body.hashes))
      }
    }
  })

  t.test('what is not in the log is refused by name', async (t) => {
    const { size } = await checkpoint()
    for (const query of [`inclusion?leafIndex=${size}`, `inclusion?leafIndex=0&treeSize=${size + 1}`, 'inclusion?leafIndex=3&treeSize=3', `consistency?from=3&to=${size + 1}`, 'consistency?from=4&to=3']) {
      const { status, body } = await app.nobody.get(`/evidence/proofs/${query}`)
      t.match({ status, body }, { status: 422, body: { code: 'beyond_log', treeSize: size } }, query)
    }
    for (const query of ['inclusion?leafIndex=-1', 'inclusion', 'inclusion?leafIndex=x', 'consistency?to=3', 'inclusion?leafIndex=1.5', 'inclusion?leafIndex=1&officeId=x']) {
      t.match((await app.nobody.get(`/evidence/proofs/${query}`)), { status: 422, body: { code: 'validation_failed' } }, query)
    }
    t.equal((await app.nobody.get(`/evidence/checkpoint?officeId=${newId('off', 9)}`)).status, 404)
    t.same((await app.nobody.get('/evidence/proofs/consistency?from=0')).body.hashes, [])
  })

  t.test('an entry goes only to those who may see what it is about', async (t) => {
    const [{ leaf_index: index }] = await rows('select leaf_index::int from evidence_positions where subject = $1', [redemptionId])
    const stranger = await newConsumer(app)
    const otherShop = await newShop(app)
    for (const person of [consumer, shop.owner, shop.cashier, await maker(app)]) t.equal((await person.get(`/evidence/entries/${index}`)).status, 200)
    for (const person of [stranger, otherShop.owner]) {
      t.equal((await person.get(`/evidence/entries/${index}`)).status, 404)
      t.equal((await person.get(`/redemptions/${redemptionId}/receipt`)).status, 404)
      t.equal((await person.get(`/contracts/${contractId}/receipt`)).status, 404)
    }
    for (const person of [await bureau(app), await operator(app)]) t.equal((await person.get(`/evidence/entries/${index}`)).status, 403)
    t.equal((await app.nobody.get(`/evidence/entries/${index}`)).status, 401)
    t.equal((await consumer.get('/evidence/entries/999999')).status, 404)
    t.equal((await consumer.get('/evidence/entries/x')).status, 404)
    t.equal((await consumer.get(`/redemptions/${newId('red', 99)}/receipt`)).status, 404)
    for (const [role, table] of [['anyone', 'evidence_positions'], ['anyone', 'evidence_entries'], ['anyone', 'evidence_keys'], ['notary', 'evidence_keys'], ['consumer', 'evidence_keys']] as const) {
      await t.rejects(asRole(app, role, {}, `select * from ${table}`), { code: '42501' }, `${role} has no ${table}`)
    }
    t.same(await asRole(app, 'consumer', { person: stranger.userId }, 'select * from evidence_positions'), [])
  })

  t.test('the log is served as tiles (C2SP tlog-tiles), whole and partial', async (t) => {
    const { body: { items: [{ path, treeSize }] } } = await app.nobody.get('/evidence/logs')
    const tile = async (tail: string) => app.app.inject({ method: 'GET', url: `${path}/tile/${tail}` })
    const { statusCode, rawPayload, headers } = await tile(`0/000.p/${treeSize}`)
    t.same([statusCode, rawPayload.length, headers['content-type']], [200, treeSize * 32, 'application/octet-stream'])
    t.same((await tile('0/000.p/3')).rawPayload, rawPayload.subarray(0, 96))
    for (const tail of ['0/000', `0/000.p/${treeSize + 1}`, '0/000.p/0', '0/000.p/256', '1/000', '0/x000/001', '0/1', '0/0000', 'x/000', '0/../000', 'entries/000', '0/000.p/', '0/']) t.equal((await tile(tail)).statusCode, 404, tail)
    t.equal((await app.app.inject({ method: 'GET', url: `${path}/checkpoint` })).payload, (await app.nobody.get('/evidence/checkpoint')).body)
  })

  t.test('sequencers side by side, and writers all the while, give each entry one place', async (t) => {
    let isWriting = true
    const writers = Array.from({ length: 4 }, async () => { while (isWriting) await happen() })
    for (let i = 0; i < 8; i++) await Promise.all([app.keepEvidence(), app.keepEvidence(), app.keepEvidence()])
    isWriting = false
    await Promise.all(writers)
    await app.keepEvidence()
    t.same(await rows(unplaced), [{ n: 0 }])
    t.same(await rows('select count(*) = max(leaf_index) + 1 as whole from evidence_positions'), [{ whole: true }])
    const { checkpoint: { size } } = await walk(remote, key, undefined)
    t.ok(size > 100, `${size} entries`)
  })

  t.test('a sequencer that is struck down in the middle leaves the log whole', async (t) => {
    let isStriking = true
    const striking = (async () => {
      while (isStriking) {
        await owner.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ~ 'evidence_(positions|tiles|checkpoints)'")
        await sleep(3)
      }
    })()
    for (let i = 0; i < 15; i++) {
      await happen().catch(() => undefined)
      await app.keepEvidence().catch(() => undefined)
    }
    isStriking = false
    await striking
    await app.keepEvidence()
    t.same(await rows(unplaced), [{ n: 0 }])
    await walk(remote, key, undefined)
  })

  t.test('an entry that commits late is found, however late', async (t) => {
    const late = serviceClient(app)
    await late.connect()
    const insert = async (client: pg.Client, uuid: string) => client.query("insert into evidence_entries (office_id, id, fact, subject, entry, created_at) values (1, $1, 'venue-added', $2, $3, now())", [uuid, newId('ven', 1), `{"salt":"${randomUUID()}"}`])
    await late.query("begin; set local role ticun_worker; set local ticun.office = '1'")
    await insert(late, uuidOf(newId('evd', 1)))
    await happen()
    await app.keepEvidence()
    t.same(await rows(unplaced), [{ n: 0 }], 'it is not there yet, and nobody waited for it')
    await late.query('commit')
    await late.end()
    await app.keepEvidence()
    t.same(await rows(unplaced), [{ n: 0 }])

    await insert(owner, '01900000-0000-7000-8000-000000000001')
    t.same(await rows(unplaced), [{ n: 1 }])
    await app.keepEvidence()
    t.same(await rows(unplaced), [{ n: 0 }], 'the second search found it')
    await walk(remote, key, undefined)
  })

  t.test('whoever catches up finds all that was committed, however long nobody looked', async (t) => {
    const clock = { now: () => new Date() }
    const newSequencer = () => createSequencer({ work, clock, vault: createVault(sandboxConfig.dataKeys, randomBytes(32)), originOf: async () => 'ticun.example/third', onGrown: () => undefined })
    const daysAgo = (days: number) => `${(Date.now() - days * 86_400_000).toString(16).padStart(12, '0').replace(/^(.{8})/, '$1-')}-7000-8000-000000000003`
    const insert = (uuid: string) => owner.query("insert into evidence_entries (office_id, id, fact, subject, entry, created_at) values (3, $1, 'venue-added', $2, '{}', now())", [uuid, newId('ven', 3)])
    const left = async () => (await rows(`${unplaced} and e.office_id = 3`))[0].n

    await insert(daysAgo(3))
    await newSequencer().catchUp(3)
    t.equal(await left(), 0, 'a process that finds no place given')
    await insert(daysAgo(2))
    await insert(daysAgo(1))
    const sequencer = newSequencer()
    await sequencer.catchUp(3)
    t.equal(await left(), 0, 'a process that comes after another')
    for (const pauseMs of [0, 3_000]) {
      await happen(3)
      await sleep(pauseMs)
      await sequencer.catchUp(3)
      t.equal(await left(), 0, `the same process, after ${pauseMs} ms`)
    }
    await insert(daysAgo(4))
    await sequencer.search(3)
    t.equal(await left(), 0, 'what is older than all is found by the second search')
  })

  t.test('a thousand entries at once make tiles of two levels', async (t) => {
    await Promise.all(Array.from({ length: 4 }, async () => { for (let i = 0; i < 2; i++) await work.write(worker, 1, (tx) => evidence.appendAll(tx, Array.from({ length: 150 }, () => ({ fact: 'venue-added', subject: newId('ven', 1), occurredAt: new Date(), payload: {} })))) }))
    await app.keepEvidence()
    const { checkpoint: { size } } = await walk(remote, key, undefined)
    t.ok(size > 1_000)
    t.same(await rows('select level::int, count(*)::int as tiles from evidence_tiles where office_id = 1 group by level order by level'), [{ level: 0, tiles: Math.ceil(size / 256) }, { level: 1, tiles: 1 }])
    t.equal((await app.app.inject({ method: 'GET', url: `${remote.url.replace(/^http:..[^/]+/, '')}/tile/0/000` })).rawPayload.length, 8_192)
  })

  t.test('receipts hold without us: of a contract, a redemption, and with the checkpoint\'s time-stamp', async (t) => {
    for (const [path, fact] of [[`/redemptions/${redemptionId}`, 'units-released'], [`/contracts/${contractId}`, 'contract-signed']] as const) {
      const file = await receiptFile(consumer, path)
      const authorities = JSON.parse(file).timestamp.certificates
      const proven = await checkReceipt(file, { key, authorities })
      t.ok(proven.entries.some(({ entry }) => entry.fact === fact), path)
      t.match(proven.timestamp, { isTrusted: true, authority: '上海市长宁公证处 TSA' })
      t.ok(Math.abs((proven.timestamp?.at.getTime() ?? 0) - Date.now()) < 120_000)
    }
  })

  t.test('a receipt needs no waiting: what was committed a moment ago is given its place first', async (t) => {
    const { id } = (await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' })).body
    const { body: refund } = expectStatus(await consumer.post(`/contracts/${contractId}/refunds`, { quoteId: id }), 201)
    const proven = await checkReceipt(await receiptFile(consumer, `/refunds/${refund.id}`), { key })
    t.match(proven.entries[0]?.entry, { fact: 'refund-requested', subject: refund.id })
  })

  t.test('a receipt of more than a thousand entries comes in parts, each of which says so', async (t) => {
    const about = { fact: 'venue-added', subject: contractId, contractId: ContractId.parse(contractId), occurredAt: new Date(), payload: {} } as const
    await work.write(worker, 1, (tx) => evidence.appendAll(tx, Array.from({ length: 1_001 }, () => about)))
    const first = expectStatus(await consumer.get(`/contracts/${contractId}/receipt`), 200).body
    t.equal(first.entries.length, 1_000)
    const { body: second } = expectStatus(await consumer.get(`/contracts/${contractId}/receipt?from=${first.next}`), 200)
    t.same([second.from, second.entries[0].leafIndex, second.next], [first.next, first.next, undefined])
    const places = [...first.entries, ...second.entries].map(({ leafIndex }: { leafIndex: number }) => leafIndex)
    t.same(await rows('select leaf_index::int as n from evidence_positions where subject = $1 order by 1', [contractId]), places.map((n) => ({ n })))
    for (const part of [first, second]) t.match(await checkReceipt(JSON.stringify(part), { key }), { isPart: true })
    t.match(await consumer.get(`/contracts/${contractId}/receipt?from=-1`), { status: 422, body: { code: 'validation_failed' } })
  })

  t.test('proofs are right whatever is kept in memory, and however little', async (t) => {
    const { size, root } = await checkpoint()
    t.ok(size > 1_024, 'there are full tiles')
    const roots = new Map<number, Buffer>((await rows('select tree_size::int, root from evidence_checkpoints where office_id = 1')).map((row) => [row.tree_size, row.root]))
    const earlier = [...roots.keys()].filter((of) => of > 0 && of < size)
    const sizes = [earlier[0], ...earlier.filter((_, i) => i % Math.ceil(earlier.length / 8) === 0), earlier.at(-1), size] as number[]
    const leafHashes = (await rows('select entry from evidence_entries e join evidence_positions p on p.office_id = e.office_id and p.entry_id = e.id where p.office_id = 1 order by p.leaf_index')).map(({ entry }) => leafOfEntry('sha256', entry))

    for (const [what, bytesMax, most] of [['two tiles at most', 2 * 16_384, 2], ['all there are', undefined, Infinity]] as const) {
      const reader = createLogReader({ work, ...(bytesMax === undefined ? {} : { bytesMax }) })
      const head = (await reader.head(1))!
      t.equal(head.checkpoint.treeSize, size)
      for (const of of sizes) {
        for (const leaf of [0, 1, 255, 256, 257, 700, 1_023, 1_024, of - 1].filter((one) => one < of)) {
          const [own, ...path] = await reader.hashes(1, head, [[leaf, leaf + 1], ...inclusionRanges(leaf, of)])
          t.ok(own!.equals(leafHashes[leaf]!))
          checkInclusion('sha256', own!, leaf, of, path, roots.get(of)!)
        }
        checkConsistency('sha256', of, roots.get(of)!, size, root, await reader.hashes(1, head, consistencyRanges(of, size)))
      }
      t.ok(reader.kept() > 0 && reader.kept() <= most, `${what}: ${reader.kept()}`)
    }
  })

  t.test('another process shows what this one published: within an instant, and at once where it is asked about', async (t) => {
    const reader = createLogReader({ work })
    const { checkpoint: { treeSize } } = (await reader.head(1))!
    await happen()
    await app.keepEvidence()
    t.equal((await reader.head(1, treeSize + 1))!.checkpoint.treeSize, treeSize + 1, 'a larger tree is asked for')
    await happen()
    await app.keepEvidence()
    await sleep(250)
    t.equal((await reader.head(1))!.checkpoint.treeSize, treeSize + 2, 'an instant later')
    await happen()
    await app.keepEvidence()
    t.equal((await checkpoint()).size, treeSize + 3, 'where it was published it shows at once')
    t.match(await app.nobody.get(`/evidence/proofs/inclusion?leafIndex=${treeSize + 2}`), { status: 200, body: { treeSize: treeSize + 3 } })
  })

  t.test('an office may choose SM3, once, when it is created', async (t) => {
    const administration = createAdministration({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, isCluster: app.database.isCluster })
    await administration.run(['office:create', '--number', '2', '--name', '某公证处', '--district', '徐汇区', '--origin', 'ticun.example/xuhui', '--bank-name', '工行', '--account-name', '提存专户', '--account-number', '100124211900000002', '--evidence-hash', 'sm3'])
    await administration.close()
    await app.keepEvidence()
    for (let i = 0; i < 3; i++) await happen(2)
    await app.keepEvidence()
    const log = (await app.nobody.get('/evidence/logs')).body.items.find(({ origin }: any) => origin === 'ticun.example/xuhui')
    t.match(log, { hash: 'sm3', treeSize: 3 })
    const second = await findLog(`${world.url}${log.path}`)
    const { checkpoint: walked } = await walk(second, verifierKeyOf(log.key), undefined)
    t.match(walked, { hash: 'sm3', size: 3 })
    // Which office is meant where none is named is remembered for 200 ms.
    await sleep(250)
    t.match(await app.nobody.get('/evidence/checkpoint'), { status: 422, body: { code: 'office_required' } })
    await t.rejects(walk(second, key, undefined), { code: 'bad_signature' })
    await t.rejects(findLog(world.url), { code: 'unreachable' }, 'there are two now')
  })
})
