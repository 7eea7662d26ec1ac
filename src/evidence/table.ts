import { sql } from 'drizzle-orm'
import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import type { Openings } from './model.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'

/**
 * The evidence log's entries, in no order yet: a sequencer gives them their places in the Merkle
 * log in rows of their own. The public leaf is the SHA-256 of `entry`. Append-only.
 */
export const evidenceEntries = pgTable('evidence_entries', {
  officeId: officeId(),
  id: id('id', 'evd').notNull(),
  fact: text('fact').notNull(),
  subject: text('subject').notNull(),
  transferId: id('transfer_id', 'trf'),
  contractId: id('contract_id', 'ctr'),
  merchantId: id('merchant_id', 'mer'),
  /** RFC 8785 canonical JSON */
  entry: text('entry').notNull(),
  /** what opens the commitments of an entry about many contracts, by contract */
  openings: jsonb('openings').$type<Openings>(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'evidence_entries_pk', columns: [t.officeId, t.id] }),
  ...allowAll('evidence_entries', ['select'], ['notary', 'worker', 'redeemer'], ofOffice),
  ...allowAll('evidence_entries', ['select'], ['consumer'], sql`contract_id is not null and ${ofVisibleContract('evidence_entries')}`),
  ...allowAll('evidence_entries', ['select'], ['merchant'], ofMerchant),
  ...allowAll('evidence_entries', ['insert'],
    ['consumer', 'merchant', 'notary', 'operator', 'adjudicator', 'worker', 'redeemer'], ofOffice)
])
