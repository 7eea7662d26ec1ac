import { z } from 'zod'
import { ContractId, ContractView } from '../contracts/model.js'
import type { Routes } from '../http/types.js'
import { wrongState } from '../kernel/problems.js'
import { contractFrozen } from '../redemptions/problems.js'
import { leaseOver, merchantGone } from './problems.js'
import type { Changes } from './service.js'

const tags = ['contracts']
const OfContract = z.object({ id: ContractId })

export const changeRoutes = (changes: Changes): Routes => async (app) => {
  app.post('/contracts/:id/reactivate', {
    schema: { operationId: 'reactivateContract', summary: 'Activate an expired card again', tags, params: OfContract, response: { 200: ContractView } },
    config: { access: ['consumer', 'merchant'], problems: [wrongState, contractFrozen, merchantGone, leaseOver] }
  }, async ({ caller, params }) => changes.reactivate(caller, params.id))
}
