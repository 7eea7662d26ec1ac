import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { BusinessDate } from '../kernel/calendar.js'
import type { Routes } from '../http/types.js'
import { Page, PageQuery } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { MerchantId } from '../merchants/model.js'
import { CheckInCodeAnswer, Reason, Redeem, RedeemAnswer, Redemption, RedemptionId } from './model.js'
import { codeExpired, codeInvalid, codeUsed, contractFrozen, noSessionsLeft, tooManyWrongCodes, venueNotCovered } from './problems.js'
import type { Redemptions } from './service.js'

const tags = ['redemptions']
const OfContract = z.object({ id: ContractId })
const OfRedemption = z.object({ id: RedemptionId })
const Filter = PageQuery.extend({ contractId: ContractId.optional(), merchantId: MerchantId.optional(), date: BusinessDate.optional() })

export const redemptionRoutes = (redemptions: Redemptions): Routes => async (app) => {
  app.post('/contracts/:id/check-in-codes', {
    schema: { operationId: 'makeCheckInCode', summary: 'Make a code to show at the door', tags, params: OfContract, response: { 201: CheckInCodeAnswer } },
    config: { access: ['consumer'], problems: [wrongState, noSessionsLeft, contractFrozen] }
  }, async ({ caller, params }, reply) => {
    reply.code(201)
    return redemptions.makeCode(caller, params.id)
  })

  app.post('/redemptions', {
    schema: { operationId: 'redeem', summary: 'Redeem a code at the door', tags, body: Redeem, response: { 201: RedeemAnswer } },
    config: {
      access: ['merchant'], idempotent: true, lane: 'redemptions',
      problems: [codeInvalid, codeUsed, codeExpired, noSessionsLeft, contractFrozen, venueNotCovered, wrongState, tooManyWrongCodes]
    }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return redemptions.redeem(command, body)
  })

  app.post('/redemptions/:id/void', {
    schema: { operationId: 'voidRedemption', summary: 'Take a redemption back while it is pending', tags, params: OfRedemption, body: Reason, response: { 200: Redemption } },
    config: { access: ['merchant'], idempotent: true, problems: [wrongState] }
  }, async ({ command, params, body }) => redemptions.voidRedemption(command, params.id, body.reason))

  app.post('/redemptions/:id/objection', {
    schema: { operationId: 'objectToRedemption', summary: 'Object to a redemption while it is pending', tags, params: OfRedemption, body: Reason, response: { 200: Redemption } },
    config: { access: ['consumer'], idempotent: true, problems: [wrongState] }
  }, async ({ command, params, body }) => redemptions.objectTo(command, params.id, body.reason))

  app.post('/redemptions/:id/objection/withdraw', {
    schema: { operationId: 'withdrawObjection', summary: 'Take an objection back', tags, params: OfRedemption, response: { 200: Redemption } },
    config: { access: ['consumer'], problems: [wrongState] }
  }, async ({ caller, params }) => redemptions.withdraw(caller, params.id))

  app.get('/redemptions', {
    schema: { operationId: 'listRedemptions', summary: 'Check-ins and releases by time, newest first', tags, querystring: Filter, response: { 200: Page(Redemption) } },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async ({ caller, query }) => redemptions.list(caller, query, query))

  app.get('/redemptions/:id', {
    schema: { operationId: 'getRedemption', summary: 'One redemption', tags, params: OfRedemption, response: { 200: Redemption } },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async ({ caller, params }) => redemptions.find(caller, params.id))
}
