import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { HoldId, HoldQuery, LegalHold, LegalHoldDetail, NewHold, NewLifting } from './model.js'
import type { Holds } from './service.js'

const tags = ['legal holds']
const access = ['notary'] as const
const params = z.object({ id: HoldId })

export const holdRoutes = (holds: Holds): Routes => async (app) => {
  app.post('/legal-holds', {
    schema: { operationId: 'proposeLegalHold', summary: 'Enter a court\'s hold on money: it withholds at once, and stands when another person approves it', tags, body: NewHold, response: { 201: LegalHold } },
    config: { access, idempotent: true }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return holds.propose(command, body)
  })

  app.post('/legal-holds/:id/approve', {
    schema: { operationId: 'approveLegalHold', summary: 'Approve a hold that another person entered', tags, params, response: { 200: LegalHold } },
    config: { stepUp: true, access, idempotent: true, problems: [wrongState, samePerson] }
  }, async ({ command, params: { id } }) => holds.approve(command, id))

  app.post('/legal-holds/:id/withdraw', {
    schema: { operationId: 'withdrawLegalHold', summary: 'Take back what one person entered: the hold, or its lifting', tags, params, response: { 200: LegalHold } },
    config: { access, problems: [wrongState] }
  }, async ({ caller, params: { id } }) => holds.withdraw(caller, id))

  app.post('/legal-holds/:id/lifting', {
    schema: { operationId: 'proposeLegalHoldLifting', summary: 'Enter the court\'s word that lifts a hold', tags, params, body: NewLifting, response: { 201: LegalHold } },
    config: { access, idempotent: true, problems: [wrongState] }
  }, async ({ command, params: { id }, body }, reply) => {
    reply.code(201)
    return holds.proposeLifting(command, id, body)
  })

  app.post('/legal-holds/:id/lifting/approve', {
    schema: { operationId: 'approveLegalHoldLifting', summary: 'Approve the lifting that another person entered: the money is free', tags, params, response: { 200: LegalHold } },
    config: { stepUp: true, access, idempotent: true, problems: [wrongState, samePerson] }
  }, async ({ command, params: { id } }) => holds.approveLifting(command, id))

  app.get('/legal-holds', {
    schema: { operationId: 'listLegalHolds', summary: 'Courts\' holds, newest first: the office\'s, or those on one\'s own money', tags, querystring: HoldQuery, response: { 200: Page(LegalHold) } },
    config: { access: ['notary', 'merchant', 'consumer'] }
  }, async ({ caller, query }) => holds.list(caller, query))

  app.get('/legal-holds/:id', {
    schema: { operationId: 'getLegalHold', summary: 'One hold, and what it withholds now', tags, params, response: { 200: LegalHoldDetail } },
    config: { access: ['notary', 'merchant', 'consumer'] }
  }, async ({ caller, params: { id } }) => holds.find(caller, id))
}
