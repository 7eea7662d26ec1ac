import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allowAll, everyRow, ofOffice } from '../db/policies.js'

/**
 * Intents to call the outside world, written in the transaction that makes them necessary and
 * delivered after its commit, at least once. Office 0 holds those of no office (sign-in codes).
 */
export const outbox = pgTable('outbox', {
  officeId: officeId(),
  id: id('id', 'out').notNull(),
  topic: text('topic').notNull(),
  /** makes a repeat harmless on the other side */
  key: text('key').notNull(),
  /** sealed: it may hold a phone number or an account; emptied when delivered */
  payload: text('payload').notNull(),
  createdAt: instant('created_at').notNull(),
  dueAt: instant('due_at').notNull(),
  attempts: integer('attempts').notNull().default(0),
  lastError: text('last_error'),
  deliveredAt: instant('delivered_at')
}, (t) => [
  primaryKey({ name: 'outbox_pk', columns: [t.officeId, t.id] }),
  index('outbox_due').on(t.officeId, t.dueAt).where(sql`${t.deliveredAt} is null`),
  ...allowAll('outbox', ['insert'],
    ['consumer', 'merchant', 'notary', 'operator', 'adjudicator', 'identity', 'anyone', 'redeemer'], ofOffice),
  ...allowAll('outbox', ['select', 'insert', 'update'], ['worker'], everyRow)
])
