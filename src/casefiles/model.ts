import { z } from 'zod'
import type { ContractId } from '../contracts/model.js'
import { DisputeId, Side } from '../disputes/model.js'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'

export const CaseFileId = idSchema('fil')
export type CaseFileId = z.infer<typeof CaseFileId>

export const FileType = z.enum(['application/pdf', 'image/jpeg', 'image/png', 'video/mp4'])
export type FileType = z.infer<typeof FileType>

/** `not_scanned`: no virus scanner is set up. */
export const ScanState = z.enum(['clean', 'not_scanned'])
export type ScanState = z.infer<typeof ScanState>

export const EvidenceFields = z.object({
  purpose: z.string().trim().min(1).max(10_000).optional().meta({ description: 'What the file is to prove' })
})
export type EvidenceFields = z.output<typeof EvidenceFields>

export const CaseFile = z.object({
  id: CaseFileId,
  disputeId: DisputeId,
  party: Side.meta({ description: 'Who filed it' }),
  name: z.string().meta({ description: 'As its sender called it, made safe; with the ending of what it is' }),
  contentType: FileType.meta({ description: 'By its content, whatever its sender said' }),
  sizeBytes: z.int(),
  sha256: z.string().meta({ description: 'Of its content, hex' }),
  purpose: z.string().nullable(),
  scan: ScanState,
  filedAt: Instant
}).meta({ id: 'CaseFile' })
export type CaseFile = z.output<typeof CaseFile>

/** A file as it is recorded. `file`: the storage's name of its sealed content. */
export type CaseFileRecord = CaseFile & Readonly<{ contractId: ContractId; filedBy: Id<'per'>; file: string }>
