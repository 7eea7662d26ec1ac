import { unavailable } from '../kernel/problems.js'
import { createPool, type Client, type Pool } from './client.js'

/*
 * A streaming replica, for reads that may be a moment old and shall not weigh on the books.
 *
 * Its lag is the age of the newest commit it has replayed: everything older is in what it answers.
 * That age would grow while nobody writes, so the service beats: a commit every two seconds that
 * changes nothing. A replica that is cut off therefore shows it, whatever its own receiver believes.
 */

const beatMs = 2_000

const lagText = `
select case when pg_is_in_recovery() then ceil(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int else 0 end as lag_ms`

type Options = Readonly<{
  /** How the service logs in there: as ticun_service. */
  connectionString: string
  max: number
  primary: Pool
  onError: (error: Error) => void
}>

export const createReplica = ({ connectionString, max, primary, onError }: Options) => {
  const pool = createPool({ connectionString, max, onError, applicationName: 'ticun reads', settings: { default_transaction_read_only: 'on' } })

  // An id taken makes the commit one that is written, and so replayed.
  const beat = (): void => { primary.query('select pg_current_xact_id()').catch(onError) }
  const beating = setInterval(beat, beatMs)
  beat()

  /**
   * How far what this connection reads from now on lies behind, in milliseconds, at most; 0 where
   * the server is no replica. @throws unavailable (503) when it has replayed nothing yet
   */
  const lagOf = async (client: Client): Promise<number> => {
    const { rows: [row] } = await client.query<{ lag_ms: number | null }>(lagText)
    if (typeof row?.lag_ms !== 'number') throw unavailable({ retryAfterSeconds: beatMs / 1000 })
    return Math.max(0, row.lag_ms)
  }

  /** The same, asked by itself. @throws unavailable (503), or the driver's error when it cannot be reached */
  const lag = async (): Promise<number> => {
    const client = await pool.connect()
    try {
      return await lagOf(client)
    } finally {
      client.release()
    }
  }

  return {
    pool,
    lagOf,
    lag,
    close: async (): Promise<void> => {
      clearInterval(beating)
      await pool.end()
    }
  }
}

export type Replica = ReturnType<typeof createReplica>
