import { z } from 'zod'
import { keepUntilAnswered } from '../http/silence.js'
import type { Routes } from '../http/types.js'
import { moneyHeld } from '../holds/problems.js'
import { Page, PageQuery } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { insufficientFunds } from '../ledger/problems.js'
import { MerchantId } from '../merchants/model.js'
import { DraftSettlement, Payout, Settlement, SettlementId, SettlementQuery, SettlementSummary } from './model.js'
import { amountsMoved, bankUnavailable, nothingPayable } from './problems.js'
import type { Settlements } from './service.js'

const tags = ['settlement']
const xml = { description: 'pain.001.001.09', content: { 'application/xml': { schema: { type: 'string' } } } }
const params = z.object({ id: SettlementId })
const OfMerchant = z.object({ id: MerchantId })

export const settlementRoutes = (settlements: Settlements): Routes => async (app) => {
  keepUntilAnswered(app)

  app.post('/settlements', {
    schema: { operationId: 'draftSettlement', summary: 'Draft a settlement of what is payable and in no other', tags, body: DraftSettlement, response: { 201: Settlement } },
    config: { access: ['notary'], idempotent: true, problems: [nothingPayable] }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return settlements.draft(command, body)
  })

  app.post('/settlements/:id/approve', {
    schema: { operationId: 'approveSettlement', summary: 'Approve another person\'s draft: the bank is ordered to pay', tags, params, response: { 200: Settlement } },
    config: { stepUp: true, access: ['notary'], idempotent: true, problems: [wrongState, samePerson, amountsMoved, moneyHeld, insufficientFunds, bankUnavailable] }
  }, async ({ command, params: { id } }) => settlements.approve(command, id))

  app.post('/settlements/:id/cancel', {
    schema: { operationId: 'cancelSettlement', summary: 'Take a draft back', tags, params, response: { 200: Settlement } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params: { id } }) => settlements.cancel(caller, id))

  app.get('/settlements', {
    schema: { operationId: 'listSettlements', summary: 'The office\'s settlements, newest first', tags, querystring: SettlementQuery, response: { 200: Page(SettlementSummary) } },
    config: { access: ['notary'] }
  }, async ({ caller, query }) => settlements.list(caller, query))

  app.get('/settlements/:id', {
    schema: { operationId: 'getSettlement', summary: 'One settlement with its items', tags, params, response: { 200: Settlement } },
    config: { access: ['notary'] }
  }, async ({ caller, params: { id } }) => settlements.view(caller, id))

  app.get('/settlements/:id/pain001.xml', {
    schema: { operationId: 'getPaymentFile', summary: 'The payouts of an approved settlement as pain.001.001.09, for the bank', tags, params, response: { 200: xml } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params: { id } }, reply) => reply.type('application/xml; charset=utf-8').send(await settlements.paymentFile(caller, id)))

  app.get('/merchants/:id/payouts', {
    schema: { operationId: 'listPayouts', summary: 'What the bank was ordered to pay a merchant, newest first', tags, params: OfMerchant, querystring: PageQuery, response: { 200: Page(Payout) } },
    config: { access: ['merchant', 'notary'] }
  }, async ({ caller, params: { id }, query }) => settlements.payoutsOf(caller, id, query))
}
