import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../config.js'
import { takeBaseBackup, type BackedUpFile } from '../db/base-backup.js'
import { createPool, isDistributed, type Pool } from '../db/client.js'
import { hashFile } from '../db/copying.js'
import { startEmbedded } from '../db/embedded.js'
import { createShelf } from '../storage/shelf.js'
import { createStorage } from '../storage/storage.js'
import { copyDocuments } from './documents.js'
import { writeManifest, type Manifest } from './manifest.js'
import { RecoveryRefused } from './refusal.js'
import { listLogs, readArchiveFault, readArchiving, readMoment, readSchema, readServer } from './store.js'
import { dump, findProgram } from './tools.js'

/*
 * A backup of a running deployment: its database and its files, and what a restore has to be held
 * against. Of the embedded server a base backup, to which its archived log can be added up to any
 * instant; of one of DATABASE_URL what pg_dump sees at one instant.
 */

export type BackupOptions = Readonly<{ config: Config; to: string; log: (line: string) => void }>

/** `sha256`: of the manifest, and so of everything. `archiveFault`: what the server fails to archive. */
export type Backup = Readonly<{ manifest: Manifest; sha256: string; archiveFault: string | undefined }>

type Site = Readonly<{ config: Config; pool: Pool; folder: string; log: BackupOptions['log'] }>

type Saved = Pick<Manifest, 'kind' | 'server' | 'start' | 'stop'> & Readonly<{ directories: string[]; files: readonly BackedUpFile[]; evidence: Manifest['evidence'] }>

const openFolder = async (to: string): Promise<string> => {
  const folder = resolve(to)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) throw new RecoveryRefused('target_not_empty', folder)
  return folder
}

const readEvidence = async (pool: Pool): Promise<Manifest['evidence']> =>
  (await listLogs(pool)).map(({ office, origin, verifierKey, note }) => ({ office, origin, key: verifierKey, checkpoint: note }))

const dated = ({ lsn, wal, at }: Readonly<{ lsn: string; wal: string; at: Date }>) => ({ lsn, wal, at: at.toISOString() })
const within = (folder: string, { path, size, sha256 }: BackedUpFile) => ({ path: `${folder}/${path}`, size, sha256 })

/** The whole backup; `save` does what is the database's. */
const backUp = async ({ config, pool, folder, log }: Site, save: (database: string) => Promise<Saved>): Promise<Backup> => {
  const storage = createStorage({ directory: join(config.dataDirectory, 'incoming'), shelf: createShelf(config) })
  const documents = new Map<string, Manifest['files'][number]>()
  await copyDocuments(pool, storage, folder, documents)
  log('The database is being copied.')
  const database = join(folder, 'database')
  await mkdir(database, { mode: 0o700 })
  const saved = await save(database)
  await copyDocuments(pool, storage, folder, documents)
  log(`${documents.size} files of the storage are copied.`)

  const manifest: Manifest = {
    format: 'ticun-backup/1', kind: saved.kind, server: saved.server, start: saved.start, stop: saved.stop,
    schema: await readSchema(pool),
    archive: await readArchiving(pool),
    keys: { data: config.dataKeys.map(({ id }) => id), index: config.indexKeys.map(({ id }) => id ?? 'secret') },
    evidence: saved.evidence,
    directories: saved.directories,
    files: [...saved.files.map((file) => within('database', file)), ...documents.values()]
  }
  return { manifest, sha256: await writeManifest(folder, manifest), archiveFault: await readArchiveFault(pool) }
}

const backUpCluster = async ({ config, to, log }: BackupOptions): Promise<Backup> => {
  const embedded = await startEmbedded({ dataDirectory: config.dataDirectory, ...(config.archive === undefined ? {} : { archive: config.archive }) })
  const pool = createPool({ connectionString: embedded.url, max: 2, applicationName: 'ticun backup', onError: () => undefined })
  try {
    const folder = await openFolder(to)
    return await backUp({ config, pool, folder, log }, async (database) => {
      const { base, seen } = await takeBaseBackup({ url: embedded.url, cluster: join(embedded.directory, 'pg'), to: database, label: 'ticun' }, () => readEvidence(pool))
      const { serverVersion: version, systemIdentifier, timeline, walFileBytes } = base
      return {
        kind: 'cluster', server: { version, systemIdentifier, timeline, walFileBytes }, start: dated(base.start), stop: dated(base.stop),
        directories: [...base.directories], files: base.files, evidence: seen
      }
    })
  } finally {
    await pool.end()
    await embedded.stop()
  }
}

const dumpFile = 'ticun.dump'

const backUpDump = async ({ config, to, log }: BackupOptions, url: string): Promise<Backup> => {
  if (await isDistributed(url)) throw new RecoveryRefused('not_supported', 'a Citus cluster is backed up node by node, docs/cluster.md')
  const pool = createPool({ connectionString: url, max: 2, applicationName: 'ticun backup', onError: () => undefined })
  try {
    const { serverVersion: version, ...server } = await readServer(pool)
    await findProgram('pg_dump', version)
    const folder = await openFolder(to)
    return await backUp({ config, pool, folder, log }, async (database) => {
      const [evidence, start] = [await readEvidence(pool), await readMoment(pool)]
      const file = join(database, dumpFile)
      await dump(url, version, file)
      const stop = await readMoment(pool)
      return {
        kind: 'dump', server: { version, ...server }, start: dated(start), stop: dated(stop), directories: [],
        files: [{ path: dumpFile, ...await hashFile(file) }], evidence
      }
    })
  } finally {
    await pool.end()
  }
}

/**
 * Makes a backup in a folder that is empty or not there, while the service runs.
 * @throws RecoveryRefused target_not_empty, documents_missing, tools_missing, tools_version, tools_failed, not_supported
 */
export const makeBackup = (options: BackupOptions): Promise<Backup> =>
  options.config.databaseUrl === undefined ? backUpCluster(options) : backUpDump(options, options.config.databaseUrl)

/** Where the dump of a backup is. */
export const dumpIn = (folder: string): string => join(folder, 'database', dumpFile)
