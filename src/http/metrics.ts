import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The service's Prometheus metrics, one registry a process. */
export const createMetrics = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requestSeconds: new Histogram({ name: 'http_request_duration_seconds', help: 'HTTP requests', labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5], registers: [registry] }),
    batchSize: new Histogram({ name: 'ticun_redemption_batch_size', help: 'Redemptions booked by one commit', buckets: [1, 4, 16, 64, 128, 256], registers: [registry] }),
    queueDepth: new Gauge({ name: 'ticun_redemption_queue_depth', help: 'Redemptions waiting for a batch', registers: [registry] }),
    requestsRefused: new Counter({ name: 'ticun_requests_refused_total', help: 'Requests answered 503 because too many were at work', labelNames: ['lane'], registers: [registry] }),
    jobFailures: new Counter({ name: 'ticun_job_failures_total', help: 'Job runs that failed and will be retried', labelNames: ['job'], registers: [registry] }),
    outboxFailures: new Counter({ name: 'ticun_outbox_failures_total', help: 'Deliveries that failed and will be retried', labelNames: ['topic'], registers: [registry] })
  }
}
export type Metrics = ReturnType<typeof createMetrics>

const plugin: FastifyPluginAsync<{ metrics: Metrics }> = async (app, { metrics }) => {
  app.addHook('onResponse', (request, reply, done) => {
    metrics.requestSeconds.observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
}

export const metrics = fp(plugin, { name: 'metrics' })
