import { and, asc, desc, eq, gt, inArray, lt } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import { isOneOf } from '../db/columns.js'
import type { Tx } from '../db/unit-of-work.js'
import type { MerchantId } from '../merchants/model.js'
import type { HoldId, HoldQuery, HoldRecord, HoldStatus } from './model.js'
import { legalHolds } from './table.js'

const columns = {
  id: legalHolds.id, merchantId: legalHolds.merchantId, contractId: legalHolds.contractId, against: legalHolds.against, amountFen: legalHolds.amountFen,
  court: legalHolds.court, documentNumber: legalHolds.documentNumber, documentSha256: legalHolds.documentSha256, until: legalHolds.until, endsAt: legalHolds.endsAt,
  renews: legalHolds.renews, status: legalHolds.status, makerId: legalHolds.makerId, checkerId: legalHolds.checkerId, proposedAt: legalHolds.proposedAt,
  approvedAt: legalHolds.approvedAt, liftDocumentNumber: legalHolds.liftDocumentNumber, liftDocumentSha256: legalHolds.liftDocumentSha256,
  liftMakerId: legalHolds.liftMakerId, liftCheckerId: legalHolds.liftCheckerId, endedAt: legalHolds.endedAt
}

const byId = (office: number, id: HoldId) => and(eq(legalHolds.officeId, office), eq(legalHolds.id, id))

export const insertHold = async ({ db, office }: Tx, hold: HoldRecord): Promise<void> => {
  await db.insert(legalHolds).values({ ...hold, officeId: office })
}

export const findHold = async ({ db, office }: Tx, id: HoldId): Promise<HoldRecord | undefined> =>
  (await db.select(columns).from(legalHolds).where(byId(office, id)))[0]

export const lockHold = async ({ db, office }: Tx, id: HoldId): Promise<HoldRecord | undefined> =>
  (await db.select(columns).from(legalHolds).where(byId(office, id)).for('update'))[0]

export const updateHold = async ({ db, office }: Tx, { id, status, checkerId, approvedAt, liftDocumentNumber, liftDocumentSha256, liftMakerId, liftCheckerId, endedAt }: HoldRecord): Promise<void> => {
  await db.update(legalHolds).set({ status, checkerId, approvedAt, liftDocumentNumber, liftDocumentSha256, liftMakerId, liftCheckerId, endedAt }).where(byId(office, id))
}

const inForce: HoldStatus[] = ['proposed', 'active', 'lift_proposed']

const standing = (office: number, now: Date) => and(eq(legalHolds.officeId, office), inArray(legalHolds.status, inForce), gt(legalHolds.endsAt, now))

/** Holds in force against merchants, the earliest first. */
export const listAgainstMerchants = ({ db, office }: Tx, merchantIds: readonly MerchantId[], now: Date): Promise<HoldRecord[]> =>
  merchantIds.length === 0
    ? Promise.resolve([])
    : db.select(columns).from(legalHolds)
      .where(and(standing(office, now), eq(legalHolds.against, 'merchant'), isOneOf(legalHolds.merchantId, merchantIds))).orderBy(asc(legalHolds.id))

/** Holds in force against the consumers of contracts, the earliest first. */
export const listAgainstConsumers = ({ db, office }: Tx, contractIds: readonly ContractId[], now: Date): Promise<HoldRecord[]> =>
  contractIds.length === 0
    ? Promise.resolve([])
    : db.select(columns).from(legalHolds)
      .where(and(standing(office, now), eq(legalHolds.against, 'consumer'), isOneOf(legalHolds.contractId, contractIds))).orderBy(asc(legalHolds.id))

/** Holds the role may see, newest first, from below a position. */
export const listHolds = ({ db }: Tx, office: number | undefined, { merchantId, contractId, status }: HoldQuery, before: HoldId | undefined, limit: number): Promise<HoldRecord[]> =>
  db.select(columns).from(legalHolds).where(and(
    office === undefined ? undefined : eq(legalHolds.officeId, office),
    merchantId && eq(legalHolds.merchantId, merchantId),
    contractId && eq(legalHolds.contractId, contractId),
    status && eq(legalHolds.status, status),
    before && lt(legalHolds.id, before)
  )).orderBy(desc(legalHolds.id)).limit(limit)
