import { and, desc, eq, gt, inArray, isNotNull, lt, lte, notInArray, or } from 'drizzle-orm'
import { z } from 'zod'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
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

const byId = (office: number, id: RefundId) => and(eq(refunds.officeId, office), eq(refunds.id, id))

export const insertRefund = async ({ db, office }: Tx, refund: RefundRecord): Promise<void> => {
  await db.insert(refunds).values({ ...refund, officeId: office })
}

export const findRefund = async ({ db, office }: Tx, id: RefundId): Promise<RefundRecord | undefined> =>
  (await db.select(refundColumns).from(refunds).where(byId(office, id)))[0]

/** Locks a refund, after its contract. */
export const lockRefund = async ({ db, office }: Tx, id: RefundId): Promise<RefundRecord | undefined> =>
  (await db.select(refundColumns).from(refunds).where(byId(office, id)).for('update'))[0]

export const updateRefund = async ({ db, office }: Tx, { id, status, note, deadlineAt, consentBy, consumerAgreed, approvedBy, approvedAt, attempts, lastError, channelReference, paidAt, byBank, accountSealed }: RefundRecord): Promise<void> => {
  await db.update(refunds)
    .set({ status, note, deadlineAt, consentBy, consumerAgreed, approvedBy, approvedAt, attempts, lastError, channelReference, paidAt, byBank, accountSealed })
    .where(byId(office, id))
}

const openStatuses: RefundStatus[] = ['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed']
const endStatuses: RefundStatus[] = ['paid', 'declined', 'rejected']

/** The refund under way that closes a contract; locked, once the contract is. */
export const lockOpenRefund = async ({ db, office }: Tx, contractId: ContractId): Promise<RefundRecord | undefined> =>
  (await db.select(refundColumns).from(refunds)
    .where(and(eq(refunds.officeId, office), eq(refunds.contractId, contractId), inArray(refunds.reason, [...closingReasons]), inArray(refunds.status, openStatuses)))
    .for('update'))[0]

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
