import { z } from 'zod'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen, PositiveFen, SignedFen, type Fen as FenAmount } from '../kernel/money.js'
import { OfficeId } from '../offices/model.js'

const PersonId = idSchema('per')

export const ofDate = z.object({ date: BusinessDate })
export const OfOffice = z.object({ officeId: OfficeId.optional().meta({ description: 'The caller\'s office when absent' }) })
export type OfOffice = z.output<typeof OfOffice>

/** What can differ: the bank and our account of it, a channel's notifications, or its daily report, and our account of it, assets and what is owed. */
export const DifferenceKind = z.enum(['bank', 'channel', 'channel_report', 'books'])
export type DifferenceKind = z.infer<typeof DifferenceKind>

export const CloseStatus = z.enum(['open', 'proposed', 'closed'])
export type CloseStatus = z.infer<typeof CloseStatus>

const UnmatchedLine = z.object({
  source: z.enum(['statement', 'books']).meta({ description: '`statement`: a line nothing in the books explains; `books`: a booking no statement has confirmed' }),
  id: z.string().nullable(),
  transferId: z.string().nullable(),
  reference: z.string(),
  side: z.enum(['C', 'D']).meta({ description: 'As the bank sees it: `C` came in, `D` went out' }),
  amountFen: PositiveFen,
  date: BusinessDate,
  status: z.string()
})
export type UnmatchedLine = z.output<typeof UnmatchedLine>

const ChannelLine = z.object({
  channel: z.string(),
  reportedFen: SignedFen.meta({ description: 'What the channel has reported as paid, less refunds and what it has settled' }),
  clearingFen: SignedFen.meta({ description: 'What the books say it owes' }),
  differenceFen: SignedFen,
  report: z.object({
    reportFen: SignedFen.meta({ description: 'By the report: payments less refunds and settlements of the day' }),
    booksFen: SignedFen.meta({ description: 'The same by the clearing account' }),
    differenceFen: SignedFen,
    unmatched: z.int().meta({ description: 'Lines that one of the two does not have' })
  }).nullable().meta({ description: 'The channel\'s own report of the day; null until it is imported' })
})
export type ChannelLine = z.output<typeof ChannelLine>

const Difference = z.object({
  kind: DifferenceKind,
  of: z.string(),
  differenceFen: SignedFen,
  openedAt: Instant,
  settledAt: Instant.nullable(),
  ageDays: z.int()
})
export type Difference = z.output<typeof Difference>

const Closing = z.object({
  status: CloseStatus,
  makerId: PersonId.nullable(),
  checkerId: PersonId.nullable(),
  reason: z.string().nullable(),
  closedAt: Instant.nullable(),
  entries: z.int().nullable().meta({ description: 'Entries booked on that day; none can be added once it is closed' }),
  movedFen: Fen.nullable(),
  liabilityRoot: z.string().nullable().meta({ description: 'Root of the Merkle sum tree of what was owed at the end of the day, hex' }),
  liabilityTotalFen: Fen.nullable()
})
export type Closing = z.output<typeof Closing>

export const Reconciliation = z.object({
  date: BusinessDate,
  bankFen: SignedFen.meta({ description: 'The bank\'s balance at the end of the day' }),
  statementOn: BusinessDate.nullable().meta({ description: 'The day of the statement it is from; earlier where none of this day has come; null where none at all' }),
  ledgerBankFen: SignedFen.meta({ description: 'The books\' bank account, of all that happened until the end of the day, whenever it was booked' }),
  differenceFen: SignedFen.meta({ description: 'bankFen less ledgerBankFen' }),
  liabilitiesFen: SignedFen.meta({ description: 'Everything owed' }),
  clearingFen: SignedFen,
  dueFromOfficeFen: SignedFen,
  unexplainedDebitFen: SignedFen,
  coverFen: SignedFen.meta({ description: 'bank + clearing less everything owed' }),
  booksDifferenceFen: SignedFen.meta({ description: 'bank + clearing + due from office + unexplained debits less everything owed: 0' }),
  channels: z.array(ChannelLine),
  unmatched: z.array(UnmatchedLine),
  differences: z.array(Difference).meta({ description: 'One item for each difference found so far' }),
  closing: Closing
}).meta({ id: 'Reconciliation' })
export type Reconciliation = z.output<typeof Reconciliation>

export const ProposeClose = z.object({
  reason: z.string().trim().min(1).max(10_000).optional().meta({ description: 'Needed where there is a difference, of the bank or of a channel\'s report' })
})
export type ProposeClose = z.output<typeof ProposeClose>

export type ClosingRecord = Readonly<{
  day: string
  status: 'proposed' | 'closed'
  makerId: Id<'per'>
  checkerId: Id<'per'> | null
  reason: string | null
  proposedAt: Date
  /** transactions from this one on began after the proposal */
  snapshot: string
  closedAt: Date | null
  entries: number | null
  movedFen: FenAmount | null
  liabilityRoot: Buffer | null
  liabilityTotalFen: FenAmount | null
}>

/** A node of the sum tree: what is under it, and how much that is. */
export type SumNode = Readonly<{ hash: Buffer; sumFen: FenAmount }>

export type OwedLeaf = Readonly<{ owner: string; nonce: Buffer; balanceFen: FenAmount }>

export const BalanceProof = z.object({
  date: BusinessDate,
  owner: z.string().meta({ description: 'The consumer\'s own id' }),
  nonce: z.string().meta({ description: 'Hex' }),
  balanceFen: Fen.meta({ description: 'What her contracts held, disputed and pending, at the end of the day' }),
  position: z.int(),
  leafCount: z.int(),
  path: z.array(z.object({ side: z.enum(['left', 'right']), hash: z.string(), sumFen: Fen }))
    .meta({ description: 'From the leaf up: the other child of each node, and on which side it is' }),
  root: z.string(),
  totalFen: Fen.meta({ description: 'Everything owed, as in the evidence of the day\'s close' })
}).meta({ id: 'BalanceProof' })
export type BalanceProof = z.output<typeof BalanceProof>
