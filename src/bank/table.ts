import { sql } from 'drizzle-orm'
import { check, date, foreignKey, index, pgTable, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import { fen, id, instant, officeId } from '../db/columns.js'
import { allowAll, ofOffice } from '../db/policies.js'
import type { EntrySide, EntryStatus, MatchedBy, ResolutionKind, SuspenseStatus } from './model.js'

/** Statements of the special account, once each; importing one again adds only lines that are new. */
export const bankStatements = pgTable('bank_statements', {
  officeId: officeId(),
  id: id('id', 'bst').notNull(),
  accountNumber: text('account_number').notNull(),
  /** the bank's own number of it; of a CSV file its hash */
  reference: text('reference').notNull(),
  format: text('format').$type<'camt053' | 'csv'>().notNull(),
  openingFen: fen('opening_fen'),
  closingFen: fen('closing_fen'),
  closingOn: date('closing_on', { mode: 'string' }),
  importedBy: id('imported_by', 'per').notNull(),
  importedAt: instant('imported_at').notNull()
}, (t) => [
  primaryKey({ name: 'bank_statements_pk', columns: [t.officeId, t.id] }),
  unique('bank_statements_once').on(t.officeId, t.accountNumber, t.reference),
  ...allowAll('bank_statements', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('bank_statements', ['select'], ['worker', 'bureau'], ofOffice)
])

/** Lines of statements, each once by the bank's own number of it. */
export const bankEntries = pgTable('bank_entries', {
  officeId: officeId(),
  id: id('id', 'bse').notNull(),
  statementId: id('statement_id', 'bst').notNull(),
  accountNumber: text('account_number').notNull(),
  entryReference: text('entry_reference').notNull(),
  endToEndId: text('end_to_end_id').notNull(),
  side: text('side').$type<EntrySide>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  bookedOn: date('booked_on', { mode: 'string' }).notNull(),
  valueOn: date('value_on', { mode: 'string' }).notNull(),
  code: text('code').notNull(),
  status: text('status').$type<EntryStatus>().notNull(),
  matchedBy: text('matched_by').$type<MatchedBy>(),
  reason: text('reason'),
  /** the movement in the books that it is */
  transferId: id('transfer_id', 'trf'),
  /** who and what it names; sealed */
  detailsSealed: text('details_sealed').notNull()
}, (t) => [
  primaryKey({ name: 'bank_entries_pk', columns: [t.officeId, t.id] }),
  unique('bank_entries_once').on(t.officeId, t.accountNumber, t.entryReference),
  foreignKey({ name: 'bank_entries_statement', columns: [t.officeId, t.statementId], foreignColumns: [bankStatements.officeId, bankStatements.id] }),
  index('bank_entries_of_statement').on(t.officeId, t.statementId, t.id),
  // A movement in the books is confirmed by one line.
  uniqueIndex('bank_entries_one_per_transfer').on(t.officeId, t.transferId).where(sql`${t.transferId} is not null`),
  index('bank_entries_not_matched').on(t.officeId, t.bookedOn).where(sql`${t.status} in ('new', 'answers', 'suspense')`),
  check('bank_entries_side', sql`${t.side} in ('C', 'D')`),
  check('bank_entries_amount_positive', sql`${t.amountFen} > 0`),
  check('bank_entries_status', sql`${t.status} in ('new', 'matched', 'answers', 'booked', 'suspense', 'resolved')`),
  ...allowAll('bank_entries', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('bank_entries', ['select', 'update'], ['worker'], ofOffice)
])

/** The bank's balance of the special account at the end of a day, as its newest statement has it. */
export const bankBalances = pgTable('bank_balances', {
  officeId: officeId(),
  accountNumber: text('account_number').notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  closingFen: fen('closing_fen').notNull(),
  statementId: id('statement_id', 'bst').notNull()
}, (t) => [
  primaryKey({ name: 'bank_balances_pk', columns: [t.officeId, t.accountNumber, t.day] }),
  foreignKey({ name: 'bank_balances_statement', columns: [t.officeId, t.statementId], foreignColumns: [bankStatements.officeId, bankStatements.id] }),
  ...allowAll('bank_balances', ['select', 'insert', 'update'], ['notary'], ofOffice),
  ...allowAll('bank_balances', ['select'], ['worker', 'bureau'], ofOffice)
])

/** Receipts and debits nobody can explain yet: one item each, with an owner, resolved by two people. */
export const suspenseItems = pgTable('suspense_items', {
  officeId: officeId(),
  id: id('id', 'sus').notNull(),
  entryId: id('entry_id', 'bse').notNull(),
  side: text('side').$type<EntrySide>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  status: text('status').$type<SuspenseStatus>().notNull(),
  ownerId: id('owner_id', 'per').notNull(),
  openedAt: instant('opened_at').notNull(),
  kind: text('kind').$type<ResolutionKind>(),
  /** the contract, transfer or item it is resolved by */
  target: text('target'),
  reason: text('reason'),
  makerId: id('maker_id', 'per'),
  checkerId: id('checker_id', 'per'),
  resolvedAt: instant('resolved_at'),
  /** where it goes back to; sealed */
  payeeSealed: text('payee_sealed'),
  /** names the order at the bank: one for each attempt */
  orderId: id('order_id', 'srt'),
  orderedAt: instant('ordered_at')
}, (t) => [
  primaryKey({ name: 'suspense_items_pk', columns: [t.officeId, t.id] }),
  unique('suspense_items_one_per_entry').on(t.officeId, t.entryId),
  foreignKey({ name: 'suspense_items_entry', columns: [t.officeId, t.entryId], foreignColumns: [bankEntries.officeId, bankEntries.id] }),
  index('suspense_items_of_order').on(t.officeId, t.orderId).where(sql`${t.orderId} is not null`),
  index('suspense_items_open').on(t.officeId, t.id).where(sql`${t.status} <> 'resolved'`),
  check('suspense_items_status', sql`${t.status} in ('open', 'proposed', 'ordered', 'resolved')`),
  check('suspense_items_two_people', sql`${t.checkerId} is null or ${t.checkerId} <> ${t.makerId}`),
  ...allowAll('suspense_items', ['select', 'insert', 'update'], ['notary', 'worker'], ofOffice),
  ...allowAll('suspense_items', ['select'], ['bureau'], ofOffice)
])
