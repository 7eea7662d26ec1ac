import { z } from 'zod'
import { IdNumber, LegalName } from '../identity/model.js'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'
import { OfficeId } from '../offices/model.js'

export const CorrectionId = idSchema('cor')
export type CorrectionId = z.infer<typeof CorrectionId>
export const CorrectionStatus = z.enum(['asked', 'approved', 'refused'])
export type CorrectionStatus = z.infer<typeof CorrectionStatus>

export const NewCorrection = z.object({
  legalName: LegalName,
  idNumber: IdNumber,
  grounds: z.string().trim().min(1).max(10_000).meta({ description: 'Why, and by what it is shown' }),
  officeId: OfficeId.optional().meta({ description: 'The notary office that looks at it; default: the only one' })
})
export type NewCorrection = z.output<typeof NewCorrection>

const asked = {
  id: CorrectionId,
  status: CorrectionStatus,
  grounds: z.string(),
  askedAt: Instant,
  decidedAt: Instant.nullable(),
  reason: z.string().nullable()
}

/** A person asks that who they are be put right; a notary looks at it (Personal Information Protection Law Art 46). */
export const Correction = z.object({
  ...asked,
  legalName: z.string().meta({ description: 'As wanted; masked', examples: ['张*'] }),
  idNumber: z.string().meta({ description: 'As wanted; masked' })
}).meta({ id: 'Correction' })
export type Correction = z.output<typeof Correction>

const Names = z.object({ legalName: z.string().nullable(), idNumber: z.string().nullable() })

/** The same in full, for the notary who checks it against documents. That it was looked at is in the access log. */
export const CorrectionCase = z.object({ ...asked, current: Names, wanted: Names }).meta({ id: 'CorrectionCase' })
export type CorrectionCase = z.output<typeof CorrectionCase>

export const CorrectionFilter = PageQuery.extend({ status: CorrectionStatus.optional() })
export type CorrectionFilter = z.output<typeof CorrectionFilter>

/** A correction as rules see it. */
export type CorrectionRecord = Readonly<{
  id: CorrectionId
  personId: Id<'per'>
  status: CorrectionStatus
  /** {legalName, idNumber}; sealed */
  wantedSealed: string
  /** opens the commitment to it in the evidence */
  salt: string
  grounds: string
  askedAt: Date
  decidedBy: Id<'per'> | null
  decidedAt: Date | null
  reason: string | null
}>

export const CloseAccount = z.object({ confirm: z.literal(true).meta({ description: 'The account ends at once, and cannot be opened again' }) })
export type CloseAccount = z.output<typeof CloseAccount>

/** `keptUntil`: until when the law keeps the particulars, blocked for all else; null: everything is erased. */
export const ClosedAccount = z.object({ closedAt: Instant, keptUntil: Instant.nullable() }).meta({ id: 'ClosedAccount' })
export type ClosedAccount = z.output<typeof ClosedAccount>

/** What stands in the way of closing an account, and what ends it. */
export type OpenMatter = Readonly<{ kind: 'contract' | 'dispute' | 'refund' | 'transfer' | 'membership' | 'correction'; id: string; todo: Readonly<{ zh: string; en: string }> }>
