import { createHash } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import type { Command } from '../kernel/caller.js'
import { invariant } from '../kernel/invariant.js'
import { validationFailed } from '../kernel/problems.js'
import { idempotencyKeyRequired } from './problems.js'

/*
 * The Idempotency-Key header (IETF draft-ietf-httpapi-idempotency-key-header). This plugin only
 * reads it; the unit of work stores it with the effect.
 */

const visible = /^[\x21-\x7e]{1,255}$/

const wire = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)

const plugin: FastifyPluginAsync = async (app) => {
  const commands = new WeakMap<object, Command>()

  app.decorateRequest('command', {
    getter () {
      const command = commands.get(this)
      invariant(command, 'a route that takes a command must declare idempotent')
      return command
    }
  })

  app.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.config.idempotent) return
    const key = request.headers['idempotency-key']
    if (key === undefined || key === '') throw idempotencyKeyRequired({})
    if (typeof key !== 'string' || !visible.test(key)) {
      throw validationFailed({ errors: [{ path: 'Idempotency-Key', message: { zh: '须为 1 至 255 个可见字符', en: 'must be 1 to 255 visible characters' } }] })
    }
    const requestHash = createHash('sha256')
      .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? {}, wire)}`)
      .digest()
    commands.set(request, {
      caller: request.caller,
      key,
      requestHash,
      markReplayed: () => { reply.header('idempotency-replayed', 'true') }
    })
  })
}

export const idempotencyKey = fp(plugin, { name: 'idempotency-key', dependencies: ['authentication'] })
