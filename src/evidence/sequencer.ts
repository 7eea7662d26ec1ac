import { createHash } from 'node:crypto'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { HashName } from './model.js'
import { checkpointText, newPrivateKey, noteKeyOf, signNote, type NoteKey } from './note.js'
import { findCheckpoint, findKey, findLog, findNewestPlacedAt, findTiles, idsSince, insertCheckpoint, insertKey, insertLog, nextIds, oldestRunning, placeEntries, saveTiles, takeLead, type IdRange, type LogRow } from './store.js'
import { extend, growingTiles, hasherOf, hashOf, tilesOf, type Tile, type TileReader } from './tree.js'

/*
 * Entries are written with no order and no lock, by every transaction for itself. The sequencer
 * follows: it gives each its place, grows the tree and signs a checkpoint, all in one transaction,
 * so that a process that dies leaves either the whole step or nothing. One process leads at a
 * time, by an advisory lock that ends with the transaction; the keys of the tables would refuse a
 * second one.
 *
 * Entries are found by their ids, which begin with the time they were made at. One may become
 * visible long after it was made: what a run cannot see yet was made after the oldest transaction
 * began that runs at its beginning, less what clocks may differ. The next run begins there. The
 * first run of a process begins at the newest entry that has its place. Whatever would be older
 * still is found by a second search, which goes through all entries, a stretch at a time.
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
const skewMs = 2_000
/** How long a transaction may have run that ended while no process looked, beyond which the second search finds its entries. */
const unwatchedMs = 60_000
const stretch = 50_000

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
  /** Before which instant every entry is known to have its place, by office; later runs begin there. */
  const settled = new Map<number, Date>()
  /** Where the second search has come to, by office; undefined: it begins anew. */
  const searched = new Map<number, string | undefined>()

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

  /** Takes what has no place yet of a range of entries, a batch of it. @returns where the range goes on, null at its end, or undefined where another process leads */
  const step = async (tx: Tx, origin: string, range: IdRange, isAwaited = false): Promise<IdRange | null | undefined> => {
    if (!(await takeLead(tx, isAwaited))) return undefined
    const { row: { hash }, key } = await logOf(tx, origin)
    const head = await findCheckpoint(tx)
    const size = head?.treeSize ?? 0
    const placed = await placeEntries(tx, size, range, batchMax)
    if (head && placed.length === 0) return null

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
    const last = placed.at(-1)
    return last && placed.length === batchMax ? { ...range, from: last.id } : null
  }

  /** @returns whether it came to the range's end, and another process did not lead */
  const takeRange = async (office: number, origin: string, range: IdRange, isAwaited = false): Promise<boolean> => {
    let left: IdRange | null | undefined = range
    while (left) {
      const next: IdRange = left
      left = await work.write(worker, office, (tx) => step(tx, origin, next, isAwaited))
    }
    return left === null
  }

  /** Where a process begins that has not looked yet. */
  const firstBound = async (tx: Tx, visible: Date): Promise<Date> => {
    const newest = await findNewestPlacedAt(tx)
    const bound = newest ? after(newest, -unwatchedMs) : new Date(0)
    return bound < visible ? bound : visible
  }

  const takeNew = async (office: number, origin: string, isAwaited: boolean): Promise<void> => {
    const { from, visible } = await work.read(worker, office, async (tx) => {
      const visible = after(await oldestRunning(tx), -skewMs)
      return { visible, from: settled.get(office) ?? await firstBound(tx, visible) }
    })
    if (await takeRange(office, origin, idsSince(from), isAwaited)) settled.set(office, visible)
  }

  const originFor = async (office: number): Promise<string> => {
    const origin = opened.get(office)?.row.origin ?? await originOf(office)
    if (origin === undefined) throw notFound({})
    return origin
  }

  return {
    /** Gives every entry of an office that has no place the next one, and signs the new checkpoint. Safe in several processes at once. */
    run: async (office: number): Promise<void> => takeNew(office, await originFor(office), false),
    /** The same for somebody who waits: when it ends, all that was committed before has its place, whoever led. */
    catchUp: async (office: number): Promise<void> => takeNew(office, await originFor(office), true),
    /** Takes the second search on by a stretch; at the log's end it begins anew. */
    search: async (office: number): Promise<void> => {
      const origin = await originFor(office)
      const range = await work.read(worker, office, (tx) => nextIds(tx, searched.get(office), stretch))
      if (!range || await takeRange(office, origin, range)) searched.set(office, range?.isLast ? undefined : range?.to)
    }
  }
}

export type Sequencer = ReturnType<typeof createSequencer>
