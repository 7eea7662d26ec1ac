import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofFormerHolder, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import type { DocumentKind, DocumentStatus } from './model.js'

/**
 * Documents and how far their making has come. The files are kept by their hash, encrypted, because
 * they name people; the hashes here are of the documents' own bytes.
 */
export const documents = pgTable('documents', {
  officeId: officeId(),
  id: id('id', 'doc').notNull(),
  kind: text('kind').$type<DocumentKind>().notNull(),
  subject: text('subject').notNull(),
  /** what is corrected is made anew beside the earlier one */
  version: integer('version').notNull().default(1),
  contractId: id('contract_id', 'ctr'),
  merchantId: id('merchant_id', 'mer'),
  status: text('status').$type<DocumentStatus>().notNull(),
  /** what it shows, sealed; the bytes before the seal can be set again from it */
  sheetSealed: text('sheet_sealed').notNull(),
  /** what the seal says, once it may be sealed */
  statement: text('statement'),
  /** of the bytes before the seal */
  documentSha256: text('document_sha256'),
  /** where these bytes are kept */
  madeFile: text('made_file'),
  sealedSha256: text('sealed_sha256'),
  sealedFile: text('sealed_file'),
  sealedAt: instant('sealed_at'),
  /** why the last attempt failed */
  reason: text('reason'),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'documents_pk', columns: [t.officeId, t.id] }),
  unique('documents_one_per_version').on(t.officeId, t.kind, t.subject, t.version),
  index('documents_of_contract').on(t.officeId, t.contractId),
  index('documents_of_merchant').on(t.officeId, t.merchantId),
  check('documents_version', sql`${t.version} >= 1`),
  check('documents_status', sql`${t.status} in ('asked', 'made', 'sealed', 'failed')`),
  check('documents_sealed_whole', sql`${t.status} <> 'sealed' or (${t.sealedSha256} is not null and ${t.sealedFile} is not null and ${t.sealedAt} is not null)`),
  check('documents_made_whole', sql`${t.status} not in ('made', 'sealed') or (${t.documentSha256} is not null and ${t.madeFile} is not null)`),
  ...allowAll('documents', ['select'], ['consumer'], sql`contract_id is not null and ${ofVisibleContract('documents')}`),
  ...allowAll('documents', ['select'], ['merchant'], sql`(${ofMerchant}) or (contract_id is not null and ${ofVisibleContract('documents')})`),
  ...allowAll('documents', ['insert', 'update'], ['consumer'], sql`kind = 'contract' and ${ofVisibleContract('documents')}`),
  // The contract is not hers yet when the new holder reads what she is to sign; the former keeps what was hers.
  allow('documents', 'select', ['consumer'], sql`kind = 'handover' and exists (select 1 from handovers h where h.office_id = documents.office_id and h.document_subject = documents.subject and h.to_id = ${context.person})`, 'handed'),
  allow('documents', 'select', ['consumer'], sql`kind <> 'handover' and ${ofFormerHolder('documents', 'created_at')}`, 'former'),
  // Of the case they are assigned to, as the policies of `dispute_documents` say.
  ...allowAll('documents', ['select'], ['adjudicator'], sql`exists (select 1 from dispute_documents d where d.office_id = documents.office_id and d.pdf_id = documents.id)`),
  ...allowAll('documents', ['select'], ['notary'], ofOffice),
  ...allowAll('documents', ['select', 'insert', 'update'], ['worker'], ofOffice)
])
