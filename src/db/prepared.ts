import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Client } from './client.js'
import type { Tx } from './unit-of-work.js'

/**
 * A query that is asked so often that building and planning it anew costs more than its answer: each
 * connection builds it once, and the server keeps its plan for as long as the connection's role
 * stays the same. Values go where `sql.placeholder` is, as the database takes them: `uuidOf(id)`.
 * `name`: of no other statement.
 */
export const prepared = <Statement>(name: string, build: (db: NodePgDatabase) => Readonly<{ prepare: (name: string) => Statement }>): ((tx: Tx) => Statement) => {
  const known = new WeakMap<Client, Statement>()
  return ({ client, db }) => {
    const statement = known.get(client) ?? build(db).prepare(name)
    known.set(client, statement)
    return statement
  }
}
