import { desc, eq } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { sandboxMessages } from './table.js'

/** Takes a message; a repeat of its key changes nothing. */
export const insertMessage = async ({ db }: Tx, row: typeof sandboxMessages.$inferInsert): Promise<void> => {
  await db.insert(sandboxMessages).values(row).onConflictDoNothing({ target: sandboxMessages.key })
}

export const listMessages = ({ db }: Tx, phone: string | undefined, limit: number): Promise<(typeof sandboxMessages.$inferSelect)[]> =>
  db.select().from(sandboxMessages)
    .where(phone === undefined ? undefined : eq(sandboxMessages.phone, phone))
    .orderBy(desc(sandboxMessages.sequence)).limit(limit)
