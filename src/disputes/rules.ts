import type { Contract } from '../contracts/model.js'
import { after, hourMs } from '../kernel/calendar.js'
import type { DisputeId } from './model.js'

/*
 * Three steps: negotiation, mediation, arbitration. Opening a dispute freezes what is claimed and
 * nothing else; the rest of the contract lives on. A contract has one open dispute at a time.
 */

export const negotiationMs = 7 * 24 * hourMs

/** When negotiation ends and mediation begins. */
export const negotiationDeadline = (openedAt: Date): Date => after(openedAt, negotiationMs)

/** The contract after a pending release went into dispute: pending → disputed. Units and capacity stay. */
export const freezePending = (contract: Contract, disputeId: DisputeId, amountFen: bigint): Contract => ({
  ...contract,
  pendingFen: contract.pendingFen - amountFen,
  objectedFen: contract.objectedFen - amountFen,
  disputedFen: contract.disputedFen + amountFen,
  disputeId
})
