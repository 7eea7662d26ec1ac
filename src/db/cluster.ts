import type pg from 'pg'

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
export const coordinatorSettings = { 'citus.enable_local_execution': 'off', 'citus.propagate_set_commands': 'local' }

const backToOwnName = 'set role none'
const setsLocally = /\bset local (role ticun_\w+|ticun\.\w+)/i
const setsRole = /^\s*set local role ticun_\w+\s*$/i

type Query = (text: string) => Promise<pg.QueryResult>

/** Makes a connection say to the workers, one by one, who asks. Messages of several statements must hold no `;` but between them. */
export const speakToWorkers = (client: { query: unknown }): void => {
  const query = (client.query as Query).bind(client)
  const oneByOne = async (text: string): Promise<pg.QueryResult | pg.QueryResult[]> => {
    const statements = text.split(';').filter((statement) => statement.trim() !== '')
    const sent = statements.map((statement) => {
      const result = query(statement)
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
    return args.length === 1 && typeof text === 'string' && setsLocally.test(text) ? oneByOne(text) : query(...args as [string])
  }
}
