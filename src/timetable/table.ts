import { index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'

/** What falls due: one row for each kind and subject, gone when it is done. */
export const deadlines = pgTable('deadlines', {
  officeId: officeId(),
  id: id('id', 'ddl').notNull(),
  kind: text('kind').notNull(),
  /** the id of what falls due */
  subject: text('subject').notNull(),
  dueAt: instant('due_at').notNull(),
  attempts: integer('attempts').notNull().default(0),
  lastError: text('last_error')
}, (t) => [
  primaryKey({ name: 'deadlines_pk', columns: [t.officeId, t.id] }),
  unique('deadlines_one_per_kind_and_subject').on(t.officeId, t.kind, t.subject),
  index('deadlines_due').on(t.officeId, t.dueAt),
  ...allowAll('deadlines', ['select', 'insert', 'update', 'delete'], ['worker', 'redeemer'], ofOffice)
])
