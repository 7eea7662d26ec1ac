import { and, asc, count, desc, eq, gt, inArray, isNull, lt, ne, sql } from 'drizzle-orm'
import { violates } from '../db/client.js'
import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { PersonId } from '../identity/model.js'
import { sum } from '../kernel/money.js'
import { wrongState } from '../kernel/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { RedemptionId } from '../redemptions/model.js'
import type { AwardId, DisputeFilter, DisputeId, DisputeRecord, FreezeLine, Offer, Proposal } from './model.js'
import { awardNumberUsed } from './problems.js'
import {
  adjudicatorDeclarations, awards, disputeAssignments, disputeDocuments, disputeExecutions, disputeMessages, disputeOffers, disputePayments, disputeProposals,
  disputeRedemptions, disputes, disputeTimeline, freezeLines
} from './table.js'

export type AssignmentRow = typeof disputeAssignments.$inferSelect
export type AwardRow = typeof awards.$inferSelect
export type ExecutionRow = typeof disputeExecutions.$inferSelect
export type MessageRow = typeof disputeMessages.$inferSelect
export type OfferRow = typeof disputeOffers.$inferSelect
export type ProposalRow = typeof disputeProposals.$inferSelect
export type TimelineRow = typeof disputeTimeline.$inferSelect
export type DocumentRow = typeof disputeDocuments.$inferSelect
export type DeclarationRow = typeof adjudicatorDeclarations.$inferSelect

type New<Table extends { $inferInsert: object }> = Omit<Table['$inferInsert'], 'officeId'>

// ---- disputes

const recordOf = ({ officeId: _, hasDeadline, deadlineAt, consumerId, ...row }: typeof disputes.$inferSelect): DisputeRecord =>
  ({ ...row, consumerId: consumerId as PersonId, deadlineAt: hasDeadline ? deadlineAt : null })

const byId = (office: number, id: DisputeId) => and(eq(disputes.officeId, office), eq(disputes.id, id))

const rowOf = ({ deadlineAt, ...dispute }: DisputeRecord, at: Date) => ({ ...dispute, hasDeadline: deadlineAt !== null, deadlineAt: deadlineAt ?? at })

export const insertDispute = async ({ db, office }: Tx, dispute: DisputeRecord): Promise<void> => {
  await db.insert(disputes).values({ ...rowOf(dispute, dispute.openedAt), officeId: office })
}

/** A dispute the role may see. */
export const findDispute = async ({ db, office }: Tx, id: DisputeId): Promise<DisputeRecord | undefined> => {
  const [row] = await db.select().from(disputes).where(byId(office, id))
  return row && recordOf(row)
}

/** Locks a dispute, after its contract. */
export const lockDispute = async ({ db, office }: Tx, id: DisputeId): Promise<DisputeRecord | undefined> => {
  const [row] = await db.select().from(disputes).where(byId(office, id)).for('update')
  return row && recordOf(row)
}

export const updateDispute = async ({ db, office }: Tx, dispute: DisputeRecord, at: Date): Promise<void> => {
  const { id: _, contractId: _contract, merchantId: _merchant, consumerId: _consumer, ...changed } = rowOf(dispute, at)
  await db.update(disputes).set(changed).where(byId(office, dispute.id))
}

/** A refund has left more frozen in an open dispute. */
export const addToFrozen = async ({ db, office }: Tx, id: DisputeId, amountFen: bigint): Promise<void> => {
  await db.update(disputes).set({ frozenFen: sql`${disputes.frozenFen} + ${amountFen}` }).where(byId(office, id))
}

/** Disputes the role may see, newest first, from below a position. */
export const listDisputes = async ({ db }: Tx, office: number | undefined, { stage, contractId, merchantId }: DisputeFilter, before: DisputeId | undefined, limit: number): Promise<DisputeRecord[]> =>
  (await db.select().from(disputes).where(and(
    office === undefined ? undefined : eq(disputes.officeId, office),
    stage && eq(disputes.stage, stage),
    contractId && eq(disputes.contractId, contractId),
    merchantId && eq(disputes.merchantId, merchantId),
    before && lt(disputes.id, before)
  )).orderBy(desc(disputes.id)).limit(limit)).map(recordOf)

export const insertRedemptions = async ({ db, office }: Tx, disputeId: DisputeId, ids: readonly RedemptionId[]): Promise<void> => {
  if (ids.length > 0) await db.insert(disputeRedemptions).values(ids.map((redemptionId) => ({ officeId: office, disputeId, redemptionId })))
}

export const listRedemptionIds = async ({ db, office }: Tx, disputeId: DisputeId): Promise<RedemptionId[]> =>
  (await db.select({ id: disputeRedemptions.redemptionId }).from(disputeRedemptions)
    .where(and(eq(disputeRedemptions.officeId, office), eq(disputeRedemptions.disputeId, disputeId))).orderBy(asc(disputeRedemptions.redemptionId))).map(({ id }) => id)

// ---- what is frozen

const lineColumns = { id: freezeLines.id, source: freezeLines.source, releaseId: freezeLines.releaseId, amountFen: freezeLines.amountFen, byRefund: freezeLines.byRefund }

export const insertFreezeLine = async ({ db, office }: Tx, line: New<typeof freezeLines>): Promise<void> => {
  await db.insert(freezeLines).values({ ...line, officeId: office })
}

/** Lines of a contract that a refund froze and no dispute has taken up. */
const untaken = (office: number, contractId: ContractId) =>
  and(eq(freezeLines.officeId, office), eq(freezeLines.contractId, contractId), isNull(freezeLines.disputeId), isNull(freezeLines.endedAt))

const openOf = (office: number, disputeId: DisputeId) =>
  and(eq(freezeLines.officeId, office), eq(freezeLines.disputeId, disputeId), isNull(freezeLines.endedAt))

export const lockUntakenLines = ({ db, office }: Tx, contractId: ContractId) =>
  db.select().from(freezeLines).where(untaken(office, contractId)).for('update')

export const takeUpLines = async ({ db, office }: Tx, contractId: ContractId, disputeId: DisputeId): Promise<void> => {
  await db.update(freezeLines).set({ disputeId }).where(untaken(office, contractId))
}

export const endUntakenLines = async ({ db, office }: Tx, contractId: ContractId, endedAt: Date): Promise<void> => {
  await db.update(freezeLines).set({ endedAt }).where(untaken(office, contractId))
}

/** What a dispute freezes now, oldest first; locked, once the contract is. */
export const lockOpenLines = ({ db, office }: Tx, disputeId: DisputeId): Promise<FreezeLine[]> =>
  db.select(lineColumns).from(freezeLines).where(openOf(office, disputeId)).orderBy(asc(freezeLines.id)).for('update')

export const endLines = async ({ db, office }: Tx, disputeId: DisputeId, endedAt: Date): Promise<void> => {
  await db.update(freezeLines).set({ endedAt }).where(openOf(office, disputeId))
}

/** What each dispute freezes now, in fen. */
export const sumOpenLines = async ({ db, office }: Tx, ids: readonly DisputeId[]): Promise<Map<DisputeId, bigint>> => {
  if (ids.length === 0) return new Map()
  const rows = await db.select({ id: freezeLines.disputeId, fen: sql<bigint>`sum(${freezeLines.amountFen})::bigint` }).from(freezeLines)
    .where(and(office === 0 ? undefined : eq(freezeLines.officeId, office), inArray(freezeLines.disputeId, [...ids]), isNull(freezeLines.endedAt)))
    .groupBy(freezeLines.disputeId)
  return new Map(rows.map(({ id, fen }) => [id as DisputeId, fen]))
}

export const frozenOf = async (tx: Tx, id: DisputeId): Promise<bigint> => sum((await sumOpenLines(tx, [id])).values())

// ---- offers and proposals

export const listOffers = ({ db, office }: Tx, disputeId: DisputeId): Promise<OfferRow[]> =>
  db.select().from(disputeOffers).where(and(eq(disputeOffers.officeId, office), eq(disputeOffers.disputeId, disputeId))).orderBy(asc(disputeOffers.id))

export const insertOffer = async ({ db, office }: Tx, row: New<typeof disputeOffers>): Promise<void> => {
  await db.insert(disputeOffers).values({ ...row, officeId: office })
}

export const updateOffer = async ({ db, office }: Tx, id: Offer['id'], changed: Pick<OfferRow, 'status' | 'answeredAt'>): Promise<void> => {
  await db.update(disputeOffers).set(changed).where(and(eq(disputeOffers.officeId, office), eq(disputeOffers.id, id)))
}

export const listProposals = ({ db, office }: Tx, disputeId: DisputeId): Promise<ProposalRow[]> =>
  db.select().from(disputeProposals).where(and(eq(disputeProposals.officeId, office), eq(disputeProposals.disputeId, disputeId))).orderBy(asc(disputeProposals.id))

export const insertProposal = async ({ db, office }: Tx, row: New<typeof disputeProposals>): Promise<void> => {
  await db.insert(disputeProposals).values({ ...row, officeId: office })
}

export const updateProposal = async ({ db, office }: Tx, id: Proposal['id'], changed: Partial<Pick<ProposalRow, 'status' | 'answeredAt' | 'consumerAccepted' | 'merchantAccepted'>>): Promise<void> => {
  await db.update(disputeProposals).set(changed).where(and(eq(disputeProposals.officeId, office), eq(disputeProposals.id, id)))
}

/** What is still open when a case moves on lapses. */
export const lapseOpen = async ({ db, office }: Tx, disputeId: DisputeId, at: Date): Promise<void> => {
  await db.update(disputeOffers).set({ status: 'lapsed', answeredAt: at }).where(and(eq(disputeOffers.officeId, office), eq(disputeOffers.disputeId, disputeId), eq(disputeOffers.status, 'open')))
  await db.update(disputeProposals).set({ status: 'lapsed', answeredAt: at }).where(and(eq(disputeProposals.officeId, office), eq(disputeProposals.disputeId, disputeId), eq(disputeProposals.status, 'open')))
}

// ---- what is said, and what happened

export const insertMessage = async ({ db, office }: Tx, row: New<typeof disputeMessages>): Promise<void> => {
  await db.insert(disputeMessages).values({ ...row, officeId: office })
}

export const listMessages = ({ db, office }: Tx, disputeId: DisputeId): Promise<MessageRow[]> =>
  db.select().from(disputeMessages).where(and(eq(disputeMessages.officeId, office), eq(disputeMessages.disputeId, disputeId))).orderBy(asc(disputeMessages.id))

export const insertTimeline = async ({ db, office }: Tx, row: New<typeof disputeTimeline>): Promise<void> => {
  await db.insert(disputeTimeline).values({ ...row, officeId: office })
}

export const listTimeline = ({ db, office }: Tx, disputeId: DisputeId): Promise<TimelineRow[]> =>
  db.select().from(disputeTimeline).where(and(eq(disputeTimeline.officeId, office), eq(disputeTimeline.disputeId, disputeId))).orderBy(asc(disputeTimeline.id))

export const insertDocument = async ({ db, office }: Tx, row: New<typeof disputeDocuments>): Promise<void> => {
  await db.insert(disputeDocuments).values({ ...row, officeId: office })
}

export const listDocuments = ({ db, office }: Tx, disputeId: DisputeId): Promise<DocumentRow[]> =>
  db.select().from(disputeDocuments).where(and(eq(disputeDocuments.officeId, office), eq(disputeDocuments.disputeId, disputeId))).orderBy(asc(disputeDocuments.id))

// ---- who mediates and decides

export const insertAssignment = async ({ db, office }: Tx, row: New<typeof disputeAssignments>): Promise<void> => {
  await db.insert(disputeAssignments).values({ ...row, officeId: office })
}

export const listAssignments = ({ db, office }: Tx, disputeId: DisputeId): Promise<AssignmentRow[]> =>
  db.select().from(disputeAssignments).where(and(eq(disputeAssignments.officeId, office), eq(disputeAssignments.disputeId, disputeId))).orderBy(asc(disputeAssignments.id))

export const updateAssignment = async ({ db, office }: Tx, id: AssignmentRow['id'], changed: Partial<Pick<AssignmentRow, 'status' | 'answeredAt' | 'endedAt' | 'note'>>): Promise<void> => {
  await db.update(disputeAssignments).set(changed).where(and(eq(disputeAssignments.officeId, office), eq(disputeAssignments.id, id)))
}

export const findAssignment = async ({ db, office }: Tx, id: AssignmentRow['id']): Promise<AssignmentRow | undefined> =>
  (await db.select().from(disputeAssignments).where(and(eq(disputeAssignments.officeId, office), eq(disputeAssignments.id, id))))[0]

/** Once arbitration begins, whoever mediated has nothing more to do with the case. */
export const releaseMediators = async ({ db, office }: Tx, disputeId: DisputeId, at: Date): Promise<void> => {
  await db.update(disputeAssignments).set({ status: 'released', endedAt: at }).where(and(
    eq(disputeAssignments.officeId, office), eq(disputeAssignments.disputeId, disputeId), eq(disputeAssignments.role, 'mediator'), isNull(disputeAssignments.endedAt)
  ))
}

/** Other cases of a merchant that a person decided as arbitrator. */
export const listDecidedCases = ({ db, office }: Tx, adjudicatorId: PersonId, merchantId: MerchantId, except: DisputeId) =>
  db.select({ disputeId: disputes.id, endedAt: disputes.endedAt }).from(disputeAssignments)
    .innerJoin(disputes, and(eq(disputes.officeId, disputeAssignments.officeId), eq(disputes.id, disputeAssignments.disputeId)))
    .where(and(
      eq(disputeAssignments.officeId, office), eq(disputeAssignments.adjudicatorId, adjudicatorId), eq(disputeAssignments.merchantId, merchantId),
      eq(disputeAssignments.role, 'arbitrator'), ne(disputes.id, except), inArray(disputes.stage, ['decided', 'executed']),
      eq(disputeAssignments.status, 'accepted')
    ))

/** How many cases each person has in hand. */
export const countOpenCases = ({ db, office }: Tx): Promise<{ adjudicatorId: PersonId; cases: number }[]> =>
  db.select({ adjudicatorId: disputeAssignments.adjudicatorId, cases: count() }).from(disputeAssignments)
    .innerJoin(disputes, and(eq(disputes.officeId, disputeAssignments.officeId), eq(disputes.id, disputeAssignments.disputeId)))
    .where(and(eq(disputeAssignments.officeId, office), isNull(disputeAssignments.endedAt), inArray(disputes.stage, ['mediation', 'arbitration'])))
    .groupBy(disputeAssignments.adjudicatorId)

export const insertDeclaration = async ({ db, office }: Tx, row: New<typeof adjudicatorDeclarations>): Promise<void> => {
  await db.insert(adjudicatorDeclarations).values({ ...row, officeId: office })
}

export const listDeclarations = ({ db, office }: Tx, adjudicatorId: PersonId): Promise<DeclarationRow[]> =>
  db.select().from(adjudicatorDeclarations)
    .where(and(eq(adjudicatorDeclarations.officeId, office), eq(adjudicatorDeclarations.adjudicatorId, adjudicatorId))).orderBy(desc(adjudicatorDeclarations.id))

// ---- awards and their execution

/** @throws award_number_used (422) */
export const insertAward = async ({ db, office }: Tx, row: New<typeof awards>): Promise<void> => {
  await db.insert(awards).values({ ...row, officeId: office }).catch((error: unknown) => {
    throw violates(error, 'awards_one_per_number') ? awardNumberUsed({ awardNumber: row.awardNumber }) : error
  })
}

export const listAwards = ({ db, office }: Tx, disputeId: DisputeId): Promise<AwardRow[]> =>
  db.select().from(awards).where(and(eq(awards.officeId, office), eq(awards.disputeId, disputeId))).orderBy(asc(awards.id))

export const updateAward = async ({ db, office }: Tx, id: AwardId, changed: Partial<Pick<AwardRow, 'status' | 'arbitratorIds' | 'madeAt' | 'documentSha256'>>): Promise<void> => {
  await db.update(awards).set(changed).where(and(eq(awards.officeId, office), eq(awards.id, id)))
}

export const listExecutions = ({ db, office }: Tx, disputeId: DisputeId): Promise<ExecutionRow[]> =>
  db.select().from(disputeExecutions).where(and(eq(disputeExecutions.officeId, office), eq(disputeExecutions.disputeId, disputeId))).orderBy(asc(disputeExecutions.proposedAt))

export const insertExecution = async ({ db, office }: Tx, row: New<typeof disputeExecutions>): Promise<void> => {
  await db.insert(disputeExecutions).values({ ...row, officeId: office })
}

export const updateExecution = async ({ db, office }: Tx, awardId: AwardId, changed: Pick<ExecutionRow, 'checkerId' | 'executedAt'>): Promise<void> => {
  await db.update(disputeExecutions).set(changed).where(and(eq(disputeExecutions.officeId, office), eq(disputeExecutions.awardId, awardId)))
}

/** Enters what is paid of a case. @throws wrong_state (409) where the same was paid before, whatever key it comes under */
export const insertPayments = async ({ db, office }: Tx, rows: readonly New<typeof disputePayments>[]): Promise<void> => {
  if (rows.length === 0) return
  await db.insert(disputePayments).values(rows.map((row) => ({ ...row, officeId: office }))).catch((error: unknown) => {
    const isRepeat = violates(error, 'dispute_payments_pk') || violates(error, 'dispute_payments_one_per_award')
    throw isRepeat ? wrongState({ state: 'executed', allowed: ['decided'] }) : error
  })
}

export const listPayments = ({ db, office }: Tx, disputeId: DisputeId) =>
  db.select().from(disputePayments).where(and(eq(disputePayments.officeId, office), eq(disputePayments.disputeId, disputeId)))

// ---- signs of claims in series, as counts

/** Consumers with more than one case since a moment: how often, against how many, and what became of it. */
export const listSignals = ({ db, office }: Tx, since: Date) =>
  db.select({
    consumerId: disputes.consumerId,
    disputes: count(),
    merchants: sql<number>`count(distinct ${disputes.merchantId})::int`,
    contracts: sql<number>`count(distinct ${disputes.contractId})::int`,
    aboutSaleOrPrice: sql<number>`(count(*) filter (where ${disputes.ground} in ('price_or_terms', 'misleading_sale')))::int`,
    withdrawnOrLapsed: sql<number>`(count(*) filter (where ${disputes.stage} in ('withdrawn', 'lapsed')))::int`,
    claimedFen: sql<bigint>`sum(${disputes.claimFen})::bigint`,
    refundedFen: sql<bigint>`coalesce(sum(${disputes.refundFen}), 0)::bigint`,
    firstAt: sql<Date>`min(${disputes.openedAt})`.mapWith(disputes.openedAt),
    lastAt: sql<Date>`max(${disputes.openedAt})`.mapWith(disputes.openedAt)
  }).from(disputes)
    .where(and(eq(disputes.officeId, office), eq(disputes.claimant, 'consumer'), gt(disputes.openedAt, since)))
    .groupBy(disputes.consumerId).having(gt(count(), 1)).orderBy(desc(count()), asc(disputes.consumerId)).limit(100)
