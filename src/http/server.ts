import fastifyRateLimit from '@fastify/rate-limit'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId } from '../kernel/id.js'
import type { Problem, ProblemKind } from '../kernel/problem.js'
import { notFound, rateLimited } from '../kernel/problems.js'
import type { Tracing } from '../kernel/tracing.js'
import { admission, type AdmissionLimits } from './admission.js'
import { authentication, type Claims, type TokenKeys } from './authentication.js'
import { catalogueRoutes, universalProblems } from './catalogue.js'
import { refuseConnection } from './client-errors.js'
import { idempotencyKey } from './idempotency-key.js'
import { metrics, type Metrics, type MetricsAccess } from './metrics.js'
import { openapi } from './openapi.js'
import { assertPlainText } from './plain-text.js'
import { createErrorHandler, type UndeclaredProblem } from './problem-details.js'
import { secureHeaders } from './secure-headers.js'
import { requestTracing } from './tracing.js'
import type { App, Routes } from './types.js'
import { serializerCompiler, validatorCompiler } from './zod.js'

export type ServerOptions = Readonly<{
  logger: FastifyBaseLogger
  clock: Clock
  keys: TokenKeys
  issuer: string
  version: string
  isRevoked: (sessionId: Claims['sid']) => boolean
  /** Whether this process may have traffic, and the state of each check; must not throw. */
  readiness: () => Promise<Readonly<{ status: string; checks: Readonly<Record<string, string>> }>>
  rateLimit: { max: number; windowSeconds: number } | undefined
  /** How many requests may be at work at once. */
  limits: AdmissionLimits
  trustProxy: boolean
  metrics: Metrics
  metricsAccess: MetricsAccess
  /** Reads what is read at a scrape; must not throw. */
  collect: () => Promise<void>
  tracing?: Tracing | undefined
  /** Refuses a caller whose proof of the second factor is not fresh; asked at routes that declare `stepUp`. */
  stepUp: Readonly<{ check: (caller: Caller) => Promise<void>; problem: ProblemKind }>
  /** Called when a route answers with a problem it does not declare: an error in tests, a log line otherwise. */
  onUndeclared: UndeclaredProblem
}>

const unplain = (raw: string, value: unknown): Error | null => {
  try {
    assertPlainText(raw, value)
    return null
  } catch (error) {
    return error as Error
  }
}

const bodyMaxBytes = 1_048_576
/** A telephone on the worst of lines sends a few kilobytes in this time; whoever takes longer holds a connection on purpose. */
const headersTimeoutMs = 15_000
/** Node looks every 30 s unless told otherwise, so that a limit of 15 would be one of 45. */
const connectionsCheckedMs = 1_000
const headersMaxBytes = 16_384
/** Open at once, most of them idle; a proxy before the service needs a few hundred. */
const connectionsMax = 10_000

/** Fastify with everything that is not about Ticun's trade. Features register under `/v1` by `addRoutes`. */
export const createServer = async (options: ServerOptions) => {
  const errorHandler = createErrorHandler(options.onUndeclared)
  const app = Fastify({
    loggerInstance: options.logger,
    bodyLimit: bodyMaxBytes,
    // A file of 20 MB over a slow line takes its time.
    requestTimeout: 120_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: connectionsCheckedMs, maxHeaderSize: headersMaxBytes },
    clientErrorHandler: refuseConnection,
    routerOptions: { maxParamLength: 200, caseSensitive: true },
    trustProxy: options.trustProxy,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => newId('req', 0),
    // A logger of its own for each request costs more than the request's answer; what is logged names the request.
    childLoggerFactory: (logger) => logger,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // A path the router itself cannot read never comes to a route or a hook.
    frameworkErrors: (error, request, reply) => errorHandler(error, request as FastifyRequest, reply.header('x-request-id', request.id) as FastifyReply)
  })

  app.setErrorHandler<FastifyError | Problem>(errorHandler)
  app.setNotFoundHandler((request, reply) => errorHandler(notFound({}), request, reply))

  // Calls without a body may still say application/json.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() === '') done(null, {})
    else parseJson(request, body, (error, value) => { done(error ? Object.assign(error, { code: 'FST_ERR_CTP_INVALID_JSON_BODY', statusCode: 400 }) : unplain(body, value), value) })
  })

  // Hooks take `done`: at this many hooks a request, promises are a good part of what an answer costs.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })

  app.server.maxConnections = connectionsMax
  if (options.tracing) await app.register(requestTracing, { tracing: options.tracing, followsCaller: options.trustProxy })
  await app.register(secureHeaders)
  await app.register(admission, { limits: options.limits, onRefused: (lane) => { options.metrics.requestsRefused.inc({ lane }) } })
  if (options.rateLimit) {
    await app.register(fastifyRateLimit, {
      max: options.rateLimit.max,
      timeWindow: options.rateLimit.windowSeconds * 1000,
      errorResponseBuilder: (_, { ttl }) => rateLimited({ retryAfterSeconds: Math.ceil(ttl / 1000) })
    })
  }
  await app.register(metrics, { metrics: options.metrics, access: options.metricsAccess, collect: options.collect })
  await app.register(authentication, options)
  await app.register(idempotencyKey)
  await app.register(openapi, {
    title: 'Ticun （提存）',
    version: options.version,
    description: 'Prepaid-fee escrow by notarial deposit: contracts, deposits, redemptions, settlement, refunds.'
  })

  // Probes come from wherever a proxy's requests come from, too: they are not counted with them.
  const uncounted = { config: { rateLimit: false } } as const
  app.get('/healthz', uncounted, async () => ({ status: 'ok' }))
  app.get('/readyz', uncounted, async (_, reply) => {
    const readiness = await options.readiness()
    return reply.code(readiness.status === 'ready' ? 200 : 503).header('cache-control', 'no-store').send(readiness)
  })

  const kinds = new Map(universalProblems.map((kind) => [kind.code, kind]))
  const catalogue = catalogueRoutes(() => [...kinds.values()].sort((a, b) => a.code.localeCompare(b.code)))

  const addRoutes = async (...features: Routes[]) => {
    await app.register(async (v1) => {
      v1.setValidatorCompiler(validatorCompiler as never)
      v1.setSerializerCompiler(serializerCompiler as never)
      v1.addHook('onRoute', ({ config, url }) => {
        if (config?.access === undefined) throw new Error(`${url} does not say who may call it`)
        if (config.stepUp) config.problems = [...config.problems ?? [], options.stepUp.problem]
        for (const kind of config.problems ?? []) kinds.set(kind.code, kind)
      })
      // An empty body and {} are the same request.
      v1.addHook('preValidation', (request, _, done) => {
        if (request.method === 'POST' && request.body === undefined) request.body = {}
        done()
      })
      v1.addHook('preHandler', (request, _, done) => {
        if (!request.routeOptions.config.stepUp) done()
        else options.stepUp.check(request.caller).then(() => { done() }, done)
      })
      for (const routes of [catalogue, ...features]) await v1.register(routes as never)
    }, { prefix: '/v1' })
  }

  return { app: app as unknown as App, addRoutes }
}
