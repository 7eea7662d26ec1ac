import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Routes } from '../http/types.js'
import type { ProblemKind } from '../kernel/problem.js'
import { wrongState } from '../kernel/problems.js'
import { accessTokenSeconds, Challenge, Me, NewChallenge, NewIdentity, NewPassword, Refresh, SignedIn, SignIn, TokenPair } from './model.js'
import { chooseMembership, codeExpired, codeInvalid, credentialsInvalid, signInLocked, smsUnavailable } from './problems.js'
import type { DocumentOf, Granted, Identity } from './service.js'

type Options = Readonly<{
  identity: Identity
  documentOf: DocumentOf
  /** what may be wrong with a document that somebody wants to sign */
  signingProblems: readonly ProblemKind[]
}>

const NoContent = z.undefined()

const requestOf = ({ id, ip }: FastifyRequest, operation: string) => ({ id, operation, address: ip })

export const identityRoutes = ({ identity, documentOf, signingProblems }: Options): Routes => async (app) => {
  const pairOf = ({ claims, refreshToken }: Granted) => ({
    accessToken: app.signToken(claims, accessTokenSeconds), refreshToken, expiresIn: accessTokenSeconds
  })

  app.post('/auth/challenges', {
    schema: {
      operationId: 'requestCode',
      summary: 'Send a code by SMS, to sign in or to sign a contract',
      description: 'A sign_contract challenge needs the consumer\'s token and is bound to the contract\'s document by its hash.',
      tags: ['sign-in'],
      body: NewChallenge,
      response: { 201: Challenge }
    },
    config: { access: 'public', ignoresBadToken: true, problems: [smsUnavailable, wrongState, ...signingProblems] }
  }, async ({ body, callerIfAny }, reply) => {
    reply.code(201)
    return identity.challenge(body, callerIfAny, documentOf)
  })

  app.post('/auth/sessions', {
    schema: {
      operationId: 'signIn',
      summary: 'Sign in at one end with the code; consumers register by it',
      tags: ['sign-in'],
      body: SignIn,
      response: { 201: SignedIn }
    },
    config: { access: 'public', ignoresBadToken: true, problems: [codeInvalid, codeExpired, credentialsInvalid, signInLocked, chooseMembership] }
  }, async (request, reply) => {
    const granted = await identity.signIn(request.body, requestOf(request as FastifyRequest, 'signIn'))
    reply.code(201)
    return { ...pairOf(granted), user: await identity.userOf(granted.claims) }
  })

  app.post('/auth/sessions/refresh', {
    schema: {
      operationId: 'refreshSession',
      summary: 'The next pair of tokens; an old refresh token used again ends the session',
      tags: ['sign-in'],
      body: Refresh,
      response: { 200: TokenPair }
    },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ body }) => pairOf(await identity.refresh(body)))

  app.delete('/auth/sessions/current', {
    schema: { operationId: 'signOut', summary: 'Sign out: both tokens end', tags: ['sign-in'], response: { 204: NoContent } },
    config: { access: 'signed_in' }
  }, async ({ caller }, reply) => {
    await identity.signOut(caller)
    reply.code(204)
  })

  app.get('/me', {
    schema: { operationId: 'getMe', summary: 'Who is signed in, masked', tags: ['sign-in'], response: { 200: Me } },
    config: { access: 'signed_in' }
  }, async ({ caller }) => identity.me(caller))

  app.put('/me/identity', {
    schema: { operationId: 'setIdentity', summary: 'Legal name and ID number (GB 11643), stored encrypted', tags: ['sign-in'], body: NewIdentity, response: { 200: Me } },
    config: { access: 'signed_in', problems: [wrongState] }
  }, async ({ caller, body }) => identity.setIdentity(caller, body))

  app.put('/me/password', {
    schema: { operationId: 'changePassword', summary: 'Change the password; every other session of the person ends', tags: ['sign-in'], body: NewPassword, response: { 204: NoContent } },
    config: { access: ['notary', 'operator', 'bureau', 'adjudicator'], problems: [credentialsInvalid, signInLocked] }
  }, async ({ caller, body }, reply) => {
    await identity.changePassword(caller, body)
    reply.code(204)
  })
}
