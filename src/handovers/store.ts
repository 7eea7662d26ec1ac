import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { z } from 'zod'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import { Standing, type HandoverFilter, type HandoverId, type HandoverRecord } from './model.js'
import { handovers } from './table.js'

const recordOf = ({ officeId: _, standing, ...row }: typeof handovers.$inferSelect): HandoverRecord =>
  ({ ...row, standing: standing && z.decode(Standing, standing) })

const byId = (office: number, id: HandoverId) => and(eq(handovers.officeId, office), eq(handovers.id, id))

export const insertHandover = async ({ db, office }: Tx, { standing: _, ...handover }: HandoverRecord): Promise<void> => {
  await db.insert(handovers).values({ ...handover, officeId: office })
}

export const updateHandover = async ({ db, office }: Tx, { id, status, documentSubject, documentSha256, documentVersion, signature, standing, decidedAt }: HandoverRecord): Promise<void> => {
  await db.update(handovers)
    .set({ status, documentSubject, documentSha256, documentVersion, signature, standing: standing && z.encode(Standing, standing), decidedAt })
    .where(byId(office, id))
}

/** A handover; behind its contract's lock nobody changes it. */
export const findHandover = async ({ db, office }: Tx, id: HandoverId): Promise<HandoverRecord | undefined> => {
  const [row] = await db.select().from(handovers).where(byId(office, id))
  return row && recordOf(row)
}

/** The offer of a contract that is open, where the role may see it. */
export const findOffered = async ({ db, office }: Tx, contractId: ContractId): Promise<HandoverRecord | undefined> => {
  const [row] = await db.select().from(handovers)
    .where(and(eq(handovers.officeId, office), eq(handovers.contractId, contractId), eq(handovers.status, 'offered')))
  return row && recordOf(row)
}

/** Of these contracts, those that were ever handed over. */
export const listHandedOver = async ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<ContractId[]> =>
  contractIds.length === 0
    ? []
    : (await db.selectDistinct({ contractId: handovers.contractId }).from(handovers)
      .where(and(eq(handovers.officeId, office), inArray(handovers.contractId, [...contractIds]), eq(handovers.status, 'accepted')))).map(({ contractId }) => contractId)

/** Handovers that the role may see, newest first, from below a position. A consumer's may be of several offices. */
export const listHandovers = async ({ db }: Tx, office: number | undefined, { contractId, status }: HandoverFilter, before: HandoverId | undefined, limit: number): Promise<HandoverRecord[]> =>
  (await db.select().from(handovers)
    .where(and(
      office === undefined ? undefined : eq(handovers.officeId, office),
      contractId && eq(handovers.contractId, contractId),
      status && eq(handovers.status, status),
      before && lt(handovers.id, before)
    ))
    .orderBy(desc(handovers.id)).limit(limit)).map(recordOf)
