import { eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/unit-of-work.js'
import type { Id } from '../../kernel/id.js'
import { sandboxOrders, sandboxRefunds, sandboxTransactions } from '../table.js'

export type OrderRow = typeof sandboxOrders.$inferSelect
export type RefundRow = typeof sandboxRefunds.$inferSelect

export const insertOrder = async ({ db }: Tx, row: typeof sandboxOrders.$inferInsert): Promise<void> => {
  await db.insert(sandboxOrders).values(row).onConflictDoNothing()
}

/** Locks an order: its transactions and refunds follow one another. */
export const lockOrder = async ({ db }: Tx, id: Id<'pay'>): Promise<OrderRow | undefined> =>
  (await db.select().from(sandboxOrders).where(eq(sandboxOrders.id, id)).for('update'))[0]

export const closeOrder = async ({ db }: Tx, id: Id<'pay'>, closedAt: Date): Promise<void> => {
  await db.update(sandboxOrders).set({ closedAt }).where(eq(sandboxOrders.id, id))
}

export const insertTransaction = async ({ db }: Tx, row: typeof sandboxTransactions.$inferInsert): Promise<void> => {
  await db.insert(sandboxTransactions).values(row)
}

export const findRefund = async ({ db }: Tx, key: string): Promise<RefundRow | undefined> =>
  (await db.select().from(sandboxRefunds).where(eq(sandboxRefunds.key, key)))[0]

export const insertRefund = async ({ db }: Tx, row: RefundRow): Promise<void> => {
  await db.insert(sandboxRefunds).values(row)
}

/** What was paid on an order and not refunded. */
export const sumUnrefunded = async ({ db }: Tx, orderId: Id<'pay'>): Promise<bigint> => {
  const total = sql<bigint>`coalesce(sum(amount_fen), 0)::bigint`
  const [paid] = await db.select({ fen: total }).from(sandboxTransactions).where(eq(sandboxTransactions.orderId, orderId))
  const [refunded] = await db.select({ fen: total }).from(sandboxRefunds).where(eq(sandboxRefunds.orderId, orderId))
  return (paid?.fen ?? 0n) - (refunded?.fen ?? 0n)
}
