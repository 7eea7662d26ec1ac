import type { Bank, BankAccount, PayoutAnswer, PayoutOrder, ReturnedPayout } from '../channels/bank/bank.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { Vault } from '../kernel/vault.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Payables } from '../redemptions/payables.js'
import type { Timetable } from '../timetable/service.js'
import { SettlementItemId, type ItemRecord, type SettlementRecord } from './model.js'
import { bankAccount, feeTaken, payoutCameBack, payoutConfirmed, payoutReturned } from './postings.js'
import { bankUnavailable } from './problems.js'
import { advanced, answered, askAgainAt, cameBack, isUnderWay, maskedAccount } from './rules.js'
import { countUnderWay, findItem, findItems, lockSettlement, updateItem, updateSettlement } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  offices: Offices
  payables: Payables
  ledger: Ledger
  outbox: Outbox
  timetable: Timetable
  /** undefined: no bank is connected, and nothing can be ordered */
  bank: Bank | undefined
}>

type Found = Readonly<{ settlement: SettlementRecord; item: ItemRecord }>
/** When an answer is recorded, and the account it was paid from. */
type Occasion = Readonly<{ at: Date; special: OwnAccount }>

const topic = 'bank.payout'
/** A bank that has not said what became of a payout is asked. */
export const askTheBank = 'payout-answer'
const about = 'settlement_items.payee'

/**
 * The bank's side of settlement: payouts are ordered by an intent, sent after its commit under the
 * item's id, and whatever the bank says is recorded in a transaction of its own.
 */
export const createPayouts = ({ work, clock, vault, offices, payables, ledger, outbox, timetable, bank }: Dependencies) => {
  /** The account an office pays from. Read before a transaction begins, which would need a second connection for it. */
  const specialAccount = async (office: number): Promise<OwnAccount> => bankAccount((await offices.byNumber(office)).accountNumber)

  /** @throws bank_unavailable (422) */
  const checkBank = (): void => { if (!bank) throw bankUnavailable({}) }

  const sealPayee = (account: BankAccount): string => vault.seal(JSON.stringify(account), about)

  const payeeOf = ({ id, payeeSealed }: ItemRecord): BankAccount => {
    invariant(payeeSealed, `item ${id} has no payee`)
    return JSON.parse(vault.open(payeeSealed, about)) as BankAccount
  }

  /** The account a payout was ordered to, as lists show it. */
  const maskedPayee = (item: ItemRecord): string => maskedAccount(payeeOf(item).accountNumber)

  /** Orders a payout; it is sent once the transaction has committed. */
  const order = (tx: Tx, { id }: ItemRecord): Promise<void> => outbox.send(tx, { topic, key: id, payload: { itemId: id } })

  const orderOf = async (office: number, item: ItemRecord): Promise<PayoutOrder> => {
    const { bankName, accountName, accountNumber } = await offices.byNumber(office)
    return {
      key: item.id, from: { bankName, accountName, accountNumber }, to: payeeOf(item), payeeId: item.merchantId,
      amountFen: item.grossFen - item.feeFen, feeFen: item.feeFen, remittance: `预付费提存结算 ${item.settlementId}`
    }
  }

  const readItem = async (office: number, id: SettlementItemId): Promise<ItemRecord> => {
    const item = await work.read(worker, office, (tx) => findItem(tx, id))
    invariant(item, `no settlement item ${id}`)
    return item
  }

  /** Locks an item's settlement, and reads the item behind that lock. */
  const lock = async (tx: Tx, itemId: SettlementItemId): Promise<Found> => {
    const settlementId = (await findItem(tx, itemId))?.settlementId
    const settlement = settlementId && await lockSettlement(tx, settlementId)
    const item = await findItem(tx, itemId)
    invariant(settlement && item, `no settlement item ${itemId}`)
    return { settlement, item }
  }

  /** What an item's new status means in money, in reservations and in deadlines. */
  const book = async (tx: Tx, { settlement, item }: Found, { at, special }: Occasion): Promise<void> => {
    if (item.status === 'submitted') {
      await timetable.set(tx, askTheBank, item.id, askAgainAt(settlement.approvedAt ?? at, at))
      return
    }
    await timetable.lift(tx, askTheBank, item.id)
    if (item.status === 'returned') {
      await payables.unreserve(tx, [item.id])
      await ledger.post(tx, payoutReturned(item, at))
      return
    }
    await ledger.post(tx, payoutConfirmed(item, special, at))
    await ledger.post(tx, feeTaken(item, special, at))
  }

  /** Records the bank's answer to a payout; after a final one nothing changes. */
  const record = async (tx: Tx, { settlement, item }: Found, answer: PayoutAnswer, occasion: Occasion): Promise<ItemRecord> => {
    const after = answered(item, answer, occasion.at)
    if (!after) return item
    await updateItem(tx, after)
    await book(tx, { settlement, item: after }, occasion)
    const { unsent, unanswered } = await countUnderWay(tx, settlement.id)
    await updateSettlement(tx, advanced(settlement, unsent, unanswered, occasion.at))
    return after
  }

  /** Sends one payout and records what the bank says; after a crash in between it is sent again, by the same key. */
  const deliver = async (connected: Bank, office: number, itemId: SettlementItemId): Promise<void> => {
    const item = await readItem(office, itemId)
    if (item.status !== 'approved') return
    const answer = await connected.pay(await orderOf(office, item))
    const special = await specialAccount(office)
    await work.write(worker, office, async (tx) => { await record(tx, await lock(tx, itemId), answer, { at: clock.now(), special }) })
  }

  /** Asks for a payout the bank has not decided; one it never got is sent, by the same key. */
  const ask = async (connected: Bank, office: number, itemId: SettlementItemId): Promise<PayoutAnswer> =>
    await connected.query(itemId) ?? connected.pay(await orderOf(office, await readItem(office, itemId)))

  if (bank) {
    outbox.on<{ itemId: string }>(topic, ({ office, payload }) => deliver(bank, office, SettlementItemId.parse(payload.itemId)))
    timetable.on(askTheBank, async ({ office, subject, at, take }) => {
      const itemId = SettlementItemId.parse(subject)
      const answer = await ask(bank, office, itemId)
      const special = await specialAccount(office)
      await work.write(worker, office, async (tx) => {
        const found = await lock(tx, itemId)
        if (await take(tx)) await record(tx, found, answer, { at, special })
      })
    })
  }

  /**
   * Records that the bank sent back a payout it had made: it is owed to the merchant whole, and the
   * fee by the office. What comes back was paid before, even if we had not heard so yet. A second
   * notice changes nothing.
   */
  const recordReturn = async ({ key, reference, reason }: ReturnedPayout, at = clock.now()): Promise<void> => {
    const itemId = SettlementItemId.parse(key)
    const special = await specialAccount(officeOf(itemId))
    await work.write(worker, officeOf(itemId), async (tx) => {
      const found = await lock(tx, itemId)
      const paid = isUnderWay(found.item) ? await record(tx, found, { outcome: 'paid', reference }, { at, special }) : found.item
      const after = cameBack(paid, reason, at)
      if (!after) return
      await updateItem(tx, after)
      await payables.unreserve(tx, [itemId])
      await ledger.post(tx, payoutCameBack(after, special, at))
    })
  }

  /** The bank's statement says that a payout was made. After a final answer nothing changes. */
  const recordPaid = async (itemId: SettlementItemId, reference: string, at: Date): Promise<void> => {
    const special = await specialAccount(officeOf(itemId))
    await work.write(worker, officeOf(itemId), async (tx) => { await record(tx, await lock(tx, itemId), { outcome: 'paid', reference }, { at, special }) })
  }

  /** Payouts of these items and the names they are paid to; for matching with statements. */
  const payeesOf = async (tx: Tx, itemIds: readonly SettlementItemId[]) =>
    (await findItems(tx, itemIds)).filter(({ payeeSealed }) => payeeSealed !== null)
      .map((item) => ({ id: item.id, status: item.status, isUnderWay: isUnderWay(item), payeeName: payeeOf(item).accountName }))

  return { checkBank, specialAccount, sealPayee, payeeOf, maskedPayee, order, recordReturn, recordPaid, payeesOf }
}

export type Payouts = ReturnType<typeof createPayouts>
