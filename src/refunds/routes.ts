import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { languageOf } from '../http/problem-details.js'
import { refundHeld } from '../holds/problems.js'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { holidaysUnknown, samePerson, wrongState } from '../kernel/problems.js'
import { SettlementAccount } from '../merchants/model.js'
import type { BankRefunds } from './bank-refunds.js'
import { RefundCalculation, RefundFacts } from './law/model.js'
import { BankRefund, QuoteRequest, Reason, Refund, RefundDetail, RefundFilter, RefundId, RefundQuote, RefundRequest } from './model.js'
import { accountRequired, bankUnavailable, coolingOffOver, nothingHeld, quoteStale } from './problems.js'
import type { Refunds } from './service.js'

const tags = ['refunds']
const OfContract = z.object({ id: ContractId })
const OfRefund = z.object({ id: RefundId })

export const refundRoutes = (refunds: Refunds, bankRefunds: BankRefunds): Routes => async (app) => {
  app.post('/refund-calculations', {
    schema: { operationId: 'calculateRefund', summary: 'What the law gives back on bare facts, step by step', tags, body: RefundFacts, response: { 200: RefundCalculation } },
    config: { access: 'signed_in' }
  }, async (request) => refunds.calculate(request.body, languageOf(request)))

  app.post('/contracts/:id/refund-quotes', {
    schema: { operationId: 'quoteRefund', summary: 'What a refund of a contract would be now', tags, params: OfContract, body: QuoteRequest, response: { 201: RefundQuote } },
    config: { access: ['consumer', 'merchant', 'notary'], problems: [wrongState, coolingOffOver] }
  }, async (request, reply) => {
    reply.code(201)
    return refunds.quote(request.caller, request.params.id, request.body, languageOf(request))
  })

  app.post('/contracts/:id/refunds', {
    schema: { operationId: 'requestRefund', summary: 'Ask for the refund of a quote', tags, params: OfContract, body: RefundRequest, response: { 201: Refund } },
    config: { access: ['consumer', 'merchant'], idempotent: true, problems: [wrongState, quoteStale, coolingOffOver, nothingHeld, holidaysUnknown] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return refunds.request(command, params.id, body.quoteId)
  })

  app.get('/refunds', {
    schema: { operationId: 'listRefunds', summary: 'Refunds, newest first', tags, querystring: RefundFilter, response: { 200: Page(Refund) } },
    config: { access: ['consumer', 'merchant', 'notary', 'bureau'] }
  }, async ({ caller, query }) => refunds.list(caller, query))

  app.get('/refunds/:id', {
    schema: { operationId: 'getRefund', summary: 'One refund, with its quote and its interest', tags, params: OfRefund, response: { 200: RefundDetail } },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async (request) => refunds.find(request.caller, request.params.id, languageOf(request)))

  app.post('/refunds/:id/accept', {
    schema: { operationId: 'acceptRefund', summary: 'Agree to a refund the other side asked for', tags, params: OfRefund, response: { 200: Refund } },
    config: { access: ['consumer', 'merchant'], problems: [wrongState, holidaysUnknown] }
  }, async ({ caller, params }) => refunds.accept(caller, params.id))

  app.post('/refunds/:id/decline', {
    schema: { operationId: 'declineRefund', summary: 'Decline a refund the other side asked for', tags, params: OfRefund, body: Reason, response: { 200: Refund } },
    config: { access: ['consumer', 'merchant'], problems: [wrongState] }
  }, async ({ caller, params, body }) => refunds.decline(caller, params.id, body.reason))

  app.post('/refunds/:id/approve', {
    schema: { operationId: 'approveRefund', summary: 'Approve a refund: the money leaves held in one transfer', tags, params: OfRefund, response: { 200: Refund } },
    config: { stepUp: true, access: ['notary'], idempotent: true, problems: [wrongState, quoteStale] }
  }, async ({ command, params }) => refunds.approve(command, params.id))

  app.post('/refunds/:id/reject', {
    schema: { operationId: 'rejectRefund', summary: 'Refuse a refund', tags, params: OfRefund, body: Reason, response: { 200: Refund } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params, body }) => refunds.reject(caller, params.id, body.reason))

  app.put('/refunds/:id/account', {
    schema: { operationId: 'giveRefundAccount', summary: 'Say where the money can be paid to, where the channel cannot pay it back', tags, params: OfRefund, body: SettlementAccount, response: { 200: Refund } },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params, body }) => bankRefunds.giveAccount(caller, params.id, body))

  app.post('/refunds/:id/bank-transfer', {
    schema: { operationId: 'proposeBankRefund', summary: 'Propose to pay a failed refund by bank transfer', tags, params: OfRefund, response: { 201: BankRefund } },
    config: { access: ['notary'], idempotent: true, problems: [wrongState, accountRequired, bankUnavailable, refundHeld] }
  }, async ({ command, params }, reply) => {
    reply.code(201)
    return bankRefunds.propose(command, params.id)
  })

  app.post('/refunds/:id/bank-transfer/approve', {
    schema: { operationId: 'orderBankRefund', summary: 'Order a bank transfer that another person proposed', tags, params: OfRefund, response: { 200: BankRefund } },
    config: { stepUp: true, access: ['notary'], idempotent: true, problems: [wrongState, samePerson, refundHeld] }
  }, async ({ command, params }) => bankRefunds.order(command, params.id))

  app.post('/refunds/:id/bank-transfer/cancel', {
    schema: { operationId: 'cancelBankRefund', summary: 'Take a proposed bank transfer back', tags, params: OfRefund, response: { 200: BankRefund } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params }) => bankRefunds.cancel(caller, params.id))
}
