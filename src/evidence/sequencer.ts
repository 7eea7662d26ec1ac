import { createHash } from 'node:crypto'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { HashName } from './model.js'
import { checkpointText, newPrivateKey, noteKeyOf, signNote, type NoteKey } from './note.js'
import { findCheckpoint, findKey, findLog, findTiles, idsSince, insertCheckpoint, insertKey, insertLog, nextIds, oldestRunning, placeEntries, saveTiles, takeLead, type IdRange, type LogRow } from './store.js'
import { extend, growingTiles, hasherOf, hashOf, tilesOf, type Tile, type TileReader } from './tree.js'

/*
 * Entries are written with no order and no lock, by every transaction for itself. The sequencer
 * follows: it gives each its place, grows the tree and signs a checkpoint, all in one transaction,
 * so that a process that dies leaves either the whole step or nothing. One process leads at a
 * time, by an advisory lock that ends with the transaction; the keys of the tables would refuse a
 * second one.
 *
 * Entries are found by their ids, which begin with the time they were made at. One may become
 * visible long after it was made, so the search begins where the oldest transaction did that still
 * runs, less what clocks may differ. Whatever would be older still is found by a second search,
 * which goes through all entries, a stretch at a time.
 */

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  /** The origin of an office's log, asked for when the log is opened; undefined: there is no such office. */
  originOf: (office: number) => Promise<string | undefined>
}>

const batchMax = 4_096
/** How far the clocks of processes and database may lie apart without an entry being found late. */
const skewMs = 10_000
const stretch = 50_000
/** Every how many runs the second search goes on by a stretch. */
const stretchEvery = 20

const keyAbout = 'evidence_keys.key_sealed'

/** What tells a tile among those that were read. */
export const readerOf = (tiles: readonly Tile[]): TileReader => {
  const byKey = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]))
  return ({ level, index }) => {
    const hashes = byKey.get(`${level}/${index}`)
    invariant(hashes, `tile ${level}/${index} is missing`)
    return hashes
  }
}

type OpenLog = Readonly<{ row: Omit<LogRow, 'officeId'>; key: NoteKey }>

/** Opens an office's log: its key and its hash function, for good. Worker role. */
export const openLog = async (tx: Tx, { vault, origin, hash, now }: Readonly<{ vault: Vault; origin: string; hash: HashName; now: Date }>): Promise<OpenLog> => {
  const privatePem = newPrivateKey()
  const key = noteKeyOf(origin, privatePem)
  const row = { origin, hash, verifierKey: key.verifierKey, createdAt: now }
  await insertKey(tx, { purpose: 'checkpoints', keySealed: vault.seal(privatePem, keyAbout), certificates: null, createdAt: now })
  await insertLog(tx, row)
  return { row, key }
}

export const createSequencer = ({ work, clock, vault, originOf }: Dependencies) => {
  const opened = new Map<number, OpenLog>()
  /** Where the second search has come to, and how many runs there were, by office. */
  const searched = new Map<number, { runs: number; upTo: string | undefined }>()

  const logOf = async (tx: Tx, origin: string): Promise<OpenLog> => {
    const known = opened.get(tx.office)
    if (known) return known
    const row = await findLog(tx)
    if (!row) return openLog(tx, { vault, origin, hash: 'sha256', now: clock.now() })
    const key = await findKey(tx, 'checkpoints')
    invariant(key, `the log of office ${tx.office} has no key`)
    const log = { row, key: noteKeyOf(row.origin, vault.open(key.keySealed, keyAbout)) }
    // Kept only once read, so that a log whose opening was rolled back is not remembered.
    opened.set(tx.office, log)
    return log
  }

  /** Takes what has no place yet of a range of entries. @returns how many it took, or undefined where another process leads */
  const step = async (tx: Tx, origin: string, range: IdRange, isAwaited = false): Promise<number | undefined> => {
    if (!(await takeLead(tx, isAwaited))) return undefined
    const { row: { hash }, key } = await logOf(tx, origin)
    const head = await findCheckpoint(tx)
    const size = head?.treeSize ?? 0
    const placed = await placeEntries(tx, size, range, batchMax)
    if (head && placed.length === 0) return 0

    const hasher = hasherOf(hash)
    const edge = await findTiles(tx, growingTiles(size))
    const leafHashes = placed.map(({ entry }) => hasher.leaf(createHash(hash).update(entry).digest()))
    const changed = extend(hasher, size, leafHashes, readerOf(edge))
    if (changed.length > 0) await saveTiles(tx, changed)

    const treeSize = size + placed.length
    const needed = tilesOf([[0, treeSize]])
    const known = new Set([...edge, ...changed].map(({ level, index }) => `${level}/${index}`))
    const more = await findTiles(tx, needed.filter(({ level, index }) => !known.has(`${level}/${index}`)))
    const root = hashOf(hasher, [0, treeSize], readerOf([...edge, ...more, ...changed]))
    await insertCheckpoint(tx, { treeSize, root, note: signNote(checkpointText(key.name, treeSize, root, hash), key), createdAt: clock.now() })
    return placed.length
  }

  const takeNew = async (office: number, origin: string, isAwaited: boolean): Promise<void> => {
    for (;;) {
      const taken = await work.write(worker, office, async (tx) => step(tx, origin, idsSince(after(await oldestRunning(tx), -skewMs)), isAwaited))
      if (taken === undefined || taken < batchMax) return
    }
  }

  const searchOn = async (office: number, origin: string): Promise<void> => {
    const search = searched.get(office) ?? { runs: 0, upTo: undefined }
    searched.set(office, { ...search, runs: search.runs + 1 })
    if (search.runs % stretchEvery !== 0) return
    const range = await work.read(worker, office, (tx) => nextIds(tx, search.upTo, stretch))
    let taken: number | undefined = batchMax
    while (range && taken === batchMax) taken = await work.write(worker, office, (tx) => step(tx, origin, range))
    if (taken !== undefined) searched.set(office, { runs: search.runs + 1, upTo: range?.isLast ? undefined : range?.to })
  }

  const originFor = async (office: number): Promise<string> => {
    const origin = opened.get(office)?.row.origin ?? await originOf(office)
    if (origin === undefined) throw notFound({})
    return origin
  }

  /** Gives every entry of an office that has no place the next one, and signs the new checkpoint. Safe in several processes at once. */
  const run = async (office: number): Promise<void> => {
    const origin = await originFor(office)
    await takeNew(office, origin, false)
    await searchOn(office, origin)
  }

  return {
    run,
    /** The same for somebody who waits: when it ends, all that was committed before has its place, whoever led. */
    catchUp: async (office: number): Promise<void> => takeNew(office, await originFor(office), true)
  }
}

export type Sequencer = ReturnType<typeof createSequencer>
