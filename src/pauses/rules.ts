import type { Contract } from '../contracts/model.js'
import { isTakenInHand } from '../contracts/rules.js'
import { addDays, after, dateOf, dayMs, daysBetween, startOf, type BusinessDate } from '../kernel/calendar.js'
import { forbidden, validationFailed, wrongState } from '../kernel/problems.js'
import type { VenueId } from '../merchants/model.js'
import type { Caps, InForce } from '../products/model.js'
import { capExceeded } from '../products/problems.js'
import { contractFrozen } from '../redemptions/problems.js'
import type { NewPause, PauseRecord, PauseSide } from './model.js'
import { notATermCard, outlastsLease } from './problems.js'

/*
 * A term card may stand still (停卡): by agreement, for illness, travel or works, or because the
 * merchant cannot serve, which asks for nobody's consent. Whole days only. On a paused day nothing
 * is released, nobody can come in, and the day does not count in a refund; as many days are added
 * at the end of the term. The longer term must keep within the caps and the leases of its venues.
 *
 * A day on which somebody came in is not paused: the pause begins on the next. Whoever's pause it is
 * may end it early. The consumer's ends with the day she says so, which counts again; a merchant's
 * with the day after, so that no day counts which the consumer could not know of.
 */

/** A contract whose term can be paused. @throws not_a_term_card (422), wrong_state (409), contract_frozen (422) */
export const checkPausable = (contract: Contract): void => {
  const { kind, status, frozen } = contract
  if (kind !== 'period') throw notATermCard({})
  if (status !== 'active') throw wrongState({ state: status, allowed: ['active'] })
  if (isTakenInHand(contract)) throw contractFrozen({ because: frozen ?? '' })
}

/** @throws validation_failed (422) for days that have passed, or an outage that is not the merchant's word */
export const checkProposal = ({ ground, startsOn }: NewPause, side: PauseSide, today: BusinessDate): void => {
  const refuse = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })
  if (startsOn < today) throw refuse('startsOn', '不能早于今日', 'cannot be before today')
  if (ground === 'outage' && side !== 'merchant') throw refuse('ground', '仅商户可以因停业整修等不能服务而停卡', 'an outage is for the merchant to declare')
}

export const needsConsent = ({ ground }: Pick<PauseRecord, 'ground'>): boolean => ground !== 'outage'

const requireStatus = ({ status }: PauseRecord, ...allowed: PauseRecord['status'][]): void => {
  if (!allowed.includes(status)) throw wrongState({ state: status, allowed })
}

/** @throws forbidden (403) for the side that proposed it, wrong_state (409) */
export const checkAnswerable = (pause: PauseRecord, end: string): void => {
  if (pause.proposedEnd === end) throw forbidden({})
  requireStatus(pause, 'proposed')
}

/** The days that a pause takes out of the term; none where it was ended before it began. */
export const daysOf = ({ startsOn, endsOn }: Pick<PauseRecord, 'startsOn' | 'endsOn'>): number => daysBetween(startsOn, endsOn) + 1

/** The date by which the days of a pause are over. */
export const overOn = ({ endsOn }: Pick<PauseRecord, 'endsOn'>): BusinessDate => addDays(endsOn, 1)

const moved = (contract: Contract, days: number): Contract =>
  ({ ...contract, expiresAt: contract.expiresAt && after(contract.expiresAt, days * dayMs) })

type Both = Readonly<{ contract: Contract; pause: PauseRecord }>

/** The contract and the pause on the first of its days. */
export const begun = ({ contract, pause }: Both): Both => ({ contract: { ...contract, frozen: 'pause' }, pause: { ...pause, status: 'running' } })

/** The contract and the pause once its days are over; what else holds the contract stays. */
export const over = ({ contract, pause }: Both, at: Date): Both => ({
  contract: contract.frozen === 'pause' ? { ...contract, frozen: null } : contract,
  pause: { ...pause, status: 'ended', endedAt: at }
})

type Occasion = Readonly<{ lastVisit: BusinessDate | undefined; now: Date }>

/**
 * The contract and the pause once it is agreed: the term ends later by its days.
 * @throws wrong_state (409) where no day of it is left, or its term is over before it
 */
export const agreed = ({ contract, pause }: Both, { lastVisit, now }: Occasion): Both => {
  const today = dateOf(now)
  const earliest = lastVisit !== undefined && lastVisit >= today ? addDays(lastVisit, 1) : today
  const startsOn = pause.startsOn > earliest ? pause.startsOn : earliest
  if (startsOn > pause.endsOn) throw wrongState({ state: 'its days are over', allowed: ['proposed'] })
  if (contract.expiresAt === null || startOf(startsOn) >= contract.expiresAt) throw wrongState({ state: 'the term is over by then', allowed: ['active'] })
  const both: Both = { contract, pause: { ...pause, startsOn, status: 'agreed', answeredAt: now } }
  const longer = { ...both, contract: moved(contract, daysOf(both.pause)) }
  return startsOn <= today ? begun(longer) : longer
}

type Limits = Readonly<{ caps: InForce<Caps>; venues: readonly Readonly<{ id: VenueId; leaseUntil: BusinessDate }>[] }>

/** The longer term keeps within the cap on its length and the leases of its venues. @throws cap_exceeded, outlasts_lease (422) */
export const checkLimits = ({ termStart, expiresAt, venueIds }: Contract, { caps: { value, source }, venues }: Limits): void => {
  if (termStart === null || expiresAt === null) return
  const endsOn = dateOf(expiresAt)
  const days = BigInt(daysBetween(termStart, endsOn))
  const limit = BigInt(value.period.daysMax)
  if (days > limit) throw capExceeded({ rule: 'period_days', limit, value: days, source })
  const short = venues.find(({ id, leaseUntil }) => (venueIds?.includes(id) ?? true) && leaseUntil < endsOn)
  if (short) throw outlastsLease({ venueId: short.id, leaseUntil: short.leaseUntil, endsOn })
}

export const declined = (pause: PauseRecord, at: Date): PauseRecord => ({ ...pause, status: 'declined', answeredAt: at })

export const lapsed = (pause: PauseRecord, at: Date): PauseRecord => ({ ...pause, status: 'lapsed', endedAt: at })

/** @throws forbidden (403) for a side whose pause it is not, wrong_state (409) */
const checkEndable = (pause: PauseRecord, end: string): void => {
  const { status, ground, proposedEnd } = pause
  requireStatus(pause, 'proposed', 'agreed', 'running')
  const owner = status === 'proposed' ? proposedEnd : ground === 'outage' ? 'merchant' : 'consumer'
  if (end !== owner) throw forbidden({})
}

/**
 * The contract and the pause once it is ended early: what is left of its days is taken off the end
 * of the term again. A proposal is withdrawn.
 * @throws forbidden (403), wrong_state (409)
 */
export const endedEarly = ({ contract, pause }: Both, end: string, now: Date): Both => {
  checkEndable(pause, end)
  if (pause.status === 'proposed') return { contract, pause: { ...pause, status: 'withdrawn', endedAt: now } }
  const today = dateOf(now)
  const lastDay = end === 'consumer' ? addDays(today, -1) : today
  const before = addDays(pause.startsOn, -1)
  const endsOn = lastDay < before ? before : lastDay < pause.endsOn ? lastDay : pause.endsOn
  const shorter: Both = { contract: moved(contract, daysBetween(pause.endsOn, endsOn)), pause: { ...pause, endsOn } }
  return overOn(shorter.pause) <= today || endsOn === before ? over(shorter, now) : shorter
}
