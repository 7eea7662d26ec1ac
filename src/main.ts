import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { createApp } from './app.js'
import { configOf, ConfigError } from './config.js'
import { startEmbedded } from './db/embedded.js'
import { migrate } from './db/migrate.js'
import { createTypesetter } from './documents/typesetter.js'
import { redacted } from './http/logging.js'

/** The process: configuration, database, listening, signals. The only reader of process.env. */

/**
 * Under npm one wish to stop comes twice: to the whole process group, from a terminal or whoever
 * ends the group, and once more as npm passes it on. The second must not cut the first one short.
 */
const stopSignals = ['SIGINT', 'SIGTERM'] as const

/** Connections that wait to be taken while the process is busy; past Node's 511 a rush of new ones is dropped, and tried again for seconds. The kernel's own bound is net.core.somaxconn. */
const backlogMax = 4_096

/** Under `npm run dev` the sources run as they are. */
const isBuilt = import.meta.filename.endsWith('.js')

const run = async (): Promise<void> => {
  const config = configOf(process.env)
  const logger = pino({ level: config.logLevel, redact: { paths: redacted, censor: '[redacted]' } })

  const embedded = config.databaseUrl === undefined
    ? await startEmbedded({ dataDirectory: config.dataDirectory, archive: config.archive ?? null, log: (line) => { logger.info(line) } })
    : undefined
  const ownerUrl = embedded?.url ?? config.databaseUrl as string
  const serviceUrl = await migrate(ownerUrl, config.secret)
  const typesetter = isBuilt ? createTypesetter((error) => { logger.error({ err: error }, 'the thread that sets documents failed') }) : undefined
  const ticun = await createApp({ config, serviceUrl, logger, typesetBehind: typesetter?.typeset })

  let isStopping = false
  const { close } = closeWithGrace({ delay: 30_000, logger, skip: [...stopSignals] }, async () => {
    isStopping = true
    await ticun.close()
    await typesetter?.close()
    await embedded?.stop()
  })
  for (const signal of stopSignals) process.on(signal, () => { if (!isStopping) close() })

  const address = await ticun.app.listen({ port: config.port, host: config.host, backlog: backlogMax })
  ticun.start()
  logger.info({ mode: config.mode, database: embedded ? 'embedded' : 'external' }, `ready on ${address}`)
  process.stdout.write([
    `Ticun is serving (${config.mode}).`,
    `  API      ${address}/v1`,
    `  Docs     ${address}/docs`,
    `  OpenAPI  ${address}/openapi.json`,
    `  Health   ${address}/readyz`,
    ''
  ].join('\n'))
}

run().catch((error: unknown) => {
  // A database that cannot be reached is the operator's to mend: the address says more than a stack.
  const isPlain = error instanceof ConfigError || (error as { code?: string }).code === 'ECONNREFUSED'
  process.stderr.write(`${isPlain ? `Ticun cannot start: ${(error as Error).message || 'the database of DATABASE_URL refuses connections'}` : (error as Error).stack ?? String(error)}\n`)
  process.exit(1)
})
