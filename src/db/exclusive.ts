import pg from 'pg'
import { asRefusal } from './unit-of-work.js'

/**
 * Does one thing while no other process of the deployment does another under the same key: an
 * advisory lock on a connection of its own, which is let go of even when the process dies. For
 * what spans several transactions; within one, `pg_advisory_xact_lock` is enough.
 */
export const exclusively = async <Result>(connectionString: string, key: bigint, use: () => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString, application_name: 'ticun lock' })
  let lost: Error | undefined
  client.on('error', (error) => { lost = error })
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1)', [key])
    const result = await use()
    if (lost) throw lost
    return result
  } catch (error) {
    throw asRefusal(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}
