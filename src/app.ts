import type { FastifyBaseLogger } from 'fastify'
import { createPrivateKey, createPublicKey, createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAccessLog } from './audit/log.js'
import { accessLogRoutes } from './audit/routes.js'
import { createAudit } from './audit/service.js'
import { bankRoutes } from './bank/routes.js'
import { createBankStatements } from './bank/statements.js'
import { createSuspense } from './bank/suspense.js'
import { bureauRoutes } from './bureau/routes.js'
import { createBureau } from './bureau/service.js'
import { createBundles } from './casefiles/bundle.js'
import { casefileRoutes } from './casefiles/routes.js'
import { createCasefiles } from './casefiles/service.js'
import { checkRoutes } from './checks/routes.js'
import { createChecks } from './checks/service.js'
import type { Channels, Headers } from './channels/channel.js'
import { createSandboxChannel } from './channels/sandbox/channel.js'
import { createSmsGateway } from './channels/sms/gateway.js'
import { smsTopic, type SendSms, type SmsPayload } from './channels/sms/sms.js'
import { createChanges } from './changes/service.js'
import { changeRoutes } from './changes/routes.js'
import { ConfigError, deriveKey, type Config } from './config.js'
import { certificateRoutes } from './certificates/routes.js'
import { createCertificates } from './certificates/service.js'
import { contractRoutes } from './contracts/routes.js'
import { closureRoutes } from './closure/routes.js'
import { createClosures } from './closure/service.js'
import { createContracts } from './contracts/service.js'
import { createPool, isDistributed, keyLookupSettings } from './db/client.js'
import { exclusively } from './db/exclusive.js'
import { openListener } from './db/listener.js'
import { serviceUrlOf } from './db/migrate.js'
import { createReplica } from './db/replica.js'
import { createUnitOfWork } from './db/unit-of-work.js'
import { depositRoutes } from './deposits/routes.js'
import { createDeposits } from './deposits/service.js'
import { typeset, type Typeset } from './documents/layout.js'
import { documentRoutes } from './documents/routes.js'
import { createDocuments } from './documents/service.js'
import { claimRoutes } from './claims/routes.js'
import { createClaims } from './claims/service.js'
import { createAppointments } from './disputes/appointments.js'
import { createArbitration } from './disputes/arbitration.js'
import { createCases } from './disputes/cases.js'
import { createCaseDocuments } from './disputes/documents.js'
import { createEndings } from './disputes/endings.js'
import { createExecutions } from './disputes/executions.js'
import { createFreezes } from './disputes/freezes.js'
import { createMediation } from './disputes/mediation.js'
import { createNegotiation } from './disputes/negotiation.js'
import { disputeRoutes } from './disputes/routes.js'
import { createDisputes } from './disputes/service.js'
import { createSettling } from './disputes/settling.js'
import { createEvmAnchor } from './evidence/evm.js'
import { createEvidenceKeeper } from './evidence/keeper.js'
import { evidenceRoutes, receiptRoutes } from './evidence/routes.js'
import { createEvidence } from './evidence/service.js'
import { createRemoteTsa } from './evidence/timestamps.js'
import { holdRoutes } from './holds/routes.js'
import { createHolds } from './holds/service.js'
import { handoverRoutes, handoverSigningProblems } from './handovers/routes.js'
import { createHandovers } from './handovers/service.js'
import type { TokenKeys } from './http/authentication.js'
import { createMetrics } from './http/metrics.js'
import type { UndeclaredProblem } from './http/problem-details.js'
import { createServer } from './http/server.js'
import { createPasswords } from './identity/passwords.js'
import { createPeople } from './identity/people.js'
import { stepUpRequired } from './identity/problems.js'
import { createRevocations, revocationChannel } from './identity/revocations.js'
import { identityRoutes } from './identity/routes.js'
import { createSecondFactors } from './identity/second-factors.js'
import { createIdentity } from './identity/service.js'
import { createSignIns } from './identity/sign-ins.js'
import { createJobRunner } from './jobs/runner.js'
import type { Clock } from './kernel/clock.js'
import { createVault } from './kernel/vault.js'
import { createInquiry } from './ledger/inquiry.js'
import { createLedger } from './ledger/service.js'
import { createJournalTotals } from './ledger/totals.js'
import { createMovementTotals } from './bureau/totals.js'
import { createAccountChanges } from './merchants/account-changes.js'
import { merchantRoutes } from './merchants/routes.js'
import { createMerchants } from './merchants/service.js'
import { createNotices } from './notices/service.js'
import { officeRequired } from './offices/problems.js'
import { createOffices } from './offices/service.js'
import { createWorkingDays } from './offices/working-days.js'
import { tracedAnchor, tracedSend, tracedShelf, tracedTsa } from './operation/outbound.js'
import { createOperation } from './operation/service.js'
import { openTracing } from './operation/tracing.js'
import { createOutbox, type Delivery } from './outbox/service.js'
import { pauseRoutes } from './pauses/routes.js'
import { createPauses } from './pauses/service.js'
import { createOpenMatters } from './privacy/open.js'
import { privacyRoutes } from './privacy/routes.js'
import { createPrivacy, type Section } from './privacy/service.js'
import { productRoutes } from './products/routes.js'
import { createProducts } from './products/service.js'
import { createPayables } from './redemptions/payables.js'
import { createClosings } from './redemptions/closings.js'
import { createDisputedReleases } from './redemptions/disputed/service.js'
import { createHanding } from './redemptions/handing.js'
import { createRedeemer } from './redemptions/redeemer.js'
import { redemptionRoutes } from './redemptions/routes.js'
import { createRedemptions } from './redemptions/service.js'
import { createTerms } from './redemptions/terms.js'
import { createWindows } from './redemptions/windows.js'
import { sandboxBankRoutes } from './sandbox/bank/routes.js'
import { createSandboxBank } from './sandbox/bank/service.js'
import { createBankRefunds } from './refunds/bank-refunds.js'
import { createQuotes } from './refunds/quotes.js'
import { refundRoutes } from './refunds/routes.js'
import { createSending } from './refunds/sending.js'
import { createRefunds } from './refunds/service.js'
import { openSandboxClock } from './sandbox/clock.js'
import { sandboxFaultRoutes } from './sandbox/faults/routes.js'
import { createSandboxFaults } from './sandbox/faults/service.js'
import { createHolidaySeed } from './sandbox/holidays.js'
import { sandboxRoutes } from './sandbox/routes.js'
import { sandboxPaymentRoutes } from './sandbox/payments/routes.js'
import { createSandboxPayments } from './sandbox/payments/service.js'
import { createAdministratorSeed, createPolicySeed, createSeed } from './sandbox/seed.js'
import { createMerchantSeed } from './sandbox/seed-merchant.js'
import { createSandboxSms, createSandboxTime } from './sandbox/service.js'
import { openSeals } from './seals/files.js'
import { createSeals } from './seals/service.js'
import { createPayouts } from './settlement/payouts.js'
import { settlementRoutes } from './settlement/routes.js'
import { createSettlements } from './settlement/service.js'
import { createClamav } from './storage/clamav.js'
import { createShelf } from './storage/shelf.js'
import { createStorage } from './storage/storage.js'
import { unclaimedRoutes } from './unclaimed/routes.js'
import { createUnclaimed } from './unclaimed/service.js'
import { channelReportRoutes } from './clearing/routes.js'
import { createChannelReports } from './clearing/service.js'
import { reconciliationRoutes } from './reconciliation/routes.js'
import { createReconciliations } from './reconciliation/service.js'
import { staffRoutes } from './staff/routes.js'
import { createStaff } from './staff/service.js'
import { partyStatementRoutes } from './statements/routes.js'
import { createPartyStatements } from './statements/service.js'
import { createTimetable, type Job } from './timetable/service.js'
import { trustRoutes } from './trust/routes.js'
import { createTrust } from './trust/service.js'
import { createAlerts } from './warnings/alerts.js'
import { createDailyFigures } from './warnings/daily.js'
import { warningRoutes } from './warnings/routes.js'
import { createWarnings } from './warnings/service.js'
import { createSettings } from './warnings/settings.js'
import { createAddressGuard } from './webhooks/address.js'
import { createDispatch } from './webhooks/dispatch.js'
import { webhookRoutes } from './webhooks/routes.js'
import { createSender } from './webhooks/sender.js'
import { createWebhooks } from './webhooks/service.js'

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
  /** For how long health and figures keep what they saw, in milliseconds, and after what silence jobs and sequencer count as dead: tests do not wait. */
  looking?: Readonly<{ keptMs: number; deadAfterMs: number }>
  /** Sets the documents that nobody waits for; in this thread, unless told otherwise. */
  typesetBehind?: Typeset | undefined
}>

export const createApp = async ({ config, serviceUrl, logger, onUndeclared, looking, typesetBehind = typeset }: AppOptions) => {
  const onError = (error: Error) => { logger.error({ err: error }, 'database connection failed') }
  const metrics = createMetrics()
  const traces = config.tracing && await openTracing({ ...config.tracing, serviceVersion: version, onFailure: (error) => { logger.warn({ err: error }, 'traces could not be sent') } })
  const tracing = traces?.tracing
  const isCluster = await isDistributed(serviceUrl)
  if (isCluster && config.databaseReadUrl !== undefined) throw new ConfigError('DATABASE_READ_URL: a cluster is not read from a replica')
  const pool = createPool({ connectionString: serviceUrl, max: config.databasePool, onError, isCluster })

  const sandboxClock = config.mode === 'sandbox' ? await openSandboxClock({ connectionString: serviceUrl, onError }) : undefined
  const clock: Clock = sandboxClock ?? { now: () => new Date() }
  const faults = sandboxClock && createSandboxFaults()
  const vault = createVault(config.dataKeys, config.indexKeys)
  const tokenKeys = tokenKeysOf(deriveKey(config.secret, 'token signing'))

  const audit = createAudit({ clock })
  const work = createUnitOfWork({
    pool, clock, onWrite: audit.record, tracing,
    onAfterCommitError: (error) => { logger.error({ err: error }, 'after commit') }
  })
  const replica = config.databaseReadUrl === undefined ? undefined : createReplica({
    connectionString: serviceUrlOf(config.databaseReadUrl, config.secret), max: config.databasePool, primary: pool,
    onError: (error) => { logger.warn({ err: error }, 'replica') }
  })
  const supervised = replica ? work.supervisedBy(replica) : work
  const timetable = createTimetable({
    work, tracing,
    onFailure: (job, error) => { metrics.jobFailures.inc({ job }); logger.error({ err: error, job }, 'deadline failed, will be retried') }
  })
  const outbox = createOutbox({
    work, clock, vault, awaitDelivery: config.mode === 'sandbox', tracing,
    onFailure: (topic, error) => { metrics.outboxFailures.inc({ topic }); logger.warn({ err: error, topic }, 'delivery failed, will be retried') }
  })
  const shelf = createShelf(config)
  const storage = createStorage({ directory: join(config.dataDirectory, 'incoming'), shelf: tracedShelf(tracing, faults?.shelf(shelf) ?? shelf) })
  const evidence = createEvidence({ clock })
  const ledger = createLedger({ clock, evidence })
  const offices = createOffices({ work, clock })
  const evidenceKeeper = createEvidenceKeeper({
    work, clock, vault, offices,
    remoteTsa: config.tsa && createRemoteTsa({ ...config.tsa, certificates: await readFile(config.tsa.caFile, 'utf8') }),
    reachTsa: (tsa) => tracedTsa(tracing)(faults?.tsa(tsa) ?? tsa),
    anchor: config.evmAnchor && tracedAnchor(tracing, await createEvmAnchor(config.evmAnchor)),
    witnesses: config.witnesses,
    onFailure: (step, error) => { metrics.jobFailures.inc({ job: `evidence ${step}` }); logger.error({ err: error, step }, 'evidence log step failed, will be retried') }
  })
  const seals = createSeals({
    work, clock, vault, offices, given: await openSeals(config.seals), makesOwn: config.mode === 'sandbox',
    tokenOver: evidenceKeeper.tokenOver
  })
  const documents = createDocuments({ work, clock, vault, storage, seals, evidence, timetable, typesetBehind })

  const sandboxBank = sandboxClock && createSandboxBank({ work, clock: sandboxClock, offices })
  const sandboxChannel = sandboxBank && createSandboxChannel({
    work, clock, outbox, offices, key: deriveKey(config.secret, 'sandbox channel'), enterInBank: sandboxBank.enter
  })
  const channels: Channels = sandboxChannel && faults ? { sandbox: faults.channel(sandboxChannel) } : {}
  const bank = sandboxBank && faults?.bank(sandboxBank.bank)
  const sandboxSms = sandboxClock && createSandboxSms({ work, clock: sandboxClock })
  const sendSms = (sandboxSms && faults?.around('sms', sandboxSms.send)) ?? (config.smsGateway && createSmsGateway(config.smsGateway))
  outbox.on<SmsPayload>(smsTopic, deliverSms(sendSms, clock))

  const revocations = createRevocations({ work, clock, agree: () => revocationListener.agree() })
  const revocationListener = await openListener({
    connectionString: serviceUrl, channel: revocationChannel, onError,
    onMessage: (sessionId) => { revocations.note(sessionId) }, onConnect: revocations.load
  })
  const people = createPeople({ clock, vault, revocations })
  const secondFactors = createSecondFactors({ clock, vault, key: deriveKey(config.secret, 'recovery codes') })
  const signIns = createSignIns({ clock })
  const identity = createIdentity({
    work, clock, vault, outbox, audit, offices, people, secondFactors, signIns, passwords: createPasswords({ clock, offices }), revocations,
    keys: { codes: deriveKey(config.secret, 'sms codes'), refreshTokens: deriveKey(config.secret, 'refresh tokens') },
    smsIsAvailable: sendSms !== undefined, smsIsLimited: sandboxClock === undefined
  })
  const merchants = createMerchants({ work, clock, vault, evidence, offices, identity })
  const products = createProducts({ work, clock, evidence, offices, merchants })
  const contracts = createContracts({ work, clock, vault, evidence, documents, ledger, timetable, offices, identity, products })

  const redemptionPool = createPool({ connectionString: serviceUrl, max: 4, onError, applicationName: 'ticun redemptions', pipeline: true, isCluster, settings: isCluster ? {} : keyLookupSettings })
  const redeemer = createRedeemer({
    pool: redemptionPool, clock, tracing,
    onBatch: (size) => { metrics.batchSize.observe(size) },
    onBooked: (seconds, commitSeconds) => { metrics.batchSeconds.observe(seconds); metrics.commitSeconds.observe(commitSeconds) }
  })
  const closings = createClosings({ ledger })
  const releases = createDisputedReleases()
  const notices = createNotices({ clock, outbox, people, merchants })
  const pauses = createPauses({
    work, clock, contracts, merchants, products, closings, evidence, timetable, notices,
    scheduleTerm: (tx, contract, today) => redemptions.scheduleTerm(tx, contract, today)
  })
  const terms = createTerms({ pausesOf: pauses.daysOut })
  const holds = createHolds({
    work, clock, offices, contracts, merchants, ledger, evidence, timetable, notices,
    unsettledOf: (tx, merchantId, itemId) => payables.unsettledOf(tx, merchantId, itemId),
    unsentOf: (tx, contractId) => sending.unsentOf(tx, contractId), resumeRefunds: (tx, contractId) => sending.resumeHeld(tx, contractId)
  })
  const sending = createSending({
    work, clock, contracts, ledger, outbox, timetable, channels, heldOf: holds.heldOfRefunds, handedOver: (tx, contractIds) => handovers.handedOver(tx, contractIds)
  })
  const bankRefunds = createBankRefunds({ work, clock, vault, offices, contracts, ledger, outbox, timetable, sending, bank })
  const refunds = createRefunds({
    work, clock, contracts, closings, ledger, evidence, timetable, workingDays: createWorkingDays({ offices }),
    quotes: createQuotes({ work, clock, contracts, closings, releases, terms, offices }),
    sending,
    frozen: createFreezes(), paidOrdersOf: (tx, contractIds) => deposits.paidOrdersOf(tx, contractIds)
  })
  const claims = createClaims({ work, contracts, ledger, evidence, refunds, holds })
  const cases = createCases({ contracts, evidence, timetable, notices, offices })
  const caseDocuments = createCaseDocuments({ vault, people, merchants, offices, pdfs: documents })
  const endings = createEndings({ contracts, releases, ledger, refunds, timetable })
  const settling = createSettling({ timetable, cases, endings, documents: caseDocuments })
  const negotiation = createNegotiation({ work, clock, cases, settling })
  const mediation = createMediation({ work, clock, cases, settling, documents: caseDocuments })
  const appointments = createAppointments({ work, clock, timetable, cases, people })
  const arbitration = createArbitration({ work, clock, cases, negotiation, appointments, documents: caseDocuments })
  const executions = createExecutions({ work, clock, contracts, releases, ledger, refunds, claims, cases, endings })
  const disputes = createDisputes({ work, clock, contracts, releases, ledger, refunds, timetable, cases, endings, mediation })
  const casefiles = createCasefiles({
    work, clock, vault, storage, contracts, evidence, scan: config.clamav && createClamav(config.clamav), findDispute: disputes.find
  })
  const redemptions = createRedemptions({
    work, clock, contracts, ledger, evidence, timetable, redeemer, terms, openDispute: disputes.openFromObjection,
    refundAccount: refunds.accountForReturn
  })
  const bundles = createBundles({
    work, contracts, merchants, redemptions, ledger, evidenceLog: evidenceKeeper.log,
    showDispute: disputes.show, documentsOf: caseDocuments.openAll, contentOf: casefiles.contentOf
  })

  const handovers = createHandovers({
    work, clock, contracts, merchants, products, offices, people, identity, documents, refunds, holds, releases: createHanding({ contracts, ledger }), ledger, evidence, timetable, notices
  })

  const payables = createPayables(claims, holds.heldAmounts)
  const deposits = createDeposits({
    work, clock, contracts, merchants, offices, ledger, evidence, timetable, outbox, channels,
    returnStray: refunds.returnStray, refundWhole: refunds.refundWhole, refundAnswered: refunds.heard,
    beginTerms: async (tx, paid, today) => {
      for (const contract of paid.filter(({ kind }) => kind === 'period')) await redemptions.scheduleTerm(tx, contract, today)
      await certificates.depositsBooked(tx, paid)
    },
    onUnknownOrder: (channel, orderId) => { logger.error({ channel, orderId }, 'a channel told of an order that is not known') }
  })
  const certificates = createCertificates({
    work, clock, contracts, documents, evidence, identity, merchants, offices, timetable, publicUrl: config.publicUrl,
    placeOf: evidenceKeeper.log.placeOf
  })
  const hear = (rawBody: Buffer, headers: Headers) => deposits.receive('sandbox', rawBody, headers)
  sandboxChannel?.deliverTo(faults?.around('notifications', hear) ?? hear)

  const payouts = createPayouts({ work, clock, vault, offices, payables, ledger, outbox, timetable, bank })
  const settlements = createSettlements({ work, clock, offices, merchants, payables, claims, holds, ledger, evidence, payouts })
  const inquiry = createInquiry()
  const bankStatements = createBankStatements({
    work, clock, vault, offices, ledger, inquiry, evidence, outbox, deposits, payouts, bankRefunds, onBooked: (office, day) => reconciliations.review(office, day),
    returns: { isOrdered: (tx, id) => suspense.isOrdered(tx, id), recordPaid: (id, at) => suspense.recordPaid(id, at) }
  })
  const reconciliations = createReconciliations({ work: supervised, clock, offices, inquiry, evidence, balanceOn: bankStatements.balanceOn, clearingOn: (tx, day) => channelReports.clearingOn(tx, day) })
  const channelReports = createChannelReports({ work: supervised, clock, offices, inquiry, evidence, onBooked: (office, day) => reconciliations.review(office, day) })
  const suspense = createSuspense({ work, clock, ledger, inquiry, evidence, statements: bankStatements, deposits, vault, offices, outbox, timetable, bank })
  const unclaimed = createUnclaimed({ work, clock, vault, ledger, evidence, payables, refunds, bankRefunds })
  const bureau = createBureau({ work: supervised, clock, offices, merchants, ledger, inquiry, claims, holds })

  const closures = createClosures({
    work, clock, contracts, merchants, deposits, refunds, ledger, evidence, timetable,
    onFailure: (contractId, error) => { metrics.jobFailures.inc({ job: 'closures' }); logger.error({ err: error, contractId }, 'a contract could not be ended, will be retried') }
  })

  const warningSettings = createSettings({ offices, products })
  const alerts = createAlerts({ work, clock, evidence, merchants, notices, settings: warningSettings })
  const warnings = createWarnings({ work: supervised, clock, offices, merchants, settings: warningSettings, alerts })
  const dailyFigures = createDailyFigures({ work, settings: warningSettings, alerts })

  const guard = createAddressGuard({ permitsLoopback: config.webhookLoopback })
  const webhooks = createWebhooks({ work, clock, vault, guard, logSize: evidence.sizeOf })
  const dispatch = createDispatch({
    work, clock, vault, send: tracedSend(tracing, createSender(guard)), entriesFrom: evidence.entriesFrom,
    ...(sandboxClock ? { catchUp: evidenceKeeper.catchUp, awaitDelivery: true, timeoutMs: 2_000 } : { catchUp: undefined, awaitDelivery: false, timeoutMs: 10_000 }),
    onFailure: (error) => { metrics.jobFailures.inc({ job: 'webhooks' }); logger.error({ err: error }, 'webhooks could not be sent, will be retried') }
  })

  const accessLog = createAccessLog({ work, clock, evidence, audit })
  const ofConsumer: Readonly<Record<string, Section>> = {
    contracts: async (caller, page) => {
      const { items, nextCursor } = await contracts.list(caller, page)
      const whole = await Promise.all(items.map(async (contract) => ({ ...contract, beneficiary: await contracts.beneficiaryOf(caller, contract.id), documents: (await contracts.documentsOf(caller, contract.id)).items })))
      return { items: whole, nextCursor }
    },
    redemptions: (caller, page) => redemptions.list(caller, {}, page),
    refunds: refunds.list,
    disputes: disputes.list,
    transfers: handovers.list,
    signIns: identity.mySignIns
  }
  const privacy = createPrivacy({
    work, clock, vault, evidence, offices, people, notices, sections: ofConsumer,
    ...createOpenMatters({ contracts, disputes, refunds, handovers })
  })

  const jobs: Job[] = [timetable.job, createWindows({ work, contracts, ledger }), closures.job, outbox.job, identity.job, accessLog.job, dailyFigures.job, dispatch.job, createJournalTotals({ work }), createMovementTotals({ work })]
  const runner = createJobRunner({
    clock, jobs, offices: offices.numbers, ...(looking ? { stuckAfterMs: looking.deadAfterMs } : {}),
    onFailure: (job, error) => { metrics.jobFailures.inc({ job }); logger.error({ err: error, job }, 'job failed, will be retried') }
  })

  const lookingPool = createPool({ connectionString: serviceUrl, max: 3, onError, applicationName: 'ticun looking', isCluster, patience: { connectMs: 2_000, answerMs: 20_000 } })
  const { health, collect } = createOperation({
    pool: lookingPool, clock, registry: metrics.registry, version, runner, redemptionsWaiting: redeemer.waiting, replicaLag: replica?.lag, ...looking,
    pools: { requests: pool, redemptions: redemptionPool, ...(replica ? { reads: replica.pool } : {}) },
    offices: async () => (await offices.list()).map(({ number }) => number),
    // What the sandbox has fail on order is not the disk.
    probe: createStorage({ directory: join(config.dataDirectory, 'incoming'), shelf }).probe, hasBucket: config.s3 !== undefined,
    onTurn: (check, state, error) => { if (state === 'ok') logger.info({ check }, 'ready again'); else logger.error({ check, err: error }, 'not ready') },
    onFailure: (part, error) => { metrics.collectionFailures.inc({ part }); logger.warn({ err: error, part }, 'figures could not be read') }
  })

  const { app, addRoutes } = await createServer({
    logger, clock, keys: tokenKeys, issuer, version, metrics,
    isRevoked: revocations.isRevoked,
    stepUp: { check: identity.checkFresh, problem: stepUpRequired },
    readiness: health.readiness,
    metricsAccess: config.metricsAccess, collect, tracing,
    rateLimit: config.rateLimits ? { max: 300, windowSeconds: 60 } : undefined,
    limits: config.requestsAtWork,
    trustProxy: config.trustProxy,
    onUndeclared: onUndeclared ?? ((request, kind) => { request.log.warn({ reqId: request.id, code: kind.code }, 'undeclared problem') })
  })
  const sandbox = sandboxClock && sandboxSms && {
    routes: sandboxRoutes({
      sms: sandboxSms,
      time: createSandboxTime({ clock: sandboxClock, runner, exclusively: (use) => exclusively(serviceUrl, clockLockKey, use) })
    }),
    seed: createSeed({ work, offices, people, exclusively: (use) => exclusively(serviceUrl, seedLockKey, use), parts: [createHolidaySeed({ work, offices }), createPolicySeed({ work, offices }), createAdministratorSeed({ work, people }), createMerchantSeed({ work, clock, people, merchants, products })] })
  }
  await addRoutes(
    privacyRoutes(privacy),
    staffRoutes(createStaff({ work, clock, vault, offices, people, secondFactors, signIns })),
    accessLogRoutes(accessLog),
    identityRoutes({
      identity, signingProblems: handoverSigningProblems,
      documentOf: async (caller, contractId) => await handovers.documentToSign(caller, contractId) ?? contracts.documentToSign(caller, contractId)
    }),
    merchantRoutes(merchants, createAccountChanges({ work, clock, vault, evidence, outbox, timetable, merchants })),
    productRoutes(products),
    contractRoutes(contracts),
    documentRoutes(documents),
    certificateRoutes(certificates),
    partyStatementRoutes(createPartyStatements({ work, clock, certificates, contracts, documents, identity, merchants, offices, redemptions, refunds, settlements })),
    depositRoutes(deposits),
    redemptionRoutes(redemptions),
    refundRoutes(refunds, bankRefunds),
    closureRoutes(closures),
    disputeRoutes({ disputes, negotiation, mediation, appointments, arbitration, executions }),
    casefileRoutes({ casefiles, bundles }),
    claimRoutes(claims),
    holdRoutes(holds),
    pauseRoutes(pauses),
    handoverRoutes(handovers),
    changeRoutes(createChanges({ work, clock, contracts, merchants, evidence, timetable })),
    settlementRoutes(settlements),
    unclaimedRoutes(unclaimed),
    evidenceRoutes({ log: evidenceKeeper.log, officeProblems: [officeRequired] }),
    receiptRoutes(evidenceKeeper.log, [
      { path: '/contracts/:id/receipt', prefix: 'ctr', operationId: 'getContractReceipt', summary: 'The evidence of a contract and its deposit, to be checked without us' },
      { path: '/redemptions/:id/receipt', prefix: 'red', operationId: 'getRedemptionReceipt', summary: 'The evidence of a redemption' },
      { path: '/refunds/:id/receipt', prefix: 'ref', operationId: 'getRefundReceipt', summary: 'The evidence of a refund' },
      { path: '/disputes/:id/receipt', prefix: 'dsp', operationId: 'getDisputeReceipt', summary: 'The evidence of a dispute, up to its award' },
      {
        path: '/settlements/:id/receipt', prefix: 'stl', operationId: 'getSettlementReceipt', summary: 'The evidence of a settlement and each of its payouts', access: ['notary'],
        alsoAbout: async (caller, id) => (await settlements.view(caller, id as `stl_${string}`)).items.map((item) => item.id)
      },
      { path: '/payouts/:id/receipt', prefix: 'sti', operationId: 'getPayoutReceipt', summary: 'The evidence of one merchant\'s payout', access: ['merchant', 'notary'] }
    ]),
    bankRoutes(bankStatements, suspense),
    reconciliationRoutes(reconciliations),
    channelReportRoutes(channelReports),
    webhookRoutes(webhooks),
    bureauRoutes(bureau),
    warningRoutes(warnings, alerts),
    trustRoutes(createTrust({ work, clock, offices, merchants, products, publicUrl: config.publicUrl })),
    ...(sandboxChannel && sandboxBank ? [sandboxPaymentRoutes(createSandboxPayments({ work, clock, offices, channel: sandboxChannel, bank: sandboxBank, deposits }))] : []),
    ...(sandboxBank ? [sandboxBankRoutes({ sandboxBank, onReturn: payouts.recordReturn }), checkRoutes(createChecks({ work, clock, offices }))] : []),
    ...(sandbox ? [sandbox.routes] : []),
    ...(faults ? [sandboxFaultRoutes(faults)] : [])
  )
  await sandbox?.seed()
  await app.ready()

  return {
    app,
    pool,
    /** Starts the jobs; the service is ready once they have run. */
    start: (): void => {
      runner.start()
      evidenceKeeper.start()
      health.serve()
    },
    /** Runs everything due by the clock's now, once: what tests use in place of the ticking jobs. */
    runDue: () => runner.runDue(clock.now()),
    /** Sequences, time-stamps and anchors what there is, once: what tests use in place of the ticking rounds. */
    keepEvidence: () => evidenceKeeper.runOnce(),
    /** Drains what is in flight, then lets go of the database. */
    close: async (): Promise<void> => {
      health.stop()
      await runner.stop()
      await dispatch.stop()
      await evidenceKeeper.stop()
      await app.close()
      await redeemer.drain()
      await redemptionPool.end()
      await revocationListener.close()
      await sandboxClock?.close()
      await replica?.close()
      await lookingPool.end()
      await pool.end()
      await traces?.close()
    }
  }
}

export type TicunApp = Awaited<ReturnType<typeof createApp>>
