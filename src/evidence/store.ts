import { and, asc, desc, eq, getTableColumns, gt, gte, inArray, or } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { Anchoring, Checkpoint, Openings, Timestamp } from './model.js'
import { evidenceAnchors, evidenceCheckpoints, evidenceEntries, evidenceKeys, evidenceLogs, evidencePositions, evidenceTiles, evidenceTimestamps } from './table.js'
import type { Tile, TileKey } from './tree.js'

export const insertEntries = async ({ db }: Tx, rows: (typeof evidenceEntries.$inferInsert)[]): Promise<void> => {
  await db.insert(evidenceEntries).values(rows)
}

export type LogRow = typeof evidenceLogs.$inferSelect
export type KeyRow = typeof evidenceKeys.$inferSelect

export const findLog = async ({ db, office }: Tx): Promise<LogRow | undefined> =>
  (await db.select().from(evidenceLogs).where(eq(evidenceLogs.officeId, office)))[0]

export const insertLog = async ({ db, office }: Tx, row: Omit<LogRow, 'officeId'>): Promise<void> => {
  await db.insert(evidenceLogs).values({ ...row, officeId: office })
}

export const findKey = async ({ db, office }: Tx, purpose: KeyRow['purpose']): Promise<KeyRow | undefined> =>
  (await db.select().from(evidenceKeys).where(and(eq(evidenceKeys.officeId, office), eq(evidenceKeys.purpose, purpose))))[0]

/** One that is there stays. */
export const insertKey = async ({ db, office }: Tx, row: Omit<KeyRow, 'officeId'>): Promise<void> => {
  await db.insert(evidenceKeys).values({ ...row, officeId: office }).onConflictDoNothing()
}

/** Any number, as long as every process uses the same; the office is the lock's second half. */
const lockClass = 711_910

/** Takes the lead of an office's log until the transaction ends: unless another process has it, or as soon as that lets go. */
export const takeLead = async ({ client, office }: Tx, isAwaited: boolean): Promise<boolean> => {
  if (isAwaited) await client.query('select pg_advisory_xact_lock($1, $2)', [lockClass, office])
  return isAwaited || (await client.query<{ leads: boolean }>('select pg_try_advisory_xact_lock($1, $2) as leads', [lockClass, office])).rows[0]?.leads === true
}

/**
 * When the oldest transaction began that may still commit entries, and when now is: by the
 * database's clock. Sessions show this only to the role they logged in as.
 */
export const oldestRunning = async ({ client, actor }: Tx): Promise<Date> => {
  const results = await client.query(`
    set local role none;
    select coalesce(min(xact_start), clock_timestamp()) as begun_at from pg_stat_activity where datname = current_database();
    set local role ticun_${actor.role}`) as unknown as { rows: { begun_at: Date }[] }[]
  return results[1]?.rows[0]?.begun_at as Date
}

export type Placed = Readonly<{ id: string; leafIndex: number; entry: string }>

const firstUuid = '00000000-0000-0000-0000-000000000000'
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Entries by their ids, both ends included. */
export type IdRange = Readonly<{ from: string; to: string }>

/** Every id made since an instant: ids begin with their milliseconds (UUIDv7). */
export const idsSince = (at: Date): IdRange => {
  const hex = at.getTime().toString(16).padStart(12, '0')
  return { from: `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`, to: lastUuid }
}

/** When the newest entry was made that has its place. */
export const findNewestPlacedAt = async ({ client, office }: Tx): Promise<Date | undefined> => {
  const { rows: [row] } = await client.query<{ id: string }>('select entry_id as id from evidence_positions where office_id = $1 order by entry_id desc limit 1', [office])
  return row && new Date(parseInt(row.id.replace('-', '').slice(0, 12), 16))
}

/** The next `limit` ids after one, or the first ones; undefined past the end. `isLast`: there are no more. */
export const nextIds = async ({ client, office }: Tx, after: string | undefined, limit: number): Promise<IdRange & { isLast: boolean } | undefined> => {
  const { rows: [row] } = await client.query<{ from: string | null; to: string | null; count: number }>(`
    select min(id::text) as from, max(id::text) as to, count(*)::int as count
    from (select id from evidence_entries where office_id = $1 and id > $2 order by id limit $3) chunk`, [office, after ?? firstUuid, limit])
  return row?.from && row.to ? { from: row.from, to: row.to, isLast: row.count < limit } : undefined
}

/*
 * Planned anew each time, with what the tables hold now: a plan kept from an empty log would walk
 * all of it.
 */
const placeText = `
with fresh as materialized (
  select e.id, e.subject, e.entry from evidence_entries e
  where e.office_id = $1 and e.id between $2 and $3
    and not exists (select 1 from evidence_positions p where p.office_id = $1 and p.entry_id = e.id)
  order by e.id limit $4
), placed as (
  insert into evidence_positions (office_id, leaf_index, entry_id, subject)
  select $1, $5 + row_number() over (order by id) - 1, id, subject from fresh
  returning leaf_index, entry_id
)
select f.id, p.leaf_index, f.entry from placed p join fresh f on f.id = p.entry_id order by p.leaf_index`

/** Gives entries that have no place yet the next ones, in the order of their ids. */
export const placeEntries = async ({ client, office }: Tx, size: number, { from, to }: IdRange, limit: number): Promise<Placed[]> =>
  (await client.query<{ id: string; leaf_index: bigint; entry: string }>(placeText, [office, from, to, limit, size])).rows
    .map(({ id, leaf_index: leafIndex, entry }) => ({ id, leafIndex: Number(leafIndex), entry }))

/** Where the first entry about a thing stands. */
export const findFirstPlace = async ({ db, office }: Tx, subject: string): Promise<number | undefined> =>
  (await db.select({ leafIndex: evidencePositions.leafIndex }).from(evidencePositions)
    .where(and(eq(evidencePositions.officeId, office), eq(evidencePositions.subject, subject)))
    .orderBy(asc(evidencePositions.leafIndex)).limit(1))[0]?.leafIndex

const ofTile = ({ level, index }: TileKey) => and(eq(evidenceTiles.level, level), eq(evidenceTiles.index, index))

export const findTiles = async ({ db, office }: Tx, keys: readonly TileKey[]): Promise<Tile[]> =>
  keys.length === 0 ? [] : db.select({ level: evidenceTiles.level, index: evidenceTiles.index, hashes: evidenceTiles.hashes })
    .from(evidenceTiles).where(and(eq(evidenceTiles.officeId, office), or(...keys.map(ofTile))))

export const saveTiles = async ({ client, office }: Tx, tiles: readonly Tile[]): Promise<void> => {
  await client.query(`
    insert into evidence_tiles as t (office_id, level, index, hashes)
    select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])
    on conflict (office_id, level, index) do update set hashes = excluded.hashes`,
  [office, tiles.map(({ level }) => level), tiles.map(({ index }) => index), tiles.map(({ hashes }) => hashes)])
}

const { officeId: _, ...checkpointColumns } = getTableColumns(evidenceCheckpoints)

/** The newest checkpoint, or the one of a size. */
export const findCheckpoint = async ({ db, office }: Tx, treeSize?: number): Promise<Checkpoint | undefined> =>
  (await db.select(checkpointColumns).from(evidenceCheckpoints)
    .where(and(eq(evidenceCheckpoints.officeId, office), treeSize === undefined ? undefined : eq(evidenceCheckpoints.treeSize, treeSize)))
    .orderBy(desc(evidenceCheckpoints.treeSize)).limit(1))[0]

export const insertCheckpoint = async ({ db, office }: Tx, checkpoint: Checkpoint): Promise<void> => {
  await db.insert(evidenceCheckpoints).values({ ...checkpoint, officeId: office })
}

const { officeId: __, ...timestampColumns } = getTableColumns(evidenceTimestamps)

/** The newest time-stamp, or that of the checkpoint of a size. */
export const findTimestamp = async ({ db, office }: Tx, treeSize?: number): Promise<Timestamp | undefined> =>
  (await db.select(timestampColumns).from(evidenceTimestamps)
    .where(and(eq(evidenceTimestamps.officeId, office), treeSize === undefined ? undefined : eq(evidenceTimestamps.treeSize, treeSize)))
    .orderBy(desc(evidenceTimestamps.treeSize)).limit(1))[0]

const firstOver = ({ db, office }: Tx, leafIndex: number) => db.select(timestampColumns).from(evidenceTimestamps)
  .where(and(eq(evidenceTimestamps.officeId, office), gt(evidenceTimestamps.treeSize, leafIndex)))
  .orderBy(asc(evidenceTimestamps.treeSize)).limit(1)

const firstAnchoredOver = ({ db, office }: Tx, leafIndex: number) => db.select(timestampColumns).from(evidenceAnchors)
  .innerJoin(evidenceTimestamps, and(eq(evidenceTimestamps.officeId, evidenceAnchors.officeId), eq(evidenceTimestamps.treeSize, evidenceAnchors.treeSize)))
  .where(and(eq(evidenceAnchors.officeId, office), gt(evidenceAnchors.treeSize, leafIndex)))
  .orderBy(asc(evidenceAnchors.treeSize)).limit(1)

/** The first time-stamp of a checkpoint that covers a leaf; of an anchored checkpoint, if there is one. */
export const findTimestampOver = async (tx: Tx, leafIndex: number): Promise<Timestamp | undefined> =>
  (await firstAnchoredOver(tx, leafIndex))[0] ?? (await firstOver(tx, leafIndex))[0]

/** One that is there stays. */
export const insertTimestamp = async ({ db, office }: Tx, timestamp: Timestamp): Promise<void> => {
  await db.insert(evidenceTimestamps).values({ ...timestamp, officeId: office }).onConflictDoNothing()
}

const { officeId: ___, ...anchorColumns } = getTableColumns(evidenceAnchors)

export const listAnchors = ({ db, office }: Tx, treeSize: number): Promise<Anchoring[]> =>
  db.select(anchorColumns).from(evidenceAnchors).where(and(eq(evidenceAnchors.officeId, office), eq(evidenceAnchors.treeSize, treeSize)))

export const findNewestAnchor = async ({ db, office }: Tx, chain: string): Promise<Anchoring | undefined> =>
  (await db.select(anchorColumns).from(evidenceAnchors)
    .where(and(eq(evidenceAnchors.officeId, office), eq(evidenceAnchors.chain, chain)))
    .orderBy(desc(evidenceAnchors.treeSize)).limit(1))[0]

/** One that is there stays. */
export const insertAnchor = async ({ db, office }: Tx, anchoring: Anchoring): Promise<void> => {
  await db.insert(evidenceAnchors).values({ ...anchoring, officeId: office }).onConflictDoNothing()
}

export type SeenEntry = Readonly<{ leafIndex: number; entry: string; openings: Openings | null }>

const seen = ({ db }: Tx) => db
  .select({ leafIndex: evidencePositions.leafIndex, entry: evidenceEntries.entry, openings: evidenceEntries.openings })
  .from(evidencePositions)
  .innerJoin(evidenceEntries, and(eq(evidenceEntries.officeId, evidencePositions.officeId), eq(evidenceEntries.id, evidencePositions.entryId)))

/** The entry at a place, where the caller's end may see it. */
export const findEntry = async (tx: Tx, leafIndex: number): Promise<SeenEntry | undefined> =>
  (await seen(tx).where(and(eq(evidencePositions.officeId, tx.office), eq(evidencePositions.leafIndex, leafIndex))))[0]

/** The entries about these subjects that the caller's end may see, from a place on, in their order; the first `limit`. */
export const listEntriesAbout = (tx: Tx, subjects: readonly string[], from: number, limit: number): Promise<SeenEntry[]> =>
  seen(tx).where(and(eq(evidencePositions.officeId, tx.office), inArray(evidencePositions.subject, [...subjects]), gte(evidencePositions.leafIndex, from)))
    .orderBy(asc(evidencePositions.leafIndex)).limit(limit)

/** The entries from a place on, in their order. */
export const listEntriesFrom = (tx: Tx, leafIndex: number, limit: number): Promise<SeenEntry[]> =>
  seen(tx).where(and(eq(evidencePositions.officeId, tx.office), gte(evidencePositions.leafIndex, leafIndex)))
    .orderBy(asc(evidencePositions.leafIndex)).limit(limit)
