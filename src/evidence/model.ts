import type { Id } from '../kernel/id.js'

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
  | 'settlement-drafted' | 'settlement-cancelled'
  | 'refund-requested' | 'refund-consented' | 'refund-declined' | 'refund-rejected'
  | 'dispute-opened'

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
