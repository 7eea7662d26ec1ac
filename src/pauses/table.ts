import { sql } from 'drizzle-orm'
import { check, date, foreignKey, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { contracts } from '../contracts/table.js'
import { id, instant, officeId } from '../db/columns.js'
import { allowAll, ofMerchant, ofOffice, ofVisibleContract } from '../db/policies.js'
import type { PauseGround, PauseSide, PauseStatus } from './model.js'

/** Days on which the terms of contracts stand still, as proposed and agreed. */
export const pauses = pgTable('pauses', {
  officeId: officeId(),
  id: id('id', 'pau').notNull(),
  contractId: id('contract_id', 'ctr').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  ground: text('ground').$type<PauseGround>().notNull(),
  status: text('status').$type<PauseStatus>().notNull(),
  proposedEnd: text('proposed_end').$type<PauseSide>().notNull(),
  proposedBy: id('proposed_by', 'per').notNull(),
  /** the first and the last day that do not count; the last is the day before the first where none does */
  startsOn: date('starts_on', { mode: 'string' }).notNull(),
  endsOn: date('ends_on', { mode: 'string' }).notNull(),
  createdAt: instant('created_at').notNull(),
  answeredAt: instant('answered_at'),
  endedAt: instant('ended_at')
}, (t) => [
  primaryKey({ name: 'pauses_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'pauses_contract', columns: [t.officeId, t.contractId], foreignColumns: [contracts.officeId, contracts.id] }),
  index('pauses_of_contract').on(t.officeId, t.contractId),
  uniqueIndex('pauses_one_open_per_contract').on(t.officeId, t.contractId).where(sql`${t.status} in ('proposed', 'agreed', 'running')`),
  check('pauses_status', sql`${t.status} in ('proposed', 'agreed', 'running', 'ended', 'declined', 'withdrawn', 'lapsed')`),
  check('pauses_days', sql`${t.endsOn} >= ${t.startsOn} - 1`),
  ...allowAll('pauses', ['select', 'insert', 'update'], ['consumer'], ofVisibleContract('pauses')),
  ...allowAll('pauses', ['select', 'insert', 'update'], ['merchant'], ofMerchant),
  ...allowAll('pauses', ['select'], ['notary'], ofOffice),
  ...allowAll('pauses', ['select', 'insert', 'update'], ['worker'], ofOffice)
])
