import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, jsonb, pgPolicy, pgRole, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, ofMerchant, ofOffice } from '../db/policies.js'
import { merchants } from '../merchants/table.js'
import type { OfferWire, ProductStatus } from './model.js'

export const products = pgTable('products', {
  officeId: officeId(),
  id: id('id', 'prd').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  createdAt: instant('created_at').notNull()
}, (t) => [
  primaryKey({ name: 'products_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'products_merchant', columns: [t.officeId, t.merchantId], foreignColumns: [merchants.officeId, merchants.id] }),
  index('products_of_merchant').on(t.officeId, t.merchantId),
  allow('products', 'select', ['anyone', 'consumer', 'bureau', 'operator', 'notary', 'worker', 'merchant', 'adjudicator'], ofOffice),
  allow('products', 'insert', ['merchant'], ofMerchant),
  ...allowAll('products', ['insert', 'update'], ['worker'], ofOffice),
  allow('products', 'update', ['merchant'], ofMerchant),
  allow('products', 'update', ['notary'], ofOffice)
])

/** What is on offer. A listed version is never edited: the next one takes its place, and contracts keep theirs. */
export const productVersions = pgTable('product_versions', {
  officeId: officeId(),
  productId: id('product_id', 'prd').notNull(),
  version: integer('version').notNull(),
  merchantId: id('merchant_id', 'mer').notNull(),
  status: text('status').$type<ProductStatus>().notNull(),
  offer: jsonb('offer').$type<OfferWire>().notNull(),
  reason: text('reason'),
  createdAt: instant('created_at').notNull(),
  reviewedBy: id('reviewed_by', 'per'),
  listedAt: instant('listed_at'),
  delistedAt: instant('delisted_at')
}, (t) => [
  primaryKey({ name: 'product_versions_pk', columns: [t.officeId, t.productId, t.version] }),
  foreignKey({ name: 'product_versions_product', columns: [t.officeId, t.productId], foreignColumns: [products.officeId, products.id] }),
  uniqueIndex('product_versions_one_listed').on(t.officeId, t.productId).where(sql`${t.status} = 'listed'`),
  uniqueIndex('product_versions_one_open').on(t.officeId, t.productId).where(sql`${t.status} in ('draft', 'in_review')`),
  check('product_versions_status', sql`${t.status} in ('draft', 'in_review', 'listed', 'delisted')`),
  allow('product_versions', 'select', ['anyone', 'consumer', 'adjudicator'], sql`${ofOffice} and listed_at is not null and status in ('listed', 'delisted')`),
  allow('product_versions', 'select', ['bureau', 'operator', 'notary', 'worker'], ofOffice),
  allow('product_versions', 'select', ['merchant'], ofMerchant),
  allow('product_versions', 'insert', ['merchant'], sql`${ofMerchant} and status = 'draft' and listed_at is null`),
  // A merchant takes its offer off; only the notary puts one on.
  pgPolicy('product_versions_update_merchant', {
    for: 'update', to: pgRole('ticun_merchant').existing(), using: ofMerchant, withCheck: sql`${ofMerchant} and status <> 'listed'`
  }),
  ...allowAll('product_versions', ['update'], ['notary'], ofOffice),
  ...allowAll('product_versions', ['insert', 'update'], ['worker'], ofOffice)
])
