import { execFile } from 'node:child_process'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { copyFile, eachOf, writeNew } from './copying.js'
import { shellWord } from './embedded-archive.js'
import type { Log } from './embedded-binaries.js'
import { faultWithLog, give, logSize, makeFolder, readIfPresent, readLog, replaceFile, run, superuser, writeSecret, type Site } from './embedded-cluster.js'
import { commandOf, exclusively } from './embedded-tickets.js'
import { configure, freePort, restoringFile, siteOf, stopServer } from './embedded.js'

/*
 * A base backup becomes a data directory again: its files are laid out, and the server replays the
 * write-ahead log over them, that of the backup and what was archived since, to its end or to an
 * instant, and begins a new timeline there. The superuser then gets a new password, in a server of
 * one user that no network reaches: the old one is not in the backup.
 *
 * Until whoever restores says that the books are proven, a file in the directory keeps every
 * start away from it.
 */

export type RecoveryFault = 'not_empty' | 'other_version' | 'until_not_reached' | 'until_too_early' | 'failed'

export class RecoveryFailed extends Error {
  override readonly name = 'RecoveryFailed'
  readonly fault: RecoveryFault

  constructor (fault: RecoveryFault, message: string) {
    super(message)
    this.fault = fault
  }
}

export type RecoverOptions = Readonly<{
  dataDirectory: string
  /** the version of the server that the copy is of */
  serverVersion: string
  /** the copied cluster, and what is in it */
  from: string
  directories: readonly string[]
  files: readonly string[]
  /** folders with archived files of the log, and others that may have more of it */
  wal: readonly string[]
  /** the last instant of a commit that shall be there; undefined: all there are */
  until?: Date | undefined
  log?: Log
}>

/** `endLsn`: where the last record that was replayed begins. `lastTransactionAt`: when its last transaction was committed, by the server's clock, as PostgreSQL writes it. */
export type Recovered = Readonly<{ directory: string; endLsn: string | undefined; lastTransactionAt: Date | undefined }>

const exec = promisify(execFile)
const startMaxSeconds = 300
const pollMs = 50
const singleMaxMs = 120_000
const atOnce = 8
const iterations = 4_096

/** What PostgreSQL keeps of a password (RFC 5803), so that the password itself is in no statement. */
const scramVerifier = (password: string): string => {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}

/** PostgreSQL looks here first and into the backup's own log where this finds nothing. */
const restoreCommand = (folders: readonly string[]): string =>
  folders.length === 0 ? 'exit 1' : folders.map((folder) => `{ test -f ${shellWord(resolve(folder))}/%f && cp ${shellWord(resolve(folder))}/%f "%p"; }`).join(' || ')

const recoverySettings = ({ wal, until }: RecoverOptions): Record<string, string> => ({
  hot_standby: 'off', archive_mode: 'off',
  restore_command: restoreCommand(wal), recovery_target_timeline: 'current', recovery_target_action: 'promote',
  ...(until === undefined ? {} : { recovery_target_time: until.toISOString().replace('T', ' ').replace('Z', '+00') })
})

const layOut = async ({ cluster, account }: Site, { from, directories, files }: RecoverOptions): Promise<void> => {
  for (const path of ['', ...directories]) {
    await mkdir(join(cluster, path), { mode: 0o700 })
    await give(join(cluster, path), account)
  }
  await eachOf(files, atOnce, async (path) => {
    // PostgreSQL syncs the whole directory itself before it replays anything.
    await copyFile(join(from, path), join(cluster, path), false)
    await give(join(cluster, path), account)
  })
  const signal = join(cluster, 'recovery.signal')
  await writeNew(signal, Buffer.alloc(0))
  await give(signal, account)
}

const faultIn = (said: string): RecoveryFault => {
  if (/recovery ended before configured recovery target was reached/.test(said)) return 'until_not_reached'
  return /requested recovery stop point is before consistent recovery point/.test(said) ? 'until_too_early' : 'failed'
}

/** Line 8 of the pid file says how far the server is. pg_ctl does not wait for the end of a recovery, which may take hours. */
const isRecovered = async (cluster: string): Promise<boolean> => {
  for (;;) {
    const text = await readIfPresent(join(cluster, 'postmaster.pid'))
    const status = text?.split('\n')[7]?.trim()
    if (text === undefined || status === 'stopping' || await commandOf(Number(text.split('\n')[0])) === undefined) return false
    if (status === 'ready') return true
    await sleep(pollMs)
  }
}

const replay = async (site: Site): Promise<Pick<Recovered, 'endLsn' | 'lastTransactionAt'>> => {
  const { directory, cluster, binaries } = site
  const from = await logSize(directory)
  await configure(site, await freePort(0))
  const isStarted = await run(site, binaries.pg_ctl, ['start', '-D', cluster, '-w', '-s', '-t', String(startMaxSeconds)], startMaxSeconds * 1000)
  const isUp = isStarted && await isRecovered(cluster)
  const said = await readLog(directory, from)
  if (!isUp) throw new RecoveryFailed(faultIn(said), (await faultWithLog(directory, `PostgreSQL in ${cluster} could not be recovered.`)).message)
  await stopServer(site)
  const at = /last completed transaction was at log time (.+)/.exec(said)?.[1]
  return { endLsn: /redo done at ([0-9A-F]+\/[0-9A-F]+)/.exec(said)?.[1], lastTransactionAt: at === undefined ? undefined : new Date(at.replace(' ', 'T').replace(/\+00$/, 'Z')) }
}

const renewPassword = async (site: Site): Promise<void> => {
  const secret = { password: randomBytes(24).toString('hex'), port: 0 }
  const statement = `alter role ${superuser} password '${scramVerifier(secret.password)}';\n`
  const isDone = await run(site, site.binaries.postgres, ['--single', '-D', site.cluster, 'postgres'], singleMaxMs, statement)
  if (!isDone) throw await faultWithLog(site.directory, `The restored database in ${site.cluster} took no new password.`)
  await writeSecret(site, secret)
}

const checkVersion = async ({ binaries, account }: Site, wanted: string): Promise<void> => {
  const { stdout } = await exec(binaries.postgres, ['--version'], { ...account, cwd: '/' })
  const ours = /\(PostgreSQL\) ([\d.]+)/.exec(stdout)?.[1] ?? stdout.trim()
  if (parseInt(ours, 10) !== parseInt(wanted, 10)) throw new RecoveryFailed('other_version', `the backup is of PostgreSQL ${wanted}, and this is ${ours}`)
}

/**
 * Restores a base backup into a data directory that is empty or not there, and leaves its server
 * stopped, with the file that keeps others away.
 * @throws RecoveryFailed
 */
export const recoverEmbedded = async (options: RecoverOptions): Promise<Recovered> => {
  const { dataDirectory, log = () => undefined } = options
  const site = await siteOf({ dataDirectory, log, settings: recoverySettings(options), archive: null })
  const { directory, account } = site
  await checkVersion(site, options.serverVersion)
  const present = await readdir(directory)
  if (present.length > 0) throw new RecoveryFailed('not_empty', `${directory} is not empty: it has ${present.slice(0, 5).join(', ')}`)

  const lock = join(directory, 'lock')
  await makeFolder(lock, account)
  return exclusively(lock, async () => {
    await replaceFile(restoringFile(directory), 'a restore into it was not finished. Empty it and restore again.\n', account)
    log(`The files of the backup are laid out in ${directory}.`)
    await layOut(site, options)
    log('PostgreSQL replays the write-ahead log.')
    const recovered = await replay(site)
    await renewPassword(site)
    return { directory, ...recovered }
  })
}

/** Why a restored directory may not be used, or, without a reason, that it may. */
export const settleRestore = async (directory: string, reason?: string): Promise<void> => {
  if (reason === undefined) await rm(restoringFile(directory))
  else await replaceFile(restoringFile(directory), `${reason}\n`, undefined)
}
