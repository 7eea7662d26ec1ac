import { z } from 'zod'
import { DocumentKind } from '../documents/model.js'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'

/** `2026-001-000042`: the year, the office, and the place in that office's series of the year. */
export const CertificateNumber = z.string().regex(/^\d{4}-\d{3,5}-\d{6,9}$/).meta({ examples: ['2026-001-000042'] })
export type CertificateNumber = z.infer<typeof CertificateNumber>

export const CertificateStatus = z.enum(['valid', 'revoked'])
export type CertificateStatus = z.infer<typeof CertificateStatus>

export const CheckQuery = z.object({ officeId: idSchema('off').optional() })

/** What anyone may know of a certificate: no personal data. */
export const CertificateCheck = z.object({
  number: CertificateNumber,
  kind: DocumentKind,
  issuedAt: Instant,
  status: CertificateStatus,
  revokedAt: Instant.nullable(),
  documentSha256: z.string().nullable().meta({ description: 'Of the bytes before the seal; null until the document is made' }),
  sealedSha256: z.string().nullable().meta({ description: 'Of the sealed file as its holder has it; null until it is sealed' }),
  evidence: z.object({
    leafIndex: z.int(),
    checkpoint: z.string().meta({ description: 'C2SP tlog-checkpoint that covers the leaf' })
  }).nullable().meta({ description: 'Where the making of the document stands in the evidence log; null until it is integrated' })
}).meta({ id: 'CertificateCheck' })
export type CertificateCheck = z.output<typeof CertificateCheck>

export const Revocation = z.object({ reason: z.string().trim().min(1).max(10_000) })
export type Revocation = z.output<typeof Revocation>

/** A certificate as the office sees it. */
export const CertificateView = z.object({
  number: CertificateNumber,
  kind: DocumentKind,
  about: z.string().meta({ description: 'The id of what it certifies' }),
  issuedAt: Instant,
  status: CertificateStatus,
  revocation: z.object({
    reason: z.string(),
    proposedBy: idSchema('per'),
    proposedAt: Instant,
    revokedBy: idSchema('per').nullable(),
    revokedAt: Instant.nullable()
  }).nullable()
}).meta({ id: 'Certificate' })
export type CertificateView = z.output<typeof CertificateView>
export type RevocationView = NonNullable<CertificateView['revocation']>
