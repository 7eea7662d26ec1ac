import { and, asc, eq, inArray, lte, min, sql } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { newId, uuidOf } from '../kernel/id.js'
import { deadlines } from './table.js'

export type Deadline = typeof deadlines.$inferSelect

/** A subject and when it is due. */
export type Due = Readonly<{ subject: string; dueAt: Date }>

const upsertStatement = officeStatement((office, place) => `
insert into deadlines (office_id, id, kind, subject, due_at)
select ${office}, id, $2, subject, due_at from ${place}unnest($3::uuid[], $4::text[], $5::timestamptz[]) as d(id, subject, due_at)
on conflict (office_id, kind, subject) do update set due_at = excluded.due_at, attempts = 0, last_error = null`)

export const upsertDeadlines = async ({ client, office }: Tx, kind: string, due: readonly Due[]): Promise<void> => {
  await client.query({
    name: 'upsert_deadlines',
    ...upsertStatement,
    values: [office, kind, due.map(() => uuidOf(newId('ddl', office))), due.map(({ subject }) => subject), due.map(({ dueAt }) => dueAt)]
  })
}

export const deleteDeadlines = async ({ db, office }: Tx, kinds: readonly string[], subjects: readonly string[]): Promise<void> => {
  await db.delete(deadlines).where(and(eq(deadlines.officeId, office), inArray(deadlines.kind, [...kinds]), sql`${deadlines.subject} = any(${sql.param([...subjects])}::text[])`))
}

/**
 * Takes a due row for good, if nobody else has and it is still due. That it is due is said so that no
 * index answers it: with many due at once, the one by time would go through all of them for one row.
 */
export const takeDeadline = async ({ db, office }: Tx, { id }: Deadline, at: Date): Promise<boolean> =>
  (await db.delete(deadlines).where(and(eq(deadlines.officeId, office), eq(deadlines.id, id), sql`${deadlines.dueAt} - ${at}::timestamptz <= interval '0'`)).returning({ id: deadlines.id })).length > 0

export const listDue = ({ db, office }: Tx, at: Date, limit: number): Promise<Deadline[]> =>
  db.select().from(deadlines).where(and(eq(deadlines.officeId, office), lte(deadlines.dueAt, at))).orderBy(asc(deadlines.dueAt), asc(deadlines.id)).limit(limit)

export const findNextDue = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(deadlines.dueAt) }).from(deadlines).where(eq(deadlines.officeId, office)))[0]?.dueAt ?? null

export const postponeDeadline = async ({ db, office }: Tx, { id, attempts }: Deadline, dueAt: Date, lastError: string): Promise<void> => {
  await db.update(deadlines).set({ dueAt, attempts: attempts + 1, lastError }).where(and(eq(deadlines.officeId, office), eq(deadlines.id, id)))
}
