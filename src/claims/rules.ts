import type { Contract } from '../contracts/model.js'
import { least, type Fen } from '../kernel/money.js'
import type { ClaimRecord } from './model.js'

/*
 * What a decision gives a consumer beyond what is frozen is a claim on the merchant. It is collected
 * from what is payable to that merchant, before anything else is paid out to it, and never from
 * money that belongs to somebody else or that a court holds; and never more than the contract itself
 * had released.
 *
 * A correction that takes back what an earlier one gave first sets off what is still open of that:
 * nobody is to pay what is owed no more.
 */

/** What can be collected of a claim now. */
export const collectable = ({ amountFen, collectedFen }: Pick<ClaimRecord, 'amountFen' | 'collectedFen'>, { releasedFen }: Pick<Contract, 'releasedFen'>, payableFen: Fen): Fen =>
  least(least(amountFen - collectedFen, releasedFen), payableFen)

/** How a sum is set off against open claims, in their order; those it does not reach are left out. */
export const shareSetOff = <C extends Pick<ClaimRecord, 'amountFen' | 'collectedFen'>>(claims: readonly C[], sumFen: Fen): Readonly<{ claim: C; amountFen: Fen }>[] => {
  let left = sumFen
  return claims.map((claim) => {
    const amountFen = least(left, claim.amountFen - claim.collectedFen)
    left -= amountFen
    return { claim, amountFen }
  }).filter(({ amountFen }) => amountFen > 0n)
}

/** The contract once that much went back to the consumer. */
export const afterCollected = (contract: Contract, fen: Fen): Contract =>
  ({ ...contract, releasedFen: contract.releasedFen - fen, refundedFen: contract.refundedFen + fen })
