import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page, PageQuery } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { officeRequired } from '../offices/problems.js'
import type { AccountChanges } from './account-changes.js'
import { AccountChange, AccountChangeId, Merchant, MerchantApplication, MerchantDetail, MerchantId, MerchantQuery, NewStaffMember, ReasonGiven, SettlementAccount, StaffMember, Venue, VenueId, VenueTerms } from './model.js'
import { accountNameDiffers, merchantExists, venueExists } from './problems.js'
import type { Merchants } from './service.js'

const tags = ['merchants']
const params = z.object({ id: MerchantId })
const changeParams = z.object({ id: AccountChangeId })
const venueParams = z.object({ id: MerchantId, venueId: VenueId })
const ofNotary = { access: ['notary'], problems: [wrongState] } as const

export const merchantRoutes = (merchants: Merchants, changes: AccountChanges): Routes => async (app) => {
  app.post('/merchants', {
    schema: { operationId: 'applyAsMerchant', summary: 'Apply to be a merchant of a notary office', tags, body: MerchantApplication, response: { 201: Merchant } },
    config: { access: ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], idempotent: true, problems: [officeRequired, merchantExists] }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return merchants.apply(command, body)
  })

  app.get('/merchants', {
    schema: { operationId: 'listMerchants', summary: 'Merchants, newest first: the public ones, and those the caller has to do with', tags, querystring: MerchantQuery, response: { 200: Page(Merchant) } },
    config: { access: 'public', problems: [officeRequired] }
  }, async ({ callerIfAny, query }) => merchants.list(callerIfAny, query))

  app.get('/merchants/:id', {
    schema: { operationId: 'getMerchant', summary: 'A merchant with its venues and their lease ends', tags, params, response: { 200: MerchantDetail } },
    config: { access: 'public' }
  }, async ({ callerIfAny, params }) => merchants.view(callerIfAny, params.id))

  app.post('/merchants/:id/approve', {
    schema: { operationId: 'approveMerchant', summary: 'Accept an application', tags, params, response: { 200: Merchant } },
    config: ofNotary
  }, async ({ caller, params }) => merchants.decide(caller, params.id, 'approve', null))

  app.post('/merchants/:id/reject', {
    schema: { operationId: 'rejectMerchant', summary: 'Reject an application', tags, params, body: ReasonGiven, response: { 200: Merchant } },
    config: ofNotary
  }, async ({ caller, params, body }) => merchants.decide(caller, params.id, 'reject', body.reason))

  app.post('/merchants/:id/suspend', {
    schema: { operationId: 'suspendMerchant', summary: 'End new sales; redemptions and refunds go on', tags, params, body: ReasonGiven, response: { 200: Merchant } },
    config: ofNotary
  }, async ({ caller, params, body }) => merchants.decide(caller, params.id, 'suspend', body.reason))

  app.post('/merchants/:id/resume', {
    schema: { operationId: 'resumeMerchant', summary: 'Let a suspended merchant sell again', tags, params, response: { 200: Merchant } },
    config: ofNotary
  }, async ({ caller, params }) => merchants.decide(caller, params.id, 'resume', null))

  app.post('/merchants/:id/venues', {
    schema: { operationId: 'addVenue', summary: 'Add a venue with its lease end', tags, params, body: VenueTerms, response: { 201: Venue } },
    config: { access: ['merchant'], problems: [wrongState, venueExists] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return merchants.addVenue(caller, params.id, body)
  })

  app.put('/merchants/:id/venues/:venueId', {
    schema: { operationId: 'changeVenue', summary: 'Correct a venue, or enter its new lease', tags, params: venueParams, body: VenueTerms, response: { 200: Venue } },
    config: { access: ['merchant'], problems: [wrongState, venueExists] }
  }, async ({ caller, params, body }) => merchants.changeVenue(caller, params.id, params.venueId, body))

  app.post('/merchants/:id/settlement-account-changes', {
    schema: { operationId: 'requestAccountChange', summary: 'Ask for another settlement account: two notaries approve, a day passes, the contact known before is told', tags, params, body: SettlementAccount, response: { 201: AccountChange } },
    config: { access: ['merchant'], idempotent: true, problems: [wrongState, accountNameDiffers] }
  }, async ({ command, params, body }, reply) => {
    reply.code(201)
    return changes.request(command, params.id, body)
  })

  app.get('/merchants/:id/settlement-account-changes', {
    schema: { operationId: 'listAccountChanges', summary: 'The changes that were asked for, newest first', tags, params, querystring: PageQuery, response: { 200: Page(AccountChange) } },
    config: { access: ['merchant', 'notary'] }
  }, async ({ caller, params, query }) => changes.list(caller, params.id, query))

  app.get('/settlement-account-changes/:id', {
    schema: { operationId: 'getAccountChange', summary: 'One change', tags, params: changeParams, response: { 200: AccountChange } },
    config: { access: ['merchant', 'notary'] }
  }, async ({ caller, params: { id } }) => changes.find(caller, id))

  app.post('/settlement-account-changes/:id/approve', {
    schema: { operationId: 'approveAccountChange', summary: 'Approve a change; the second notary\'s approval sets the day\'s wait going', tags, params: changeParams, response: { 200: AccountChange } },
    config: { stepUp: true, access: ['notary'], problems: [wrongState, samePerson] }
  }, async ({ caller, params: { id } }) => changes.approve(caller, id))

  app.post('/settlement-account-changes/:id/end', {
    schema: { operationId: 'endAccountChange', summary: 'End a change before it is in effect', tags, params: changeParams, body: ReasonGiven, response: { 200: AccountChange } },
    config: { access: ['merchant', 'notary'], problems: [wrongState] }
  }, async ({ caller, params: { id }, body }) => changes.end(caller, id, body.reason))

  app.post('/merchants/:id/staff', {
    schema: { operationId: 'addStaff', summary: 'Let a person work for the merchant', tags, params, body: NewStaffMember, response: { 201: StaffMember } },
    config: { access: ['merchant'], problems: [wrongState] }
  }, async ({ caller, params, body }, reply) => {
    reply.code(201)
    return merchants.addStaff(caller, params.id, body)
  })
}
