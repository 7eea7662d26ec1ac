import pg from 'pg'
import { coordinatorSettings, speakToWorkers } from './cluster.js'

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
}>

const usualSettings = {
  timezone: 'UTC', statement_timeout: '60s', lock_timeout: '20s', idle_in_transaction_session_timeout: '60s', jit: 'off'
}

/** Whether a database is distributed over a Citus cluster. */
export const isDistributed = async (connectionString: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query("select from pg_extension where extname = 'citus'")).rowCount === 1
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
export const createPool = ({ connectionString, max = 16, onError, applicationName = 'ticun', pipeline = false, isCluster = false, settings = {} }: PoolOptions): Pool => {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: applicationName,
    pipeline,
    connectionTimeoutMillis: 10_000,
    options: Object.entries({ ...usualSettings, ...(isCluster ? coordinatorSettings : {}), ...settings }).map(([name, value]) => `-c ${name}=${value}`).join(' ')
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

/** Whether an error is the violation of this named constraint. */
export const violates = (error: unknown, constraint: string): boolean => databaseError(error)?.constraint === constraint
