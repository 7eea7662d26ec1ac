import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { refundHeld } from '../holds/problems.js'
import { Page } from '../kernel/page.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { insufficientFunds } from '../ledger/problems.js'
import { bankUnavailable } from '../refunds/problems.js'
import { ItemQuery, NewClaim, NewUnclaimed, TotalsQuery, UnclaimedId, UnclaimedItem, UnclaimedMoney, UnclaimedQuery, UnclaimedTotals } from './model.js'
import { notLapsed } from './problems.js'
import type { Unclaimed } from './service.js'

const tags = ['unclaimed']
const access = ['notary'] as const
const OfItem = z.object({ id: UnclaimedId })

export const unclaimedRoutes = (unclaimed: Unclaimed): Routes => async (app) => {
  app.get('/unclaimed', {
    schema: { operationId: 'listUnclaimed', summary: 'Money that nobody has claimed near five years after its deposit', tags, querystring: UnclaimedQuery, response: { 200: Page(UnclaimedMoney) } },
    config: { access }
  }, async ({ caller, query }) => unclaimed.list(caller, query))

  app.get('/unclaimed/totals', {
    schema: { operationId: 'sumUnclaimed', summary: 'How much it is, in sums', tags, querystring: TotalsQuery, response: { 200: UnclaimedTotals } },
    config: { access: ['notary', 'bureau'] }
  }, async ({ caller, query }) => unclaimed.totals(caller, query))

  app.get('/unclaimed/items', {
    schema: { operationId: 'listUnclaimedItems', summary: 'What notaries have taken in hand, newest first', tags, querystring: ItemQuery, response: { 200: Page(UnclaimedItem) } },
    config: { access }
  }, async ({ caller, query }) => unclaimed.items(caller, query))

  app.post('/unclaimed/items', {
    schema: { operationId: 'proposeUnclaimed', summary: 'Propose to refund, or to set aside, what nobody has claimed in five years', tags, body: NewUnclaimed, response: { 201: UnclaimedItem } },
    config: { access, idempotent: true, problems: [notLapsed] }
  }, async ({ command, body }, reply) => {
    reply.code(201)
    return unclaimed.propose(command, body)
  })

  app.post('/unclaimed/items/:id/approve', {
    schema: { operationId: 'approveUnclaimed', summary: 'Approve what another notary proposed', tags, params: OfItem, response: { 200: UnclaimedItem } },
    config: { stepUp: true, access, idempotent: true, problems: [wrongState, samePerson, insufficientFunds] }
  }, async ({ command, params }) => unclaimed.approve(command, params.id))

  app.post('/unclaimed/items/:id/cancel', {
    schema: { operationId: 'cancelUnclaimed', summary: 'Take a proposal back, of an item or of a claim to it', tags, params: OfItem, response: { 200: UnclaimedItem } },
    config: { access, problems: [wrongState] }
  }, async ({ caller, params }) => unclaimed.cancel(caller, params.id))

  app.post('/unclaimed/items/:id/claim', {
    schema: { operationId: 'proposeUnclaimedClaim', summary: 'Propose to pay it to who claims it after all', tags, params: OfItem, body: NewClaim, response: { 200: UnclaimedItem } },
    config: { access, idempotent: true, problems: [wrongState] }
  }, async ({ command, params, body }) => unclaimed.proposeClaim(command, params.id, body))

  app.post('/unclaimed/items/:id/claim/approve', {
    schema: { operationId: 'approveUnclaimedClaim', summary: 'Approve a claim another notary proposed: a refund is ordered at the bank', tags, params: OfItem, response: { 200: UnclaimedItem } },
    config: { stepUp: true, access, idempotent: true, problems: [wrongState, samePerson, bankUnavailable, refundHeld] }
  }, async ({ command, params }) => unclaimed.approveClaim(command, params.id))
}
