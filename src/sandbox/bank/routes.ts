import type { Routes } from '../../http/types.js'
import type { ReturnedPayout } from '../../channels/bank/bank.js'
import { wrongState } from '../../kernel/problems.js'
import { officeRequired } from '../../offices/problems.js'
import { Arrival, PayoutsAnswer, SendBack, StatementQuery } from './model.js'
import type { SandboxBank } from './service.js'

const tags = ['sandbox']
const xml = { description: 'camt.053.001.08', content: { 'application/xml': { schema: { type: 'string' } } } }

type Options = Readonly<{
  sandboxBank: SandboxBank
  /** the service's ear for payouts that come back */
  onReturn: (returned: ReturnedPayout) => Promise<void>
}>

export const sandboxBankRoutes = ({ sandboxBank, onReturn }: Options): Routes => async (app) => {
  app.post('/sandbox/bank/payouts', {
    schema: { operationId: 'answerPayouts', summary: 'Set what the bank answers to payouts from now on', tags, body: PayoutsAnswer, response: { 200: PayoutsAnswer } },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ body }) => sandboxBank.answerPayouts(body))

  app.post('/sandbox/bank/returns', {
    schema: { operationId: 'sendPayoutBack', summary: 'The bank sends back a payout it has made', tags, body: SendBack, response: { 200: SendBack } },
    config: { access: 'public', ignoresBadToken: true, problems: [wrongState] }
  }, async ({ body }) => {
    await onReturn(await sandboxBank.sendBack(body))
    return body
  })

  app.post('/sandbox/bank/receipts', {
    schema: { operationId: 'receiveAtBank', summary: 'Money arrives on the special account, and only the statement will tell', tags, body: Arrival, response: { 200: Arrival } },
    config: { access: 'public', ignoresBadToken: true, problems: [officeRequired] }
  }, async ({ body }) => sandboxBank.receive(body))

  app.get('/sandbox/bank/statement', {
    schema: { operationId: 'getBankStatement', summary: 'The bank\'s statement of a day', tags, querystring: StatementQuery, response: { 200: xml } },
    config: { access: 'public', ignoresBadToken: true, problems: [officeRequired] }
  }, async ({ query }, reply) => reply.type('application/xml; charset=utf-8').send(await sandboxBank.statement(query)))
}
