import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'

/** The seals of offices that have none from a licensed authority: the sandbox's. Never updated. */
export const seals = pgTable('seals', {
  officeId: officeId(),
  /** PKCS#8, PEM; sealed */
  keySealed: text('key_sealed').notNull(),
  /** the office's certificate and its issuer's, PEM */
  certificates: text('certificates').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'seals_pk', columns: [t.officeId] }),
  ...allowAll('seals', ['select', 'insert'], ['worker'], ofOffice)
])
