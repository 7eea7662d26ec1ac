import { and, asc, desc, eq, inArray, isNull, lt, lte, min, ne, sql } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import { isOneOf } from '../db/columns.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf, type Id } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import type { Objection, RedemptionId, Release, Reservation } from './model.js'
import { checkInCodes, objections, releases } from './table.js'

const releaseColumns = {
  id: releases.id, contractId: releases.contractId, merchantId: releases.merchantId, kind: releases.kind,
  state: releases.state, units: releases.units, amountFen: releases.amountFen, unitsLeft: releases.unitsLeft,
  date: releases.date, createdAt: releases.createdAt, dueAt: releases.dueAt, venueId: releases.venueId,
  cashierId: releases.cashierId, itemId: releases.itemId
}

export const insertCode = async ({ db, office }: Tx, code: Omit<typeof checkInCodes.$inferInsert, 'officeId'>): Promise<void> => {
  await db.insert(checkInCodes).values({ ...code, officeId: office })
}

export const deleteCodesBefore = async ({ db, office }: Tx, at: Date): Promise<void> => {
  await db.delete(checkInCodes).where(and(eq(checkInCodes.officeId, office), lt(checkInCodes.expiresAt, at)))
}

/** Codes of a contract that nobody has used: a redemption under way finds its own gone, and is decided again. */
export const deleteCodesOf = async ({ db, office }: Tx, contractId: ContractId): Promise<void> => {
  await db.delete(checkInCodes).where(and(eq(checkInCodes.officeId, office), eq(checkInCodes.contractId, contractId), isNull(checkInCodes.usedAt)))
}

export const findRelease = async ({ db, office }: Tx, id: RedemptionId): Promise<Release | undefined> =>
  (await db.select(releaseColumns).from(releases).where(and(eq(releases.officeId, office), eq(releases.id, id))))[0]

export const lockRelease = async ({ db, office }: Tx, id: RedemptionId): Promise<Release | undefined> =>
  (await db.select(releaseColumns).from(releases).where(and(eq(releases.officeId, office), eq(releases.id, id))).for('update'))[0]

export const insertReleases = async ({ db, office }: Tx, rows: readonly Release[]): Promise<void> => {
  await db.insert(releases).values(rows.map((release) => ({ ...release, officeId: office })))
}

export const updateRelease = async ({ db, office }: Tx, { id, state, dueAt }: Release, voidReason?: string): Promise<void> => {
  await db.update(releases).set({ state, dueAt, ...(voidReason === undefined ? {} : { voidReason }) }).where(and(eq(releases.officeId, office), eq(releases.id, id)))
}

export type ReleaseFilter = Readonly<{ contractId?: ContractId | undefined; merchantId?: MerchantId | undefined; date?: string | undefined }>

/** Check-ins and releases by time, newest first. */
export const listReleases = ({ db, office }: Tx, filter: ReleaseFilter, before: RedemptionId | undefined, limit: number): Promise<Release[]> =>
  db.select(releaseColumns).from(releases)
    .where(and(
      ...(office === 0 ? [] : [eq(releases.officeId, office)]),
      ...(filter.contractId ? [eq(releases.contractId, filter.contractId)] : []),
      ...(filter.merchantId ? [eq(releases.merchantId, filter.merchantId)] : []),
      ...(filter.date ? [eq(releases.date, filter.date)] : []),
      ...(before ? [lt(releases.id, before)] : [])
    ))
    .orderBy(desc(releases.id)).limit(limit)

/** What is contested of contracts: units and money of their releases under an objection, or pending in a dispute. */
export const sumContested = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<{ contractId: ContractId; units: bigint; amountFen: bigint }[]> =>
  db.select({
    contractId: releases.contractId, units: sql<bigint>`sum(${releases.units})::bigint`, amountFen: sql<bigint>`sum(${releases.amountFen})::bigint`
  }).from(releases)
    .where(and(eq(releases.officeId, office), inArray(releases.contractId, [...contractIds]), inArray(releases.state, ['objected', 'disputed'])))
    .groupBy(releases.contractId)

/** Releases of a contract within their windows, locked once the contract is. */
export const lockPending = ({ db, office }: Tx, contractId: ContractId): Promise<Release[]> =>
  db.select(releaseColumns).from(releases)
    .where(and(eq(releases.officeId, office), eq(releases.contractId, contractId), eq(releases.state, 'pending'))).orderBy(asc(releases.id)).for('update')

const windowOver = (office: number, at: Date) => and(eq(releases.officeId, office), eq(releases.state, 'pending'), lte(releases.dueAt, at))

export const findNextWindow = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(releases.dueAt) }).from(releases).where(and(eq(releases.officeId, office), eq(releases.state, 'pending'))))[0]?.dueAt ?? null

export const listMerchantsWithWindowsOver = async ({ db, office }: Tx, at: Date): Promise<MerchantId[]> =>
  (await db.selectDistinct({ merchantId: releases.merchantId }).from(releases).where(windowOver(office, at))).map(({ merchantId }) => merchantId)

/** Releases of a merchant whose window is over: ids only, not locked. */
export const listWindowsOver = ({ db, office }: Tx, merchantId: MerchantId, at: Date, limit: number): Promise<Pick<Release, 'id' | 'contractId'>[]> =>
  db.select({ id: releases.id, contractId: releases.contractId }).from(releases)
    .where(and(windowOver(office, at), eq(releases.merchantId, merchantId))).orderBy(asc(releases.dueAt), asc(releases.id)).limit(limit)

/** Of these, those whose window is still over, once their contracts are locked; locked themselves. */
export const lockWindowsOver = ({ db, office }: Tx, ids: readonly RedemptionId[], at: Date): Promise<Release[]> =>
  db.select(releaseColumns).from(releases)
    .where(and(windowOver(office, at), inArray(releases.id, [...ids]))).orderBy(asc(releases.id)).for('update')

export const markPayable = async ({ client, office }: Tx, ids: readonly RedemptionId[]): Promise<void> => {
  await client.query({
    name: 'mark_payable',
    text: "update releases set state = 'payable' where office_id = $1 and id = any($2::uuid[])",
    values: [office, ids.map(uuidOf)]
  })
}

const payable = (office: number, cutoff: Date) =>
  and(eq(releases.officeId, office), eq(releases.state, 'payable'), isNull(releases.itemId), lte(releases.dueAt, cutoff))

export const sumPayable = ({ db, office }: Tx, cutoff: Date, merchantIds: readonly MerchantId[] | undefined) =>
  db.select({
    merchantId: releases.merchantId,
    grossFen: sql<bigint>`sum(${releases.amountFen})::bigint`,
    count: sql<number>`count(*)::int`
  }).from(releases)
    .where(and(payable(office, cutoff), ...(merchantIds ? [isOneOf(releases.merchantId, merchantIds)] : [])))
    .groupBy(releases.merchantId).orderBy(asc(releases.merchantId))

/** Reserves what is payable to merchants and free, each to its settlement item. @returns the sums reserved; a merchant without is missing */
export const reservePayable = async ({ client, office }: Tx, cutoff: Date, reservations: readonly Reservation[]): Promise<Map<MerchantId, bigint>> => {
  const { rows } = await client.query<{ merchant_id: string; sum: bigint }>({
    name: 'reserve_payable',
    text: `with reserved as (
             update releases r set item_id = n.item_id
             from unnest($3::uuid[], $4::uuid[]) as n(merchant_id, item_id)
             where r.office_id = $1 and r.merchant_id = n.merchant_id and r.merchant_id = any($3::uuid[])
               and r.state = 'payable' and r.item_id is null and r.due_at <= $2
             returning r.merchant_id, r.amount_fen)
           select merchant_id, sum(amount_fen)::bigint as sum from reserved group by merchant_id`,
    values: [office, cutoff, reservations.map(({ merchantId }) => uuidOf(merchantId)), reservations.map(({ itemId }) => uuidOf(itemId))]
  })
  return new Map(rows.map(({ merchant_id: merchant, sum }) => [idOf('mer', merchant), sum]))
}

/** What is payable to a merchant and free, the oldest first; locked. */
export const lockPayable = ({ db, office }: Tx, merchantId: MerchantId): Promise<Pick<Release, 'id' | 'contractId' | 'amountFen' | 'dueAt'>[]> =>
  db.select({ id: releases.id, contractId: releases.contractId, amountFen: releases.amountFen, dueAt: releases.dueAt }).from(releases)
    .where(and(eq(releases.officeId, office), eq(releases.merchantId, merchantId), eq(releases.state, 'payable'), isNull(releases.itemId)))
    .orderBy(asc(releases.dueAt), asc(releases.id)).for('update')

/** Reserves rows that this transaction has locked to a settlement item. @returns the sum reserved */
export const reserveRows = async ({ client, office }: Tx, ids: readonly RedemptionId[], itemId: Id<'sti'>): Promise<bigint> => {
  const { rows: [row] } = await client.query<{ sum: bigint }>({
    name: 'reserve_rows',
    text: `with reserved as (update releases set item_id = $3 where office_id = $1 and id = any($2::uuid[]) returning amount_fen)
           select coalesce(sum(amount_fen), 0)::bigint as sum from reserved`,
    values: [office, ids.map(uuidOf), uuidOf(itemId)]
  })
  return row?.sum ?? 0n
}

/**
 * What is payable to a merchant by contract: in no item that was approved, reserved by a draft or
 * not; and what of it is left without one item.
 */
export const sumUnsettled = async ({ client, office }: Tx, merchantId: MerchantId, itemId?: Id<'sti'>): Promise<{ contractId: ContractId; beforeFen: bigint; afterFen: bigint }[]> => {
  const { rows } = await client.query<{ contract_id: string; before_fen: bigint; after_fen: bigint }>({
    name: 'sum_unsettled',
    text: `select contract_id, sum(amount_fen)::bigint as before_fen, coalesce(sum(amount_fen) filter (where item_id is distinct from $3), 0)::bigint as after_fen
           from releases r
           where office_id = $1 and merchant_id = $2 and state = 'payable' and (item_id is null
             or exists (select from settlement_items i where i.office_id = r.office_id and i.id = r.item_id and i.status = 'draft')
             or exists (select from unclaimed_items u where u.office_id = r.office_id and u.id = r.item_id and u.status = 'proposed'))
           group by contract_id order by contract_id`,
    values: [office, uuidOf(merchantId), itemId === undefined ? null : uuidOf(itemId)]
  })
  return rows.map(({ contract_id: contract, before_fen: beforeFen, after_fen: afterFen }) => ({ contractId: idOf('ctr', contract), beforeFen, afterFen }))
}

/** Reserves what is payable and free of contracts. @returns the sum reserved */
export const reservePayableOf = async ({ client, office }: Tx, contractIds: readonly ContractId[], itemId: Id<'unc'>): Promise<bigint> => {
  const { rows: [row] } = await client.query<{ sum: bigint }>({
    name: 'reserve_payable_of',
    text: `with reserved as (
             update releases set item_id = $3
             where office_id = $1 and contract_id = any($2::uuid[]) and state = 'payable' and item_id is null
             returning amount_fen)
           select coalesce(sum(amount_fen), 0)::bigint as sum from reserved`,
    values: [office, contractIds.map(uuidOf), uuidOf(itemId)]
  })
  return row?.sum ?? 0n
}

/** What each contract contributes to a settlement item, by contract. */
export const sumOfItem = ({ db, office }: Tx, itemId: Id<'sti'>): Promise<{ contractId: ContractId; releases: number; amountFen: bigint }[]> =>
  db.select({ contractId: releases.contractId, releases: sql<number>`count(*)::int`, amountFen: sql<bigint>`sum(${releases.amountFen})::bigint` })
    .from(releases).where(and(eq(releases.officeId, office), eq(releases.itemId, uuidOf(itemId))))
    .groupBy(releases.contractId).orderBy(asc(releases.contractId))

export const unreservePayable = async ({ client, office }: Tx, itemIds: readonly Id<'sti' | 'unc'>[]): Promise<void> => {
  await client.query({
    name: 'unreserve_payable',
    text: 'update releases set item_id = null where office_id = $1 and item_id = any($2::uuid[])',
    values: [office, itemIds.map(uuidOf)]
  })
}

export const insertObjection = async ({ db, office }: Tx, objection: Objection): Promise<void> => {
  await db.insert(objections).values({ ...objection, officeId: office })
    .onConflictDoUpdate({
      target: [objections.officeId, objections.releaseId],
      set: { reason: objection.reason, madeAt: objection.madeAt, windowLeftMs: objection.windowLeftMs, answerBy: objection.answerBy, endedAt: null, outcome: null }
    })
}

export const findOpenObjection = async ({ db, office }: Tx, releaseId: RedemptionId): Promise<Objection | undefined> =>
  (await db.select().from(objections).where(and(eq(objections.officeId, office), eq(objections.releaseId, releaseId), isNull(objections.endedAt))))[0]

export const endObjection = async ({ db, office }: Tx, releaseId: RedemptionId, outcome: 'withdrawn' | 'voided' | 'disputed', endedAt: Date): Promise<void> => {
  await db.update(objections).set({ outcome, endedAt })
    .where(and(eq(objections.officeId, office), eq(objections.releaseId, releaseId), isNull(objections.endedAt)))
}

/** Days of contracts released by time that can still be taken back, newest first; not locked. */
export const listDaysToTakeBack = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<Release[]> =>
  db.select(releaseColumns).from(releases).where(takeable(office, contractIds)).orderBy(desc(releases.id))

/** The same, locked, once the contracts are. */
export const lockDaysToTakeBack = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<Release[]> =>
  db.select(releaseColumns).from(releases).where(takeable(office, contractIds)).orderBy(desc(releases.id)).for('update')

const takeable = (office: number, contractIds: readonly ContractId[]) => and(
  eq(releases.officeId, office), inArray(releases.contractId, [...contractIds]), eq(releases.kind, 'time'),
  inArray(releases.state, ['pending', 'payable']), isNull(releases.itemId)
)

/** @param voidReasons for each row, in its order */
export const updateTakenBack = async ({ client, office }: Tx, rows: readonly Release[], voidReasons: readonly string[]): Promise<void> => {
  await client.query({
    name: 'update_taken_back',
    text: `update releases r set state = n.state, units = n.units, amount_fen = n.amount_fen, void_reason = n.void_reason
           from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[]) as n(id, state, units, amount_fen, void_reason)
           where r.office_id = $1 and r.id = n.id and r.id = any($2::uuid[])`,
    values: [office, rows.map(({ id }) => uuidOf(id)), rows.map(({ state }) => state), rows.map(({ units }) => units), rows.map(({ amountFen }) => amountFen), voidReasons]
  })
}

/** The business dates of the last visits to contracts that were not voided. */
export const listLastVisits = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<{ contractId: ContractId; date: string }[]> =>
  db.select({ contractId: releases.contractId, date: sql<string>`max(${releases.date})` }).from(releases)
    .where(and(eq(releases.officeId, office), inArray(releases.contractId, [...contractIds]), eq(releases.kind, 'check_in'), ne(releases.state, 'voided')))
    .groupBy(releases.contractId)

/** Days of terms whose release was taken back. */
export const listExcused = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<{ contractId: ContractId; lastDay: string; units: bigint }[]> =>
  db.select({ contractId: releases.contractId, lastDay: releases.date, units: releases.units }).from(releases)
    .where(and(eq(releases.officeId, office), inArray(releases.contractId, [...contractIds]), eq(releases.kind, 'time'), eq(releases.state, 'voided')))
