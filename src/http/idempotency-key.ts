import { hash } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import { invariant } from '../kernel/invariant.js'
import { validationFailed } from '../kernel/problems.js'
import { idempotencyKeyRequired } from './problems.js'

/*
 * The Idempotency-Key header (IETF draft-ietf-httpapi-idempotency-key-header). This plugin only
 * reads it; the unit of work stores it with the effect.
 */

const visible = /^[\x21-\x7e]{1,255}$/

const wire = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)

const isFlat = (body: object): boolean => {
  for (const value of Object.values(body)) if (typeof value === 'bigint' || typeof value === 'object') return false
  return true
}

/** A body as text; a replacer, which only bigints need, costs three times as much. */
const textOf = (body: unknown): string =>
  JSON.stringify(body ?? {}, typeof body === 'object' && body !== null && isFlat(body) ? undefined : wire)

const plugin: FastifyPluginAsync = async (app) => {
  app.decorateRequest('commandIfAny', undefined)
  app.decorateRequest('command', {
    getter () {
      invariant(this.commandIfAny, 'a route that takes a command must declare idempotent')
      return this.commandIfAny
    }
  })

  app.addHook('preHandler', (request, reply, done) => {
    if (!request.routeOptions.config.idempotent) {
      done()
      return
    }
    const key = request.headers['idempotency-key']
    if (key === undefined || key === '') throw idempotencyKeyRequired({})
    if (typeof key !== 'string' || !visible.test(key)) {
      throw validationFailed({ errors: [{ path: 'Idempotency-Key', message: { zh: '须为 1 至 255 个可见字符', en: 'must be 1 to 255 visible characters' } }] })
    }
    const requestHash = hash('sha256', `${request.method} ${request.url}\n${textOf(request.body)}`, 'buffer')
    request.commandIfAny = {
      caller: request.caller,
      key,
      requestHash,
      markReplayed: () => { reply.header('idempotency-replayed', 'true') }
    }
    done()
  })
}

export const idempotencyKey = fp(plugin, { name: 'idempotency-key', dependencies: ['authentication'] })
