import { and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import { violates } from '../db/client.js'
import { isAmong, isOneOf } from '../db/columns.js'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf } from '../kernel/id.js'
import type { AccountChangeId, AccountChangeRecord, MerchantCategory, MerchantId, MerchantStatus, Venue } from './model.js'
import { merchantExists, venueExists } from './problems.js'
import { merchants, settlementAccountChanges, settlementAccounts, venues } from './table.js'

export type MerchantRow = typeof merchants.$inferSelect
export type SettlementAccountRow = typeof settlementAccounts.$inferSelect

/** @throws merchant_exists (409) */
export const insertMerchant = async ({ db }: Tx, row: MerchantRow): Promise<void> => {
  await db.insert(merchants).values(row).catch((error: unknown) => {
    throw violates(error, 'merchants_one_per_credit_code') ? merchantExists({ creditCode: row.creditCode }) : error
  })
}

export const insertSettlementAccount = async ({ db }: Tx, row: SettlementAccountRow): Promise<void> => {
  await db.insert(settlementAccounts).values(row)
}

export const findSettlementAccounts = ({ db, office }: Tx, ids: readonly MerchantId[]): Promise<SettlementAccountRow[]> =>
  db.select().from(settlementAccounts).where(and(eq(settlementAccounts.officeId, office), isOneOf(settlementAccounts.merchantId, ids)))

export const findSettlementAccount = async (tx: Tx, id: MerchantId): Promise<SettlementAccountRow | undefined> => (await findSettlementAccounts(tx, [id]))[0]

const byId = (office: number, id: MerchantId) => and(eq(merchants.officeId, office), eq(merchants.id, id))

const merchantById = prepared('find_merchant', (db) => db.select().from(merchants)
  .where(and(eq(merchants.officeId, sql.placeholder('office')), eq(merchants.id, sql.placeholder('id')))))

export const findMerchant = async (tx: Tx, id: MerchantId): Promise<MerchantRow | undefined> =>
  (await merchantById(tx, { id: uuidOf(id) }))[0]

/** How many merchants the office has. */
export const countMerchants = ({ db, office }: Tx): Promise<number> => db.$count(merchants, eq(merchants.officeId, office))

export const findMerchants = ({ db, office }: Tx, ids: readonly MerchantId[]): Promise<MerchantRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db.select().from(merchants).where(and(eq(merchants.officeId, office), isOneOf(merchants.id, ids)))

/** Locks a merchant; only the notary and the service's own work may. */
export const lockMerchant = async ({ db, office }: Tx, id: MerchantId): Promise<MerchantRow | undefined> =>
  (await db.select().from(merchants).where(byId(office, id)).for('update'))[0]

const merchantsHeld = prepared('hold_merchants', (db) => db.select().from(merchants)
  .where(and(eq(merchants.officeId, sql.placeholder('office')), isAmong(merchants.id, 'ids'))).orderBy(asc(merchants.id)).for('share'))

/** Has merchants stay as they are until the end of the transaction; others may do the same meanwhile. */
export const holdMerchants = (tx: Tx, ids: readonly MerchantId[]): Promise<MerchantRow[]> =>
  merchantsHeld(tx, { ids: ids.map(uuidOf) })

export const updateMerchant = async ({ db, office }: Tx, { id, officeId: _, ...changed }: Partial<MerchantRow> & Pick<MerchantRow, 'id'>): Promise<void> => {
  await db.update(merchants).set(changed).where(byId(office, id))
}

export type MerchantFilter = Readonly<{
  status?: MerchantStatus | undefined
  category?: MerchantCategory | undefined
  district?: string | undefined
  /** part of the name */
  q?: string | undefined
}>

/** Newest first, from below a position. */
export const listMerchants = ({ db, office }: Tx, { status, category, district, q }: MerchantFilter, before: MerchantId | undefined, limit: number): Promise<MerchantRow[]> =>
  db.select().from(merchants).where(and(
    eq(merchants.officeId, office),
    before && lt(merchants.id, before),
    status && eq(merchants.status, status),
    category && eq(merchants.category, category),
    district === undefined ? undefined : eq(merchants.district, district),
    q === undefined ? undefined : sql`strpos(lower(${merchants.name}), lower(${q})) > 0`
  )).orderBy(desc(merchants.id)).limit(limit)

const venueColumns = { id: venues.id, name: venues.name, address: venues.address, leaseUntil: venues.leaseUntil }

/** The venues of merchants, oldest first. */
export const listVenues = async ({ db, office }: Tx, ids: readonly MerchantId[]): Promise<(Venue & { merchantId: MerchantId })[]> =>
  ids.length === 0
    ? []
    : db.select({ ...venueColumns, merchantId: venues.merchantId }).from(venues)
      .where(and(eq(venues.officeId, office), inArray(venues.merchantId, [...ids]))).orderBy(asc(venues.id))

export const findVenueByName = async ({ db, office }: Tx, merchantId: MerchantId, name: string): Promise<Venue | undefined> =>
  (await db.select(venueColumns).from(venues)
    .where(and(eq(venues.officeId, office), eq(venues.merchantId, merchantId), eq(venues.name, name))))[0]

/** Whether the venue was inserted: not when one of its name is there. */
export const insertVenue = async ({ db, office }: Tx, merchantId: MerchantId, venue: Venue, createdAt: Date): Promise<boolean> => {
  const { rowCount } = await db.insert(venues).values({ ...venue, officeId: office, merchantId, createdAt }).onConflictDoNothing()
  return rowCount === 1
}

/** Whether there was such a venue of the merchant. @throws venue_exists (409) when another has the name */
export const updateVenue = async ({ db, office }: Tx, merchantId: MerchantId, { id, ...terms }: Venue): Promise<boolean> => {
  const { rowCount } = await db.update(venues).set(terms)
    .where(and(eq(venues.officeId, office), eq(venues.merchantId, merchantId), eq(venues.id, id)))
    .catch((error: unknown) => { throw violates(error, 'venues_one_per_name') ? venueExists({}) : error })
  return rowCount === 1
}

const changeColumns = {
  id: settlementAccountChanges.id, merchantId: settlementAccountChanges.merchantId, status: settlementAccountChanges.status, accountSealed: settlementAccountChanges.accountSealed,
  requestedBy: settlementAccountChanges.requestedBy, requestedAt: settlementAccountChanges.requestedAt, firstNotaryId: settlementAccountChanges.firstNotaryId,
  secondNotaryId: settlementAccountChanges.secondNotaryId, effectiveAt: settlementAccountChanges.effectiveAt, endedAt: settlementAccountChanges.endedAt, reason: settlementAccountChanges.reason
}

const changeById = (office: number, id: AccountChangeId) => and(eq(settlementAccountChanges.officeId, office), eq(settlementAccountChanges.id, id))

export const insertChange = async ({ db, office }: Tx, record: AccountChangeRecord): Promise<void> => {
  await db.insert(settlementAccountChanges).values({ ...record, officeId: office })
}

export const findChange = async ({ db, office }: Tx, id: AccountChangeId): Promise<AccountChangeRecord | undefined> =>
  (await db.select(changeColumns).from(settlementAccountChanges).where(changeById(office, id)))[0]

export const lockChange = async ({ db, office }: Tx, id: AccountChangeId): Promise<AccountChangeRecord | undefined> =>
  (await db.select(changeColumns).from(settlementAccountChanges).where(changeById(office, id)).for('update'))[0]

export const findOpenChange = async ({ db, office }: Tx, merchantId: MerchantId): Promise<AccountChangeRecord | undefined> =>
  (await db.select(changeColumns).from(settlementAccountChanges).where(and(
    eq(settlementAccountChanges.officeId, office), eq(settlementAccountChanges.merchantId, merchantId), inArray(settlementAccountChanges.status, ['requested', 'checked', 'approved'])
  )))[0]

export const updateChange = async ({ db, office }: Tx, { id, status, firstNotaryId, secondNotaryId, effectiveAt, endedAt, reason }: AccountChangeRecord): Promise<void> => {
  await db.update(settlementAccountChanges).set({ status, firstNotaryId, secondNotaryId, effectiveAt, endedAt, reason }).where(changeById(office, id))
}

/** Newest first, from below a position. */
export const listChanges = ({ db, office }: Tx, merchantId: MerchantId, before: AccountChangeId | undefined, limit: number): Promise<AccountChangeRecord[]> =>
  db.select(changeColumns).from(settlementAccountChanges)
    .where(and(eq(settlementAccountChanges.officeId, office), eq(settlementAccountChanges.merchantId, merchantId), before && lt(settlementAccountChanges.id, before)))
    .orderBy(desc(settlementAccountChanges.id)).limit(limit)

export const updateSettlementAccount = async ({ db, office }: Tx, merchantId: MerchantId, set: Partial<SettlementAccountRow>): Promise<void> => {
  await db.update(settlementAccounts).set(set).where(and(eq(settlementAccounts.officeId, office), eq(settlementAccounts.merchantId, merchantId)))
}
