import { mkdtempSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { configOf } from '../../src/config.js'
import { startEmbedded } from '../../src/db/embedded.js'
import { migrate } from '../../src/db/migrate.js'
import { inDatabase, writeCluster } from './cluster.js'

/*
 * One server for the whole run and one migrated template: DATABASE_URL when given, a container
 * when asked for by TICUN_TEST_CONTAINERS=1, else the embedded server without fsync.
 */

const fromContainer = async (): Promise<string> => {
  const { GenericContainer } = await import('testcontainers')
  const container = await new GenericContainer('postgres:17')
    .withEnvironment({ POSTGRES_PASSWORD: 'test' })
    .withExposedPorts(5432)
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=300'])
    .start()
  return `postgres://postgres:test@${container.getHost()}:${container.getMappedPort(5432)}/postgres`
}

const fromEmbedded = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-test-'))
  chmodSync(directory, 0o755)
  const { url } = await startEmbedded({ dataDirectory: directory, durable: false, settings: { max_connections: '300' } })
  return { url, directory }
}

const template = `ticun_template_${process.pid}`
const given = process.env.DATABASE_URL
const embedded = given === undefined && process.env.TICUN_TEST_CONTAINERS !== '1' ? await fromEmbedded() : undefined
const ownerUrl = given ?? embedded?.url ?? await fromContainer()

const client = new pg.Client({ connectionString: ownerUrl })
await client.connect()
await client.query(`create database ${template}`)
await client.end()
await migrate(inDatabase(ownerUrl, template), configOf({ TICUN_MODE: 'sandbox' }).secret)

writeCluster({ ownerUrl, template, pid: process.pid, directory: embedded?.directory ?? null })
// The embedded server outlives this process; after.ts stops it.
process.exit(0)
