import type { Contract } from '../contracts/model.js'
import { credit, debit, type Journal } from '../ledger/model.js'
import type { DisputeId } from './model.js'

/** A dispute freezes what is claimed: Dr held and Dr pending / Cr disputed. */
export const disputeOpened = (after: Contract, disputeId: DisputeId, frozen: Readonly<{ heldFen: bigint; pendingFen: bigint }>, at: Date): Journal => ({
  event: 'dispute-opened',
  reference: disputeId,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  lines: [
    debit({ kind: 'held', contractId: after.id, balanceAfter: after.heldFen }, frozen.heldFen),
    debit({ kind: 'pending', contractId: after.id, balanceAfter: after.pendingFen }, frozen.pendingFen),
    credit({ kind: 'disputed', contractId: after.id, balanceAfter: after.disputedFen }, frozen.heldFen + frozen.pendingFen)
  ]
})
