import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { id, instant } from '../db/columns.js'
import { allowAll, everyRow } from '../db/policies.js'
import type { StaffEnd, StaffProposal } from './model.js'

/** Who is to belong to the staff. A reference table: administrators belong to no office. */
export const staffProposals = pgTable('staff_proposals', {
  id: id('id', 'stp').primaryKey(),
  status: text('status').$type<StaffProposal['status']>().notNull(),
  phoneSealed: text('phone_sealed').notNull(),
  nameSealed: text('name_sealed').notNull(),
  end: text('end').$type<StaffEnd>().notNull(),
  /** the office's number */
  office: integer('office'),
  roles: text('roles').array().notNull(),
  proposedBy: id('proposed_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  decidedBy: id('decided_by', 'per'),
  decidedAt: instant('decided_at'),
  reason: text('reason')
}, (t) => [
  index('staff_proposals_open').on(t.id).where(sql`${t.status} = 'proposed'`),
  check('staff_proposals_status', sql`${t.status} in ('proposed', 'confirmed', 'refused')`),
  check('staff_proposals_two_people', sql`${t.decidedBy} is null or ${t.decidedBy} <> ${t.proposedBy}`),
  ...allowAll('staff_proposals', ['select', 'insert', 'update'], ['administrator'], everyRow)
])
