import { z } from 'zod'
import type { ProblemKind } from '../kernel/problem.js'
import { forbidden, idempotencyInProgress, idempotencyKeyReused, notFound, rateLimited, unauthenticated, unavailable, validationFailed } from '../kernel/problems.js'
import { headersTooLarge, idempotencyKeyRequired, internalError, malformedRequest, requestTimeout, tooLarge } from './problems.js'
import type { Routes } from './types.js'

/** Problems that any route may answer, whatever it declares. */
export const universalProblems: readonly ProblemKind[] = [
  malformedRequest, unauthenticated, forbidden, notFound, requestTimeout, idempotencyInProgress, tooLarge, validationFailed,
  idempotencyKeyReused, idempotencyKeyRequired, rateLimited, headersTooLarge, internalError, unavailable
]

const Catalogue = z.object({
  items: z.array(z.object({ code: z.string(), status: z.int(), title: z.object({ 'zh-CN': z.string(), en: z.string() }) }))
})

/** `GET /v1/problems`: every refusal the service knows, from the declarations the routes list. */
export const catalogueRoutes = (kinds: () => readonly ProblemKind[]): Routes => async (app) => {
  app.get('/problems', {
    schema: { operationId: 'listProblems', summary: 'Every problem code with its status and titles', tags: ['service'], response: { 200: Catalogue } },
    config: { access: 'public' }
  }, async () => ({
    items: kinds().map(({ code, status, title }) => ({ code, status, title: { 'zh-CN': title.zh, en: title.en } }))
  }))
}
