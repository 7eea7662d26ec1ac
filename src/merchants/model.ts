import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { OfficeId } from '../offices/model.js'

export const MerchantId = idSchema('mer')
export type MerchantId = z.infer<typeof MerchantId>
export const VenueId = idSchema('ven')
export type VenueId = z.infer<typeof VenueId>

export const MerchantCategory = z.enum(['gym', 'pool', 'yoga', 'dance', 'martial_arts', 'ball_sports', 'other'])
export type MerchantCategory = z.infer<typeof MerchantCategory>

/** `suspended`: no new sales; redemptions and refunds go on. `closing`: closure mode. */
export const MerchantStatus = z.enum(['in_review', 'active', 'rejected', 'suspended', 'closing', 'closed'])
export type MerchantStatus = z.infer<typeof MerchantStatus>

export const Venue = z.object({
  id: VenueId,
  name: z.string(),
  address: z.string(),
  leaseUntil: BusinessDate
}).meta({ id: 'Venue' })
export type Venue = z.output<typeof Venue>

export const Merchant = z.object({
  id: MerchantId,
  officeId: OfficeId,
  name: z.string(),
  creditCode: z.string(),
  category: MerchantCategory,
  district: z.string(),
  status: MerchantStatus,
  reason: z.string().nullable(),
  venues: z.array(Venue),
  createdAt: Instant
}).meta({ id: 'Merchant' })
export type Merchant = z.output<typeof Merchant>
