import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { actorOf, worker, type Actor, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound, unavailable } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Seals } from '../seals/service.js'
import type { Storage } from '../storage/storage.js'
import type { Timetable } from '../timetable/service.js'
import { typeset, type Typeset } from './layout.js'
import { DocumentId, type DocumentKind, type DocumentView, type NewDocument, type Sheet } from './model.js'
import { findDocument, findDocumentOf, insertDocument, listDocumentsOf, markMade, updateDocument, type DocumentRow } from './store.js'

/*
 * A document goes from asked to made to sealed, each step noted in its row once its file is kept.
 * The row is written with what the document is of, so it is never forgotten: a job makes what is
 * asked for, a failed attempt leaves its reason and is made again, and whoever asks for the
 * document first does not wait for the job.
 */

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  storage: Storage
  seals: Seals
  evidence: Evidence
  timetable: Timetable
  /** Sets what a job makes, beside what is done for people. */
  typesetBehind: Typeset
}>

const deadline = 'document'
const about = { sheet: 'documents.sheet', file: 'documents.file' }
const retryAfterSeconds = 30

const zipped = promisify<Uint8Array, Buffer>(gzip)
const unzipped = promisify<Uint8Array, Buffer>(gunzip)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const viewOf = ({ id, kind, subject, version, status, documentSha256, sealedSha256, reason, createdAt, sealedAt }: DocumentRow): DocumentView =>
  ({ id, kind, subject, version, status, documentSha256, sealedSha256, reason, createdAt, sealedAt })

export const createDocuments = ({ work, clock, vault, storage, seals, evidence, timetable, typesetBehind }: Dependencies) => {
  /** Keeps a document's bytes, packed and encrypted. @returns the name of the file */
  const keepFile = async (bytes: Buffer): Promise<string> => (await storage.put(vault.sealBytes(await zipped(bytes), about.file))).sha256

  const openFile = async (file: string): Promise<Buffer> => unzipped(vault.openBytes(await buffer(await storage.open(file)), about.file))

  const newRow = (tx: Tx, { sheet, version = 1, ...facts }: NewDocument): DocumentRow => ({
    officeId: tx.office, id: newId('doc', tx.office), ...facts, version, status: 'asked', sheetSealed: vault.seal(JSON.stringify(sheet), about.sheet),
    statement: null, documentSha256: null, madeFile: null, sealedSha256: null, sealedFile: null, sealedAt: null, reason: null, createdAt: clock.now()
  })

  const set = async (sheet: Sheet, by: Typeset): Promise<{ documentSha256: string; madeFile: string }> => {
    const bytes = await by(sheet)
    return { documentSha256: sha256(bytes), madeFile: await keepFile(bytes) }
  }

  /** Makes a document at once and in this thread, because its hash is needed and a transaction waits; it is sealed later. @returns the hash of its bytes */
  const make = async (tx: Tx, document: NewDocument): Promise<string> => {
    const made = await set(document.sheet, typeset)
    await insertDocument(tx, { ...newRow(tx, document), ...made, status: 'made' })
    return made.documentSha256
  }

  /** Asks for a document, to be made and sealed by the job. `statement`: what the seal says. @returns its id */
  const ask = async (tx: Tx, document: NewDocument, statement: string): Promise<DocumentId> => {
    const row = { ...newRow(tx, document), statement }
    await insertDocument(tx, row)
    await timetable.set(tx, deadline, row.id, clock.now())
    return row.id
  }

  /** Asks for the seal of a document that was made, if there is such a document. */
  const askSeal = async (tx: Tx, kind: DocumentKind, subject: string, statement: string): Promise<void> => {
    const row = await findDocumentOf(tx, kind, subject)
    if (!row) return
    await updateDocument(tx, row.id, { statement })
    await timetable.set(tx, deadline, row.id, clock.now())
  }

  const append = (tx: Tx, fact: 'document-made' | 'document-sealed', { kind, subject, version, contractId, merchantId }: DocumentRow, payload: object): Promise<void> =>
    evidence.appendFact(tx, { fact, subject, contractId: contractId ?? undefined, merchantId: merchantId ?? undefined, occurredAt: clock.now(), payload: { kind, ...(version > 1 ? { version } : {}), ...payload } })

  const sheetOf = ({ sheetSealed }: DocumentRow): Sheet => JSON.parse(vault.open(sheetSealed, about.sheet)) as Sheet

  /** The bytes before the seal. Should their file be gone they are set again, and are the same or none. */
  const madeBytes = async (row: DocumentRow, file: string): Promise<Buffer> => openFile(file).catch(async (error: unknown) => {
    const bytes = await typesetBehind(sheetOf(row))
    if (sha256(bytes) !== row.documentSha256) throw error
    return bytes
  })

  const makeAsked = async (row: DocumentRow): Promise<DocumentRow> => {
    if (row.madeFile !== null) return row
    const made = await set(sheetOf(row), typesetBehind)
    return work.write(worker, row.officeId, async (tx) => {
      if (await markMade(tx, row.id, made)) await append(tx, 'document-made', row, { documentSha256: made.documentSha256 })
      const now = await findDocument(tx, row.id)
      invariant(now, 'a document is never deleted')
      return now
    })
  }

  const sealMade = async (row: DocumentRow): Promise<void> => {
    const { officeId: office, id, madeFile, documentSha256, statement } = row
    if (row.status === 'sealed' || madeFile === null || statement === null) return
    const bytes = await seals.seal(office, await madeBytes(row, madeFile), statement)
    const sealedFile = await keepFile(bytes)
    const sealedSha256 = sha256(bytes)
    await work.write(worker, office, async (tx) => {
      if (!(await updateDocument(tx, id, { status: 'sealed', sealedFile, sealedSha256, sealedAt: clock.now(), reason: null }))) return
      await append(tx, 'document-sealed', row, { documentSha256, sealedSha256 })
    })
  }

  /** Takes a document as far as it may go. A failure is noted in its row and thrown. */
  const advance = async (office: number, id: DocumentId): Promise<void> => {
    const row = await work.read(worker, office, (tx) => findDocument(tx, id))
    invariant(row, `document ${id} is missing`)
    try {
      await sealMade(await makeAsked(row))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      await work.write(worker, office, (tx) => updateDocument(tx, id, { status: 'failed', reason }))
      throw error
    }
  }

  timetable.on(deadline, async ({ office, subject, take }) => {
    await advance(office, DocumentId.parse(subject))
    await work.write(worker, office, take)
  })

  /** A document that the caller may see, made and sealed now if the job has not come to it yet. */
  const ready = async (actor: Actor, office: number, find: (tx: Tx) => Promise<DocumentRow | undefined>): Promise<DocumentRow> => {
    const look = async (): Promise<DocumentRow> => {
      const row = await work.read(actor, office, find)
      if (!row) throw notFound({})
      return row
    }
    const row = await look()
    if (row.status === 'sealed' || row.statement === null) return row
    return advance(office, row.id).then(look, () => look())
  }

  /** @throws unavailable (503) when it could not be made yet */
  const bytesOf = (row: DocumentRow): Promise<Buffer> => {
    if (row.sealedFile !== null) return openFile(row.sealedFile)
    if (row.madeFile === null) throw unavailable({ retryAfterSeconds })
    return madeBytes(row, row.madeFile)
  }

  /** The document of a kind about something, as it is to be read now: sealed where that was asked for, else the bytes as made. @throws not_found (404), unavailable (503) while it cannot be made */
  const bytesSeenBy = async (actor: Actor, office: number, kind: DocumentKind, subject: string): Promise<Buffer> =>
    bytesOf(await ready(actor, office, (tx) => findDocumentOf(tx, kind, subject)))

  /** The same for the caller. @throws not_found (404), unavailable (503) */
  const bytesAbout = (caller: Caller, office: number, kind: DocumentKind, subject: string): Promise<Buffer> => bytesSeenBy(actorOf(caller), office, kind, subject)

  /** A document that is nothing without its seal. @throws not_found (404), unavailable (503) while it cannot be sealed */
  const certificateBytes = async (caller: Caller, office: number, kind: DocumentKind, subject: string): Promise<Buffer> => {
    const row = await ready(actorOf(caller), office, (tx) => findDocumentOf(tx, kind, subject))
    if (row.status !== 'sealed') throw unavailable({ retryAfterSeconds })
    return bytesOf(row)
  }

  /** @throws not_found (404), unavailable (503) while it cannot be made */
  const bytes = async (caller: Caller, id: DocumentId): Promise<Buffer> =>
    bytesOf(await ready(actorOf(caller), officeOf(id), (tx) => findDocument(tx, id)))

  /** The documents of a contract that the caller may see, oldest first. */
  const list = (caller: Caller, contractId: Id<'ctr'>): Promise<{ items: DocumentView[]; nextCursor: null }> =>
    work.read(actorOf(caller), officeOf(contractId), async (tx) => ({ items: (await listDocumentsOf(tx, contractId)).map(viewOf), nextCursor: null }))

  /** The document of a kind about something, as far as it has come. */
  const find = async (tx: Tx, kind: DocumentKind, subject: string): Promise<DocumentView | undefined> => {
    const row = await findDocumentOf(tx, kind, subject)
    return row && viewOf(row)
  }

  return { make, ask, askSeal, bytesSeenBy, bytesAbout, certificateBytes, bytes, list, find }
}

export type Documents = ReturnType<typeof createDocuments>
