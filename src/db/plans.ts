import type { Tx } from './unit-of-work.js'

const others = ['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan'] as const

/**
 * Runs statements that read a stretch of a long table and look everything else up by its key, and makes
 * the planner do so: it cannot tell how much lies between two ids, and where it guesses too much it
 * reads the other tables whole. In statements of their own, as a cluster repeats them to its workers.
 */
export const byKeys = async <Result>({ client }: Tx, use: () => Promise<Result>): Promise<Result> => {
  for (const name of others) await client.query(`set local ${name} = off`)
  const result = await use()
  for (const name of others) await client.query(`set local ${name} = on`)
  return result
}
