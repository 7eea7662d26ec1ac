import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { MerchantId } from '../merchants/model.js'
import { TrustPage } from './model.js'
import type { Trust } from './service.js'

/** A consumer who looks again within a minute need not be told anew. */
const cached = 'public, max-age=60'

export const trustRoutes = (trust: Trust): Routes => async (app) => {
  app.get('/merchants/:id/trust', {
    schema: {
      operationId: 'getTrustPage', summary: 'What a consumer can know of a merchant, and check, before paying', tags: ['merchants'],
      params: z.object({ id: MerchantId }), response: { 200: TrustPage }
    },
    config: { access: 'public' }
  }, async ({ params: { id } }, reply) => {
    const page = await trust.page(id)
    void reply.header('cache-control', cached)
    return page
  })
}
