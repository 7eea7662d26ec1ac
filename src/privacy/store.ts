import { and, desc, eq, lt } from 'drizzle-orm'
import type { Client } from '../db/client.js'
import type { Tx } from '../db/unit-of-work.js'
import type { SealedTable } from './columns.js'
import type { CorrectionId, CorrectionRecord, CorrectionStatus } from './model.js'
import { corrections } from './table.js'

/*
 * Reading and writing sealed values wherever they are, by the names of the declared list: as the
 * owner of the database, because no role of the service may write them all.
 */

/** A row by its primary key, each part as text, with the columns that were asked for. */
export type KeyedRow = Readonly<{ key: readonly string[]; values: Readonly<Record<string, unknown>> }>

type KeyColumn = Readonly<{ name: string; type: string }>

export const findPrimaryKey = async (client: Client, table: string): Promise<KeyColumn[]> => {
  const { rows } = await client.query<KeyColumn>(`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
    from pg_index i cross join unnest(i.indkey) with ordinality k(attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = $1::regclass and i.indisprimary order by k.place`, [`public.${table}`])
  return rows
}

const columnsOf = ({ sealed = [], indexes = [], files = [] }: SealedTable): string[] => [...new Set([
  ...sealed.flatMap(({ column, about }) => [`t.${column}`, ...(typeof about === 'string' ? [] : [`t.${about.by}`])]),
  ...indexes.flatMap(({ column, of }) => [`t.${column}`, of.from === undefined ? `t.${of.column}` : `${of.from} as ${of.column}`]),
  ...files.map(({ column }) => `t.${column}`)
])]

/** Rows in the order of the key, from behind `after` on. */
export const listKeyedRows = async (client: Client, table: SealedTable, key: readonly KeyColumn[], after: readonly string[] | undefined, limit: number): Promise<KeyedRow[]> => {
  const names = key.map(({ name }) => `t.${name}`)
  const behind = after === undefined ? '' : `where (${names.join(', ')}) > (${key.map(({ type }, i) => `$${i + 2}::text::${type}`).join(', ')})`
  const { rows } = await client.query<Record<string, unknown> & { key: string[] }>(
    `select array[${names.map((name) => `${name}::text`).join(', ')}] as key, ${columnsOf(table).join(', ')} from public.${table.table} t ${behind} order by ${names.join(', ')} limit $1`,
    [limit, ...(after ?? [])])
  return rows.map(({ key, ...values }) => ({ key, values }))
}

/** One value to be written in the place of another that was read; left alone when it is another by now. */
export type Replacement = Readonly<{ key: readonly string[]; before: string | Buffer; after: string | Buffer }>

/** @returns how many were replaced */
export const replaceValues = async (client: Client, table: string, column: string, type: 'text' | 'bytea', key: readonly KeyColumn[], replacements: readonly Replacement[]): Promise<number> => {
  if (replacements.length === 0) return 0
  const { rowCount } = await client.query(`
    update public.${table} t set ${column} = v.after
    from unnest($1::${type}[], $2::${type}[], ${key.map((_, i) => `$${i + 3}::text[]`).join(', ')}) v(before, after, ${key.map((_, i) => `k${i}`).join(', ')})
    where ${key.map(({ name, type: keyType }, i) => `t.${name} = v.k${i}::${keyType}`).join(' and ')} and t.${column} = v.before`,
  [replacements.map(({ before }) => before), replacements.map(({ after }) => after), ...key.map((_, i) => replacements.map((one) => one.key[i]))])
  return rowCount ?? 0
}

/** How many values of a column begin with which key's id. */
export const countByKey = async (client: Client, table: string, column: string): Promise<{ keyId: string; count: number }[]> => {
  const { rows } = await client.query<{ keyId: string; count: number }>(
    `select split_part(${column}, '.', 1) as "keyId", count(*)::int as count from public.${table} where ${column} is not null and ${column} <> '' group by 1 order by 1`)
  return rows
}

/** How many indexes of a column begin with a tag; without one, those that are as long as a bare hash. */
export const countByTag = async (client: Client, table: string, column: string, tag: Buffer): Promise<number> => {
  const { rows: [row] } = await client.query<{ count: number }>(
    `select count(*)::int as count from public.${table} where case when length($1::bytea) = 0 then length(${column}) = 32 else length(${column}) > 32 and substring(${column} from 1 for length($1::bytea)) = $1::bytea end`, [tag])
  return row?.count ?? 0
}

/** The rows that purchases lock by an index: those of other keys than the newest are locked no more once nobody knows these keys. */
export const deleteCapHolders = async (client: Client, tag: Buffer): Promise<number> => {
  const { rowCount } = await client.query(
    'delete from public.cap_holders where case when length($1::bytea) = 0 then length(id_number_index) <> 32 else length(id_number_index) = 32 or substring(id_number_index from 1 for length($1::bytea)) <> $1::bytea end', [tag])
  return rowCount ?? 0
}

export const insertCorrection = async ({ db, office }: Tx, row: CorrectionRecord): Promise<void> => {
  await db.insert(corrections).values({ officeId: office, ...row })
}

export const findOpenCorrection = async ({ db, office }: Tx, personId: CorrectionRecord['personId']): Promise<CorrectionRecord | undefined> =>
  (await db.select().from(corrections).where(and(eq(corrections.officeId, office), eq(corrections.personId, personId), eq(corrections.status, 'asked'))))[0]

export const findCorrection = async ({ db, office }: Tx, id: CorrectionId): Promise<CorrectionRecord | undefined> =>
  (await db.select().from(corrections).where(and(eq(corrections.officeId, office), eq(corrections.id, id))))[0]

export const lockCorrection = async ({ db, office }: Tx, id: CorrectionId): Promise<CorrectionRecord | undefined> =>
  (await db.select().from(corrections).where(and(eq(corrections.officeId, office), eq(corrections.id, id))).for('update'))[0]

export const updateCorrection = async ({ db, office }: Tx, { id, status, decidedBy, decidedAt, reason }: CorrectionRecord): Promise<void> => {
  await db.update(corrections).set({ status, decidedBy, decidedAt, reason }).where(and(eq(corrections.officeId, office), eq(corrections.id, id)))
}

/** Newest first, of those that the role may see; a consumer's may be of several offices. */
export const listCorrections = ({ db }: Tx, office: number | undefined, status: CorrectionStatus | undefined, before: CorrectionId | undefined, limit: number): Promise<CorrectionRecord[]> =>
  db.select().from(corrections).where(and(
    office === undefined ? undefined : eq(corrections.officeId, office), status && eq(corrections.status, status), before && lt(corrections.id, before)
  )).orderBy(desc(corrections.id)).limit(limit)
