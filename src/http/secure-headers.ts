import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import helmet, { type HelmetOptions } from 'helmet'
import type { IncomingMessage, ServerResponse } from 'node:http'

/*
 * Helmet says which security headers an answer has. They are the same for every answer of a kind,
 * so it is asked once: as middleware on every request it would cost a tenth of a redemption. An
 * answer of the API has those that mean something for data (OWASP REST Security Cheat Sheet), a page
 * has all of them.
 */

const headersOf = (options: HelmetOptions): Record<string, string> => {
  const headers: Record<string, string> = {}
  const response = { setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value }, removeHeader: () => undefined }
  let error: unknown
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (failure) => { error = failure })
  if (error !== undefined) throw error
  return headers
}

const ofPages = headersOf({
  contentSecurityPolicy: {
    directives: { defaultSrc: ["'self'"], imgSrc: ["'self'", 'data:'], styleSrc: ["'self'", "'unsafe-inline'"], upgradeInsecureRequests: null }
  }
})

const ofData = headersOf({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  xFrameOptions: { action: 'deny' },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false
})

const plugin: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(request.url.startsWith('/v1/') ? ofData : ofPages)
    done()
  })
}

export const secureHeaders = fp(plugin, { name: 'secure-headers' })
