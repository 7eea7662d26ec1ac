import pg from 'pg'
import { optionsOf } from '../../src/db/client.js'
import { coordinatorSettings, speakToWorkers } from '../../src/db/cluster.js'
import type { DatabaseRole } from '../../src/db/policies.js'
import { uuidOf } from '../../src/kernel/id.js'
import type { TestApp } from './app.js'

type Context = Readonly<{ office?: number; person?: string; merchant?: string }>

/** A connection of the service's own, to be opened and ended. */
export const serviceClient = ({ database }: Pick<TestApp, 'database'>): pg.Client => {
  const client = new pg.Client({ connectionString: database.serviceUrl, ...(database.isCluster ? { options: optionsOf(coordinatorSettings) } : {}) })
  if (database.isCluster) speakToWorkers(client)
  return client
}

/** Asks the database itself as one of its roles, as a service that had forgotten every other check would. */
export const asRole = async (
  app: TestApp, role: DatabaseRole, { office = 1, person, merchant }: Context, sql: string, values: unknown[] = []
): Promise<any[]> => {
  const client = serviceClient(app)
  await client.connect()
  try {
    await client.query(`begin; set local role ticun_${role}; set local ticun.office = '${office}'`)
    if (person) await client.query(`set local ticun.person = '${uuidOf(person)}'`)
    if (merchant) await client.query(`set local ticun.merchant = '${uuidOf(merchant)}'`)
    return (await (values.length === 0 ? client.query(sql) : client.query(sql, values))).rows
  } finally {
    await client.end()
  }
}

/** Asks the database as its owner, whom no policy and no privilege holds. */
export const asOwner = async <Row extends pg.QueryResultRow = any>({ database }: Pick<TestApp, 'database'>, sql: string, values: unknown[] = []): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  try {
    return (await client.query<Row>(sql, values)).rows
  } finally {
    await client.end()
  }
}
