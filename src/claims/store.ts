import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import { isOneOf } from '../db/columns.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf, type Id } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import type { Reservation } from '../redemptions/model.js'
import type { ClaimFilter, ClaimId, ClaimRecord, Debtor } from './model.js'
import { claimCollections, merchantClaims } from './table.js'

const columns = {
  id: merchantClaims.id, disputeId: merchantClaims.disputeId, contractId: merchantClaims.contractId, merchantId: merchantClaims.merchantId, debtor: merchantClaims.debtor,
  cause: merchantClaims.cause, correction: merchantClaims.correction, amountFen: merchantClaims.amountFen, collectedFen: merchantClaims.collectedFen, createdAt: merchantClaims.createdAt
}

export const insertClaim = async ({ db, office }: Tx, claim: ClaimRecord): Promise<void> => {
  await db.insert(merchantClaims).values({ ...claim, officeId: office })
}

const open = (office: number, debtor: Debtor = 'merchant') =>
  and(eq(merchantClaims.officeId, office), eq(merchantClaims.debtor, debtor), lt(merchantClaims.collectedFen, merchantClaims.amountFen))

/** The contracts that open claims on merchants are of. */
export const listContractsWithClaims = async ({ db, office }: Tx, merchantIds: readonly MerchantId[] | undefined): Promise<ContractId[]> =>
  (await db.selectDistinct({ id: merchantClaims.contractId }).from(merchantClaims)
    .where(and(open(office), merchantIds && isOneOf(merchantClaims.merchantId, merchantIds)))).map(({ id }) => id)

/** Open claims of contracts, oldest first; locked, once the contracts are. */
export const lockOpenClaims = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<ClaimRecord[]> =>
  contractIds.length === 0
    ? Promise.resolve([])
    : db.select(columns).from(merchantClaims).where(and(open(office), isOneOf(merchantClaims.contractId, contractIds))).orderBy(asc(merchantClaims.id)).for('update')

/** What corrections of a dispute left open on a party, newest first; locked, once the contract is. */
export const lockOpenCorrections = ({ db, office }: Tx, disputeId: ClaimRecord['disputeId'], debtor: Debtor): Promise<ClaimRecord[]> =>
  db.select(columns).from(merchantClaims)
    .where(and(open(office, debtor), eq(merchantClaims.disputeId, disputeId), eq(merchantClaims.cause, 'correction'))).orderBy(desc(merchantClaims.id)).for('update')

export const addCollected = async ({ db, office }: Tx, id: ClaimId, amountFen: bigint): Promise<void> => {
  await db.update(merchantClaims).set({ collectedFen: sql`${merchantClaims.collectedFen} + ${amountFen}` })
    .where(and(eq(merchantClaims.officeId, office), eq(merchantClaims.id, id)))
}

export const addCollection = async (tx: Tx, row: Omit<typeof claimCollections.$inferInsert, 'officeId' | 'claimId'> & Readonly<{ claimId: ClaimId }>): Promise<void> => {
  await tx.db.insert(claimCollections).values({ ...row, officeId: tx.office })
  await addCollected(tx, row.claimId, row.amountFen)
}

/** Claims the role may see, newest first, from below a position. */
export const listClaims = ({ db }: Tx, office: number | undefined, { merchantId }: ClaimFilter, before: ClaimId | undefined, limit: number): Promise<ClaimRecord[]> =>
  db.select(columns).from(merchantClaims).where(and(
    office === undefined ? undefined : eq(merchantClaims.officeId, office),
    merchantId && eq(merchantClaims.merchantId, merchantId),
    before && lt(merchantClaims.id, before)
  )).orderBy(desc(merchantClaims.id)).limit(limit)

/** What is still to be collected of a merchant, in fen. */
export const sumOpenClaims = async ({ db, office }: Tx, merchantId: MerchantId): Promise<bigint> =>
  (await db.select({ fen: sql<bigint>`coalesce(sum(${merchantClaims.amountFen} - ${merchantClaims.collectedFen}), 0)::bigint` }).from(merchantClaims)
    .where(and(open(office), eq(merchantClaims.merchantId, merchantId))))[0]?.fen ?? 0n

/** Reserves what was collected of merchants, and no settlement has taken into account, each to its item. @returns the sums; a merchant without is missing */
export const reserveCollections = async ({ client, office }: Tx, reservations: readonly Reservation[]): Promise<Map<MerchantId, bigint>> => {
  const { rows } = await client.query<{ merchant_id: string; sum: bigint }>({
    name: 'reserve_collections',
    text: `with reserved as (
             update claim_collections c set item_id = n.item_id
             from unnest($2::uuid[], $3::uuid[]) as n(merchant_id, item_id)
             where c.office_id = $1 and c.merchant_id = n.merchant_id and c.merchant_id = any($2::uuid[]) and c.item_id is null
             returning c.merchant_id, c.amount_fen)
           select merchant_id, sum(amount_fen)::bigint as sum from reserved group by merchant_id`,
    values: [office, reservations.map(({ merchantId }) => uuidOf(merchantId)), reservations.map(({ itemId }) => uuidOf(itemId))]
  })
  return new Map(rows.map(({ merchant_id: merchant, sum }) => [idOf('mer', merchant), sum]))
}

export const unreserveCollections = async ({ db, office }: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => {
  await db.update(claimCollections).set({ itemId: null }).where(and(eq(claimCollections.officeId, office), isOneOf(claimCollections.itemId, itemIds)))
}
