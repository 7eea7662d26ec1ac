import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Test } from 'tap'

/**
 * Where the run's database server is, written before the tests and read by each of their processes.
 * `nodes`: the servers a database is made on, `ownerUrl` first; more than one in a Citus cluster.
 */
export type Cluster = Readonly<{ ownerUrl: string; nodes: readonly string[]; template: string; pid: number | null; directory: string | null }>

// Two runs at once on one checkout need a file each.
const file = process.env.TICUN_CLUSTER_FILE ?? fileURLToPath(new URL('../../.tap/cluster.json', import.meta.url))

export const writeCluster = (cluster: Cluster): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(cluster))
}

export const readCluster = (): Cluster => {
  const cluster = JSON.parse(readFileSync(file, 'utf8')) as Cluster
  return { ...cluster, nodes: cluster.nodes ?? [cluster.ownerUrl] }
}

/** Whether the run's database is a Citus cluster. */
export const isInCluster = (): boolean => readCluster().nodes.length > 1

/** For what can be tried on one PostgreSQL only: a test's options, which skip it in a cluster and say why. */
export const notInCluster = (why: string): { skip: string | false } => ({ skip: isInCluster() && `in a cluster: ${why}` })

/** The same server, another database. */
export const inDatabase = (url: string, database: string): string => {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** Asks a server once, as the owner. */
export const asOwner = async (url: string, ...statements: string[]): Promise<any[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: any[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** A database on every node, empty or a copy of a template that nobody may be in. */
export const makeDatabase = async (nodes: readonly string[], name: string, template?: string): Promise<void> => {
  await Promise.all(nodes.map((url) => asOwner(url, `create database ${name}${template === undefined ? '' : ` template ${template}`}`)))
}

export const dropDatabase = async (nodes: readonly string[], name: string): Promise<void> => {
  await Promise.all(nodes.map((url) => asOwner(url, `drop database if exists ${name} with (force)`)))
}

/**
 * A database for services that run as processes and migrate it themselves, gone with the test. In a cluster one that is
 * distributed already: what processes migrate there is on the coordinator alone. @returns its address, as the owner
 */
export const databaseForProcesses = async (t: Pick<Test, 'teardown'>, name: string): Promise<string> => {
  const { ownerUrl, nodes, template } = readCluster()
  await makeDatabase(nodes, name, isInCluster() ? template : undefined)
  t.teardown(() => dropDatabase(nodes, name))
  return inDatabase(ownerUrl, name)
}
