import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { identityRequired } from '../contracts/problems.js'
import type { Routes } from '../http/types.js'
import { codeExpired, codeInvalid } from '../identity/problems.js'
import { Page } from '../kernel/page.js'
import { unavailable, wrongState } from '../kernel/problems.js'
import { StatementLine } from '../ledger/model.js'
import { capExceeded, merchantNotActive } from '../products/problems.js'
import { contractFrozen } from '../redemptions/problems.js'
import { Handover, HandoverAcceptance, HandoverFilter, HandoverId, NewHandover } from './model.js'
import { transferBlocked, transferStale } from './problems.js'
import type { Handovers } from './service.js'

const tags = ['transfers']
const OfContract = z.object({ id: ContractId })
const OfHandover = z.object({ id: HandoverId })
const readers = ['consumer', 'merchant', 'notary'] as const
const obstacles = [wrongState, contractFrozen, merchantNotActive, transferBlocked]

/** What may be wrong when the new holder asks for the code to sign with. */
export const handoverSigningProblems = [...obstacles, identityRequired]

export const handoverRoutes = (handovers: Handovers): Routes => async (app) => {
  app.post('/contracts/:id/transfers', {
    schema: { operationId: 'offerTransfer', summary: 'Offer what is left of a contract to another consumer', tags, params: OfContract, body: NewHandover, response: { 201: Handover } },
    config: { access: ['consumer'], idempotent: true, problems: obstacles }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return handovers.offer(command, params.id, body)
  })

  app.get('/transfers', {
    schema: { operationId: 'listTransfers', summary: 'Contracts handed over, newest first', tags, querystring: HandoverFilter, response: { 200: Page(Handover) } },
    config: { access: readers }
  }, async ({ caller, query }) => handovers.list(caller, query))

  app.get('/transfers/:id', {
    schema: { operationId: 'getTransfer', summary: 'One handover', tags, params: OfHandover, response: { 200: Handover } },
    config: { access: readers }
  }, async ({ caller, params }) => handovers.find(caller, params.id))

  app.get('/transfers/:id/document', {
    schema: {
      operationId: 'getTransferDocument', summary: 'What the new holder signs, or has signed', tags, params: OfHandover,
      response: { 200: { description: 'PDF, Chinese', content: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } } } }
    },
    config: { access: readers, problems: [unavailable] }
  }, async ({ caller, params }, reply) => reply.type('application/pdf').send(await handovers.document(caller, params.id) as never))

  app.get('/transfers/:id/statement', {
    schema: { operationId: 'getTransferStatement', summary: 'Every ledger line of the contract until it was handed over', tags, params: OfHandover, response: { 200: Page(StatementLine) } },
    config: { access: readers }
  }, async ({ caller, params }) => handovers.statement(caller, params.id))

  app.post('/transfers/:id/accept', {
    schema: { operationId: 'acceptTransfer', summary: 'Take the contract over, by a sign_contract code bound to the document', tags, params: OfHandover, body: HandoverAcceptance, response: { 200: Handover } },
    config: { access: ['consumer'], problems: [...obstacles, transferStale, codeInvalid, codeExpired, identityRequired, capExceeded] }
  }, async ({ caller, params, body }) => handovers.accept(caller, params.id, body))

  app.post('/transfers/:id/decline', {
    schema: { operationId: 'declineTransfer', summary: 'Say no to an offer', tags, params: OfHandover, response: { 200: Handover } },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params }) => handovers.decline(caller, params.id))

  app.post('/transfers/:id/cancel', {
    schema: { operationId: 'cancelTransfer', summary: 'Take an offer back', tags, params: OfHandover, response: { 200: Handover } },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params }) => handovers.cancel(caller, params.id))
}
