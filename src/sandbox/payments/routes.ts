import { z } from 'zod'
import { PaymentId } from '../../deposits/model.js'
import type { Routes } from '../../http/types.js'
import { officeRequired } from '../../offices/problems.js'
import { PayerDoes, PayerDone, ReportQuery } from './model.js'
import type { SandboxPayments } from './service.js'

const csv = { description: 'CSV', content: { 'text/csv': { schema: { type: 'string' } } } }

/** The payer's side of the sandbox channel; app.ts registers it in no other mode. */
export const sandboxPaymentRoutes = (payments: SandboxPayments): Routes => async (app) => {
  app.post('/sandbox/payments/:id/pay', {
    schema: {
      operationId: 'paySandboxPayment',
      summary: 'The payer finishes; the sandbox channel sends its signed notification',
      tags: ['sandbox'],
      params: z.object({ id: PaymentId }),
      body: PayerDoes,
      response: { 200: PayerDone }
    },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ params: { id }, body }) => payments.pay(id, body))

  app.get('/sandbox/channel/report', {
    schema: { operationId: 'getChannelReportFile', summary: 'The sandbox channel\'s report of a day', tags: ['sandbox'], querystring: ReportQuery, response: { 200: csv } },
    config: { access: 'public', ignoresBadToken: true, problems: [officeRequired] }
  }, async ({ query }, reply) => reply.type('text/csv; charset=utf-8').send(await payments.report(query)))
}
