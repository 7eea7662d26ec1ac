import type pg from 'pg'

/*
 * Statements that write many rows at once take them from arrays: `insert … select $1, … from
 * unnest(…)`. Citus would gather such rows on the coordinator and send them by COPY, which
 * PostgreSQL refuses where row-level security is on; unless the number of the office is read from
 * a distributed table in the same statement, for then it is one shard's and is sent there as it is.
 * So a cluster has a table of all numbers that an office can have, and is told the same statement
 * with `$1` read from there.
 */

/** The numbers of offices, each on its office's shard: db/distribute.ts makes it. Nothing else reads it. */
export const placesTable = 'ticun_distribution.places'

/** A statement in the words of one PostgreSQL, and in those of a cluster. Given to `client.query` with its values. */
export type OfficeStatement = Readonly<{ text: string; inCluster: string }>

/**
 * A statement with `insert … select` into the tables of one office, whose number is `$1`.
 * `write`: its text, given what stands for the office in a selected row, and what stands behind
 * `from` before the rows' own source. Several such inserts are all CTEs, with a `select` at the end:
 * under another insert Citus would send them to a shard by the names of the whole tables.
 */
export const officeStatement = (write: (office: string, place: string) => string): OfficeStatement => ({
  text: write('$1', ''),
  inCluster: write('place.office_id', `(select office_id from ${placesTable} where office_id = $1) place cross join `)
})

/** What a cluster is told in the place of a query's first argument. */
export const inWordsOfCluster = (statement: unknown): unknown =>
  typeof statement === 'object' && statement !== null && 'inCluster' in statement ? { ...statement, text: statement.inCluster } : statement

/*
 * Roles in a Citus cluster. A coordinator speaks to its workers over one connection for each role
 * that asks, so that a transaction that changes its role would be two over there: neither sees what
 * the other wrote, and both wait for the same rows. So here the coordinator stays who logged in,
 * and only the workers change role:
 *
 * - `set local role` and the settings of the context are repeated by Citus at the beginning of the
 *   transaction on every worker (citus.propagate_set_commands = local), in the words they came in:
 *   one statement a message.
 * - `set role`, which is not local, is not repeated: it gives the coordinator back its own name.
 * - Nothing is done on the coordinator itself past a connection (citus.enable_local_execution = off),
 *   so its tables, too, are asked in the name of the role.
 * - A transaction of several nodes is prepared by whoever it is at the commit, and may be finished by
 *   nobody else: so the role is laid down before.
 *
 * On the workers ticun_service may do nothing by itself. What no role was set for is refused there.
 */

/** Settings of every connection to a coordinator. */
export const coordinatorSettings = {
  'citus.enable_local_execution': 'off', 'citus.propagate_set_commands': 'local',
  // What is put together from several shards' answers is put together on a worker: those answers lie
  // in files of the role, and the coordinator, which asks in its own name, would not find them.
  'citus.task_assignment_policy': 'round-robin'
}

const backToOwnName = 'set role none'
const setsLocally = /\bset local (role ticun_\w+|ticun\.\w+)/i
const setsRole = /^\s*set local role ticun_\w+\s*$/i
const commits = /(?:^|;)\s*commit\s*$/i

type Query = (text: string) => Promise<pg.QueryResult>

/** Makes a connection say to the workers, one by one, who asks. Messages of several statements must hold no `;` but between them. */
export const speakToWorkers = (client: { query: unknown }): void => {
  const query = (client.query as Query).bind(client)
  const oneByOne = async (text: string): Promise<pg.QueryResult | pg.QueryResult[]> => {
    const statements = text.split(';').filter((statement) => statement.trim() !== '')
    const sent = statements.map((statement) => {
      const result = commits.test(statement) ? commit() : query(statement)
      return setsRole.test(statement) ? Promise.all([result, query(backToOwnName)]).then(([own]) => own) : result
    })
    await Promise.allSettled(sent)
    const results = await Promise.all(sent)
    return results.length === 1 ? results[0] as pg.QueryResult : results
  }
  const commit = async (): Promise<pg.QueryResult> => {
    const sent = [query('set local role none'), query('commit')] as const
    await Promise.allSettled(sent)
    return (await Promise.all(sent))[1]
  }
  client.query = (...args: [unknown]) => {
    const [text] = args
    if (text === 'commit') return commit()
    if (args.length === 1 && typeof text === 'string' && (setsLocally.test(text) || commits.test(text))) return oneByOne(text)
    return query(...[inWordsOfCluster(text), ...args.slice(1)] as [string])
  }
}
