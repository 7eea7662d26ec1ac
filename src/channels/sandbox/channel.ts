import { z } from 'zod'
import { worker, type Tx, type UnitOfWork } from '../../db/unit-of-work.js'
import { createBatcher } from '../../kernel/batcher.js'
import type { Clock } from '../../kernel/clock.js'
import { newId, officeOf, type Id } from '../../kernel/id.js'
import { sum, type Fen } from '../../kernel/money.js'
import { notFound, validationFailed } from '../../kernel/problems.js'
import type { Offices } from '../../offices/service.js'
import type { Outbox } from '../../outbox/service.js'
import type { Channel, Headers, RefundAnswer, RefundRequest } from '../channel.js'
import { Notification } from '../model.js'
import { channelSignatureInvalid } from '../problems.js'
import { isSigned, signatureHeader, signatureOf } from './signature.js'
import { closeOrder, findRefunds, insertOrder, insertRefunds, insertTransaction, listRefunds, listTransactions, lockOrder, lockOrders, sumUnrefunded, type RefundRow } from './store.js'

/*
 * A payment provider for trying things out. It keeps its own memory, signs what it says, says it
 * again until it is heard, and settles every payment and refund at once with the sandbox bank.
 */

/** What the sandbox bank enters in its own book of a special account. */
export type BankEntry = Readonly<{
  accountNumber: string
  reference: string
  side: 'CRDT' | 'DBIT'
  amountFen: Fen
  counterparty: string
  remittance: string
  at: Date
}>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  outbox: Outbox
  offices: Offices
  /** signs the notifications */
  key: Buffer
  /** the sandbox bank: money that arrives on, or leaves, the special account */
  enterInBank: (tx: Tx, entry: BankEntry) => Promise<void>
}>

export type Attempt = Readonly<{
  orderId: Id<'pay'>
  outcome: 'success' | 'failure'
  /** other than the order's amount, where a payer pays something else */
  amountFen?: Fen | undefined
  /** how often the notification is sent */
  repeat: number
}>

type Settled = Readonly<{ accountNumber: string; reference: string; grossFen: Fen; transactionIds: string[]; remittance: string; at: Date }>
type Delivered = Readonly<{ body: string; repeat: number }>

export const notificationTopic = 'sandbox-notification'
export const counterparty = '沙箱支付渠道'
/** Refunds that are asked for at the same time are settled together, as providers do. */
const refundsMax = 50

export const createSandboxChannel = ({ work, clock, outbox, offices, key, enterInBank }: Dependencies) => {
  /** The notification's exact body and the headers that sign it. */
  const sign = (notification: Notification): Readonly<{ body: string; headers: Headers }> => {
    const body = JSON.stringify(z.encode(Notification, notification))
    return { body, headers: { [signatureHeader]: signatureOf(key, Buffer.from(body)) } }
  }

  const notify = (tx: Tx, notification: Notification, notificationKey: string, repeat = 1): Promise<void> => {
    const payload: Delivered = { body: sign(notification).body, repeat }
    return outbox.send(tx, { topic: notificationTopic, key: notificationKey, payload })
  }

  /** Settles a payment, or refunds, with the bank, and says so. */
  const settle = async (tx: Tx, { accountNumber, reference, grossFen, transactionIds, remittance, at }: Settled): Promise<void> => {
    // Banks keep 35 characters of a reference.
    const settlementId = `set-${reference}`
    await enterInBank(tx, {
      accountNumber, reference: settlementId, side: grossFen < 0n ? 'DBIT' : 'CRDT',
      amountFen: grossFen < 0n ? -grossFen : grossFen, counterparty, remittance, at
    })
    await notify(tx, { kind: 'settlement', settlementId, office: tx.office, grossFen, feeFen: 0n, valueDate: at, transactionIds }, settlementId)
  }

  const open: Channel['open'] = async ({ orderId, amountFen }) => {
    await work.write(worker, officeOf(orderId), (tx) => insertOrder(tx, { id: orderId, amountFen, openedAt: clock.now() }))
    return { type: 'sandbox', url: `/v1/sandbox/payments/${orderId}/pay` }
  }

  const close: Channel['close'] = (orderId) =>
    work.write(worker, officeOf(orderId), (tx) => closeOrder(tx, orderId, clock.now()))

  const verify: Channel['verify'] = (rawBody, headers) => {
    if (!isSigned(key, rawBody, headers)) throw channelSignatureInvalid({})
    try {
      return z.decode(Notification, JSON.parse(rawBody.toString()))
    } catch {
      throw validationFailed({ errors: [{ path: '', message: { zh: '不是本渠道的通知', en: 'is not a notification of this channel' } }] })
    }
  }

  const answerOf = ({ reference }: RefundRow): RefundAnswer => ({ outcome: 'done', reference })

  /** Makes refunds that are not made yet, and settles them together. */
  const refundTogether = (office: number, requests: readonly RefundRequest[]): Promise<RefundAnswer[]> => work.write(worker, office, async (tx) => {
    const orderIds = requests.map(({ orderId }) => orderId)
    const orders = new Set((await lockOrders(tx, orderIds)).map(({ id }) => id))
    const made = new Map((await findRefunds(tx, requests.map((request) => request.key))).map((row) => [row.key, row]))
    const left = await sumUnrefunded(tx, orderIds)
    const at = clock.now()
    const rows: RefundRow[] = []
    const answers = requests.map(({ key: refundKey, orderId, amountFen }): RefundAnswer => {
      if (!orders.has(orderId)) return { outcome: 'failed', reference: refundKey, reason: 'the channel has no such order' }
      const known = made.get(refundKey)
      if (known) return answerOf(known)
      const unrefundedFen = left.get(orderId) ?? 0n
      if (unrefundedFen < amountFen) return { outcome: 'failed', reference: refundKey, reason: 'more than was paid on the order' }
      const row: RefundRow = { key: refundKey, orderId, amountFen, reference: newId('sbr', office), madeAt: at }
      left.set(orderId, unrefundedFen - amountFen)
      made.set(refundKey, row)
      rows.push(row)
      return answerOf(row)
    })
    const [first] = rows
    if (!first) return answers
    await insertRefunds(tx, rows)
    await settle(tx, {
      accountNumber: (await offices.byNumber(office)).accountNumber, reference: first.reference, grossFen: -sum(rows.map((row) => row.amountFen)), transactionIds: [],
      remittance: rows.length === 1 ? `退款 ${first.orderId}` : `退款 ${rows.length} 笔`, at
    })
    return answers
  })

  const refundsOf = new Map<number, ReturnType<typeof createBatcher<RefundRequest, RefundAnswer>>>()

  const refund: Channel['refund'] = (request) => {
    const office = officeOf(request.orderId)
    const together = refundsOf.get(office) ?? createBatcher<RefundRequest, RefundAnswer>({
      batchMax: refundsMax, run: async (requests) => (await refundTogether(office, requests)).map((answer) => ({ answer }))
    })
    refundsOf.set(office, together)
    return together.submit(request)
  }

  const queryRefund: Channel['queryRefund'] = async ({ key: refundKey, orderId }) => {
    const [made] = await work.read(worker, officeOf(orderId), (tx) => findRefunds(tx, [refundKey]))
    return made ? answerOf(made) : null
  }

  /**
   * A payer finishes an attempt at an order, whatever its state: closed orders can still be paid
   * here, because payers are sometimes faster than the word that an order was closed.
   * @returns the channel's number of the attempt
   * @throws not_found (404) for an order this channel never opened
   */
  const attempt = async ({ orderId, outcome, amountFen, repeat }: Attempt): Promise<string> => {
    const office = (await offices.list()).find(({ number }) => number === officeOf(orderId))
    if (!office) throw notFound({})
    return work.write(worker, office.number, async (tx) => {
      const order = await lockOrder(tx, orderId)
      if (!order) throw notFound({})
      const at = clock.now()
      const paid = { id: newId('sbt', tx.office), orderId, amountFen: amountFen ?? order.amountFen, paidAt: at }
      await notify(tx, { kind: 'payment', orderId, transactionId: paid.id, outcome, amountFen: paid.amountFen, paidAt: at }, paid.id, repeat)
      if (outcome === 'success') {
        await insertTransaction(tx, paid)
        await settle(tx, { accountNumber: office.accountNumber, reference: paid.id, grossFen: paid.amountFen, transactionIds: [paid.id], remittance: `支付 ${orderId}`, at })
      }
      return paid.id
    })
  }

  /** What was paid and refunded of an office's orders within a time. */
  const movedWithin = (office: number, from: Date, until: Date) => work.read(worker, office, async (tx) => ({
    payments: (await listTransactions(tx, from, until)).filter(({ orderId }) => officeOf(orderId) === office)
      .map(({ id: reference, orderId, amountFen, paidAt: at }) => ({ reference, orderId, amountFen, at })),
    refunds: (await listRefunds(tx, from, until)).filter(({ orderId }) => officeOf(orderId) === office)
      .map(({ key: refundKey, reference, orderId, amountFen, madeAt: at }) => ({ key: refundKey, reference, orderId, amountFen, at }))
  }))

  /** Delivers its notifications; `receive` is what stands behind the HTTP endpoint. */
  const deliverTo = (receive: (rawBody: Buffer, headers: Headers) => Promise<unknown>): void => {
    outbox.on<Delivered>(notificationTopic, async ({ payload: { body, repeat } }) => {
      const rawBody = Buffer.from(body)
      const headers = { [signatureHeader]: signatureOf(key, rawBody) }
      for (let sent = 0; sent < repeat; sent++) await receive(rawBody, headers)
    })
  }

  return { open, close, verify, refund, queryRefund, attempt, movedWithin, deliverTo } satisfies Channel & Record<string, unknown>
}

export type SandboxChannel = ReturnType<typeof createSandboxChannel>
