import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { capExceeded } from '../products/problems.js'
import { contractFrozen } from '../redemptions/problems.js'
import { NewPause, Pause, PauseId } from './model.js'
import { notATermCard, outlastsLease } from './problems.js'
import type { Pauses } from './service.js'

const tags = ['pauses']
const OfContract = z.object({ id: ContractId })
const OfPause = z.object({ id: PauseId })
const sides = ['consumer', 'merchant'] as const

export const pauseRoutes = (pauses: Pauses): Routes => async (app) => {
  app.post('/contracts/:id/pauses', {
    schema: { operationId: 'proposePause', summary: 'Propose to pause a term card, or declare that the merchant cannot serve', tags, params: OfContract, body: NewPause, response: { 201: Pause } },
    config: { access: sides, idempotent: true, problems: [wrongState, notATermCard, contractFrozen, capExceeded, outlastsLease] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return pauses.propose(command, params.id, body)
  })

  app.get('/contracts/:id/pauses', {
    schema: { operationId: 'listPauses', summary: 'Pauses of a contract, newest first', tags, params: OfContract, response: { 200: Page(Pause) } },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async ({ caller, params }) => pauses.list(caller, params.id))

  app.post('/pauses/:id/accept', {
    schema: { operationId: 'acceptPause', summary: 'Agree to a pause the other side proposed: the term ends later by its days', tags, params: OfPause, response: { 200: Pause } },
    config: { access: sides, problems: [wrongState, contractFrozen, notATermCard, capExceeded, outlastsLease] }
  }, async ({ caller, params }) => pauses.accept(caller, params.id))

  app.post('/pauses/:id/decline', {
    schema: { operationId: 'declinePause', summary: 'Decline a pause the other side proposed', tags, params: OfPause, response: { 200: Pause } },
    config: { access: sides, problems: [wrongState] }
  }, async ({ caller, params }) => pauses.decline(caller, params.id))

  app.post('/pauses/:id/end', {
    schema: { operationId: 'endPause', summary: 'End a pause early, or withdraw its proposal', tags, params: OfPause, response: { 200: Pause } },
    config: { access: sides, problems: [wrongState] }
  }, async ({ caller, params }) => pauses.end(caller, params.id))
}
