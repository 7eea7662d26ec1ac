import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Tx } from '../../db/unit-of-work.js'
import { sandboxBankAnswers, sandboxBankEntries, sandboxBankOrders } from '../table.js'
import type { BankOutcome, BookEntry } from './model.js'

export type OrderRow = typeof sandboxBankOrders.$inferSelect
export type EntryRow = Omit<typeof sandboxBankEntries.$inferInsert, 'sequence'>

/** Keeps an order, unless one of its key is there, and locks the one kept. */
export const insertAndLockOrder = async (tx: Tx, row: OrderRow): Promise<OrderRow> => {
  await tx.db.insert(sandboxBankOrders).values(row).onConflictDoNothing()
  return await lockOrder(tx, row.key) ?? row
}

export const lockOrder = async ({ db }: Tx, key: string): Promise<OrderRow | undefined> =>
  (await db.select().from(sandboxBankOrders).where(eq(sandboxBankOrders.key, key)).for('update'))[0]

export const updateOrder = async ({ db }: Tx, key: string, outcome: 'paid' | 'returned'): Promise<void> => {
  await db.update(sandboxBankOrders).set({ outcome }).where(eq(sandboxBankOrders.key, key))
}

/** Enters lines into the bank's book; one whose reference is there already stays as it is. */
export const insertEntries = async ({ db }: Tx, rows: readonly EntryRow[]): Promise<void> => {
  await db.insert(sandboxBankEntries).values([...rows]).onConflictDoNothing()
}

export const everyMerchant = '*'

export const upsertAnswer = async ({ db }: Tx, merchantId: string, outcome: BankOutcome): Promise<void> => {
  await db.insert(sandboxBankAnswers).values({ merchantId, outcome })
    .onConflictDoUpdate({ target: sandboxBankAnswers.merchantId, set: { outcome } })
}

/** The answer to payouts of a merchant: its own, or the one to all. */
export const findAnswer = async ({ db }: Tx, merchantId: string): Promise<BankOutcome | undefined> => {
  const rows = await db.select().from(sandboxBankAnswers).where(inArray(sandboxBankAnswers.merchantId, [merchantId, everyMerchant]))
  return (rows.find((row) => row.merchantId === merchantId) ?? rows[0])?.outcome
}

export const listEntries = ({ db }: Tx, accountNumber: string, date: string): Promise<BookEntry[]> =>
  db.select().from(sandboxBankEntries)
    .where(and(eq(sandboxBankEntries.accountNumber, accountNumber), eq(sandboxBankEntries.bookedOn, date)))
    .orderBy(asc(sandboxBankEntries.sequence))

/** The account's balance at the beginning of a day. */
export const sumEntriesBefore = async ({ db }: Tx, accountNumber: string, date: string): Promise<bigint> => {
  const [row] = await db.select({
    balanceFen: sql<bigint>`coalesce(sum(case ${sandboxBankEntries.side} when 'CRDT' then ${sandboxBankEntries.amountFen} else -${sandboxBankEntries.amountFen} end), 0)::bigint`
  }).from(sandboxBankEntries).where(and(eq(sandboxBankEntries.accountNumber, accountNumber), lt(sandboxBankEntries.bookedOn, date)))
  return row?.balanceFen ?? 0n
}
