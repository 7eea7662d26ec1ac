import { capabilitiesOf, channelOf, type Channels, type RefundAnswer } from '../channels/channel.js'
import type { RefundNotification } from '../channels/model.js'
import type { Contracts } from '../contracts/service.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { isId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Ledger } from '../ledger/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Timetable } from '../timetable/service.js'
import { RefundId, type RefundRecord } from './model.js'
import { paidAgain, refundConfirmed, refundFailed, refundSent } from './postings.js'
import { afterPaid, askAgainAt, retryAt } from './rules.js'
import { findRefund, lockRefund, updateRefund } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'lock' | 'save'>
  ledger: Ledger
  outbox: Outbox
  timetable: Timetable
  channels: Channels
}>

const topic = 'refund.send'
/** A channel that has not decided, or was not heard, is asked. */
const askDeadline = 'refund-ask'
/** A refund that surely failed is sent again, with the same key. */
const retryDeadline = 'refund-retry'

const unknown = (error: unknown) => ({ outcome: 'pending', reference: null, reason: error instanceof Error ? error.message : String(error) }) as const
type Answer = Readonly<{ outcome: RefundAnswer['outcome']; reference: string | null; reason?: string | undefined }>

/**
 * Refunds on their way back to the payer. Money leaves in two steps: it is in transit from before
 * the channel is asked until the channel's word is recorded, so that a crash in between leaves it
 * there, to be asked about. The channel pays once for a refund's id, however often it is sent; and
 * what it says of an attempt counts only for that attempt.
 */
export const createSending = ({ work, clock, contracts, ledger, outbox, timetable, channels }: Dependencies) => {
  /** Sends a refund that is approved, once the transaction has committed. One of nothing is not sent. */
  const order = (tx: Tx, { id }: Pick<RefundRecord, 'id'>, isAwaited?: boolean): Promise<void> =>
    outbox.send(tx, { topic, key: id, payload: { refundId: id }, ...(isAwaited === undefined ? {} : { isAwaited }) })

  /** Locks the contract where the refund is of its price, then the refund. */
  const lock = async (tx: Tx, id: RefundId) => {
    const found = await findRefund(tx, id)
    invariant(found, `no refund ${id}`)
    const contract = found.purpose === 'principal' ? await contracts.lock(tx, found.contractId) : undefined
    const refund = await lockRefund(tx, id)
    invariant(refund, 'a refund is never deleted')
    return { contract, refund }
  }

  /** Why a channel cannot be asked at all; the money stays owed and is paid by bank transfer. */
  const obstacleOf = ({ channel, createdAt }: RefundRecord, paidAt: Date | null, now: Date): string | undefined => {
    const { canRefund, refundWindowDays } = capabilitiesOf[channel]
    if (!canRefund || !channels[channel]) return 'channel_cannot_refund'
    const isOver = refundWindowDays !== null && now > after(paidAt ?? createdAt, refundWindowDays * dayMs)
    return isOver ? 'refund_window_over' : undefined
  }

  /** Takes an attempt: the money is in transit from here. @returns undefined where there is nothing to send */
  const begin = (office: number, id: RefundId) => work.write(worker, office, async (tx) => {
    const { contract, refund } = await lock(tx, id)
    if (refund.status === 'processing' && !refund.byBank) return { refund, isRepeat: true }
    if ((refund.status !== 'approved' && refund.status !== 'failed') || refund.byBank) return undefined
    const now = clock.now()
    const obstacle = obstacleOf(refund, contract?.paidAt ?? null, now)
    if (obstacle !== undefined) {
      await updateRefund(tx, { ...refund, status: 'failed', lastError: obstacle })
      return undefined
    }
    const sent: RefundRecord = { ...refund, status: 'processing', attempts: refund.attempts + 1, lastError: null }
    await updateRefund(tx, sent)
    await ledger.post(tx, refundSent(sent, now))
    await timetable.set(tx, askDeadline, id, askAgainAt(now, now))
    return { refund: sent, isRepeat: false }
  })

  const markPaid = async (tx: Tx, { contract, refund }: Awaited<ReturnType<typeof lock>>, reference: string, at: Date): Promise<void> => {
    await updateRefund(tx, { ...refund, status: 'paid', paidAt: at, channelReference: reference, lastError: null })
    if (contract) await contracts.save(tx, afterPaid(contract, refund, at))
    await ledger.post(tx, refundConfirmed(refund, reference, at))
    await timetable.lift(tx, askDeadline, refund.id)
    await timetable.lift(tx, retryDeadline, refund.id)
  }

  const markFailed = async (tx: Tx, refund: RefundRecord, reason: string, at: Date): Promise<void> => {
    await updateRefund(tx, { ...refund, status: 'failed', lastError: reason })
    await ledger.post(tx, refundFailed(refund, reason, at))
    await timetable.lift(tx, askDeadline, refund.id)
    await timetable.set(tx, retryDeadline, refund.id, retryAt(refund.attempts, at))
  }

  /** Records what the channel said of an attempt. After a final word, or of another attempt, nothing changes. */
  const record = async (tx: Tx, id: RefundId, attempt: number, { outcome, reference, reason = 'failed' }: Answer, at: Date): Promise<void> => {
    const locked = await lock(tx, id)
    const { refund } = locked
    if (refund.status !== 'processing' || refund.byBank || refund.attempts !== attempt) return
    if (outcome === 'done') return markPaid(tx, locked, reference ?? id, at)
    if (outcome === 'failed') return markFailed(tx, refund, reason, at)
    await updateRefund(tx, { ...refund, channelReference: reference ?? refund.channelReference, lastError: reference === null ? reason : null })
  }

  const send = async ({ id: key, paymentId: orderId, refundFen: amountFen, channel: name }: RefundRecord, isRepeat: boolean): Promise<Answer> => {
    try {
      const channel = channelOf(channels, name)
      return (isRepeat ? await channel.queryRefund({ key, orderId }) : null) ?? await channel.refund({ key, orderId, amountFen })
    } catch (error) {
      return unknown(error)
    }
  }

  outbox.on<{ refundId: string }>(topic, async ({ office, payload }) => {
    const id = RefundId.parse(payload.refundId)
    const begun = await begin(office, id)
    if (!begun) return
    const answer = await send(begun.refund, begun.isRepeat)
    await work.write(worker, office, (tx) => record(tx, id, begun.refund.attempts, answer, clock.now()))
  })

  timetable.on(askDeadline, async ({ office, subject, at, take }) => {
    const id = RefundId.parse(subject)
    const refund = await work.read(worker, office, (tx) => findRefund(tx, id))
    invariant(refund, `no refund ${id}`)
    const answer = refund.status === 'processing' && !refund.byBank ? await send(refund, true) : undefined
    await work.write(worker, office, async (tx) => {
      if (!(await take(tx)) || answer === undefined) return
      await timetable.set(tx, askDeadline, id, askAgainAt(refund.approvedAt ?? refund.createdAt, at))
      await record(tx, id, refund.attempts, answer, at)
    })
  })

  timetable.on(retryDeadline, ({ office, subject, take }) => work.write(worker, office, async (tx) => {
    const { refund } = await lock(tx, RefundId.parse(subject))
    if (await take(tx) && refund.status === 'failed' && !refund.byBank) await order(tx, refund)
  }))

  /**
   * The channel's own word on a refund, unasked. One that says it has paid what we took for failed
   * has paid; one that pays what was paid another way is entered as unexplained, for two people.
   */
  const heard = async ({ key, outcome, reference, reason }: RefundNotification): Promise<void> => {
    if (!isId('ref', key)) throw notFound({})
    const id = key
    await work.write(worker, officeOf(id), async (tx) => {
      const locked = await lock(tx, id)
      const { refund } = locked
      const now = clock.now()
      if (refund.status === 'processing' && !refund.byBank) return record(tx, id, refund.attempts, { outcome, reference, reason }, now)
      if (outcome !== 'done') return
      if (refund.status === 'failed' && !refund.byBank) {
        await ledger.post(tx, refundSent(refund, now))
        return markPaid(tx, locked, reference, now)
      }
      if ((refund.status === 'paid' || refund.byBank) && refund.channelReference !== reference) {
        await updateRefund(tx, { ...refund, channelReference: reference })
        await ledger.post(tx, paidAgain(refund, reference, now))
      }
    })
  }

  /** Sends a refund by the channel again, after a bank transfer that came to nothing. */
  const resume = (tx: Tx, { id, attempts }: RefundRecord, at: Date): Promise<void> => timetable.set(tx, retryDeadline, id, retryAt(attempts, at))

  return { order, heard, resume }
}

export type Sending = ReturnType<typeof createSending>
