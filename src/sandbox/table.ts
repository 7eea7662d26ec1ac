import { sql } from 'drizzle-orm'
import { bigint, bigserial, check, date, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { fen, instant } from '../db/columns.js'
import { allowAll, everyRow } from '../db/policies.js'

/*
 * The sandbox's outside world: a clock that can be moved, an SMS gateway and a bank's own book (the
 * payment channel's is in channels/table.ts). Nothing of it is the service's own state but the
 * clock's offset.
 */

/** One row: how far the service's clock is ahead. */
export const sandboxClock = pgTable('sandbox_clock', {
  one: integer('one').primaryKey(),
  offsetMs: bigint('offset_ms', { mode: 'number' }).notNull()
}, (t) => [
  check('sandbox_clock_one', sql`${t.one} = 1`),
  ...allowAll('sandbox_clock', ['select', 'insert', 'update'], ['worker'], everyRow)
])

/** SMS that the sandbox's gateway took. */
export const sandboxMessages = pgTable('sandbox_messages', {
  sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
  /** the sender's key: a repeat is one message */
  key: text('key').notNull().unique('sandbox_messages_once'),
  phone: text('phone').notNull(),
  text: text('text').notNull(),
  code: text('code'),
  sentAt: instant('sent_at').notNull()
}, (t) => [index('sandbox_messages_by_phone').on(t.phone, t.sequence), ...allowAll('sandbox_messages', ['select', 'insert'], ['worker'], everyRow)])

/** The bank's answer to payouts from now on; `merchantId` '*' for all. */
export const sandboxBankAnswers = pgTable('sandbox_bank_answers', {
  merchantId: text('merchant_id').primaryKey(),
  outcome: text('outcome').$type<'paid' | 'returned' | 'unknown'>().notNull()
}, () => [...allowAll('sandbox_bank_answers', ['select', 'insert', 'update'], ['worker'], everyRow)])

/** Payout orders the bank got, by the service's key: one is executed once. Undecided while `outcome` is null. */
export const sandboxBankOrders = pgTable('sandbox_bank_orders', {
  key: text('key').primaryKey(),
  accountNumber: text('account_number').notNull(),
  payeeId: text('payee_id').notNull(),
  payeeName: text('payee_name').notNull(),
  amountFen: fen('amount_fen').notNull(),
  feeFen: fen('fee_fen').notNull(),
  remittance: text('remittance').notNull(),
  outcome: text('outcome').$type<'paid' | 'returned'>(),
  receivedAt: instant('received_at').notNull()
}, () => [...allowAll('sandbox_bank_orders', ['select', 'insert', 'update'], ['worker'], everyRow)])

/** The bank's own book of the special accounts. */
export const sandboxBankEntries = pgTable('sandbox_bank_entries', {
  sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
  accountNumber: text('account_number').notNull(),
  /** the order's key: a repeat is one entry */
  reference: text('reference').notNull().unique('sandbox_bank_entries_once'),
  side: text('side').$type<'CRDT' | 'DBIT'>().notNull(),
  amountFen: fen('amount_fen').notNull(),
  counterparty: text('counterparty').notNull(),
  remittance: text('remittance').notNull(),
  bookedOn: date('booked_on', { mode: 'string' }).notNull(),
  bookedAt: instant('booked_at').notNull()
}, () => [...allowAll('sandbox_bank_entries', ['select', 'insert'], ['worker'], everyRow)])
