import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'
import { officeRequired } from '../offices/problems.js'
import { MerchantBalances, MerchantLine, MerchantsQuery, OfOffice, Overview, TrialBalance, TrialBalanceQuery } from './model.js'
import type { Bureau } from './service.js'

const tags = ['audit']
const access = ['bureau', 'notary'] as const

export const bureauRoutes = (bureau: Bureau): Routes => async (app) => {
  app.get('/audit/overview', {
    schema: { operationId: 'auditOverview', summary: 'The office\'s books on one page, added up twice', tags, querystring: OfOffice, response: { 200: Overview } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.overview(caller, query))

  app.get('/audit/merchants', {
    schema: { operationId: 'auditMerchants', summary: 'A line a merchant, newest first', tags, querystring: MerchantsQuery, response: { 200: Page(MerchantLine) } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.merchants(caller, query))

  app.get('/audit/trial-balance', {
    schema: { operationId: 'trialBalance', summary: 'One line for each kind of account, at any past moment', tags, querystring: TrialBalanceQuery, response: { 200: TrialBalance } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.trialBalance(caller, query))

  app.get('/merchants/:id/balances', {
    schema: { operationId: 'getMerchantBalances', summary: 'A merchant\'s money', tags, params: z.object({ id: MerchantId }), response: { 200: MerchantBalances } },
    config: { access: ['merchant', 'notary', 'bureau'] }
  }, async ({ caller, params }) => bureau.balances(caller, params.id))
}
