import { join } from 'node:path'
import { checkDatabase } from '../checks/report.js'
import type { Config } from '../config.js'
import { createPool, type Pool } from '../db/client.js'
import { recoverEmbedded, RecoveryFailed, settleRestore, type RecoveryFault, type Recovered } from '../db/embedded-recovery.js'
import { walFolder } from '../db/embedded-archive.js'
import { startEmbedded } from '../db/embedded.js'
import { knownMigrations, migrate, prepareRoles } from '../db/migrate.js'
import { createVault } from '../kernel/vault.js'
import { createShelf, filesOf } from '../storage/shelf.js'
import { createStorage } from '../storage/storage.js'
import { dumpIn } from './backup.js'
import { returnDocuments } from './documents.js'
import { checkKeys, proveLogs, type ProvenLog, type Seen } from './evidence.js'
import { checkBackup, type Manifest } from './manifest.js'
import { RecoveryRefused, type RefusalCode } from './refusal.js'
import { isEmpty } from './store.js'
import { restoreDump } from './tools.js'
import { checkArchive, checkReplayed, type LastArchived } from './wal.js'

/*
 * A restore checks the backup before it writes, restores into an empty place, and then proves what
 * is there: that the keys open it, that its evidence extends what was seen of it, that every file
 * is there and whole, that the books add up. What is not proven is not to be used: an embedded
 * database says so at every start.
 */

/** What is held against the evidence. `key`: a log's verifier key as it is known from elsewhere. */
export type Against = Readonly<{ seen: readonly Seen[]; keys: ReadonlyMap<string, string> }>

export type RestoreOptions = Readonly<{
  config: Config
  from: string
  /** the archive of the deployment that is restored: its log and its files */
  archive?: string | undefined
  /** more folders with files of the log, as the pg_wal of the lost server */
  wal?: readonly string[]
  until?: Date | undefined
  against: Against
  log: (line: string) => void
}>

/** What a proof found. `refused` is empty where all is proven. */
export type Proof = Readonly<{ logs: readonly ProvenLog[]; documents: number; refused: readonly RecoveryRefused[] }>

export type Restored = Proof & Readonly<{
  manifest: Manifest
  /** when the last transaction that is there was committed, by the server's clock */
  lastTransactionAt: Date | undefined
  lastArchived: LastArchived | undefined
}>

const refusalOfFault: Readonly<Record<RecoveryFault, RefusalCode>> = {
  not_empty: 'target_not_empty', other_version: 'other_version', until_not_reached: 'until_not_reached', until_too_early: 'until_too_early', failed: 'recovery_failed'
}

/** Files are put back without copies in an archive: the next backup has them. */
const storageOf = ({ s3, dataDirectory }: Config) =>
  createStorage({ directory: join(dataDirectory, 'incoming'), shelf: createShelf({ s3, dataDirectory }) })

const trying = async <Result>(refused: RecoveryRefused[], prove: () => Promise<Result>): Promise<Result | undefined> => {
  try {
    return await prove()
  } catch (error) {
    if (!(error instanceof RecoveryRefused)) throw error
    refused.push(error)
    return undefined
  }
}

type Proving = Readonly<{ config: Config; pool: Pool; url: string; against: Against; folders: readonly string[]; log: (line: string) => void }>

/** Proves a database and its files, all of it even where something is wrong. */
const prove = async ({ config, pool, url, against, folders, log }: Proving): Promise<Proof> => {
  const refused: RecoveryRefused[] = []
  await trying(refused, () => checkKeys(pool, createVault(config.dataKeys, config.indexKeys)))
  const logs = await trying(refused, () => proveLogs(pool, against.seen, against.keys)) ?? []
  const { named, missing } = await returnDocuments(pool, storageOf(config), folders)
  if (missing.length > 0) refused.push(new RecoveryRefused('documents_missing', `${missing.length} of ${named}: ${missing.slice(0, 10).join(', ')}`))
  if (!await checkDatabase(url, log)) refused.push(new RecoveryRefused('invariants_violated', 'named above'))
  return { logs, documents: named - missing.length, refused }
}

const withPool = async <Result>(url: string, use: (pool: Pool) => Promise<Result>): Promise<Result> => {
  const pool = createPool({ connectionString: url, max: 2, applicationName: 'ticun restore', onError: () => undefined, settings: { statement_timeout: '0' } })
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

const checkSchema = ({ schema: { migrations, hash } }: Manifest): void => {
  const known = knownMigrations()
  if (known[migrations - 1] !== hash) throw new RecoveryRefused('unknown_schema', `its schema has ${migrations} migrations, and this code knows ${known.length}, ${known.length < migrations ? 'fewer' : 'of another history'}`)
}

const againstManifest = ({ seen, keys }: Against, { evidence }: Manifest): Against => ({
  seen: [...seen, ...evidence.flatMap(({ checkpoint }) => (checkpoint === null ? [] : [{ note: checkpoint, by: 'the backup\'s manifest' }]))],
  keys: new Map([...evidence.map(({ origin, key }): [string, string] => [origin, key]), ...keys])
})

const recover = async ({ config, from, until, log }: RestoreOptions, manifest: Manifest, folders: readonly string[]): Promise<Recovered> => {
  try {
    return await recoverEmbedded({
      dataDirectory: config.dataDirectory, serverVersion: manifest.server.version, from: join(from, 'database'), directories: manifest.directories,
      files: manifest.files.flatMap(({ path }) => (path.startsWith('database/') ? [path.slice('database/'.length)] : [])), wal: folders, until, log
    })
  } catch (error) {
    throw error instanceof RecoveryFailed ? new RecoveryRefused(refusalOfFault[error.fault], error.message) : error
  }
}

const restoreCluster = async (options: RestoreOptions, manifest: Manifest): Promise<Restored> => {
  const { config, from, archive, wal = [], until, against, log } = options
  if (until !== undefined && until < new Date(manifest.stop.at)) throw new RecoveryRefused('until_too_early', `the backup ended at ${manifest.stop.at}`)
  const archived = archive === undefined ? undefined : walFolder(archive)
  const folders = [...(archived === undefined ? [] : [archived]), ...wal]
  const lastArchived = await checkArchive(archived, wal, manifest)

  const { directory, endLsn, lastTransactionAt } = await recover(options, manifest, folders)
  const refusedBefore: RecoveryRefused[] = []
  if (until === undefined) await trying(refusedBefore, async () => { checkReplayed(lastArchived, endLsn, manifest) })
  const embedded = await startEmbedded({ dataDirectory: config.dataDirectory, archive: null, restoring: true })
  let proof: Proof
  try {
    await migrate(embedded.url, config.secret)
    proof = await withPool(embedded.url, (pool) => prove({
      config, pool, url: embedded.url, against: againstManifest(against, manifest), log,
      folders: [join(from, 'files'), ...(archive === undefined ? [] : [filesOf(archive)])]
    }))
  } finally {
    await embedded.stop()
  }
  const refused = [...refusedBefore, ...proof.refused]
  await settleRestore(directory, refused.length === 0 ? undefined : `the restore into it was refused. ${refused.map(({ message }) => message).join('; ')}`)
  return { manifest, ...proof, refused, lastTransactionAt, lastArchived }
}

const restoreIntoServer = async ({ config, from, archive, until, against, log }: RestoreOptions, url: string, manifest: Manifest): Promise<Restored> => {
  if (until !== undefined) throw new RecoveryRefused('until_needs_wal', 'restore to an instant as docs/restore.md says, by the server\'s own means')
  if (!await withPool(url, isEmpty)) throw new RecoveryRefused('target_not_empty', 'the database of DATABASE_URL has tables')
  await prepareRoles(url)
  log('pg_restore fills the database.')
  await restoreDump(url, manifest.server.version, dumpIn(from))
  await migrate(url, config.secret)
  const folders = [join(from, 'files'), ...(archive === undefined ? [] : [filesOf(archive)])]
  const proof = await withPool(url, (pool) => prove({ config, pool, url, against: againstManifest(against, manifest), folders, log }))
  return { manifest, ...proof, lastTransactionAt: new Date(manifest.start.at), lastArchived: undefined }
}

/**
 * Restores a backup, and proves it. Nothing is written before the backup is known to be whole.
 * @throws RecoveryRefused for what stands in the way; what the proofs find is answered
 */
export const restoreBackup = async (options: RestoreOptions): Promise<Restored> => {
  const { config: { databaseUrl }, from, log } = options
  const manifest = await checkBackup(from)
  log(`The backup is whole: ${manifest.files.length} files of ${manifest.start.at}, PostgreSQL ${manifest.server.version}.`)
  checkSchema(manifest)
  if (manifest.kind === 'cluster') {
    if (databaseUrl !== undefined) throw new RecoveryRefused('not_supported', 'it is of an embedded database: restore it without DATABASE_URL')
    return restoreCluster(options, manifest)
  }
  if (databaseUrl === undefined) throw new RecoveryRefused('not_supported', 'it is a dump: restore it into the database of DATABASE_URL')
  return restoreIntoServer(options, databaseUrl, manifest)
}

/** Proves a deployment as it stands, whoever restored it. */
export const proveDeployment = async ({ config, against, log }: Pick<RestoreOptions, 'config' | 'against' | 'log'>): Promise<Proof> => {
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ dataDirectory: config.dataDirectory }) : undefined
  const url = embedded?.url ?? config.databaseUrl as string
  try {
    return await withPool(url, (pool) => prove({ config, pool, url, against, folders: [], log }))
  } finally {
    await embedded?.stop()
  }
}
