import { sql } from 'drizzle-orm'
import { check, date, foreignKey, index, integer, pgTable, pgView, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, fen, id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofOffice } from '../db/policies.js'
import type { DifferenceKind } from './model.js'

/** A business day closed by two people. What was booked on it stands, and is checked against these sums. */
export const dayClosings = pgTable('day_closings', {
  officeId: officeId(),
  day: date('day', { mode: 'string' }).notNull(),
  status: text('status').$type<'proposed' | 'closed'>().notNull(),
  makerId: id('maker_id', 'per').notNull(),
  checkerId: id('checker_id', 'per'),
  reason: text('reason'),
  proposedAt: instant('proposed_at').notNull(),
  snapshot: text('snapshot').notNull(),
  closedAt: instant('closed_at'),
  /** of the entries booked on the day */
  entries: integer('entries'),
  movedFen: fen('moved_fen'),
  liabilityRoot: bytes('liability_root'),
  liabilityTotalFen: fen('liability_total_fen')
}, (t) => [
  primaryKey({ name: 'day_closings_pk', columns: [t.officeId, t.day] }),
  check('day_closings_status', sql`${t.status} in ('proposed', 'closed')`),
  check('day_closings_two_people', sql`${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}`),
  ...allowAll('day_closings', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('day_closings', ['select'], ['bureau', 'worker', 'consumer'], ofOffice)
])

/** Differences between the books and others', one item each, until they are gone. */
export const reconciliationDifferences = pgTable('reconciliation_differences', {
  officeId: officeId(),
  id: id('id', 'rdf').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  kind: text('kind').$type<DifferenceKind>().notNull(),
  /** the account, the channel, or the books */
  of: text('of').notNull(),
  differenceFen: fen('difference_fen').notNull(),
  openedAt: instant('opened_at').notNull(),
  settledAt: instant('settled_at')
}, (t) => [
  primaryKey({ name: 'reconciliation_differences_pk', columns: [t.officeId, t.id] }),
  uniqueIndex('reconciliation_differences_one_open').on(t.officeId, t.day, t.kind, t.of).where(sql`${t.settledAt} is null`),
  ...allowAll('reconciliation_differences', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice),
  ...allowAll('reconciliation_differences', ['select'], ['bureau'], ofOffice)
])

/** The leaves of a day's sum tree, in the tree's order. A consumer sees her own. Append-only. */
export const liabilityLeaves = pgTable('liability_leaves', {
  officeId: officeId(),
  day: date('day', { mode: 'string' }).notNull(),
  position: integer('position').notNull(),
  /** null: what is owed to others, one leaf a kind of account */
  consumerId: id('consumer_id', 'per'),
  owner: text('owner').notNull(),
  nonce: bytes('nonce').notNull(),
  balanceFen: fen('balance_fen').notNull()
}, (t) => [
  primaryKey({ name: 'liability_leaves_pk', columns: [t.officeId, t.day, t.position] }),
  foreignKey({ name: 'liability_leaves_day', columns: [t.officeId, t.day], foreignColumns: [dayClosings.officeId, dayClosings.day] }),
  index('liability_leaves_of_consumer').on(t.officeId, t.consumerId, t.day).where(sql`${t.consumerId} is not null`),
  ...allowAll('liability_leaves', ['select', 'insert'], ['notary'], ofOffice),
  allow('liability_leaves', 'select', ['consumer'], sql`office_id = ${context.office} and consumer_id = ${context.person}`)
])

/** The nodes of a day's sum tree, a row a level, 40 bytes a node: hash and sum. They name nobody. Append-only. */
export const liabilityNodes = pgTable('liability_nodes', {
  officeId: officeId(),
  day: date('day', { mode: 'string' }).notNull(),
  level: integer('level').notNull(),
  nodes: bytes('nodes').notNull()
}, (t) => [
  primaryKey({ name: 'liability_nodes_pk', columns: [t.officeId, t.day, t.level] }),
  foreignKey({ name: 'liability_nodes_day', columns: [t.officeId, t.day], foreignColumns: [dayClosings.officeId, dayClosings.day] }),
  ...allowAll('liability_nodes', ['select', 'insert'], ['notary'], ofOffice),
  ...allowAll('liability_nodes', ['select'], ['consumer'], ofOffice)
])

/** Lines of statements that nothing explains, and bookings that no statement has confirmed; without names. Written by hand in the migrations. */
export const unmatchedBankLines = pgView('unmatched_bank_lines', {
  officeId: officeId(),
  accountNumber: text('account_number').notNull(),
  source: text('source').$type<'statement' | 'books'>().notNull(),
  entryId: id('entry_id', 'bse'),
  transferId: id('transfer_id', 'trf'),
  reference: text('reference').notNull(),
  side: text('side').$type<'C' | 'D'>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  status: text('status').notNull()
}).existing()

/** What channels have reported: received, refunded, settled. Written by hand in the migrations. */
export const channelMovements = pgView('channel_movements', {
  officeId: officeId(),
  channel: text('channel').notNull(),
  at: instant('at').notNull(),
  amountFen: fen('amount_fen').notNull()
}).existing()
