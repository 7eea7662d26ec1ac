import { and, asc, desc, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import { ChannelName, type PayerAction } from '../channels/model.js'
import type { ContractId } from '../contracts/model.js'
import { officeStatement } from '../db/cluster.js'
import { isAmong } from '../db/columns.js'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf, type Id } from '../kernel/id.js'
import type { PaymentId, PaymentStatus, Receipt } from './model.js'
import { channelSettlements, depositRefusals, payments, receipts, settledTransactions } from './table.js'

export type PaymentRow = typeof payments.$inferSelect

export const insertPayment = async ({ db }: Tx, row: PaymentRow): Promise<void> => {
  await db.insert(payments).values(row)
}

const byId = (office: number, id: PaymentId) => and(eq(payments.officeId, office), eq(payments.id, id))

export const findPayment = async ({ db, office }: Tx, id: PaymentId): Promise<PaymentRow | undefined> =>
  (await db.select().from(payments).where(byId(office, id)))[0]

/** Locks an order, after its contract. */
export const lockPayment = async ({ db, office }: Tx, id: PaymentId): Promise<PaymentRow | undefined> =>
  (await db.select().from(payments).where(byId(office, id)).for('update'))[0]

const isOfThese = and(eq(payments.officeId, sql.placeholder('office')), isAmong(payments.id, 'ids'))
const paymentsOfThese = prepared('find_payments', (db) => db.select().from(payments).where(isOfThese))
const paymentsLocked = prepared('lock_payments', (db) => db.select().from(payments).where(isOfThese).orderBy(asc(payments.id)).for('update'))

export const findPayments = (tx: Tx, ids: readonly PaymentId[]): Promise<PaymentRow[]> => paymentsOfThese(tx, { ids: ids.map(uuidOf) })

/** Locks orders in id order, after their contracts. */
export const lockPayments = (tx: Tx, ids: readonly PaymentId[]): Promise<PaymentRow[]> => paymentsLocked(tx, { ids: ids.map(uuidOf) })

/** Locks the orders of a contract, after the contract itself. */
export const lockPaymentsOf = ({ db, office }: Tx, contractId: ContractId): Promise<PaymentRow[]> =>
  db.select().from(payments).where(and(eq(payments.officeId, office), eq(payments.contractId, contractId)))
    .orderBy(asc(payments.id)).for('update')

/** The orders of a contract, newest first. */
export const listPaymentsOf = ({ db, office }: Tx, contractId: ContractId): Promise<PaymentRow[]> =>
  db.select().from(payments).where(and(eq(payments.officeId, office), eq(payments.contractId, contractId))).orderBy(desc(payments.id))

export const updatePaymentStatus = async ({ db, office }: Tx, id: PaymentId, status: PaymentStatus, endedAt: Date): Promise<void> => {
  await db.update(payments).set({ status, endedAt }).where(byId(office, id))
}

/** Orders that contracts were paid on. */
export const markPaid = async ({ client, office }: Tx, ids: readonly PaymentId[], at: Date): Promise<void> => {
  await client.query({
    name: 'mark_payments_paid', text: "update payments set status = 'succeeded', ended_at = $3 where office_id = $1 and id = any($2::uuid[])", values: [office, ids.map(uuidOf), at]
  })
}

/** Notes what the channel answered when the order was opened; the first answer stands. */
export const updatePaymentAction = async ({ db, office }: Tx, id: PaymentId, action: PayerAction): Promise<void> => {
  await db.update(payments).set({ action }).where(and(byId(office, id), isNull(payments.action)))
}

export const findReceipt = async ({ db, office }: Tx, channel: ChannelName, transactionId: string): Promise<Receipt | undefined> =>
  (await db.select().from(receipts)
    .where(and(eq(receipts.officeId, office), eq(receipts.channel, channel), eq(receipts.transactionId, transactionId))))[0]

/** Those of a channel's transactions that there are receipts for. */
export const listReceived = async ({ client, office }: Tx, channel: ChannelName, transactionIds: readonly string[]): Promise<Set<string>> =>
  transactionIds.length === 0
    ? new Set()
    : new Set((await client.query<{ id: string }>({
      name: 'list_received', text: 'select transaction_id as id from receipts where office_id = $1 and channel = $2 and transaction_id = any($3::text[])', values: [office, channel, transactionIds]
    })).rows.map(({ id }) => id))

/** The receipts that are the deposits of contracts. */
export const listDepositReceipts = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<(Pick<Receipt, 'paymentId' | 'channel'> & { contractId: ContractId })[]> =>
  db.select({ contractId: payments.contractId, paymentId: receipts.paymentId, channel: receipts.channel }).from(receipts)
    .innerJoin(payments, and(eq(payments.officeId, receipts.officeId), eq(payments.id, receipts.paymentId)))
    .where(and(eq(receipts.officeId, office), eq(payments.officeId, office), inArray(payments.contractId, [...contractIds]), eq(receipts.purpose, 'deposit')))

const insertStatement = officeStatement((office, place) => `
insert into receipts (office_id, id, channel, transaction_id, payment_id, amount_fen, purpose, reason, paid_at, received_at)
select ${office}, r.* from ${place}unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[]) as r`)

export const insertReceipts = async ({ client, office }: Tx, all: readonly Receipt[]): Promise<void> => {
  const column = <Value>(of: (receipt: Receipt) => Value) => all.map(of)
  await client.query({
    name: 'insert_receipts',
    ...insertStatement,
    values: [
      office, column(({ id }) => uuidOf(id)), column(({ channel }) => channel), column(({ transactionId }) => transactionId), column(({ paymentId }) => uuidOf(paymentId)),
      column(({ amountFen }) => amountFen), column(({ purpose }) => purpose), column(({ reason }) => reason), column(({ paidAt }) => paidAt), column(({ receivedAt }) => receivedAt)
    ]
  })
}

export type SettlementRow = typeof channelSettlements.$inferInsert

/** Whether the settlement is new: each is entered once. */
export const insertSettlement = async ({ db }: Tx, row: SettlementRow): Promise<boolean> =>
  ((await db.insert(channelSettlements).values(row).onConflictDoNothing()).rowCount ?? 0) > 0

/** What channels paid out, by their own numbers or by our ids. */
export const listSettlements = ({ db, office }: Tx, numbers: readonly string[], ids: readonly Id<'chs'>[]) =>
  db.select({ id: channelSettlements.id, number: channelSettlements.settlementId, channel: channelSettlements.channel }).from(channelSettlements)
    .where(and(eq(channelSettlements.officeId, office), or(
      and(inArray(channelSettlements.channel, [...ChannelName.options]), inArray(channelSettlements.settlementId, [...numbers])), inArray(channelSettlements.id, [...ids])
    )))

const insertSettledStatement = officeStatement((office, place) => `
insert into settled_transactions (office_id, channel, transaction_id, settled_by, value_date)
select ${office}, $2, s.transaction_id, $3, $4 from ${place}unnest($5::text[]) as s(transaction_id)
on conflict do nothing`)

/** However many: a day of a channel has more than a statement has parameters. */
export const insertSettledTransactions = async ({ client, office }: Tx, channel: ChannelName, settledBy: Id<'chs'>, valueDate: Date, transactionIds: readonly string[]): Promise<void> => {
  if (transactionIds.length > 0) await client.query({ name: 'insert_settled_transactions', ...insertSettledStatement, values: [office, channel, uuidOf(settledBy), valueDate, transactionIds] })
}

const settledOfThese = prepared('list_settled', (db) => db.select({ id: settledTransactions.transactionId, valueDate: settledTransactions.valueDate }).from(settledTransactions)
  .where(and(
    eq(settledTransactions.officeId, sql.placeholder('office')), eq(settledTransactions.channel, sql.placeholder('channel')),
    sql`${settledTransactions.transactionId} = any(${sql.placeholder('ids')}::text[])`)))

/** Deposits among a channel's transactions that both the payment and a settlement have been told of. Most are told of their settlement days later: those are not looked for. */
export const listSettledDeposits = async (tx: Tx, channel: ChannelName, transactionIds: readonly string[]) => {
  const { db, office } = tx
  const settled = transactionIds.length === 0 ? [] : await settledOfThese(tx, { channel, ids: transactionIds })
  if (settled.length === 0) return []
  const deposits = await db.select({ contractId: payments.contractId, paymentId: payments.id, amountFen: receipts.amountFen, transactionId: receipts.transactionId }).from(receipts)
    .innerJoin(payments, and(eq(payments.officeId, receipts.officeId), eq(payments.id, receipts.paymentId)))
    .where(and(
      eq(receipts.officeId, office), eq(receipts.channel, channel), inArray(receipts.transactionId, settled.map(({ id }) => id)), eq(receipts.purpose, 'deposit')))
  const valueDates = new Map(settled.map(({ id, valueDate }) => [id, valueDate]))
  return deposits.flatMap(({ transactionId, ...deposit }) => {
    const valueDate = valueDates.get(transactionId)
    return valueDate === undefined ? [] : [{ ...deposit, valueDate }]
  })
}

export const insertRefusal = async ({ db }: Tx, row: typeof depositRefusals.$inferInsert): Promise<void> => {
  await db.insert(depositRefusals).values(row)
}
