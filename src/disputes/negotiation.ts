import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { forbidden, notFound, wrongState } from '../kernel/problems.js'
import { yuan } from '../kernel/money.js'
import type { Case, Cases } from './cases.js'
import type { Settling } from './settling.js'
import { Offer, type Dispute, type DisputeId, type Message, type NewOffer, type OfferId } from './model.js'
import type { Transition } from './procedure/rules.js'
import { checkOffer, sideOf } from './rules.js'
import { frozenOf, insertMessage, insertOffer, listOffers, updateOffer, type OfferRow } from './store.js'
import { messageView, offerView } from './views.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; cases: Cases; settling: Settling }>

/** The parties among themselves, in any stage before a decision: offers both ways, and what they write to each other. */
export const createNegotiation = ({ work, clock, cases, settling }: Dependencies) => {
  /**
   * A side offers what should go back; an offer of its own that was still open is replaced.
   * @throws not_found (404), forbidden (403), wrong_state (409), offer_too_high (422)
   */
  const offer = (command: Command, id: DisputeId, { refundFen, message }: NewOffer): Promise<Offer> =>
    work.writeOnce(command, officeOf(id), Offer, (tx) => cases.open(tx, id, async (tx, { dispute }) => {
      const { caller } = command
      const [side, at] = [sideOf(caller), clock.now()]
      cases.decide(dispute, 'offer', side)
      checkOffer(refundFen, await frozenOf(tx, id))
      const earlier = (await listOffers(tx, id)).find((one) => one.side === side && one.status === 'open')
      if (earlier) await updateOffer(tx, earlier.id, { status: 'replaced', answeredAt: at })
      const row: Omit<OfferRow, 'officeId'> = {
        id: newId('ofr', tx.office), disputeId: id, side, refundFen, message, status: 'open', madeBy: caller.personId, createdAt: at, answeredAt: null
      }
      await insertOffer(tx, row)
      await cases.record(tx, dispute, {
        fact: 'dispute-offer-made', by: side, personId: caller.personId, at, amountFen: refundFen, payload: { offerId: row.id },
        notice: `${side === 'consumer' ? '消费者' : '商户'}提出退还 ${yuan(refundFen)} 的方案，请答复。`
      })
      return offerView({ ...row, officeId: tx.office })
    }))

  /** An open offer of the other side, and the step its answer is. @throws not_found (404), forbidden (403), wrong_state (409) */
  const answerable = async (tx: Tx, { dispute }: Case, offerId: OfferId, event: 'accept_offer' | 'decline_offer', caller: Caller): Promise<Readonly<{ offered: OfferRow; step: Transition }>> => {
    const offered = (await listOffers(tx, dispute.id)).find((one) => one.id === offerId)
    if (!offered) throw notFound({})
    const step = cases.decide(dispute, event, sideOf(caller))
    if (offered.side === sideOf(caller)) throw forbidden({})
    if (offered.status !== 'open') throw wrongState({ state: `offer ${offered.status}`, allowed: ['offer open'] })
    return { offered, step }
  }

  const answer = (caller: Caller, id: DisputeId, use: (tx: Tx, found: Case) => Promise<Dispute>): Promise<Dispute> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, use))

  /** The other side accepts: the agreement is written and executed. @throws not_found (404), forbidden (403), wrong_state (409) */
  const accept = (caller: Caller, id: DisputeId, offerId: OfferId): Promise<Dispute> => answer(caller, id, async (tx, found) => {
    const { offered: { refundFen, message }, step } = await answerable(tx, found, offerId, 'accept_offer', caller)
    const at = clock.now()
    await updateOffer(tx, offerId, { status: 'accepted', answeredAt: at })
    return settling.settle(tx, found, { step, kind: 'settlement_agreement', refundFen, terms: message, caller, at })
  })

  /** @throws not_found (404), forbidden (403), wrong_state (409) */
  const decline = (caller: Caller, id: DisputeId, offerId: OfferId): Promise<Dispute> => answer(caller, id, async (tx, found) => {
    const { offered: { refundFen } } = await answerable(tx, found, offerId, 'decline_offer', caller)
    const at = clock.now()
    await updateOffer(tx, offerId, { status: 'declined', answeredAt: at })
    await cases.record(tx, found.dispute, {
      fact: 'dispute-offer-declined', by: sideOf(caller), personId: caller.personId, at, amountFen: refundFen, payload: { offerId }, notice: `退还 ${yuan(refundFen)} 的方案未被接受。`
    })
    return cases.viewOf(tx, found.dispute)
  })

  /** A party or the mediator writes to the others. @throws not_found (404), forbidden (403), wrong_state (409) */
  const write = (caller: Caller, id: DisputeId, text: string): Promise<Message> =>
    work.write(actorOf(caller), officeOf(id), (tx) => cases.open(tx, id, async (tx, { dispute }) => {
      const [actor, at] = [await cases.actorIn(tx, dispute, caller), clock.now()]
      cases.decide(dispute, 'message', actor)
      return say(tx, dispute.id, 'message', actor, caller, text, at)
    }))

  const say = async (tx: Tx, disputeId: DisputeId, kind: Message['kind'], author: string, { personId }: Caller, text: string, at: Date): Promise<Message> => {
    const row = { id: newId('msg', tx.office), disputeId, kind, author: author as Message['author'], authorId: personId, text, createdAt: at }
    await insertMessage(tx, row)
    return messageView({ ...row, officeId: tx.office })
  }

  return { offer, accept, decline, write, say }
}

export type Negotiation = ReturnType<typeof createNegotiation>
