import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Client, Pool } from '../db/client.js'
import { invariant } from '../kernel/invariant.js'
import { indexTagOf, type IndexRing, type KeyRing, type Vault } from '../kernel/vault.js'
import { FileMissing, type Storage } from '../storage/storage.js'
import { sealedTables, type FileColumn, type IndexColumn, type SealedColumn, type SealedTable } from './columns.js'
import { countByKey, countByTag, deleteCapHolders, findPrimaryKey, listKeyedRows, replaceValues, type KeyedRow, type Replacement } from './store.js'

/*
 * A new key is put in front of the ring, and everything that older ones sealed or indexed is sealed
 * and indexed anew, batch by batch, while the service runs: it opens with every key of the ring and
 * looks up by every index key. What is still to be done is told by the values themselves, so the
 * work may be killed at any moment and begun again, by several at once if need be: a value is
 * replaced only where it is still the one that was read.
 */

type Dependencies = Readonly<{
  /** as the owner of the database */
  pool: Pool
  vault: Vault
  rings: Readonly<{ data: KeyRing; index: IndexRing }>
  storage: Pick<Storage, 'open' | 'put' | 'remove'>
  batchMax?: number
  /** hears of each batch; one that throws stops the work there */
  onBatch?: (progress: Progress) => void
}>

/** What a batch has done in one table. */
export type Progress = Readonly<{ table: string; rows: number; sealed: number; indexed: number; files: number }>

/** What is still held by one key. */
export type KeyUse = Readonly<{ key: string; kind: 'data' | 'index'; isNewest: boolean; values: number; files: number }>

/** Where a value stands. */
type Place = Readonly<{ table: string; column: string; key: Awaited<ReturnType<typeof findPrimaryKey>>; rowKey: readonly string[] }>

const headLength = 200
/** An index of which nobody knows the value any more: of an account that was erased. */
const blankIndex = (keyId: string | undefined): Buffer => Buffer.concat([indexTagOf(keyId), Buffer.alloc(32)])

const aboutOf = ({ about }: SealedColumn, values: KeyedRow['values']): string => {
  if (typeof about === 'string') return about
  const found = about.is[String(values[about.by])]
  invariant(found !== undefined, `what ${about.by} is bound to is not known`)
  return found
}

const textIn = (values: KeyedRow['values'], column: string): string | undefined => {
  const value = values[column]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The id of the key that sealed a file, from its first bytes. */
const keyOfFile = async (storage: Pick<Storage, 'open'>, name: string): Promise<string> => {
  const source = await storage.open(name)
  for await (const chunk of source) {
    const head = Buffer.from(chunk as Uint8Array).subarray(0, headLength)
    source.destroy()
    const dot = head.indexOf('.')
    invariant(dot > 0, `the file ${name} does not say which key sealed it`)
    return head.subarray(0, dot).toString()
  }
  invariant(false, `the file ${name} is empty`)
}

export const createRotation = ({ pool, vault, rings, storage, batchMax = 500, onBatch = () => undefined }: Dependencies) => {
  const isNew = (sealed: string): boolean => sealed.startsWith(`${vault.newest.sealing}.`)

  const resealed = (column: SealedColumn, rows: readonly KeyedRow[]): Replacement[] => rows.flatMap(({ key, values }) => {
    const before = textIn(values, column.column)
    if (before === undefined || isNew(before)) return []
    const about = aboutOf(column, values)
    return [{ key, before, after: vault.seal(vault.open(before, about), about) }]
  })

  const reindexed = ({ column, about, of }: IndexColumn, rows: readonly KeyedRow[]): Replacement[] => rows.flatMap(({ key, values }) => {
    const before = values[column]
    if (!Buffer.isBuffer(before)) return []
    const source = textIn(values, of.column)
    const after = source === undefined ? blankIndex(vault.newest.index) : vault.index(vault.open(source, of.about), about)
    // A used code's index, and a closed account's, stand for nobody; one that is new already stays.
    const isDone = source === undefined ? isTagged(before) : before.equals(after)
    return isDone ? [] : [{ key, before, after }]
  })

  const newestTag = indexTagOf(vault.newest.index)
  const isTagged = (index: Buffer): boolean => newestTag.length === 0 ? index.length === 32 : index.subarray(0, newestTag.length).equals(newestTag) && index.length > 32

  const resealFile = async ({ about, as }: FileColumn, name: string): Promise<string> => {
    const sealed = await storage.open(name)
    const anew = as === 'stream'
      ? vault.sealStream(vault.openStream(sealed, about), about)
      : Readable.from([vault.sealBytes(vault.openBytes(await buffer(sealed), about), about)], { objectMode: false })
    return (await storage.put(anew)).sha256
  }

  const withClient = async <Result>(use: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect()
    try {
      return await use(client)
    } finally {
      client.release()
    }
  }

  /** What is done with a file that a row named: undefined where another run has sealed it anew since, and it is gone. @throws FileMissing where the row still names it */
  const unlessSuperseded = async <Result>({ table, column, key, rowKey }: Place, name: string, use: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await use()
    } catch (error) {
      const same = [{ key: rowKey, before: name, after: name }]
      if (error instanceof FileMissing && await withClient((client) => replaceValues(client, table, column, 'text', key, same)) === 0) return undefined
      throw error
    }
  }

  const rotateFiles = async (table: SealedTable, key: Awaited<ReturnType<typeof findPrimaryKey>>, rows: readonly KeyedRow[]): Promise<number> => {
    let done = 0
    for (const file of table.files ?? []) {
      for (const { key: rowKey, values } of rows) {
        const before = textIn(values, file.column)
        if (before === undefined) continue
        const place = { table: table.table, column: file.column, key, rowKey }
        const after = await unlessSuperseded(place, before, async () => (await keyOfFile(storage, before) === vault.newest.sealing ? undefined : resealFile(file, before)))
        if (after === undefined) continue
        const replaced = await withClient((client) => replaceValues(client, table.table, file.column, 'text', key, [{ key: rowKey, before, after }]))
        // The row names the new one, durably, before the old one goes; a loser of a race takes its own away.
        await storage.remove(replaced > 0 ? before : after)
        done += replaced
      }
    }
    return done
  }

  const rotateBatch = async (table: SealedTable, key: Awaited<ReturnType<typeof findPrimaryKey>>, rows: readonly KeyedRow[]): Promise<Progress> => {
    const [sealed, indexed] = await withClient(async (client) => {
      let [sealed, indexed] = [0, 0]
      // Indexes first: they are made from what was read, and lose to whoever changed it meanwhile.
      for (const column of table.indexes ?? []) indexed += await replaceValues(client, table.table, column.column, 'bytea', key, reindexed(column, rows))
      for (const column of table.sealed ?? []) sealed += await replaceValues(client, table.table, column.column, 'text', key, resealed(column, rows))
      return [sealed, indexed] as const
    })
    return { table: table.table, rows: rows.length, sealed, indexed, files: await rotateFiles(table, key, rows) }
  }

  const rotateTable = async (table: SealedTable): Promise<void> => {
    const key = await withClient((client) => findPrimaryKey(client, table.table))
    for (let after: readonly string[] | undefined; ;) {
      const rows = await withClient((client) => listKeyedRows(client, table, key, after, batchMax))
      if (rows.length > 0) onBatch(await rotateBatch(table, key, rows))
      if (rows.length < batchMax) return
      after = rows.at(-1)?.key
    }
  }

  const filesByKey = async (): Promise<Map<string, number>> => {
    const counts = new Map<string, number>()
    for (const table of sealedTables.filter(({ files }) => files)) {
      const key = await withClient((client) => findPrimaryKey(client, table.table))
      for (let after: readonly string[] | undefined; ;) {
        const rows = await withClient((client) => listKeyedRows(client, table, key, after, batchMax))
        for (const { key: rowKey, values } of rows) {
          for (const { column } of table.files ?? []) {
            const name = textIn(values, column)
            if (name === undefined) continue
            const keyId = await unlessSuperseded({ table: table.table, column, key, rowKey }, name, () => keyOfFile(storage, name)) ?? vault.newest.sealing
            counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
          }
        }
        if (rows.length < batchMax) break
        after = rows.at(-1)?.key
      }
    }
    return counts
  }

  /** What each key still holds: a key that holds nothing may leave its ring. A data key that is not in the ring is named too. */
  const status = async (): Promise<KeyUse[]> => {
    const values = new Map<string, number>()
    for (const { table, sealed = [] } of sealedTables) {
      for (const { column } of sealed) {
        for (const { keyId, count } of await withClient((client) => countByKey(client, table, column))) values.set(keyId, (values.get(keyId) ?? 0) + count)
      }
    }
    const files = await filesByKey()
    const dataKeys = [...new Set([...rings.data.map(({ id }) => id), ...values.keys(), ...files.keys()])]
    const indexUses: KeyUse[] = []
    for (const { id } of rings.index) {
      let count = 0
      for (const { table, indexes = [] } of [...sealedTables, { table: 'cap_holders', indexes: [{ column: 'id_number_index' }] }]) {
        for (const { column } of indexes) count += await withClient((client) => countByTag(client, table, column, indexTagOf(id)))
      }
      indexUses.push({ key: id ?? 'secret', kind: 'index', isNewest: id === vault.newest.index, values: count, files: 0 })
    }
    return [
      ...dataKeys.map((key): KeyUse => ({ key, kind: 'data', isNewest: key === vault.newest.sealing, values: values.get(key) ?? 0, files: files.get(key) ?? 0 })),
      ...indexUses
    ]
  }

  /** Seals and indexes everything by the newest keys; says what each key holds afterwards. Safe to stop and begin again. */
  const rotate = async (): Promise<KeyUse[]> => {
    for (const table of sealedTables) await rotateTable(table)
    await withClient((client) => deleteCapHolders(client, newestTag))
    return status()
  }

  return { rotate, status }
}

export type Rotation = ReturnType<typeof createRotation>
