import pg from 'pg'
import { coordinatorSettings, placesTable, speakToWorkers } from './cluster.js'

/*
 * All access to PostgreSQL goes through the pool made here, so a leak or a setting has one place
 * to be found.
 */

export type Pool = pg.Pool
export type Client = pg.PoolClient
export type Row = pg.QueryResultRow

pg.types.setTypeParser(pg.types.builtins.INT8, BigInt)
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

export type PoolOptions = Readonly<{
  connectionString: string
  max?: number
  onError: (error: Error) => void
  applicationName?: string
  /** Whether a statement is sent without waiting for the answer to the one before. */
  pipeline?: boolean
  /** Whether the server is the coordinator of a Citus cluster. */
  isCluster?: boolean
  /** More settings of each connection. */
  settings?: Readonly<Record<string, string>>
  /** How long to wait for a connection, and for an answer that a server which is gone will never send. */
  patience?: Readonly<{ connectMs: number; answerMs: number }>
}>

const usualSettings = {
  timezone: 'UTC', statement_timeout: '60s', lock_timeout: '20s', idle_in_transaction_session_timeout: '60s', jit: 'off'
}

/** Settings as a connection takes them. */
export const optionsOf = (settings: Readonly<Record<string, string>>): string => Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ')

/** Whether a database is distributed over a Citus cluster (db/distribute.ts). */
export const isDistributed = async (connectionString: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows: [found] } = await client.query<{ yes: boolean }>(
      "select exists (select from pg_extension where extname = 'citus') and to_regclass($1) is not null as yes", [placesTable])
    return found?.yes === true
  } finally {
    await client.end()
  }
}

/**
 * For statements that look up a few rows by their keys, always: one plan, by the indexes, from an
 * empty database on. A plan made while a table was empty would stay a sequential scan. Not where
 * tables are distributed: Citus finds the shard by the values, and refuses a plan without them.
 */
export const keyLookupSettings = {
  plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', enable_bitmapscan: 'off', enable_material: 'off',
  enable_hashjoin: 'off', enable_mergejoin: 'off'
}

/**
 * `statement_timeout` and `lock_timeout` are bounds on faults, not ways to decide: whoever
 * cannot have its money is refused by a rule.
 */
export const createPool = ({ connectionString, max = 16, onError, applicationName = 'ticun', pipeline = false, isCluster = false, settings = {}, patience }: PoolOptions): Pool => {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: applicationName,
    pipeline,
    connectionTimeoutMillis: patience?.connectMs ?? 10_000,
    ...(patience ? { query_timeout: patience.answerMs } : {}),
    options: optionsOf({ ...usualSettings, ...(isCluster ? coordinatorSettings : {}), ...settings })
  })
  // Without a listener a connection that the server closes ends the whole service: the pool's own
  // listens while a connection is idle in it, this one while it is lent out, between two statements.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => {
    client.on('error', onError)
    if (isCluster) speakToWorkers(client)
  })
  return pool
}

/** The PostgreSQL error behind whatever a driver layer wrapped around it. */
export const databaseError = (error: unknown): pg.DatabaseError | undefined => {
  for (let e: unknown = error; e instanceof Error; e = e.cause) if (e instanceof pg.DatabaseError) return e
  return undefined
}

/** Whether an error is the violation of this named constraint. In a cluster it is a shard that says so, whose constraints have its number behind their names, and only in words. */
export const violates = (error: unknown, constraint: string): boolean => {
  const found = databaseError(error)
  return found?.constraint === constraint || (found?.constraint === undefined && new RegExp(`constraint "${constraint}_\\d+"`).test(found?.message ?? ''))
}
