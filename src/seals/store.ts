import { eq } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { seals } from './table.js'

export type SealRow = typeof seals.$inferSelect

export const findSeal = async ({ db, office }: Tx): Promise<SealRow | undefined> =>
  (await db.select().from(seals).where(eq(seals.officeId, office)))[0]

/** Keeps the first seal of an office; a later one is left out. */
export const insertSeal = async ({ db }: Tx, row: SealRow): Promise<void> => {
  await db.insert(seals).values(row).onConflictDoNothing()
}
