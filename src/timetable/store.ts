import { and, asc, eq, inArray, lte, min } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { newId } from '../kernel/id.js'
import { deadlines } from './table.js'

export type Deadline = typeof deadlines.$inferSelect

export const upsertDeadlines = async ({ db, office }: Tx, kind: string, subjects: readonly string[], dueAt: Date): Promise<void> => {
  await db.insert(deadlines)
    .values(subjects.map((subject) => ({ officeId: office, id: newId('ddl', office), kind, subject, dueAt })))
    .onConflictDoUpdate({ target: [deadlines.officeId, deadlines.kind, deadlines.subject], set: { dueAt, attempts: 0, lastError: null } })
}

export const deleteDeadlines = async ({ db, office }: Tx, kinds: readonly string[], subjects: readonly string[]): Promise<void> => {
  await db.delete(deadlines).where(and(eq(deadlines.officeId, office), inArray(deadlines.kind, [...kinds]), inArray(deadlines.subject, [...subjects])))
}

/** Takes a due row for good, if nobody else has and it is still due. */
export const takeDeadline = async ({ db, office }: Tx, { id }: Deadline, at: Date): Promise<boolean> =>
  (await db.delete(deadlines).where(and(eq(deadlines.officeId, office), eq(deadlines.id, id), lte(deadlines.dueAt, at))).returning({ id: deadlines.id })).length > 0

export const listDue = ({ db, office }: Tx, at: Date, limit: number): Promise<Deadline[]> =>
  db.select().from(deadlines).where(and(eq(deadlines.officeId, office), lte(deadlines.dueAt, at))).orderBy(asc(deadlines.dueAt), asc(deadlines.id)).limit(limit)

export const findNextDue = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(deadlines.dueAt) }).from(deadlines).where(eq(deadlines.officeId, office)))[0]?.dueAt ?? null

export const postponeDeadline = async ({ db, office }: Tx, { id, attempts }: Deadline, dueAt: Date, lastError: string): Promise<void> => {
  await db.update(deadlines).set({ dueAt, attempts: attempts + 1, lastError }).where(and(eq(deadlines.officeId, office), eq(deadlines.id, id)))
}
