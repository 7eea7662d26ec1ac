import type { ChannelName } from '../channels/model.js'
import type { Contract } from '../contracts/model.js'
import type { Fen } from '../kernel/money.js'
import { credit, debit, type ContractAccount, type Journal, type OwnAccount } from '../ledger/model.js'
import type { Division, RefundRecord } from './model.js'

const merchantPayable = ({ merchantId }: Contract): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

/** What is owed back to a payer and not sent. */
export const refundPayable = ({ id, merchantId }: Pick<RefundRecord, 'id' | 'merchantId'>): OwnAccount => ({ kind: 'refund_payable', of: id, merchantId })
/** What was sent and may have arrived. */
const refundInTransit = ({ id, merchantId }: Pick<RefundRecord, 'id' | 'merchantId'>): OwnAccount => ({ kind: 'refund_in_transit', of: id, merchantId })
const clearing = (channel: ChannelName): OwnAccount => ({ kind: 'clearing', of: channel })

const account = (kind: ContractAccount['kind'], { id, heldFen, disputedFen, pendingFen }: Contract): ContractAccount =>
  ({ kind, contractId: id, balanceAfter: { held: heldFen, disputed: disputedFen, pending: pendingFen }[kind] })

/**
 * A refund approved: all that is held leaves in one transfer. Dr held / Cr refund_payable, Cr the
 * merchant's part (payable, or pending for an objection window), Cr disputed what is contested.
 */
export const refundApproved = (after: Contract, refund: RefundRecord, { heldFen, refundFen, merchantFen, contestedFen }: Omit<Division, 'shortfallFen'>, merchantPart: 'pending' | 'payable', at: Date): Journal => ({
  event: 'refund-approved',
  reference: refund.id,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  facts: { reason: refund.reason, quoteId: refund.quoteId ?? undefined },
  lines: [
    debit(account('held', after), heldFen),
    credit(refundPayable(refund), refundFen, after.id),
    merchantPart === 'payable' ? credit(merchantPayable(after), merchantFen, after.id) : credit(account('pending', after), merchantFen),
    credit(account('disputed', after), contestedFen)
  ]
})

/**
 * What a refund left frozen is no longer contested: Dr disputed / Cr refund_payable, Cr payable.
 * `refund`: the further refund, where anything goes back.
 */
export const contestedSettled = (after: Contract, closing: Pick<RefundRecord, 'id'>, refund: RefundRecord | undefined, merchantFen: Fen, at: Date): Journal => ({
  event: 'contested-settled',
  reference: closing.id,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  facts: { refundId: refund?.id },
  lines: [
    debit(account('disputed', after), (refund?.refundFen ?? 0n) + merchantFen),
    ...(refund ? [credit(refundPayable(refund), refund.refundFen, after.id)] : []),
    credit(merchantPayable(after), merchantFen, after.id)
  ]
})

/** What nobody can use any more goes back: Dr held / Cr refund_payable. */
export const remainderReturned = (after: Contract, refund: RefundRecord, at: Date): Journal => ({
  event: 'remainder-returned',
  reference: refund.id,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  lines: [debit(account('held', after), refund.refundFen), credit(refundPayable(refund), refund.refundFen, after.id)]
})

const moved = (event: Journal['event'], refund: RefundRecord, from: OwnAccount, to: OwnAccount, at: Date, facts: Journal['facts']): Journal => ({
  event, reference: refund.id, contractId: refund.contractId, merchantId: refund.merchantId, occurredAt: at, facts: { purpose: refund.purpose, ...facts },
  lines: [debit(from, refund.refundFen, refund.contractId), credit(to, refund.refundFen, refund.contractId)]
})

/** Handed to the channel: Dr refund_payable / Cr refund_in_transit. */
export const refundSent = (refund: RefundRecord, at: Date): Journal =>
  moved('refund-sent', refund, refundPayable(refund), refundInTransit(refund), at, { attempt: refund.attempts })

/** The channel has paid it: Dr refund_in_transit / Cr clearing. */
export const refundConfirmed = (refund: RefundRecord, reference: string, at: Date): Journal =>
  moved('refund-confirmed', refund, refundInTransit(refund), clearing(refund.channel), at, { reference })

/** It surely was not paid: Dr refund_in_transit / Cr refund_payable. */
export const refundFailed = (refund: RefundRecord, reason: string, at: Date): Journal =>
  moved('refund-failed', refund, refundInTransit(refund), refundPayable(refund), at, { reason })


/** The channel paid what was paid another way: Dr unexplained_debit / Cr clearing, until two people have found out. */
export const paidAgain = (refund: RefundRecord, reference: string, at: Date): Journal =>
  moved('debit-unexplained', refund, { kind: 'unexplained_debit', of: refund.id }, clearing(refund.channel), at, { reference })

/** The bank has paid it: Dr refund_in_transit / Cr bank. */
export const refundPaidByBank = (refund: RefundRecord, accountNumber: string, reference: string, at: Date): Journal =>
  moved('refund-confirmed', refund, refundInTransit(refund), { kind: 'bank', of: accountNumber }, at, { reference, by: 'bank' })

/** The bank sends back what it had paid: Dr bank / Cr refund_payable. */
export const refundCameBack = (refund: RefundRecord, accountNumber: string, reason: string, at: Date): Journal =>
  moved('refund-returned', refund, { kind: 'bank', of: accountNumber }, refundPayable(refund), at, { reason })
