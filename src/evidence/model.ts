import { z } from 'zod'
import { idSchema, type Id } from '../kernel/id.js'

/** The version of the entry format; it is the first thing a verifier reads. */
export const entryVersion = 1

/** A legally relevant event that moved no money. Past tense kebab. */
export type Fact =
  | 'merchant-applied' | 'merchant-approved' | 'merchant-rejected' | 'merchant-suspended' | 'merchant-resumed'
  | 'closure-proposed' | 'closure-approved' | 'closure-cancelled' | 'closure-completed'
  | 'venue-added' | 'venue-changed'
  | 'product-submitted' | 'product-approved' | 'product-rejected' | 'product-delisted'
  | 'contract-made' | 'legal-meaning-told' | 'contract-signed' | 'contract-cancelled' | 'contract-expired' | 'contract-reactivated'
  | 'deposit-credited' | 'deposit-refused'
  | 'session-recorded' | 'objection-made' | 'objection-withdrawn' | 'release-voided'
  | 'statement-imported' | 'channel-report-imported' | 'suspense-resolution-proposed' | 'suspense-resolution-withdrawn' | 'suspense-return-ordered' | 'suspense-return-failed' | 'day-close-proposed' | 'day-closed'
  | 'settlement-account-change-requested' | 'settlement-account-change-approved' | 'settlement-account-change-ended' | 'settlement-account-changed'
  | 'settlement-drafted' | 'settlement-cancelled'
  | 'legal-hold-proposed' | 'legal-hold-approved' | 'legal-hold-withdrawn' | 'legal-hold-renewed' | 'legal-hold-lapsed'
  | 'legal-hold-lifting-proposed' | 'legal-hold-lifting-withdrawn' | 'legal-hold-lifted'
  | 'refund-requested' | 'refund-consented' | 'refund-declined' | 'refund-rejected'
  | 'pause-proposed' | 'pause-agreed' | 'pause-declined' | 'pause-withdrawn' | 'pause-lapsed' | 'pause-began' | 'pause-ended'
  | 'handover-offered' | 'handover-accepted' | 'handover-declined' | 'handover-cancelled' | 'handover-lapsed'
  | 'evidence-filed'
  | 'access-log-sealed' | 'guardian-consented' | 'identity-correction-asked' | 'identity-corrected' | 'identity-correction-refused' | 'account-closed'
  | 'alert-opened' | 'alert-explained' | 'alert-rectified' | 'alert-sent-back' | 'alert-escalated' | 'alert-closed'
  | 'document-made' | 'document-sealed' | 'certificate-revoked'
  | 'unclaimed-proposed' | 'unclaimed-approved' | 'unclaimed-refunded' | 'unclaimed-withdrawn' | 'unclaimed-claim-proposed' | 'unclaimed-claim-approved'
  | 'dispute-opened' | 'dispute-escalated' | 'dispute-withdrawn' | 'dispute-closed' | 'dispute-settled' | 'dispute-executed' | 'arbitration-agreed'
  | 'dispute-offer-made' | 'dispute-offer-declined' | 'dispute-proposal-made' | 'dispute-proposal-accepted' | 'dispute-proposal-declined' | 'mediation-failed'
  | 'dispute-assigned' | 'dispute-appointment-accepted' | 'dispute-appointment-ended' | 'evidence-period-set' | 'dispute-statement-made' | 'hearing-noted'
  | 'award-proposed' | 'award-made' | 'award-corrected' | 'judgment-entered' | 'execution-proposed' | 'execution-approved' | 'claim-made' | 'claim-set-off'

/** What opens the salted commitments of an entry about many contracts, by contract. */
export type Openings = Record<string, { salt: string; amountFen: string }>

/** What the evidence log keeps of one event. Personal data only as salted hashes. */
export type EvidenceInput = Readonly<{
  fact: string
  /** the id of what the event is about */
  subject: string
  contractId?: Id<'ctr'> | undefined
  merchantId?: Id<'mer'> | undefined
  occurredAt: Date
  payload: Readonly<Record<string, unknown>>
  /** the transfer this is the leaf of */
  transferId?: Id<'trf'> | undefined
  openings?: Openings | undefined
}>

/** The hash function of an office's log: fixed with its first leaf. */
export const HashName = z.enum(['sha256', 'sm3'])
export type HashName = z.infer<typeof HashName>

const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const OfOffice = z.object({ officeId: idSchema('off').optional() })

export const LogQuery = OfOffice

export const InclusionQuery = OfOffice.extend({
  leafIndex: count,
  treeSize: count.optional().meta({ description: 'Default: the newest checkpoint\'s' })
})
export type InclusionQuery = z.output<typeof InclusionQuery>

export const ConsistencyQuery = OfOffice.extend({
  from: count,
  to: count.optional().meta({ description: 'Default: the newest checkpoint\'s' })
})
export type ConsistencyQuery = z.output<typeof ConsistencyQuery>

const Hash = z.base64().meta({ description: '32 bytes' })

export const InclusionProof = z.object({
  leafIndex: z.int(),
  treeSize: z.int(),
  leafHash: Hash.meta({ description: 'H(0x00 ‖ H(entry)), RFC 9162: the leaf is the hash of the entry' }),
  hashes: z.array(Hash)
}).meta({ id: 'InclusionProof' })
export type InclusionProof = z.output<typeof InclusionProof>

export const ConsistencyProof = z.object({ from: z.int(), treeSize: z.int(), hashes: z.array(Hash) }).meta({ id: 'ConsistencyProof' })
export type ConsistencyProof = z.output<typeof ConsistencyProof>

export const LeafIndex = z.object({ leafIndex: count })

/** One log of the deployment. */
export const LogEntry = z.object({
  officeId: idSchema('off'),
  name: z.string(),
  origin: z.string(),
  key: z.string().meta({ description: 'C2SP signed-note verifier key' }),
  hash: HashName,
  treeSize: z.int(),
  path: z.string().meta({ description: 'The prefix of its C2SP tlog-tiles: checkpoint, tile/…' })
}).meta({ id: 'EvidenceLog' })
export type LogEntry = z.output<typeof LogEntry>

export const LogPath = z.object({ officeId: idSchema('off') })

/** `N` of a tile's path: groups of three digits, all but the last with an x before them; `.p/W` where it is partial. */
const tilePath = /^((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

export const TilePath = LogPath.extend({
  level: z.string().regex(/^\d$/).transform(Number),
  '*': z.string().max(60).regex(tilePath).transform((path) => {
    const [, index = '', width] = tilePath.exec(path) ?? []
    return { index: Number(index.replace(/[x/]/g, '')), width: width === undefined ? 256 : Number(width) }
  })
})

export const TimestampQuery = OfOffice.extend({ treeSize: count.optional().meta({ description: 'Default: the newest one that is time-stamped' }) })

/** A receipt comes in parts where it has many entries. */
export const ReceiptQuery = z.object({ from: count.default(0).meta({ description: 'The leaf index that the part begins at: the `next` of the part before' }) })

/** One JSON file that its holder can check without us (docs/evidence.md). */
export const Receipt = z.object({
  format: z.literal('ticun-receipt/1'),
  about: z.string().meta({ description: 'The id of what the entries are about' }),
  log: z.object({ origin: z.string(), key: z.string().meta({ description: 'C2SP signed-note verifier key' }), hash: HashName }),
  entries: z.array(z.object({
    leafIndex: z.int(),
    entry: z.string().meta({ description: 'RFC 8785 canonical JSON, the exact bytes' }),
    inclusionProof: z.array(Hash),
    openings: z.record(z.string(), z.object({ salt: z.string(), amountFen: z.string() })).optional()
      .meta({ description: 'What opens the salted commitments of an entry about many contracts' })
  })),
  from: z.int().optional().meta({ description: 'A later part: there are entries before this leaf index' }),
  next: z.int().optional().meta({ description: 'There are more entries, from this leaf index on: ask for the next part with `?from=`' }),
  checkpoint: z.string().meta({ description: 'C2SP tlog-checkpoint, the exact bytes' }),
  cosignatures: z.array(z.string()).optional()
    .meta({ description: 'Signature lines of witnesses (C2SP tlog-cosignature): behind the checkpoint they make one signed note' }),
  timestamp: z.object({
    token: z.base64().meta({ description: 'RFC 3161 TimeStampToken over the checkpoint\'s bytes' }),
    authority: z.string(),
    certificates: z.string().nullable().meta({ description: 'The chain of the office\'s own authority, PEM' })
  }).nullable(),
  anchors: z.array(z.object({ chain: z.string(), reference: z.string() }))
}).meta({ id: 'EvidenceReceipt' })
export type Receipt = z.output<typeof Receipt>

/** A checkpoint as it stands: the log's size and root, and the signed note that says so. */
export type Checkpoint = Readonly<{ treeSize: number; root: Buffer; note: string; createdAt: Date }>

/** An RFC 3161 token over a checkpoint's note. */
export type Timestamp = Readonly<{ treeSize: number; authority: string; token: Buffer; genTime: Date }>

/** A witness's line on a checkpoint. */
export type Cosignature = Readonly<{ treeSize: number; witness: string; line: string; cosignedAt: Date }>

/** What a witness hands in. */
export const CosignedNote = z.object({
  note: z.string().max(10_000).meta({ description: 'The checkpoint as it was served, with the lines of one or more witnesses added to it' })
})

export const CosignatureAnswer = z.object({
  treeSize: z.int(),
  witnesses: z.array(z.string()).meta({ description: 'Whose lines are kept with this checkpoint now' })
}).meta({ id: 'CosignatureAnswer' })
export type CosignatureAnswer = z.output<typeof CosignatureAnswer>

/** Where a checkpoint was written outside, and under which reference it is found there. */
export type Anchoring = Readonly<{ treeSize: number; chain: string; reference: string; anchoredAt: Date }>
