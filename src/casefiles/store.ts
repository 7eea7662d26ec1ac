import { and, asc, count, eq } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { DisputeId, Side } from '../disputes/model.js'
import type { CaseFileId, CaseFileRecord } from './model.js'
import { caseFiles } from './table.js'

export const insertFile = async ({ db, office }: Tx, file: CaseFileRecord): Promise<void> => {
  await db.insert(caseFiles).values({ ...file, officeId: office })
}

export const findFile = async ({ db, office }: Tx, disputeId: DisputeId, id: CaseFileId): Promise<CaseFileRecord | undefined> =>
  (await db.select().from(caseFiles).where(and(eq(caseFiles.officeId, office), eq(caseFiles.disputeId, disputeId), eq(caseFiles.id, id))))[0]

const ofParty = (office: number, disputeId: DisputeId, party: Side) =>
  and(eq(caseFiles.officeId, office), eq(caseFiles.disputeId, disputeId), eq(caseFiles.party, party))

export const findFileByContent = async ({ db, office }: Tx, disputeId: DisputeId, party: Side, sha256: string): Promise<CaseFileRecord | undefined> =>
  (await db.select().from(caseFiles).where(and(ofParty(office, disputeId, party), eq(caseFiles.sha256, sha256))))[0]

export const countFiles = async ({ db, office }: Tx, disputeId: DisputeId, party: Side): Promise<number> =>
  (await db.select({ filed: count() }).from(caseFiles).where(ofParty(office, disputeId, party)))[0]?.filed ?? 0

/** In the order they were filed in. */
export const listFiles = ({ db, office }: Tx, disputeId: DisputeId): Promise<CaseFileRecord[]> =>
  db.select().from(caseFiles).where(and(eq(caseFiles.officeId, office), eq(caseFiles.disputeId, disputeId))).orderBy(asc(caseFiles.id))
