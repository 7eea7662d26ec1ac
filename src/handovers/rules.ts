import type { Contract } from '../contracts/model.js'
import { checkBalance, maskedPhone } from '../contracts/rules.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Fen } from '../kernel/money.js'
import { forbidden, validationFailed, wrongState } from '../kernel/problems.js'
import type { MerchantStatus } from '../merchants/model.js'
import { merchantNotActive } from '../products/problems.js'
import { contractFrozen } from '../redemptions/problems.js'
import type { HandoverId, HandoverRecord, HandoverSignature, NewHandover, Standing } from './model.js'
import { transferBlocked, transferStale } from './problems.js'

/*
 * A consumer may hand what is left of a contract over to another (法释〔2025〕4号 Art 11). It binds
 * the merchant on notice: it is told, and not asked. The contract stays the same one, with its
 * terms, its accounts and its dates; nothing begins anew, no cooling-off time either. What is left
 * of it from then on, a refund too, belongs to the new holder, who signs a document that states it.
 *
 * What happened before is the former holder's. So nothing of it may be open: no money within an
 * objection window, no objection, dispute or refund, and no court's hold on what goes back to her. A term card releases something every day and
 * would never be free of pending money; therefore the holder may say, with the offer, that nothing
 * is held against what is released until it is accepted, and with the acceptance it is payable.
 */

const lifeMs = 7 * dayMs

type Facts = Readonly<{ isRefunding: boolean; isHeld: boolean; merchantStatus: MerchantStatus; confirmsReleases: boolean }>

/** @throws wrong_state (409), contract_frozen, merchant_not_active, transfer_blocked (422) */
export const checkTransferable = (contract: Contract, { isRefunding, isHeld, merchantStatus, confirmsReleases }: Facts): void => {
  const { status, frozen, disputeId, disputedFen, objectedFen, pendingFen } = contract
  if (status !== 'active') throw wrongState({ state: status, allowed: ['active'] })
  if (frozen !== null) throw contractFrozen({ because: frozen })
  if (merchantStatus !== 'active' && merchantStatus !== 'suspended') throw merchantNotActive({ merchantStatus })
  if (isRefunding) throw transferBlocked({ because: 'refund' })
  if (isHeld) throw transferBlocked({ because: 'legal_hold' })
  if (disputeId !== null || disputedFen > 0n) throw transferBlocked({ because: 'dispute' })
  if (objectedFen > 0n) throw transferBlocked({ because: 'objection' })
  if (pendingFen > 0n && !confirmsReleases) throw transferBlocked({ because: 'pending' })
}

type Offered = Readonly<{ id: HandoverId; fromId: HandoverRecord['fromId']; toId: HandoverRecord['toId']; now: Date }>

/** An offer to hand a contract over. @throws validation_failed (422) where it is to oneself */
export const offered = (contract: Contract, { phone, confirmsReleases }: NewHandover, { id, fromId, toId, now }: Offered): HandoverRecord => {
  if (fromId === toId) {
    throw validationFailed({ errors: [{ path: 'phone', message: { zh: '须为另一位消费者的手机号码', en: 'must be the number of another consumer' } }] })
  }
  return {
    id, fromId, toId, confirmsReleases, contractId: contract.id, merchantId: contract.merchantId, status: 'offered', toPhone: maskedPhone(phone),
    documentSubject: null, documentSha256: null, documentVersion: null, signature: null, standing: null,
    createdAt: now, lapsesAt: after(now, lifeMs), decidedAt: null
  }
}

const requireOffered = ({ status }: HandoverRecord): void => {
  if (status !== 'offered') throw wrongState({ state: status, allowed: ['offered'] })
}

/** What only the new holder may do. @throws forbidden (403), wrong_state (409) */
export const checkAnswerable = (handover: HandoverRecord, personId: string): void => {
  if (handover.toId !== personId) throw forbidden({})
  requireOffered(handover)
}

/** What only the holder may do. @throws forbidden (403), wrong_state (409) */
export const checkCancellable = (handover: HandoverRecord, personId: string): void => {
  if (handover.fromId !== personId) throw forbidden({})
  requireOffered(handover)
}

/** The document states what is left: signed on older facts it would say something else. @throws transfer_stale (409) */
export const checkFresh = ({ documentVersion }: HandoverRecord, { version }: Contract): void => {
  if (documentVersion !== version) throw transferStale({})
}

type Balance = Readonly<{ balanceFen: Fen; isSamePerson: boolean; limitFen: Fen; source: string }>

/** What is left counts toward the new holder's cap; one person's two phones count once. @throws cap_exceeded (422) */
export const checkHolderCap = ({ heldFen }: Contract, { balanceFen, isSamePerson, ...cap }: Balance): void =>
  checkBalance(isSamePerson ? balanceFen - heldFen : balanceFen, heldFen, cap)

/** @param standing what is handed over */
export const accepted = (handover: HandoverRecord, signed: Omit<HandoverSignature, 'signedAt' | 'phoneMasked'>, standing: Standing, at: Date): HandoverRecord =>
  ({ ...handover, status: 'accepted', decidedAt: at, signature: { ...signed, signedAt: at.toISOString(), phoneMasked: handover.toPhone }, standing })

export const ended = (handover: HandoverRecord, status: 'declined' | 'cancelled' | 'lapsed', at: Date): HandoverRecord =>
  ({ ...handover, status, decidedAt: at })
