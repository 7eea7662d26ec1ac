import { z } from 'zod'
import { PaymentId } from '../../deposits/model.js'
import type { Routes } from '../../http/types.js'
import { PayerDoes, PayerDone } from './model.js'
import type { SandboxPayments } from './service.js'

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
}
