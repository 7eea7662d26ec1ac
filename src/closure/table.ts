import { sql } from 'drizzle-orm'
import { check, date, foreignKey, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { ClosureStatus } from './model.js'

/** A merchant that has stopped: who found so, who checked it, and how far its contracts have been ended. */
export const closures = pgTable('closures', {
  officeId: officeId(),
  id: id('id', 'clo').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  status: text('status').$type<ClosureStatus>().notNull(),
  reason: text('reason').notNull(),
  stoppedOn: date('stopped_on', { mode: 'string' }).notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  createdAt: instant('created_at').notNull(),
  approvedAt: instant('approved_at'),
  completedAt: instant('completed_at'),
  contracts: integer('contracts').notNull().default(0),
  done: integer('done').notNull().default(0),
  totalFen: fen('total_fen').notNull().default(sql`0`),
  shortfallFen: fen('shortfall_fen').notNull().default(sql`0`),
  /** at the end: the sum refunded less what the ledger booked */
  differenceFen: fen('difference_fen')
}, (t) => [
  primaryKey({ name: 'closures_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'closures_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  uniqueIndex('closures_one_per_merchant').on(t.officeId, t.merchantId).where(sql`${t.status} <> 'cancelled'`),
  check('closures_status', sql`${t.status} in ('proposed', 'running', 'completed', 'cancelled')`),
  check('closures_two_people', sql`${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}`),
  ...allowAll('closures', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice),
  ...allowAll('closures', ['select'], ['bureau', 'operator'], ofOffice),
  allow('closures', 'select', ['merchant'], ofMerchant)
])
