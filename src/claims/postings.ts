import type { Contract } from '../contracts/model.js'
import type { Fen } from '../kernel/money.js'
import { credit, debit, type Journal, type OwnAccount } from '../ledger/model.js'
import type { ClaimRecord } from './model.js'

export const payableOf = ({ merchantId }: Pick<ClaimRecord, 'merchantId'>): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

/** A claim on a merchant collected: Dr payable / Cr refund_payable. */
export const claimCollected = (after: Contract, { id, merchantId, disputeId }: ClaimRecord, refundAccount: OwnAccount, amountFen: Fen, at: Date): Journal => ({
  event: 'claim-collected',
  reference: id,
  contractId: after.id,
  merchantId,
  occurredAt: at,
  facts: { disputeId },
  lines: [debit(payableOf({ merchantId }), amountFen, after.id), credit(refundAccount, amountFen, after.id)]
})
