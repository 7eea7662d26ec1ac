import { and, asc, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import type { Tx } from '../../db/unit-of-work.js'
import type { Id } from '../../kernel/id.js'
import { sandboxOrders, sandboxRefunds, sandboxTransactions } from '../table.js'

export type OrderRow = typeof sandboxOrders.$inferSelect
export type RefundRow = typeof sandboxRefunds.$inferSelect

export const insertOrder = async ({ db }: Tx, row: typeof sandboxOrders.$inferInsert): Promise<void> => {
  await db.insert(sandboxOrders).values(row).onConflictDoNothing()
}

/** Locks orders, in id order: the transactions and refunds of each follow one another. */
export const lockOrders = ({ db }: Tx, ids: readonly Id<'pay'>[]): Promise<OrderRow[]> =>
  db.select().from(sandboxOrders).where(inArray(sandboxOrders.id, [...ids])).orderBy(asc(sandboxOrders.id)).for('update')

export const lockOrder = async (tx: Tx, id: Id<'pay'>): Promise<OrderRow | undefined> => (await lockOrders(tx, [id]))[0]

export const closeOrder = async ({ db }: Tx, id: Id<'pay'>, closedAt: Date): Promise<void> => {
  await db.update(sandboxOrders).set({ closedAt }).where(eq(sandboxOrders.id, id))
}

export const insertTransaction = async ({ db }: Tx, row: typeof sandboxTransactions.$inferInsert): Promise<void> => {
  await db.insert(sandboxTransactions).values(row)
}

export const findRefunds = ({ db }: Tx, keys: readonly string[]): Promise<RefundRow[]> =>
  db.select().from(sandboxRefunds).where(inArray(sandboxRefunds.key, [...keys]))

export const insertRefunds = async ({ db }: Tx, rows: readonly RefundRow[]): Promise<void> => {
  await db.insert(sandboxRefunds).values([...rows])
}

/** Attempts that succeeded within a time, of all offices. */
export const listTransactions = ({ db }: Tx, from: Date, until: Date) =>
  db.select().from(sandboxTransactions).where(and(gte(sandboxTransactions.paidAt, from), lt(sandboxTransactions.paidAt, until))).orderBy(asc(sandboxTransactions.id))

/** Refunds made within a time, of all offices. */
export const listRefunds = ({ db }: Tx, from: Date, until: Date): Promise<RefundRow[]> =>
  db.select().from(sandboxRefunds).where(and(gte(sandboxRefunds.madeAt, from), lt(sandboxRefunds.madeAt, until))).orderBy(asc(sandboxRefunds.reference))

/** What was paid on orders and not refunded. */
export const sumUnrefunded = async ({ db }: Tx, orderIds: readonly Id<'pay'>[]): Promise<Map<Id<'pay'>, bigint>> => {
  const fen = sql<bigint>`sum(amount_fen)::bigint`
  const paid = await db.select({ orderId: sandboxTransactions.orderId, fen }).from(sandboxTransactions)
    .where(inArray(sandboxTransactions.orderId, [...orderIds])).groupBy(sandboxTransactions.orderId)
  const refunded = await db.select({ orderId: sandboxRefunds.orderId, fen }).from(sandboxRefunds)
    .where(inArray(sandboxRefunds.orderId, [...orderIds])).groupBy(sandboxRefunds.orderId)
  const left = new Map(paid.map((row) => [row.orderId, row.fen]))
  for (const row of refunded) left.set(row.orderId, (left.get(row.orderId) ?? 0n) - row.fen)
  return left
}
