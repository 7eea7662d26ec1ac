import type { Contract, ContractStatus } from '../contracts/model.js'
import { countUnits, isBeyondHeld } from '../contracts/rules.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { End } from '../kernel/caller.js'
import { invariant } from '../kernel/invariant.js'
import { least, sum, type Fen } from '../kernel/money.js'
import { forbidden, validationFailed, wrongState } from '../kernel/problems.js'
import type { RedemptionId, Release } from '../redemptions/model.js'
import type { PersonId } from '../identity/model.js'
import type { MerchantId } from '../merchants/model.js'
import type { AdjudicatorRole, DisputeId, DisputePolicy, DisputeRecord, FreezeLine, Outcome, Side } from './model.js'
import { awardNotBalanced, correctionTooLate, offerTooHigh } from './problems.js'

/*
 * Opening a dispute freezes what is claimed and nothing else: first the redemptions it names, as
 * far as they are still pending, then money that is held. What is payable or paid is beyond reach.
 * The rest of the contract lives on; units that the frozen money would have paid for are blocked.
 *
 * What was frozen is divided at the end: what goes to the merchant takes pending money first, what
 * goes back to the consumer takes held money first, and what is restored returns to where it came
 * from. Where the contract has ended meanwhile, restored held money is the consumer's; and what a
 * refund had left open is divided by that refund's own rule.
 *
 * A release that goes back whole counts as not delivered. One that goes back in part was delivered
 * at a lower price: its units stay used, and the reduction is a part of its own.
 */

/** The side a caller is of. @throws forbidden (403) for others than parties */
export const sideOf = ({ end }: Readonly<{ end: End }>): Side => {
  if (end !== 'consumer' && end !== 'merchant') throw forbidden({})
  return end
}

const paid: ContractStatus[] = ['active', 'completed', 'expired', 'terminated']

/** @throws wrong_state (409) for a contract that was not paid, or has a dispute */
export const checkDisputable = ({ status, disputeId }: Contract): void => {
  if (!paid.includes(status)) throw wrongState({ state: status, allowed: paid })
  if (disputeId !== null) throw wrongState({ state: 'an open dispute', allowed: ['no open dispute'] })
}

export const deadlineAfter = (at: Date, days: number): Date => after(at, days * dayMs)

export const negotiationDeadline = (at: Date, { negotiationDays }: DisputePolicy): Date => deadlineAfter(at, negotiationDays)

/** What of a release is frozen. */
export type FrozenRelease = Readonly<{ release: Release; amountFen: Fen }>

export type Frozen = Readonly<{ contract: Contract; releases: readonly FrozenRelease[]; heldFen: Fen; pendingFen: Fen; beyondReachFen: Fen }>

const freezable: ReadonlySet<Release['state']> = new Set(['pending', 'objected'])

/** Freezes a claim: the named releases that are pending, then held money. */
export const freeze = (contract: Contract, disputeId: DisputeId, claimFen: Fen, named: readonly Release[]): Frozen => {
  let left = claimFen
  const releases: FrozenRelease[] = []
  for (const release of named) {
    const amountFen = freezable.has(release.state) ? least(left, release.amountFen) : 0n
    if (amountFen === 0n) continue
    releases.push({ release, amountFen })
    left -= amountFen
  }
  const pendingFen = sum(releases.map(({ amountFen }) => amountFen))
  const unobjectedFen = sum(releases.filter(({ release }) => release.state === 'objected').map(({ release }) => release.amountFen))
  const heldFen = least(left, contract.heldFen)
  return {
    contract: {
      ...contract,
      disputeId,
      heldFen: contract.heldFen - heldFen,
      takenFen: contract.takenFen + heldFen,
      pendingFen: contract.pendingFen - pendingFen,
      objectedFen: contract.objectedFen - unobjectedFen,
      disputedFen: contract.disputedFen + heldFen + pendingFen
    },
    releases, heldFen, pendingFen, beyondReachFen: left - heldFen
  }
}

/** How a line is divided. */
export type LineShare = Readonly<{ line: FreezeLine } & Outcome>

/** @throws award_not_balanced (422) */
export const checkBalanced = ({ refundFen, releaseFen, restoreFen }: Outcome, disputedFen: Fen): void => {
  const dividedFen = refundFen + releaseFen + restoreFen
  if (dividedFen !== disputedFen) throw awardNotBalanced({ disputedFen, dividedFen })
}

/** @throws offer_too_high (422) */
export const checkOffer = (refundFen: Fen, disputedFen: Fen): void => {
  if (refundFen > disputedFen) throw offerTooHigh({ disputedFen })
}

/** What an accepted offer or proposal comes to: the rest goes back to where it came from. */
export const outcomeOfAgreement = (refundFen: Fen, disputedFen: Fen): Outcome => ({ refundFen, releaseFen: 0n, restoreFen: disputedFen - refundFen })

/** Divides lines: releases from pending ones first, refunds from held ones first, the rest is restored. */
export const shareLines = (lines: readonly FreezeLine[], outcome: Outcome): LineShare[] => {
  checkBalanced(outcome, sum(lines.map(({ amountFen }) => amountFen)))
  const [held, pending] = [lines.filter(({ source }) => source === 'held'), lines.filter(({ source }) => source === 'pending')]
  const take = (order: readonly FreezeLine[], wanted: Fen, taken: ReadonlyMap<string, Fen>): Map<string, Fen> => {
    let left = wanted
    return new Map(order.map(({ id, amountFen }) => {
      const part = least(left, amountFen - (taken.get(id) ?? 0n))
      left -= part
      return [id, part]
    }))
  }
  const released = take([...pending, ...held], outcome.releaseFen, new Map())
  const refunded = take([...held, ...pending], outcome.refundFen, released)
  return [...pending, ...held].map((line) => {
    const [releaseFen, refundFen] = [released.get(line.id) ?? 0n, refunded.get(line.id) ?? 0n]
    return { line, releaseFen, refundFen, restoreFen: line.amountFen - releaseFen - refundFen }
  })
}

/** What becomes of a pending release whose money was frozen. */
export type ReleaseShare = Readonly<{ releaseId: RedemptionId; amountFen: Fen } & Outcome>

/** The end of a dispute in money. */
export type Divided = Readonly<{
  contract: Contract
  releases: readonly ReleaseShare[]
  /** out of held money, to the merchant: a release row of its own */
  awardedFen: Fen
  refundFen: Fen
  /** of it: restored held money of a contract that has ended */
  returnedFen: Fen
  releaseFen: Fen
  toHeldFen: Fen
  toPendingFen: Fen
  /** stays frozen: a refund had left it open, and its rule divides it */
  stillFrozenFen: Fen
}>

/** Divides what a dispute froze. The contract is no longer in dispute after it. */
export const divide = (contract: Contract, lines: readonly FreezeLine[], outcome: Outcome, at: Date): Divided => {
  const shares = shareLines(lines, outcome)
  const total = (of: readonly LineShare[], part: keyof Outcome): Fen => sum(of.map((share) => share[part]))
  const [fromHeld, fromPending] = [shares.filter(({ line }) => line.source === 'held'), shares.filter(({ line }) => line.source === 'pending')]
  const stillFrozenFen = total(fromHeld.filter(({ line }) => line.byRefund), 'restoreFen')
  const restoredHeldFen = total(fromHeld, 'restoreFen') - stillFrozenFen
  const returnedFen = isBeyondHeld(contract) ? restoredHeldFen : 0n
  const toHeldFen = restoredHeldFen - returnedFen
  const toPendingFen = total(fromPending, 'restoreFen')
  const refundFen = outcome.refundFen + returnedFen
  const divided: Contract = {
    ...contract,
    disputeId: null,
    disputedFen: contract.disputedFen - sum(lines.map(({ amountFen }) => amountFen)) + stillFrozenFen,
    heldFen: contract.heldFen + toHeldFen,
    takenFen: contract.takenFen - toHeldFen,
    pendingFen: contract.pendingFen + toPendingFen,
    refundedFen: contract.refundedFen + refundFen,
    releasedFen: contract.releasedFen + outcome.releaseFen
  }
  return {
    contract: completedAfter(divided, at),
    releases: fromPending.map(({ line: { releaseId, amountFen }, ...share }) => {
      invariant(releaseId, 'a pending line comes from a release')
      return { releaseId, amountFen, refundFen: share.refundFen, releaseFen: share.releaseFen, restoreFen: share.restoreFen }
    }),
    awardedFen: total(fromHeld, 'releaseFen'), refundFen, returnedFen, releaseFen: outcome.releaseFen, toHeldFen, toPendingFen, stillFrozenFen
  }
}

/** A contract with nothing left to use is completed once nothing is frozen. */
const completedAfter = (contract: Contract, at: Date): Contract =>
  contract.status === 'active' && contract.disputedFen === 0n && countUnits(contract).left === 0n
    ? { ...contract, status: 'completed', endedAt: at }
    : contract

/** From when on an adjudicator's ties to a party count. */
export const startOfTies = (at: Date, { conflictYears }: DisputePolicy): Date => new Date(Date.UTC(at.getUTCFullYear() - conflictYears, at.getUTCMonth(), at.getUTCDate()))

type Ties = Readonly<{
  adjudicatorId: PersonId
  role: AdjudicatorRole
  dispute: Pick<DisputeRecord, 'id' | 'consumerId' | 'merchantId'>
  /** of the case, ended ones too */
  assignments: readonly Readonly<{ adjudicatorId: PersonId; role: AdjudicatorRole; status: string }>[]
  since: Date
  sinceDate: string
  employers: readonly Readonly<{ merchantId: MerchantId; endedAt: Date | null }>[]
  declarations: readonly Readonly<{ merchantId: MerchantId | null; disputeId: DisputeId | null; endedOn: string | null }>[]
}>

/**
 * Why somebody must not act in a case: a party to it, employed by or acting for one within two
 * years, by the records or by declaration, or, for an arbitrator, its mediator.
 */
export const conflictOf = ({ adjudicatorId, role, dispute, assignments, since, sinceDate, employers, declarations }: Ties): string | undefined => {
  if (adjudicatorId === dispute.consumerId) return 'is_party'
  if (role === 'arbitrator' && assignments.some((one) => one.adjudicatorId === adjudicatorId && one.role === 'mediator')) return 'mediated_this_case'
  if (employers.some(({ merchantId, endedAt }) => merchantId === dispute.merchantId && (endedAt === null || endedAt > since))) return 'employed_by_party'
  if (declarations.some(({ disputeId }) => disputeId === dispute.id)) return 'recused'
  if (declarations.some(({ merchantId, endedOn }) => merchantId === dispute.merchantId && (endedOn === null || endedOn > sinceDate))) return 'declared'
  return undefined
}

/** How many more of a role a case takes: one mediator, and as many arbitrators as were chosen. */
export const seatsLeft = ({ arbitrators }: Pick<DisputeRecord, 'arbitrators'>, role: AdjudicatorRole, taken: number): number =>
  (role === 'mediator' ? 1 : arbitrators ?? 1) - taken

/** @throws validation_failed (422) for a time that has passed */
export const checkEvidencePeriod = (until: Date, at: Date): void => {
  if (until <= at) throw validationFailed({ errors: [{ path: 'until', message: { zh: '须晚于现在', en: 'must be later than now' } }] })
}

/** @throws wrong_state (409) once the evidence period is over */
export const checkStatement = ({ evidenceUntil }: Pick<DisputeRecord, 'evidenceUntil'>, at: Date): void => {
  if (evidenceUntil !== null && at > evidenceUntil) throw wrongState({ state: 'evidence period over', allowed: ['within the evidence period'] })
}

/** Whether as many of a tribunal agree as must. */
export const isMajority = (agree: number, size: number): boolean => agree * 2 > size

export const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.refundFen === b.refundFen && a.releaseFen === b.releaseFen && a.restoreFen === b.restoreFen

type Correcting = Readonly<{ wasExecuted: boolean; madeAt: Date; at: Date; correctionDays: number }>

/**
 * Within its time, an award may be corrected: what was restored and may have been used since is not
 * taken back once the award was executed.
 * @throws correction_too_late, award_not_balanced, validation_failed (422)
 */
export const checkCorrection = (before: Outcome, after: Outcome, { wasExecuted, madeAt, at, correctionDays }: Correcting): void => {
  const until = deadlineAfter(madeAt, correctionDays)
  if (at >= until) throw correctionTooLate({ until })
  checkBalanced(after, before.refundFen + before.releaseFen + before.restoreFen)
  if (wasExecuted && after.restoreFen !== before.restoreFen) {
    throw validationFailed({ errors: [{ path: 'restoreFen', message: { zh: '裁决执行后，已恢复的款项不能再补正', en: 'cannot be corrected once the award was executed' } }] })
  }
}

/** @throws validation_failed (422) for more than the contract has released to the merchant, from which it is collected */
export const checkBeyondDeposit = (beyondDepositFen: Fen, { releasedFen }: Pick<Contract, 'releasedFen'>): void => {
  if (beyondDepositFen > releasedFen) {
    throw validationFailed({ errors: [{ path: 'beyondDepositFen', message: { zh: `不能超过本合同已释放给商户的 ${releasedFen} 分`, en: `cannot exceed the ${releasedFen} fen the contract has released to the merchant` } }] })
  }
}

/** The contract once a refund that was not sent is lower: what was too much is the merchant's. */
export const afterReduced = (contract: Contract, fen: Fen): Contract =>
  ({ ...contract, refundedFen: contract.refundedFen - fen, releasedFen: contract.releasedFen + fen })

const signalDays = 365

/** Signs of claims in series are counted over the last year. */
export const signalsSince = (at: Date): Date => after(at, -signalDays * dayMs)
