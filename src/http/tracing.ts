import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import type { Span, Tracing } from '../kernel/tracing.js'

/*
 * A span for each request, named by its route: the path itself holds ids, and a query may hold
 * more. A caller's own trace is gone on with only where a proxy stands before the service: anyone
 * else could choose what is recorded.
 */

type Options = Readonly<{ tracing: Tracing; followsCaller: boolean }>

declare module 'fastify' {
  interface FastifyRequest {
    /** Its span, where requests are traced and this one is. */
    span: Span | undefined
  }
}

const quiet = new Set(['/healthz', '/readyz', '/metrics'])

const plugin: FastifyPluginAsync<Options> = async (app, { tracing, followsCaller }) => {
  app.decorateRequest('span', undefined)

  app.addHook('onRequest', (request, _, done) => {
    const { method, routeOptions: { url: route }, headers: { traceparent } } = request
    if (route !== undefined && quiet.has(route)) {
      done()
      return
    }
    const span = tracing.begin(route === undefined ? method : `${method} ${route}`, {
      kind: 'server', attributes: { 'http.request.method': method, ...(route === undefined ? {} : { 'http.route': route }) },
      traceparent: followsCaller && typeof traceparent === 'string' ? traceparent : undefined
    })
    request.span = span
    span.within(done)
  })

  // The body's last piece comes by the socket, which belongs to no request.
  app.addHook('preValidation', (request, _, done) => {
    if (request.span) request.span.within(done)
    else done()
  })

  app.addHook('onResponse', (request, reply, done) => {
    request.span?.set({ 'http.response.status_code': reply.statusCode })
    request.span?.end(reply.statusCode >= 500 ? String(reply.statusCode) : undefined)
    done()
  })
}

export const requestTracing = fp(plugin, { name: 'tracing' })
