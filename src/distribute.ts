import { configOf, ConfigError } from './config.js'
import { distributeDatabase } from './db/distribute.js'
import { migrate } from './db/migrate.js'

/** The process of `npm run db:distribute`: migrates the database of DATABASE_URL, a Citus coordinator, and distributes it by office (docs/cluster.md). */

const run = async (): Promise<void> => {
  const config = configOf(process.env)
  if (config.databaseUrl === undefined) throw new ConfigError('DATABASE_URL is required: the coordinator of the cluster, as the owner')
  await migrate(config.databaseUrl, config.secret)
  await distributeDatabase(config.databaseUrl, (line) => { process.stdout.write(`${line}\n`) })
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
