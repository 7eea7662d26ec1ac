import type { Id } from '../kernel/id.js'
import { cumulative, most, type Fen } from '../kernel/money.js'
import { wrongState } from '../kernel/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { Offer, ProductId } from '../products/model.js'
import { capExceeded } from '../products/problems.js'
import type { Contract, ContractId, ContractStatus } from './model.js'

/*
 * A prepaid contract is used up unit by unit: sessions (gifts count), fen of face value, or days of
 * a term. After k of n units the merchant has earned S(k) = floor(price · k / n), so that all
 * releases add up to the price, to the fen, whatever was voided in between.
 *
 * Money may also leave by a freeze, a refund or an award (X). Then fewer units can still be paid
 * for: the capacity U is the largest k with S(k) ≤ price − X. What is left is U − u, the rest of n
 * is blocked or cancelled. Remaining money is never spread again over remaining units.
 *
 * Before termination always: alloc + X + held = price.
 */

/** S(k): what the merchant has earned by `k` units. */
export const earnedBy = ({ priceFen, units }: Pick<Contract, 'priceFen' | 'units'>, k: bigint): Fen => cumulative(priceFen, k, units)

/** U: the units that the money not taken otherwise can pay for. */
export const capacityOf = ({ priceFen, takenFen, units }: Pick<Contract, 'priceFen' | 'takenFen' | 'units'>): bigint => {
  if (takenFen <= 0n) return units
  // floor(P·k/n) ≤ M  ⟺  P·k < (M + 1)·n
  const k = ((priceFen - takenFen + 1n) * units - 1n) / priceFen
  return k < units ? k : units
}

/** Something else than a pause holds a contract: a refund, a closure, a payment that was reversed. A pause only stops its use. */
export const isTakenInHand = ({ frozen }: Pick<Contract, 'frozen'>): boolean => frozen !== null && frozen !== 'pause'

/** Held money is gone once a refund was approved: what comes back to it, from pending or a dispute, goes to the consumer at once. */
export const isBeyondHeld = ({ status, frozen }: Pick<Contract, 'status' | 'frozen'>): boolean =>
  status === 'terminated' || frozen === 'refund' || frozen === 'deposit_refused'

const ended: ReadonlySet<ContractStatus> = new Set(['terminated', 'cancelled'])

export type UnitCount = Readonly<{ total: bigint; used: bigint; left: bigint; blocked: bigint }>

/** What of a contract says how many units are left. */
export type Counted = Pick<Contract, 'status' | 'priceFen' | 'takenFen' | 'units' | 'unitsUsed'>
/** What of a contract a use of units reads and changes. */
export type Usable = Counted & Pick<Contract, 'allocFen' | 'heldFen' | 'disputedFen' | 'pendingFen' | 'endedAt'>

/** The contract's units as a person counts them; nothing is left of an ended one. */
export const countUnits = (contract: Counted): UnitCount => {
  const capacity = capacityOf(contract)
  const left = ended.has(contract.status) ? 0n : most(0n, capacity - contract.unitsUsed)
  return { total: contract.units, used: contract.unitsUsed, left, blocked: contract.units - capacity }
}

/** What the next `units` units release: the difference of running totals, never below zero. */
export const releaseOf = (contract: Pick<Contract, 'priceFen' | 'units' | 'unitsUsed' | 'allocFen'>, units: bigint): Fen =>
  most(0n, earnedBy(contract, contract.unitsUsed + units) - contract.allocFen)

/** The contract after `units` more units are used: held → pending; completed when none is left. */
export const useUnits = <Held extends Usable>(contract: Held, units: bigint, at: Date): Readonly<{ contract: Held; amount: Fen }> => {
  const amount = releaseOf(contract, units)
  const used: Held = {
    ...contract,
    unitsUsed: contract.unitsUsed + units,
    allocFen: contract.allocFen + amount,
    heldFen: contract.heldFen - amount,
    pendingFen: contract.pendingFen + amount
  }
  return { contract: completedIfUsedUp(used, at), amount }
}

/** A contract with nothing left to use, and nothing frozen that could come back, is completed. */
export const completedIfUsedUp = <Held extends Usable>(contract: Held, at: Date): Held =>
  contract.status === 'active' && countUnits(contract).left === 0n && contract.disputedFen === 0n
    ? { ...contract, status: 'completed', endedAt: at }
    : contract

/** The contract after a release of `units` and `amount` is taken back: pending → held, and live again if that completed it. */
export const giveBackUnits = (contract: Contract, units: bigint, amount: Fen): Contract => {
  const back: Contract = {
    ...contract,
    unitsUsed: contract.unitsUsed - units,
    allocFen: contract.allocFen - amount,
    pendingFen: contract.pendingFen - amount,
    heldFen: contract.heldFen + amount
  }
  return back.status === 'completed' && countUnits(back).left > 0n ? { ...back, status: 'active', endedAt: null } : back
}

/** n: sessions and gift sessions, face value and gift face value in fen, or days of the term. */
export const unitsOf = ({ kind, priceFen, sessions = 0, bonusSessions = 0, bonusFen = 0n, periodDays = 0 }: Offer): bigint => {
  switch (kind) {
    case 'sessions': return BigInt(sessions) + BigInt(bonusSessions)
    case 'stored_value': return priceFen + bonusFen
    case 'period': return BigInt(periodDays)
  }
}

type Bought = Readonly<{
  id: ContractId
  consumerId: Id<'per'>
  merchantId: MerchantId
  productId: ProductId
  productVersion: number
  offer: Offer
  now: Date
}>

const nothingYet = {
  unitsUsed: 0n, allocFen: 0n, takenFen: 0n, paidFen: 0n, heldFen: 0n, disputedFen: 0n, pendingFen: 0n, releasedFen: 0n,
  refundedFen: 0n, refundPaidFen: 0n, objectedFen: 0n, frozen: null, disputeId: null, version: 0, signedAt: null, paidAt: null,
  depositedAt: null, coolingOffUntil: null, expiresAt: null, termStart: null, endedAt: null
}

/** A contract as it begins: the terms of the offer frozen, nothing signed and nothing paid. */
export const agree = ({ offer, now, ...parties }: Bought): Contract => ({
  ...nothingYet,
  ...parties,
  kind: offer.kind,
  status: 'awaiting_signature',
  release: offer.settlementRule.release,
  objectionHours: offer.settlementRule.objectionHours,
  venueIds: offer.venueIds ?? null,
  priceFen: offer.priceFen,
  units: unitsOf(offer),
  createdAt: now
})

/**
 * The balance cap of one person with one merchant: what is held, disputed or about to be paid, and
 * this price with it. An old balance counts when a card is renewed.
 * @throws cap_exceeded (422)
 */
export const checkBalance = (balanceFen: Fen, priceFen: Fen, { limitFen, source }: Readonly<{ limitFen: Fen; source: string }>): void => {
  const value = balanceFen + priceFen
  if (value > limitFen) throw capExceeded({ rule: 'balance_amount', limit: limitFen, value, source })
}

const requireStatus = (contract: Contract, ...allowed: ContractStatus[]): void => {
  if (!allowed.includes(contract.status)) throw wrongState({ state: contract.status, allowed })
}

/** @throws wrong_state (409) */
export const checkSignable = (contract: Contract): void => requireStatus(contract, 'awaiting_signature')

/** The contract once the consumer has signed its document. @throws wrong_state (409) */
export const sign = (contract: Contract, at: Date): Contract => {
  checkSignable(contract)
  return { ...contract, status: 'awaiting_payment', signedAt: at }
}

/**
 * A counted or stored-value card at its expiry: what is left can no longer be used, and its money
 * stays held for the consumer, who may have it activated again or paid back (法释〔2025〕4号 Art 24).
 * A term card ends by the release of its last day.
 */
export const isToExpire = ({ status, kind, expiresAt }: Contract, at: Date): boolean =>
  status === 'active' && kind !== 'period' && expiresAt !== null && at >= expiresAt

/** Whether a contract that is used up may still come back to life: a release that is not yet due can be voided. */
export const mayRevive = ({ status, pendingFen }: Contract): boolean => status === 'completed' && pendingFen > 0n

export const expire = (contract: Contract, at: Date): Contract => ({ ...contract, status: 'expired', endedAt: at })

/** A phone as a signature shows it: `138****0001`. */
export const maskedPhone = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`
