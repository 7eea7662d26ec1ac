import type { Deposits, ReceiptObstacle } from '../deposits/service.js'
import type { Bank, BankAccount, PayoutAnswer, PayoutOrder } from '../channels/bank/bank.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Fact } from '../evidence/model.js'
import { startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import type { Text } from '../kernel/problem.js'
import { notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Inquiry } from '../ledger/inquiry.js'
import type { Ledger } from '../ledger/service.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Timetable } from '../timetable/service.js'
import { ContractId } from '../contracts/model.js'
import { SuspenseItem, SuspenseItemId, type BankEntry, type NewOwner, type ProposeResolution, type SuspenseQuery, type SuspenseRecord } from './model.js'
import { bankAccount, debitWasBooked, debitWasOffice, debitWasReversed, receiptReturned, receiptWasBooked, receiptWasInterest, receiptWasTopUp, suspenseAccount } from './postings.js'
import { afterReturn, ageOf, askReturnAgainAt, bookedSideOf, cannotResolve, checkResolver, orderedReturn, partsOf, payerAccount, proposed, reopened, transferOf } from './rules.js'
import type { BankStatements } from './statements.js'
import { findEntry, findItemOfOrder, findSuspenseItem, listConfirmed, listItems, lockItem, updateEntry, updateSuspenseItem, type EntryRow } from './store.js'
import type { z } from 'zod'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  ledger: Ledger
  inquiry: Inquiry
  evidence: Evidence
  statements: Pick<BankStatements, 'entry' | 'entryView'>
  deposits: Pick<Deposits, 'resolveReceipt'>
  vault: Vault
  offices: Pick<Offices, 'byNumber'>
  outbox: Outbox
  timetable: Timetable
  /** undefined: no bank is connected, and nothing can be sent back */
  bank: Bank | undefined
}>

const topic = 'suspense.return'
/** A bank that has not said what became of a return is asked. */
export const askDeadline = 'suspense-return-answer'
const about = 'suspense_items.payee'

const obstacles: Readonly<Record<ReceiptObstacle, Text>> = {
  no_order: { zh: '该合同没有付款订单', en: 'The contract has no payment order' },
  is_the_price: { zh: '该款正是合同价款,应作为存款处理', en: 'It is the price of the contract: a deposit, not money to send back' },
  contract_cancelled: { zh: '合同已取消', en: 'The contract is cancelled' },
  paid_already: { zh: '合同已付款', en: 'The contract is paid already' },
  order_closed: { zh: '付款订单已关闭', en: 'The payment order is closed' },
  not_awaited: { zh: '合同不在待付款状态', en: 'The contract does not wait for a payment' },
  wrong_amount: { zh: '金额与合同价款不符', en: 'The amount is not the price' },
  merchant_closing: { zh: '商户正在停业清退', en: 'The merchant is closing' }
}

/**
 * Receipts and debits nobody can explain yet: one item each, with an owner and an age. One person
 * proposes an explanation, another approves it, and only then the money moves out of suspense.
 */
export const createSuspense = ({ work, clock, ledger, inquiry, evidence, statements, deposits, vault, offices, outbox, timetable, bank }: Dependencies) => {
  const viewOf = (item: SuspenseRecord, entry: EntryRow): SuspenseItem => {
    const { id, entryId, side, amountFen, status, ownerId, openedAt, kind, target, reason, makerId, checkerId, resolvedAt } = item
    return {
      id, entryId, side, amountFen, status, ownerId, openedAt, ageDays: ageOf(item, clock.now()), entry: statements.entryView(entry),
      resolution: kind === null || reason === null || makerId === null ? null : { kind, target, reason, makerId, checkerId, resolvedAt }
    }
  }

  const view = async (tx: Tx, item: SuspenseRecord): Promise<SuspenseItem> => {
    const entry = await findEntry(tx, item.entryId)
    invariant(entry, 'an item has its line')
    return viewOf(item, entry)
  }

  const lock = async (tx: Tx, id: SuspenseItemId): Promise<SuspenseRecord> => {
    const item = await lockItem(tx, id)
    if (!item) throw notFound({})
    return item
  }

  const append = (tx: Tx, fact: Fact, { id, kind, target }: SuspenseRecord): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, occurredAt: clock.now(), payload: { kind, target } })

  /** Open items, oldest first; `status=resolved` for those that were explained. */
  const list = (caller: Caller, query: SuspenseQuery): Promise<PageOf<SuspenseItem>> =>
    work.read(actorOf(caller), caller.office ?? 0, async (tx) => {
      const page = pageOf(await listItems(tx, query.status, positionOf(query, SuspenseItemId), query.limit + 1), query, ({ item }) => item.id)
      return { ...page, items: page.items.map(({ item, entry }) => viewOf(item, entry)) }
    })

  /** @throws not_found (404) */
  const find = (caller: Caller, id: SuspenseItemId): Promise<SuspenseItem> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const item = await findSuspenseItem(tx, id)
      if (!item) throw notFound({})
      return view(tx, item)
    })

  /** Says who has to find out. @throws not_found (404) */
  const assign = (caller: Caller, id: SuspenseItemId, { ownerId }: z.output<typeof NewOwner>): Promise<SuspenseItem> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const item = { ...await lock(tx, id), ownerId: ownerId ?? caller.personId }
      await updateSuspenseItem(tx, item)
      return view(tx, item)
    })

  /** One person proposes how an item is explained. @throws not_found (404), wrong_state (409), resolution_does_not_fit (422) */
  const propose = (command: Command, id: SuspenseItemId, proposal: ProposeResolution): Promise<SuspenseItem> =>
    work.writeOnce(command, officeOf(id), SuspenseItem, async (tx) => {
      const before = await lock(tx, id)
      const account = payerAccount(proposal, await statements.entry(tx, before.entryId))
      if (proposal.kind === 'payer' && !bank) throw cannotResolve('本部署尚未接入存管银行,不能退回', 'No bank is connected, so nothing can be sent back')
      const item = proposed(before, proposal, command.caller.personId, account === undefined ? null : vault.seal(JSON.stringify(account), about))
      await updateSuspenseItem(tx, item)
      await append(tx, 'suspense-resolution-proposed', item)
      return view(tx, item)
    })

  /** A proposal is taken back, by whoever finds it wrong. @throws not_found (404), wrong_state (409) */
  const withdraw = (caller: Caller, id: SuspenseItemId): Promise<SuspenseItem> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const before = await lock(tx, id)
      const item = reopened(before)
      await updateSuspenseItem(tx, item)
      await append(tx, 'suspense-resolution-withdrawn', before)
      return view(tx, item)
    })

  const asContract = async (tx: Tx, item: SuspenseRecord, entry: BankEntry, purpose: 'deposit' | 'stray'): Promise<void> => {
    const obstacle = await inRole(tx, 'worker', (asWorker) => deposits.resolveReceipt(asWorker, {
      contractId: ContractId.parse(item.target), purpose, amountFen: item.amountFen, paidAt: startOf(entry.valueOn), suspense: suspenseAccount(item.id), reference: item.id
    }))
    if (obstacle) throw cannotResolve(obstacles[obstacle].zh, obstacles[obstacle].en)
  }

  /** The line is the movement of another transfer: that one is confirmed, and what was booked for the line is taken back. */
  const asBooked = async (tx: Tx, item: SuspenseRecord, entry: BankEntry, at: Date): Promise<void> => {
    const transferId = transferOf(item)
    const line = transferId && await inquiry.lineOf(tx, bankAccount(entry.accountNumber), transferId)
    if (!transferId || line?.side !== bookedSideOf(entry) || line.amountFen !== entry.amountFen) {
      throw cannotResolve('该账簿记录的金额或方向与流水不同', 'That transfer does not move this amount this way on the account')
    }
    if ((await listConfirmed(tx, [transferId])).size > 0) throw cannotResolve('该账簿记录已与另一笔流水对应', 'That transfer is confirmed by another line')
    await ledger.post(tx, item.side === 'C' ? receiptWasBooked(item, entry.accountNumber, transferId, at) : debitWasBooked(item, entry.accountNumber, transferId, at))
    await updateEntry(tx, entry.id, { status: 'resolved', matchedBy: null, reason: item.reason, transferId })
  }

  const asOffice = async (tx: Tx, item: SuspenseRecord, at: Date): Promise<void> => {
    if (item.side === 'D') {
      await ledger.post(tx, debitWasOffice(item, at))
      return
    }
    const due = (await inquiry.accountsOf(tx, 'due_from_office')).map(({ of, balanceFen }) => ({ account: { kind: 'due_from_office', of } as const, balanceFen }))
    const parts = partsOf(item.amountFen, due)
    if (!parts) throw cannotResolve('金额超过公证处应补足的总额', 'It is more than the office owes')
    await ledger.post(tx, receiptWasTopUp(item, parts, at))
  }

  /** The bank gave a debit back by a receipt that is an item too: both are resolved at once. */
  const asReversed = async (tx: Tx, item: SuspenseRecord, checkerId: SuspenseRecord['checkerId'], at: Date): Promise<void> => {
    const receipt = await lock(tx, SuspenseItemId.parse(item.target))
    if (receipt.side !== 'C' || receipt.status !== 'open' || receipt.amountFen !== item.amountFen) {
      throw cannotResolve('所指收款项不是未处理的同额收款', 'The item named is not an open receipt of the same amount')
    }
    await ledger.post(tx, debitWasReversed(item, receipt.id, at))
    await updateSuspenseItem(tx, { ...receipt, status: 'resolved', kind: 'reversed', target: item.id, reason: item.reason, makerId: item.makerId, checkerId, resolvedAt: at })
    await endEntry(tx, receipt)
  }

  const endEntry = async (tx: Tx, { entryId, reason }: SuspenseRecord): Promise<void> => {
    const entry = await findEntry(tx, entryId)
    invariant(entry, 'an item has its line')
    await updateEntry(tx, entryId, { status: 'resolved', matchedBy: null, reason, transferId: entry.transferId })
  }

  const carryOut = async (tx: Tx, item: SuspenseRecord, checkerId: SuspenseRecord['checkerId'], at: Date): Promise<void> => {
    const entry = await statements.entry(tx, item.entryId)
    switch (item.kind) {
      case 'deposit': await asContract(tx, item, entry, 'deposit'); break
      case 'refund': await asContract(tx, item, entry, 'stray'); break
      case 'booked': return asBooked(tx, item, entry, at)
      case 'office': await asOffice(tx, item, at); break
      case 'interest': await ledger.post(tx, receiptWasInterest(item, at)); break
      case 'reversed': await asReversed(tx, item, checkerId, at); break
      case 'payer': case null: invariant(false, 'an item that is carried out has a kind, and what goes back to its payer is ordered')
    }
    await endEntry(tx, item)
  }

  /**
   * Another person approves: the money leaves suspense.
   * @throws not_found (404), same_person (403), wrong_state (409), resolution_does_not_fit, insufficient_funds (422)
   */
  const approve = (command: Command, id: SuspenseItemId): Promise<SuspenseItem> =>
    work.writeOnce(command, officeOf(id), SuspenseItem, async (tx) => {
      const before = await lock(tx, id)
      checkResolver(before, command.caller.personId)
      const now = clock.now()
      if (before.kind === 'payer') {
        const ordered = orderedReturn(before, command.caller.personId, newId('srt', tx.office), now)
        await updateSuspenseItem(tx, ordered)
        await append(tx, 'suspense-return-ordered', ordered)
        await outbox.send(tx, { topic, key: ordered.orderId ?? id, payload: { itemId: id } })
        return view(tx, ordered)
      }
      await carryOut(tx, before, command.caller.personId, now)
      const item: SuspenseRecord = { ...before, status: 'resolved', checkerId: command.caller.personId, resolvedAt: now }
      await updateSuspenseItem(tx, item)
      return view(tx, item)
    })

  /** Records the bank's word on a return. After a final one nothing changes. */
  const recordAnswer = async (tx: Tx, id: SuspenseItemId, { outcome, reference }: Pick<PayoutAnswer, 'outcome' | 'reference'>, at: Date): Promise<void> => {
    const before = await lock(tx, id)
    const item = afterReturn(before, outcome, at)
    if (!item) {
      if (before.status === 'ordered') await timetable.set(tx, askDeadline, id, askReturnAgainAt(before.orderedAt ?? at, at))
      return
    }
    await updateSuspenseItem(tx, item)
    await timetable.lift(tx, askDeadline, id)
    if (item.status === 'open') return append(tx, 'suspense-return-failed', before)
    invariant(item.orderId, 'what was ordered has an order')
    await ledger.post(tx, receiptReturned(item, item.orderId, (await statements.entry(tx, item.entryId)).accountNumber, reference, at))
    await endEntry(tx, item)
  }

  const orderOf = async (office: number, item: SuspenseRecord): Promise<PayoutOrder> => {
    invariant(item.payeeSealed && item.orderId, `item ${item.id} has no payee`)
    const { bankName, accountName, accountNumber } = await offices.byNumber(office)
    const to = JSON.parse(vault.open(item.payeeSealed, about)) as BankAccount
    return { key: item.orderId, from: { bankName, accountName, accountNumber }, to, payeeId: item.id, amountFen: item.amountFen, feeFen: 0n, remittance: '不明来款退回' }
  }

  const read = async (office: number, id: SuspenseItemId): Promise<SuspenseRecord> => {
    const item = await work.read(worker, office, (tx) => findSuspenseItem(tx, id))
    invariant(item, `no suspense item ${id}`)
    return item
  }

  if (bank) {
    outbox.on<{ itemId: string }>(topic, async ({ office, payload }) => {
      const id = SuspenseItemId.parse(payload.itemId)
      const item = await read(office, id)
      if (item.status !== 'ordered') return
      const answer = await bank.pay(await orderOf(office, item))
      await work.write(worker, office, (tx) => recordAnswer(tx, id, answer, clock.now()))
    })
    timetable.on(askDeadline, async ({ office, subject, at, take }) => {
      const id = SuspenseItemId.parse(subject)
      const item = await read(office, id)
      const answer = item.status === 'ordered' && item.orderId ? await bank.query(item.orderId) ?? await bank.pay(await orderOf(office, item)) : undefined
      await work.write(worker, office, async (tx) => { if (await take(tx) && answer) await recordAnswer(tx, id, answer, at) })
    })
  }

  /** Whether the bank may still speak of an item's return. */
  const isOrdered = async (tx: Tx, orderId: Id<'srt'>): Promise<boolean> => (await findItemOfOrder(tx, orderId))?.status === 'ordered'

  /** The bank's statement says that a return was made. After a final answer nothing changes. */
  const recordPaid = (orderId: Id<'srt'>, at: Date): Promise<void> => work.write(worker, officeOf(orderId), async (tx) => {
    const item = await findItemOfOrder(tx, orderId)
    if (item) await recordAnswer(tx, item.id, { outcome: 'paid', reference: null }, at)
  })

  return { list, find, assign, propose, withdraw, approve, isOrdered, recordPaid }
}

export type Suspense = ReturnType<typeof createSuspense>
