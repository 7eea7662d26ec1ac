import type { FastifyBaseLogger } from 'fastify'
import { createPrivateKey, createPublicKey, createHash } from 'node:crypto'
import { createAudit } from './audit/service.js'
import { bureauRoutes } from './bureau/routes.js'
import { createBureau } from './bureau/service.js'
import { checkRoutes } from './checks/routes.js'
import { createChecks } from './checks/service.js'
import type { Channels } from './channels/channel.js'
import { createSandboxChannel } from './channels/sandbox/channel.js'
import { createSmsGateway } from './channels/sms/gateway.js'
import { smsTopic, type SendSms, type SmsPayload } from './channels/sms/sms.js'
import { createChanges } from './changes/service.js'
import { changeRoutes } from './changes/routes.js'
import { deriveKey, type Config } from './config.js'
import { contractRoutes } from './contracts/routes.js'
import { closureRoutes } from './closure/routes.js'
import { createClosures } from './closure/service.js'
import { createContracts } from './contracts/service.js'
import { createPool, keyLookupSettings } from './db/client.js'
import { exclusively } from './db/exclusive.js'
import { openListener } from './db/listener.js'
import { createUnitOfWork } from './db/unit-of-work.js'
import { depositRoutes } from './deposits/routes.js'
import { createDeposits } from './deposits/service.js'
import { createDisputes } from './disputes/service.js'
import { createEvidence } from './evidence/service.js'
import type { TokenKeys } from './http/authentication.js'
import { createMetrics } from './http/metrics.js'
import type { UndeclaredProblem } from './http/problem-details.js'
import { createServer } from './http/server.js'
import { createPeople } from './identity/people.js'
import { createRevocations, revocationChannel } from './identity/revocations.js'
import { identityRoutes } from './identity/routes.js'
import { createIdentity } from './identity/service.js'
import { createJobRunner } from './jobs/runner.js'
import type { Clock } from './kernel/clock.js'
import { createVault } from './kernel/vault.js'
import { createLedger } from './ledger/service.js'
import { merchantRoutes } from './merchants/routes.js'
import { createMerchants } from './merchants/service.js'
import { createOffices } from './offices/service.js'
import { createWorkingDays } from './offices/working-days.js'
import { createOutbox, type Delivery } from './outbox/service.js'
import { productRoutes } from './products/routes.js'
import { createProducts } from './products/service.js'
import { createPayables } from './redemptions/payables.js'
import { createClosings } from './redemptions/closings.js'
import { createRedeemer } from './redemptions/redeemer.js'
import { redemptionRoutes } from './redemptions/routes.js'
import { createRedemptions } from './redemptions/service.js'
import { createWindows } from './redemptions/windows.js'
import { sandboxBankRoutes } from './sandbox/bank/routes.js'
import { createSandboxBank } from './sandbox/bank/service.js'
import { createBankRefunds } from './refunds/bank-refunds.js'
import { createQuotes } from './refunds/quotes.js'
import { refundRoutes } from './refunds/routes.js'
import { createSending } from './refunds/sending.js'
import { createRefunds } from './refunds/service.js'
import { openSandboxClock } from './sandbox/clock.js'
import { createHolidaySeed } from './sandbox/holidays.js'
import { sandboxRoutes } from './sandbox/routes.js'
import { sandboxPaymentRoutes } from './sandbox/payments/routes.js'
import { createSandboxPayments } from './sandbox/payments/service.js'
import { createSeed } from './sandbox/seed.js'
import { createMerchantSeed } from './sandbox/seed-merchant.js'
import { createSandboxSms, createSandboxTime } from './sandbox/service.js'
import { createPayouts } from './settlement/payouts.js'
import { settlementRoutes } from './settlement/routes.js'
import { createSettlements } from './settlement/service.js'
import { createTimetable, type Job } from './timetable/service.js'

/*
 * The composition root: every part is made and joined here, by hand, so that a missing part is a
 * type error and go-to-definition works.
 */

export const version = '0.1.0'
const issuer = 'ticun'

/** The Ed25519 key that signs tokens, from 32 bytes of seed (RFC 8410). */
export const tokenKeysOf = (seed: Buffer): TokenKeys => {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem,
    keyId: createHash('sha256').update(publicPem).digest('base64url').slice(0, 16)
  }
}

/** Any numbers, as long as every process uses the same. */
const clockLockKey = 7_119_105_117_111n
const seedLockKey = 7_119_105_117_112n

/** Delivers the outbox's messages: a code that has lapsed meanwhile is of no use to anyone. */
const deliverSms = (send: SendSms | undefined, clock: Clock): Delivery<SmsPayload> => async ({ key, payload: { phone, text, code, uselessAfter } }) => {
  if (uselessAfter !== undefined && clock.now().toISOString() >= uselessAfter) return
  if (!send) throw new Error('no SMS gateway is configured')
  await send({ key, phone, text, code })
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
  const offices = createOffices({ work, clock })

  const sandboxBank = sandboxClock && createSandboxBank({ work, clock: sandboxClock, offices })
  const sandboxChannel = sandboxBank && createSandboxChannel({
    work, clock, outbox, offices, key: deriveKey(config.secret, 'sandbox channel'), enterInBank: sandboxBank.enter
  })
  const channels: Channels = sandboxChannel ? { sandbox: sandboxChannel } : {}
  const sandboxSms = sandboxClock && createSandboxSms({ work, clock: sandboxClock })
  const sendSms = sandboxSms?.send ?? (config.smsGateway && createSmsGateway(config.smsGateway))
  outbox.on<SmsPayload>(smsTopic, deliverSms(sendSms, clock))

  const revocations = createRevocations({ work, clock })
  const revocationListener = await openListener({
    connectionString: serviceUrl, channel: revocationChannel, onError,
    onMessage: (sessionId) => { revocations.note(sessionId) }, onConnect: revocations.load
  })
  const people = createPeople({ clock, vault, revocations })
  const identity = createIdentity({
    work, clock, vault, outbox, audit, offices, people, revocations,
    keys: { codes: deriveKey(config.secret, 'sms codes'), refreshTokens: deriveKey(config.secret, 'refresh tokens') },
    smsIsAvailable: sendSms !== undefined, smsIsLimited: sandboxClock === undefined
  })
  const merchants = createMerchants({ work, clock, vault, evidence, offices, identity })
  const products = createProducts({ work, clock, evidence, offices, merchants })
  const contracts = createContracts({ work, clock, vault, evidence, ledger, timetable, offices, identity, products })

  const redemptionPool = createPool({ connectionString: serviceUrl, max: 2, onError, applicationName: 'ticun redemptions', pipeline: true, settings: keyLookupSettings })
  const redeemer = createRedeemer({
    pool: redemptionPool, clock,
    onBatch: (size, queued) => { metrics.batchSize.observe(size); metrics.queueDepth.set(queued) }
  })
  const disputes = createDisputes({ ledger, evidence })
  const closings = createClosings({ ledger })
  const sending = createSending({ work, clock, contracts, ledger, outbox, timetable, channels })
  const bankRefunds = createBankRefunds({ work, clock, vault, offices, contracts, ledger, outbox, timetable, sending, bank: sandboxBank?.bank })
  const refunds = createRefunds({
    work, clock, contracts, closings, ledger, evidence, timetable, workingDays: createWorkingDays({ offices }),
    quotes: createQuotes({ work, clock, contracts, closings, offices }),
    sending,
    frozen: disputes, paidOrderOf: (tx, contractId) => deposits.paidOrderOf(tx, contractId)
  })
  const redemptions = createRedemptions({
    work, clock, contracts, ledger, evidence, timetable, redeemer, openDispute: disputes.openFromObjection,
    refundAccount: refunds.accountForReturn
  })

  const payables = createPayables()
  const deposits = createDeposits({
    work, clock, contracts, merchants, offices, ledger, evidence, timetable, outbox, channels,
    returnStray: refunds.returnStray, refundWhole: refunds.refundWhole, refundAnswered: refunds.heard, beginTerm: redemptions.scheduleTerm,
    onUnknownOrder: (channel, orderId) => { logger.error({ channel, orderId }, 'a channel told of an order that is not known') }
  })
  sandboxChannel?.deliverTo((rawBody, headers) => deposits.receive('sandbox', rawBody, headers))

  const payouts = createPayouts({ work, clock, vault, offices, payables, ledger, outbox, timetable, bank: sandboxBank?.bank })
  const settlements = createSettlements({ work, clock, offices, merchants, payables, ledger, evidence, payouts })
  const bureau = createBureau({ work, clock, offices, ledger })

  const closures = createClosures({
    work, clock, contracts, merchants, deposits, refunds, ledger, evidence, timetable,
    onFailure: (contractId, error) => { metrics.jobFailures.inc({ job: 'closures' }); logger.error({ err: error, contractId }, 'a contract could not be ended, will be retried') }
  })

  const jobs: Job[] = [timetable.job, createWindows({ work, contracts, ledger }), outbox.job, identity.job, closures.job]
  const runner = createJobRunner({
    clock, jobs, offices: offices.numbers,
    onFailure: (job, error) => { metrics.jobFailures.inc({ job }); logger.error({ err: error, job }, 'job failed, will be retried') }
  })

  let ready = false
  const { app, addRoutes } = await createServer({
    logger, clock, keys: tokenKeys, issuer, version, metrics,
    isRevoked: revocations.isRevoked,
    isReady: () => ready && runner.isAlive(),
    rateLimit: config.rateLimits ? { max: 300, windowSeconds: 60 } : undefined,
    trustProxy: config.trustProxy,
    onUndeclared: onUndeclared ?? ((request, kind) => { request.log.warn({ reqId: request.id, code: kind.code }, 'undeclared problem') })
  })
  const sandbox = sandboxClock && sandboxSms && {
    routes: sandboxRoutes({
      sms: sandboxSms,
      time: createSandboxTime({ clock: sandboxClock, runner, exclusively: (use) => exclusively(serviceUrl, clockLockKey, use) })
    }),
    seed: createSeed({ work, offices, people, exclusively: (use) => exclusively(serviceUrl, seedLockKey, use), parts: [createHolidaySeed({ work, offices }), createMerchantSeed({ work, clock, people, merchants, products })] })
  }
  await addRoutes(
    identityRoutes({ identity, documentOf: contracts.documentToSign }),
    merchantRoutes(merchants),
    productRoutes(products),
    contractRoutes(contracts),
    depositRoutes(deposits),
    redemptionRoutes(redemptions),
    refundRoutes(refunds, bankRefunds),
    closureRoutes(closures),
    changeRoutes(createChanges({ work, clock, contracts, merchants, evidence, timetable })),
    settlementRoutes(settlements),
    bureauRoutes(bureau),
    ...(sandboxChannel ? [sandboxPaymentRoutes(createSandboxPayments({ work, channel: sandboxChannel, deposits }))] : []),
    ...(sandboxBank ? [sandboxBankRoutes({ sandboxBank, onReturn: payouts.recordReturn }), checkRoutes(createChecks({ work, clock, offices }))] : []),
    ...(sandbox ? [sandbox.routes] : [])
  )
  await sandbox?.seed()
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
      await redeemer.drain()
      await redemptionPool.end()
      await revocationListener.close()
      await sandboxClock?.close()
      await pool.end()
    }
  }
}

export type TicunApp = Awaited<ReturnType<typeof createApp>>
