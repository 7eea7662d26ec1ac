import { capabilitiesOf, channelOf, type Channels, type RefundAnswer } from '../channels/channel.js'
import type { RefundNotification } from '../channels/model.js'
import type { Contract, ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { refundHeld } from '../holds/problems.js'
import { allOf, inLanes, togetherOrAlone } from '../kernel/batch.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { isId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { sum, type Fen } from '../kernel/money.js'
import { notFound } from '../kernel/problems.js'
import type { Ledger } from '../ledger/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Timetable } from '../timetable/service.js'
import { RefundId, type RefundRecord } from './model.js'
import { paidAgain, refundConfirmed, refundFailed, refundSent } from './postings.js'
import { afterPaid, askAgainAt, isSendable, isUnderWay, retryAt, withheldRefunds } from './rules.js'
import { findRefund, findRefunds, listUnsent, lockRefunds, updateRefund, updateRefunds } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'lockMany' | 'save'>
  ledger: Ledger
  outbox: Outbox
  timetable: Timetable
  channels: Channels
  /** Of these contracts, those whose holder is not who paid: what goes back is the holder's, and a channel pays back the payer. */
  handedOver: (tx: Tx, contractIds: readonly ContractId[]) => Promise<ReadonlySet<ContractId>>
  /** Up to how much of what goes back of these contracts is held by courts, by contract; once the contracts are locked. */
  heldOf: (tx: Tx, contractIds: readonly ContractId[]) => Promise<ReadonlyMap<ContractId, Fen>>
}>

const topic = 'refund.send'
/** A channel that has not decided, or was not heard, is asked. */
export const askDeadline = 'refund-ask'
/** A refund that surely failed is sent again, with the same key. */
export const retryDeadline = 'refund-retry'

const unknown = (error: unknown) => ({ outcome: 'pending', reference: null, reason: error instanceof Error ? error.message : String(error) }) as const
type Answer = Readonly<{ outcome: RefundAnswer['outcome']; reference: string | null; reason?: string | undefined }>
type Answered = Readonly<{ id: RefundId; attempt: number; answer: Answer }>

/** A refund with its contract, where it is of its price. */
type Locked = Readonly<{ contract: Contract | undefined; refund: RefundRecord }>
/** An attempt: sent now, or before, with an outcome nobody knows. */
type Begun = Readonly<{ refund: RefundRecord; isRepeat: boolean }>

/** Of the refunds of one delivery, how many a channel is asked for at the same time. */
const lanes = 16

/**
 * Refunds on their way back to the payer. Money leaves in two steps: it is in transit from before
 * the channel is asked until the channel's word is recorded, so that a crash in between leaves it
 * there, to be asked about. The channel pays once for a refund's id, however often it is sent; and
 * what it says of an attempt counts only for that attempt.
 */
export const createSending = ({ work, clock, contracts, ledger, outbox, timetable, channels, handedOver, heldOf }: Dependencies) => {
  /** Sends a refund that is approved, once the transaction has committed. One of nothing is not sent. */
  const order = (tx: Tx, { id }: Pick<RefundRecord, 'id'>): Promise<void> => outbox.send(tx, { topic, key: id, payload: { refundIds: [id] } })

  /** The same of many: the outbox's job sends them, some at a time. */
  const orderAll = (tx: Tx, refunds: readonly Pick<RefundRecord, 'id'>[]): Promise<void> =>
    outbox.leaveTogether(tx, topic, refunds.map(({ id }) => id), (refundIds) => ({ refundIds }))

  /** Locks the contracts of refunds of a price, in id order, then the refunds. */
  const lockAll = async (tx: Tx, ids: readonly RefundId[]): Promise<Locked[]> => {
    const priced = (await findRefunds(tx, ids)).filter(({ purpose }) => purpose === 'principal')
    const locked = await contracts.lockMany(tx, priced.map(({ contractId }) => contractId))
    const refunds = await lockRefunds(tx, ids)
    invariant(refunds.length === ids.length, 'a refund is never deleted')
    return refunds.map((refund) => ({ refund, contract: refund.purpose === 'principal' ? locked.get(refund.contractId) : undefined }))
  }

  const lock = async (tx: Tx, id: RefundId): Promise<Locked> => {
    const [locked] = await lockAll(tx, [id])
    invariant(locked, `no refund ${id}`)
    return locked
  }

  /** Why a channel cannot be asked at all; the money stays owed and is paid by bank transfer. */
  const obstacleOf = ({ channel, createdAt }: RefundRecord, paidAt: Date | null, now: Date): string | null => {
    const { canRefund, refundWindowDays } = capabilitiesOf[channel]
    if (!canRefund || !channels[channel]) return 'channel_cannot_refund'
    const isOver = refundWindowDays !== null && now > after(paidAt ?? createdAt, refundWindowDays * dayMs)
    return isOver ? 'refund_window_over' : null
  }

  /** Of the refunds of these contracts, those that wait because a court holds them. The caller holds the contracts' locks. */
  const withheldOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<ReadonlySet<RefundId>> => {
    const heldFen = await heldOf(tx, contractIds)
    return heldFen.size === 0 ? new Set() : withheldRefunds(await listUnsent(tx, [...heldFen.keys()]), heldFen)
  }

  /** @throws refund_held (409) */
  const checkFree = async (tx: Tx, { id, contractId, purpose }: RefundRecord): Promise<void> => {
    if (purpose === 'principal' && (await withheldOf(tx, [contractId])).has(id)) throw refundHeld({ contractId })
  }

  /** Takes an attempt at each: the money is in transit from here. What a court holds waits. @returns what is to be sent, or asked about */
  const begin = (office: number, ids: readonly RefundId[]): Promise<Begun[]> => work.write(worker, office, async (tx) => {
    const locked = await lockAll(tx, ids)
    const now = clock.now()
    const others = await handedOver(tx, locked.flatMap(({ contract }) => (contract ? [contract.id] : [])))
    const withheld = await withheldOf(tx, locked.flatMap(({ contract }) => (contract ? [contract.id] : [])))
    const sendable = locked.filter(({ refund }) => isSendable(refund))
    await updateRefunds(tx, sendable.filter(({ refund }) => withheld.has(refund.id)).map(({ refund }) => ({ ...refund, lastError: 'legal_hold' })))
    const begun = sendable.filter(({ refund }) => !withheld.has(refund.id)).map(({ refund, contract }): RefundRecord => {
      const isAnothers = contract !== undefined && others.has(contract.id)
      const obstacle = isAnothers ? 'holder_is_not_payer' : obstacleOf(refund, contract?.paidAt ?? null, now)
      return obstacle === null ? { ...refund, status: 'processing', attempts: refund.attempts + 1, lastError: null } : { ...refund, status: 'failed', lastError: obstacle }
    })
    const sent = begun.filter(({ status }) => status === 'processing')
    await updateRefunds(tx, begun)
    await ledger.postAll(tx, sent.map((refund) => refundSent(refund, now)))
    await timetable.setAll(tx, askDeadline, sent.map(({ id }) => id), askAgainAt(now, now))
    return [
      ...locked.filter(({ refund }) => isUnderWay(refund)).map(({ refund }) => ({ refund, isRepeat: true })),
      ...sent.map((refund) => ({ refund, isRepeat: false }))
    ]
  })

  const markPaid = async (tx: Tx, paid: readonly (Locked & Readonly<{ reference: string }>)[], at: Date): Promise<void> => {
    const ids = paid.map(({ refund: { id } }) => id)
    const changed = new Map<ContractId, Contract>()
    for (const { contract, refund } of paid) if (contract) changed.set(contract.id, afterPaid(changed.get(contract.id) ?? contract, refund, at))
    await updateRefunds(tx, paid.map(({ refund, reference }) => ({ ...refund, status: 'paid', paidAt: at, channelReference: reference, lastError: null })))
    await contracts.save(tx, ...changed.values())
    await ledger.postAll(tx, paid.map(({ refund, reference }) => refundConfirmed(refund, reference, at)))
    await timetable.liftAll(tx, [askDeadline, retryDeadline], ids)
  }

  const markFailed = async (tx: Tx, failed: readonly Readonly<{ refund: RefundRecord; reason: string }>[], at: Date): Promise<void> => {
    await updateRefunds(tx, failed.map(({ refund, reason }) => ({ ...refund, status: 'failed', lastError: reason })))
    await ledger.postAll(tx, failed.map(({ refund, reason }) => refundFailed(refund, reason, at)))
    await timetable.liftAll(tx, [askDeadline], failed.map(({ refund: { id } }) => id))
    for (const { refund: { id, attempts } } of failed) await timetable.set(tx, retryDeadline, id, retryAt(attempts, at))
  }

  /** Records what the channel said of attempts. After a final word, or of another attempt, nothing changes. */
  const record = async (tx: Tx, answered: readonly Answered[], at: Date): Promise<void> => {
    const byId = new Map(answered.map((one) => [one.id, one]))
    const heardOf = (await lockAll(tx, [...byId.keys()])).flatMap(({ refund, contract }) => {
      const { attempt, answer } = byId.get(refund.id) ?? {}
      return answer !== undefined && isUnderWay(refund) && refund.attempts === attempt ? [{ refund, contract, ...answer }] : []
    })
    const of = (outcome: Answer['outcome']) => heardOf.filter((one) => one.outcome === outcome)
    await markPaid(tx, of('done').map((one) => ({ ...one, reference: one.reference ?? one.refund.id })), at)
    await markFailed(tx, of('failed').map(({ refund, reason = 'failed' }) => ({ refund, reason })), at)
    await updateRefunds(tx, of('pending').map(({ refund, reference, reason = 'pending' }) =>
      ({ ...refund, channelReference: reference ?? refund.channelReference, lastError: reference === null ? reason : null })))
  }

  const send = async ({ id: key, paymentId: orderId, refundFen: amountFen, channel: name }: RefundRecord, isRepeat: boolean): Promise<Answer> => {
    try {
      const channel = channelOf(channels, name)
      return (isRepeat ? await channel.queryRefund({ key, orderId }) : null) ?? await channel.refund({ key, orderId, amountFen })
    } catch (error) {
      return unknown(error)
    }
  }

  const deliver = async (office: number, ids: readonly RefundId[]): Promise<void> => {
    const answered = await inLanes(await begin(office, ids), lanes, async ({ refund, isRepeat }) =>
      ({ id: refund.id, attempt: refund.attempts, answer: await send(refund, isRepeat) }))
    if (answered.length > 0) await work.write(worker, office, (tx) => record(tx, answered, clock.now()))
  }

  outbox.on<{ refundIds: string[] }>(topic, async ({ office, payload }) => {
    const failed = new Map<string, unknown>()
    await togetherOrAlone(payload.refundIds.map((id) => RefundId.parse(id)), (ids) => deliver(office, ids), (id, error) => { failed.set(id, error) })
    if (failed.size > 0) throw allOf(failed)
  })

  timetable.on(askDeadline, async ({ office, subject, at, take }) => {
    const id = RefundId.parse(subject)
    const refund = await work.read(worker, office, (tx) => findRefund(tx, id))
    invariant(refund, `no refund ${id}`)
    const answer = isUnderWay(refund) ? await send(refund, true) : undefined
    await work.write(worker, office, async (tx) => {
      if (!(await take(tx)) || answer === undefined) return
      await timetable.set(tx, askDeadline, id, askAgainAt(refund.approvedAt ?? refund.createdAt, at))
      await record(tx, [{ id, attempt: refund.attempts, answer }], at)
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
      if (isUnderWay(refund)) return record(tx, [{ id, attempt: refund.attempts, answer: { outcome, reference, reason } }], now)
      if (outcome !== 'done') return
      if (refund.status === 'failed' && !refund.byBank) {
        await ledger.post(tx, refundSent(refund, now))
        return markPaid(tx, [{ ...locked, reference }], now)
      }
      if ((refund.status === 'paid' || refund.byBank) && refund.channelReference !== reference) {
        await updateRefund(tx, { ...refund, channelReference: reference })
        await ledger.post(tx, paidAgain(refund, reference, now))
      }
    })
  }

  /** Sends a refund by the channel again, after a bank transfer that came to nothing. */
  const resume = (tx: Tx, { id, attempts }: RefundRecord, at: Date): Promise<void> => timetable.set(tx, retryDeadline, id, retryAt(attempts, at))

  /** What goes back of a contract's price and has not been sent, in fen. */
  const unsentOf = async (tx: Tx, contractId: ContractId): Promise<Fen> => sum((await listUnsent(tx, [contractId])).map(({ refundFen }) => refundFen))

  /** Sends what waited for a court's hold. */
  const resumeHeld = async (tx: Tx, contractId: ContractId): Promise<void> => {
    for (const refund of await listUnsent(tx, [contractId])) if (isSendable(refund)) await order(tx, refund)
  }

  return { order, orderAll, heard, resume, checkFree, unsentOf, resumeHeld }
}

export type Sending = ReturnType<typeof createSending>
