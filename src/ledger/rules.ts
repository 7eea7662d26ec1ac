import { invariant } from '../kernel/invariant.js'
import type { Fen } from '../kernel/money.js'
import { accountName, assetKinds, mayGoNegative, type Journal, type Line, type OwnAccount } from './model.js'
import { insufficientFunds } from './problems.js'

/*
 * Double entry: every transfer's debits equal its credits. An asset grows by debit, a liability by
 * credit. No account goes below zero but a channel's clearing account, which nets refunds.
 */

export type OwnBalance = Readonly<{ id: string; account: OwnAccount; balance: Fen }>

/** The lines with money in them; a journal that does not balance is our bug. */
export const balancedLines = ({ event, lines }: Journal): readonly Line[] => {
  const moved = lines.filter(({ amount }) => amount !== 0n)
  let difference = 0n
  for (const { side, amount } of moved) {
    invariant(amount > 0n, `${event}: a line of ${amount}`)
    difference += side === 'debit' ? amount : -amount
  }
  invariant(difference === 0n, `${event}: debits exceed credits by ${difference}`)
  return moved
}

/** The effect of a line on its account's balance, in the account's own direction. */
export const effectOf = ({ account, side, amount }: Line): Fen =>
  (side === 'debit') === assetKinds.has(account.kind) ? amount : -amount

/** @throws insufficient_funds (422) where the account would go below zero and may not */
export const balanceAfter = (account: OwnAccount, balance: Fen, line: Line): Fen => {
  const after = balance + effectOf(line)
  if (after < 0n && !mayGoNegative.has(account.kind)) {
    throw insufficientFunds({ account: accountName(account), neededFen: line.amount, availableFen: balance })
  }
  return after
}
