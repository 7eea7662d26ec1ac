import type { Contract } from '../contracts/model.js'
import { least, type Fen } from '../kernel/money.js'
import type { ClaimRecord } from './model.js'

/*
 * What a decision gives a consumer beyond what is frozen is a claim on the merchant. It is collected
 * from what is payable to that merchant, before anything else is paid out to it, and never from
 * money that belongs to somebody else; and never more than the contract itself had released.
 */

/** What can be collected of a claim now. */
export const collectable = ({ amountFen, collectedFen }: Pick<ClaimRecord, 'amountFen' | 'collectedFen'>, { releasedFen }: Pick<Contract, 'releasedFen'>, payableFen: Fen): Fen =>
  least(least(amountFen - collectedFen, releasedFen), payableFen)

/** The contract once that much went back to the consumer. */
export const afterCollected = (contract: Contract, fen: Fen): Contract =>
  ({ ...contract, releasedFen: contract.releasedFen - fen, refundedFen: contract.refundedFen + fen })
