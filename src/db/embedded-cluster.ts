import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, chown, constants, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account, Binaries, Log } from './embedded-binaries.js'

/*
 * What lies in a data directory, and how it comes to be:
 *
 * pg             the cluster, owned by the account that PostgreSQL runs as
 * postgres.json  the superuser's password, and the port used last
 * postgres.log   what initdb, pg_ctl and the server say
 * archive.json   which archive of the write-ahead log is its own, once it has one
 * restoring      why it may not be used: a restore that was not finished, or was refused
 * users, lock    tickets of those who use the server, and of the one who starts or stops it
 *
 * Root gives all it makes there to the account that PostgreSQL runs as. Where that is the owner of
 * the data directory, the owner can go on with it without root.
 */

export type Secret = Readonly<{ password: string; port: number }>
export type Site = Readonly<{
  directory: string
  cluster: string
  account: Account | undefined
  binaries: Binaries
  settings: Readonly<Record<string, string>>
  /** The command that a server must have which is found running; undefined: any. */
  archiveCommand: string | undefined
  durable: boolean
}>

export const superuser = 'ticun_owner'
const initMaxMs = 120_000
const tailMax = 20
const logMaxBytes = 10_000_000

export const give = async (path: string, account: Account | undefined): Promise<void> => {
  if (account) await chown(path, account.uid, account.gid)
}

export const makeFolder = async (path: string, account: Account | undefined): Promise<void> => {
  await mkdir(path, { recursive: true })
  await give(path, account)
}

const logFile = (directory: string): string => join(directory, 'postgres.log')

export const readLog = (directory: string, from = 0): Promise<string> =>
  readFile(logFile(directory)).then((bytes) => bytes.subarray(from).toString(), () => '')

export const logSize = (directory: string): Promise<number> =>
  stat(logFile(directory)).then(({ size }) => size, () => 0)

/** Begins a new log when the old one has grown long. Not while the server runs, which holds it open. */
export const turnLog = async (directory: string): Promise<void> => {
  if ((await logSize(directory)) > logMaxBytes) await rename(logFile(directory), `${logFile(directory)}.old`)
}

export const faultWithLog = async (directory: string, message: string): Promise<Error> => {
  const tail = (await readLog(directory)).trimEnd().split('\n').slice(-tailMax).join('\n')
  return new Error(`${message} The end of ${logFile(directory)}:\n${tail}`)
}

/** Settings meant for another server, as PGDATA, must not reach ours; messages stay in English. */
const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))),
  LC_ALL: 'C'
})

/**
 * Runs a program of PostgreSQL as its account and answers whether it succeeded. It says what it
 * has to say into the log, and in a session of its own, out of reach of a Ctrl-C meant for us.
 */
export const run = async (
  { directory, account }: Site,
  program: string,
  args: string[],
  maxMs: number,
  /** what it reads */
  input?: string
): Promise<boolean> => {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const output = await open(logFile(directory), O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
  try {
    if (account) await output.chown(account.uid, account.gid)
    const child = spawn(program, args, {
      ...account,
      cwd: directory,
      env: environment(),
      stdio: [input === undefined ? 'ignore' : 'pipe', output.fd, output.fd],
      detached: process.platform !== 'win32',
      windowsHide: true,
      timeout: maxMs
    })
    // One that ends without reading all of it says why in the log.
    child.stdin?.on('error', () => undefined).end(input)
    return await new Promise<boolean>((settle, fail) => {
      child.once('error', fail)
      child.once('exit', (code) => settle(code === 0))
    })
  } finally {
    await output.close()
  }
}

/** Makes a rename last through a power cut. Windows cannot sync a folder. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** Replaces a file at one stroke, so that nobody ever reads the half of it. */
export const replaceFile = async (path: string, text: string, account: Account | undefined): Promise<void> => {
  const draft = `${path}.draft`
  await rm(draft, { force: true })
  await writeFile(draft, text, { flag: 'wx', mode: 0o600, flush: true })
  await give(draft, account)
  await rename(draft, path)
}

const secretFile = (directory: string): string => join(directory, 'postgres.json')

export const writeSecret = ({ directory, account }: Site, secret: Secret): Promise<void> =>
  replaceFile(secretFile(directory), `${JSON.stringify(secret)}\n`, account)

export const readIfPresent = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

const readSecret = async (directory: string): Promise<Secret | undefined> => {
  const text = await readIfPresent(secretFile(directory))
  return text === undefined ? undefined : (JSON.parse(text) as Secret)
}

/** Builds the cluster beside its place and renames it, so that one in place is always whole. */
const initialise = async (site: Site): Promise<Secret> => {
  const { directory, cluster, account, binaries } = site
  for (const name of await readdir(directory)) {
    // The initdb of a killed process may still be writing there; what it leaves goes next time.
    if (name.startsWith('pg.init-')) await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined)
  }

  const secret = (await readSecret(directory)) ?? { password: randomBytes(24).toString('hex'), port: 0 }
  await writeSecret(site, secret)

  const draft = join(directory, `pg.init-${randomBytes(4).toString('hex')}`)
  const passwordFile = `${draft}.password`
  await makeFolder(draft, account)
  await replaceFile(passwordFile, secret.password, account)

  const locale = ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = ['-A', 'scram-sha-256', '-U', superuser, `--pwfile=${passwordFile}`]
  const args = ['-D', draft, ...locale, ...access, ...(site.durable ? [] : ['--no-sync'])]
  const isMade = await run(site, binaries.initdb, args, initMaxMs)
  await rm(passwordFile, { force: true })
  if (!isMade) throw await faultWithLog(directory, `initdb could not create a database in ${directory}.`)

  await appendFile(join(draft, 'postgresql.conf'), "\ninclude_if_exists = 'ticun.conf'\n")
  await rename(draft, cluster)
  await syncFolder(directory)
  return secret
}

/** Refuses early and in plain words what would fail later, as one file or another that cannot be written. */
export const checkOwner = async ({ cluster, account }: Site): Promise<void> => {
  const owner = await stat(cluster).catch(() => undefined)
  const uid = account?.uid ?? process.getuid?.()
  if (owner && uid !== undefined && owner.uid !== uid) {
    throw new Error(`The database in ${cluster} belongs to user ${owner.uid}, not to ${uid}. Start it as the user who made it.`)
  }
}

/** Answers the secret of the cluster, which is made if there is none yet. */
export const openCluster = async (site: Site, log: Log): Promise<Secret> => {
  const { directory, cluster } = site
  const isMade = await stat(cluster).then(() => true, () => false)
  if (!isMade) {
    log(`A new database is being prepared in ${directory}.`)
    return initialise(site)
  }
  const secret = await readSecret(directory)
  if (secret === undefined) throw new Error(`The database in ${cluster} has lost its password file ${secretFile(directory)}.`)
  return secret
}
