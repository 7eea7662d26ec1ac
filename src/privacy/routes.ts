import { z } from 'zod'
import { downloadHeaders } from '../http/download.js'
import type { Routes } from '../http/types.js'
import { guardianRequired } from '../identity/problems.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import { officeRequired } from '../offices/problems.js'
import { CloseAccount, ClosedAccount, Correction, CorrectionCase, CorrectionFilter, CorrectionId, NewCorrection } from './model.js'
import { accountInUse } from './problems.js'
import type { Privacy } from './service.js'

const tags = ['personal data']
const OfCorrection = z.object({ id: CorrectionId })
const Refusal = z.object({ reason: z.string().trim().min(1).max(10_000) })

/** What a person may ask of their data (Personal Information Protection Law Art 44 to 47). */
export const privacyRoutes = (privacy: Privacy): Routes => async (app) => {
  app.get('/me/data', {
    schema: {
      operationId: 'copyMyData',
      summary: 'A copy of everything there is about the caller, as one file',
      tags,
      response: { 200: { description: 'JSON: person, memberships, and a list for each part; amounts in fen', content: { 'application/json': { schema: { type: 'string', contentMediaType: 'application/json' } } } } }
    },
    config: { access: ['consumer'] }
  }, async ({ caller }, reply) => reply
    .headers(downloadHeaders({ name: 'ticun-personal-data.json', contentType: 'application/json; charset=utf-8' }))
    .serializer((text: unknown) => String(text))
    .send(await privacy.copy(caller) as never))

  app.post('/me/corrections', {
    schema: { operationId: 'askCorrection', summary: 'Ask that name and ID number be put right; a notary looks at it', tags, body: NewCorrection, response: { 201: Correction } },
    config: { access: ['consumer'], problems: [wrongState, guardianRequired, officeRequired] }
  }, async ({ caller, body }, reply) => {
    const correction = await privacy.askCorrection(caller, body)
    reply.code(201)
    return correction
  })

  app.get('/corrections', {
    schema: { operationId: 'listCorrections', summary: 'Corrections that were asked for, newest first, masked', tags, querystring: CorrectionFilter, response: { 200: Page(Correction) } },
    config: { access: ['consumer', 'notary'] }
  }, async ({ caller, query }) => privacy.list(caller, query))

  app.get('/corrections/:id', {
    schema: { operationId: 'getCorrection', summary: 'One of them in full, as the notary compares it; the access log has it', tags, params: OfCorrection, response: { 200: CorrectionCase } },
    config: { access: ['notary'] }
  }, async ({ caller, params }) => privacy.show(caller, params.id))

  app.post('/corrections/:id/approve', {
    schema: { operationId: 'approveCorrection', summary: 'Put the person\'s name and ID number right', tags, params: OfCorrection, response: { 200: Correction } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params }) => privacy.approve(caller, params.id))

  app.post('/corrections/:id/refuse', {
    schema: { operationId: 'refuseCorrection', summary: 'Refuse it, with the reason', tags, params: OfCorrection, body: Refusal, response: { 200: Correction } },
    config: { access: ['notary'], problems: [wrongState] }
  }, async ({ caller, params, body }) => privacy.refuse(caller, params.id, body.reason))

  app.post('/me/account/close', {
    schema: {
      operationId: 'closeAccount',
      summary: 'Close the account: what the law does not keep is erased',
      description: 'Refused while money, a dispute, a refund or a transfer is open, or while the person works for a merchant; the refusal says what to do.',
      tags,
      body: CloseAccount,
      response: { 200: ClosedAccount }
    },
    config: { access: ['consumer'], problems: [accountInUse] }
  }, async ({ caller }) => privacy.closeAccount(caller))
}
