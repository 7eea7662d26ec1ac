import { hash } from 'node:crypto'
import { and, asc, desc, eq, getTableColumns, gt, gte, inArray, or } from 'drizzle-orm'
import { bytes, integers, jsons, uuids } from '../db/arrays.js'
import type { Row } from '../db/client.js'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf, uuidOrNull } from '../kernel/id.js'
import type { Anchoring, Checkpoint, Cosignature, HashName, Openings, Timestamp } from './model.js'
import { evidenceAnchors, evidenceCheckpoints, evidenceCosignatures, evidenceEntries, evidenceKeys, evidenceLogs, evidencePositions, evidenceTiles, evidenceTimestamps } from './table.js'
import type { Tile, TileKey } from './tree.js'

type EntryRow = typeof evidenceEntries.$inferSelect

const insertEntriesStatement = officeStatement((office, place) => `
insert into evidence_entries (office_id, id, fact, subject, transfer_id, contract_id, merchant_id, entry, openings, created_at)
select ${office}, e.id, e.fact, e.subject, e.transfer_id, e.contract_id, e.merchant_id, e.entry, e.openings::jsonb, $10
from ${place}unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], string_to_array($8, E'\\x1e'), $9::text[])
  as e(id, fact, subject, transfer_id, contract_id, merchant_id, entry, openings)`)

/** Rows of one time. */
export const insertEntries = async ({ client, office }: Tx, rows: readonly Omit<EntryRow, 'officeId' | 'createdAt'>[], createdAt: Date): Promise<void> => {
  const column = <Value>(of: (row: (typeof rows)[number]) => Value) => rows.map(of)
  await client.query({
    name: 'insert_evidence_entries', ...insertEntriesStatement,
    values: [
      office, uuids(column(({ id }) => uuidOf(id))), column(({ fact }) => fact), column(({ subject }) => subject),
      uuids(column(({ transferId }) => uuidOrNull(transferId))), uuids(column(({ contractId }) => uuidOrNull(contractId))), uuids(column(({ merchantId }) => uuidOrNull(merchantId))),
      jsons(column(({ entry }) => entry)), column(({ openings }) => (openings === null ? null : JSON.stringify(openings))), createdAt
    ]
  })
}

/** Asks one statement without parameters, there and back once. */
export type Glance = <Result extends Row>(statement: string) => Promise<Result[]>

/** An office's log at its newest checkpoint, with the tiles that are still growing. */
export type Head = Readonly<{ log: Pick<LogRow, 'origin' | 'hash' | 'verifierKey'>; checkpoint: Pick<Checkpoint, 'treeSize' | 'note'>; edge: readonly Tile[] }>

type HeadLine = { origin: string; hash: LogRow['hash']; verifier_key: string; tree_size: bigint; note: string; level: number; index: bigint; hashes: Buffer | null }

/** The tiles are looked up one by one: joined, the planner would rather read them all. */
const headText = (office: number): string => `
select h.*, (select t.hashes from evidence_tiles t where t.office_id = ${office} and t.level = h.level and t.index = h.index) as hashes
from (
  select l.origin, l.hash, l.verifier_key, c.tree_size, c.note, g.level, c.tree_size >> (8 * (g.level + 1)) as index
  from evidence_logs l
  cross join (select tree_size, note from evidence_checkpoints where office_id = ${office} order by tree_size desc limit 1) c
  cross join generate_series(0, 5) g(level)
  where l.office_id = ${office}
) h`

/** undefined where the office has no log yet, or no checkpoint. */
export const glanceAtHead = async (glance: Glance, office: number): Promise<Head | undefined> => {
  const lines = await glance<HeadLine>(headText(office))
  const [first] = lines
  return first && {
    log: { origin: first.origin, hash: first.hash, verifierKey: first.verifier_key },
    checkpoint: { treeSize: Number(first.tree_size), note: first.note },
    edge: lines.flatMap(({ level, index, hashes }) => (hashes === null ? [] : [{ level, index: Number(index), hashes }]))
  }
}

export const glanceAtTiles = async (glance: Glance, office: number, keys: readonly TileKey[]): Promise<Tile[]> =>
  (await glance<{ level: number; index: bigint; hashes: Buffer }>(`
    select level, index, hashes from evidence_tiles where office_id = ${office} and (${keys.map(({ level, index }) => `level = ${level} and index = ${index}`).join(' or ')})`))
    .map(({ level, index, hashes }) => ({ level, index: Number(index), hashes }))

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

/** What a leader finds: how many leaves the log has, undefined before its first checkpoint, and since when the oldest transaction runs that may still commit entries. */
export type Lead = Readonly<{ treeSize: number | undefined; oldestRunning: Date }>

type Answers = readonly { rows: Row[] }[]

/**
 * Takes the lead of an office's log until the transaction ends: unless another process has it, or
 * as soon as that lets go. Each statement sees what was committed when it began, so the size is
 * read after the lock is had. Sessions show when they began only to the role they logged in as; the
 * time is the database's. The memory is for the set of the entries that have their places.
 */
export const takeLead = async ({ client, office, actor }: Tx, isAwaited: boolean): Promise<Lead | undefined> => {
  const lock = isAwaited ? `select true as leads from (select pg_advisory_xact_lock(${lockClass}, ${office})) l` : `select pg_try_advisory_xact_lock(${lockClass}, ${office}) as leads`
  const answers = await client.query(`
    ${lock};
    set local work_mem = '64MB';
    set local role none;
    select coalesce(min(xact_start), clock_timestamp()) as begun_at from pg_stat_activity where datname = current_database();
    set local role ticun_${actor.role};
    select tree_size from evidence_checkpoints where office_id = ${office} order by tree_size desc limit 1`) as unknown as Answers
  const [{ leads } = { leads: false }, { begun_at: oldestRunning } = {}, newest] = [answers[0]?.rows[0] as { leads: boolean } | undefined, answers[3]?.rows[0] as { begun_at?: Date } | undefined, answers[5]?.rows[0] as { tree_size: bigint } | undefined]
  return leads ? { treeSize: newest && Number(newest.tree_size), oldestRunning: oldestRunning as Date } : undefined
}

/** An entry that has its place now, and its hash: what is public of it. */
export type Placed = Readonly<{ id: string; hash: Buffer }>

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
 * Both tables are read over the same stretch of ids, so that the cost is that of the stretch and
 * not of the log; the set of those that have their places is hashed whatever the planner believes
 * of it. Planned anew each time, with what the tables hold now: a plan kept from an empty log would
 * walk all of it.
 */
const placeStatement = (told: string) => officeStatement((office, place) => `
with placed as materialized (
  select entry_id from evidence_positions where office_id = $1 and entry_id between $2 and $3
), fresh as materialized (
  select e.id, e.subject, e.entry from evidence_entries e
  where e.office_id = $1 and e.id between $2 and $3 and e.id not in (select entry_id from placed)
  order by e.id limit $4
), taken as (
  insert into evidence_positions (office_id, leaf_index, entry_id, subject)
  select ${office}, $5 + row_number() over (order by id) - 1, id, subject from ${place}fresh
)
select id, ${told} as told from fresh order by id`)

/** SHA-256 is worked out where the entries are, so that they need not travel; of others the database knows none. */
const placeAndHash = placeStatement("sha256(convert_to(entry, 'UTF8'))")
const placeAndTell = placeStatement('entry')

/** Gives entries that have no place yet the next ones, in the order of their ids. */
export const placeEntries = async ({ client, office }: Tx, size: number, { from, to }: IdRange, limit: number, name: HashName): Promise<Placed[]> => {
  const values = [office, from, to, limit, size]
  if (name === 'sha256') return (await client.query<{ id: string; told: Buffer }>({ ...placeAndHash, values })).rows.map(({ id, told }) => ({ id, hash: told }))
  return (await client.query<{ id: string; told: string }>({ ...placeAndTell, values })).rows.map(({ id, told }) => ({ id, hash: hash(name, told, 'buffer') }))
}

/** Where the first entry about a thing stands. */
export const findFirstPlace = async ({ db, office }: Tx, subject: string): Promise<number | undefined> =>
  (await db.select({ leafIndex: evidencePositions.leafIndex }).from(evidencePositions)
    .where(and(eq(evidencePositions.officeId, office), eq(evidencePositions.subject, subject)))
    .orderBy(asc(evidencePositions.leafIndex)).limit(1))[0]?.leafIndex

const ofTile = ({ level, index }: TileKey) => and(eq(evidenceTiles.level, level), eq(evidenceTiles.index, index))

export const findTiles = async ({ db, office }: Tx, keys: readonly TileKey[]): Promise<Tile[]> =>
  keys.length === 0 ? [] : db.select({ level: evidenceTiles.level, index: evidenceTiles.index, hashes: evidenceTiles.hashes })
    .from(evidenceTiles).where(and(eq(evidenceTiles.officeId, office), or(...keys.map(ofTile))))

const growthStatement = officeStatement((office, place) => `
with tiles as (
  insert into evidence_tiles as t (office_id, level, index, hashes)
  select ${office}, n.* from ${place}unnest($2::smallint[], $3::bigint[], $4::bytea[]) as n
  on conflict (office_id, level, index) do update set hashes = excluded.hashes
), checkpoint as (
  insert into evidence_checkpoints (office_id, tree_size, root, note, created_at) values ($1, $5, $6, $7, $8)
)
select`)

/** Notes that the log has grown: its tiles and its new checkpoint. */
export const saveGrowth = async ({ client, office }: Tx, tiles: readonly Tile[], { treeSize, root, note, createdAt }: Checkpoint): Promise<void> => {
  await client.query({
    name: 'evidence_save_growth',
    ...growthStatement,
    values: [
      office, integers(tiles.map(({ level }) => BigInt(level))), integers(tiles.map(({ index }) => BigInt(index))), bytes(tiles.map(({ hashes }) => hashes)),
      treeSize, root, note, createdAt
    ]
  })
}

const { officeId: _, ...checkpointColumns } = getTableColumns(evidenceCheckpoints)

/** The newest checkpoint, or the one of a size. */
export const findCheckpoint = async ({ db, office }: Tx, treeSize?: number): Promise<Checkpoint | undefined> =>
  (await db.select(checkpointColumns).from(evidenceCheckpoints)
    .where(and(eq(evidenceCheckpoints.officeId, office), treeSize === undefined ? undefined : eq(evidenceCheckpoints.treeSize, treeSize)))
    .orderBy(desc(evidenceCheckpoints.treeSize)).limit(1))[0]

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

const firstCosignedOver = ({ db, office }: Tx, leafIndex: number) => db.select(timestampColumns).from(evidenceCosignatures)
  .innerJoin(evidenceTimestamps, and(eq(evidenceTimestamps.officeId, evidenceCosignatures.officeId), eq(evidenceTimestamps.treeSize, evidenceCosignatures.treeSize)))
  .where(and(eq(evidenceCosignatures.officeId, office), gt(evidenceCosignatures.treeSize, leafIndex)))
  .orderBy(asc(evidenceCosignatures.treeSize)).limit(1)

/** The first time-stamp of a checkpoint that covers a leaf; of an anchored one, if there is one, else of one that a witness cosigned. */
export const findTimestampOver = async (tx: Tx, leafIndex: number): Promise<Timestamp | undefined> =>
  (await firstAnchoredOver(tx, leafIndex))[0] ?? (await firstCosignedOver(tx, leafIndex))[0] ?? (await firstOver(tx, leafIndex))[0]

const { officeId: ____, createdAt: _____, ...cosignatureColumns } = getTableColumns(evidenceCosignatures)

/** Of the checkpoint of a size, in the order of their names. */
export const listCosignatures = ({ db, office }: Tx, treeSize: number): Promise<Cosignature[]> =>
  db.select(cosignatureColumns).from(evidenceCosignatures)
    .where(and(eq(evidenceCosignatures.officeId, office), eq(evidenceCosignatures.treeSize, treeSize)))
    .orderBy(asc(evidenceCosignatures.witness))

/** The newest checkpoint that a witness cosigned. */
export const findCosignedCheckpoint = async ({ db, office }: Tx): Promise<Checkpoint | undefined> =>
  (await db.select(checkpointColumns).from(evidenceCosignatures)
    .innerJoin(evidenceCheckpoints, and(eq(evidenceCheckpoints.officeId, evidenceCosignatures.officeId), eq(evidenceCheckpoints.treeSize, evidenceCosignatures.treeSize)))
    .where(eq(evidenceCosignatures.officeId, office))
    .orderBy(desc(evidenceCosignatures.treeSize)).limit(1))[0]

/** One that is there stays. */
export const insertCosignature = async ({ db, office }: Tx, cosignature: Cosignature, createdAt: Date): Promise<void> => {
  await db.insert(evidenceCosignatures).values({ ...cosignature, officeId: office, createdAt }).onConflictDoNothing()
}

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
