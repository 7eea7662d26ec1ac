import { bigint, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { bytes, id, instant, officeId } from '../db/columns.js'
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
  ...allowAll('audit_log', ['insert'], ['notary', 'operator', 'bureau', 'adjudicator', 'merchant', 'consumer', 'worker', 'identity', 'anyone', 'administrator', 'auditor'], ofOffice),
  ...allowAll('audit_log', ['select'], ['auditor', 'worker'], ofOffice)
])

/**
 * The log's rows in one order, each with a hash over itself and all before it: what was changed or
 * taken away afterwards, by whatever means, no longer fits. Append-only.
 */
export const auditChain = pgTable('audit_chain', {
  officeId: officeId(),
  position: bigint('position', { mode: 'number' }).notNull(),
  entryId: id('entry_id', 'aud').notNull(),
  at: instant('at').notNull(),
  hash: bytes('hash').notNull()
}, (t) => [
  primaryKey({ name: 'audit_chain_pk', columns: [t.officeId, t.position] }),
  unique('audit_chain_once').on(t.officeId, t.entryId),
  ...allowAll('audit_chain', ['select'], ['auditor', 'worker'], ofOffice),
  ...allowAll('audit_chain', ['insert'], ['worker'], ofOffice)
])
