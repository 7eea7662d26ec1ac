import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'

/** Who of the staff did what, when, from where. Append-only, and not readable by those it is about. */
export const auditLog = pgTable('audit_log', {
  officeId: officeId(),
  id: id('id', 'aud').notNull(),
  at: instant('at').notNull(),
  personId: id('person_id', 'per').notNull(),
  end: text('end').notNull(),
  sessionId: id('session_id', 'ses').notNull(),
  operation: text('operation').notNull(),
  requestId: text('request_id').notNull(),
  address: text('address').notNull(),
  asRole: text('as_role').notNull()
}, (t) => [
  primaryKey({ name: 'audit_log_pk', columns: [t.officeId, t.id] }),
  ...allowAll('audit_log', ['insert'], ['notary', 'operator', 'bureau', 'adjudicator', 'merchant', 'consumer', 'worker', 'identity', 'anyone'], ofOffice)
])
