import type { Contract } from '../contracts/model.js'
import { addDays, after, dateOf, dayMs, startOf, type BusinessDate } from '../kernel/calendar.js'
import { wrongState } from '../kernel/problems.js'
import type { MerchantStatus } from '../merchants/model.js'
import { contractFrozen } from '../redemptions/problems.js'
import type { Offer } from '../products/model.js'
import { leaseOver, merchantGone } from './problems.js'

/*
 * A counted or stored-value card that has expired keeps its money, and may be activated again
 * (法释〔2025〕4号 Art 24): for the time it was sold with, but no longer than the venues it covers
 * are leased.
 */

/** @throws wrong_state (409), contract_frozen (422) */
const checkReactivatable = ({ status, frozen }: Contract): void => {
  if (status !== 'expired') throw wrongState({ state: status, allowed: ['expired'] })
  if (frozen !== null) throw contractFrozen({ because: frozen })
}

type Occasion = Readonly<{
  offer: Pick<Offer, 'validDays'>
  merchantStatus: MerchantStatus
  /** the last day on which a venue the contract covers is leased */
  leasedUntil: BusinessDate
  now: Date
}>

/**
 * The contract, active again.
 * @throws wrong_state (409), contract_frozen, merchant_gone, lease_over (422)
 */
export const reactivate = (contract: Contract, { offer: { validDays }, merchantStatus, leasedUntil, now }: Occasion): Contract => {
  checkReactivatable(contract)
  if (merchantStatus !== 'active' && merchantStatus !== 'suspended') throw merchantGone({ merchantStatus })
  const leaseEnd = startOf(addDays(leasedUntil, 1))
  if (leaseEnd <= now) throw leaseOver({ leasedUntil, today: dateOf(now) })
  const full = after(now, validDays * dayMs)
  return { ...contract, status: 'active', endedAt: null, expiresAt: full < leaseEnd ? full : leaseEnd }
}
