import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { newId } from '../kernel/id.js'
import { inLanguage, type Language } from '../kernel/problem.js'
import { unavailable } from '../kernel/problems.js'

/*
 * How many requests are at work at once is bounded: whatever they wait for inside (a connection to
 * the database, a place in a batch, a thread that hashes), they are the queue before it. Past the
 * bound the answer is "try again" at once. It is given at the door, before the framework, because a
 * service stays at its best under twice its load only if refusing costs next to nothing.
 *
 * A request is at work from when its body has come until its answer begins, so that neither a slow
 * sender nor a slow reader holds a place.
 */

/** Redemptions wait for their batch by themselves and hold no one else up; everything else shares the connections. */
export type Lane = 'usual' | 'redemptions'

export type AdmissionLimits = Readonly<Record<Lane, number>>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which requests it may hold up, and be held up by. Left out: the usual ones. */
    lane?: Lane
  }

  interface FastifyRequest {
    /** The lane it is at work in, while it is. On the request and not in a map beside it: a weak map that has grown old keeps what is young alive. */
    laneHeld: Lane | undefined
  }
}

const retryAfterSeconds = 1

/**
 * The answer at the door, but for its number: as `createErrorHandler` would write it. A character of
 * it is a byte of the UTF-8 that goes out (latin1), because turning text into that for each answer
 * takes a tenth of what a refusal costs.
 */
const refusalIn = (language: Language): string => {
  const { kind, detail } = unavailable({ retryAfterSeconds })
  return Buffer.from(JSON.stringify({
    retryAfterSeconds, type: `/v1/problems#${kind.code}`, title: inLanguage(kind.title, language), status: kind.status, code: kind.code, detail: inLanguage(detail, language)
  }).slice(0, -1)).toString('latin1')
}
const refusals: Readonly<Record<Language, string>> = { 'zh-CN': refusalIn('zh-CN'), en: refusalIn('en') }

const refuse = ({ headers }: IncomingMessage, response: ServerResponse): void => {
  const id = newId('req', 0)
  const body = `${refusals[/^en\b/i.test(headers['accept-language'] ?? '') ? 'en' : 'zh-CN']},"requestId":"${id}"}`
  response.writeHead(503, {
    'content-type': 'application/problem+json; charset=utf-8', 'content-length': body.length, 'retry-after': String(retryAfterSeconds),
    'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': id
  })
  response.end(body, 'latin1')
}

const plugin: FastifyPluginAsync<{ limits: AdmissionLimits; onRefused?: (lane: Lane) => void }> = async (app, { limits, onRefused }) => {
  const atWork: Record<Lane, number> = { usual: 0, redemptions: 0 }
  const laneOfPath = new Map<string, Lane>()

  const isFull = (lane: Lane): boolean => {
    if (atWork[lane] < limits[lane]) return false
    onRefused?.(lane)
    return true
  }

  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.lane !== undefined) for (const one of [method].flat()) laneOfPath.set(`${one} ${url}`, config.lane)
  })

  /** By the bare path, because nothing is parsed yet. Health, metrics and documents are always answered. */
  const laneAtDoor = ({ method, url = '' }: IncomingMessage): Lane | undefined =>
    laneOfPath.get(`${method} ${url}`) ?? (url.startsWith('/v1/') ? 'usual' : undefined)

  const inside = app.server.listeners('request') as RequestListener[]
  app.server.removeAllListeners('request')
  app.server.on('request', (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => {
    const lane = laneAtDoor(request)
    if (lane !== undefined && isFull(lane)) refuse(request, response)
    else for (const listener of inside) listener(request, response)
  })

  const leave = (request: FastifyRequest): void => {
    const lane = request.laneHeld
    if (lane === undefined) return
    request.laneHeld = undefined
    atWork[lane] -= 1
  }

  app.decorateRequest('laneHeld', undefined)

  app.addHook('preHandler', (request, _, done) => {
    const { access, lane = 'usual' } = request.routeOptions.config
    if (access !== undefined) {
      if (isFull(lane)) throw unavailable({ retryAfterSeconds })
      request.laneHeld = lane
      atWork[lane] += 1
    }
    done()
  })

  app.addHook('onSend', (request, _, payload, done) => {
    leave(request)
    done(null, payload)
  })

  // One whose caller has gone away is still at work until its answer is there.
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.sent) leave(request)
    done()
  })
}

export const admission = fp(plugin, { name: 'admission' })
