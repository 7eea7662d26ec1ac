import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'

export const DocumentId = idSchema('doc')
export type DocumentId = z.infer<typeof DocumentId>

export const DocumentKind = z.enum([
  'contract', 'deposit_certificate', 'redemption_statement', 'settlement_statement', 'refund_certificate', 'settlement_agreement', 'mediation_agreement', 'award', 'judgment_record', 'handover'
])
export type DocumentKind = z.infer<typeof DocumentKind>

/** asked: to be set; made: its bytes are kept; sealed: the office's signature is in it; failed: will be tried again */
export const DocumentStatus = z.enum(['asked', 'made', 'sealed', 'failed'])
export type DocumentStatus = z.infer<typeof DocumentStatus>

export const DocumentView = z.object({
  id: DocumentId,
  kind: DocumentKind,
  subject: z.string().meta({ description: 'The id, or the certificate\'s number, of what it is about' }),
  version: z.int().meta({ description: 'From 1 on; a later one, such as an award corrected, stands beside the earlier ones' }),
  status: DocumentStatus,
  documentSha256: z.string().nullable().meta({ description: 'Of the bytes before the seal; they stand unchanged at the beginning of the sealed file' }),
  sealedSha256: z.string().nullable(),
  reason: z.string().nullable().meta({ description: 'Why the last attempt failed' }),
  createdAt: Instant,
  sealedAt: Instant.nullable()
}).meta({ id: 'Document' })
export type DocumentView = z.output<typeof DocumentView>

export type Block =
  | Readonly<{ kind: 'title' | 'subtitle' | 'heading' | 'note'; text: string }>
  /** a paragraph; `label` hangs in front of it */
  | Readonly<{ kind: 'text'; text: string; label?: string }>
  /** what is known of a thing, a line each */
  | Readonly<{ kind: 'fields'; rows: readonly (readonly [string, string])[] }>
  | Readonly<{ kind: 'table'; columns: readonly Column[]; rows: readonly (readonly string[])[] }>
  /** a code that a phone reads, and what is said beside it */
  | Readonly<{ kind: 'code'; url: string; text: string }>
  /** who issues it, and when, at the right */
  | Readonly<{ kind: 'closing'; lines: readonly string[] }>

/** `share`: of the width, beside the other columns'. */
export type Column = Readonly<{ title: string; share: number; align?: 'left' | 'right' }>

/** All that a document shows, in its order: plain values, so that it can be kept and set again. */
export type Sheet = Readonly<{
  title: string
  author: string
  /** RFC 3339 */
  madeAt: string
  /** stands at the foot of every page */
  foot: string
  blocks: readonly Block[]
}>

/** A document to be made: what it is of, who may read it, and what it shows. */
export type NewDocument = Readonly<{
  kind: DocumentKind
  /** the id of what it is about: one document of a kind and a version for each */
  subject: string
  /** from 1 on, which is the default */
  version?: number
  contractId: Id<'ctr'> | null
  merchantId: Id<'mer'> | null
  sheet: Sheet
}>
