import { capabilitiesOf, channelOf, type Channel, type Channels, type Headers } from '../channels/channel.js'
import type { ChannelName, PaymentNotification, RefundNotification, SettlementNotification } from '../channels/model.js'
import { ContractId, ContractView, type Contract } from '../contracts/model.js'
import { awaitedDeadline, awaitedMs, expiryDeadline, type Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import { togetherOrAlone } from '../kernel/batch.js'
import { createBatcher, type Outcome } from '../kernel/batcher.js'
import { after, type BusinessDate, dateOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { Fen } from '../kernel/money.js'
import { notFound } from '../kernel/problems.js'
import type { Journal, OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Merchants } from '../merchants/service.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import { merchantNotActive } from '../products/problems.js'
import type { Timetable } from '../timetable/service.js'
import { Payment, type Acknowledgement, type NewPayment, type PaymentId, type Receipt, type StrayReason } from './model.js'
import { channelSettled, paymentReceived, receiptDeposited, receiptSentBack, strayReceived, type Source } from './postings.js'
import { cancelled, checkPayable, checkRefusable, isAwaited, isPayable, judge, paidAtOf, statusAfterFailure, statusAfterSuccess, type Judgement } from './rules.js'
import { findPayment, findPayments, findReceipt, insertPayment, insertReceipts, insertRefusal, insertSettledTransactions, insertSettlement, listSettlements, listDepositReceipts, listPaymentsOf, listReceived, listSettledDeposits, lockPayment, lockPayments, lockPaymentsOf, markPaid, updatePaymentAction, updatePaymentStatus, type PaymentRow } from './store.js'

/*
 * What happens to money beyond this feature is handed in by the composition root: refunds and
 * releases by time are built on deposits, not the other way round.
 */

/** Makes the refund by which money that never was the price goes back to its payer, by itself; the caller books the money. @returns the refund's id */
export type ReturnStray = (tx: Tx, stray: Readonly<{ contract: Contract; paymentId: PaymentId; channel: ChannelName; amountFen: Fen; at: Date }>) => Promise<Id<'ref'>>

/** Freezes a contract, takes all that is held out of it, saves it, and sends the whole back. */
export type RefundWhole = (tx: Tx, contract: Contract, approvedBy: Id<'per'>, at: Date) => Promise<unknown>

/** Called in the transaction in which contracts become active. */
export type BeginTerms = (tx: Tx, contracts: readonly Contract[], today: BusinessDate) => Promise<void>

/** What a channel says, later, of a refund it was asked for. */
export type RefundAnswered = (notification: RefundNotification) => Promise<void>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Contracts
  merchants: Merchants
  offices: Offices
  ledger: Ledger
  evidence: Evidence
  timetable: Timetable
  outbox: Outbox
  channels: Channels
  returnStray: ReturnStray
  refundWhole: RefundWhole
  refundAnswered: RefundAnswered
  beginTerms: BeginTerms
  /** a correctly signed notification of an order that is not ours */
  onUnknownOrder: (channel: ChannelName, orderId: string) => void
}>

/** A receipt in suspense, as two people have explained it. */
export type ResolvedReceipt = Readonly<{
  contractId: ContractId
  purpose: 'deposit' | 'stray'
  amountFen: Fen
  paidAt: Date
  /** the account it lies on */
  suspense: OwnAccount
  /** the suspense item: it becomes one receipt */
  reference: string
}>

/** Why a receipt is not what it was taken for. */
export type ReceiptObstacle = StrayReason | 'no_order' | 'is_the_price'

type Office = Awaited<ReturnType<Offices['byNumber']>>
type Booked = Readonly<{ judgement: Judgement; before: Contract; receipt: Receipt; source: Source }>
/** The price of a contract that is in: the contract with it, and what is booked of it. */
type Deposited = Readonly<{ contract: Contract; receipt: Receipt; journal: Journal }>
type CloseOrder = Readonly<{ channel: ChannelName; orderId: PaymentId }>

const closeOrderTopic = 'close-order'
const creditBatch = 100
/** Payments that are told of at the same time are booked together; two such bookings wait for one another only at the channel's account, near their end. */
const togetherLimits = { batchMax: 128, lanes: 2 }

const viewOf = ({ officeId: _, endedAt: __, ...payment }: PaymentRow): Payment => payment

export const createDeposits = ({
  work, clock, contracts, merchants, offices, ledger, evidence, timetable, outbox, channels,
  returnStray, refundWhole, refundAnswered, beginTerms, onUnknownOrder
}: Dependencies) => {
  outbox.on<CloseOrder>(closeOrderTopic, ({ payload: { channel, orderId } }) => channelOf(channels, channel).close(orderId))

  /** Closes a contract's orders, here and at their channels. A success that comes all the same is stray. */
  const closeOrders = async (tx: Tx, contractId: ContractId, at: Date): Promise<void> => {
    for (const { id, channel } of (await lockPaymentsOf(tx, contractId)).filter(isPayable)) {
      await updatePaymentStatus(tx, id, 'closed', at)
      const payload: CloseOrder = { channel, orderId: id }
      await outbox.send(tx, { topic: closeOrderTopic, key: id, payload })
    }
  }

  /**
   * Calls a contract off that waits for signature or payment. For the consumer, the clock, and a
   * merchant that closes; the caller holds the contract's lock.
   * @throws wrong_state (409)
   */
  const cancelAwaited = async (tx: Tx, before: Contract, because: 'consumer' | 'time' | 'closure', at: Date): Promise<Contract> => {
    const contract = cancelled(before, at)
    await contracts.save(tx, contract)
    await closeOrders(tx, contract.id, at)
    await timetable.lift(tx, awaitedDeadline, contract.id)
    await evidence.appendFact(tx, {
      fact: 'contract-cancelled', subject: contract.id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: at,
      payload: { because, from: before.status }
    })
    return contract
  }

  /** The consumer calls the contract off before it is paid. @throws not_found (404), wrong_state (409) */
  const cancel = (caller: Caller, id: ContractId): Promise<ContractView> =>
    work.write(actorOf(caller), officeOf(id), async (tx) =>
      contracts.view(tx, await cancelAwaited(tx, await contracts.lock(tx, id), 'consumer', clock.now())))

  timetable.on(awaitedDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const contract = await contracts.lock(tx, ContractId.parse(subject))
    if (!(await take(tx)) || !isAwaited(contract)) return
    await cancelAwaited(tx, contract, 'time', at)
  }))

  /** Opens an order at its channel, once; whoever asks again is told what the channel answered. */
  const opened = async (caller: Caller, payment: Payment): Promise<Payment> => {
    const office = officeOf(payment.id)
    // Whoever repeats the key of an order may have handed the contract over since, and sees it no more.
    const row = await work.read(worker, office, (tx) => findPayment(tx, payment.id))
    invariant(row, `payment ${payment.id} is missing`)
    if (row.action !== null || !isPayable(row)) return { ...payment, action: row.action }
    const action = await channelOf(channels, payment.channel).open({
      orderId: payment.id, amountFen: payment.amountFen, subject: payment.contractId, expiresAt: after(payment.createdAt, awaitedMs)
    })
    await work.write(actorOf(caller), office, (tx) => updatePaymentAction(tx, payment.id, action))
    return { ...payment, action }
  }

  /**
   * Makes an order for the price of a signed contract. Older orders are closed. The order is opened
   * at the channel after it is committed, so that no money can be paid on one nobody knows.
   * @throws not_found (404), wrong_state (409), channel_unavailable, merchant_not_active (422)
   */
  const order = async (command: Command, contractId: ContractId, { channel }: NewPayment): Promise<Payment> => {
    const payment = await work.writeOnce(command, officeOf(contractId), Payment, async (tx) => {
      const contract = await contracts.lock(tx, contractId)
      checkPayable(contract)
      channelOf(channels, channel)
      const { status: merchantStatus } = await merchants.find(tx, contract.merchantId)
      if (merchantStatus !== 'active') throw merchantNotActive({ merchantStatus })
      const now = clock.now()
      await closeOrders(tx, contractId, now)
      const row: PaymentRow = {
        officeId: tx.office, id: newId('pay', tx.office), contractId, channel, amountFen: contract.priceFen, action: null,
        status: 'pending', createdAt: now, endedAt: null
      }
      await insertPayment(tx, row)
      return viewOf(row)
    })
    return opened(command.caller, payment)
  }

  /** The orders of a contract, newest first. @throws not_found (404) */
  const ordersOf = (caller: Caller, contractId: ContractId): Promise<{ items: Payment[]; nextCursor: null }> =>
    work.read(actorOf(caller), officeOf(contractId), async (tx) => {
      await contracts.find(tx, contractId)
      return { items: (await listPaymentsOf(tx, contractId)).map(viewOf), nextCursor: null }
    })

  /** @throws not_found (404) for an office that is not of this deployment */
  const officeOfNumber = async (number: number): Promise<Office> => {
    const office = await offices.findByNumber(number)
    if (!office) throw notFound({})
    return office
  }

  /** The order a notification is about. @throws not_found (404), so that the channel tells it again */
  const orderOf = async (tx: Tx, channel: ChannelName, orderId: PaymentId): Promise<PaymentRow> => {
    const payment = await findPayment(tx, orderId)
    if (payment?.channel === channel) return payment
    onUnknownOrder(channel, orderId)
    throw notFound({})
  }

  /** Books deposits that were received at one time, each of a contract of its own. */
  const bookDeposits = async (tx: Tx, deposited: readonly Deposited[], receivedAt: Date): Promise<void> => {
    const paid = deposited.map(({ contract }) => contract)
    await insertReceipts(tx, deposited.map(({ receipt }) => receipt))
    await contracts.save(tx, ...paid)
    await ledger.postAll(tx, deposited.map(({ journal }) => journal))
    await timetable.liftAll(tx, [awaitedDeadline], paid.map(({ id }) => id))
    await timetable.setEach(tx, expiryDeadline, paid.flatMap(({ id, kind, expiresAt }) => (kind === 'period' || expiresAt === null ? [] : [{ subject: id, dueAt: expiresAt }])))
    await beginTerms(tx, paid, dateOf(receivedAt))
  }

  const book = async (tx: Tx, { judgement, before, receipt, source }: Booked): Promise<void> => {
    if (judgement.purpose === 'deposit') {
      const { contract } = judgement
      return bookDeposits(tx, [{ contract, receipt, journal: paymentReceived(contract, receipt, source) }], receipt.receivedAt)
    }
    await insertReceipts(tx, [receipt])
    const { paymentId, channel, amountFen, receivedAt: at } = receipt
    const refundId = await returnStray(tx, { contract: before, paymentId, channel, amountFen, at })
    await ledger.post(tx, strayReceived(before, receipt, source, refundId))
  }

  /** A payer's attempt succeeded: the money is a deposit or stray, and is booked once for its transaction. */
  const bookSuccess = async (tx: Tx, channel: ChannelName, { accountNumber }: Office, { orderId, transactionId, amountFen, paidAt: toldAt }: PaymentNotification): Promise<void> => {
    const { contractId } = await orderOf(tx, channel, orderId)
    const before = await contracts.lock(tx, contractId)
    const payment = await lockPayment(tx, orderId)
    invariant(payment, 'an order is never deleted')
    if (await findReceipt(tx, channel, transactionId)) return

    const now = clock.now()
    const paidAt = paidAtOf(toldAt, payment.createdAt, now)
    const isCredited = capabilitiesOf[channel].creditsBankDirectly
    const { status: merchantStatus } = await merchants.lock(tx, before.merchantId)
    const judgement = judge({
      contract: before, payment, merchantStatus, offer: await contracts.offerOf(tx, contractId), amountFen, paidAt, isCredited
    })
    const receipt: Receipt = {
      id: newId('rcp', tx.office), channel, transactionId, paymentId: orderId, amountFen, purpose: judgement.purpose,
      reason: judgement.purpose === 'stray' ? judgement.reason : null, paidAt, receivedAt: now
    }
    await book(tx, { judgement, before, receipt, source: { channel, isCredited, accountNumber } })
    await updatePaymentStatus(tx, orderId, statusAfterSuccess(payment.status, judgement), now)
  }

  /**
   * Books as many of a channel's payments at once as are, each, the deposit of a contract of its own;
   * one that was booked before is done.
   * @returns the others: whatever they are, they are booked one by one
   */
  const bookTogether = async (tx: Tx, channel: ChannelName, { accountNumber }: Office, told: readonly PaymentNotification[]): Promise<PaymentNotification[]> => {
    const orders = new Map((await findPayments(tx, told.map(({ orderId }) => orderId))).map((order) => [order.id, order]))
    const alone: PaymentNotification[] = []
    const together = new Map<ContractId, PaymentNotification>()
    for (const one of told) {
      const order = orders.get(one.orderId)
      if (order?.channel !== channel || together.has(order.contractId)) alone.push(one)
      else together.set(order.contractId, one)
    }
    if (together.size === 0) return alone

    const locked = await contracts.lockMany(tx, [...together.keys()])
    const payments = new Map((await lockPayments(tx, [...together.values()].map(({ orderId }) => orderId))).map((payment) => [payment.id, payment]))
    // An order that is still pending, and locked, has had no payment booked.
    const received = await listReceived(tx, channel, told.filter(({ orderId }) => payments.get(orderId)?.status !== 'pending').map(({ transactionId }) => transactionId))
    const statuses = await merchants.holdMany(tx, [...new Set([...locked.values()].map(({ merchantId }) => merchantId))])
    const offers = await contracts.offersOf(tx, [...together.keys()])
    const now = clock.now()
    const isCredited = capabilitiesOf[channel].creditsBankDirectly
    const deposited: Deposited[] = []
    for (const [contractId, one] of [...together].filter(([, { transactionId }]) => !received.has(transactionId))) {
      const [before, payment, offer] = [locked.get(contractId), payments.get(one.orderId), offers.get(contractId)]
      const merchant = before && statuses.get(before.merchantId)
      invariant(before && payment && offer && merchant, `what the order ${one.orderId} is about is missing`)
      const paidAt = paidAtOf(one.paidAt, payment.createdAt, now)
      const judgement = judge({ contract: before, payment, merchantStatus: merchant.status, offer, amountFen: one.amountFen, paidAt, isCredited })
      if (judgement.purpose === 'stray') {
        alone.push(one)
        continue
      }
      const receipt: Receipt = { id: newId('rcp', tx.office), channel, transactionId: one.transactionId, paymentId: payment.id, amountFen: one.amountFen, purpose: 'deposit', reason: null, paidAt, receivedAt: now }
      deposited.push({ contract: judgement.contract, receipt, journal: paymentReceived(judgement.contract, receipt, { channel, isCredited, accountNumber }) })
    }
    if (deposited.length > 0) {
      await bookDeposits(tx, deposited, now)
      await markPaid(tx, deposited.map(({ receipt }) => receipt.paymentId), now)
    }
    return alone
  }

  /** Books what a channel told of at the same time; one that cannot be booked never fails the others. */
  const bookSuccesses = async (channel: ChannelName, office: Office, told: readonly PaymentNotification[]): Promise<Outcome<undefined>[]> => {
    const failed = new Map<PaymentNotification, unknown>()
    await togetherOrAlone(told, async (some) => {
      const alone = await work.write(worker, office.number, (tx) => bookTogether(tx, channel, office, some))
      for (const one of alone) await work.write(worker, office.number, (tx) => bookSuccess(tx, channel, office, one))
    }, (one, error) => { failed.set(one, error) })
    await creditDeposits(office.number, channel, told.filter((one) => !failed.has(one)).map(({ transactionId }) => transactionId))
    return told.map((one) => (failed.has(one) ? { refusal: failed.get(one) } : { answer: undefined }))
  }

  const successes = new Map<string, ReturnType<typeof createBatcher<PaymentNotification, undefined>>>()

  const bookedWithOthers = async (channel: ChannelName, office: Office, notification: PaymentNotification): Promise<void> => {
    const key = `${channel} ${office.number}`
    const together = successes.get(key) ?? createBatcher<PaymentNotification, undefined>({ ...togetherLimits, run: (told) => bookSuccesses(channel, office, told) })
    successes.set(key, together)
    await together.submit(notification)
  }

  const bookFailure = async (tx: Tx, channel: ChannelName, { orderId }: PaymentNotification): Promise<void> => {
    await orderOf(tx, channel, orderId)
    const payment = await lockPayment(tx, orderId)
    invariant(payment, 'an order is never deleted')
    const status = statusAfterFailure(payment.status)
    if (status !== payment.status) await updatePaymentStatus(tx, orderId, status, clock.now())
  }

  /** Notes on contracts that their deposit is credited to the special account, as of the bank's value date. */
  const noteCredited = async (tx: Tx, deposits: Awaited<ReturnType<typeof listSettledDeposits>>): Promise<void> => {
    const locked = await contracts.lockMany(tx, deposits.map(({ contractId }) => contractId))
    for (const { contractId, paymentId, amountFen, valueDate } of deposits) {
      const contract = locked.get(contractId)
      if (!contract || contract.depositedAt !== null) continue
      await contracts.save(tx, { ...contract, depositedAt: valueDate })
      await evidence.appendFact(tx, {
        fact: 'deposit-credited', subject: contractId, contractId, merchantId: contract.merchantId, occurredAt: valueDate, payload: { paymentId, amountFen, valueDate }
      })
    }
  }

  /**
   * Joins payments and settlements of a channel's transactions. Both sides call it after their own
   * commit, so whichever was told later finds the other; a repeat finds nothing to do.
   */
  const creditDeposits = async (office: number, channel: ChannelName, transactionIds: readonly string[]): Promise<void> => {
    for (let from = 0; from < transactionIds.length; from += creditBatch) {
      const batch = transactionIds.slice(from, from + creditBatch)
      const settled = await work.read(worker, office, (tx) => listSettledDeposits(tx, channel, batch))
      if (settled.length > 0) await work.write(worker, office, (tx) => noteCredited(tx, settled))
    }
  }

  const receivePayment = async (channel: ChannelName, notification: PaymentNotification): Promise<void> => {
    const office = await officeOfNumber(officeOf(notification.orderId))
    if (notification.outcome === 'failure') return work.write(worker, office.number, (tx) => bookFailure(tx, channel, notification))
    await bookedWithOthers(channel, office, notification)
  }

  /**
   * A receipt in suspense that two people have found to be about a contract: its deposit, only under
   * the guards of any payment, or money that goes back to the payer. Runs as the worker.
   * @returns why it is not what they took it for, with nothing changed; undefined once it is booked
   */
  const resolveReceipt = async (tx: Tx, { contractId, purpose, amountFen, paidAt: toldAt, suspense, reference }: ResolvedReceipt): Promise<ReceiptObstacle | undefined> => {
    const before = await contracts.lock(tx, contractId)
    const payment = (await lockPaymentsOf(tx, contractId)).at(-1)
    if (!payment) return 'no_order'
    const now = clock.now()
    const paidAt = paidAtOf(toldAt, payment.createdAt, now)
    const { status: merchantStatus } = await merchants.lock(tx, before.merchantId)
    const judgement = judge({ contract: before, payment, merchantStatus, offer: await contracts.offerOf(tx, contractId), amountFen, paidAt, isCredited: true })
    if (judgement.purpose !== purpose) return judgement.purpose === 'deposit' ? 'is_the_price' : judgement.reason

    const receipt: Receipt = {
      id: newId('rcp', tx.office), channel: 'bank_transfer', transactionId: reference, paymentId: payment.id, amountFen, purpose,
      reason: judgement.purpose === 'stray' ? judgement.reason : null, paidAt, receivedAt: now
    }
    if (judgement.purpose === 'deposit') {
      const { contract } = judgement
      await bookDeposits(tx, [{ contract, receipt, journal: receiptDeposited(contract, receipt, suspense) }], now)
    } else {
      await insertReceipts(tx, [receipt])
      const refundId = await returnStray(tx, { contract: before, paymentId: payment.id, channel: 'bank_transfer', amountFen, at: now })
      await ledger.post(tx, receiptSentBack(before, receipt, suspense, refundId))
    }
    await updatePaymentStatus(tx, payment.id, statusAfterSuccess(payment.status, judgement), now)
    return undefined
  }

  /** The channel paid out to the special account: booked once, and the deposits in it are credited. */
  const receiveSettlement = async (channel: ChannelName, notification: SettlementNotification): Promise<void> => {
    const { number, accountNumber } = await officeOfNumber(notification.office)
    const { settlementId, grossFen, feeFen, valueDate, transactionIds } = notification
    await work.write(worker, number, async (tx) => {
      const id = newId('chs', tx.office)
      if (!(await insertSettlement(tx, { officeId: tx.office, id, channel, settlementId, grossFen, feeFen, valueDate }))) return
      await insertSettledTransactions(tx, channel, id, valueDate, transactionIds)
      await ledger.post(tx, channelSettled({ id, channel, accountNumber, notification }))
    })
    await creditDeposits(number, channel, transactionIds)
  }

  /**
   * What a channel tells the service, in its own signed form. Any order and any number of repeats
   * come to the same; what is not acknowledged the channel tells again.
   * @throws not_found (404) for a channel that is not configured and an order that is not known,
   * channel_signature_invalid (401), validation_failed (422)
   */
  const receive = async (channel: ChannelName, rawBody: Buffer, headers: Headers): Promise<Acknowledgement> => {
    const port: Channel | undefined = channels[channel]
    if (!port) throw notFound({})
    const notification = port.verify(rawBody, headers)
    switch (notification.kind) {
      case 'payment': await receivePayment(channel, notification); break
      case 'settlement': await receiveSettlement(channel, notification); break
      case 'refund': await refundAnswered(notification); break
    }
    return { code: 'SUCCESS' }
  }

  /** The orders that paid contracts, and their channels: where the price goes back. For contracts that were paid. */
  const paidOrdersOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<Map<ContractId, Pick<Receipt, 'paymentId' | 'channel'>>> => {
    const orders = new Map((await listDepositReceipts(tx, contractIds)).map(({ contractId, ...order }) => [contractId, order]))
    for (const id of contractIds) invariant(orders.has(id), `contract ${id} has no deposit`)
    return orders
  }

  /** An order by its id. @throws not_found (404) */
  const findOrder = async (tx: Tx, id: PaymentId): Promise<Payment> => {
    const payment = await findPayment(tx, id)
    if (!payment) throw notFound({})
    return viewOf(payment)
  }

  /**
   * The notary refuses a deposit: the contract is frozen and the whole goes back.
   * @throws not_found (404), wrong_state (409), refusal_too_late, deposit_in_use (422)
   */
  const refuse = (command: Command, id: ContractId, reason: string): Promise<ContractView> =>
    work.writeOnce(command, officeOf(id), ContractView, async (tx) => {
      const before = await contracts.lock(tx, id)
      const now = clock.now()
      checkRefusable(before, now)
      const paymentId = (await paidOrdersOf(tx, [id])).get(id)?.paymentId
      await evidence.appendFact(tx, {
        fact: 'deposit-refused', subject: id, contractId: id, merchantId: before.merchantId, occurredAt: now,
        payload: { paymentId, heldFen: before.heldFen }
      })
      await insertRefusal(tx, { officeId: tx.office, contractId: id, reason, refusedBy: command.caller.personId, refusedAt: now })
      await refundWhole(tx, before, command.caller.personId, now)
      return contracts.view(tx, await contracts.find(tx, id))
    })

  return { cancel, cancelAwaited, order, ordersOf, receive, paidOrdersOf, findOrder, findReceipt, refuse, resolveReceipt, listSettlements }
}

export type Deposits = ReturnType<typeof createDeposits>
