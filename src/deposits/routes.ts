import { z } from 'zod'
import { ChannelName } from '../channels/model.js'
import { channelSignatureInvalid, channelUnavailable } from '../channels/problems.js'
import { ContractId, ContractView } from '../contracts/model.js'
import type { App, Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { insufficientFunds } from '../ledger/problems.js'
import { merchantNotActive } from '../products/problems.js'
import { Acknowledgement, NewPayment, Payment, RawBody, Refusal } from './model.js'
import { depositInUse, refusalTooLate } from './problems.js'
import type { Deposits } from './service.js'

const params = z.object({ id: ContractId })

/** What channels send, in whatever content type, byte by byte: their signature is over exactly that. */
const notificationRoutes = (deposits: Deposits) => async (app: App): Promise<void> => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => { done(null, body) })

  app.post('/channels/:channel/notifications', {
    schema: {
      operationId: 'notify',
      summary: 'A payment channel tells of a payment, a settlement or a refund, in its own signed format',
      tags: ['channels'],
      params: z.object({ channel: ChannelName }),
      body: RawBody,
      response: { 200: Acknowledgement }
    },
    config: { access: 'public', ignoresBadToken: true, problems: [channelSignatureInvalid, insufficientFunds] }
  }, async ({ params: { channel }, body, headers }) => deposits.receive(channel, body, headers))
}

export const depositRoutes = (deposits: Deposits): Routes => async (app) => {
  app.post('/contracts/:id/cancel', {
    schema: {
      operationId: 'cancelContract',
      summary: 'Call a contract off before it is paid',
      tags: ['contracts'],
      params,
      response: { 200: ContractView }
    },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params: { id } }) => deposits.cancel(caller, id))

  app.post('/contracts/:id/payments', {
    schema: {
      operationId: 'payContract',
      summary: 'Make an order for the price; an older order is closed',
      tags: ['deposits'],
      params,
      body: NewPayment,
      response: { 201: Payment }
    },
    config: { access: ['consumer'], idempotent: true, problems: [wrongState, channelUnavailable, merchantNotActive] }
  }, async ({ command, params: { id }, body }, reply) => {
    reply.code(201)
    return deposits.order(command, id, body)
  })

  app.get('/contracts/:id/payments', {
    schema: {
      operationId: 'listPayments',
      summary: 'The payment orders of a contract, newest first',
      tags: ['deposits'],
      params,
      response: { 200: Page(Payment) }
    },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async ({ caller, params: { id } }) => deposits.ordersOf(caller, id))

  app.post('/contracts/:id/deposit/refuse', {
    schema: {
      operationId: 'refuseDeposit',
      summary: 'Refuse a deposit within three days of the payment: the whole goes back',
      tags: ['deposits'],
      params,
      body: Refusal,
      response: { 200: ContractView }
    },
    config: { stepUp: true, access: ['notary'], idempotent: true, problems: [wrongState, refusalTooLate, depositInUse] }
  }, async ({ command, params: { id }, body }) => deposits.refuse(command, id, body.reason))

  await app.register(notificationRoutes(deposits) as never)
}
