import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Client } from './client.js'
import type { Tx } from './unit-of-work.js'

type Values = Readonly<Record<string, string | readonly string[]>>
type Statement<Rows> = Readonly<{ execute: (values: Record<string, unknown>) => Promise<Rows> }>
type Query<Rows> = Readonly<{ prepare: (name: string) => Statement<Rows> }>

/**
 * A query that is asked so often that building and planning it anew costs more than its answer: each
 * connection builds it once, and the server keeps its plan for as long as the connection's role
 * stays the same. Values go where `sql.placeholder` is, as the database takes them: `uuidOf(id)`;
 * `office` is the transaction's. `name`: of no other statement.
 */
export const prepared = <Rows>(name: string, build: (db: NodePgDatabase) => Query<Rows>): ((tx: Tx, values: Values) => Promise<Rows>) => {
  const known = new WeakMap<Client, Statement<Rows>>()
  return ({ client, db, office }, values) => {
    const statement = known.get(client) ?? build(db).prepare(name)
    known.set(client, statement)
    return statement.execute({ office, ...values })
  }
}
