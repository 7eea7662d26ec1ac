import { sql } from 'drizzle-orm'
import { check, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofOffice } from '../db/policies.js'
import type { CorrectionStatus } from './model.js'

/** Requests that who a person is be put right. */
export const corrections = pgTable('corrections', {
  officeId: officeId(),
  id: id('id', 'cor').notNull(),
  personId: id('person_id', 'per').notNull(),
  status: text('status').$type<CorrectionStatus>().notNull(),
  /** {legalName, idNumber}; sealed */
  wantedSealed: text('wanted_sealed').notNull(),
  salt: text('salt').notNull(),
  grounds: text('grounds').notNull(),
  askedAt: instant('asked_at').notNull(),
  decidedBy: id('decided_by', 'per'),
  decidedAt: instant('decided_at'),
  reason: text('reason')
}, (t) => [
  primaryKey({ name: 'corrections_pk', columns: [t.officeId, t.id] }),
  index('corrections_of_person').on(t.personId),
  uniqueIndex('corrections_one_open').on(t.officeId, t.personId).where(sql`${t.status} = 'asked'`),
  check('corrections_status', sql`${t.status} in ('asked', 'approved', 'refused')`),
  allow('corrections', 'select', ['consumer'], sql`person_id = ${context.person}`),
  allow('corrections', 'insert', ['consumer'], sql`person_id = ${context.person} and ${ofOffice}`),
  ...allowAll('corrections', ['select', 'update'], ['notary'], ofOffice)
])
