import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'
import { officeRequired } from '../offices/problems.js'
import { mediaTypeOf } from './journal.js'
import { AuditGroups, GroupsQuery, JournalQuery, MerchantBalances, MerchantLine, MerchantsQuery, Overview, OverviewQuery, QuarterlyQuery, QuarterlyReport, TrialBalance, TrialBalanceQuery } from './model.js'
import type { Bureau } from './service.js'

const tags = ['audit']
const access = ['bureau', 'notary'] as const
const exported = { description: 'A file', content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } }

export const bureauRoutes = (bureau: Bureau): Routes => async (app) => {
  app.get('/audit/overview', {
    schema: { operationId: 'auditOverview', summary: 'The office\'s books on one page, added up twice', tags, querystring: OverviewQuery, response: { 200: Overview } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.overview(caller, query))

  app.get('/audit/merchants', {
    schema: { operationId: 'auditMerchants', summary: 'A line a merchant, newest first', tags, querystring: MerchantsQuery, response: { 200: Page(MerchantLine) } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.merchants(caller, query))

  app.get('/audit/groups', {
    schema: { operationId: 'auditGroups', summary: 'A line a district, a category, or a kind of contract, each added up twice', tags, querystring: GroupsQuery, response: { 200: AuditGroups } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.groups(caller, query))

  app.get('/audit/trial-balance', {
    schema: { operationId: 'trialBalance', summary: 'One line for each kind of account, at any past moment', tags, querystring: TrialBalanceQuery, response: { 200: TrialBalance } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.trialBalance(caller, query))

  app.get('/audit/journal', {
    schema: { operationId: 'exportJournal', summary: 'The journal of a time, streamed as JSON lines, CSV, XLSX or for hledger', tags, querystring: JournalQuery, response: { 200: exported } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }, reply) => {
    const { type, body } = await bureau.journal(caller, query)
    return reply.type(type).send(body)
  })

  app.get('/audit/quarterly-balances', {
    schema: { operationId: 'quarterlyBalances', summary: 'The quarterly report of prepaid balances, a line a merchant', tags, querystring: QuarterlyQuery, response: { 200: QuarterlyReport } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }) => bureau.quarterly(caller, query))

  app.get('/audit/quarterly-balances.xlsx', {
    schema: { operationId: 'quarterlyBalancesSheet', summary: 'The same as a spreadsheet', tags, querystring: QuarterlyQuery, response: { 200: exported } },
    config: { access, problems: [officeRequired] }
  }, async ({ caller, query }, reply) => reply.type(mediaTypeOf.xlsx).send(await bureau.quarterlySheet(caller, query)))

  app.get('/merchants/:id/balances', {
    schema: { operationId: 'getMerchantBalances', summary: 'A merchant\'s money', tags, params: z.object({ id: MerchantId }), response: { 200: MerchantBalances } },
    config: { access: ['merchant', 'notary', 'bureau'] }
  }, async ({ caller, params }) => bureau.balances(caller, params.id))
}
