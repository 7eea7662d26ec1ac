import type { ContractId } from '../contracts/model.js'
import { addDays, startOf } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import { least, most, sum, type Fen } from '../kernel/money.js'
import { samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import type { HeldAmounts, HoldId, HoldRecord, NewHold, NewLifting, Unsettled } from './model.js'

/*
 * A court may order the office to keep money in place (财产保全、冻结; 民事诉讼法 105, 253). What it
 * can reach is what the office owes to the debtor: what is payable to a merchant, all of it or out of
 * one contract, or what goes back to the consumer of a contract. It never reaches the price of
 * sessions that were not taken: as long as they are not, that is neither the merchant's nor to be
 * paid back, and a refund to a consumer goes on whatever a court holds against the merchant (compare
 * 法发〔2022〕12号 on supervised presale accounts).
 *
 * The court's word binds from the moment it is served. So a hold withholds from the moment one
 * person of the office enters it; another approves it, or it is taken back. To give money free, in
 * whole or by a smaller hold in the place of a greater one, always takes two. It ends by itself when
 * its time is over.
 *
 * Holds add up. Earlier ones come first: of two that reach for the same money the later one waits
 * (轮候) and takes what the earlier one leaves.
 */

/** The first instant at which a hold until that day is over. */
const endOf = (until: string): Date => startOf(addDays(until, 1))

const withholding: ReadonlySet<HoldRecord['status']> = new Set(['proposed', 'active', 'lift_proposed'])

export const isInForce = ({ status, endsAt }: HoldRecord, now: Date): boolean => withholding.has(status) && now < endsAt

/** Of holds in force those that count: one that is to take another's place waits while that one is in force. */
export const counting = (holds: readonly HoldRecord[]): HoldRecord[] => {
  const ids = new Set(holds.map(({ id }) => id))
  return holds.filter(({ status, renews }) => status !== 'proposed' || renews === null || !ids.has(renews))
}

const refuse = (path: string, zh: string, en: string) => validationFailed({ errors: [{ path, message: { zh, en } }] })

type Occasion = Readonly<{ id: HoldId; merchantId: HoldRecord['merchantId']; renewed: HoldRecord | undefined; makerId: Id<'per'>; daysMax: number; today: string; now: Date }>

/** @throws validation_failed (422) where it does not say whose money, or until when, as it must */
export const checkTarget = ({ merchantId, contractId, against }: NewHold): void => {
  if ((merchantId === undefined) === (contractId === undefined)) throw refuse('contractId', '须且只须指明商户或合同之一', 'either a merchant or a contract is to be named')
  if (against === 'consumer' && contractId === undefined) throw refuse('contractId', '冻结消费者的款项须指明合同', 'is required of a hold against a consumer')
}

/** A hold that one person has entered. @throws validation_failed (422) */
export const proposedHold = (asked: NewHold, { id, merchantId, renewed, makerId, daysMax, today, now }: Occasion): HoldRecord => {
  const { contractId = null, against, amountFen, court, documentNumber, documentSha256 = null, until, renews = null } = asked
  if (until < today) throw refuse('until', '冻结期限已届满', 'is over')
  if (until > addDays(today, daysMax)) throw refuse('until', `一次冻结不得超过 ${daysMax} 日`, `is more than ${daysMax} days away`)
  const isAlike = renewed && isInForce(renewed, now) && renewed.status !== 'proposed' &&
    renewed.merchantId === merchantId && renewed.contractId === contractId && renewed.against === against
  if (renews !== null && !isAlike) throw refuse('renews', '须为同一对象上正在生效的冻结', 'must be a hold in force on the same money')
  return {
    id, merchantId, contractId, against, amountFen, court, documentNumber, documentSha256, until, endsAt: endOf(until), renews, status: 'proposed',
    makerId, checkerId: null, proposedAt: now, approvedAt: null,
    liftDocumentNumber: null, liftDocumentSha256: null, liftMakerId: null, liftCheckerId: null, endedAt: null
  }
}

const requireStatus = ({ status }: HoldRecord, ...allowed: HoldRecord['status'][]): void => {
  if (!allowed.includes(status)) throw wrongState({ state: status, allowed })
}

/** @throws wrong_state (409), same_person (403) */
export const approvedHold = (hold: HoldRecord, checkerId: Id<'per'>, at: Date): HoldRecord => {
  requireStatus(hold, 'proposed')
  if (hold.makerId === checkerId) throw samePerson({})
  return { ...hold, status: 'active', checkerId, approvedAt: at }
}

/** The hold whose place another has taken; one that has ended meanwhile stays as it is. */
export const renewedHold = (hold: HoldRecord, at: Date): HoldRecord => (isInForce(hold, at) ? { ...hold, status: 'renewed', endedAt: at } : hold)

/** What one person entered is taken back: a hold nobody approved, or its lifting. @throws wrong_state (409) */
export const withdrawnHold = (hold: HoldRecord, at: Date): HoldRecord => {
  requireStatus(hold, 'proposed', 'lift_proposed')
  if (hold.status === 'proposed') return { ...hold, status: 'withdrawn', endedAt: at }
  return { ...hold, status: 'active', liftDocumentNumber: null, liftDocumentSha256: null, liftMakerId: null }
}

/** One person enters the court's word that lifts it: it withholds until another approves. @throws wrong_state (409) */
export const liftProposed = (hold: HoldRecord, { documentNumber, documentSha256 }: NewLifting, makerId: Id<'per'>): HoldRecord => {
  requireStatus(hold, 'active')
  return { ...hold, status: 'lift_proposed', liftDocumentNumber: documentNumber, liftDocumentSha256: documentSha256 ?? null, liftMakerId: makerId }
}

/** @throws wrong_state (409), same_person (403) */
export const liftedHold = (hold: HoldRecord, checkerId: Id<'per'>, at: Date): HoldRecord => {
  requireStatus(hold, 'lift_proposed')
  if (hold.liftMakerId === checkerId) throw samePerson({})
  return { ...hold, status: 'lifted', liftCheckerId: checkerId, endedAt: at }
}

/** The hold when its time is over; undefined where it had ended before. */
export const lapsedHold = (hold: HoldRecord): HoldRecord | undefined =>
  withholding.has(hold.status) ? { ...hold, status: 'lapsed', endedAt: hold.endsAt } : undefined

/** What holds against a merchant must leave in place. */
export const amountsOf = (holds: readonly HoldRecord[]): HeldAmounts => {
  const contractFen = new Map<ContractId, Fen>()
  for (const { contractId, amountFen } of holds) if (contractId !== null) contractFen.set(contractId, (contractFen.get(contractId) ?? 0n) + amountFen)
  return { merchantFen: sum(holds.filter(({ contractId }) => contractId === null).map(({ amountFen }) => amountFen)), contractFen }
}

/** How much of what is payable to a merchant must stay, by what of it is payable out of each contract. */
export const requiredFen = (payableFen: Fen, { merchantFen, contractFen }: HeldAmounts, unsettled: readonly Pick<Unsettled, 'contractId' | 'beforeFen'>[]): Fen =>
  least(payableFen, merchantFen + sum(unsettled.map(({ contractId, beforeFen }) => least(beforeFen, contractFen.get(contractId) ?? 0n))))

/** Whether a payout leaves of each contract, and of all, what must stay. */
export const leavesEnough = (payableFen: Fen, grossFen: Fen, amounts: HeldAmounts, unsettled: readonly Unsettled[]): boolean =>
  payableFen - grossFen >= requiredFen(payableFen, amounts, unsettled) &&
  unsettled.every(({ contractId, beforeFen, afterFen }) => afterFen >= least(beforeFen, amounts.contractFen.get(contractId) ?? 0n))

/** What each hold against a merchant withholds of what is payable: those on a contract first, each kind in its order. */
export const shareMerchantHolds = (holds: readonly HoldRecord[], payableFen: Fen, unsettled: readonly Pick<Unsettled, 'contractId' | 'beforeFen'>[]): Map<HoldId, Fen> => {
  const ofContract = new Map(unsettled.map(({ contractId, beforeFen }) => [contractId, beforeFen]))
  const shares = new Map<HoldId, Fen>()
  let leftFen = payableFen
  const take = (id: HoldId, fen: Fen): void => {
    const takenFen = most(0n, least(fen, leftFen))
    leftFen -= takenFen
    shares.set(id, takenFen)
  }
  for (const { id, contractId, amountFen } of holds) {
    if (contractId === null) continue
    const reachFen = ofContract.get(contractId) ?? 0n
    take(id, least(amountFen, reachFen))
    ofContract.set(contractId, reachFen - (shares.get(id) ?? 0n))
  }
  for (const { id, contractId, amountFen } of holds) if (contractId === null) take(id, amountFen)
  return shares
}

/** What each hold against a consumer withholds of refunds that wait, in order. */
export const shareConsumerHolds = (holds: readonly HoldRecord[], unsentFen: Fen): Map<HoldId, Fen> => {
  let leftFen = unsentFen
  return new Map(holds.map(({ id, amountFen }) => {
    const takenFen = least(amountFen, leftFen)
    leftFen -= takenFen
    return [id, takenFen]
  }))
}
