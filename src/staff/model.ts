import { z } from 'zod'
import { PersonId, Phone, SignInFilter } from '../identity/model.js'
import { Instant } from '../kernel/calendar.js'
import { End } from '../kernel/caller.js'
import { idSchema } from '../kernel/id.js'
import { OfficeId } from '../offices/model.js'

export const MembershipId = idSchema('mbr')
export type MembershipId = z.infer<typeof MembershipId>
export const ProposalId = idSchema('stp')
export type ProposalId = z.infer<typeof ProposalId>

/** What each of the three administrators is for; nobody is two of them (classified protection level 3). */
export const Duty = z.enum(['system', 'security', 'audit'])
export type Duty = z.infer<typeof Duty>

export const StaffEnd = End.exclude(['consumer', 'merchant'])
export type StaffEnd = z.infer<typeof StaffEnd>

/** The roles there are at each end of the staff. */
export const staffRoles: Readonly<Record<StaffEnd, readonly string[]>> = {
  notary: ['maker', 'checker'], adjudicator: ['mediator', 'arbitrator'], operator: [], bureau: [], administrator: Duty.options
}

/** One of the staff: a person at one end. */
export const StaffMember = z.object({
  id: MembershipId,
  personId: PersonId,
  end: StaffEnd,
  officeId: OfficeId.optional(),
  roles: z.array(z.string()),
  name: z.string().nullable(),
  phone: z.string().meta({ description: 'Masked', examples: ['138****0001'] }),
  secondFactor: z.enum(['sms', 'totp']),
  lockedUntil: Instant.nullable(),
  passwordExpiresAt: Instant.nullable(),
  since: Instant
}).meta({ id: 'StaffAccount' })
export type StaffMember = z.output<typeof StaffMember>

export const NewStaffMember = z.object({
  phone: Phone,
  name: z.string().trim().min(1).max(200),
  end: StaffEnd,
  officeId: OfficeId.optional().meta({ description: 'A notary needs one; an administrator has none' }),
  roles: z.array(z.string().max(40)).max(10).default([])
})
export type NewStaffMember = z.output<typeof NewStaffMember>

export const ProposalStatus = z.enum(['proposed', 'confirmed', 'refused'])

/** Somebody is to belong to the staff: the system administrator proposes, the security administrator decides. */
export const StaffProposal = z.object({
  id: ProposalId,
  status: ProposalStatus,
  end: StaffEnd,
  officeId: OfficeId.optional(),
  roles: z.array(z.string()),
  name: z.string(),
  phone: z.string().meta({ description: 'Masked' }),
  proposedBy: PersonId,
  createdAt: Instant,
  decidedBy: PersonId.nullable(),
  decidedAt: Instant.nullable(),
  reason: z.string().nullable()
}).meta({ id: 'StaffProposal' })
export type StaffProposal = z.output<typeof StaffProposal>

/** `oneTimePassword`: shown this once, to be handed over; good for 7 days, to be changed by PUT /v1/me/password. */
export const ConfirmedProposal = StaffProposal.extend({ oneTimePassword: z.string().nullable() }).meta({ id: 'ConfirmedStaffProposal' })
export type ConfirmedProposal = z.output<typeof ConfirmedProposal>

export const OneTimePassword = z.object({ oneTimePassword: z.string() }).meta({ id: 'OneTimePassword', description: 'Shown this once; good for 7 days' })
export type OneTimePassword = z.output<typeof OneTimePassword>

export const StaffSignInFilter = SignInFilter
