import { and, desc, eq, isNotNull, sql, type SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf } from '../kernel/id.js'
import type { MerchantCategory, MerchantId } from '../merchants/model.js'
import { Offer, type ProductId, type ProductStatus } from './model.js'
import { products, productVersions } from './table.js'

export type ProductRow = typeof products.$inferSelect
/** A version with its offer decoded. */
export type VersionRow = Omit<typeof productVersions.$inferSelect, 'offer'> & { offer: Offer }

const decoded = (row: typeof productVersions.$inferSelect): VersionRow => ({ ...row, offer: z.decode(Offer, row.offer) })

const byId = (office: number, id: ProductId) => and(eq(products.officeId, office), eq(products.id, id))

export const insertProduct = async ({ db }: Tx, row: ProductRow): Promise<void> => {
  await db.insert(products).values(row)
}

export const findProduct = async ({ db, office }: Tx, id: ProductId): Promise<ProductRow | undefined> =>
  (await db.select().from(products).where(byId(office, id)))[0]

/** Locks a product, which orders all that happens to its versions; not another merchant's. */
export const lockProduct = async ({ db, office }: Tx, id: ProductId): Promise<ProductRow | undefined> =>
  (await db.select().from(products).where(byId(office, id)).for('update'))[0]

export const insertVersion = async ({ db }: Tx, { offer, ...row }: VersionRow): Promise<void> => {
  await db.insert(productVersions).values({ ...row, offer: z.encode(Offer, offer) })
}

/** The versions of a product that the transaction's role may see, newest first. */
export const listVersions = async ({ db, office }: Tx, id: ProductId): Promise<VersionRow[]> =>
  (await db.select().from(productVersions)
    .where(and(eq(productVersions.officeId, office), eq(productVersions.productId, id)))
    .orderBy(desc(productVersions.version))).map(decoded)

/** The version on offer. */
export const findListed = async ({ db, office }: Tx, id: ProductId): Promise<VersionRow | undefined> =>
  (await db.select().from(productVersions)
    .where(and(eq(productVersions.officeId, office), eq(productVersions.productId, id), eq(productVersions.status, 'listed')))).map(decoded)[0]

export const updateVersion = async ({ db, office }: Tx, { productId, version, status, reason, reviewedBy, listedAt, delistedAt }: VersionRow): Promise<void> => {
  await db.update(productVersions).set({ status, reason, reviewedBy, listedAt, delistedAt })
    .where(and(eq(productVersions.officeId, office), eq(productVersions.productId, productId), eq(productVersions.version, version)))
}

export type VersionFilter = Readonly<{
  status: ProductStatus
  /** only what consumers may know of: versions that were on offer, of merchants that sell */
  onSale: boolean
  merchantId?: MerchantId | undefined
  category?: MerchantCategory | undefined
  district?: string | undefined
  q?: string | undefined
}>

/** By merchant: a join by hand, because the merchants' table is another feature's; its policies apply inside. */
const ofMerchants = ({ onSale, category, district, q }: VersionFilter): SQL => sql`exists (
  select 1 from merchants m where m.office_id = ${productVersions.officeId} and m.id = ${productVersions.merchantId}
  ${onSale ? sql`and m.status = 'active'` : sql``}
  ${category ? sql`and m.category = ${category}` : sql``}
  ${district === undefined ? sql`` : sql`and m.district = ${district}`}
  ${q === undefined ? sql`` : sql`and (strpos(lower(m.name), lower(${q})) > 0 or strpos(lower(${productVersions.offer}->>'name'), lower(${q})) > 0)`})`

/** Versions of products, the newest product first, from below a position. */
export const filterVersions = async (
  { db, office }: Tx, filter: VersionFilter, before: { id: ProductId; version: number } | undefined, limit: number
): Promise<VersionRow[]> =>
  (await db.select().from(productVersions).where(and(
    eq(productVersions.officeId, office),
    eq(productVersions.status, filter.status),
    filter.onSale ? isNotNull(productVersions.listedAt) : undefined,
    filter.merchantId && eq(productVersions.merchantId, filter.merchantId),
    ofMerchants(filter),
    before && sql`(${productVersions.productId}, ${productVersions.version}) < (${uuidOf(before.id)}::uuid, ${before.version}::int)`
  )).orderBy(desc(productVersions.productId), desc(productVersions.version)).limit(limit)).map(decoded)
