import { sql } from 'drizzle-orm'
import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytes, instant, officeId } from './columns.js'
import { allowAll, context, ofOffice } from './policies.js'

/**
 * What a call with an idempotency key answered. A row commits with the effect it stands for and
 * is kept for the life of the contract. `keyHash`: SHA-256 over person, end and key.
 */
export const idempotencyKeys = pgTable('idempotency_keys', {
  officeId: officeId(),
  keyHash: bytes('key_hash').notNull(),
  requestHash: bytes('request_hash').notNull(),
  answer: text('answer').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'idempotency_keys_pk', columns: [t.officeId, t.keyHash] }),
  // An answer holds whatever its caller was told: an end sees that of the very key it came with.
  ...allowAll('idempotency_keys', ['select', 'insert'], ['consumer', 'merchant', 'notary', 'operator', 'adjudicator'], sql`${ofOffice} and key_hash = ${context.key}`),
  ...allowAll('idempotency_keys', ['select', 'insert'], ['redeemer', 'worker'], ofOffice)
])
