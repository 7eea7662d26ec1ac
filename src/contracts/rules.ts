import { cumulative, most, type Fen } from '../kernel/money.js'
import type { Contract, ContractStatus } from './model.js'

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

const ended: ReadonlySet<ContractStatus> = new Set(['terminated', 'cancelled'])

export type UnitCount = Readonly<{ total: bigint; used: bigint; left: bigint; blocked: bigint }>

/** The contract's units as a person counts them; nothing is left of an ended one. */
export const countUnits = (contract: Contract): UnitCount => {
  const capacity = capacityOf(contract)
  const left = ended.has(contract.status) ? 0n : most(0n, capacity - contract.unitsUsed)
  return { total: contract.units, used: contract.unitsUsed, left, blocked: contract.units - capacity }
}

/** What the next `units` units release: the difference of running totals, never below zero. */
export const releaseOf = (contract: Contract, units: bigint): Fen =>
  most(0n, earnedBy(contract, contract.unitsUsed + units) - contract.allocFen)

/** The contract after `units` more units are used: held → pending; completed when none is left. */
export const useUnits = (contract: Contract, units: bigint, at: Date): Readonly<{ contract: Contract; amount: Fen }> => {
  const amount = releaseOf(contract, units)
  const used: Contract = {
    ...contract,
    unitsUsed: contract.unitsUsed + units,
    allocFen: contract.allocFen + amount,
    heldFen: contract.heldFen - amount,
    pendingFen: contract.pendingFen + amount
  }
  return { contract: completedIfUsedUp(used, at), amount }
}

/** A contract with nothing left to use, and nothing frozen that could come back, is completed. */
export const completedIfUsedUp = (contract: Contract, at: Date): Contract =>
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
