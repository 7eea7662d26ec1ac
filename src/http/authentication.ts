import fastifyJwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { End, type Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { idSchema } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { forbidden, unauthenticated } from '../kernel/problems.js'

/*
 * A token (JWT, EdDSA) is for one person at one end. Verified tokens are cached, because Ed25519
 * costs more than a redemption's whole share of the database; expiry and revocation are checked at
 * every call, expiry by the service's own clock.
 */

export const Claims = z.object({
  sub: idSchema('per'),
  end: End,
  roles: z.array(z.string()),
  office: z.int().positive().optional(),
  merchant: idSchema('mer').optional(),
  sid: idSchema('ses'),
  iat: z.int(),
  exp: z.int()
}).strict()
export type Claims = z.infer<typeof Claims>

export type TokenKeys = Readonly<{ privatePem: string; publicPem: string; keyId: string }>

type Options = Readonly<{
  clock: Clock
  keys: TokenKeys
  issuer: string
  /** Whether the session was ended; must answer from memory. */
  isRevoked: (sessionId: Claims['sid']) => boolean
}>

declare module 'fastify' {
  interface FastifyInstance {
    signToken: (claims: Omit<Claims, 'iat' | 'exp'>, lifetimeSeconds: number) => string
  }
}

const verifiedMax = 20_000

const bearer = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i

const plugin: FastifyPluginAsync<Options> = async (app, { clock, keys, issuer, isRevoked }) => {
  await app.register(fastifyJwt, {
    secret: { private: keys.privatePem, public: keys.publicPem },
    sign: { algorithm: 'EdDSA', kid: keys.keyId, iss: issuer },
    verify: { algorithms: ['EdDSA'], allowedIss: issuer, ignoreExpiration: true, ignoreNotBefore: true }
  })

  const jwks = { keys: [publicJwkOf(keys)] }
  app.get('/.well-known/jwks.json', async (_, reply) => reply.header('cache-control', 'public, max-age=300').send(jwks))

  const nowSeconds = () => Math.floor(clock.now().getTime() / 1000)

  app.decorate('signToken', (claims, lifetimeSeconds) => {
    const iat = nowSeconds()
    return app.jwt.sign({ ...claims, iat, exp: iat + lifetimeSeconds })
  })

  // The key may have signed other things, or for other times: a token says exactly what ours say (RFC 8725 §3.8, §3.11, §3.12).
  const Signed = Claims.extend({ iss: z.literal(issuer) })

  // The library's own cache hashes and decodes the token at every call; the token itself is key enough.
  const verified = new Map<string, Claims>()

  const claimsOf = (token: string): Claims | undefined => {
    const known = verified.get(token)
    if (known !== undefined) return known
    try {
      const { iss: _, ...claims } = Signed.parse(app.jwt.verify(token))
      if (verified.size >= verifiedMax) for (const oldest of verified.keys()) { verified.delete(oldest); break }
      verified.set(token, claims)
      return claims
    } catch {
      return undefined
    }
  }

  app.decorateRequest('callerIfAny', undefined)
  app.decorateRequest('caller', {
    getter () {
      invariant(this.callerIfAny, 'a route that needs a caller must declare access')
      return this.callerIfAny
    }
  })

  /** The answer says how old its data may be: the oldest of all that was read for it. */
  const lagNoter = (reply: FastifyReply): Caller['noteLag'] => {
    let worstMs = 0
    return (lagMs) => {
      worstMs = Math.max(worstMs, lagMs)
      if (!reply.sent) reply.header('ticun-lag-seconds', String(worstMs / 1000))
    }
  }

  const authenticate = (request: FastifyRequest, reply: FastifyReply): void => {
    const { access, ignoresBadToken } = request.routeOptions.config
    if (access === undefined) return
    const token = bearer.exec(request.headers.authorization ?? '')?.[1]
    const claims = token === undefined ? undefined : claimsOf(token)
    const valid = claims !== undefined && claims.exp > nowSeconds() && !isRevoked(claims.sid)
    if (!valid) {
      if (access === 'public' && (ignoresBadToken || request.headers.authorization === undefined)) return
      throw unauthenticated({})
    }
    const caller = callerOf(claims, { id: request.id, operation: operationOf(request.routeOptions.schema), address: request.ip })
    request.callerIfAny = claims.end === 'bureau' ? { ...caller, noteLag: lagNoter(reply) } : caller
    if (Array.isArray(access) && !access.includes(claims.end)) throw forbidden({})
  }

  app.addHook('onRequest', (request, reply, done) => {
    authenticate(request, reply)
    done()
  })
}

/** The public key by which others verify tokens (RFC 7517, RFC 8037). */
const publicJwkOf = ({ publicPem, keyId }: TokenKeys) => ({
  ...createPublicKey(publicPem).export({ format: 'jwk' }), kid: keyId, alg: 'EdDSA', use: 'sig'
})

const operationOf = (schema: unknown): string => (schema as { operationId?: string } | undefined)?.operationId ?? 'unknown'

const callerOf = (claims: Claims, request: Caller['request']): Caller => ({
  personId: claims.sub,
  end: claims.end,
  roles: claims.roles,
  office: claims.office,
  merchantId: claims.merchant,
  sessionId: claims.sid,
  request
})

export const authentication = fp(plugin, { name: 'authentication' })
