import { z } from 'zod'
import { DocumentView } from '../documents/model.js'
import type { Routes } from '../http/types.js'
import { codeExpired, codeInvalid } from '../identity/problems.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { StatementLine } from '../ledger/model.js'
import { capExceeded, merchantNotActive, outlastsLease, productNotListed, venueRequired } from '../products/problems.js'
import { ContractFilter, ContractId, ContractView, NewContract, Signature } from './model.js'
import { identityRequired } from './problems.js'
import type { Contracts } from './service.js'

const params = z.object({ id: ContractId })
const parties = ['consumer', 'merchant', 'notary'] as const

export const contractRoutes = (contracts: Contracts): Routes => async (app) => {
  app.post('/contracts', {
    schema: {
      operationId: 'makeContract',
      summary: 'Agree to an offer: freezes its terms and writes the document to sign',
      tags: ['contracts'],
      body: NewContract,
      response: { 201: ContractView }
    },
    config: {
      access: ['consumer'],
      idempotent: true,
      problems: [productNotListed, merchantNotActive, identityRequired, venueRequired, outlastsLease, capExceeded]
    }
  }, async ({ body, command }, reply) => {
    reply.code(201)
    return contracts.create(command, body)
  })

  app.get('/contracts', {
    schema: {
      operationId: 'listContracts',
      summary: 'Contracts the caller is a party or the notary of, newest first',
      tags: ['contracts'],
      querystring: ContractFilter,
      response: { 200: Page(ContractView) }
    },
    config: { access: parties }
  }, async ({ caller, query }) => contracts.list(caller, query))

  app.get('/contracts/:id', {
    schema: { operationId: 'getContract', summary: 'A contract, its units and its money', tags: ['contracts'], params, response: { 200: ContractView } },
    config: { access: parties }
  }, async ({ caller, params: { id } }) => contracts.show(caller, id))

  app.get('/contracts/:id/document', {
    schema: {
      operationId: 'getContractDocument',
      summary: 'Before the signature the exact bytes whose SHA-256 is documentSha256; after it the same, sealed by the office',
      tags: ['contracts'],
      params,
      response: { 200: { description: 'The contract, Chinese', content: { 'application/pdf': { schema: { type: 'string', contentMediaType: 'application/pdf' } } } } }
    },
    config: { access: parties }
  }, async ({ caller, params: { id } }, reply) => {
    const { bytes, contentType } = await contracts.document(caller, id)
    return reply.type(contentType).send(bytes as never)
  })

  app.get('/contracts/:id/documents', {
    schema: { operationId: 'listContractDocuments', summary: 'The documents of the contract: made, sealed, or failed and why', tags: ['documents'], params, response: { 200: Page(DocumentView) } },
    config: { access: parties }
  }, async ({ caller, params: { id } }) => contracts.documentsOf(caller, id))

  app.post('/contracts/:id/signature', {
    schema: {
      operationId: 'signContract',
      summary: 'Sign the document by a code bound to its hash',
      tags: ['contracts'],
      params,
      body: Signature,
      response: { 200: ContractView }
    },
    config: { access: ['consumer'], problems: [wrongState, codeInvalid, codeExpired] }
  }, async ({ caller, params: { id }, body }) => contracts.signDocument(caller, id, body))

  app.get('/contracts/:id/statement', {
    schema: {
      operationId: 'getContractStatement',
      summary: 'Every ledger line of the contract, oldest first, with the running held balance',
      tags: ['contracts'],
      params,
      response: { 200: Page(StatementLine) }
    },
    config: { access: parties }
  }, async ({ caller, params: { id } }) => contracts.statement(caller, id))
}
