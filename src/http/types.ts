import type { FastifyInstance, FastifyBaseLogger, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Caller, Command, End } from '../kernel/caller.js'
import type { ProblemKind } from '../kernel/problem.js'

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/** A feature's routes: an encapsulated plugin under /v1. */
export type Routes = (app: App) => Promise<void>

/** Who may call a route: anyone at all, anyone signed in, or the named ends. */
export type Access = 'public' | 'signed_in' | readonly End[]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Required on every route under /v1. */
    access?: Access
    /** On a public route: a token that is not valid counts as none. For the calls by which a caller gets a new one. */
    ignoresBadToken?: true
    /** The call makes an obligation or moves money: Idempotency-Key is required. */
    idempotent?: true
    /** The call moves money or changes who may: the staff prove their second factor anew where the rule asks for it. */
    stepUp?: true
    /** The refusals the route's service may answer with; others fail a test. */
    problems?: readonly ProblemKind[]
  }
  interface FastifyRequest {
    /** Who is signed in. Throws where nobody needs to be. */
    caller: Caller
    /** Who is signed in, where that is optional. */
    callerIfAny: Caller | undefined
    /** The caller together with the idempotency key; only on idempotent routes. */
    command: Command
    /** The same, where the route may not be idempotent. */
    commandIfAny: Command | undefined
  }
}
