import type { Bank, PayoutAnswer, PayoutOrder, ReturnedPayout } from '../../channels/bank/bank.js'
import { worker, type Tx, type UnitOfWork } from '../../db/unit-of-work.js'
import { dateOf } from '../../kernel/calendar.js'
import type { Clock } from '../../kernel/clock.js'
import { newId } from '../../kernel/id.js'
import { notFound, wrongState } from '../../kernel/problems.js'
import type { Offices } from '../../offices/service.js'
import type { Arrival, PayoutsAnswer, SendBack, StatementQuery } from './model.js'
import { statementXml } from './statement.js'
import { everyMerchant, findAnswer, insertAndLockOrder, insertEntries, listEntries, lockOrder, sumEntriesBefore, updateOrder, upsertAnswer, type OrderRow } from './store.js'

/*
 * A bank for trying things out: it keeps its own book of the special accounts, executes an order
 * once, and answers as it was told to.
 */

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; offices: Offices }>

/** Money that arrives on, or leaves, an office's special account. */
export type BankEntry = Readonly<{
  accountNumber: string
  reference: string
  side: 'CRDT' | 'DBIT'
  amountFen: bigint
  counterparty: string
  remittance: string
  at: Date
}>

const returnReason = '收款账户户名不符'

const referenceOf = (key: string): string => `SBX-${key}`

const answerOf = ({ key, outcome }: OrderRow): PayoutAnswer => ({
  outcome: outcome ?? 'unknown',
  reference: referenceOf(key),
  ...(outcome === 'returned' ? { reason: returnReason } : {})
})

export const createSandboxBank = ({ work, clock, offices }: Dependencies) => {
  const run = <Result>(use: (tx: Tx) => Promise<Result>): Promise<Result> => work.write(worker, 0, use)

  /** Enters money into the bank's own book of an office's special account; a reference is entered once. */
  const enter = (tx: Tx, { at, ...entry }: BankEntry): Promise<void> =>
    insertEntries(tx, [{ ...entry, bookedOn: dateOf(at), bookedAt: at }])

  const enterPayout = (tx: Tx, order: OrderRow): Promise<void> => {
    const at = clock.now()
    const line = { accountNumber: order.accountNumber, side: 'DBIT', remittance: order.remittance, bookedOn: dateOf(at), bookedAt: at } as const
    const payout = { ...line, reference: order.key, amountFen: order.amountFen, counterparty: order.payeeName }
    const fee = { ...line, reference: `${order.key}:fee`, amountFen: order.feeFen, counterparty: '公证处自有账户' }
    return insertEntries(tx, order.feeFen > 0n ? [payout, fee] : [payout])
  }

  /** Decides an order that is still open, by what the bank was told to answer. */
  const decide = async (tx: Tx, order: OrderRow): Promise<PayoutAnswer> => {
    if (order.outcome !== null) return answerOf(order)
    const outcome = await findAnswer(tx, order.payeeId) ?? 'paid'
    if (outcome === 'unknown') return answerOf(order)
    await updateOrder(tx, order.key, outcome)
    if (outcome === 'paid') await enterPayout(tx, order)
    return answerOf({ ...order, outcome })
  }

  const pay: Bank['pay'] = ({ key, from, to, amountFen, feeFen, payeeId, remittance }: PayoutOrder) => run(async (tx) =>
    decide(tx, await insertAndLockOrder(tx, {
      key, accountNumber: from.accountNumber, payeeId, payeeName: to.accountName, amountFen, feeFen, remittance, outcome: null, receivedAt: clock.now()
    })))

  const query: Bank['query'] = (key) => run(async (tx) => {
    const order = await lockOrder(tx, key)
    return order && decide(tx, order)
  })

  /** Sets what the bank answers to payouts from now on. */
  const answerPayouts = (answer: PayoutsAnswer): Promise<PayoutsAnswer> => run(async (tx) => {
    await upsertAnswer(tx, answer.merchantId ?? everyMerchant, answer.outcome)
    return answer
  })

  /**
   * Sends a payout back that was paid, as banks do when the payee's account turns out to be closed.
   * The fee stays where it went. The caller tells the service of it.
   * @throws not_found (404), wrong_state (409) when it is not paid
   */
  const sendBack = ({ itemId, reason }: SendBack): Promise<ReturnedPayout> => run(async (tx) => {
    const order = await lockOrder(tx, itemId)
    if (!order) throw notFound({})
    if (order.outcome !== 'paid') throw wrongState({ state: order.outcome ?? 'unknown', allowed: ['paid'] })
    const at = clock.now()
    const reference = `${itemId}:rtn`
    await insertEntries(tx, [{
      accountNumber: order.accountNumber, reference, side: 'CRDT', amountFen: order.amountFen, counterparty: order.payeeName,
      remittance: `退汇:${reason}`, bookedOn: dateOf(at), bookedAt: at
    }])
    return { key: itemId, reference: referenceOf(reference), reason }
  })

  /** Money arrives on an office's special account without a word to the service. @throws office_required (422) */
  const receive = async ({ officeId, ...arrival }: Arrival): Promise<Arrival> => {
    const { accountNumber } = await offices.resolve(officeId, undefined)
    await run((tx) => enter(tx, { ...arrival, accountNumber, reference: newId('sba', 0), side: 'CRDT', at: clock.now() }))
    return arrival
  }

  /** A day's statement of an office's special account, camt.053.001.08. @throws office_required (422) */
  const statement = async ({ date, officeId }: StatementQuery): Promise<string> => {
    const account = await offices.resolve(officeId, undefined)
    const createdAt = clock.now()
    const day = date ?? dateOf(createdAt)
    return work.read(worker, 0, async (tx) => statementXml({
      account, date: day, createdAt,
      openingFen: await sumEntriesBefore(tx, account.accountNumber, day),
      entries: await listEntries(tx, account.accountNumber, day)
    }))
  }

  /** What a party settled on an account on a day; above zero what came in. */
  const settledBy = (accountNumber: string, day: string, party: string) => work.read(worker, 0, async (tx) =>
    (await listEntries(tx, accountNumber, day)).filter(({ counterparty }) => counterparty === party)
      .map(({ reference, side, amountFen }) => ({ reference, amountFen: side === 'CRDT' ? amountFen : -amountFen, day })))

  const bank: Bank = { pay, query }

  return { bank, enter, answerPayouts, sendBack, receive, statement, settledBy }
}

export type SandboxBank = ReturnType<typeof createSandboxBank>
