import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the run's database server is, written before the tests and read by each of their processes. */
export type Cluster = Readonly<{ ownerUrl: string; template: string; pid: number | null; directory: string | null }>

// Two runs at once on one checkout need a file each.
const file = process.env.TICUN_CLUSTER_FILE ?? fileURLToPath(new URL('../../.tap/cluster.json', import.meta.url))

export const writeCluster = (cluster: Cluster): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(cluster))
}

export const readCluster = (): Cluster => JSON.parse(readFileSync(file, 'utf8')) as Cluster

/** The same server, another database. */
export const inDatabase = (url: string, database: string): string => {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}
