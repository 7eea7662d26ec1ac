import { and, asc, eq, min, ne, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { MerchantId } from '../merchants/model.js'
import type { ClosureId, ClosureRecord } from './model.js'
import { closures } from './table.js'

const columns = {
  id: closures.id, merchantId: closures.merchantId, status: closures.status, reason: closures.reason, stoppedOn: closures.stoppedOn,
  makerId: closures.makerId, checkerId: closures.checkerId, createdAt: closures.createdAt, approvedAt: closures.approvedAt,
  completedAt: closures.completedAt, contracts: closures.contracts, done: closures.done, totalFen: closures.totalFen,
  shortfallFen: closures.shortfallFen, differenceFen: closures.differenceFen
}

export const insertClosure = async ({ db, office }: Tx, closure: ClosureRecord): Promise<void> => {
  await db.insert(closures).values({ ...closure, officeId: office })
}

const ofMerchant = (office: number, merchantId: MerchantId) =>
  and(eq(closures.officeId, office), eq(closures.merchantId, merchantId), ne(closures.status, 'cancelled'))

export const findClosureOf = async ({ db, office }: Tx, merchantId: MerchantId): Promise<ClosureRecord | undefined> =>
  (await db.select(columns).from(closures).where(ofMerchant(office, merchantId)))[0]

export const lockClosureOf = async ({ db, office }: Tx, merchantId: MerchantId): Promise<ClosureRecord | undefined> =>
  (await db.select(columns).from(closures).where(ofMerchant(office, merchantId)).for('update'))[0]

export const updateClosure = async ({ db, office }: Tx, { id, status, checkerId, approvedAt, completedAt, contracts, differenceFen }: ClosureRecord): Promise<void> => {
  await db.update(closures).set({ status, checkerId, approvedAt, completedAt, contracts, differenceFen }).where(and(eq(closures.officeId, office), eq(closures.id, id)))
}

/** Contracts that were ended together. */
export type Ended = Readonly<{ contracts: number; refundFen: bigint; shortfallFen: bigint }>

/** Counts contracts that were ended, in the transaction that ended them. `more`: those that were not foreseen. */
export const countDone = async ({ db, office }: Tx, id: ClosureId, { contracts, refundFen, shortfallFen }: Ended, more = 0): Promise<void> => {
  if (contracts > 0) await db.update(closures)
    .set({
      contracts: sql`${closures.contracts} + ${more}`, done: sql`${closures.done} + ${contracts}`,
      totalFen: sql`${closures.totalFen} + ${refundFen}`, shortfallFen: sql`${closures.shortfallFen} + ${shortfallFen}`
    })
    .where(and(eq(closures.officeId, office), eq(closures.id, id)))
}

const running = (office: number) => and(eq(closures.officeId, office), eq(closures.status, 'running'))

export const listRunning = ({ db, office }: Tx): Promise<ClosureRecord[]> =>
  db.select(columns).from(closures).where(running(office)).orderBy(asc(closures.approvedAt))

export const findNextRunning = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ at: min(closures.approvedAt) }).from(closures).where(running(office)))[0]?.at ?? null
