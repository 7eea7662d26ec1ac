import type { Contract, ContractId, ContractStatus, FreezeReason } from '../contracts/model.js'
import { isTakenInHand } from '../contracts/rules.js'
import { addDays, after, dayMs, type BusinessDate } from '../kernel/calendar.js'
import { invariant } from '../kernel/invariant.js'
import { least, most, type Fen, yuan } from '../kernel/money.js'
import { forbidden, samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import { ratio } from '../kernel/rational.js'
import type { Offer } from '../products/model.js'
import type { Decided, TermCalendar } from '../redemptions/model.js'
import { daysCounted } from '../redemptions/rules.js'
import type { Cause, Gifts, Step, Sum } from './law/model.js'
import {
  agreedSum, coolOffSessions, coolOffStoredValue, coolOffTerm, deductGifts, reckonSessions, reckonStoredValue, reckonTerm, reckonTermAtListPrice, sumOf,
  type Reckoning
} from './law/rules.js'
import { closingReasons, type BankRefundRecord, type Division, type QuoteRequest, type RefundPolicy, type RefundReason, type RefundRecord, type RequestedEnd } from './model.js'
import { coolingOffOver, nothingHeld, quoteStale } from './problems.js'

/*
 * A refund always closes its contract: all that is held is divided at once, into what goes back to
 * the consumer, what the merchant has earned, and what is contested and stays frozen. The law says
 * what goes back on the whole contract (law/rules.ts); what was refunded before and what is frozen
 * out of the held money count against it; and never more than what is held goes back: what is
 * missing is stated, as a claim on the merchant.
 *
 * What is contested (an objection, a dispute over units) is reckoned both ways. By the lower sum
 * the consumer is paid at once; the difference to the higher, less the money that is pending for
 * those very units, stays frozen until it is known which way it is.
 *
 * Nobody's consent is needed within the cooling-off time, or where the merchant gives at least what
 * the law gives without the consumer's cause. Otherwise the other side has five working days; a
 * merchant who is silent consents to a consumer who leaves by their own choice, and every other
 * silence is a decline. The notary approves each refund. If the facts have moved since the parties
 * saw the sum, it is refused rather than changed behind their backs.
 */

const clamp = (amount: Fen, floor: Fen, ceiling: Fen): Fen => most(floor, least(amount, ceiling))

const quotable: ContractStatus[] = ['active', 'expired']

/** @throws wrong_state (409) where the contract is not one of which money can be asked back */
export const checkQuotable = (contract: Contract): void => {
  const { status, frozen } = contract
  if (!quotable.includes(status)) throw wrongState({ state: status, allowed: quotable })
  if (isTakenInHand(contract)) throw wrongState({ state: `frozen: ${frozen}`, allowed: quotable })
}

/** @throws cooling_off_over (422) */
export const checkCoolingOff = ({ coolingOffUntil }: Contract, at: Date): void => {
  if (coolingOffUntil === null || at > coolingOffUntil) throw coolingOffOver({ until: coolingOffUntil })
}

/** @throws validation_failed (422) where a sum is agreed and should not be, or the other way round, or exceeds the price */
export const checkAgreed = ({ reason, agreedFen }: QuoteRequest, { priceFen }: Contract): void => {
  const refuse = (zh: string, en: string) => validationFailed({ errors: [{ path: 'agreedFen', message: { zh, en } }] })
  if (reason === 'mutual' && agreedFen === undefined) throw refuse('协商退费须填写双方商定的金额', 'is required for a refund by mutual agreement')
  if (reason !== 'mutual' && agreedFen !== undefined) throw refuse('仅协商退费可填写商定金额', 'goes only with reason mutual')
  if (agreedFen !== undefined && agreedFen > priceFen) throw refuse('商定金额不能超过合同价款', 'cannot exceed the price')
}

/** @throws forbidden (403) where another than the notary decides what gifts come to, validation_failed (422) beside an agreed sum */
export const checkGifts = ({ reason, gifts }: QuoteRequest, end: string): void => {
  if (gifts === undefined) return
  if (end !== 'notary') throw forbidden({})
  if (reason === 'mutual') throw validationFailed({ errors: [{ path: 'gifts', message: { zh: '协商退费不另计赠品', en: 'does not go with an agreed sum' } }] })
}

const causeOf: Readonly<Record<RefundReason, Cause>> = {
  cooling_off: 'neither', consumer_choice: 'consumer', merchant_breach: 'merchant', mutual: 'neither', force_majeure: 'neither',
  closure: 'merchant', deposit_refused: 'neither', stray_payment: 'neither', remainder: 'neither', award: 'neither', settlement_agreement: 'neither'
}

/** Whose cause a refund's reason is. */
export const causeFor = (reason: RefundReason): Cause => causeOf[reason]

/** What a sum is reckoned on. */
export type Standing = Readonly<{
  /** days of a term that can be taken back already are */
  contract: Contract
  offer: Offer
  /** used units that no award has refunded; for a term, the days that have passed */
  used: bigint
  /** of a term: somebody came */
  isVisited: boolean
  contested: Readonly<{ units: bigint; amountFen: Fen }>
  /** by disputes; their whole units are not among the used ones */
  decided?: Pick<Decided, 'reducedFen' | 'awardedFen'> | undefined
}>

/**
 * The days of a term that count as passed when it ends on a date: whole days, and every day up to
 * the last visit, without those on which it was paused or that the merchant has excused.
 */
export const daysPassed = (contract: Contract, on: BusinessDate, lastVisit: BusinessDate | undefined, calendar: TermCalendar): bigint => {
  invariant(contract.termStart !== null, 'a term without a beginning')
  const end = lastVisit === undefined || lastVisit < on ? on : addDays(lastVisit, 1)
  return daysCounted(contract, end, calendar)
}

type Asked = Readonly<{ reason: RefundReason; agreedFen?: Fen | undefined; gifts?: Gifts | undefined; policy: RefundPolicy }>

/** The list price that counts: proven at listing, and not waived by the contract, whose better term wins (Art 19). */
const provenListPrice = ({ listPriceProof, refundsAtContractPrice }: Offer, listPriceFen: Fen | undefined): Fen | undefined =>
  listPriceProof === undefined || refundsAtContractPrice === true ? undefined : listPriceFen

const reckonSessionCard = ({ contract, offer }: Standing, used: bigint, { reason }: Asked): Reckoning => {
  const facts = { paidFen: contract.priceFen, paidSessions: BigInt(offer.sessions ?? 0), bonusSessions: BigInt(offer.bonusSessions ?? 0), used: ratio(used) }
  if (reason === 'cooling_off') return coolOffSessions(facts)
  return reckonSessions(facts, causeFor(reason), provenListPrice(offer, offer.listPricePerSessionFen))
}

const reckonStoredCard = ({ contract, offer }: Standing, used: bigint, { reason }: Asked): Reckoning => {
  const facts = { paidFen: contract.priceFen, bonusFen: offer.bonusFen ?? 0n, consumedFaceFen: used }
  // An offer of stored value tells no list prices, so that none can be proven.
  return reason === 'cooling_off' ? coolOffStoredValue(facts) : reckonStoredValue(facts, causeFor(reason), undefined)
}

const reckonTermCard = ({ contract, offer, isVisited }: Standing, used: bigint, { reason, policy }: Asked): Reckoning => {
  const facts = { paidFen: contract.priceFen, term: contract.units, elapsed: used, unit: 'days' } as const
  if (reason === 'cooling_off') return coolOffTerm(facts, isVisited)
  const listPriceFen = provenListPrice(offer, offer.listPricePerDayFen)
  const atListPrice = causeFor(reason) === 'consumer' && policy.termByConsumersCause === 'list_price' &&
    listPriceFen !== undefined && listPriceFen * contract.units > contract.priceFen
  return atListPrice ? reckonTermAtListPrice(facts, listPriceFen) : reckonTerm(facts)
}

/** E(u): what the rule gives back on the whole contract after `used` units. */
const reckon = (standing: Standing, used: bigint, asked: Asked): Sum => {
  if (asked.agreedFen !== undefined) return sumOf(agreedSum(asked.agreedFen))
  const byKind = { sessions: reckonSessionCard, stored_value: reckonStoredCard, period: reckonTermCard }
  const reckoning = byKind[standing.contract.kind](standing, used, asked)
  return sumOf(asked.gifts === undefined ? reckoning : deductGifts(reckoning, standing.contract.priceFen, asked.gifts))
}

/** Money frozen out of held by a dispute: what is disputed and did not come from pending releases. */
const frozenFromHeld = ({ disputedFen, objectedFen }: Contract, contestedFen: Fen): Fen =>
  most(0n, disputedFen - (contestedFen - objectedFen))

/**
 * `atStake`: what the contested units could still change, beyond the money that is pending for them;
 * `atMost`: the rule's sum if they count as not delivered; `reduced`: refunds that lowered a price.
 */
export type Assessment = Readonly<{ sum: Sum; division: Division; steps: readonly Step[]; atStakeFen: Fen; atMostFen: Fen; reducedFen: Fen }>

const stepsOf = ({ steps }: Sum, countedFen: Fen, { heldFen, refundFen, merchantFen, contestedFen, shortfallFen }: Division): readonly Step[] => [
  ...steps,
  { text: { zh: '扣除:此前已退或因纠纷冻结的提存款', en: 'Less what was refunded before, or is frozen by a dispute' }, amountFen: countedFen },
  { text: { zh: '提存款不足、须另向商户主张的部分', en: 'Beyond what is held: to be claimed from the merchant' }, amountFen: shortfallFen },
  { text: { zh: '提存余额中因异议或纠纷继续冻结', en: 'Of what is held, stays frozen because it is contested' }, amountFen: contestedFen },
  { text: { zh: '提存余额中给付商户', en: 'Of what is held, goes to the merchant' }, amountFen: merchantFen },
  { text: { zh: `从提存余额 ${yuan(heldFen)} 中退还消费者`, en: `Goes back to the consumer, of ${yuan(heldFen)} held` }, amountFen: refundFen }
].filter(({ amountFen }, i, all) => amountFen !== 0n || i < steps.length || i === all.length - 1)

const nothingDecided = { reducedFen: 0n, awardedFen: 0n }

/** How all that is held would be divided, and why. */
export const assess = (standing: Standing, asked: Asked): Assessment => {
  const { contract: { heldFen, refundedFen, ...contract }, used, contested, decided: { reducedFen, awardedFen } = nothingDecided } = standing
  const sum = reckon(standing, used, asked)
  const atMostFen = reckon(standing, most(0n, used - contested.units), asked).refundFen
  const countedFen = refundedFen - reducedFen + awardedFen + frozenFromHeld({ heldFen, refundedFen, ...contract }, contested.amountFen)

  const refundFen = clamp(sum.refundFen - countedFen, 0n, heldFen)
  const atStakeFen = most(0n, atMostFen - sum.refundFen - contested.amountFen)
  const contestedFen = least(atStakeFen, heldFen - refundFen)
  const division: Division = {
    heldFen, refundFen, contestedFen,
    merchantFen: heldFen - refundFen - contestedFen,
    shortfallFen: most(0n, sum.refundFen - countedFen - heldFen)
  }
  return { sum, division, steps: stepsOf(sum, countedFen, division), atStakeFen, atMostFen, reducedFen }
}

const sameDivision = (a: Division, b: Division): boolean =>
  a.heldFen === b.heldFen && a.refundFen === b.refundFen && a.merchantFen === b.merchantFen &&
  a.contestedFen === b.contestedFen && a.shortfallFen === b.shortfallFen

/** Whether what the parties saw is still what would be done. */
export const isMoved = (seen: Division, now: Division): boolean => !sameDivision(seen, now)

/** @throws quote_stale (409) for a quote past its time, or on facts that moved; nothing_held (422) */
export const checkQuote = (quote: Readonly<{ division: Division; expiresAt: Date }>, now: Division, at: Date): void => {
  if (at >= quote.expiresAt) throw quoteStale({ because: 'expired' })
  if (isMoved(quote.division, now)) throw quoteStale({ because: 'facts_moved' })
  if (now.heldFen === 0n) throw nothingHeld({})
}

type Requested = Readonly<{ reason: RefundReason; requestedEnd: RequestedEnd; refundFen: Fen }>

/**
 * Whether the other side must be asked.
 * @param withoutCause what would go back without the consumer's cause
 */
export const needsConsent = ({ reason, requestedEnd, refundFen }: Requested, withoutCause: Fen): boolean => {
  if (reason === 'cooling_off') return false
  if (reason === 'mutual' || reason === 'force_majeure') return true
  return requestedEnd !== 'merchant' || refundFen < withoutCause
}

/** What a side means that lets its time pass. */
export const silenceOf = ({ reason, requestedEnd }: Pick<RefundRecord, 'reason' | 'requestedEnd'>): 'consent' | 'decline' =>
  reason === 'consumer_choice' && requestedEnd === 'consumer' ? 'consent' : 'decline'

const requireStatus = ({ status }: RefundRecord, ...allowed: RefundRecord['status'][]): void => {
  if (!allowed.includes(status)) throw wrongState({ state: status, allowed })
}

/** @throws wrong_state (409), forbidden (403) for the side that asked */
export const checkAnswerable = (refund: RefundRecord, end: string): void => {
  if (refund.requestedEnd === end) throw forbidden({})
  requireStatus(refund, 'awaiting_consent')
}

/** The refund once the other side agreed, by word or by silence. */
export const consented = (refund: RefundRecord, by: 'consumer' | 'merchant', deadlineAt: Date): RefundRecord =>
  ({ ...refund, status: 'awaiting_approval', deadlineAt, consumerAgreed: refund.consumerAgreed || by === 'consumer' })

/** The side that was to answer. */
export const otherSide = ({ requestedEnd }: Pick<RefundRecord, 'requestedEnd'>): 'consumer' | 'merchant' => (requestedEnd === 'consumer' ? 'merchant' : 'consumer')

export const declined = (refund: RefundRecord, note: string): RefundRecord => ({ ...refund, status: 'declined', note })

/** @throws wrong_state (409) */
export const rejected = (refund: RefundRecord, note: string): RefundRecord => {
  requireStatus(refund, 'awaiting_consent', 'awaiting_approval')
  return { ...refund, status: 'rejected', note }
}

/** @throws wrong_state (409) where something else has taken the contract in hand */
export const checkNotFrozen = (contract: Contract): void => {
  if (isTakenInHand(contract)) throw wrongState({ state: `frozen: ${contract.frozen}`, allowed: ['active', 'expired'] })
}

/** @throws wrong_state (409) */
export const checkApprovable = (refund: RefundRecord): void => { requireStatus(refund, 'awaiting_approval') }

/** The contract once a refund is approved: nothing is held any more, and nothing can be redeemed. */
export const divide = (contract: Contract, { refundFen, merchantFen, contestedFen }: Omit<Division, 'heldFen' | 'shortfallFen'>, merchantPart: 'pending' | 'payable', frozen: FreezeReason): Contract => {
  invariant(contract.heldFen === refundFen + merchantFen + contestedFen, 'a refund divides exactly what is held')
  return {
    ...contract,
    frozen,
    heldFen: 0n,
    allocFen: contract.allocFen + merchantFen,
    takenFen: contract.takenFen + refundFen + contestedFen,
    refundedFen: contract.refundedFen + refundFen,
    disputedFen: contract.disputedFen + contestedFen,
    pendingFen: contract.pendingFen + (merchantPart === 'pending' ? merchantFen : 0n),
    releasedFen: contract.releasedFen + (merchantPart === 'payable' ? merchantFen : 0n)
  }
}

/** How frozen money that is no longer at stake is divided. */
export type Settled = Readonly<{ refundFen: Fen; merchantFen: Fen; stillFrozenFen: Fen }>

/**
 * Divides what a refund left frozen, once a release it hangs on is voided or no longer objected to:
 * what the rule now gives beyond what went back is the consumer's, the rest the merchant's.
 */
export const settleContested = ({ refundedFen }: Contract, frozenFen: Fen, { sum, atStakeFen, reducedFen }: Assessment): Settled => {
  const stillFrozenFen = least(frozenFen, atStakeFen)
  const free = frozenFen - stillFrozenFen
  const refundFen = clamp(sum.refundFen - refundedFen + reducedFen, 0n, free)
  return { refundFen, merchantFen: free - refundFen, stillFrozenFen }
}

/** The contract once that is done. */
export const afterSettled = (contract: Contract, { refundFen, merchantFen }: Settled): Contract => ({
  ...contract,
  allocFen: contract.allocFen + merchantFen,
  takenFen: contract.takenFen - merchantFen,
  disputedFen: contract.disputedFen - refundFen - merchantFen,
  refundedFen: contract.refundedFen + refundFen,
  releasedFen: contract.releasedFen + merchantFen
})

/** The contract once a refund of its price is paid: one that closes it has terminated it. */
export const afterPaid = (contract: Contract, { reason, refundFen }: Pick<RefundRecord, 'reason' | 'refundFen'>, at: Date): Contract => {
  const paid = { ...contract, refundPaidFen: contract.refundPaidFen + refundFen }
  return closingReasons.has(reason) ? { ...paid, status: 'terminated', endedAt: at } : paid
}

/** The contract once a refund that was paid has come back: it is owed again, and nothing else begins anew. */
export const afterCameBack = (contract: Contract, { refundFen }: Pick<RefundRecord, 'refundFen'>): Contract =>
  ({ ...contract, refundPaidFen: contract.refundPaidFen - refundFen })

/** What is held of a contract that has no units left and nothing in dispute: the consumer's (Art 18). */
export const remainderOf = ({ status, frozen, disputeId, disputedFen, heldFen }: Contract): Fen =>
  status === 'completed' && frozen === null && disputeId === null && disputedFen === 0n ? heldFen : 0n

/** The contract once what nobody can use any more went back. */
export const withoutRemainder = (contract: Contract, amountFen: Fen): Contract => ({
  ...contract,
  heldFen: contract.heldFen - amountFen,
  takenFen: contract.takenFen + amountFen,
  refundedFen: contract.refundedFen + amountFen
})

/** The contract once all that is held of it went back, because nobody has claimed it in years. @throws wrong_state (409) */
export const endedUnclaimed = (contract: Contract, amountFen: Fen, at: Date): Contract => {
  const { status, frozen, disputeId, disputedFen, heldFen } = contract
  const isIdle = frozen === null && disputeId === null && disputedFen === 0n && heldFen === amountFen
  if (!isIdle || !(quotable.includes(status) || status === 'completed')) throw wrongState({ state: `${status}: ${heldFen} fen held`, allowed: ['an idle contract with what was proposed held'] })
  return { ...withoutRemainder(contract, amountFen), status: 'terminated', endedAt: at }
}

const settled: ReadonlySet<RefundRecord['status']> = new Set(['paid', 'declined', 'rejected'])

/** Whether a refund is past its deadline and still to be paid. */
export const isLate = ({ status, deadlineAt }: Pick<RefundRecord, 'status' | 'deadlineAt'>, now: Date): boolean => !settled.has(status) && now >= deadlineAt

/** Whether a refund is one that a newer request of the same side may take the place of: nobody has approved it. */
export const isUnapproved = ({ status }: RefundRecord): boolean => status === 'awaiting_consent' || status === 'awaiting_approval'

/** Whether a refund is at its channel, and the outcome is not known. */
export const isUnderWay = ({ status, byBank }: RefundRecord): boolean => status === 'processing' && !byBank

/** Whether a refund waits to be handed to its channel. */
export const isSendable = ({ status, byBank }: RefundRecord): boolean => (status === 'approved' || status === 'failed') && !byBank

/**
 * Which refunds of contracts wait because a court holds what goes back to the consumer: the oldest,
 * until they come to the amount. A refund is one order at its channel, so it waits whole. `unsent`:
 * the oldest first.
 */
export const withheldRefunds = (unsent: readonly Pick<RefundRecord, 'id' | 'contractId' | 'refundFen'>[], heldFen: ReadonlyMap<ContractId, Fen>): ReadonlySet<RefundRecord['id']> => {
  const leftOf = new Map(heldFen)
  return new Set(unsent.filter(({ contractId, refundFen }) => {
    const leftFen = leftOf.get(contractId) ?? 0n
    leftOf.set(contractId, leftFen - refundFen)
    return leftFen > 0n
  }).map(({ id }) => id))
}

const minuteMs = 60_000

/** When a refund that surely failed is sent again: later and later, at least daily. */
export const retryAt = (attempts: number, at: Date): Date => {
  let wait = 5 * minuteMs
  for (let i = 1; i < attempts && wait < dayMs; i++) wait *= 2
  return after(at, wait < dayMs ? wait : dayMs)
}

/** When a channel that has not decided is asked again: after as long as it has taken so far, at least daily. */
export const askAgainAt = (since: Date, at: Date): Date =>
  after(at, Math.min(dayMs, Math.max(5 * minuteMs, at.getTime() - since.getTime())))

/** @throws wrong_state (409) where an account is of no more use */
export const checkAccountable = (refund: RefundRecord): void => {
  requireStatus(refund, 'awaiting_consent', 'awaiting_approval', 'approved', 'failed')
  if (refund.byBank) throw wrongState({ state: 'a bank transfer is under way', allowed: ['failed'] })
}

/** The refund a bank transfer may be proposed for: it surely failed at the channel. @throws wrong_state (409) */
export const byBank = (refund: RefundRecord): RefundRecord => {
  requireStatus(refund, 'failed')
  if (refund.byBank) throw wrongState({ state: 'a bank transfer is under way', allowed: ['failed'] })
  return { ...refund, byBank: true }
}

const requireBankStatus = ({ status }: BankRefundRecord, ...allowed: BankRefundRecord['status'][]): void => {
  if (!allowed.includes(status)) throw wrongState({ state: status, allowed })
}

/** A bank transfer is ordered by another person than proposed it. @throws wrong_state (409), same_person (403) */
export const orderedBy = (bankRefund: BankRefundRecord, checkerId: BankRefundRecord['makerId'], at: Date): BankRefundRecord => {
  requireBankStatus(bankRefund, 'proposed')
  if (bankRefund.makerId === checkerId) throw samePerson({})
  return { ...bankRefund, status: 'ordered', checkerId, orderedAt: at }
}

/** @throws wrong_state (409) once it is ordered */
export const cancelledTransfer = (bankRefund: BankRefundRecord, at: Date): BankRefundRecord => {
  requireBankStatus(bankRefund, 'proposed')
  return { ...bankRefund, status: 'cancelled', answeredAt: at }
}
