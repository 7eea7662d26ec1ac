import pg from 'pg'
import { configOf } from '../../src/config.js'
import { migrate } from '../../src/db/migrate.js'
import { inDatabase, readCluster } from './cluster.js'

export const sandboxConfig = configOf({ TICUN_MODE: 'sandbox', LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent' })

let made = 0

export type TestDatabase = Readonly<{ ownerUrl: string; serviceUrl: string; drop: () => Promise<void> }>

/** A private, migrated database: a copy of the run's template. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const { ownerUrl, template } = readCluster()
  const name = `ticun_test_${process.pid}_${made++}`
  const asOwner = async (sql: string) => {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }
  await asOwner(`create database ${name} template ${template}`)
  const url = inDatabase(ownerUrl, name)
  return {
    ownerUrl: url,
    serviceUrl: await migrate(url, sandboxConfig.secret),
    drop: () => asOwner(`drop database if exists ${name} with (force)`)
  }
}
