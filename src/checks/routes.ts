import type { Routes } from '../http/types.js'
import { InvariantReport } from './model.js'
import type { Checks } from './service.js'

/** Only in the sandbox: elsewhere the owner runs `npm run check:invariants` beside the service. */
export const checkRoutes = (checks: Checks): Routes => async (app) => {
  app.get('/sandbox/invariants', {
    schema: { operationId: 'checkInvariants', summary: 'Check the books against their invariants', tags: ['sandbox'], response: { 200: InvariantReport } },
    config: { access: 'public', ignoresBadToken: true }
  }, async () => checks.report())
}
