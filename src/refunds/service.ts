import type { ChannelName } from '../channels/model.js'
import type { Contract, ContractId, FreezeReason } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Fact } from '../evidence/model.js'
import { after, dayMs } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { least } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import type { Language } from '../kernel/problem.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { WorkingDays } from '../offices/working-days.js'
import type { Closings } from '../redemptions/closings.js'
import { contestedDeadline, remainderDeadline } from '../redemptions/model.js'
import type { Timetable } from '../timetable/service.js'
import {
  Refund, RefundId,
  type Division, type QuoteId, type QuoteRecord, type RefundDetail, type RefundFilter, type RefundReason, type RefundRecord, type RequestedEnd
} from './model.js'
import { contestedSettled, refundApproved, refundPayable, remainderReturned } from './postings.js'
import { quoteStale } from './problems.js'
import type { Asked, Assessed, Quotes } from './quotes.js'
import {
  afterPaid, afterSettled, checkAnswerable, checkApprovable, checkNotFrozen, checkQuote, consented, declined, divide, endedUnclaimed, isMoved, isUnapproved, needsConsent, otherSide,
  rejected, remainderOf, settleContested, silenceOf, withoutRemainder
} from './rules.js'
import type { Sending } from './sending.js'
import { findExecutedRefund, findQuote, findRefund, hasRefundUnderWay, insertRefunds, listRefunds, lockOpenRefund, lockOpenRefunds, lockRefund, reduceRefund, updateRefund, updateRefunds } from './store.js'
import { quoteView, refundView } from './views.js'

/** The order that paid a contract, and its channel: where its price goes back. */
export type PaidOrder = Readonly<{ paymentId: Id<'pay'>; channel: ChannelName }>

/** Money that a refund leaves frozen: held by the disputes, which are built on refunds. */
export type FrozenContested = Readonly<{
  openFrozenOf: (tx: Tx, contractId: ContractId) => Promise<bigint>
  freezeContested: (tx: Tx, contract: Contract, amountFen: bigint) => Promise<void>
  refreezeContested: (tx: Tx, contract: Contract, amountFen: bigint, at: Date) => Promise<void>
}>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'find' | 'lock' | 'save'>
  closings: Closings
  ledger: Ledger
  evidence: Evidence
  timetable: Timetable
  workingDays: WorkingDays
  quotes: Quotes
  sending: Sending
  frozen: FrozenContested
  /** The orders that paid contracts; every contract with money has one. */
  paidOrdersOf: (tx: Tx, contractIds: readonly ContractId[]) => Promise<ReadonlyMap<ContractId, PaidOrder>>
}>

const consentDeadline = 'refund-consent'

type Locked = Readonly<{ contract: Contract; refund: RefundRecord }>
type MerchantPart = 'pending' | 'payable'
/** A refund to be executed on a contract that is locked, and how it divides what is held. */
type Execution = Readonly<{ contract: Contract; refund: RefundRecord; division: Division }>
type Parts = Pick<Division, 'refundFen' | 'merchantFen' | 'contestedFen'>

const ownDeadlineDays = 15

/** One of nothing is paid at once. */
const isToSend = ({ status }: RefundRecord): boolean => status === 'approved'

/** Why a refund that was asked for gives way to the notary's own. */
const givesWay = {
  'deposit-refused': '公证处拒绝受理提存,全额退还 / the deposit was refused and goes back whole',
  closure: '商户已停止经营,由公证处统一退费 / the merchant has stopped, and the notary office refunds every contract'
}

export const createRefunds = ({ work, clock, contracts, closings, ledger, evidence, timetable, workingDays, quotes, sending, frozen, paidOrdersOf }: Dependencies) => {
  const append = (tx: Tx, fact: Fact, { id, contractId, merchantId }: RefundRecord, at: Date, payload: Readonly<Record<string, unknown>> = {}): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, contractId, merchantId, occurredAt: at, payload })

  /** Locks a refund's contract, then the refund. @throws not_found (404) */
  const lock = async (tx: Tx, id: RefundId): Promise<Locked> => {
    const found = await findRefund(tx, id)
    if (!found) throw notFound({})
    const contract = await contracts.lock(tx, found.contractId)
    const refund = await lockRefund(tx, id)
    invariant(refund, 'a refund is never deleted')
    return { contract, refund }
  }

  /** By when a refund must be paid: 5 working days after a cooling-off request, 15 after any other. @throws holidays_unknown (503) */
  const deadlineOf = async (tx: Tx, reason: RefundReason, from: Date): Promise<Date> => {
    const { coolingOffWorkingDays, otherWorkingDays } = await quotes.policyOf(tx, from)
    return workingDays.endOf(tx, from, reason === 'cooling_off' ? coolingOffWorkingDays : otherWorkingDays)
  }

  const nothingYet = {
    note: null, consentBy: null, consumerAgreed: false, approvedBy: null, approvedAt: null, attempts: 0, lastError: null, channelReference: null,
    paidAt: null, byBank: false, accountSealed: null
  }

  /** Of the service's own refunds: nothing that comes in may be refused because a year's holidays are not known, so these are calendar days. */
  const ownDeadline = (at: Date): Date => after(at, ownDeadlineDays * dayMs)

  const refundOf = (contract: Contract, order: PaidOrder | undefined, reason: RefundReason, { refundFen, merchantFen, contestedFen }: Parts, at: Date, deadlineAt = ownDeadline(at)): RefundRecord => {
    invariant(order, `no order paid contract ${contract.id}`)
    return {
      ...nothingYet, ...order, id: newId('ref', officeOf(contract.id)), purpose: 'principal', contractId: contract.id, merchantId: contract.merchantId,
      reason, status: 'approved', quoteId: null, refundFen, merchantFen, contestedFen, requestedBy: null, requestedEnd: 'service', deadlineAt,
      createdAt: at, endsAt: at
    }
  }

  const newRefund = async (tx: Tx, contract: Contract, reason: RefundReason, parts: Parts, at: Date, deadlineAt?: Date): Promise<RefundRecord> =>
    refundOf(contract, (await paidOrdersOf(tx, [contract.id])).get(contract.id), reason, parts, at, deadlineAt)

  const askedOf = ({ reason, agreedFen, gifts }: Pick<QuoteRecord, 'reason' | 'agreedFen' | 'gifts'>, endsAt: Date): Asked =>
    ({ reason, agreedFen: agreedFen ?? undefined, gifts: gifts ?? undefined, endsAt })

  /** Whether the facts a refund was asked on have moved since. */
  const isStale = async (tx: Tx, contract: Contract, refund: RefundRecord): Promise<boolean> => {
    const quote = refund.quoteId && await findQuote(tx, refund.quoteId)
    invariant(quote, 'a requested refund has a quote')
    return isMoved(quote.division, (await quotes.assessNow(tx, contract, askedOf(quote, refund.endsAt))).division)
  }

  /** A newer request takes the place of one by the same side that went stale before anyone approved it. @throws wrong_state (409) */
  const makeRoom = async (tx: Tx, contract: Contract, requestedEnd: string, at: Date): Promise<void> => {
    const open = await lockOpenRefund(tx, contract.id)
    if (!open) return
    if (!isUnapproved(open) || open.requestedEnd !== requestedEnd || !(await isStale(tx, contract, open))) {
      throw wrongState({ state: `refund ${open.status}`, allowed: ['no open refund'] })
    }
    await updateRefund(tx, { ...open, status: 'rejected', note: 'replaced by a newer request, because the facts moved' })
    await timetable.lift(tx, consentDeadline, open.id)
    await append(tx, 'refund-rejected', open, at, { because: 'replaced' })
  }

  /** What would go back without the consumer's cause: a merchant who gives as much needs no consent. */
  const withoutCause = async (tx: Tx, contract: Contract, at: Date): Promise<bigint> =>
    (await quotes.assessNow(tx, contract, { reason: 'merchant_breach', endsAt: at })).division.refundFen

  /**
   * A side asks for the refund it was quoted.
   * @throws not_found (404), wrong_state, quote_stale (409), cooling_off_over, nothing_held (422), holidays_unknown (503)
   */
  const request = (command: Command, contractId: ContractId, quoteId: QuoteId): Promise<Refund> =>
    work.writeOnce(command, officeOf(contractId), Refund, async (tx) => {
      const contract = await contracts.lock(tx, contractId)
      const quote = await findQuote(tx, quoteId)
      if (quote?.contractId !== contractId) throw notFound({})
      const now = clock.now()
      await makeRoom(tx, contract, command.caller.end, now)
      quotes.checkAsked(contract, quote.reason, now)
      const { division } = await quotes.assessNow(tx, contract, askedOf(quote, now))
      checkQuote(quote, division, now)

      const asked = { ...await newRefund(tx, contract, quote.reason, division, now, await deadlineOf(tx, quote.reason, now)), requestedEnd: command.caller.end as RequestedEnd }
      const waits = needsConsent(asked, await withoutCause(tx, contract, now))
      const refund: RefundRecord = {
        ...asked, quoteId, requestedBy: command.caller.personId, consumerAgreed: asked.requestedEnd === 'consumer',
        status: waits ? 'awaiting_consent' : 'awaiting_approval',
        consentBy: waits ? await workingDays.endOf(tx, now, (await quotes.policyOf(tx, now)).consentWorkingDays) : null
      }
      await insertRefunds(tx, [refund])
      if (refund.consentBy) await timetable.set(tx, consentDeadline, refund.id, refund.consentBy)
      await append(tx, 'refund-requested', refund, now, {
        reason: refund.reason, rule: quote.rule, quoteId, refundFen: refund.refundFen, merchantFen: refund.merchantFen, contestedFen: refund.contestedFen, by: refund.requestedEnd
      })
      return refundView(refund, now)
    })

  const recordConsent = async (tx: Tx, refund: RefundRecord, at: Date, bySilence: boolean): Promise<RefundRecord> => {
    const side = otherSide(refund)
    const agreed = consented(refund, side, await deadlineOf(tx, refund.reason, at))
    await updateRefund(tx, agreed)
    await append(tx, 'refund-consented', agreed, at, { by: side, bySilence })
    return agreed
  }

  const recordDecline = async (tx: Tx, refund: RefundRecord, note: string, at: Date, bySilence: boolean): Promise<RefundRecord> => {
    const ended = declined(refund, note)
    await updateRefund(tx, ended)
    await append(tx, 'refund-declined', ended, at, { by: otherSide(refund), bySilence })
    return ended
  }

  const answer = (caller: Caller, id: RefundId, decide: (tx: Tx, refund: RefundRecord, now: Date) => Promise<RefundRecord>): Promise<Refund> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { refund } = await lock(tx, id)
      checkAnswerable(refund, caller.end)
      const now = clock.now()
      const answered = await decide(tx, refund, now)
      await timetable.lift(tx, consentDeadline, id)
      return refundView(answered, now)
    })

  /** The other side agrees. @throws not_found (404), forbidden (403), wrong_state (409) */
  const accept = (caller: Caller, id: RefundId): Promise<Refund> =>
    answer(caller, id, (tx, refund, now) => recordConsent(tx, refund, now, false))

  /** The other side does not agree: the consumer may open a dispute. @throws not_found (404), forbidden (403), wrong_state (409) */
  const decline = (caller: Caller, id: RefundId, reason: string): Promise<Refund> =>
    answer(caller, id, (tx, refund, now) => recordDecline(tx, refund, reason, now, false))

  timetable.on(consentDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const { refund } = await lock(tx, RefundId.parse(subject))
    if (!(await take(tx)) || refund.status !== 'awaiting_consent') return
    if (silenceOf(refund) === 'consent') await recordConsent(tx, refund, at, true)
    else await recordDecline(tx, refund, '期限内未答复 / no answer within the time', at, true)
  }))

  const executed = ({ contract: before, refund, division }: Execution, freezeReason: FreezeReason, at: Date) => {
    const part: MerchantPart = refund.consumerAgreed ? 'payable' : 'pending'
    const divided = divide(before, division, part, freezeReason)
    const isNothing = refund.refundFen === 0n
    const after: RefundRecord = { ...refund, status: isNothing ? 'paid' : 'approved', approvedAt: at, paidAt: isNothing ? at : null }
    return { contract: isNothing ? afterPaid(divided, refund, at) : divided, refund: after, division, part }
  }

  /** Takes all that is held out of contracts, one transfer each; what goes back is still to be sent. */
  const executeAll = async (tx: Tx, executions: readonly Execution[], freezeReason: FreezeReason, at: Date): Promise<RefundRecord[]> => {
    const done = executions.map((execution) => executed(execution, freezeReason, at))
    await contracts.save(tx, ...done.map(({ contract }) => contract))
    await ledger.postAll(tx, done.map(({ contract, refund, division, part }) => refundApproved(contract, refund, division, part, at)))
    await closings.releaseRest(tx, done.map(({ contract, division: { merchantFen }, part }) => ({ contract, amountFen: merchantFen, state: part })), at)
    for (const { contract, division: { contestedFen } } of done) if (contestedFen > 0n) await frozen.freezeContested(tx, contract, contestedFen)
    return done.map(({ refund }) => refund)
  }

  /** The same of one, which is sent once that has committed. */
  const execute = async (tx: Tx, execution: Execution, freezeReason: FreezeReason, at: Date): Promise<RefundRecord> => {
    const [refund] = await executeAll(tx, [execution], freezeReason, at)
    invariant(refund, 'each refund is executed')
    if (isToSend(refund)) await sending.order(tx, refund)
    return refund
  }

  /** Refunds that were assessed, ready to be executed: on contracts with the days taken back that their terms do not keep. */
  const endTerms = async (tx: Tx, refunds: readonly Readonly<{ assessed: Assessed; refund: RefundRecord }>[], at: Date): Promise<Execution[]> => {
    const cuts = refunds.flatMap(({ assessed: { before, daysToKeep }, refund }) => (daysToKeep === undefined ? [] : [{ contract: before, keep: daysToKeep, reference: refund.id }]))
    const shortened = await closings.takeBack(tx, cuts, at)
    return refunds.map(({ assessed: { before, division }, refund }) => ({ contract: shortened.get(before.id) ?? before, refund, division }))
  }

  /**
   * The notary approves: the money leaves held, and the contract is terminated once it is paid.
   * @throws not_found (404), wrong_state (409), quote_stale (409) when the facts moved since it was asked for
   */
  const approve = (command: Command, id: RefundId): Promise<Refund> =>
    work.writeOnce(command, officeOf(id), Refund, async (tx) => {
      const { contract: before, refund } = await lock(tx, id)
      checkApprovable(refund)
      checkNotFrozen(before)
      const quote = refund.quoteId && await findQuote(tx, refund.quoteId)
      invariant(quote, 'a requested refund has a quote')
      const now = clock.now()
      const assessed = await quotes.assessNow(tx, before, askedOf(quote, refund.endsAt))
      if (isMoved(quote.division, assessed.division)) throw quoteStale({ because: 'facts_moved' })

      const [execution] = await endTerms(tx, [{ assessed, refund: { ...refund, approvedBy: command.caller.personId } }], now)
      invariant(execution, 'each refund is made ready')
      const approved = await execute(tx, execution, 'refund', now)
      await updateRefund(tx, approved)
      return refundView(approved, now)
    })

  /** The notary refuses. @throws not_found (404), wrong_state (409) */
  const reject = (caller: Caller, id: RefundId, reason: string): Promise<Refund> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { refund } = await lock(tx, id)
      const now = clock.now()
      const ended = rejected(refund, reason)
      await updateRefund(tx, ended)
      await timetable.lift(tx, consentDeadline, id)
      await append(tx, 'refund-rejected', ended, now)
      return refundView(ended, now)
    })

  /** Refunds that the caller may see, newest first. */
  const list = async (caller: Caller, filter: RefundFilter): Promise<PageOf<Refund>> => {
    const { status, contractId, late, limit } = filter
    const now = clock.now()
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) => listRefunds(tx, {
      office: caller.office, status, contractId, isLate: late === undefined ? undefined : late === 'true', now
    }, positionOf(filter, RefundId), limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, ({ id }) => id)
    return { items: items.map((refund) => refundView(refund, now)), nextCursor }
  }

  /** @throws not_found (404) */
  const find = (caller: Caller, id: RefundId, language: Language): Promise<RefundDetail> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const refund = await findRefund(tx, id)
      if (!refund) throw notFound({})
      const now = clock.now()
      const quote = refund.quoteId && await findQuote(tx, refund.quoteId)
      return { ...refundView(refund, now), quote: quote ? quoteView(quote, language) : null, interest: await quotes.interestFor(tx, refund, now) }
    })

  /**
   * Money that never was the price goes back whole, once this transaction has committed. The caller
   * books it: Dr clearing (or bank) / Cr refund_payable of the id that is returned.
   */
  const returnStray = async (tx: Tx, { contract, paymentId, channel, amountFen, at }: Readonly<{ contract: Contract; paymentId: Id<'pay'>; channel: ChannelName; amountFen: bigint; at: Date }>): Promise<RefundId> => {
    const refund: RefundRecord = {
      ...nothingYet, id: newId('ref', tx.office), purpose: 'stray', contractId: contract.id, merchantId: contract.merchantId, reason: 'stray_payment',
      status: 'approved', quoteId: null, paymentId, channel, refundFen: amountFen, merchantFen: 0n, contestedFen: 0n, requestedBy: null,
      requestedEnd: 'service', deadlineAt: ownDeadline(at), createdAt: at, endsAt: at, approvedAt: at
    }
    await insertRefunds(tx, [refund])
    await sending.order(tx, refund)
    return refund.id
  }

  /**
   * The notary refuses a deposit: all that is held goes back, and the contract is terminated when it
   * is paid. The caller holds the contract's lock; the contract is saved here.
   */
  const refundWhole = async (tx: Tx, contract: Contract, approvedBy: Id<'per'>, at: Date): Promise<RefundId> => {
    const division: Division = { heldFen: contract.heldFen, refundFen: contract.heldFen, merchantFen: 0n, contestedFen: 0n, shortfallFen: 0n }
    const refund: RefundRecord = { ...await newRefund(tx, contract, 'deposit_refused', division, at), requestedEnd: 'notary', requestedBy: approvedBy, approvedBy }
    await makeRoomForNotary(tx, [contract], 'deposit-refused', at)
    const approved = await execute(tx, { contract, refund, division }, 'deposit_refused', at)
    await inRole(tx, 'worker', (asWorker) => insertRefunds(asWorker, [approved]))
    return refund.id
  }

  /** Refunds somebody had asked for, and nobody has approved, give way to the notary's own. @throws wrong_state (409) */
  const makeRoomForNotary = async (tx: Tx, closed: readonly Contract[], because: keyof typeof givesWay, at: Date): Promise<void> => {
    const open = await lockOpenRefunds(tx, closed.map(({ id }) => id))
    for (const refund of open) if (!isUnapproved(refund)) throw wrongState({ state: `refund ${refund.status}`, allowed: ['no open refund'] })
    await updateRefunds(tx, open.map((refund) => ({ ...refund, status: 'rejected', note: givesWay[because] })))
    await timetable.liftAll(tx, [consentDeadline], open.map(({ id }) => id))
    for (const refund of open) await append(tx, 'refund-rejected', refund, at, { because })
  }

  /**
   * Ends contracts of a merchant that has stopped: all that the law gives without the consumer's
   * cause goes back, with nobody's consent. The caller holds the contracts' locks; days after the
   * stop do not count. The outbox's job sends the refunds.
   * @returns what went back of each, and what the law gives beyond what was held
   */
  const closeContracts = async (tx: Tx, closed: readonly Contract[], { approvedBy, stoppedAt, at }: Readonly<{ approvedBy: Id<'per'>; stoppedAt: Date; at: Date }>): Promise<Pick<Division, 'refundFen' | 'shortfallFen'>[]> => {
    if (closed.length === 0) return []
    await makeRoomForNotary(tx, closed, 'closure', at)
    const orders = await paidOrdersOf(tx, closed.map(({ id }) => id))
    const ready = (await quotes.assessAll(tx, closed, { reason: 'closure', endsAt: stoppedAt })).map((assessed) => ({
      assessed,
      refund: {
        ...refundOf(assessed.before, orders.get(assessed.before.id), 'closure', assessed.division, at),
        requestedEnd: 'notary', requestedBy: approvedBy, approvedBy, endsAt: stoppedAt
      } as const
    }))
    const approved = await executeAll(tx, await endTerms(tx, ready, at), 'refund', at)
    await insertRefunds(tx, approved)
    await sending.orderAll(tx, approved.filter(isToSend))
    return ready.map(({ assessed: { division } }) => division)
  }

  /** A refund of money that came free on a contract; it is sent once this transaction has committed. */
  const orderRemainder = async (tx: Tx, contract: Contract, amountFen: bigint, at: Date, reason: 'remainder' | 'award' | 'settlement_agreement' = 'remainder'): Promise<RefundRecord> => {
    const refund: RefundRecord = { ...await newRefund(tx, contract, reason, { refundFen: amountFen, merchantFen: 0n, contestedFen: 0n }, at), approvedAt: at }
    await inRole(tx, 'worker', (asWorker) => insertRefunds(asWorker, [refund]))
    await sending.order(tx, refund)
    return refund
  }

  /**
   * Money that comes back on a contract whose held money is gone is the consumer's: the account the
   * caller books it to, and counts as refunded in the contract.
   */
  const accountForReturn = async (tx: Tx, { contract, amountFen, at }: Readonly<{ contract: Contract; amountFen: bigint; at: Date }>): Promise<OwnAccount> =>
    refundPayable(await orderRemainder(tx, contract, amountFen, at))

  /**
   * What a dispute gives back to the consumer: a refund that is sent once this transaction has
   * committed, and the account the caller books it to. The caller holds the contract's lock.
   */
  const orderDecided = async (tx: Tx, contract: Contract, amountFen: bigint, reason: 'remainder' | 'award' | 'settlement_agreement', at: Date): Promise<Readonly<{ id: RefundId; account: OwnAccount }>> => {
    const refund = await orderRemainder(tx, contract, amountFen, at, reason)
    return { id: refund.id, account: refundPayable(refund) }
  }

  /** Whether a refund has arrived. */
  const isPaid = async (tx: Tx, id: RefundId): Promise<boolean> => (await findRefund(tx, id))?.status === 'paid'

  /**
   * Lowers a refund that has not been sent, by a correction of what it carries.
   * @returns by how much: 0 where it has been sent; what is left of it is sent as before
   */
  const reduceUnsent = async (tx: Tx, id: RefundId, byFen: bigint, at: Date): Promise<Readonly<{ reducedFen: bigint; account: OwnAccount }>> => {
    const refund = await lockRefund(tx, id)
    invariant(refund, 'a refund is never deleted')
    const reducedFen = refund.status === 'approved' || (refund.status === 'failed' && !refund.byBank) ? least(byFen, refund.refundFen) : 0n
    const refundFen = refund.refundFen - reducedFen
    if (reducedFen > 0n) await reduceRefund(tx, { ...refund, refundFen, ...(refundFen === 0n ? { status: 'paid', paidAt: at } : {}) })
    return { reducedFen, account: refundPayable(refund) }
  }

  /**
   * Refunds all that is held of a contract nobody has used in years, and ends it: two notaries have
   * decided so. @throws not_found (404), wrong_state (409) where something is going on with its money
   */
  const returnHeld = async (tx: Tx, id: ContractId, amountFen: bigint, at: Date): Promise<RefundId> => {
    const before = await contracts.lock(tx, id)
    const open = await lockOpenRefund(tx, id)
    if (open) throw wrongState({ state: `refund ${open.status}`, allowed: ['no open refund'] })
    const contract = endedUnclaimed(before, amountFen, at)
    const refund = await orderRemainder(tx, before, amountFen, at)
    await contracts.save(tx, contract)
    await ledger.post(tx, remainderReturned(contract, refund, at))
    return refund.id
  }

  timetable.on(remainderDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await contracts.lock(tx, subject as ContractId)
    if (!(await take(tx))) return
    const amountFen = remainderOf(before)
    if (amountFen === 0n) return
    const refund = await orderRemainder(tx, before, amountFen, at)
    const contract = withoutRemainder(before, amountFen)
    await contracts.save(tx, contract)
    await ledger.post(tx, remainderReturned(contract, refund, at))
  }))

  /** What a refund left frozen, once a release it hangs on is no longer contested. A dispute that took it up decides on it itself. */
  const settleFrozen = async (tx: Tx, before: Contract, at: Date): Promise<void> => {
    const [frozenFen, closing] = [await frozen.openFrozenOf(tx, before.id), await findExecutedRefund(tx, before.id)]
    if (frozenFen === 0n || !closing) return
    const quote = closing.quoteId === null ? undefined : await findQuote(tx, closing.quoteId)
    const asked = askedOf(quote ?? { reason: closing.reason, agreedFen: null, gifts: null }, closing.endsAt)
    const settled = settleContested(before, frozenFen, await quotes.assessNow(tx, before, asked))
    if (settled.stillFrozenFen === frozenFen) return

    const refund = settled.refundFen > 0n ? await orderRemainder(tx, before, settled.refundFen, at) : undefined
    const contract = afterSettled(before, settled)
    await contracts.save(tx, contract)
    await ledger.post(tx, contestedSettled(contract, closing, refund, settled.merchantFen, at))
    await closings.releaseRest(tx, [{ contract, amountFen: settled.merchantFen, state: 'payable' }], at)
    await frozen.refreezeContested(tx, contract, settled.stillFrozenFen, at)
  }

  timetable.on(contestedDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const contract = await contracts.lock(tx, subject as ContractId)
    if (await take(tx)) await settleFrozen(tx, contract, at)
  }))

  return {
    calculate: quotes.calculate, quote: quotes.quote,
    request, accept, decline, approve, reject, list, find,
    returnStray, refundWhole, returnHeld, closeContracts, accountForReturn, orderDecided, isPaid, reduceUnsent, scenariosOf: quotes.scenariosOf, heard: sending.heard,
    isUnderWay: hasRefundUnderWay
  }
}

export type Refunds = ReturnType<typeof createRefunds>
