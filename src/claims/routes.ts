import type { Routes } from '../http/types.js'
import { Page } from '../kernel/page.js'
import { Claim, ClaimFilter } from './model.js'
import type { Claims } from './service.js'

export const claimRoutes = (claims: Claims): Routes => async (app) => {
  app.get('/claims', {
    schema: { operationId: 'listClaims', summary: 'Claims that decisions made beyond what was frozen, newest first', tags: ['disputes'], querystring: ClaimFilter, response: { 200: Page(Claim) } },
    config: { access: ['consumer', 'merchant', 'notary'] }
  }, async ({ caller, query }) => claims.list(caller, query))
}
