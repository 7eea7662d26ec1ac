import { after, dayMs } from '../kernel/calendar.js'
import { samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import type { Candidate, ItemRecord, NewClaim, UnclaimedMoney } from './model.js'
import { notLapsed } from './problems.js'

/*
 * Five years after the deposit the recipient's right to it lapses (Civil Code 574). Nothing happens
 * by itself then: what is near is listed, and each step takes two notaries. What is held of a
 * contract is first refunded, because it may still reach the consumer. What is owed and cannot be
 * paid, to a consumer or to a merchant, may be set aside when the five years are over; and whoever
 * claims it later with good reason is paid after all: a consumer by a bank transfer that the same
 * two notaries order, a merchant by its next settlement.
 */

/** What can be done with money on the list. */
export const moneyView = (candidate: Candidate, now: Date): UnclaimedMoney => {
  const isLapsed = candidate.lapsesAt <= now
  const step = candidate.kind === 'held' ? 'refund' : 'set_aside'
  return { ...candidate, isLapsed, nextStep: isLapsed ? step : 'wait' }
}

/** By when five years are over of what is near. */
export const nearBy = (now: Date, withinDays: number): Date => after(now, withinDays * dayMs)

/** @throws not_lapsed (422) */
export const checkLapsed = ({ lapsesAt }: Candidate, now: Date): void => {
  if (now < lapsesAt) throw notLapsed({ lapsesAt })
}

const requireStatus = ({ status }: ItemRecord, ...allowed: ItemRecord['status'][]): void => {
  if (!allowed.includes(status)) throw wrongState({ state: status, allowed })
}

/** @throws wrong_state (409), same_person (403) */
export const decided = (item: ItemRecord, checkerId: ItemRecord['makerId'], at: Date): ItemRecord => {
  requireStatus(item, 'proposed')
  if (item.makerId === checkerId) throw samePerson({})
  return { ...item, status: item.kind === 'held' ? 'refunded' : 'set_aside', checkerId, decidedAt: at }
}

/** A proposal that is taken back: of the item, or of a claim to it. @throws wrong_state (409) */
export const withdrawn = (item: ItemRecord): ItemRecord => {
  requireStatus(item, 'proposed', 'claim_proposed')
  return item.status === 'proposed' ? { ...item, status: 'cancelled' } : { ...item, status: 'set_aside', claimMakerId: null, grounds: null, accountSealed: null }
}

/** @throws wrong_state (409), validation_failed (422) where an account is missing, or is of no use */
export const claimProposed = (item: ItemRecord, { grounds, account }: NewClaim, makerId: ItemRecord['makerId'], accountSealed: string | null): ItemRecord => {
  requireStatus(item, 'set_aside')
  const refuse = (zh: string, en: string) => validationFailed({ errors: [{ path: 'account', message: { zh, en } }] })
  if (item.kind === 'refund' && account === undefined) throw refuse('请填写权利人本人的收款账户', 'is required: the account of whom it belongs to')
  if (item.kind === 'payable' && account !== undefined) throw refuse('商户的款项按其结算账户划付，无须填写', 'does not go with what is payable: the merchant\'s settlement account is used')
  return { ...item, status: 'claim_proposed', grounds, claimMakerId: makerId, accountSealed }
}

/** @throws wrong_state (409), same_person (403) */
export const claimed = (item: ItemRecord, checkerId: ItemRecord['makerId'], at: Date): ItemRecord => {
  requireStatus(item, 'claim_proposed')
  if (item.claimMakerId === checkerId) throw samePerson({})
  return { ...item, status: 'claimed', claimCheckerId: checkerId, claimedAt: at }
}
