import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { MerchantId } from '../merchants/model.js'
import { Closure, NewClosure } from './model.js'
import type { Closures } from './service.js'

const tags = ['merchants']
const OfMerchant = z.object({ id: MerchantId })

export const closureRoutes = (closures: Closures): Routes => async (app) => {
  app.post('/merchants/:id/closure', {
    schema: { operationId: 'proposeClosure', summary: 'Propose closure mode for a merchant that has stopped', tags, params: OfMerchant, body: NewClosure, response: { 201: Closure } },
    config: { access: ['notary'], idempotent: true, problems: [wrongState] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return closures.propose(command, params.id, body)
  })

  app.post('/merchants/:id/closure/approve', {
    schema: { operationId: 'approveClosure', summary: 'Approve closure mode: every open contract is refunded', tags, params: OfMerchant, response: { 200: Closure } },
    config: { stepUp: true, access: ['notary'], problems: [wrongState, samePerson] }
  }, async ({ caller, params }) => closures.approve(caller, params.id))

  app.post('/merchants/:id/closure/cancel', {
    schema: { operationId: 'cancelClosure', summary: 'Take a proposed closure back', tags, params: OfMerchant, response: { 200: Closure } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params }) => closures.cancel(caller, params.id))

  app.get('/merchants/:id/closure', {
    schema: { operationId: 'getClosure', summary: 'How far a closure is', tags, params: OfMerchant, response: { 200: Closure } },
    config: { access: ['notary', 'bureau', 'operator', 'merchant'] }
  }, async ({ caller, params }) => closures.find(caller, params.id))
}
