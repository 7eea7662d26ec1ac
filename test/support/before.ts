import { mkdtempSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { configOf } from '../../src/config.js'
import { distribute } from '../../src/db/distribute.js'
import { startEmbedded } from '../../src/db/embedded.js'
import { migrate } from '../../src/db/migrate.js'
import { asOwner, inDatabase, makeDatabase, writeCluster } from './cluster.js'

/*
 * One server for the whole run and one migrated template: DATABASE_URL when given, a container
 * when asked for by TICUN_TEST_CONTAINERS=1, else the embedded server without fsync. Where the
 * database of DATABASE_URL is the coordinator of a Citus cluster, the template is distributed, and
 * each database of a test is a copy on every node.
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

/** The workers of a Citus cluster; none where the server is no coordinator. */
const workers = async (): Promise<string[]> => {
  const [citus] = await asOwner(ownerUrl, "select from pg_extension where extname = 'citus'")
  if (citus === undefined) return []
  return (await asOwner(ownerUrl, 'select nodename, nodeport from pg_dist_node where groupid > 0 order by groupid')).map(({ nodename, nodeport }) => {
    const url = new URL(ownerUrl)
    url.host = `${nodename}:${nodeport}`
    return url.href
  })
}

const nodes = [ownerUrl, ...await workers()]
const url = inDatabase(ownerUrl, template)
await makeDatabase(nodes, template)
if (nodes.length > 1) {
  for (const node of nodes) await asOwner(inDatabase(node, template), 'create extension citus')
  const [coordinator, ...rest] = nodes.map((node) => new URL(node))
  await asOwner(url, `select citus_set_coordinator_host('${coordinator?.hostname}', ${coordinator?.port})`,
    ...rest.map(({ hostname, port }) => `select citus_add_node('${hostname}', ${port})`))
}
await migrate(url, configOf({ TICUN_MODE: 'sandbox' }).secret)
if (nodes.length > 1) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await distribute(client, () => undefined, 4)
  await client.end()
  // Nobody may be in a template, nor Citus's own daemon.
  for (const node of nodes) await asOwner(node, `alter database ${template} with allow_connections false`, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${template}'`)
}

writeCluster({ ownerUrl, nodes, template, pid: process.pid, directory: embedded?.directory ?? null })
// The embedded server outlives this process; after.ts stops it.
process.exit(0)
