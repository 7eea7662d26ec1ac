import { z } from 'zod'
import { DisputeId } from '../disputes/model.js'
import { downloadHeaders } from '../http/download.js'
import type { Routes } from '../http/types.js'
import { uploadForm, uploadOf, uploads } from '../http/upload.js'
import { Page } from '../kernel/page.js'
import { wrongState } from '../kernel/problems.js'
import type { Bundles } from './bundle.js'
import { CaseFile, CaseFileId, EvidenceFields, FileType } from './model.js'
import { evidencePeriodOver, fileInfected, fileTypeNotAllowed, tooManyFiles } from './problems.js'
import type { Casefiles } from './service.js'

const tags = ['disputes']
const OfDispute = z.object({ id: DisputeId })
const OfFile = OfDispute.extend({ fileId: CaseFileId })
const readers = ['consumer', 'merchant', 'adjudicator', 'notary'] as const
const binary = { schema: { type: 'string', format: 'binary' } }

export const casefileRoutes = ({ casefiles, bundles }: { casefiles: Casefiles; bundles: Bundles }): Routes => async (app) => {
  await app.register(uploads)

  app.post('/disputes/:id/evidence', {
    schema: {
      operationId: 'fileEvidence',
      summary: 'File evidence: a PDF, JPEG, PNG or MP4 of at most 20 MB; the same content again is the file that is there',
      tags,
      consumes: ['multipart/form-data'],
      params: OfDispute,
      body: uploadForm(EvidenceFields),
      response: { 201: CaseFile }
    },
    config: { access: ['consumer', 'merchant'], problems: [wrongState, evidencePeriodOver, fileTypeNotAllowed, tooManyFiles, fileInfected] }
  }, async (request, reply) => {
    reply.code(201)
    return casefiles.file(request.caller, request.params.id, uploadOf(request, EvidenceFields))
  })

  app.get('/disputes/:id/evidence', {
    schema: { operationId: 'listEvidence', summary: 'What the parties filed, in its order', tags, params: OfDispute, response: { 200: Page(CaseFile) } },
    config: { access: readers }
  }, async ({ caller, params: { id } }) => casefiles.list(caller, id))

  app.get('/disputes/:id/evidence/:fileId', {
    schema: {
      operationId: 'getEvidenceFile',
      summary: 'A filed file, to be saved',
      tags,
      params: OfFile,
      response: { 200: { description: 'The exact bytes that were filed', content: Object.fromEntries(FileType.options.map((type) => [type, binary])) } }
    },
    config: { access: readers }
  }, async ({ caller, params: { id, fileId } }, reply) => {
    const { content, sizeBytes: size, ...file } = await casefiles.open(caller, id, fileId)
    return reply.headers(downloadHeaders({ ...file, size })).send(content as never)
  })

  app.get('/disputes/:id/bundle', {
    schema: {
      operationId: 'getDisputeBundle',
      summary: 'Everything in a case as a ZIP: contract, statement, redemptions, messages, files, refund scenarios, evidence proofs, hashes of all',
      tags,
      params: OfDispute,
      response: { 200: { description: 'Made while it is read', content: { 'application/zip': binary } } }
    },
    config: { access: readers }
  }, async ({ caller, params: { id } }, reply) =>
    reply.headers(downloadHeaders({ name: `${id}.zip`, contentType: 'application/zip' })).send(await bundles.bundle(caller, id) as never))
}
