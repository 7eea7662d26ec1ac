import { and, asc, desc, eq, isNull, ne, sql } from 'drizzle-orm'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf, type Id } from '../kernel/id.js'
import type { DocumentId, DocumentKind } from './model.js'
import { documents } from './table.js'

export type DocumentRow = typeof documents.$inferSelect

export const insertDocument = async ({ db }: Tx, row: DocumentRow): Promise<void> => {
  await db.insert(documents).values(row)
}

const documentById = prepared('find_document', (db) => db.select().from(documents)
  .where(and(eq(documents.officeId, sql.placeholder('office')), eq(documents.id, sql.placeholder('id')))))

export const findDocument = async (tx: Tx, id: DocumentId): Promise<DocumentRow | undefined> =>
  (await documentById(tx, { id: uuidOf(id) }))[0]

const documentBySubject = prepared('find_document_of', (db) => db.select().from(documents)
  .where(and(eq(documents.officeId, sql.placeholder('office')), eq(documents.kind, sql.placeholder('kind')), eq(documents.subject, sql.placeholder('subject'))))
  .orderBy(desc(documents.version)).limit(1))

/** The newest version. */
export const findDocumentOf = async (tx: Tx, kind: DocumentKind, subject: string): Promise<DocumentRow | undefined> =>
  (await documentBySubject(tx, { kind, subject }))[0]

export const listDocumentsOf = ({ db, office }: Tx, contractId: Id<'ctr'>): Promise<DocumentRow[]> =>
  db.select().from(documents).where(and(eq(documents.officeId, office), eq(documents.contractId, contractId))).orderBy(asc(documents.id))

type Progress = Partial<Omit<DocumentRow, 'officeId' | 'id' | 'kind' | 'subject' | 'version' | 'sheetSealed' | 'createdAt'>>

/** Notes how far a document has come; a sealed one stays as it is. @returns whether it was noted */
export const updateDocument = async ({ db, office }: Tx, id: DocumentId, progress: Progress): Promise<boolean> =>
  (await db.update(documents).set(progress)
    .where(and(eq(documents.officeId, office), eq(documents.id, id), ne(documents.status, 'sealed'))).returning({ id: documents.id })).length > 0

/** Notes where a document's bytes are kept, once. @returns whether this was the first time */
export const markMade = async ({ db, office }: Tx, id: DocumentId, made: Readonly<{ documentSha256: string; madeFile: string }>): Promise<boolean> =>
  (await db.update(documents).set({ ...made, status: 'made', reason: null })
    .where(and(eq(documents.officeId, office), eq(documents.id, id), isNull(documents.madeFile))).returning({ id: documents.id })).length > 0
