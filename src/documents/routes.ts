import { z } from 'zod'
import type { Routes } from '../http/types.js'
import { DocumentId } from './model.js'
import type { Documents } from './service.js'

export const documentRoutes = (documents: Documents): Routes => async (app) => {
  app.get('/documents/:id', {
    schema: {
      operationId: 'getDocument',
      summary: 'A document, sealed where it is to be',
      tags: ['documents'],
      params: z.object({ id: DocumentId }),
      response: { 200: { description: 'The document, Chinese', content: { 'application/pdf': { schema: { type: 'string', contentMediaType: 'application/pdf' } } } } }
    },
    config: { access: ['consumer', 'merchant', 'notary', 'adjudicator'] }
  }, async ({ caller, params: { id } }, reply) =>
    reply.type('application/pdf').send(await documents.bytes(caller, id) as never))
}
