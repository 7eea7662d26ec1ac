import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import { hash, timingSafeEqual } from 'node:crypto'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import { notFound, unauthenticated } from '../kernel/problems.js'

/** The service's Prometheus metrics, one registry a process; those that are read at a scrape are in operation/gauges.ts. */
export const createMetrics = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requestSeconds: new Histogram({ name: 'http_request_duration_seconds', help: 'HTTP requests', labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5], registers: [registry] }),
    batchSize: new Histogram({ name: 'ticun_redemption_batch_size', help: 'Redemptions booked by one commit', buckets: [1, 4, 16, 64, 128, 256], registers: [registry] }),
    batchSeconds: new Histogram({ name: 'ticun_redemption_batch_duration_seconds', help: 'From a batch of redemptions\' first statement until it was durable', buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5], registers: [registry] }),
    commitSeconds: new Histogram({ name: 'ticun_redemption_commit_duration_seconds', help: 'The commit of a batch of redemptions alone', buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5], registers: [registry] }),
    requestsRefused: new Counter({ name: 'ticun_requests_refused_total', help: 'Requests answered 503 because too many were at work', labelNames: ['lane'], registers: [registry] }),
    jobFailures: new Counter({ name: 'ticun_job_failures_total', help: 'Job runs that failed and will be retried', labelNames: ['job'], registers: [registry] }),
    outboxFailures: new Counter({ name: 'ticun_outbox_failures_total', help: 'Deliveries that failed and will be retried', labelNames: ['topic'], registers: [registry] }),
    collectionFailures: new Counter({ name: 'ticun_collection_failures_total', help: 'Parts of a scrape that could not be read', labelNames: ['part'], registers: [registry] })
  }
}
export type Metrics = ReturnType<typeof createMetrics>

/** Who may scrape: anybody, who shows the token, or nobody. */
export type MetricsAccess = 'open' | 'closed' | Readonly<{ token: string }>

type Options = Readonly<{
  metrics: Metrics
  access: MetricsAccess
  /** Reads what is read at a scrape. Must not throw. */
  collect: () => Promise<void>
}>

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

const admit = (access: MetricsAccess, authorization: string | undefined): void => {
  if (access === 'open') return
  if (access === 'closed') throw notFound({})
  const [, token = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  if (!timingSafeEqual(digest(token), digest(access.token))) throw unauthenticated({})
}

const plugin: FastifyPluginAsync<Options> = async (app, { metrics, access, collect }) => {
  app.addHook('onResponse', (request, reply, done) => {
    metrics.requestSeconds.observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', { config: { rateLimit: false } }, async ({ headers }, reply) => {
    admit(access, headers.authorization)
    await collect()
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

export const metrics = fp(plugin, { name: 'metrics' })
