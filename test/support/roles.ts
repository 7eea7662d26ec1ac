import pg from 'pg'
import type { DatabaseRole } from '../../src/db/policies.js'
import { uuidOf } from '../../src/kernel/id.js'
import type { TestApp } from './app.js'

type Context = Readonly<{ office?: number; person?: string; merchant?: string }>

/** Asks the database itself as one of its roles, as a service that had forgotten every other check would. */
export const asRole = async (
  { database }: TestApp, role: DatabaseRole, { office = 1, person, merchant }: Context, sql: string, values: unknown[] = []
): Promise<any[]> => {
  const client = new pg.Client({ connectionString: database.serviceUrl })
  await client.connect()
  try {
    await client.query(`begin; set local role ticun_${role}; set local ticun.office = '${office}'`)
    if (person) await client.query(`set local ticun.person = '${uuidOf(person)}'`)
    if (merchant) await client.query(`set local ticun.merchant = '${uuidOf(merchant)}'`)
    return (await client.query(sql, values)).rows
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
