import { and, asc, eq, isNull, lte, min } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import { outbox } from './table.js'

export type Intent = typeof outbox.$inferSelect

export const insertIntent = async ({ db }: Tx, row: typeof outbox.$inferInsert): Promise<void> => {
  await db.insert(outbox).values(row)
}

const undelivered = (office: number) => and(eq(outbox.officeId, office), isNull(outbox.deliveredAt))

/** Claims an intent until `leaseUntil`, so that no two processes deliver it at the same time: the first that is due, or the one its sender delivers. */
export const claimDue = async ({ db, office }: Tx, at: Date, leaseUntil: Date, only?: Id<'out'>): Promise<Intent | undefined> => {
  const [intent] = await db.select().from(outbox)
    .where(and(undelivered(office), only ? eq(outbox.id, only) : lte(outbox.dueAt, at)))
    .orderBy(asc(outbox.dueAt), asc(outbox.id)).limit(1).for('update', { skipLocked: true })
  if (intent) await db.update(outbox).set({ dueAt: leaseUntil }).where(and(eq(outbox.officeId, office), eq(outbox.id, intent.id)))
  return intent
}

export const markDelivered = async ({ db, office }: Tx, id: Id<'out'>, deliveredAt: Date): Promise<void> => {
  await db.update(outbox).set({ deliveredAt, payload: '' }).where(and(eq(outbox.officeId, office), eq(outbox.id, id)))
}

export const postpone = async ({ db, office }: Tx, { id, attempts }: Intent, dueAt: Date, lastError: string): Promise<void> => {
  await db.update(outbox).set({ dueAt, attempts: attempts + 1, lastError }).where(and(eq(outbox.officeId, office), eq(outbox.id, id)))
}

export const findNextDue = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(outbox.dueAt) }).from(outbox).where(undelivered(office)))[0]?.dueAt ?? null
