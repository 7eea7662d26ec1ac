import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { ContractId } from '../../contracts/model.js'
import type { Tx } from '../../db/unit-of-work.js'
import type { RedemptionId, Release } from '../model.js'
import { releases } from '../table.js'

const columns = {
  id: releases.id, contractId: releases.contractId, merchantId: releases.merchantId, kind: releases.kind,
  state: releases.state, units: releases.units, amountFen: releases.amountFen, unitsLeft: releases.unitsLeft,
  date: releases.date, createdAt: releases.createdAt, dueAt: releases.dueAt, venueId: releases.venueId,
  cashierId: releases.cashierId, itemId: releases.itemId
}

/** Releases of a contract, oldest first; locked, once the contract is. */
export const lockReleases = ({ db, office }: Tx, contractId: ContractId, ids: readonly RedemptionId[]): Promise<Release[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db.select(columns).from(releases)
      .where(and(eq(releases.officeId, office), eq(releases.contractId, contractId), inArray(releases.id, [...ids]))).orderBy(asc(releases.id)).for('update')

export const updateReleaseMoney = async ({ db, office }: Tx, { id, state, amountFen, dueAt }: Release): Promise<void> => {
  await db.update(releases).set({ state, amountFen, dueAt }).where(and(eq(releases.officeId, office), eq(releases.id, id)))
}

/** What decisions did to contracts' releases. */
export const sumDecided = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<{ contractId: ContractId; units: bigint; reducedFen: bigint; awardedFen: bigint }[]> =>
  db.select({
    contractId: releases.contractId,
    units: sql<bigint>`coalesce(sum(${releases.units}) filter (where ${releases.state} = 'refunded'), 0)::bigint`,
    reducedFen: sql<bigint>`coalesce(sum(${releases.amountFen}) filter (where ${releases.state} = 'refunded' and ${releases.units} = 0), 0)::bigint`,
    awardedFen: sql<bigint>`coalesce(sum(${releases.amountFen}) filter (where ${releases.kind} = 'award'), 0)::bigint`
  }).from(releases)
    .where(and(eq(releases.officeId, office), inArray(releases.contractId, [...contractIds]), or(eq(releases.state, 'refunded'), eq(releases.kind, 'award'))))
    .groupBy(releases.contractId)
