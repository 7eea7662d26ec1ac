import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { archiveSettings, archiveSettingsIn, openArchive, type WalArchive } from './embedded-archive.js'
import { findBinaries, type Log, openDirectory, serverAccount } from './embedded-binaries.js'
import {
  checkOwner,
  faultWithLog,
  logSize,
  makeFolder,
  openCluster,
  readIfPresent,
  readLog,
  replaceFile,
  run,
  type Secret,
  type Site,
  superuser,
  turnLog,
  writeSecret
} from './embedded-cluster.js'
import { commandOf, drawTicket, exclusively, otherTickets } from './embedded-tickets.js'

/*
 * A PostgreSQL of our own, for a machine that offers none. It outlives the process that started
 * it: killed with -9 we can stop nothing, so whoever comes next first looks for a server that is
 * still there and takes it over. All who start or stop do so under one lock per data directory,
 * and each leaves a ticket in users/, so that the last one to leave stops the server.
 */

export type EmbeddedServer = Readonly<{
  url: string
  port: number
  reused: boolean
  directory: string
  stop: () => Promise<void>
}>

export type EmbeddedOptions = Readonly<{
  dataDirectory: string
  database?: string
  /** False gives up what is written for speed, and is for tests only. */
  durable?: boolean
  log?: Log
  /** Laid over ours when the server starts; a server that is running already keeps its own. */
  settings?: Readonly<Record<string, string>>
  /** Where the write-ahead log is archived; null: nowhere, undefined: where it was last. */
  archive?: WalArchive | null | undefined
  /** The one who restores may start what is not whole yet. */
  restoring?: boolean
}>

type Postmaster = Readonly<{ pid: number; port: number; isOurs: boolean }>
type Running = Readonly<{ port: number; reused: boolean }>
type Session = Readonly<{ secret: Secret; port: number; maxMs: number }>

const startMaxMs = 60_000
const stopMaxMs = 60_000
const patience = ['-w', '-s', '-t', '60']
const patienceMaxMs = 65_000
const probeMaxMs = 5_000
const createMaxMs = 60_000
const pauseMs = 100
const retryPauseMs = 500

const standing = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  timezone: 'UTC',
  log_timezone: 'UTC'
}
const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** Refusals that pass by themselves: another server on the port, or the children of a dead one. */
const passing = /could not bind|could not create any TCP\/IP sockets|pre-existing shared memory block|lock file .* already exists|did not start in time/

/** Windows tells the name of the program only. Ours is started as postgres -D <cluster>. */
const isPostmasterOf = (cluster: string, command: string): boolean =>
  process.platform === 'win32' ? command.includes('postgres.exe') : command.includes(`-D ${cluster} `)

/** Line 1 of the pid file is the process, line 4 its port. The process may be long dead. */
const readPostmaster = async (cluster: string): Promise<Postmaster | undefined> => {
  const text = await readIfPresent(join(cluster, 'postmaster.pid'))
  const [first, , , fourth] = text?.split('\n') ?? []
  const pid = Math.abs(Number(first ?? 0))
  const command = pid ? await commandOf(pid) : undefined
  return command === undefined ? undefined : { pid, port: Number(fourth), isOurs: isPostmasterOf(cluster, command) }
}

const connected = async <T>({ secret, port, maxMs }: Session, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    ssl: false,
    user: superuser,
    password: secret.password,
    database: 'postgres',
    connectionTimeoutMillis: maxMs,
    query_timeout: maxMs
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** How a server keeps what it is told. */
type Keeping = Readonly<{ isDurable: boolean; archiveCommand: string }>

/** undefined when it gives no answer (yet). */
const askKeeping = async (secret: Secret, port: number): Promise<Keeping | undefined> => {
  // Without a port, as the pid file of a server that is just starting has none, pg would try 5432.
  if (!port) return undefined
  try {
    return await connected({ secret, port, maxMs: probeMaxMs }, async (client) => {
      const { rows: [row] } = await client.query<{ fsync: string; archive: string }>(`
        select current_setting('fsync') as fsync, case current_setting('archive_mode') when 'off' then '' else current_setting('archive_command') end as archive`)
      return { isDurable: row?.fsync === 'on', archiveCommand: row?.archive ?? '' }
    })
  } catch (error) {
    if ((error as pg.DatabaseError).code === '28P01') throw error
    return undefined
  }
}

/** The port used last, so that URLs handed out before a restart hold after it, or any free one. */
export const freePort = (wanted: number): Promise<number> =>
  new Promise((settle, fail) => {
    const server = createServer()
    server.once('error', (error) => (wanted === 0 ? fail(error) : settle(freePort(0))))
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => settle(typeof address === 'object' && address ? address.port : 0))
    })
  })

const setting = ([name, value]: [string, string]): string => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`

const settingsFile = (cluster: string): string => join(cluster, 'ticun.conf')

export const configure = (site: Site, port: number): Promise<void> => {
  const settings = { ...standing, ...(site.durable ? {} : careless), ...site.settings, port: String(port) }
  return replaceFile(settingsFile(site.cluster), Object.entries(settings).map(setting).join(''), site.account)
}

/** Stops the server without waiting for its clients, and answers when it is down. */
export const stopServer = async (site: Site): Promise<void> => {
  const { directory, cluster, binaries } = site
  const deadline = Date.now() + stopMaxMs
  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster)
    if (!postmaster?.isOurs) return
    await run(site, binaries.pg_ctl, ['stop', '-D', cluster, '-m', 'fast', ...patience], patienceMaxMs)
  }
  throw await faultWithLog(directory, `PostgreSQL in ${cluster} did not stop within ${stopMaxMs / 1000} s.`)
}

/** Tries once; answers false where it is worth trying again. */
const startServer = async (site: Site, secret: Secret): Promise<boolean> => {
  const { directory, cluster, binaries } = site
  await turnLog(directory)
  const from = await logSize(directory)
  const port = await freePort(secret.port)
  await configure(site, port)

  if (await run(site, binaries.pg_ctl, ['start', '-D', cluster, ...patience], patienceMaxMs)) {
    await writeSecret(site, { ...secret, port })
    return true
  }
  if (passing.test(await readLog(directory, from))) return false
  throw await faultWithLog(directory, `PostgreSQL in ${cluster} does not start.`)
}

/**
 * Looks again and again, because all may change under our eyes: a server that runs already is
 * waited for while it starts, recovers or shuts down, and then taken over or followed by a new one.
 */
const findOrStart = async (site: Site, secret: Secret, isShared: boolean): Promise<Running> => {
  const { directory, cluster, durable } = site
  const deadline = Date.now() + startMaxMs
  let isStarted = false

  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster)
    if (!postmaster?.isOurs) {
      // A stranger got the pid of a dead server. PostgreSQL would take it for the server itself.
      if (postmaster) await rm(join(cluster, 'postmaster.pid'), { force: true })
      isStarted = await startServer(site, secret)
      if (!isStarted) await sleep(retryPauseMs)
      continue
    }

    const keeping = await askKeeping(secret, postmaster.port)
    if (keeping === undefined) {
      await sleep(pauseMs)
      continue
    }
    const isArchiving = site.archiveCommand === undefined || keeping.archiveCommand === site.archiveCommand
    if (((keeping.isDurable || !durable) && isArchiving) || isStarted) return { port: postmaster.port, reused: !isStarted }
    if (isShared) throw new Error(`PostgreSQL in ${cluster} is used without ${isArchiving ? 'durability' : 'this archive'} by another process.`)
    await stopServer(site)
  }
  throw await faultWithLog(directory, `PostgreSQL in ${cluster} was not ready within ${startMaxMs / 1000} s.`)
}

const createDatabase = (secret: Secret, port: number, database: string): Promise<void> =>
  connected({ secret, port, maxMs: createMaxMs }, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`)
  })

/** Stands in a data directory from the first file of a restore until the restored books are proven. */
export const restoringFile = (directory: string): string => join(directory, 'restoring')

/** A data directory, made if need be, with the programs that serve it. */
export const siteOf = async ({ dataDirectory, durable = true, log = () => undefined, settings = {}, archive }: EmbeddedOptions): Promise<Site> => {
  const wanted = resolve(dataDirectory)
  const account = await serverAccount(wanted)
  const directory = await openDirectory(wanted, account, log)
  const cluster = join(directory, 'pg')
  const archiving = archive ? archiveSettings(archive) : archive === null ? {} : archiveSettingsIn(await readIfPresent(settingsFile(cluster)))
  return {
    directory,
    cluster,
    account,
    binaries: await findBinaries(account, log),
    settings: { ...archiving, ...settings },
    archiveCommand: archive ? archiving.archive_command : undefined,
    durable
  }
}

/** Starts, or finds, the PostgreSQL of a data directory. */
export const startEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedServer> => {
  const { database = 'ticun', log = () => undefined, archive, restoring = false } = options
  const site = await siteOf(options)
  const { directory, account } = site
  await checkOwner(site)
  const unfinished = restoring ? undefined : await readIfPresent(restoringFile(directory))
  if (unfinished !== undefined) throw new Error(`${directory} is not a whole database: ${unfinished.trim()}`)
  const lock = join(directory, 'lock')
  const users = join(directory, 'users')
  await makeFolder(lock, account)
  await makeFolder(users, account)

  /** Leaves, and stops the server unless another process of ours still uses it. */
  const leave = (ticket: string): Promise<void> =>
    exclusively(lock, async () => {
      await rm(ticket, { force: true })
      if ((await otherTickets(users)).length === 0) await stopServer(site)
    })

  return exclusively(lock, async () => {
    const secret = await openCluster(site, log)
    if (archive) await openArchive(site, archive)
    const ticket = await drawTicket(users)
    try {
      const isShared = (await otherTickets(users, ticket)).length > 0
      const { port, reused } = await findOrStart(site, secret, isShared)
      await createDatabase(secret, port, database)

      const url = `postgres://${superuser}:${secret.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
      let stopping: Promise<void> | undefined
      return { url, port, reused, directory, stop: () => (stopping ??= leave(ticket)) }
    } catch (error) {
      await rm(ticket, { force: true })
      throw error
    }
  })
}
