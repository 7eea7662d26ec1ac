import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import helmet, { type HelmetOptions } from 'helmet'
import type { IncomingMessage, ServerResponse } from 'node:http'

/*
 * Helmet says which security headers an answer has. They are the same for every answer, so it is
 * asked once: as middleware on every request it would cost a tenth of a redemption.
 */

const headersOf = (options: HelmetOptions): Record<string, string> => {
  const headers: Record<string, string> = {}
  const response = { setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value }, removeHeader: () => undefined }
  let error: unknown
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (failure) => { error = failure })
  if (error !== undefined) throw error
  return headers
}

const plugin: FastifyPluginAsync = async (app) => {
  const headers = headersOf({
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'self'"], imgSrc: ["'self'", 'data:'], styleSrc: ["'self'", "'unsafe-inline'"], upgradeInsecureRequests: null }
    }
  })
  app.addHook('onRequest', (_, reply, done) => {
    reply.headers(headers)
    done()
  })
}

export const secureHeaders = fp(plugin, { name: 'secure-headers' })
