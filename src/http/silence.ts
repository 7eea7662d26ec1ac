import type { FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { App } from './types.js'

/** How long a connection may be silent, in milliseconds; tests that inject requests have none. */
const allowSilence = ({ socket }: IncomingMessage, ms: number): void => { if (socket instanceof Socket) socket.setTimeout(ms) }

/**
 * Keeps connections until their answer, for the routes of one plugin: a large file is read, or ten
 * thousand merchants are paid, for longer than a connection that says nothing is otherwise kept.
 */
export const keepUntilAnswered = (app: App): void => {
  const forget = async (request: FastifyRequest): Promise<void> => { allowSilence(request.raw, app.server.timeout) }
  app.addHook('preHandler', async (request) => { allowSilence(request.raw, 0) })
  app.addHook('onResponse', forget)
  app.addHook('onRequestAbort', forget)
}
