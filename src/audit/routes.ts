import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import type { AccessLog } from './log.js'
import { AccessEntry, AccessFilter, AccessLogQuery, AccessLogState } from './model.js'

const tags = ['administration']

/** The access log, for the audit administrator alone. */
export const accessLogRoutes = (log: AccessLog): Routes => async (app) => {
  app.get('/access-log', {
    schema: { operationId: 'listAccessLog', summary: 'What the staff did, newest first (audit administrator)', tags, querystring: AccessFilter, response: { 200: Page(AccessEntry) } },
    config: { access: ['administrator'] }
  }, async ({ caller, query }) => log.list(caller, query))

  app.get('/access-log/verification', {
    schema: { operationId: 'verifyAccessLog', summary: 'Whether the access log is as it was written (audit administrator)', tags, querystring: AccessLogQuery, response: { 200: AccessLogState } },
    config: { access: ['administrator'] }
  }, async ({ caller, query }) => log.verify(caller, query))
}
