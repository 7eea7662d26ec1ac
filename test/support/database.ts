import { configOf } from '../../src/config.js'
import { migrate } from '../../src/db/migrate.js'
import { dropDatabase, inDatabase, isInCluster, makeDatabase, readCluster } from './cluster.js'

export const sandboxConfig = configOf({ TICUN_MODE: 'sandbox', LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent' })

let made = 0

export type TestDatabase = Readonly<{ ownerUrl: string; serviceUrl: string; isCluster: boolean; drop: () => Promise<void> }>

/** A private, migrated database: a copy of the run's template. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const { ownerUrl, nodes, template } = readCluster()
  const name = `ticun_test_${process.pid}_${made++}`
  await makeDatabase(nodes, name, template)
  const url = inDatabase(ownerUrl, name)
  return {
    ownerUrl: url,
    serviceUrl: await migrate(url, sandboxConfig.secret),
    isCluster: isInCluster(),
    drop: () => dropDatabase(nodes, name)
  }
}
