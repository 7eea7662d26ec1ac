import { createAdministration, UsageError } from './administration.js'
import { configOf, ConfigError } from './config.js'
import { isDistributed } from './db/client.js'
import { migrate } from './db/migrate.js'

/** The process of `npm run office:create`, `staff:add`, `keys:rotate` and `keys:status`; reads the same environment as the service. */

const run = async (): Promise<void> => {
  const config = configOf(process.env)
  if (config.databaseUrl === undefined) throw new ConfigError('DATABASE_URL is required: the database of the deployment')
  const serviceUrl = await migrate(config.databaseUrl, config.secret)
  const administration = createAdministration({ config, ownerUrl: config.databaseUrl, serviceUrl, isCluster: await isDistributed(serviceUrl) })
  try {
    process.stdout.write(`${await administration.run(process.argv.slice(2))}\n`)
  } finally {
    await administration.close()
  }
}

run().catch((error: unknown) => {
  const isExpected = error instanceof UsageError || error instanceof ConfigError
  process.stderr.write(`${isExpected ? error.message : (error as Error).stack ?? String(error)}\n`)
  process.exitCode = 1
})
