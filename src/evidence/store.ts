import type { Tx } from '../db/unit-of-work.js'
import { evidenceEntries } from './table.js'

export const insertEntries = async ({ db }: Tx, rows: (typeof evidenceEntries.$inferInsert)[]): Promise<void> => {
  await db.insert(evidenceEntries).values(rows)
}
