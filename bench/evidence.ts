import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hash } from 'node:crypto'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { configOf, deriveKey } from '../src/config.js'
import { createPool } from '../src/db/client.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { createUnitOfWork, worker } from '../src/db/unit-of-work.js'
import { createEvidenceKeeper } from '../src/evidence/keeper.js'
import { createEvidence } from '../src/evidence/service.js'
import { extend, growingTiles, hasherOf, type Tile } from '../src/evidence/tree.js'
import { newId } from '../src/kernel/id.js'
import { createVault } from '../src/kernel/vault.js'
import { checkConsistency, checkInclusion } from '../src/verify/merkle.js'
import { openCheckpoint, verifierKeyOf } from '../src/verify/note.js'
import { postgresCpuSeconds } from './server.js'

/*
 * Proofs over a log of ten million leaves, checked as they come; and entries written at a steady
 * rate, each timed from its commit until a published checkpoint covers it. The leaves are hashed
 * here and stored as the tiles the sequencer would have made, the newest of them with entries and
 * places of their own; the sequencer then carries on from there.
 *
 * Times are what a client waits; CPU is what a thing costs, and means the same on a busy machine.
 */

const { values } = parseArgs({
  options: {
    leaves: { type: 'string', default: '10000000' }, entries: { type: 'string', default: '1000000' }, proofs: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '2000' }, seconds: { type: 'string', default: '30' },
    /** keeps the database there, and takes one that is there as it is */
    directory: { type: 'string' }
  }
})
const [leaves, entries, proofs, rate, seconds] = [values.leaves, values.entries, values.proofs, values.rate, values.seconds].map(Number) as [number, number, number, number, number]
const office = 1
const chunk = 65_536

const percentile = (sorted: readonly number[], p: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN).toFixed(2)
const sortedOf = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)

const hashOfLeaf = (index: number): Buffer => hasherOf('sha256').leaf(hash('sha256', `entry ${index}`, 'buffer'))

const postmasterOf = async (owner: pg.Client): Promise<number> => {
  const { rows: [{ path }] } = await owner.query("select current_setting('data_directory') || '/postmaster.pid' as path")
  return Number((await owner.query('select pg_read_file($1)', [path])).rows[0].pg_read_file.split('\n')[0])
}

const createMeter = (postmaster: number) => {
  /** Milliseconds of CPU that this process and the server have used so far. */
  const cpuMs = () => {
    const { user, system } = process.cpuUsage()
    return { node: (user + system) / 1000, postgres: postgresCpuSeconds(postmaster) * 1000 }
  }

  const measured = async (name: string, times: number, use: () => Promise<void>): Promise<void> => {
    const took: number[] = []
    const before = cpuMs()
    for (let i = 0; i < times; i++) {
      const begun = performance.now()
      await use()
      took.push(performance.now() - begun)
    }
    const after = cpuMs()
    const sorted = sortedOf(took)
    console.log(`| ${name} | ${times} | ${percentile(sorted, 0.5)} | ${percentile(sorted, 0.99)} | ${((after.node - before.node) / times).toFixed(2)} | ${((after.postgres - before.postgres) / times).toFixed(2)} |`)
  }

  return { cpuMs, measured }
}

type Work = ReturnType<typeof createUnitOfWork>

/** Tiles of so many leaves, and entries with places for the newest of them, as a log of some hours has them. */
const seed = async (work: Work, owner: pg.Client): Promise<void> => {
  const edge = new Map<string, Tile>()
  for (let size = 0; size < leaves; size += chunk) {
    const added = Array.from({ length: Math.min(chunk, leaves - size) }, (_, i) => hashOfLeaf(size + i))
    const changed = extend(hasherOf('sha256'), size, added, ({ level, index }) => edge.get(`${level}/${index}`)?.hashes as Buffer)
    await work.write(worker, office, ({ client }) => client.query(`
      insert into evidence_tiles (office_id, level, index, hashes) select $1, n.* from unnest($2::smallint[], $3::bigint[], $4::bytea[]) as n
      on conflict (office_id, level, index) do update set hashes = excluded.hashes`,
    [office, changed.map(({ level }) => level), changed.map(({ index }) => index), changed.map(({ hashes }) => hashes)]))
    const growing = new Set(growingTiles(size + added.length).map(({ level, index }) => `${level}/${index}`))
    for (const tile of changed) edge.set(`${tile.level}/${tile.index}`, tile)
    for (const name of edge.keys()) if (!growing.has(name)) edge.delete(name)
  }
  await owner.query(`
    insert into evidence_entries (office_id, id, fact, subject, transfer_id, contract_id, merchant_id, entry, created_at)
    select $1, uuidv7(make_interval(secs => -60 - ($2 - g)::float / $3)), 'units-released', 'red_' || substr(encode(sha256(g::text::bytea), 'hex'), 1, 26),
      gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{"seed":"' || repeat(md5(g::text), 18) || '"}', now()
    from generate_series(1, $2) g`, [office, entries, rate])
  await owner.query('insert into evidence_positions (office_id, leaf_index, entry_id, subject) select $1, $2 + row_number() over (order by id) - 1, id, subject from evidence_entries where office_id = $1', [office, leaves - entries])
  // The sequencer takes the log up where its newest checkpoint says it ends.
  await owner.query("insert into evidence_checkpoints (office_id, tree_size, root, note, created_at) values ($1, $2, '', '', now())", [office, leaves])
  await owner.query('vacuum analyze evidence_tiles, evidence_entries, evidence_positions')
}

const run = async (): Promise<void> => {
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'ticun-bench-'))
  mkdirSync(directory, { recursive: true })
  chmodSync(directory, 0o755)
  const { url, stop } = await startEmbedded({ dataDirectory: directory })
  const config = configOf({ TICUN_MODE: 'sandbox' })
  const pool = createPool({ connectionString: await migrate(url, config.secret), onError: () => undefined })
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  try {
    const clock = { now: () => new Date() }
    const work = createUnitOfWork({ pool, clock, onAfterCommitError: () => undefined })
    const here = { id: newId('off', office), number: office, name: 'bench', origin: 'ticun.example/bench' }
    const keeper = createEvidenceKeeper({
      work, clock, vault: createVault(config.dataKeys, deriveKey(config.secret, 'blind index')), remoteTsa: undefined, anchor: undefined, witnesses: [],
      offices: { list: async () => [here], numbers: async () => [office], findByNumber: async () => here, resolve: async () => here },
      onFailure: (step, error) => { throw new Error(step, { cause: error }) }
    })
    const { cpuMs, measured } = createMeter(await postmasterOf(owner))
    const isNew = (await owner.query('select 1 from evidence_checkpoints limit 1')).rows.length === 0
    if (isNew) {
      await keeper.runOnce()
      const begun = performance.now()
      await seed(work, owner)
      console.log(`${leaves} leaves hashed and stored, ${entries} of them with entries, in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
    }
    const sizes = (await owner.query("select relname, pg_size_pretty(pg_total_relation_size(oid)) as size, reltuples::bigint as rows from pg_class where relname in ('evidence_tiles', 'evidence_entries', 'evidence_positions') order by 1")).rows
    console.log(sizes.map(({ relname, size, rows }) => `${relname} ${size}, ${rows} rows`).join('; '))

    const evidence = createEvidence({ clock })
    const append = (count: number) => work.write(worker, office, (tx) =>
      evidence.appendAll(tx, Array.from({ length: count }, () => ({ fact: 'venue-added', subject: newId('ven', office), occurredAt: new Date(), payload: { seed: 'x'.repeat(400) } }))))
    await append(1)
    await keeper.runOnce()
    const key = verifierKeyOf(await keeper.log.key({}))
    const { size, root } = openCheckpoint(await keeper.log.checkpoint({}), key)
    const bytes = (hashes: readonly string[]) => hashes.map((one) => Buffer.from(one, 'base64'))

    console.log(`\n| over ${size} leaves | times | p50 ms | p99 ms | CPU ms, Node | CPU ms, PostgreSQL |\n|---|---|---|---|---|---|`)
    const anyLeaf = () => Math.floor(Math.random() * leaves)
    await measured('first 50 inclusion proofs', 50, async () => { await keeper.log.inclusion({ leafIndex: anyLeaf() }) })
    await measured('inclusion proof of any leaf', proofs, async () => { await keeper.log.inclusion({ leafIndex: anyLeaf() }) })
    await measured('inclusion proof of a leaf of the last 100,000', proofs, async () => { await keeper.log.inclusion({ leafIndex: leaves - Math.floor(Math.random() * 100_000) - 1 }) })
    await measured('consistency proof from any size', proofs, async () => { await keeper.log.consistency({ from: 1 + anyLeaf() }) })
    await measured('inclusion proof of any leaf, made and checked', Math.ceil(proofs / 4), async () => {
      const leafIndex = anyLeaf()
      const { hashes } = await keeper.log.inclusion({ leafIndex, treeSize: size })
      checkInclusion('sha256', hashOfLeaf(leafIndex), leafIndex, size, bytes(hashes), root)
    })
    await measured('one entry appended, placed, signed, time-stamped', 50, async () => { await append(1); await keeper.runOnce() })

    const newestSize = async () => Number((await owner.query('select tree_size from evidence_checkpoints where office_id = $1 order by tree_size desc limit 1', [office])).rows[0].tree_size)
    const waiting: { upTo: number; committedAt: number; entries: number }[] = []
    const waited: number[] = []
    let upTo = await newestSize()
    let isWriting = true
    const before = cpuMs()
    keeper.start()
    const watching = (async () => {
      while (isWriting || waiting.length > 0) {
        const now = await newestSize()
        const at = performance.now()
        while (waiting[0] && waiting[0].upTo <= now) {
          const { committedAt, entries: count } = waiting.shift() as (typeof waiting)[number]
          for (let i = 0; i < count; i++) waited.push(at - committedAt)
        }
        await sleep(10)
      }
    })()
    const perWrite = Math.ceil(rate / 20)
    const begun = performance.now()
    let writes = 0
    for (; performance.now() - begun < seconds * 1000; writes++) {
      await append(perWrite)
      upTo += perWrite
      waiting.push({ upTo, committedAt: performance.now(), entries: perWrite })
      await sleep(Math.max(0, begun + (writes + 1) * 50 - performance.now()))
    }
    const took = (performance.now() - begun) / 1000
    isWriting = false
    await watching
    const after = cpuMs()
    await keeper.stop()
    const sorted = sortedOf(waited)
    console.log(`\n${sorted.length} entries written at ${Math.round(writes * perWrite / took)}/s, each from its commit until a checkpoint covers it: p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms, max ${sorted.at(-1)?.toFixed(2)} ms`)
    console.log(`CPU of writing and sequencing, a thousand entries: Node ${((after.node - before.node) / sorted.length * 1000).toFixed(1)} ms, PostgreSQL ${((after.postgres - before.postgres) / sorted.length * 1000).toFixed(1)} ms`)

    for (let i = 0; i < rate; i += 500) await append(500)
    const behind = cpuMs()
    await keeper.catchUp(office)
    const done = cpuMs()
    console.log(`CPU of placing alone, a thousand entries: Node ${((done.node - behind.node) / rate * 1000).toFixed(1)} ms, PostgreSQL ${((done.postgres - behind.postgres) / rate * 1000).toFixed(1)} ms`)

    const newest = openCheckpoint(await keeper.log.checkpoint({}), key)
    checkConsistency('sha256', size, root, newest.size, newest.root, bytes((await keeper.log.consistency({ from: size, to: newest.size })).hashes))
    console.log(`\n${cpus().length} cores, Node ${process.version}`)
  } finally {
    await owner.end()
    await pool.end()
    await stop()
    if (values.directory === undefined) rmSync(directory, { recursive: true, force: true })
  }
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
