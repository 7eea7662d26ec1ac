import { and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import { isOneOf } from '../db/columns.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import type { ItemRecord, SettlementId, SettlementItemId, SettlementRecord, SettlementStatus } from './model.js'
import { settlementItems, settlements } from './table.js'

const settlementColumns = {
  id: settlements.id, status: settlements.status, cutoff: settlements.cutoff, feeBasisPoints: settlements.feeBasisPoints,
  makerId: settlements.makerId, checkerId: settlements.checkerId, createdAt: settlements.createdAt,
  approvedAt: settlements.approvedAt, completedAt: settlements.completedAt
}

const itemColumns = {
  id: settlementItems.id, settlementId: settlementItems.settlementId, merchantId: settlementItems.merchantId,
  merchantName: settlementItems.merchantName, grossFen: settlementItems.grossFen, feeFen: settlementItems.feeFen,
  status: settlementItems.status, payeeSealed: settlementItems.payeeSealed, bankReference: settlementItems.bankReference,
  returnReason: settlementItems.returnReason, answeredAt: settlementItems.answeredAt
}

const settlementById = (office: number, id: SettlementId) => and(eq(settlements.officeId, office), eq(settlements.id, id))
const itemById = (office: number, id: SettlementItemId) => and(eq(settlementItems.officeId, office), eq(settlementItems.id, id))

export const insertSettlement = async ({ db, office }: Tx, settlement: SettlementRecord): Promise<void> => {
  await db.insert(settlements).values({ ...settlement, officeId: office })
}

const insertItemsStatement = officeStatement((office, place) => `
insert into settlement_items (office_id, id, settlement_id, merchant_id, merchant_name, gross_fen, fee_fen, status)
select ${office}, i.id, $2, i.merchant_id, i.merchant_name, i.gross_fen, i.fee_fen, 'draft'
from ${place}unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[]) as i(id, merchant_id, merchant_name, gross_fen, fee_fen)`)

/** Items of a draft, of any number of merchants: one parameter a column, because a statement takes 65,535 in all. */
export const insertItems = async ({ client, office }: Tx, settlementId: SettlementId, items: readonly ItemRecord[]): Promise<void> => {
  const column = <Value>(of: (item: ItemRecord) => Value) => items.map(of)
  await client.query({
    name: 'insert_settlement_items', ...insertItemsStatement,
    values: [office, uuidOf(settlementId), column(({ id }) => uuidOf(id)), column(({ merchantId }) => uuidOf(merchantId)), column(({ merchantName }) => merchantName), column(({ grossFen }) => grossFen), column(({ feeFen }) => feeFen)]
  })
}

export const findSettlement = async ({ db, office }: Tx, id: SettlementId): Promise<SettlementRecord | undefined> =>
  (await db.select(settlementColumns).from(settlements).where(settlementById(office, id)))[0]

/** Locks a settlement, the first lock of whoever changes it or one of its items. */
export const lockSettlement = async ({ db, office }: Tx, id: SettlementId): Promise<SettlementRecord | undefined> =>
  (await db.select(settlementColumns).from(settlements).where(settlementById(office, id)).for('update'))[0]

export const updateSettlement = async ({ db, office }: Tx, { id, status, checkerId, approvedAt, completedAt }: SettlementRecord): Promise<void> => {
  await db.update(settlements).set({ status, checkerId, approvedAt, completedAt }).where(settlementById(office, id))
}

export const findItem = async ({ db, office }: Tx, id: SettlementItemId): Promise<ItemRecord | undefined> =>
  (await db.select(itemColumns).from(settlementItems).where(itemById(office, id)))[0]

export const findItems = async ({ db, office }: Tx, ids: readonly SettlementItemId[]): Promise<ItemRecord[]> =>
  ids.length === 0 ? [] : db.select(itemColumns).from(settlementItems).where(and(eq(settlementItems.officeId, office), isOneOf(settlementItems.id, ids))).orderBy(asc(settlementItems.id))

export const listItems = ({ db, office }: Tx, settlementId: SettlementId): Promise<ItemRecord[]> =>
  db.select(itemColumns).from(settlementItems)
    .where(and(eq(settlementItems.officeId, office), eq(settlementItems.settlementId, settlementId))).orderBy(asc(settlementItems.id))

/** Saves items of settlements that this transaction has locked. */
export const updateItems = async ({ client, office }: Tx, changed: readonly ItemRecord[]): Promise<void> => {
  const column = <Value>(of: (item: ItemRecord) => Value) => changed.map(of)
  await client.query({
    name: 'update_settlement_items',
    text: `update settlement_items i
           set status = n.status, payee_sealed = n.payee_sealed, bank_reference = n.bank_reference, return_reason = n.return_reason, answered_at = n.answered_at
           from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
             as n(id, status, payee_sealed, bank_reference, return_reason, answered_at)
           where i.office_id = $1 and i.id = n.id and i.id = any($2::uuid[])`,
    values: [
      office, column(({ id }) => uuidOf(id)), column(({ status }) => status), column(({ payeeSealed }) => payeeSealed),
      column(({ bankReference }) => bankReference), column(({ returnReason }) => returnReason), column(({ answeredAt }) => answeredAt)
    ]
  })
}

export const cancelItems = async ({ db, office }: Tx, settlementId: SettlementId): Promise<void> => {
  await db.update(settlementItems).set({ status: 'cancelled' })
    .where(and(eq(settlementItems.officeId, office), eq(settlementItems.settlementId, settlementId)))
}

/** How many items of a settlement wait to be sent, and for the bank's word. */
export const countUnderWay = async ({ db, office }: Tx, settlementId: SettlementId) => {
  const [row] = await db.select({
    unsent: sql<number>`(count(*) filter (where ${settlementItems.status} = 'approved'))::int`,
    unanswered: sql<number>`(count(*) filter (where ${settlementItems.status} = 'submitted'))::int`
  }).from(settlementItems).where(and(eq(settlementItems.officeId, office), eq(settlementItems.settlementId, settlementId)))
  return { unsent: row?.unsent ?? 0, unanswered: row?.unanswered ?? 0 }
}

/** Newest first, from below a position. */
export const listSettlements = ({ db, office }: Tx, status: SettlementStatus | undefined, before: SettlementId | undefined, limit: number): Promise<SettlementRecord[]> =>
  db.select(settlementColumns).from(settlements)
    .where(and(eq(settlements.officeId, office), status && eq(settlements.status, status), before && lt(settlements.id, before)))
    .orderBy(desc(settlements.id)).limit(limit)

export const sumItems = ({ db, office }: Tx, ids: readonly SettlementId[]) =>
  db.select({
    settlementId: settlementItems.settlementId,
    itemCount: sql<number>`count(*)::int`,
    grossFen: sql<bigint>`sum(${settlementItems.grossFen})::bigint`,
    feeFen: sql<bigint>`sum(${settlementItems.feeFen})::bigint`
  }).from(settlementItems)
    .where(and(eq(settlementItems.officeId, office), inArray(settlementItems.settlementId, [...ids])))
    .groupBy(settlementItems.settlementId)

const ordered = ['approved', 'submitted', 'paid', 'returned'] as const

/** What was ordered to be paid to a merchant, newest first, from below a position. */
export const listPayouts = ({ db, office }: Tx, merchantId: MerchantId, before: SettlementItemId | undefined, limit: number): Promise<ItemRecord[]> =>
  db.select(itemColumns).from(settlementItems)
    .where(and(
      eq(settlementItems.officeId, office), eq(settlementItems.merchantId, merchantId), inArray(settlementItems.status, [...ordered]),
      before && lt(settlementItems.id, before)
    ))
    .orderBy(desc(settlementItems.id)).limit(limit)
