import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { PositiveFen, Fen } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantCategory, MerchantId, PlainText, VenueId } from '../merchants/model.js'
import { OfficeId } from '../offices/model.js'

export const ProductId = idSchema('prd')
export type ProductId = z.infer<typeof ProductId>

export const ProductKind = z.enum(['sessions', 'period', 'stored_value'])
export type ProductKind = z.infer<typeof ProductKind>

/** `delisted`: no longer on offer, or a draft that a later one replaced. */
export const ProductStatus = z.enum(['draft', 'in_review', 'listed', 'delisted'])
export type ProductStatus = z.infer<typeof ProductStatus>

/** How money is released: by each check-in, or by time. */
export const ReleaseRule = z.enum(['per_session', 'per_day', 'per_month'])
export type ReleaseRule = z.infer<typeof ReleaseRule>

/** What a merchant sells: the terms a contract freezes at purchase. */
export const Offer = z.object({
  name: PlainText,
  kind: ProductKind,
  priceFen: PositiveFen,
  sessions: z.int().min(1).max(100_000).optional().meta({ description: 'kind sessions: sessions paid for' }),
  bonusSessions: z.int().min(0).max(100_000).optional().meta({ description: 'kind sessions: gift sessions, used like the others' }),
  listPricePerSessionFen: PositiveFen.optional(),
  listPriceProof: PlainText.optional().meta({ description: 'Where the list price was made public' }),
  refundsAtContractPrice: z.boolean().optional().meta({ description: 'The merchant promises more than the law: what was used is deducted at the contract\'s price, even when the consumer leaves' }),
  periodDays: z.int().min(1).max(36_500).optional().meta({ description: 'kind period: days of the term' }),
  listPricePerDayFen: PositiveFen.optional(),
  bonusFen: Fen.optional().meta({ description: 'kind stored_value: gift face value' }),
  validDays: z.int().min(1).max(36_500),
  venueIds: z.array(VenueId).min(1).max(100).optional().meta({ description: 'Absent: every venue of the merchant' }),
  settlementRule: z.object({
    release: ReleaseRule,
    objectionHours: z.int().min(0).max(24 * 30)
  }),
  coolingOffDays: z.int().min(7).max(365),
  terms: PlainText
})
export type Offer = z.output<typeof Offer>
export type OfferWire = z.input<typeof Offer>

export const Product = Offer.extend({
  id: ProductId,
  version: z.int(),
  merchantId: MerchantId,
  merchantName: z.string(),
  status: ProductStatus,
  reason: z.string().nullable(),
  createdAt: Instant,
  listedAt: Instant.nullable()
}).meta({ id: 'Product' })
export type Product = z.output<typeof Product>

/** What may happen to a version. */
export type Step = 'submit' | 'approve' | 'reject' | 'delist'

export const ProductQuery = PageQuery.extend({
  officeId: OfficeId.optional(),
  merchantId: MerchantId.optional(),
  category: MerchantCategory.optional(),
  district: PlainText.optional(),
  q: PlainText.optional().meta({ description: 'Part of the name of the product or the merchant' }),
  status: ProductStatus.optional().meta({ description: 'Absent: what is on sale. Otherwise the versions in this state that the caller may see' })
})
export type ProductQuery = z.output<typeof ProductQuery>

export const VersionQuery = z.object({
  version: z.coerce.number().int().min(1).max(1_000_000).optional()
    .meta({ description: 'Absent: the listed one; for the merchant itself and for staff the newest' })
})

/** The caps on one product and on one consumer's balance with one merchant: the value of the dated rule `prepaid_caps`. */
export const Caps = z.object({
  sessions: z.object({ priceFenMax: PositiveFen, sessionsMax: z.int() }),
  period: z.object({ priceFenMax: PositiveFen, daysMax: z.int() }),
  stored_value: z.object({ priceFenMax: PositiveFen }),
  balanceFenMax: PositiveFen
})
export type Caps = z.output<typeof Caps>

/** A dated rule as rules see it: its value, where it is from, and whether its time has passed without a successor. */
export type InForce<Value> = Readonly<{ value: Value; source: string; isOverdue: boolean }>

/**
 * Terms that bind nobody: the value of the dated rule `unfair_terms`. A sentence is unfair when one
 * of `patterns` is found in what is left of it after everything that `fair` finds is cut out.
 */
export const UnfairTerms = z.object({
  terms: z.array(z.object({
    name: z.string(),
    title: z.object({ zh: z.string(), en: z.string() }),
    patterns: z.array(z.string()),
    fair: z.array(z.string())
  }))
})
export type UnfairTerms = z.output<typeof UnfairTerms>
