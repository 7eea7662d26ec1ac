import { and, desc, eq, gt, inArray, lt, lte, notInArray, or } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import { closingReasons, type QuoteId, type QuoteRecord, type RefundId, type RefundRecord, type RefundStatus } from './model.js'
import { refundQuotes, refunds } from './table.js'

const quoteOf = ({ officeId: _, heldFen, refundFen, merchantFen, contestedFen, shortfallFen, ...row }: typeof refundQuotes.$inferSelect): QuoteRecord =>
  ({ ...row, division: { heldFen, refundFen, merchantFen, contestedFen, shortfallFen } })

export const insertQuote = async ({ db, office }: Tx, { division, steps, lawRefs, ...quote }: QuoteRecord): Promise<void> => {
  await db.insert(refundQuotes).values({ ...quote, ...division, steps: [...steps], lawRefs: [...lawRefs], officeId: office })
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
  createdAt: refunds.createdAt, approvedBy: refunds.approvedBy, approvedAt: refunds.approvedAt, attempts: refunds.attempts,
  lastError: refunds.lastError, channelReference: refunds.channelReference, paidAt: refunds.paidAt
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

export const updateRefund = async ({ db, office }: Tx, { id, status, note, deadlineAt, consentBy, consumerAgreed, approvedBy, approvedAt, attempts, lastError, channelReference, paidAt }: RefundRecord): Promise<void> => {
  await db.update(refunds)
    .set({ status, note, deadlineAt, consentBy, consumerAgreed, approvedBy, approvedAt, attempts, lastError, channelReference, paidAt })
    .where(byId(office, id))
}

const openStatuses: RefundStatus[] = ['awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed']
const endStatuses: RefundStatus[] = ['paid', 'declined', 'rejected']

/** The refund under way that closes a contract; locked, once the contract is. */
export const lockOpenRefund = async ({ db, office }: Tx, contractId: ContractId): Promise<RefundRecord | undefined> =>
  (await db.select(refundColumns).from(refunds)
    .where(and(eq(refunds.officeId, office), eq(refunds.contractId, contractId), inArray(refunds.reason, [...closingReasons]), inArray(refunds.status, openStatuses)))
    .for('update'))[0]

export type RefundSelection = Readonly<{
  office: number | undefined
  status: RefundStatus | undefined
  contractId: ContractId | undefined
  isLate: boolean | undefined
  now: Date
}>

const lateness = (isLate: boolean, now: Date) => isLate
  ? and(notInArray(refunds.status, endStatuses), lte(refunds.deadlineAt, now))
  : or(inArray(refunds.status, endStatuses), gt(refunds.deadlineAt, now))

/** Refunds that the role may see, newest first, from below a position. A consumer's may be of several offices. */
export const listRefunds = ({ db }: Tx, { office, status, contractId, isLate, now }: RefundSelection, before: RefundId | undefined, limit: number): Promise<RefundRecord[]> =>
  db.select(refundColumns).from(refunds)
    .where(and(
      office === undefined ? undefined : eq(refunds.officeId, office),
      status && eq(refunds.status, status),
      contractId && eq(refunds.contractId, contractId),
      isLate === undefined ? undefined : lateness(isLate, now),
      before && lt(refunds.id, before)
    ))
    .orderBy(desc(refunds.id)).limit(limit)
