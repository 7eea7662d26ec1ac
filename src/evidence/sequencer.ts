import { setImmediate as nextTurn, setTimeout as rest } from 'node:timers/promises'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { HashName } from './model.js'
import { checkpointText, newPrivateKey, noteKeyOf, signNote, type NoteKey } from './note.js'
import { findKey, findLog, findNewestPlacedAt, findTiles, idsSince, insertKey, insertLog, nextIds, placeEntries, saveGrowth, takeLead, type IdRange, type LogRow } from './store.js'
import { extend, folding, growingTiles, hasherOf, hashOf, type Hasher, type Tile, type TileReader } from './tree.js'

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
 *
 * A run costs what it places, and a look at the entries of the last few seconds, however long the
 * log is: the tree's growing edge is remembered by whoever led last, and read where it is another's.
 */

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  /** The origin of an office's log, asked for when the log is opened; undefined: there is no such office. */
  originOf: (office: number) => Promise<string | undefined>
  /** Called after an office's log has grown, or may have by another process. */
  onGrown: (office: number) => void
}>

const batchMax = 512
/** Between two batches for which nobody waits, so that what else asks the database does not wait behind all of them. */
const restMs = 25
const hashesPerTurn = 256
/** How far the clocks of processes and database may lie apart without an entry being found late. */
const skewMs = 2_000
/** How long a transaction may have run that ended while no process looked, beyond which the second search finds its entries. */
const unwatchedMs = 60_000
const stretch = 50_000

const keyAbout = 'evidence_keys.key_sealed'

/** What tells a tile among those that were read. */
const readerOf = (tiles: readonly Tile[]): TileReader => {
  const byKey = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]))
  return ({ level, index }) => {
    const hashes = byKey.get(`${level}/${index}`)
    invariant(hashes, `tile ${level}/${index} is missing`)
    return hashes
  }
}

/** Adds entries' hashes to the tree, some at a time: requests that come meanwhile do not wait for all of it. @returns every tile that is new or longer than it was */
const extendInTurns = async (hasher: Hasher, size: number, hashes: readonly Buffer[], edge: readonly Tile[]): Promise<Tile[]> => {
  const changed = new Map<string, Tile>()
  for (let at = 0; at < hashes.length; at += hashesPerTurn) {
    if (at > 0) await nextTurn()
    const leaves = hashes.slice(at, at + hashesPerTurn).map((hash) => hasher.leaf(hash))
    for (const tile of extend(hasher, size + at, leaves, readerOf([...edge, ...changed.values()]))) changed.set(`${tile.level}/${tile.index}`, tile)
  }
  return [...changed.values()]
}

type Edge = Readonly<{ size: number; tiles: readonly Tile[] }>

/** What a step did: before which instant all is seen, what is left of its range, and the tree's new edge if it grew. */
type Step = Readonly<{ visible: Date; left: IdRange | undefined; edge: Edge | undefined }>

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

export const createSequencer = ({ work, clock, vault, originOf, onGrown }: Dependencies) => {
  const opened = new Map<number, OpenLog>()
  /** Before which instant every entry is known to have its place, by office; later runs begin there. */
  const settled = new Map<number, Date>()
  /** The growing tiles as this process last wrote them, by office. */
  const edges = new Map<number, Edge>()
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

  /** The growing tiles of a log of this size. */
  const edgeAt = async (tx: Tx, size: number): Promise<readonly Tile[]> => {
    const known = edges.get(tx.office)
    return known?.size === size ? known.tiles : findTiles(tx, growingTiles(size))
  }

  /** Takes what has no place yet of a range of entries, a batch of it. @returns undefined where another process leads */
  const step = async (tx: Tx, origin: string, given: IdRange | undefined, isAwaited: boolean): Promise<Step | undefined> => {
    const lead = await takeLead(tx, isAwaited)
    if (!lead) return undefined
    const visible = after(lead.oldestRunning, -skewMs)
    const range = given ?? idsSince(settled.get(tx.office) ?? await firstBound(tx, visible))
    const { row: { hash }, key } = await logOf(tx, origin)
    const size = lead.treeSize ?? 0
    const placed = await placeEntries(tx, size, range, batchMax, hash)
    if (lead.treeSize !== undefined && placed.length === 0) return { visible, left: undefined, edge: undefined }

    const hasher = hasherOf(hash)
    const edge = await edgeAt(tx, size)
    const changed = await extendInTurns(hasher, size, placed.map((entry) => entry.hash), edge)
    const treeSize = size + placed.length
    const read = readerOf([...edge, ...changed])
    const tiles = growingTiles(treeSize).map((tile) => ({ ...tile, hashes: read(tile) }))
    const root = hashOf(hasher, [0, treeSize], folding(hasher, read))
    await saveGrowth(tx, changed, { treeSize, root, note: signNote(checkpointText(key.name, treeSize, root, hash), key), createdAt: clock.now() })
    const last = placed.at(-1)
    return { visible, left: last && placed.length === batchMax ? { ...range, from: last.id } : undefined, edge: { size: treeSize, tiles } }
  }

  /** Takes a range of entries, by default all since what is settled. @returns what is settled then; undefined where another process led */
  const take = async (office: number, origin: string, given: IdRange | undefined, isAwaited: boolean): Promise<Date | undefined> => {
    let visible: Date | undefined
    let range = given
    do {
      const current = range
      const done = await work.write(worker, office, (tx) => step(tx, origin, current, isAwaited))
      if (isAwaited || done?.edge) onGrown(office)
      if (!done) return undefined
      if (done.edge) edges.set(office, done.edge)
      // What a later batch could not see yet, the first one could not either.
      visible ??= done.visible
      range = done.left
      if (range && !isAwaited) await rest(restMs)
    } while (range)
    return visible
  }

  /** Where a process begins that has not looked yet. */
  const firstBound = async (tx: Tx, visible: Date): Promise<Date> => {
    const newest = await findNewestPlacedAt(tx)
    const bound = newest ? after(newest, -unwatchedMs) : new Date(0)
    return bound < visible ? bound : visible
  }

  const takeNew = async (office: number, origin: string, isAwaited: boolean): Promise<void> => {
    const visible = await take(office, origin, undefined, isAwaited)
    if (visible) settled.set(office, visible)
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
      if (!range || await take(office, origin, range, false)) searched.set(office, range?.isLast ? undefined : range?.to)
    }
  }
}

export type Sequencer = ReturnType<typeof createSequencer>
