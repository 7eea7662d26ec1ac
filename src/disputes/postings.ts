import type { Contract } from '../contracts/model.js'
import { credit, debit, type ContractAccount, type Journal, type OwnAccount } from '../ledger/model.js'
import type { DisputeId } from './model.js'

const account = (kind: ContractAccount['kind'], { id, heldFen, disputedFen, pendingFen }: Contract): ContractAccount =>
  ({ kind, contractId: id, balanceAfter: { held: heldFen, disputed: disputedFen, pending: pendingFen }[kind] })

const payable = ({ merchantId }: Contract): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

const about = (after: Contract, disputeId: DisputeId, at: Date) =>
  ({ reference: disputeId, contractId: after.id, merchantId: after.merchantId, occurredAt: at }) as const

/** A dispute freezes what is claimed: Dr held and Dr pending / Cr disputed. */
export const disputeOpened = (after: Contract, disputeId: DisputeId, { heldFen, pendingFen }: Readonly<{ heldFen: bigint; pendingFen: bigint }>, at: Date): Journal => ({
  ...about(after, disputeId, at),
  event: 'dispute-opened',
  lines: [debit(account('held', after), heldFen), debit(account('pending', after), pendingFen), credit(account('disputed', after), heldFen + pendingFen)]
})

type Parts = Readonly<{ refundFen: bigint; releaseFen: bigint; toHeldFen: bigint; toPendingFen: bigint }>

const divided = (event: Journal['event'], after: Contract, disputeId: DisputeId, { refundFen, releaseFen, toHeldFen, toPendingFen }: Parts, refundAccount: OwnAccount | undefined, at: Date, facts: Journal['facts']): Journal => ({
  ...about(after, disputeId, at),
  event,
  facts: facts ?? {},
  lines: [
    debit(account('disputed', after), refundFen + releaseFen + toHeldFen + toPendingFen),
    ...(refundAccount ? [credit(refundAccount, refundFen, after.id)] : []),
    credit(payable(after), releaseFen, after.id),
    credit(account('held', after), toHeldFen),
    credit(account('pending', after), toPendingFen)
  ]
})

/** Withdrawn or lapsed: Dr disputed / Cr held, Cr pending; on a contract that has ended Cr refund_payable for held. */
export const disputeUnfrozen = (after: Contract, disputeId: DisputeId, parts: Parts, refundAccount: OwnAccount | undefined, at: Date): Journal =>
  divided('dispute-unfrozen', after, disputeId, parts, refundAccount, at, {})

/** An agreement or award executed, in one transfer: Dr disputed / Cr refund_payable, Cr payable, Cr what is restored. */
export const disputeExecuted = (after: Contract, disputeId: DisputeId, parts: Parts, refundAccount: OwnAccount | undefined, at: Date, facts: Journal['facts']): Journal =>
  divided('dispute-executed', after, disputeId, parts, refundAccount, at, facts)

/** A correction takes back what the merchant was given too much, as far as the refund has not been sent: Dr refund_payable / Cr payable. */
export const awardReduced = (after: Contract, disputeId: DisputeId, refundAccount: OwnAccount, amountFen: bigint, at: Date): Journal => ({
  ...about(after, disputeId, at),
  event: 'award-reduced',
  lines: [debit(refundAccount, amountFen, after.id), credit(payable(after), amountFen, after.id)]
})
