import { sql } from 'drizzle-orm'
import { check, foreignKey, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofOffice } from '../db/policies.js'
import type { Side } from '../disputes/model.js'
import { disputes } from '../disputes/table.js'
import type { FileType, ScanState } from './model.js'

/** Files of disputes that the caller may see (policies of `disputes` apply inside). */
const ofVisibleDispute = sql.raw('exists (select 1 from disputes d where d.office_id = case_files.office_id and d.id = case_files.dispute_id)')

/** What the parties filed in a dispute. The content is in the storage, sealed; rows are never changed. */
export const caseFiles = pgTable('case_files', {
  officeId: officeId(),
  id: id('id', 'fil').notNull(),
  disputeId: id('dispute_id', 'dsp').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  party: text('party').$type<Side>().notNull(),
  filedBy: id('filed_by', 'per').notNull(),
  name: text('name').notNull(),
  contentType: text('content_type').$type<FileType>().notNull(),
  sizeBytes: integer('size_bytes').notNull(),
  /** of the content, hex */
  sha256: text('sha256').notNull(),
  /** the storage's name of the sealed content */
  file: text('file').notNull(),
  purpose: text('purpose'),
  scan: text('scan').$type<ScanState>().notNull(),
  filedAt: instant('filed_at').notNull()
}, (t) => [
  primaryKey({ name: 'case_files_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'case_files_dispute', columns: [t.officeId, t.disputeId], foreignColumns: [disputes.officeId, disputes.id] }),
  uniqueIndex('case_files_one_per_content').on(t.officeId, t.disputeId, t.party, t.sha256),
  check('case_files_sha256', sql`${t.sha256} ~ '^[0-9a-f]{64}$'`),
  ...allowAll('case_files', ['select'], ['consumer', 'merchant', 'adjudicator', 'notary'], ofVisibleDispute),
  allow('case_files', 'insert', ['consumer'], sql`${ofVisibleDispute} and party = 'consumer' and filed_by = ${context.person}`),
  allow('case_files', 'insert', ['merchant'], sql`${ofVisibleDispute} and party = 'merchant' and filed_by = ${context.person}`),
  ...allowAll('case_files', ['select'], ['worker'], ofOffice)
])
