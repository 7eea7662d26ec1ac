import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { RecoveryRefused } from './refusal.js'

/* PostgreSQL's own programs for a database of DATABASE_URL, of the server's major version and no other. */

const exec = promisify(execFile)

type Program = 'pg_dump' | 'pg_restore'

const executable = (name: string): string => (process.platform === 'win32' ? `${name}.exe` : name)

/** Where distributions put the programs of a version, and then whatever the path has. */
const foldersFor = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`, `/usr/pgsql-${major}/bin`, `/usr/libexec/postgresql${major}`,
  `/opt/homebrew/opt/postgresql@${major}/bin`, `/usr/local/opt/postgresql@${major}/bin`, `C:\\Program Files\\PostgreSQL\\${major}\\bin`,
  ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)
]

const versionOf = async (path: string): Promise<string | undefined> => {
  try {
    return /\(PostgreSQL\) ([\d.]+)/.exec((await exec(path, ['--version'])).stdout)?.[1]
  } catch {
    return undefined
  }
}

/** @throws RecoveryRefused tools_missing, tools_version, which say what was looked for and what was found */
export const findProgram = async (name: Program, serverVersion: string): Promise<string> => {
  const major = parseInt(serverVersion, 10)
  const others: string[] = []
  for (const folder of foldersFor(major)) {
    const path = join(folder, executable(name))
    const version = await versionOf(path)
    if (version !== undefined && parseInt(version, 10) === major) return path
    if (version !== undefined) others.push(`${path} is ${version}`)
  }
  const wanted = `${name} of PostgreSQL ${major}, as Debian's postgresql-client-${major} has it`
  throw others.length === 0
    ? new RecoveryRefused('tools_missing', `wanted: ${wanted}; looked in ${foldersFor(major).join(', ')}`)
    : new RecoveryRefused('tools_version', `wanted: ${wanted}; ${others.join(', ')}`)
}

/** The password goes by the environment: arguments are there for everybody to see. */
const connection = (url: string): Readonly<{ name: string; env: NodeJS.ProcessEnv }> => {
  const open = new URL(url)
  const password = decodeURIComponent(open.password)
  open.password = ''
  return { name: open.href, env: { ...process.env, LC_ALL: 'C', PGAPPNAME: 'ticun backup', ...(password === '' ? {} : { PGPASSWORD: password }) } }
}

const run = async (program: string, url: string, argumentsFor: (name: string) => string[]): Promise<void> => {
  const { name, env } = connection(url)
  const child = spawn(program, argumentsFor(name), { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>])
  if (code !== 0) throw new RecoveryRefused('tools_failed', `${program} ended with ${code}: ${said.trim().slice(-2_000)}`)
}

/** One file, of one snapshot, compressed, as `pg_restore` reads it. */
export const dump = async (url: string, serverVersion: string, file: string): Promise<void> => {
  const program = await findProgram('pg_dump', serverVersion)
  await run(program, url, (name) => ['--format=custom', '--no-password', '--file', file, '--dbname', name])
}

/** All or nothing, in one transaction. The owner is whoever restores. */
export const restoreDump = async (url: string, serverVersion: string, file: string): Promise<void> => {
  const program = await findProgram('pg_restore', serverVersion)
  await run(program, url, (name) => ['--exit-on-error', '--single-transaction', '--no-owner', '--no-password', '--dbname', name, file])
}
