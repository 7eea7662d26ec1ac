import type { FastifyBaseLogger } from 'fastify'
import { createPrivateKey, createPublicKey, createHash } from 'node:crypto'
import { createAudit } from './audit/service.js'
import { deriveKey, type Config } from './config.js'
import { createPool } from './db/client.js'
import { createUnitOfWork } from './db/unit-of-work.js'
import { createEvidence } from './evidence/service.js'
import type { TokenKeys } from './http/authentication.js'
import { createMetrics } from './http/metrics.js'
import type { UndeclaredProblem } from './http/problem-details.js'
import { createServer } from './http/server.js'
import { createJobRunner } from './jobs/runner.js'
import type { Clock } from './kernel/clock.js'
import { createVault } from './kernel/vault.js'
import { createLedger } from './ledger/service.js'
import { createOffices } from './offices/service.js'
import { createOutbox } from './outbox/service.js'
import { openSandboxClock } from './sandbox/clock.js'
import { createTimetable, type Job } from './timetable/service.js'

/*
 * The composition root: every part is made and joined here, by hand, so that a missing part is a
 * type error and go-to-definition works.
 */

export const version = '0.1.0'
const issuer = 'ticun'

/** The Ed25519 key that signs tokens, from 32 bytes of seed (RFC 8410). */
const tokenKeysOf = (seed: Buffer): TokenKeys => {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem,
    keyId: createHash('sha256').update(publicPem).digest('base64url').slice(0, 16)
  }
}

export type AppOptions = Readonly<{
  config: Config
  /** How the service logs in: as ticun_service (db/migrate.ts). */
  serviceUrl: string
  logger: FastifyBaseLogger
  /** Tests fail on a problem that a route answers without declaring it. */
  onUndeclared?: UndeclaredProblem
}>

export const createApp = async ({ config, serviceUrl, logger, onUndeclared }: AppOptions) => {
  const onError = (error: Error) => { logger.error({ err: error }, 'database connection failed') }
  const metrics = createMetrics()
  const pool = createPool({ connectionString: serviceUrl, max: config.databasePool, onError })

  const sandboxClock = config.mode === 'sandbox' ? await openSandboxClock({ connectionString: serviceUrl, onError }) : undefined
  const clock: Clock = sandboxClock ?? { now: () => new Date() }
  const vault = createVault(config.dataKeys, deriveKey(config.secret, 'blind index'))
  const tokenKeys = tokenKeysOf(deriveKey(config.secret, 'token signing'))

  const audit = createAudit({ clock })
  const work = createUnitOfWork({
    pool, clock, onWrite: audit.record,
    onAfterCommitError: (error) => { logger.error({ err: error }, 'after commit') }
  })
  const timetable = createTimetable({
    work,
    onFailure: (job, error) => { metrics.jobFailures.inc({ job }); logger.error({ err: error, job }, 'deadline failed, will be retried') }
  })
  const outbox = createOutbox({
    work, clock, vault, awaitDelivery: config.mode === 'sandbox',
    onFailure: (topic, error) => { metrics.outboxFailures.inc({ topic }); logger.warn({ err: error, topic }, 'delivery failed, will be retried') }
  })
  const evidence = createEvidence({ clock })
  const ledger = createLedger({ clock, evidence })
  const offices = createOffices({ work })
  void ledger

  const jobs: Job[] = [timetable.job, outbox.job]
  const runner = createJobRunner({
    clock, jobs, offices: offices.numbers,
    onFailure: (job, error) => { metrics.jobFailures.inc({ job }); logger.error({ err: error, job }, 'job failed, will be retried') }
  })

  let ready = false
  const { app, addRoutes } = await createServer({
    logger, clock, keys: tokenKeys, issuer, version, metrics,
    isRevoked: () => false,
    isReady: () => ready && runner.isAlive(),
    rateLimit: config.rateLimits ? { max: 300, windowSeconds: 60 } : undefined,
    trustProxy: config.trustProxy,
    onUndeclared: onUndeclared ?? ((request, kind) => { request.log.warn({ code: kind.code }, 'undeclared problem') })
  })
  await addRoutes()
  await app.ready()

  return {
    app,
    pool,
    /** Starts the jobs; the service is ready once they have run. */
    start: (): void => {
      runner.start()
      ready = true
    },
    /** Runs everything due by the clock's now, once: what tests use in place of the ticking jobs. */
    runDue: () => runner.runDue(clock.now()),
    /** Drains what is in flight, then lets go of the database. */
    close: async (): Promise<void> => {
      await runner.stop()
      await app.close()
      await sandboxClock?.close()
      await pool.end()
    }
  }
}

export type TicunApp = Awaited<ReturnType<typeof createApp>>
