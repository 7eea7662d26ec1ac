import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { DocumentView } from '../documents/model.js'
import type { Routes } from '../http/types.js'
import { wrongState } from '../kernel/problems.js'
import { RefundId } from '../refunds/model.js'
import { SettlementItemId } from '../settlement/model.js'
import type { PartyStatements } from './service.js'

const pdf = (description: string) => ({ 200: { description, content: { 'application/pdf': { schema: { type: 'string', contentMediaType: 'application/pdf' } } } } })
const parties = ['consumer', 'merchant', 'notary'] as const

export const partyStatementRoutes = (statements: PartyStatements): Routes => async (app) => {
  app.post('/contracts/:id/redemption-statements', {
    schema: {
      operationId: 'makeRedemptionStatement',
      summary: 'A sealed statement of what was used of the contract until now; it is read as a document',
      tags: ['documents'],
      params: z.object({ id: ContractId }),
      response: { 201: DocumentView }
    },
    config: { access: parties }
  }, async ({ caller, params: { id } }, reply) => {
    reply.code(201)
    return statements.redemptionStatement(caller, id)
  })

  app.get('/payouts/:id/statement', {
    schema: { operationId: 'getSettlementStatement', summary: 'The sealed statement of a payout that the bank confirmed', tags: ['documents'], params: z.object({ id: SettlementItemId }), response: pdf('The statement, Chinese') },
    config: { access: ['merchant', 'notary'], problems: [wrongState] }
  }, async ({ caller, params: { id } }, reply) =>
    reply.type('application/pdf').send(await statements.settlementStatement(caller, id) as never))

  app.get('/refunds/:id/certificate', {
    schema: { operationId: 'getRefundCertificate', summary: 'The sealed certificate of a refund that was paid', tags: ['certificates'], params: z.object({ id: RefundId }), response: pdf('The certificate, Chinese') },
    config: { access: parties, problems: [wrongState] }
  }, async ({ caller, params: { id } }, reply) => {
    const { number, bytes } = await statements.refundCertificate(caller, id)
    return reply.type('application/pdf').header('content-disposition', `inline; filename="${number}.pdf"`).send(bytes as never)
  })
}
