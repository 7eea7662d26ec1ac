import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytes, instant, officeId } from './columns.js'
import { allowAll, ofOffice } from './policies.js'

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
  ...allowAll('idempotency_keys', ['select', 'insert'],
    ['consumer', 'merchant', 'notary', 'operator', 'adjudicator', 'redeemer', 'anyone', 'worker'], ofOffice)
])
