import type { Routes } from '../http/types.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { officeRequired } from '../offices/problems.js'
import { BalanceProof, ofDate, OfOffice, ProposeClose, Reconciliation } from './model.js'
import { dayNotOver, differenceUnexplained } from './problems.js'
import type { Reconciliations } from './service.js'

const tags = ['reconciliation']

export const reconciliationRoutes = (reconciliations: Reconciliations): Routes => async (app) => {
  app.get('/reconciliations/:date', {
    schema: { operationId: 'getReconciliation', summary: 'The bank, the channels and the books of a day, and what does not agree', tags, params: ofDate, querystring: OfOffice, response: { 200: Reconciliation } },
    config: { access: ['notary', 'bureau'], problems: [officeRequired] }
  }, async ({ caller, params: { date }, query }) => reconciliations.find(caller, date, query))

  app.post('/reconciliations/:date/close', {
    schema: { operationId: 'proposeDayClose', summary: 'Propose to close a day that is over', tags, params: ofDate, body: ProposeClose, response: { 201: Reconciliation } },
    config: { access: ['notary'], idempotent: true, problems: [wrongState, dayNotOver, differenceUnexplained] }
  }, async ({ command, params: { date }, body }, reply) => {
    reply.code(201)
    return reconciliations.proposeClose(command, date, body)
  })

  app.post('/reconciliations/:date/close/approve', {
    schema: { operationId: 'closeDay', summary: 'Close the day another person proposed: its books stand', tags, params: ofDate, response: { 200: Reconciliation } },
    config: { access: ['notary'], idempotent: true, problems: [wrongState, samePerson] }
  }, async ({ command, params: { date } }) => reconciliations.close(command, date))

  app.get('/liability-proofs/:date', {
    schema: { operationId: 'getBalanceProof', summary: 'One\'s own balance in the sum tree of what was owed at the end of a closed day', tags, params: ofDate, querystring: OfOffice, response: { 200: BalanceProof } },
    config: { access: ['consumer'], problems: [officeRequired] }
  }, async ({ caller, params: { date }, query }) => reconciliations.proofOf(caller, date, query))
}
