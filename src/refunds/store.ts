import { and, asc, desc, eq, gt, inArray, isNotNull, lt, lte, notInArray, or } from 'drizzle-orm'
import { z } from 'zod'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf } from '../kernel/id.js'
import { Gifts } from './law/model.js'
import { closingReasons, type BankRefundId, type BankRefundRecord, type QuoteId, type QuoteRecord, type RefundId, type RefundRecord, type RefundStatus } from './model.js'
import { bankRefunds, maskedRefunds, refundQuotes, refunds } from './table.js'

const quoteOf = ({ officeId: _, gifts, heldFen, refundFen, merchantFen, contestedFen, shortfallFen, ...row }: typeof refundQuotes.$inferSelect): QuoteRecord =>
  ({ ...row, gifts: gifts && z.decode(Gifts, gifts), division: { heldFen, refundFen, merchantFen, contestedFen, shortfallFen } })

export const insertQuote = async ({ db, office }: Tx, { division, steps, lawRefs, gifts, ...quote }: QuoteRecord): Promise<void> => {
  await db.insert(refundQuotes).values({ ...quote, ...division, gifts: gifts && z.encode(Gifts, gifts), steps: [...steps], lawRefs: [...lawRefs], officeId: office })
}

export const findQuote = async ({ db, office }: Tx, id: QuoteId): Promise<QuoteRecord | undefined> => {
  const [row] = await db.select().from(refundQuotes).where(and(eq(refundQuotes.officeId, office), eq(refundQuotes.id, id)))
  return row && quoteOf(row)
}

const refundColumns = {
  id: refunds.id, purpose: refunds.purpose, contractId: refunds.contractId, merchantId: refunds.merchantId, reason: refunds.reason,
  status: refunds.status, quoteId: refunds.quoteId, paymentId: refunds.paymentId, channel: refunds.channel, refundFen: refunds.refundFen,
  merchantFen: refunds.merchantFen, contestedFen: refunds.contestedFen, requestedBy: refunds.requestedBy, requestedEnd: refunds.requestedEnd,
  note: refunds.note, deadlineAt: refunds.deadlineAt, consentBy: refunds.consentBy, consumerAgreed: refunds.consumerAgreed,
  createdAt: refunds.createdAt, endsAt: refunds.endsAt, approvedBy: refunds.approvedBy, approvedAt: refunds.approvedAt, attempts: refunds.attempts,
  lastError: refunds.lastError, channelReference: refunds.channelReference, paidAt: refunds.paidAt,
  byBank: refunds.byBank, accountSealed: refunds.accountSealed
}

export const insertRefunds = async ({ db, office }: Tx, rows: readonly RefundRecord[]): Promise<void> => {
  await db.insert(refunds).values(rows.map((refund) => ({ ...refund, officeId: office })))
}

const byIds = (office: number, ids: readonly RefundId[]) => and(eq(refunds.officeId, office), inArray(refunds.id, [...ids]))

export const findRefunds = ({ db, office }: Tx, ids: readonly RefundId[]): Promise<RefundRecord[]> =>
  db.select(refundColumns).from(refunds).where(byIds(office, ids)).orderBy(asc(refunds.id))

export const findRefund = async (tx: Tx, id: RefundId): Promise<RefundRecord | undefined> => (await findRefunds(tx, [id]))[0]

/** Locks refunds in id order, after their contracts. */
export const lockRefunds = ({ db, office }: Tx, ids: readonly RefundId[]): Promise<RefundRecord[]> =>
  db.select(refundColumns).from(refunds).where(byIds(office, ids)).orderBy(asc(refunds.id)).for('update')

/** Locks a refund, after its contract. */
export const lockRefund = async (tx: Tx, id: RefundId): Promise<RefundRecord | undefined> => (await lockRefunds(tx, [id]))[0]

const updateStatement = `
update refunds r set
  status = n.status, note = n.note, deadline_at = n.deadline_at, consent_by = n.consent_by, consumer_agreed = n.consumer_agreed,
  approved_by = n.approved_by, approved_at = n.approved_at, attempts = n.attempts, last_error = n.last_error,
  channel_reference = n.channel_reference, paid_at = n.paid_at, by_bank = n.by_bank, account_sealed = n.account_sealed
from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::boolean[], $8::uuid[], $9::timestamptz[], $10::int[],
  $11::text[], $12::text[], $13::timestamptz[], $14::boolean[], $15::text[])
  as n(id, status, note, deadline_at, consent_by, consumer_agreed, approved_by, approved_at, attempts, last_error, channel_reference, paid_at,
    by_bank, account_sealed)
where r.office_id = $1 and r.id = n.id and r.id = any($2::uuid[])`

/** Saves refunds that this transaction has locked. */
export const updateRefunds = async ({ client, office }: Tx, changed: readonly RefundRecord[]): Promise<void> => {
  if (changed.length === 0) return
  const column = <Value>(of: (refund: RefundRecord) => Value) => changed.map(of)
  await client.query({
    name: 'update_refunds',
    text: updateStatement,
    values: [
      office, column(({ id }) => uuidOf(id)), column(({ status }) => status), column(({ note }) => note), column(({ deadlineAt }) => deadlineAt),
      column(({ consentBy }) => consentBy), column(({ consumerAgreed }) => consumerAgreed),
      column(({ approvedBy }) => (approvedBy === null ? null : uuidOf(approvedBy))), column(({ approvedAt }) => approvedAt),
      column(({ attempts }) => attempts), column(({ lastError }) => lastError), column(({ channelReference }) => channelReference),
      column(({ paidAt }) => paidAt), column(({ byBank }) => byBank), column(({ accountSealed }) => accountSealed)
    ]
  })
}

export const updateRefund = (tx: Tx, refund: RefundRecord): Promise<void> => updateRefunds(tx, [refund])

/** Refunds of contracts' prices that are owed and not on their way, the oldest first. */
export const listUnsent = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<RefundRecord[]> =>
  db.select(refundColumns).from(refunds)
    .where(and(eq(refunds.officeId, office), inArray(refunds.contractId, [...contractIds]), eq(refunds.purpose, 'principal'), inArray(refunds.status, ['approved', 'failed'])))
    .orderBy(asc(refunds.id))

/** Lowers the sum of a refund that is locked and has not been sent. */
export const reduceRefund = async ({ db, office }: Tx, { id, refundFen, status, paidAt }: Pick<RefundRecord, 'id' | 'refundFen' | 'status' | 'paidAt'>): Promise<void> => {
  await db.update(refunds).set({ refundFen, status, paidAt }).where(byIds(office, [id]))
}

const openStatuses: RefundStatus[] = ['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed']
const endStatuses: RefundStatus[] = ['paid', 'declined', 'rejected']

/** The refunds under way that close contracts; locked in id order, once the contracts are. */
export const lockOpenRefunds = ({ db, office }: Tx, contractIds: readonly ContractId[]): Promise<RefundRecord[]> =>
  db.select(refundColumns).from(refunds)
    .where(and(eq(refunds.officeId, office), inArray(refunds.contractId, [...contractIds]), inArray(refunds.reason, [...closingReasons]), inArray(refunds.status, openStatuses)))
    .orderBy(asc(refunds.id)).for('update')

/** The refund under way that closes a contract; locked, once the contract is. */
export const lockOpenRefund = async (tx: Tx, contractId: ContractId): Promise<RefundRecord | undefined> => (await lockOpenRefunds(tx, [contractId]))[0]

/** Whether any refund of a contract's price is not yet over. */
export const hasRefundUnderWay = async ({ db, office }: Tx, contractId: ContractId): Promise<boolean> =>
  (await db.$count(refunds, and(eq(refunds.officeId, office), eq(refunds.contractId, contractId), eq(refunds.purpose, 'principal'), inArray(refunds.status, openStatuses)))) > 0

/** The refund that took all that was held out of a contract. */
export const findExecutedRefund = async ({ db, office }: Tx, contractId: ContractId): Promise<RefundRecord | undefined> =>
  (await db.select(refundColumns).from(refunds)
    .where(and(eq(refunds.officeId, office), eq(refunds.contractId, contractId), inArray(refunds.reason, [...closingReasons]), isNotNull(refunds.approvedAt)))
    .orderBy(desc(refunds.id)).limit(1))[0]

export type RefundSelection = Readonly<{
  office: number | undefined
  status: RefundStatus | undefined
  contractId: ContractId | undefined
  isLate: boolean | undefined
  now: Date
}>

const latenessOf = ({ status, deadlineAt }: typeof maskedRefunds | typeof refunds, isLate: boolean, now: Date) => isLate
  ? and(notInArray(status, endStatuses), lte(deadlineAt, now))
  : or(inArray(status, endStatuses), gt(deadlineAt, now))

const selected = (from: typeof maskedRefunds | typeof refunds, { office, status, contractId, isLate, now }: RefundSelection, before: RefundId | undefined) => and(
  office === undefined ? undefined : eq(from.officeId, office),
  status && eq(from.status, status),
  contractId && eq(from.contractId, contractId),
  isLate === undefined ? undefined : latenessOf(from, isLate, now),
  before && lt(from.id, before)
)

/** Refunds that the role may see, newest first, from below a position. A consumer's may be of several offices; the bureau sees no people. */
export const listRefunds = async ({ db, actor }: Tx, selection: RefundSelection, before: RefundId | undefined, limit: number): Promise<RefundRecord[]> =>
  actor.role === 'bureau'
    ? db.select().from(maskedRefunds).where(selected(maskedRefunds, selection, before)).orderBy(desc(maskedRefunds.id)).limit(limit)
    : db.select(refundColumns).from(refunds).where(selected(refunds, selection, before)).orderBy(desc(refunds.id)).limit(limit)

const bankRefundColumns = {
  id: bankRefunds.id, refundId: bankRefunds.refundId, status: bankRefunds.status, makerId: bankRefunds.makerId, checkerId: bankRefunds.checkerId,
  payeeSealed: bankRefunds.payeeSealed, createdAt: bankRefunds.createdAt, orderedAt: bankRefunds.orderedAt, answeredAt: bankRefunds.answeredAt,
  bankReference: bankRefunds.bankReference, returnReason: bankRefunds.returnReason
}

export const insertBankRefund = async ({ db, office }: Tx, row: BankRefundRecord): Promise<void> => {
  await db.insert(bankRefunds).values({ ...row, officeId: office })
}

export const findBankRefund = async ({ db, office }: Tx, id: BankRefundId): Promise<BankRefundRecord | undefined> =>
  (await db.select(bankRefundColumns).from(bankRefunds).where(and(eq(bankRefunds.officeId, office), eq(bankRefunds.id, id))))[0]

/** The bank transfer of a refund that is under way; read behind the refund's lock. */
export const findOpenBankRefund = async ({ db, office }: Tx, refundId: RefundId): Promise<BankRefundRecord | undefined> =>
  (await db.select(bankRefundColumns).from(bankRefunds)
    .where(and(eq(bankRefunds.officeId, office), eq(bankRefunds.refundId, refundId), inArray(bankRefunds.status, ['proposed', 'ordered']))))[0]

export const updateBankRefund = async ({ db, office }: Tx, { id, status, checkerId, orderedAt, answeredAt, bankReference, returnReason }: BankRefundRecord): Promise<void> => {
  await db.update(bankRefunds).set({ status, checkerId, orderedAt, answeredAt, bankReference, returnReason })
    .where(and(eq(bankRefunds.officeId, office), eq(bankRefunds.id, id)))
}
