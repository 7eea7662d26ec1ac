import { askServer, type Moment, type Server } from '../db/base-backup.js'
import type { Pool } from '../db/client.js'

/** What backup and restore ask of a database, as its owner. */

type Named = Readonly<{ table: string; column: string }>

const word = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The names of the files that rows name, each once. */
export const listFileNames = async (pool: Pool, columns: readonly Named[]): Promise<string[]> => {
  const { rows } = await pool.query<{ name: string }>(columns.map(({ table, column }) => `select ${word(column)} as name from public.${word(table)} where ${word(column)} is not null`).join(' union '))
  return rows.map(({ name }) => name)
}

export type LogRow = Readonly<{ office: number; origin: string; verifierKey: string; hash: 'sha256' | 'sm3'; note: string | null; size: number; keySealed: string | null }>

/** Every office's log, at its newest checkpoint. */
export const listLogs = async (pool: Pool): Promise<LogRow[]> => {
  const { rows } = await pool.query<Omit<LogRow, 'size'> & { size: bigint }>(`
    select l.office_id as office, l.origin, l.verifier_key as "verifierKey", l.hash, c.note, coalesce(c.tree_size, 0) as size, k.key_sealed as "keySealed"
    from evidence_logs l
    left join lateral (select tree_size, note from evidence_checkpoints where office_id = l.office_id order by tree_size desc limit 1) c on true
    left join evidence_keys k on k.office_id = l.office_id and k.purpose = 'checkpoints'
    order by l.office_id`)
  return rows.map((row) => ({ ...row, size: Number(row.size) }))
}

export type PlacedEntry = Readonly<{ leafIndex: number; entry: string }>

/** The entries of a log from a place on, in their order. */
export const listPlaced = async (pool: Pool, office: number, from: number, limit: number): Promise<PlacedEntry[]> => {
  const { rows } = await pool.query<{ leaf_index: bigint; entry: string }>(`
    select p.leaf_index, e.entry from evidence_positions p join evidence_entries e on e.office_id = p.office_id and e.id = p.entry_id
    where p.office_id = $1 and p.leaf_index >= $2 order by p.leaf_index limit $3`, [office, from, limit])
  return rows.map(({ leaf_index, entry }) => ({ leafIndex: Number(leaf_index), entry }))
}

/** The migrations that made the schema: how many, and the hash of the last. */
export const readSchema = async (pool: Pool): Promise<Readonly<{ migrations: number; hash: string }>> => {
  const { rows } = await pool.query<{ hash: string }>('select hash from drizzle.__drizzle_migrations order by created_at')
  return { migrations: rows.length, hash: rows.at(-1)?.hash ?? '' }
}

/** The server now: where its log is and what its clock says. */
export const readMoment = async (pool: Pool): Promise<Moment> => {
  const { rows: [row] } = await pool.query<Moment>('select lsn::text, pg_walfile_name(lsn) as wal, clock_timestamp() as at from pg_current_wal_lsn() as lsn')
  return row as Moment
}

export const readServer = (pool: Pool): Promise<Server> => askServer(pool)

/** Whether anything was ever made in the database. */
export const isEmpty = async (pool: Pool): Promise<boolean> => {
  const { rowCount } = await pool.query(`
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' limit 1`)
  return rowCount === 0
}

/** How the server archives its log; null: it does not. */
export const readArchiving = async (pool: Pool): Promise<Readonly<{ timeoutSeconds: number }> | null> => {
  const { rows: [row] } = await pool.query<{ mode: string; seconds: number }>(`
    select current_setting('archive_mode') as mode, setting::int as seconds from pg_settings where name = 'archive_timeout'`)
  return row === undefined || row.mode === 'off' ? null : { timeoutSeconds: row.seconds }
}

/** What the server fails to archive, and since when it has; undefined: nothing. */
export const readArchiveFault = async (pool: Pool): Promise<string | undefined> => {
  const { rows: [row] } = await pool.query<{ wal: string; at: Date; times: bigint }>(`
    select last_failed_wal as wal, last_failed_time as at, failed_count as times from pg_stat_archiver
    where current_setting('archive_mode') <> 'off' and last_failed_time > coalesce(last_archived_time, '-infinity')`)
  return row && `${row.wal}, last tried at ${row.at.toISOString()}, ${row.times} failures in all`
}
