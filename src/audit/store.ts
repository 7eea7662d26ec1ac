import type { Tx } from '../db/unit-of-work.js'
import { auditLog } from './table.js'

export const insertAuditRow = async ({ db }: Tx, row: typeof auditLog.$inferInsert): Promise<void> => {
  await db.insert(auditLog).values(row)
}
