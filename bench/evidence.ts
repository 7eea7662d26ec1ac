import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { configOf, deriveKey } from '../src/config.js'
import { createPool } from '../src/db/client.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { createUnitOfWork, worker } from '../src/db/unit-of-work.js'
import { createEvidenceKeeper } from '../src/evidence/keeper.js'
import { createEvidence } from '../src/evidence/service.js'
import { saveTiles } from '../src/evidence/store.js'
import { extend, growingTiles, hasherOf, type Tile } from '../src/evidence/tree.js'
import { newId } from '../src/kernel/id.js'
import { createVault } from '../src/kernel/vault.js'
import { checkConsistency, checkInclusion } from '../src/verify/merkle.js'
import { openCheckpoint, verifierKeyOf } from '../src/verify/note.js'

/*
 * Proofs over a log of ten million leaves, checked as they come, and how long an entry waits for
 * its place. The leaves are hashed here and stored as the tiles the sequencer would have made; it
 * then carries on from them.
 */

const { values } = parseArgs({ options: { leaves: { type: 'string', default: '10000000' }, proofs: { type: 'string', default: '2000' } } })
const leaves = Number(values.leaves)
const proofs = Number(values.proofs)
const office = 1
const chunk = 65_536

const percentile = (sorted: readonly number[], p: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN).toFixed(2)

const measured = async (name: string, times: number, use: () => Promise<void>): Promise<void> => {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const begun = performance.now()
    await use()
    took.push(performance.now() - begun)
  }
  took.sort((a, b) => a - b)
  console.log(`| ${name} | ${times} | ${percentile(took, 0.5)} | ${percentile(took, 0.99)} |`)
}

const hashOfLeaf = (index: number): Buffer => hasherOf('sha256').leaf(createHash('sha256').update(`entry ${index}`).digest())

const run = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-bench-'))
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
      work, clock, vault: createVault(config.dataKeys, deriveKey(config.secret, 'blind index')), remoteTsa: undefined, anchor: undefined,
      offices: { list: async () => [here], numbers: async () => [office], findByNumber: async () => here, resolve: async () => here },
      onFailure: (step, error) => { throw new Error(step, { cause: error }) }
    })
    await keeper.runOnce()

    const begun = performance.now()
    const edge = new Map<string, Tile>()
    for (let size = 0; size < leaves; size += chunk) {
      const added = Array.from({ length: Math.min(chunk, leaves - size) }, (_, i) => hashOfLeaf(size + i))
      const changed = extend(hasherOf('sha256'), size, added, ({ level, index }) => edge.get(`${level}/${index}`)?.hashes as Buffer)
      await work.write(worker, office, (tx) => saveTiles(tx, changed))
      const growing = new Set(growingTiles(size + added.length).map(({ level, index }) => `${level}/${index}`))
      for (const tile of changed) edge.set(`${tile.level}/${tile.index}`, tile)
      for (const name of edge.keys()) if (!growing.has(name)) edge.delete(name)
    }
    // The sequencer takes the log up where its newest checkpoint says it ends.
    await owner.query("insert into evidence_checkpoints (office_id, tree_size, root, note, created_at) values ($1, $2, '', '', now())", [office, leaves])
    await owner.query('vacuum analyze evidence_tiles')
    console.log(`${leaves} leaves hashed and stored in ${((performance.now() - begun) / 1000).toFixed(0)} s; tiles ${(await owner.query("select pg_size_pretty(pg_total_relation_size('evidence_tiles')) as size")).rows[0].size}`)

    const evidence = createEvidence({ clock })
    const append = (count: number) => work.write(worker, office, (tx) =>
      evidence.appendAll(tx, Array.from({ length: count }, () => ({ fact: 'venue-added', subject: newId('ven', office), occurredAt: new Date(), payload: {} }))))
    await append(1)
    await keeper.runOnce()
    const key = verifierKeyOf(await keeper.log.key({}))
    const { size, root } = openCheckpoint(await keeper.log.checkpoint({}), key)
    const bytes = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, 'base64'))

    console.log(`\n| over ${size} leaves | times | p50 ms | p99 ms |\n|---|---|---|---|`)
    await measured('inclusion proof, made', proofs, async () => { await keeper.log.inclusion({ leafIndex: Math.floor(Math.random() * leaves) }) })
    await measured('inclusion proof, made and checked', Math.ceil(proofs / 4), async () => {
      const leafIndex = Math.floor(Math.random() * leaves)
      const { hashes } = await keeper.log.inclusion({ leafIndex })
      checkInclusion('sha256', hashOfLeaf(leafIndex), leafIndex, size, bytes(hashes), root)
    })
    await measured('consistency proof, made', Math.ceil(proofs / 4), async () => { await keeper.log.consistency({ from: 1 + Math.floor(Math.random() * leaves) }) })
    const from = leaves >> 1
    const earlier = await keeper.log.consistency({ from, to: size })
    if (earlier.hashes.length === 0) throw new Error('no proof')
    await measured('one entry appended, placed, signed, time-stamped', 50, async () => { await append(1); await keeper.runOnce() })
    await measured('2,000 entries placed and signed', 5, async () => { await append(500); await append(500); await append(500); await append(500); await keeper.runOnce() })
    checkConsistency('sha256', size, root, openCheckpoint(await keeper.log.checkpoint({}), key).size, openCheckpoint(await keeper.log.checkpoint({}), key).root, bytes((await keeper.log.consistency({ from: size })).hashes))
    console.log(`\n${cpus().length} cores, Node ${process.version}`)
  } finally {
    await owner.end()
    await pool.end()
    await stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
