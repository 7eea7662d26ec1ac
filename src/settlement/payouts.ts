import type { Bank, BankAccount, PayoutAnswer, PayoutOrder, ReturnedPayout } from '../channels/bank/bank.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { allOf, inLanes, togetherOrAlone } from '../kernel/batch.js'
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
import { SettlementItemId, type ItemRecord, type SettlementItemStatus, type SettlementRecord } from './model.js'
import { bankAccount, feeTaken, payoutCameBack, payoutConfirmed, payoutReturned } from './postings.js'
import { bankUnavailable } from './problems.js'
import { advanced, answered, askAgainAt, cameBack, isUnderWay, maskedAccount } from './rules.js'
import { countUnderWay, findItem, findItems, lockSettlement, updateItems, updateSettlement } from './store.js'

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

/** Items with the settlement they are all of. */
type Found = Readonly<{ settlement: SettlementRecord; items: readonly ItemRecord[] }>
type Heard = Readonly<{ itemId: SettlementItemId; answer: PayoutAnswer }>
/** When an answer is recorded, and the account it was paid from. */
type Occasion = Readonly<{ at: Date; special: OwnAccount }>

type Ordered = Readonly<{ itemIds: readonly string[] }>
/** As payouts were ordered before they went together: some may still be on their way. */
type OrderedAlone = Readonly<{ itemId: string }>

const topic = 'bank.payout'
/** Of the payouts of one delivery, how many the bank is asked for at the same time. */
const lanes = 16
/** A bank that has not said what became of a payout is asked. */
export const askTheBank = 'payout-answer'
const about = 'settlement_items.payee'

/**
 * The bank's side of settlement: payouts are ordered by intents, some to an intent, and sent after
 * its commit, each under its item's id. Whatever the bank says of those is recorded together, in a
 * transaction after it.
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

  /** Orders the payouts of a settlement; they are sent once the transaction has committed. */
  const order = (tx: Tx, items: readonly ItemRecord[]): Promise<void> => outbox.sendTogether(tx, topic, items.map(({ id }) => id), (itemIds): Ordered => ({ itemIds }))

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

  /** Locks the settlement of some items, and reads the items behind that lock. */
  const lockAll = async (tx: Tx, itemIds: readonly SettlementItemId[]): Promise<Found> => {
    const settlementIds = new Set((await findItems(tx, itemIds)).map(({ settlementId }) => settlementId))
    const [settlementId] = settlementIds
    const settlement = settlementId && await lockSettlement(tx, settlementId)
    const items = await findItems(tx, itemIds)
    invariant(settlement && settlementIds.size === 1 && items.length === itemIds.length, `no settlement of items ${itemIds.join(', ')}`)
    return { settlement, items }
  }

  /** What the new status of items means in money, in reservations and in deadlines. */
  const book = async (tx: Tx, { settlement, items }: Found, { at, special }: Occasion): Promise<void> => {
    const of = (status: SettlementItemStatus) => items.filter((item) => item.status === status)
    const [submitted, returned, paid] = [of('submitted'), of('returned'), of('paid')]
    await timetable.setAll(tx, askTheBank, submitted.map(({ id }) => id), askAgainAt(settlement.approvedAt ?? at, at))
    await timetable.liftAll(tx, [askTheBank], [...returned, ...paid].map(({ id }) => id))
    await payables.unreserve(tx, returned.map(({ id }) => id))
    await ledger.postAll(tx, [
      ...returned.map((item) => payoutReturned(item, at)),
      ...paid.flatMap((item) => [payoutConfirmed(item, special, at), feeTaken(item, special, at)])
    ])
  }

  /** Records the bank's answers to payouts of a settlement; after a final one nothing changes. @returns the items after it */
  const record = async (tx: Tx, { settlement, items }: Found, answerOf: (item: ItemRecord) => PayoutAnswer, occasion: Occasion): Promise<ItemRecord[]> => {
    const changed = new Map(items.flatMap((item) => {
      const after = answered(item, answerOf(item), occasion.at)
      return after ? [[item.id, after]] : []
    }))
    if (changed.size > 0) {
      await updateItems(tx, [...changed.values()])
      await book(tx, { settlement, items: [...changed.values()] }, occasion)
      const { unsent, unanswered } = await countUnderWay(tx, settlement.id)
      await updateSettlement(tx, advanced(settlement, unsent, unanswered, occasion.at))
    }
    return items.map((item) => changed.get(item.id) ?? item)
  }

  /** Records what the bank has said of some payouts of a settlement. */
  const recordAnswers = async (office: number, heard: readonly Heard[]): Promise<void> => {
    const answers = new Map(heard.map(({ itemId, answer }) => [itemId, answer]))
    const special = await specialAccount(office)
    await work.write(worker, office, async (tx) => {
      await record(tx, await lockAll(tx, [...answers.keys()]), ({ id }) => answers.get(id) as PayoutAnswer, { at: clock.now(), special })
    })
  }

  /**
   * Sends payouts of a settlement and records what the bank says; after a crash in between they are
   * sent again, by the same keys. One that fails is tried again, and does not hold the others; one
   * that the bank takes long for does, until it answers.
   */
  const deliver = async (connected: Bank, office: number, itemIds: readonly SettlementItemId[]): Promise<void> => {
    const unsent = (await work.read(worker, office, (tx) => findItems(tx, itemIds))).filter(({ status }) => status === 'approved')
    const failed = new Map<string, unknown>()
    const answers = await inLanes(unsent, lanes, async (item): Promise<Heard[]> => {
      try {
        return [{ itemId: item.id, answer: await connected.pay(await orderOf(office, item)) }]
      } catch (error) {
        failed.set(item.id, error)
        return []
      }
    })
    await togetherOrAlone(answers.flat(), (heard) => recordAnswers(office, heard), ({ itemId }, error) => { failed.set(itemId, error) })
    if (failed.size > 0) throw allOf(failed)
  }

  /** Asks for a payout the bank has not decided; one it never got is sent, by the same key. */
  const ask = async (connected: Bank, office: number, itemId: SettlementItemId): Promise<PayoutAnswer> =>
    await connected.query(itemId) ?? connected.pay(await orderOf(office, await readItem(office, itemId)))

  if (bank) {
    outbox.on<Ordered | OrderedAlone>(topic, ({ office, payload }) =>
      deliver(bank, office, ('itemIds' in payload ? payload.itemIds : [payload.itemId]).map((id) => SettlementItemId.parse(id))))
    timetable.on(askTheBank, async ({ office, subject, at, take }) => {
      const itemId = SettlementItemId.parse(subject)
      const answer = await ask(bank, office, itemId)
      const special = await specialAccount(office)
      await work.write(worker, office, async (tx) => {
        const found = await lockAll(tx, [itemId])
        if (await take(tx)) await record(tx, found, () => answer, { at, special })
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
      const [paid] = await record(tx, await lockAll(tx, [itemId]), () => ({ outcome: 'paid', reference }), { at, special })
      const after = paid && cameBack(paid, reason, at)
      if (!after) return
      await updateItems(tx, [after])
      await payables.unreserve(tx, [itemId])
      await ledger.post(tx, payoutCameBack(after, special, at))
    })
  }

  /** The bank's statement says that a payout was made. After a final answer nothing changes. */
  const recordPaid = async (itemId: SettlementItemId, reference: string, at: Date): Promise<void> => {
    const special = await specialAccount(officeOf(itemId))
    await work.write(worker, officeOf(itemId), async (tx) => { await record(tx, await lockAll(tx, [itemId]), () => ({ outcome: 'paid', reference }), { at, special }) })
  }

  /** Payouts of these items and the names they are paid to; for matching with statements. */
  const payeesOf = async (tx: Tx, itemIds: readonly SettlementItemId[]) =>
    (await findItems(tx, itemIds)).filter(({ payeeSealed }) => payeeSealed !== null)
      .map((item) => ({ id: item.id, status: item.status, isUnderWay: isUnderWay(item), payeeName: payeeOf(item).accountName }))

  return { checkBank, specialAccount, sealPayee, payeeOf, maskedPayee, order, recordReturn, recordPaid, payeesOf }
}

export type Payouts = ReturnType<typeof createPayouts>
