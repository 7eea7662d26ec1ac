import type { Routes } from '../../http/types.js'
import { FaultOrder, Faults } from './model.js'
import type { SandboxFaults } from './service.js'

/** Faults of the sandbox's outside world; app.ts registers them in no other mode. */
export const sandboxFaultRoutes = (faults: SandboxFaults): Routes => async (app) => {
  app.get('/sandbox/faults', {
    schema: { operationId: 'listSandboxFaults', summary: 'What of the outside world fails at this process, and how often it has', tags: ['sandbox'], response: { 200: Faults } },
    config: { access: 'public', ignoresBadToken: true }
  }, async () => faults.list())

  app.post('/sandbox/faults', {
    schema: { operationId: 'orderSandboxFaults', summary: 'Let the next calls of this process to the outside world fail', tags: ['sandbox'], body: FaultOrder, response: { 200: Faults } },
    config: { access: 'public', ignoresBadToken: true }
  }, async ({ body }) => faults.set(body))
}
