import { lstat, mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { copyFile, eachOf, writeNew, type Copied } from './copying.js'

/*
 * A base backup over SQL, for a server that comes without pg_basebackup: "Making a Base Backup
 * Using the Low Level API" of PostgreSQL's manual. The files are copied while they change; what
 * makes them whole again is the write-ahead log from the start of the backup to its end, which is
 * part of the copy. A replication slot that ends with the connection keeps the server from
 * recycling it meanwhile.
 */

/** A file of the copy; `path` with slashes, within it. */
export type BackedUpFile = Copied & Readonly<{ path: string }>

/** A moment of the server: its place in the write-ahead log, the file of the log that is in, the server's clock. */
export type Moment = Readonly<{ lsn: string; wal: string; at: Date }>

export type BaseBackup = Readonly<{
  serverVersion: string
  systemIdentifier: string
  timeline: number
  walFileBytes: number
  start: Moment
  stop: Moment
  directories: readonly string[]
  files: readonly BackedUpFile[]
}>

export type Server = Pick<BaseBackup, 'serverVersion' | 'systemIdentifier' | 'timeline' | 'walFileBytes'>

const atOnce = 8

/** Folders whose content is the running server's alone, or comes another way. */
const emptied = new Set(['pg_dynshmem', 'pg_notify', 'pg_replslot', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans', 'pg_wal'])
const walFolders = ['pg_wal/archive_status', 'pg_wal/summaries']

/** Files of the running server, of its settings for this place, and of an earlier restore. */
const left = new Set([
  'postmaster.pid', 'postmaster.opts', 'ticun.conf', 'ticun.conf.draft', 'postgresql.auto.conf.tmp', 'current_logfiles',
  'backup_label', 'backup_label.old', 'tablespace_map', 'tablespace_map.old', 'recovery.signal', 'standby.signal', 'recovery.done'
])
const isLeft = (path: string, name: string): boolean =>
  left.has(path) || name.startsWith('pg_internal.init') || name.startsWith('pgsql_tmp') || /^t\d+_\d+/.test(name)

const walName = /^[0-9A-F]{24}$/
const historyName = /^[0-9A-F]{8}\.history$/

type Listing = { directories: string[]; files: string[] }

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** All there is to copy. What vanishes under our eyes had no place in the backup: the log says so. */
const list = async (root: string, folder = '', found: Listing = { directories: [], files: [] }): Promise<Listing> => {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (folder !== '' && isGone(error)) return []
    throw error
  })
  for (const entry of entries) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (folder === 'pg_tblspc') throw new Error(`The tablespace ${path} lies outside the data directory, where this backup does not reach.`)
    if (entry.isDirectory() || (path === 'pg_wal' && entry.isSymbolicLink())) {
      if (entry.name.startsWith('pgsql_tmp')) continue
      found.directories.push(path)
      if (!emptied.has(path)) await list(root, path, found)
    } else if (!isLeft(path, entry.name)) {
      if (!entry.isFile()) throw new Error(`${join(root, path)} is neither a file nor a folder.`)
      found.files.push(path)
    }
  }
  return found
}

/** The control file is written while it is read. Two equal readings are one whole version of it. */
const readWhole = async (path: string): Promise<Buffer> => {
  for (let before = await readFile(path); ;) {
    await sleep(5)
    const now = await readFile(path)
    if (now.equals(before)) return now
    before = now
  }
}

const controlFile = 'global/pg_control'

const copyCluster = async (cluster: string, to: string, listing: Listing): Promise<BackedUpFile[]> => {
  const files: BackedUpFile[] = []
  await eachOf(listing.files.filter((path) => path !== controlFile), atOnce, async (path) => {
    try {
      files.push({ path, ...await copyFile(join(cluster, path), join(to, path)) })
    } catch (error) {
      // A table that was dropped meanwhile; nothing of it was written here.
      if (!isGone(error) || await lstat(join(cluster, path)).then(() => true, () => false)) throw error
    }
  })
  files.push({ path: controlFile, ...await writeNew(join(to, controlFile), await readWhole(join(cluster, controlFile))) })
  return files
}

/** The log from the first file to the last. @throws Error where one is missing: then the backup is worth nothing */
const copyWal = async (cluster: string, to: string, { start, stop, walFileBytes }: Pick<BaseBackup, 'start' | 'stop' | 'walFileBytes'>): Promise<BackedUpFile[]> => {
  const names = (await readdir(join(cluster, 'pg_wal'))).filter((name) => historyName.test(name) || (walName.test(name) && name >= start.wal && name <= stop.wal)).sort()
  const numbers = names.filter((name) => walName.test(name)).map((name) => walNumberOf(name, walFileBytes))
  const [first, last] = [walNumberOf(start.wal, walFileBytes), walNumberOf(stop.wal, walFileBytes)]
  if (numbers.length !== last - first + 1) throw new Error(`The write-ahead log from ${start.wal} to ${stop.wal} is not all there.`)
  const files: BackedUpFile[] = []
  for (const name of names) {
    const copied = await copyFile(join(cluster, 'pg_wal', name), join(to, 'pg_wal', name))
    if (walName.test(name) && copied.size !== walFileBytes) throw new Error(`${name} of the write-ahead log has ${copied.size} bytes in place of ${walFileBytes}.`)
    files.push({ path: `pg_wal/${name}`, ...copied })
  }
  return files
}

/** The number of a file of the log, whatever its timeline: the next file has the next number. */
export const walNumberOf = (name: string, walFileBytes: number): number =>
  parseInt(name.slice(8, 16), 16) * (0x1_0000_0000 / walFileBytes) + parseInt(name.slice(16), 16)

/** Makes folder entries last through a power cut. */
const syncFolders = async (root: string, directories: readonly string[]): Promise<void> => {
  if (process.platform === 'win32') return
  for (const path of ['', ...directories]) {
    const folder = await open(join(root, path), 'r')
    await folder.sync().finally(() => folder.close())
  }
}

type Asked = Readonly<{ query: (text: string, values?: unknown[]) => Promise<{ rows: pg.QueryResultRow[] }> }>

const ask = async <Row extends pg.QueryResultRow>(client: Asked, text: string, values: unknown[] = []): Promise<Row> => {
  const [row] = (await client.query(text, values)).rows as Row[]
  if (!row) throw new Error(`no answer to ${text}`)
  return row
}

const serverText = `
  select current_setting('server_version') as "serverVersion", system_identifier::text as "systemIdentifier", timeline_id as timeline,
    pg_size_bytes(current_setting('wal_segment_size'))::text as "walFileBytes"
  from pg_control_system(), pg_control_checkpoint()`

export const askServer = async (client: Asked): Promise<Server> => {
  const row = await ask<Omit<Server, 'walFileBytes'> & { walFileBytes: string }>(client, serverText)
  return { ...row, walFileBytes: Number(row.walFileBytes) }
}

type Options = Readonly<{ url: string; cluster: string; /** an empty folder */ to: string; label: string }>

/**
 * Copies the data directory of a running server. `within` runs between the start and the end of the
 * backup: what it sees committed, the backup has.
 */
export const takeBaseBackup = async <Seen>({ url, cluster, to, label }: Options, within: () => Promise<Seen>): Promise<Readonly<{ base: BaseBackup; seen: Seen }>> => {
  const client = new pg.Client({ connectionString: url, application_name: 'ticun backup' })
  let lost: Error | undefined
  client.on('error', (error) => { lost = error })
  await client.connect()
  try {
    const server = await askServer(client)
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [`ticun_backup_${process.pid}`])
    const start = await ask<Moment>(client, `
      select lsn::text, pg_walfile_name(lsn) as wal, clock_timestamp() as at from pg_backup_start($1, fast => true) as lsn`, [label])

    const listing = await list(cluster)
    const directories = [...new Set([...listing.directories, ...walFolders])].sort()
    for (const path of directories) await mkdir(join(to, path), { recursive: true, mode: 0o700 })
    const files = await copyCluster(cluster, to, listing)
    const seen = await within()

    const { labelfile, spcmapfile, ...stop } = await ask<Moment & { labelfile: string; spcmapfile: string | null }>(client, `
      select lsn::text, pg_walfile_name(lsn) as wal, clock_timestamp() as at, labelfile, spcmapfile from pg_backup_stop(wait_for_archive => false)`)
    files.push({ path: 'backup_label', ...await writeNew(join(to, 'backup_label'), Buffer.from(labelfile)) })
    if (spcmapfile) files.push({ path: 'tablespace_map', ...await writeNew(join(to, 'tablespace_map'), Buffer.from(spcmapfile)) })
    files.push(...await copyWal(cluster, to, { start, stop, walFileBytes: server.walFileBytes }))
    await syncFolders(to, directories)
    await syncFolders(dirname(to), [])
    if (lost) throw lost
    return { base: { ...server, start, stop, directories, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) }, seen }
  } finally {
    await client.end().catch(() => undefined)
  }
}
