import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Routes } from '../http/types.js'
import type { ProblemKind } from '../kernel/problem.js'
import { wrongState } from '../kernel/problems.js'
import {
  accessTokenSeconds, Challenge, EnrolSecondFactor, Enrolment, FactorProof, Me, NewChallenge, NewIdentity, NewPassword, RecoveryCodes, Refresh, SecondFactor, SignedIn, SignIn,
  SignInFilter, SignInRecord, StepUp, SteppedUp, TokenPair
} from './model.js'
import { Page } from '../kernel/page.js'
import { chooseMembership, codeExpired, codeInvalid, credentialsInvalid, guardianRequired, signInLocked, smsUnavailable } from './problems.js'
import { deviceOf, type DocumentOf, type Granted, type Identity } from './service.js'

type Options = Readonly<{
  identity: Identity
  documentOf: DocumentOf
  /** what may be wrong with a document that somebody wants to sign */
  signingProblems: readonly ProblemKind[]
}>

const NoContent = z.undefined()

const requestOf = ({ id, ip, headers }: FastifyRequest, operation: string) =>
  ({ id, operation, address: ip, device: deviceOf(headers['user-agent']) })

/** Whoever signs in with a password. */
const staff = ['notary', 'operator', 'bureau', 'adjudicator', 'administrator'] as const

export const identityRoutes = ({ identity, documentOf, signingProblems }: Options): Routes => async (app) => {
  const pairOf = ({ claims, refreshToken }: Granted) => ({
    accessToken: app.signToken(claims, accessTokenSeconds), refreshToken, expiresIn: accessTokenSeconds
  })

  app.post('/auth/challenges', {
    schema: {
      operationId: 'requestCode',
      summary: 'Send a code by SMS, to sign in, to sign a contract, or to prove the second factor anew',
      description: 'A sign_contract challenge needs the consumer\'s token and is bound to the contract\'s document by its hash; a step_up one needs the token of one of the staff.',
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
    config: { access: 'signed_in', problems: [wrongState, guardianRequired] }
  }, async ({ caller, body }) => identity.setIdentity(caller, body))

  app.put('/me/password', {
    schema: { operationId: 'changePassword', summary: 'Change the password; every other session of the person ends', tags: ['sign-in'], body: NewPassword, response: { 204: NoContent } },
    config: { access: staff, problems: [credentialsInvalid, signInLocked] }
  }, async ({ caller, body }, reply) => {
    await identity.changePassword(caller, body)
    reply.code(204)
  })
  app.post('/auth/step-up', {
    schema: {
      operationId: 'stepUp',
      summary: 'Prove the second factor anew, before an act on money',
      description: 'By the authenticator application, or a recovery code; without one by a code of a step_up challenge. How long it is fresh is the dated rule `step_up`.',
      tags: ['sign-in'],
      body: StepUp,
      response: { 200: SteppedUp }
    },
    config: { access: staff, problems: [codeInvalid, codeExpired] }
  }, async ({ caller, body }) => identity.stepUp(caller, body))

  app.get('/me/second-factor', {
    schema: { operationId: 'getSecondFactor', summary: 'The second factor the caller enrolled', tags: ['sign-in'], response: { 200: SecondFactor } },
    config: { access: staff }
  }, async ({ caller }) => identity.secondFactor(caller))

  app.post('/me/second-factor', {
    schema: {
      operationId: 'enrolSecondFactor',
      summary: 'Begin to enrol an authenticator application (TOTP, RFC 6238)',
      description: 'It takes the SMS code\'s place at the staff\'s ends once its first code was confirmed. Where there is one already, its code is asked for, and it ends.',
      tags: ['sign-in'],
      body: EnrolSecondFactor,
      response: { 201: Enrolment }
    },
    config: { access: staff, problems: [credentialsInvalid, signInLocked, codeInvalid] }
  }, async ({ caller, body }, reply) => {
    const enrolment = await identity.enrolSecondFactor(caller, body)
    reply.code(201)
    return enrolment
  })

  app.post('/me/second-factor/confirm', {
    schema: { operationId: 'confirmSecondFactor', summary: 'Confirm it by its first code; the answer holds the recovery codes, this once', tags: ['sign-in'], body: FactorProof, response: { 200: RecoveryCodes } },
    config: { access: staff, problems: [wrongState, codeInvalid] }
  }, async ({ caller, body }) => identity.confirmSecondFactor(caller, body))

  app.post('/me/second-factor/recovery-codes', {
    schema: { operationId: 'renewRecoveryCodes', summary: 'New recovery codes in place of those that are left', tags: ['sign-in'], body: FactorProof, response: { 200: RecoveryCodes } },
    config: { access: staff, problems: [wrongState, codeInvalid] }
  }, async ({ caller, body }) => identity.renewRecoveryCodes(caller, body))

  app.post('/me/second-factor/remove', {
    schema: { operationId: 'removeSecondFactor', summary: 'Take it away: the SMS code is asked for again', tags: ['sign-in'], body: FactorProof, response: { 200: SecondFactor } },
    config: { access: staff, problems: [wrongState, codeInvalid] }
  }, async ({ caller, body }) => identity.removeSecondFactor(caller, body))

  app.get('/me/sign-ins', {
    schema: {
      operationId: 'listMySignIns',
      summary: 'The caller\'s own sign-ins, newest first, and what was unusual about each',
      tags: ['sign-in'],
      querystring: SignInFilter.omit({ personId: true }),
      response: { 200: Page(SignInRecord) }
    },
    config: { access: 'signed_in' }
  }, async ({ caller, query }) => identity.mySignIns(caller, query))
}
