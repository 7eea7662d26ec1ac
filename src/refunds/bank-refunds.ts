import type { Bank, BankAccount, PayoutAnswer, PayoutOrder } from '../channels/bank/bank.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Ledger } from '../ledger/service.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Timetable } from '../timetable/service.js'
import { BankRefund, BankRefundId, type BankRefundRecord, type Refund, type RefundId, type RefundRecord } from './model.js'
import { refundCameBack, refundFailed, refundPaidByBank, refundSent } from './postings.js'
import { accountRequired, bankUnavailable } from './problems.js'
import { afterCameBack, afterPaid, askAgainAt, byBank, cancelledTransfer, checkAccountable, orderedBy } from './rules.js'
import type { Sending } from './sending.js'
import { findBankRefund, findOpenBankRefund, findRefund, insertBankRefund, lockRefund, updateBankRefund, updateRefund } from './store.js'
import { refundView } from './views.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Pick<Offices, 'byNumber'>
  contracts: Pick<Contracts, 'lock' | 'save'>
  ledger: Ledger
  outbox: Outbox
  timetable: Timetable
  sending: Sending
  /** undefined: no bank is connected, and nothing can be ordered */
  bank: Bank | undefined
}>

const topic = 'refund.bank'
/** A bank that has not said what became of a refund by transfer is asked. */
export const askDeadline = 'refund-bank-answer'
const about = 'refunds.account'

/**
 * Refunds that a channel cannot pay back: its refund window has ended, it never could, or it keeps
 * failing. The consumer gives an account, one notary proposes the transfer, another orders it.
 * From the proposal on nothing is sent to the channel any more, until the transfer is cancelled or
 * comes back; so it is one way or the other.
 */
export const createBankRefunds = ({ work, clock, vault, offices, contracts, ledger, outbox, timetable, sending, bank }: Dependencies) => {
  const accountOf = (sealed: string): BankAccount => JSON.parse(vault.open(sealed, about)) as BankAccount

  const viewOf = (record: BankRefundRecord, { refundFen }: Pick<RefundRecord, 'refundFen'>): BankRefund => {
    const { accountName, accountNumber } = accountOf(record.payeeSealed)
    return { ...record, amountFen: refundFen, accountName, accountNumber: `****${accountNumber.slice(-4)}` }
  }

  /** Locks the contract where the refund is of its price, then the refund. @throws not_found (404) */
  const lock = async (tx: Tx, id: RefundId) => {
    const found = await findRefund(tx, id)
    if (!found) throw notFound({})
    const contract = found.purpose === 'principal' ? await contracts.lock(tx, found.contractId) : undefined
    const refund = await lockRefund(tx, id)
    invariant(refund, 'a refund is never deleted')
    return { contract, refund }
  }

  const openTransfer = async (tx: Tx, id: RefundId): Promise<BankRefundRecord> => {
    const open = await findOpenBankRefund(tx, id)
    if (!open) throw notFound({})
    return open
  }

  /** The consumer says where the money can be paid to. @throws not_found (404), wrong_state (409) once it is paid or under way by bank */
  const giveAccount = (caller: Caller, id: RefundId, account: BankAccount): Promise<Refund> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { refund } = await lock(tx, id)
      checkAccountable(refund)
      const given = { ...refund, accountSealed: vault.seal(JSON.stringify(account), about) }
      await updateRefund(tx, given)
      return refundView(given, clock.now())
    })

  /** A notary proposes the transfer. @throws not_found (404), wrong_state (409), account_required, bank_unavailable (422), refund_held (409) */
  const propose = (command: Command, id: RefundId): Promise<BankRefund> =>
    work.writeOnce(command, officeOf(id), BankRefund, async (tx) => {
      const { refund } = await lock(tx, id)
      if (!bank) throw bankUnavailable({})
      const taken = byBank(refund)
      if (taken.accountSealed === null) throw accountRequired({})
      await sending.checkFree(tx, refund)
      const record: BankRefundRecord = {
        id: newId('bnr', tx.office), refundId: id, status: 'proposed', makerId: command.caller.personId, checkerId: null, payeeSealed: taken.accountSealed,
        createdAt: clock.now(), orderedAt: null, answeredAt: null, bankReference: null, returnReason: null
      }
      await updateRefund(tx, taken)
      await insertBankRefund(tx, record)
      return viewOf(record, refund)
    })

  /** Orders a transfer at the bank, once the transaction has committed. @throws refund_held (409) */
  const send = async (tx: Tx, { id }: BankRefundRecord, refund: RefundRecord, at: Date): Promise<void> => {
    await sending.checkFree(tx, refund)
    const sent: RefundRecord = { ...refund, status: 'processing', attempts: refund.attempts + 1, lastError: null }
    await updateRefund(tx, sent)
    await ledger.post(tx, refundSent(sent, at))
    await outbox.send(tx, { topic, key: id, payload: { bankRefundId: id } })
  }

  /** Another notary orders it: the money is in transit. @throws not_found (404), same_person (403), wrong_state, refund_held (409) */
  const order = (command: Command, id: RefundId): Promise<BankRefund> =>
    work.writeOnce(command, officeOf(id), BankRefund, async (tx) => {
      const { refund } = await lock(tx, id)
      const now = clock.now()
      const record = orderedBy(await openTransfer(tx, id), command.caller.personId, now)
      await updateBankRefund(tx, record)
      await send(tx, record, refund, now)
      return viewOf(record, refund)
    })

  /** A proposal is taken back: the channel is tried again. @throws not_found (404), wrong_state (409) */
  const cancel = (caller: Caller, id: RefundId): Promise<BankRefund> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const { refund } = await lock(tx, id)
      const now = clock.now()
      const record = cancelledTransfer(await openTransfer(tx, id), now)
      await updateBankRefund(tx, record)
      await updateRefund(tx, { ...refund, byBank: false })
      await sending.resume(tx, refund, now)
      return viewOf(record, refund)
    })

  const orderOf = async (office: number, record: BankRefundRecord, { refundFen, contractId }: RefundRecord): Promise<PayoutOrder> => {
    const { bankName, accountName, accountNumber } = await offices.byNumber(office)
    return {
      key: record.id, from: { bankName, accountName, accountNumber }, to: accountOf(record.payeeSealed), payeeId: record.refundId,
      amountFen: refundFen, feeFen: 0n, remittance: `预付费提存退款 ${contractId}`
    }
  }

  const read = (office: number, id: BankRefundId) => work.read(worker, office, async (tx) => {
    const record = await findBankRefund(tx, id)
    const refund = record && await findRefund(tx, record.refundId)
    invariant(record && refund, `no bank refund ${id}`)
    return { record, refund }
  })

  const markPaid = async (tx: Tx, { contract, refund }: Awaited<ReturnType<typeof lock>>, reference: string, at: Date): Promise<void> => {
    await updateRefund(tx, { ...refund, status: 'paid', paidAt: at, lastError: null })
    if (contract) await contracts.save(tx, afterPaid(contract, refund, at))
    await ledger.post(tx, refundPaidByBank(refund, (await offices.byNumber(tx.office)).accountNumber, reference, at))
  }

  /** Records the bank's answer; after a final one nothing changes. */
  const record = async (tx: Tx, id: BankRefundId, { outcome, reference, reason = 'returned' }: PayoutAnswer, at: Date): Promise<void> => {
    const found = await findBankRefund(tx, id)
    invariant(found, `no bank refund ${id}`)
    const locked = await lock(tx, found.refundId)
    const current = await findBankRefund(tx, id)
    if (current?.status !== 'ordered') return
    if (outcome === 'submitted' || outcome === 'unknown') return timetable.set(tx, askDeadline, id, askAgainAt(current.orderedAt ?? at, at))
    await updateBankRefund(tx, { ...current, status: outcome, answeredAt: at, bankReference: reference, returnReason: outcome === 'returned' ? reason : null })
    if (outcome === 'paid') return markPaid(tx, locked, reference ?? id, at)
    await updateRefund(tx, { ...locked.refund, status: 'failed', byBank: false, lastError: reason })
    await ledger.post(tx, refundFailed(locked.refund, reason, at))
  }

  if (bank) {
    outbox.on<{ bankRefundId: string }>(topic, async ({ office, payload }) => {
      const id = BankRefundId.parse(payload.bankRefundId)
      const { record: found, refund } = await read(office, id)
      if (found.status !== 'ordered') return
      const answer = await bank.pay(await orderOf(office, found, refund))
      await work.write(worker, office, (tx) => record(tx, id, answer, clock.now()))
    })
    timetable.on(askDeadline, async ({ office, subject, at, take }) => {
      const id = BankRefundId.parse(subject)
      const { record: found, refund } = await read(office, id)
      const answer = await bank.query(id) ?? await bank.pay(await orderOf(office, found, refund))
      await work.write(worker, office, async (tx) => { if (await take(tx)) await record(tx, id, answer, at) })
    })
  }

  /** The bank's statement says that a transfer was made. After a final answer nothing changes. */
  const recordPaid = (id: BankRefundId, reference: string, at: Date): Promise<void> =>
    work.write(worker, officeOf(id), async (tx) => { await record(tx, id, { outcome: 'paid', reference }, at) })

  /**
   * The bank's statement says that a transfer came back: it was made before, even if we had not heard
   * so yet. The refund is owed again and waits for another account. A second notice changes nothing.
   */
  const recordReturn = (id: BankRefundId, reference: string, reason: string, at: Date): Promise<void> =>
    work.write(worker, officeOf(id), async (tx) => {
      await record(tx, id, { outcome: 'paid', reference }, at)
      const found = await findBankRefund(tx, id)
      invariant(found, `no bank refund ${id}`)
      const { contract, refund } = await lock(tx, found.refundId)
      const current = await findBankRefund(tx, id)
      if (current?.status !== 'paid' || refund.status !== 'paid') return
      await updateBankRefund(tx, { ...current, status: 'returned', answeredAt: at, returnReason: reason })
      const owed: RefundRecord = { ...refund, status: 'failed', byBank: false, paidAt: null, lastError: reason }
      await updateRefund(tx, owed)
      if (contract) await contracts.save(tx, afterCameBack(contract, refund))
      await ledger.post(tx, refundCameBack(owed, (await offices.byNumber(tx.office)).accountNumber, reason, at))
    })

  /** The refunds these transfers pay, and whether the bank may still speak of them; for matching with statements. */
  const refundsOf = async (tx: Tx, ids: readonly BankRefundId[]) =>
    (await Promise.all(ids.map((id) => findBankRefund(tx, id)))).filter((found) => found !== undefined)
      .map(({ id, refundId, status }) => ({ id, refundId, status, isUnderWay: status === 'ordered' }))

  /** Keeps a refund that surely failed from its channel and from bank transfers: nobody has claimed it in years. @throws not_found (404), wrong_state (409) */
  const setAside = async (tx: Tx, id: RefundId): Promise<void> => {
    const { refund } = await lock(tx, id)
    await updateRefund(tx, { ...byBank(refund), lastError: 'unclaimed' })
  }

  /** Orders the transfer of a refund that was set aside and is owed again; the two people have decided so. @throws bank_unavailable (422), refund_held (409) */
  const payClaimed = async (tx: Tx, id: RefundId, { account, makerId, checkerId, at }: Readonly<{ account: BankAccount; makerId: Id<'per'>; checkerId: Id<'per'>; at: Date }>): Promise<void> => {
    if (!bank) throw bankUnavailable({})
    const { refund } = await lock(tx, id)
    const record: BankRefundRecord = {
      id: newId('bnr', tx.office), refundId: id, status: 'ordered', makerId, checkerId, payeeSealed: vault.seal(JSON.stringify(account), about),
      createdAt: at, orderedAt: at, answeredAt: null, bankReference: null, returnReason: null
    }
    await insertBankRefund(tx, record)
    await send(tx, record, refund, at)
  }

  return { giveAccount, propose, order, cancel, setAside, payClaimed, recordPaid, recordReturn, refundsOf }
}

export type BankRefunds = ReturnType<typeof createBankRefunds>
