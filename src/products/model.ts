import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { PositiveFen, Fen } from '../kernel/money.js'
import { MerchantId, VenueId } from '../merchants/model.js'

export const ProductId = idSchema('prd')
export type ProductId = z.infer<typeof ProductId>

export const ProductKind = z.enum(['sessions', 'period', 'stored_value'])
export type ProductKind = z.infer<typeof ProductKind>

export const ProductStatus = z.enum(['draft', 'in_review', 'listed', 'delisted'])
export type ProductStatus = z.infer<typeof ProductStatus>

/** How money is released: by each check-in, or by time. */
export const ReleaseRule = z.enum(['per_session', 'per_day', 'per_month'])
export type ReleaseRule = z.infer<typeof ReleaseRule>

const Text = z.string().trim().min(1).max(10_000)

/** What a merchant sells: the terms a contract freezes at purchase. */
export const Offer = z.object({
  name: z.string().trim().min(1).max(200),
  kind: ProductKind,
  priceFen: PositiveFen,
  sessions: z.int().min(1).max(100_000).optional().meta({ description: 'kind sessions: sessions paid for' }),
  bonusSessions: z.int().min(0).max(100_000).optional().meta({ description: 'kind sessions: gift sessions, used like the others' }),
  listPricePerSessionFen: PositiveFen.optional(),
  listPriceProof: Text.optional().meta({ description: 'Where the list price was made public' }),
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
  terms: Text
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
