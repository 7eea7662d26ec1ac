import { z } from 'zod'
import type { Routes } from '../http/types.js'
import type { Caller } from '../kernel/caller.js'
import { idSchema, officeOf } from '../kernel/id.js'
import type { ProblemKind } from '../kernel/problem.js'
import type { EvidenceLog } from './log.js'
import { ConsistencyProof, ConsistencyQuery, CosignatureAnswer, CosignedNote, InclusionProof, InclusionQuery, LeafIndex, LogEntry, LogPath, LogQuery, Receipt, ReceiptQuery, TilePath, TimestampQuery } from './model.js'
import { beyondLog, cosignatureRefused } from './problems.js'

const tags = ['evidence']
/** The ends that may see entries, each those that concern it. */
const readers = ['consumer', 'merchant', 'notary'] as const

const plainText = (description: string) => ({ description, content: { 'text/plain': { schema: { type: 'string' } } } })
const binary = (description: string) => ({ description, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } })

type Options = Readonly<{
  log: EvidenceLog
  /** What the calls answer that name no office where there are several. */
  officeProblems: readonly ProblemKind[]
}>

/** The public face of the log, and its entries for those they concern. */
export const evidenceRoutes = ({ log, officeProblems }: Options): Routes => async (app) => {
  const config = { access: 'public', problems: officeProblems } as const

  app.get('/evidence/logs', {
    schema: { operationId: 'listLogs', summary: 'The evidence logs of this deployment, one for each office', tags, response: { 200: z.object({ items: z.array(LogEntry) }) } },
    config: { access: 'public' }
  }, async () => log.list())

  app.get('/evidence/checkpoint', {
    schema: { operationId: 'getCheckpoint', summary: 'The log\'s newest checkpoint: C2SP tlog-checkpoint, a signed note', tags, querystring: LogQuery, response: { 200: plainText('origin, size, root, signature') } },
    config
  }, async ({ callerIfAny, query }, reply) => reply.type('text/plain; charset=utf-8').send(await log.checkpoint(query, callerIfAny) as never))

  app.get('/evidence/key', {
    schema: { operationId: 'getLogKey', summary: 'The key that checkpoints are signed with: C2SP signed-note verifier key', tags, querystring: LogQuery, response: { 200: plainText('name+hash+base64') } },
    config
  }, async ({ callerIfAny, query }, reply) => reply.type('text/plain; charset=utf-8').send(await log.key(query, callerIfAny) as never))

  app.get('/evidence/timestamp', {
    schema: { operationId: 'getTimestamp', summary: 'The RFC 3161 token over a checkpoint\'s exact bytes, DER', tags, querystring: TimestampQuery, response: { 200: binary('TimeStampToken') } },
    config
  }, async ({ query }, reply) => reply.type('application/octet-stream').send(await log.timestampOf(query, query.treeSize) as never))

  app.get('/evidence/proofs/inclusion', {
    schema: { operationId: 'proveInclusion', summary: 'That a leaf is in the tree of a size (RFC 9162)', tags, querystring: InclusionQuery, response: { 200: InclusionProof } },
    config: { access: 'public', problems: [beyondLog, ...officeProblems] }
  }, async ({ callerIfAny, query }) => log.inclusion(query, callerIfAny))

  app.get('/evidence/proofs/consistency', {
    schema: { operationId: 'proveConsistency', summary: 'That the tree of a size begins with an earlier one (RFC 9162)', tags, querystring: ConsistencyQuery, response: { 200: ConsistencyProof } },
    config: { access: 'public', problems: [beyondLog, ...officeProblems] }
  }, async ({ callerIfAny, query }) => log.consistency(query, callerIfAny))

  app.get('/evidence/entries/:leafIndex', {
    schema: { operationId: 'getEvidenceEntry', summary: 'The exact bytes of an entry, for those who may see what it is about', tags, params: LeafIndex, querystring: LogQuery, response: { 200: { description: 'RFC 8785 canonical JSON', content: { 'application/json': { schema: { type: 'object' } } } } } },
    config: { access: readers, problems: officeProblems }
  }, async ({ caller, params, query }, reply) => reply.type('application/json; charset=utf-8').send(Buffer.from(await log.entry(caller, query, params.leafIndex)) as never))

  app.post('/evidence/logs/:officeId/cosignatures', {
    schema: {
      operationId: 'cosignCheckpoint',
      summary: 'A witness hands in its cosignature on a checkpoint (C2SP tlog-cosignature); receipts will carry it',
      tags,
      params: LogPath,
      body: CosignedNote,
      response: { 200: CosignatureAnswer }
    },
    config: { access: 'public', problems: [cosignatureRefused, ...officeProblems] }
  }, async ({ params, body: { note } }) => log.cosign(params, note))

  // C2SP tlog-tiles: the prefix is /v1/evidence/logs/:officeId.
  app.get('/evidence/logs/:officeId/checkpoint', {
    schema: { hide: true, params: LogPath },
    config
  }, async ({ params }, reply) => reply.type('text/plain; charset=utf-8').send(await log.checkpoint(params) as never))

  app.get('/evidence/logs/:officeId/tile/:level/*', {
    schema: { hide: true, params: TilePath },
    config
  }, async ({ params: { '*': { index, width }, ...params } }, reply) =>
    reply.type('application/octet-stream').send(await log.tile(params, { level: params.level, index, width }) as never))
}

/** What gives a receipt: its path, the prefix of its id, and what else its entries are about. */
export type ReceiptSource = Readonly<{
  path: string
  prefix: string
  operationId: string
  summary: string
  /** the ends that may ask, where not all may that entries concern */
  access?: readonly (typeof readers)[number][]
  alsoAbout?: (caller: Caller, id: string) => Promise<string[]>
}>

const nothingElse = async (): Promise<string[]> => []

/** `GET …/receipt` of whatever the service gives receipts for. */
export const receiptRoutes = (log: EvidenceLog, sources: readonly ReceiptSource[]): Routes => async (app) => {
  for (const { path, prefix, operationId, summary, access = readers, alsoAbout = nothingElse } of sources) {
    app.get(path, {
      schema: { operationId, summary, tags, params: z.object({ id: idSchema(prefix) }), querystring: ReceiptQuery, response: { 200: Receipt } },
      config: { access }
    }, async ({ caller, params: { id }, query: { from } }) => log.receipt(caller, officeOf(id), id, await alsoAbout(caller, id), from))
  }
}
