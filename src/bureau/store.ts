import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { MerchantId } from '../merchants/model.js'
import { merchantTotals } from './table.js'

export type MerchantTotalsRow = typeof merchantTotals.$inferSelect

/** Several reads of the same moment: must come before the first of them. */
export const holdStill = async ({ client }: Tx): Promise<void> => {
  await client.query('set transaction isolation level repeatable read')
}

export const findMerchantTotals = async ({ db, office }: Tx, merchantId: MerchantId): Promise<MerchantTotalsRow | undefined> =>
  (await db.select().from(merchantTotals).where(and(eq(merchantTotals.officeId, office), eq(merchantTotals.merchantId, merchantId))))[0]

/** Newest merchants first, from below a position. */
export const listMerchantTotals = ({ db, office }: Tx, before: MerchantId | undefined, limit: number): Promise<MerchantTotalsRow[]> =>
  db.select().from(merchantTotals)
    .where(and(eq(merchantTotals.officeId, office), before && lt(merchantTotals.merchantId, before)))
    .orderBy(desc(merchantTotals.merchantId)).limit(limit)

const total = (column: (typeof merchantTotals)['heldFen']) => sql<bigint>`coalesce(sum(${column}), 0)::bigint`

/** All merchants of the office together. */
export const sumMerchantTotals = async ({ db, office }: Tx) => {
  const [row] = await db.select({
    merchants: sql<number>`count(*)::int`,
    contracts: sql<number>`coalesce(sum(${merchantTotals.contracts}), 0)::int`,
    openContracts: sql<number>`coalesce(sum(${merchantTotals.openContracts}), 0)::int`,
    paidFen: total(merchantTotals.paidFen), heldFen: total(merchantTotals.heldFen), disputedFen: total(merchantTotals.disputedFen),
    pendingFen: total(merchantTotals.pendingFen), releasedFen: total(merchantTotals.releasedFen), refundedFen: total(merchantTotals.refundedFen),
    payableFen: total(merchantTotals.payableFen), inTransitFen: total(merchantTotals.inTransitFen), unclaimedFen: total(merchantTotals.unclaimedFen),
    paidOutFen: total(merchantTotals.paidOutFen), feeFen: total(merchantTotals.feeFen)
  }).from(merchantTotals).where(eq(merchantTotals.officeId, office))
  return row
}
