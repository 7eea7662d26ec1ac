import { desc, eq, lt } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { ProposalId } from './model.js'
import { staffProposals } from './table.js'

export type ProposalRow = typeof staffProposals.$inferSelect

export const insertProposal = async ({ db }: Tx, row: ProposalRow): Promise<void> => {
  await db.insert(staffProposals).values(row)
}

export const lockProposal = async ({ db }: Tx, id: ProposalId): Promise<ProposalRow | undefined> =>
  (await db.select().from(staffProposals).where(eq(staffProposals.id, id)).for('update'))[0]

export const updateProposal = async ({ db }: Tx, { id, ...changes }: Pick<ProposalRow, 'id' | 'status' | 'decidedBy' | 'decidedAt' | 'reason'>): Promise<void> => {
  await db.update(staffProposals).set(changes).where(eq(staffProposals.id, id))
}

/** Newest first. */
export const listProposals = ({ db }: Tx, before: ProposalId | undefined, limit: number): Promise<ProposalRow[]> =>
  db.select().from(staffProposals).where(before && lt(staffProposals.id, before)).orderBy(desc(staffProposals.id)).limit(limit)
