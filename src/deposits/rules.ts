import type { Contract } from '../contracts/model.js'
import { isTakenInHand } from '../contracts/rules.js'
import { addDays, after, dateOf, dayMs, startOf } from '../kernel/calendar.js'
import type { Fen } from '../kernel/money.js'
import { wrongState } from '../kernel/problems.js'
import type { MerchantStatus } from '../merchants/model.js'
import type { Offer } from '../products/model.js'
import type { PaymentStatus, StrayReason } from './model.js'
import { depositInUse, refusalTooLate } from './problems.js'

/*
 * Money becomes a deposit only as the exact price of a signed contract that waits for it, on its
 * newest order, while the merchant is not closing. Everything else a channel says it has received
 * never was the price: it is booked all the same, and all of it goes back to the payer. Nothing a
 * channel reports is refused or lost, and no report counts twice.
 *
 * The deposit is accepted in advance by the notary's approval of the product. Within three days of
 * the payment the notary may still refuse it, while the whole is held: then the whole goes back.
 */

export type Received = Readonly<{
  contract: Contract
  payment: Readonly<{ status: PaymentStatus }>
  merchantStatus: MerchantStatus
  offer: Pick<Offer, 'coolingOffDays' | 'validDays' | 'periodDays'>
  amountFen: Fen
  paidAt: Date
  /** the money is on the special account already, not owed by the channel */
  isCredited: boolean
}>

/**
 * When an order was paid: as the channel says, but not before the order was made nor after now, so
 * that a channel's wrong clock takes nothing from the consumer's time.
 */
export const paidAtOf = (told: Date, orderedAt: Date, now: Date): Date => {
  if (told < orderedAt) return orderedAt
  return told < now ? told : now
}

export type Judgement =
  | Readonly<{ purpose: 'deposit'; contract: Contract }>
  | Readonly<{ purpose: 'stray'; reason: StrayReason }>

const strayReasonOf = ({ contract, payment, merchantStatus, amountFen }: Received): StrayReason | undefined => {
  if (contract.status === 'cancelled') return 'contract_cancelled'
  if (contract.paidAt !== null || payment.status === 'succeeded') return 'paid_already'
  if (payment.status === 'closed') return 'order_closed'
  if (contract.status !== 'awaiting_payment') return 'not_awaited'
  if (amountFen !== contract.priceFen) return 'wrong_amount'
  if (merchantStatus === 'closing' || merchantStatus === 'closed') return 'merchant_closing'
  return undefined
}

/** When a contract paid at an instant can no longer be used: for a term, the end of its last day. */
const expiryOf = ({ kind }: Contract, { validDays, periodDays = 0 }: Received['offer'], paidAt: Date): Date =>
  kind === 'period' ? startOf(addDays(dateOf(paidAt), periodDays)) : after(paidAt, validDays * dayMs)

/** The contract with its price deposited: active from the payment on. */
const deposited = ({ contract, offer, amountFen, paidAt, isCredited }: Received): Contract => ({
  ...contract,
  status: 'active',
  paidFen: contract.paidFen + amountFen,
  heldFen: contract.heldFen + amountFen,
  paidAt,
  depositedAt: isCredited ? paidAt : null,
  coolingOffUntil: after(paidAt, offer.coolingOffDays * dayMs),
  expiresAt: expiryOf(contract, offer, paidAt),
  termStart: contract.kind === 'period' ? dateOf(paidAt) : null
})

/** What money that a channel reports is: the deposit, or stray. */
export const judge = (received: Received): Judgement => {
  const reason = strayReasonOf(received)
  return reason === undefined ? { purpose: 'deposit', contract: deposited(received) } : { purpose: 'stray', reason }
}

/** The order's state after a successful attempt: one that was closed, or paid before, stays so. */
export const statusAfterSuccess = (status: PaymentStatus, { purpose }: Judgement): PaymentStatus => {
  if (purpose === 'deposit') return 'succeeded'
  return status === 'pending' ? 'failed' : status
}

/** The order's state after a failed attempt: only one nobody has paid fails. */
export const statusAfterFailure = (status: PaymentStatus): PaymentStatus => (status === 'pending' ? 'failed' : status)

/** Whether an order could still be paid at its channel. */
export const isPayable = ({ status }: Readonly<{ status: PaymentStatus }>): boolean => status === 'pending' || status === 'failed'

/** Whether a contract still waits for its signature or its payment. */
export const isAwaited = ({ status }: Contract): boolean => status === 'awaiting_signature' || status === 'awaiting_payment'

/** The contract called off before it was paid. @throws wrong_state (409) */
export const cancelled = (contract: Contract, at: Date): Contract => {
  if (!isAwaited(contract)) throw wrongState({ state: contract.status, allowed: ['awaiting_signature', 'awaiting_payment'] })
  return { ...contract, status: 'cancelled', endedAt: at }
}

/** @throws wrong_state (409) */
export const checkPayable = ({ status }: Contract): void => {
  if (status !== 'awaiting_payment') throw wrongState({ state: status, allowed: ['awaiting_payment'] })
}

const refusalDays = 3

/**
 * Whether the notary may still refuse the deposit: within three days of the payment, and while the
 * whole of it is held.
 * @throws wrong_state (409), refusal_too_late (422), deposit_in_use (422)
 */
export const checkRefusable = (contract: Contract, now: Date): void => {
  const { status, frozen, paidAt, heldFen, paidFen, unitsUsed } = contract
  if (status !== 'active' || paidAt === null) throw wrongState({ state: status, allowed: ['active'] })
  if (isTakenInHand(contract)) throw wrongState({ state: `frozen: ${frozen}`, allowed: ['active'] })
  const until = after(paidAt, refusalDays * dayMs)
  if (now > until) throw refusalTooLate({ until })
  if (heldFen !== paidFen || unitsUsed !== 0n) throw depositInUse({ heldFen, paidFen })
}
