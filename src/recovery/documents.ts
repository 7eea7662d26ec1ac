import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pool } from '../db/client.js'
import { eachOf } from '../db/copying.js'
import { sealedTables } from '../privacy/columns.js'
import { FileMissing, type Storage } from '../storage/storage.js'
import type { Manifest } from './manifest.js'
import { RecoveryRefused } from './refusal.js'
import { listFileNames } from './store.js'

/*
 * Files are never changed, and a row names one only when it is kept. So those are copied that rows
 * name before the database is backed up, and once more those that they name after: what the
 * backup's rows name is among them. A file that a rotation of keys took away in between was copied
 * before, or its successor is after.
 */

const columns = sealedTables.flatMap(({ table, files = [] }) => files.map(({ column }) => ({ table, column })))
const atOnce = 4
const roundsMax = 5

/** Where a file is within a backup, or an archive's folder of files. */
export const pathOf = (sha256: string): string => `${sha256.slice(0, 2)}/${sha256}`

export const namedFiles = (pool: Pool): Promise<string[]> => listFileNames(pool, columns)

type Entry = Manifest['files'][number]

const copyOut = async (storage: Pick<Storage, 'open'>, sha256: string, to: string): Promise<number> => {
  const source = await storage.open(sha256)
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const target = await open(to, 'wx', 0o600)
  try {
    let size = 0
    for await (const chunk of source) {
      await target.writeFile(chunk as Uint8Array)
      size += (chunk as Uint8Array).length
    }
    await target.sync()
    return size
  } finally {
    await target.close()
  }
}

/** Copies what rows name and is not copied yet, into `folder`/files; a copy that is there counts. */
export const copyDocuments = async (pool: Pool, storage: Pick<Storage, 'open'>, folder: string, copied: Map<string, Entry>): Promise<void> => {
  for (let round = 1; ; round++) {
    const missing: string[] = []
    await eachOf((await namedFiles(pool)).filter((name) => !copied.has(name)), atOnce, async (sha256) => {
      const path = `files/${pathOf(sha256)}`
      try {
        copied.set(sha256, { path, size: await copyOut(storage, sha256, join(folder, path)), sha256 })
      } catch (error) {
        if (!(error instanceof FileMissing)) throw error
        missing.push(sha256)
      }
    })
    // A rotation may have put another in its place: then the row names that one now.
    if (missing.length === 0) return
    if (round === roundsMax) throw new RecoveryRefused('documents_missing', missing.slice(0, 10).join(', '))
  }
}

const openIfThere = (path: string): Promise<FileHandle | undefined> =>
  open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

/** Puts a file of a folder into the storage. @returns whether it was there and whole */
const putBack = async (storage: Storage, sha256: string, path: string): Promise<boolean> => {
  const file = await openIfThere(path)
  return file !== undefined && (await storage.put(file.createReadStream())).sha256 === sha256
}

const isWhole = async (storage: Storage, sha256: string): Promise<boolean> => {
  try {
    for await (const _ of await storage.open(sha256)) continue
    return true
  } catch (error) {
    if (error instanceof FileMissing || (error as Error).name === 'FileCorrupt') return false
    throw error
  }
}

/**
 * Sees to it that every file which rows name is in the storage, whole: from the first of the
 * folders that has it. @returns how many there are, and the names of those that are nowhere
 */
export const returnDocuments = async (pool: Pool, storage: Storage, folders: readonly string[]): Promise<Readonly<{ named: number; missing: string[] }>> => {
  const names = await namedFiles(pool)
  const missing: string[] = []
  await eachOf(names, atOnce, async (sha256) => {
    let isThere = await isWhole(storage, sha256)
    for (const folder of folders) isThere ||= await putBack(storage, sha256, join(folder, pathOf(sha256)))
    if (!isThere) missing.push(sha256)
  })
  return { named: names.length, missing: missing.sort() }
}
