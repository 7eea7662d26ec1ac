import type { Contract } from '../contracts/model.js'
import { dateOf } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import { samePerson, validationFailed, wrongState } from '../kernel/problems.js'
import type { MerchantStatus } from '../merchants/model.js'
import type { ClosureRecord, NewClosure } from './model.js'

/*
 * A merchant has shut its doors. One notary proposes closure mode, another approves it. From that
 * moment nothing of the merchant's contracts is released or redeemed, nobody can buy, and money
 * still on its way in goes back. Then every open contract is ended, one by one: what the law gives
 * without the consumer's cause goes back, with nobody's consent; term cards count up to the day the
 * merchant stopped; what was pending stays for objections and is then the merchant's. Contracts are
 * ended in batches, each in one transaction together with the count of it, so that the work can stop
 * anywhere and go on, and never ends a contract twice.
 */

const open: MerchantStatus[] = ['active', 'suspended']

/** Whether a contract of a merchant in closure is one to be called off, because it was not paid. */
export const isToCancel = ({ status }: Contract): boolean => status === 'awaiting_signature' || status === 'awaiting_payment'

/** Whether a contract of a merchant in closure is still to be refunded. */
export const isToRefund = ({ status, frozen }: Contract): boolean => frozen === 'closure' && (status === 'active' || status === 'expired')

/** @throws wrong_state (409), validation_failed (422) for a day that is still to come */
export const checkProposable = (merchantStatus: MerchantStatus, existing: ClosureRecord | undefined, { stoppedOn }: NewClosure, now: Date): void => {
  if (!open.includes(merchantStatus)) throw wrongState({ state: merchantStatus, allowed: open })
  if (existing) throw wrongState({ state: `closure ${existing.status}`, allowed: ['no closure'] })
  if (stoppedOn > dateOf(now)) {
    throw validationFailed({ errors: [{ path: 'stoppedOn', message: { zh: '停业日不能晚于今日', en: 'cannot be after today' } }] })
  }
}

const requireProposed = ({ status }: ClosureRecord): void => {
  if (status !== 'proposed') throw wrongState({ state: status, allowed: ['proposed'] })
}

/** @throws wrong_state (409), same_person (403) */
export const approved = (closure: ClosureRecord, checkerId: Id<'per'>, contracts: number, at: Date): ClosureRecord => {
  requireProposed(closure)
  if (closure.makerId === checkerId) throw samePerson({})
  return { ...closure, status: 'running', checkerId, approvedAt: at, contracts }
}

/** @throws wrong_state (409) */
export const cancelledClosure = (closure: ClosureRecord): ClosureRecord => {
  requireProposed(closure)
  return { ...closure, status: 'cancelled' }
}
