import pg from 'pg'

/*
 * All access to PostgreSQL goes through the pool made here, so a leak or a setting has one place
 * to be found.
 */

export type Pool = pg.Pool
export type Client = pg.PoolClient

pg.types.setTypeParser(pg.types.builtins.INT8, BigInt)
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

export type PoolOptions = Readonly<{
  connectionString: string
  max?: number
  onError: (error: Error) => void
  applicationName?: string
}>

/**
 * `statement_timeout` and `lock_timeout` are bounds on faults, not ways to decide: whoever
 * cannot have its money is refused by a rule.
 */
export const createPool = ({ connectionString, max = 16, onError, applicationName = 'ticun' }: PoolOptions): Pool => {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    options: '-c timezone=UTC -c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s -c jit=off'
  })
  // Without a listener an idle connection that the server closes ends the whole service.
  pool.on('error', onError)
  return pool
}

/** The PostgreSQL error behind whatever a driver layer wrapped around it. */
export const databaseError = (error: unknown): pg.DatabaseError | undefined => {
  for (let e: unknown = error; e instanceof Error; e = e.cause) if (e instanceof pg.DatabaseError) return e
  return undefined
}

/** Whether an error is the violation of this named constraint. */
export const violates = (error: unknown, constraint: string): boolean => databaseError(error)?.constraint === constraint
