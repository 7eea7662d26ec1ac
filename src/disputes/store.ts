import { and, eq, isNull } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { DisputeId } from './model.js'
import { disputes, freezeLines } from './table.js'

export const insertDispute = async ({ db, office }: Tx, dispute: Omit<typeof disputes.$inferInsert, 'officeId'>): Promise<void> => {
  await db.insert(disputes).values({ ...dispute, officeId: office })
}

export const insertFreezeLine = async ({ db, office }: Tx, line: Omit<typeof freezeLines.$inferInsert, 'officeId'>): Promise<void> => {
  await db.insert(freezeLines).values({ ...line, officeId: office })
}

/** Lines of a contract that a refund froze and no dispute has taken up. */
const untaken = (office: number, contractId: ContractId) =>
  and(eq(freezeLines.officeId, office), eq(freezeLines.contractId, contractId), isNull(freezeLines.disputeId), isNull(freezeLines.endedAt))

export const lockUntakenLines = ({ db, office }: Tx, contractId: ContractId) =>
  db.select().from(freezeLines).where(untaken(office, contractId)).for('update')

export const takeUpLines = async ({ db, office }: Tx, contractId: ContractId, disputeId: DisputeId): Promise<void> => {
  await db.update(freezeLines).set({ disputeId }).where(untaken(office, contractId))
}

export const endUntakenLines = async ({ db, office }: Tx, contractId: ContractId, endedAt: Date): Promise<void> => {
  await db.update(freezeLines).set({ endedAt }).where(untaken(office, contractId))
}
