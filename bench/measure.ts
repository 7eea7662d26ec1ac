import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { configOf } from '../src/config.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { load, type LoadOptions, type LoadResult } from './load.js'
import { postgresCpuSeconds } from './server.js'

/** What every benchmark needs: a migrated database, the processor time that was used, medians. */

export type Measured = LoadResult & Readonly<{ nodeCpu: number; postgresCpu: number }>

export const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

export const rounded = (number: number, digits = 2): number => Number(number.toFixed(digits))

/** The server's first process; 0 where the server is on another machine. */
const postmasterOf = (dataDirectory: string): number => {
  try {
    return Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return 0
  }
}

export type Bench = Readonly<{ ownerUrl: string; owner: pg.Client; postgresCpu: () => number; serverVersion: string; directory: string }>

/** Runs something on an empty, migrated database: of the server at DATABASE_URL, or of one of our own that is deleted afterwards. */
export const onDatabase = async (settings: Readonly<Record<string, string>>, use: (bench: Bench) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-bench-'))
  chmodSync(directory, 0o755)
  const embedded = process.env.DATABASE_URL === undefined ? await startEmbedded({ dataDirectory: directory, settings }) : undefined
  const ownerUrl = embedded?.url ?? process.env.DATABASE_URL as string
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    await migrate(ownerUrl, configOf({ TICUN_MODE: 'sandbox' }).secret)
    const { rows: [server] } = await owner.query<{ path: string; version: string }>("select current_setting('data_directory') as path, current_setting('server_version') as version")
    const postmaster = postmasterOf(server?.path ?? '')
    await use({ ownerUrl, owner, postgresCpu: () => postgresCpuSeconds(postmaster), serverVersion: server?.version ?? '', directory })
  } finally {
    await owner.end()
    await embedded?.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

type Subject = Readonly<{ ports: readonly number[]; cpuSeconds: () => number }>

/** How many cores each side used: they share the machine. */
export type Cores = Readonly<{ node: number; postgres: number; generator: number }>

/** Does something, and tells the cores that a process, PostgreSQL and this load generator used meanwhile. */
export const withCores = async <Result>({ postgresCpu }: Bench, subject: Pick<Subject, 'cpuSeconds'>, act: () => Promise<Result>): Promise<{ result: Result; cores: Cores }> => {
  const before = { node: subject.cpuSeconds(), postgres: postgresCpu(), generator: process.cpuUsage(), at: performance.now() }
  const result = await act()
  const seconds = (performance.now() - before.at) / 1000
  const { user, system } = process.cpuUsage(before.generator)
  return {
    result,
    cores: {
      node: rounded((subject.cpuSeconds() - before.node) / seconds),
      postgres: rounded(Math.max(0, postgresCpu() - before.postgres) / seconds),
      generator: rounded((user + system) / 1e6 / seconds)
    }
  }
}

/** One run of load on a process, with the cores that it and PostgreSQL used meanwhile. */
export const measure = async (bench: Bench, subject: Subject, options: Omit<LoadOptions, 'host' | 'ports'>): Promise<Measured> => {
  const { result, cores } = await withCores(bench, subject, () => load({ ...options, host: '127.0.0.1', ports: subject.ports }))
  return { ...result, nodeCpu: cores.node, postgresCpu: cores.postgres }
}

/** Of several rounds: the median of each figure, and all errors. */
export const medians = (rounds: readonly Measured[]) => ({
  perSecond: median(rounds.map((r) => r.perSecond)), p50Ms: median(rounds.map((r) => r.p50Ms)), p99Ms: median(rounds.map((r) => r.p99Ms)),
  errors: rounds.reduce((sum, r) => sum + r.errors, 0), nodeCpu: median(rounds.map((r) => r.nodeCpu)), postgresCpu: median(rounds.map((r) => r.postgresCpu))
})

export const machine = (serverVersion: string) =>
  ({ cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, postgres: serverVersion })
