import { z } from 'zod'
import { PersonId, Phone } from '../identity/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'
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

/** What the notary may do with a merchant's standing. */
export type Review = 'approve' | 'reject' | 'suspend' | 'resume'

export const StaffRole = z.enum(['owner', 'cashier'])
export type StaffRole = z.infer<typeof StaffRole>

/** A text that people wrote: no NUL and no half of a surrogate pair, which the database could not keep. */
export const PlainText = z.string().trim().min(1).max(10_000)
  .refine((text) => !/[\0\p{Cs}]/u.test(text), { params: { zh: '含有无法保存的字符', en: 'has a character that cannot be kept' } })

/** The last day of a lease; years as they occur in contracts. */
const LeaseEnd = BusinessDate.regex(/^(19|[2-9]\d)\d\d-/)

export const VenueTerms = z.object({
  name: PlainText,
  address: PlainText,
  leaseUntil: LeaseEnd.meta({ description: 'The last day of the lease; public' })
})
export type VenueTerms = z.output<typeof VenueTerms>

export const Venue = VenueTerms.extend({ id: VenueId }).meta({ id: 'Venue' })
export type Venue = z.output<typeof Venue>

export const Merchant = z.object({
  id: MerchantId,
  officeId: OfficeId,
  name: z.string(),
  creditCode: z.string(),
  category: MerchantCategory,
  district: z.string(),
  status: MerchantStatus,
  reason: z.string().nullable().meta({ description: 'Why it was rejected or suspended' }),
  venues: z.array(Venue),
  createdAt: Instant
}).meta({ id: 'Merchant' })
export type Merchant = z.output<typeof Merchant>

/** Where settlements are paid to. */
export const SettlementAccount = z.object({
  bankName: PlainText,
  accountName: PlainText,
  accountNumber: z.string().transform((text) => text.replace(/[\s-]/g, '')).pipe(z.string().regex(/^[0-9A-Za-z]{4,34}$/))
    .meta({ description: '4 to 34 digits or letters; spaces and hyphens are dropped' }),
  cnapsCode: z.string().regex(/^\d{12}$/).optional().meta({ description: 'The branch\'s number in the People\'s Bank\'s payment system (联行号)' })
})
export type SettlementAccount = z.output<typeof SettlementAccount>

/** A merchant as its owner, the notary and the operator see it: with what the application said, masked. */
export const MerchantDetail = Merchant.extend({
  application: z.object({
    ownerPhone: z.string().meta({ description: 'Masked' }),
    bankName: z.string(),
    accountName: z.string(),
    accountNumber: z.string().meta({ description: 'Masked' })
  }).optional().meta({ description: 'Only for the owner, the notary and the operator' })
}).meta({ id: 'MerchantDetail' })
export type MerchantDetail = z.output<typeof MerchantDetail>

export const MerchantApplication = z.object({
  officeId: OfficeId.optional().meta({ description: 'Absent: the caller\'s office, or the only one' }),
  name: PlainText,
  creditCode: PlainText.toUpperCase().meta({ description: 'Unified social credit code, GB 32100-2015', examples: ['91330100799655058B'] }),
  category: MerchantCategory,
  district: PlainText,
  ownerPhone: Phone,
  settlementAccount: SettlementAccount
})
export type MerchantApplication = z.output<typeof MerchantApplication>

export const MerchantQuery = PageQuery.extend({
  officeId: OfficeId.optional(),
  status: MerchantStatus.optional(),
  category: MerchantCategory.optional(),
  district: PlainText.optional(),
  q: PlainText.optional().meta({ description: 'Part of the name' })
})
export type MerchantQuery = z.output<typeof MerchantQuery>

export const ReasonGiven = z.object({ reason: PlainText })

export const NewStaffMember = z.object({ phone: Phone, name: PlainText, role: StaffRole })
export type NewStaffMember = z.output<typeof NewStaffMember>

export const StaffMember = z.object({
  id: PersonId,
  merchantId: MerchantId,
  phone: z.string().meta({ description: 'Masked' }),
  name: z.string(),
  role: StaffRole
}).meta({ id: 'StaffMember' })
export type StaffMember = z.output<typeof StaffMember>

export const AccountChangeId = idSchema('sac')
export type AccountChangeId = z.infer<typeof AccountChangeId>

/** `requested` by the owner → `checked` by one notary → `approved` by another → `effective` a day later; `ended` before that. */
export const AccountChangeStatus = z.enum(['requested', 'checked', 'approved', 'effective', 'ended'])
export type AccountChangeStatus = z.infer<typeof AccountChangeStatus>

export type AccountChangeRecord = Readonly<{
  id: AccountChangeId
  merchantId: MerchantId
  status: AccountChangeStatus
  accountSealed: string
  requestedBy: Id<'per'>
  requestedAt: Date
  firstNotaryId: Id<'per'> | null
  secondNotaryId: Id<'per'> | null
  effectiveAt: Date | null
  endedAt: Date | null
  reason: string | null
}>

export const AccountChange = z.object({
  id: AccountChangeId,
  merchantId: MerchantId,
  status: AccountChangeStatus,
  bankName: z.string(),
  accountName: z.string(),
  accountNumber: z.string().meta({ description: 'Masked' }),
  requestedBy: PersonId,
  requestedAt: Instant,
  firstNotaryId: PersonId.nullable(),
  secondNotaryId: PersonId.nullable(),
  effectiveAt: Instant.nullable().meta({ description: 'From when settlements are paid there: a day after the second approval' }),
  endedAt: Instant.nullable(),
  reason: z.string().nullable()
}).meta({ id: 'SettlementAccountChange' })
export type AccountChange = z.output<typeof AccountChange>
