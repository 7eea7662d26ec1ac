import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { fen, id, instant } from '../db/columns.js'
import { allowAll, everyRow } from '../db/policies.js'

/*
 * The sandbox channel's own memory: what a payment provider would keep on its side. Nothing of it
 * is the service's state.
 */

/** Orders it was asked to open. */
export const sandboxOrders = pgTable('sandbox_orders', {
  id: id('id', 'pay').primaryKey(),
  amountFen: fen('amount_fen').notNull(),
  openedAt: instant('opened_at').notNull(),
  closedAt: instant('closed_at')
}, () => [...allowAll('sandbox_orders', ['select', 'insert', 'update'], ['worker'], everyRow)])

/** Attempts of payers that succeeded. */
export const sandboxTransactions = pgTable('sandbox_transactions', {
  id: text('id').primaryKey(),
  orderId: id('order_id', 'pay').notNull(),
  amountFen: fen('amount_fen').notNull(),
  paidAt: instant('paid_at').notNull()
}, (t) => [
  index('sandbox_transactions_of_order').on(t.orderId),
  ...allowAll('sandbox_transactions', ['select', 'insert'], ['worker'], everyRow)
])

/** Refunds it was asked for, by the service's key. */
export const sandboxRefunds = pgTable('sandbox_refunds', {
  key: text('key').primaryKey(),
  orderId: id('order_id', 'pay').notNull(),
  amountFen: fen('amount_fen').notNull(),
  reference: text('reference').notNull(),
  madeAt: instant('made_at').notNull()
}, (t) => [
  index('sandbox_refunds_of_order').on(t.orderId),
  ...allowAll('sandbox_refunds', ['select', 'insert'], ['worker'], everyRow)
])
