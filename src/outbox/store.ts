import { and, asc, eq, isNull, lte, min } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf, type Id } from '../kernel/id.js'
import { outbox } from './table.js'

export type Intent = typeof outbox.$inferSelect

const insertStatement = officeStatement((office, place) => `
insert into outbox (office_id, id, topic, key, payload, created_at, due_at)
select ${office}, i.id, i.topic, i.key, i.payload, $6, $7 from ${place}unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as i(id, topic, key, payload)`)

/** Intents of one time. */
export const insertIntents = async ({ client, office }: Tx, intents: readonly Pick<Intent, 'id' | 'topic' | 'key' | 'payload'>[], createdAt: Date, dueAt: Date): Promise<void> => {
  const column = <Value>(of: (intent: (typeof intents)[number]) => Value) => intents.map(of)
  await client.query({
    name: 'insert_intents', ...insertStatement,
    values: [office, column(({ id }) => uuidOf(id)), column(({ topic }) => topic), column(({ key }) => key), column(({ payload }) => payload), createdAt, dueAt]
  })
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
