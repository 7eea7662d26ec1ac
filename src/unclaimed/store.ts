import { and, asc, desc, eq, gt, lt, lte, sql } from 'drizzle-orm'
import type { ContractId } from '../contracts/model.js'
import { violates } from '../db/client.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf } from '../kernel/id.js'
import { notFound } from '../kernel/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { Candidate, ItemRecord, Subject, UnclaimedId, UnclaimedKind, UnclaimedStatus } from './model.js'
import { unclaimedCandidates as candidates, unclaimedItems, unclaimedSums } from './table.js'

const prefixOf = { held: 'ctr', refund: 'ref', payable: 'mer' } as const

const withSubject = <Row extends Readonly<{ kind: UnclaimedKind; subject: string }>>({ subject, ...row }: Row) =>
  ({ ...row, subject: idOf(prefixOf[row.kind], subject) as Subject })

/** What is payable counts by merchant; what is held and refunds, each for itself. */
const subjectOf = sql<string>`case when ${candidates.kind} = 'payable' then ${candidates.merchantId} else ${candidates.subject} end`

type Selection = Readonly<{ lapsesBy: Date; kind?: UnclaimedKind | undefined; subject?: Subject | undefined; after?: Subject | undefined; limit: number }>

/** Money whose five years are over by an instant, by the age of what it is of. */
export const listCandidates = async ({ db, office }: Tx, { lapsesBy, kind, subject, after, limit }: Selection): Promise<Candidate[]> => {
  const lapsesAt = sql<Date>`min(${candidates.lapsesAt})`.mapWith(candidates.lapsesAt)
  const rows = await db.select({
    kind: candidates.kind, subject: subjectOf, merchantId: candidates.merchantId, amountFen: sql<bigint>`sum(${candidates.amountFen})::bigint`, lapsesAt,
    contractIds: sql<string[]>`array_agg(${candidates.contractId})`
  }).from(candidates)
    .where(and(
      eq(candidates.officeId, office), lte(candidates.lapsesAt, lapsesBy), kind && eq(candidates.kind, kind),
      subject && eq(subjectOf, uuidOf(subject)), after && gt(subjectOf, uuidOf(after))
    ))
    .groupBy(candidates.kind, subjectOf, candidates.merchantId).orderBy(asc(subjectOf)).limit(limit)
  return rows.map(({ contractIds: [contractId], ...row }) => ({
    ...withSubject(row), contractId: row.kind === 'payable' || contractId === undefined ? null : idOf('ctr', contractId)
  }))
}

/** The contracts of a merchant whose payable money has lapsed. */
export const listLapsedContracts = async ({ db, office }: Tx, merchantId: MerchantId, now: Date): Promise<ContractId[]> =>
  (await db.select({ id: candidates.contractId }).from(candidates)
    .where(and(eq(candidates.officeId, office), eq(candidates.kind, 'payable'), eq(candidates.merchantId, merchantId), lte(candidates.lapsesAt, now)))).map(({ id }) => id)

/** Counts and sums by kind, of money whose five years are over by an instant. */
export const sumCandidates = ({ db, office }: Tx, lapsesBy: Date): Promise<{ kind: UnclaimedKind; count: number; amountFen: bigint }[]> =>
  db.select({ kind: candidates.kind, count: sql<number>`count(*)::int`, amountFen: sql<bigint>`sum(${candidates.amountFen})::bigint` })
    .from(candidates).where(and(eq(candidates.officeId, office), lte(candidates.lapsesAt, lapsesBy))).groupBy(candidates.kind)

export const sumSetAside = async ({ db, office }: Tx): Promise<{ count: number; amountFen: bigint }> =>
  (await db.select({ count: sql<number>`count(*)::int`, amountFen: sql<bigint>`coalesce(sum(${unclaimedSums.amountFen}), 0)::bigint` })
    .from(unclaimedSums).where(eq(unclaimedSums.officeId, office)))[0] ?? { count: 0, amountFen: 0n }

const itemOf = ({ officeId: _, ...row }: typeof unclaimedItems.$inferSelect): ItemRecord => withSubject(row)

const rowOf = ({ subject, ...item }: ItemRecord) => ({ ...item, subject: uuidOf(subject) })

/** @throws not_found (404) for what another proposal has taken off the list meanwhile */
export const insertItem = async ({ db, office }: Tx, item: ItemRecord): Promise<void> => {
  await db.insert(unclaimedItems).values({ ...rowOf(item), officeId: office })
    .catch((error: unknown) => { throw violates(error, 'unclaimed_items_one_open_per_subject') ? notFound({}) : error })
}

const byId = (office: number, id: UnclaimedId) => and(eq(unclaimedItems.officeId, office), eq(unclaimedItems.id, id))

export const lockItem = async ({ db, office }: Tx, id: UnclaimedId): Promise<ItemRecord | undefined> =>
  (await db.select().from(unclaimedItems).where(byId(office, id)).for('update')).map(itemOf)[0]

export const updateItem = async ({ db, office }: Tx, item: ItemRecord): Promise<void> => {
  const { id: _, ...changed } = rowOf(item)
  await db.update(unclaimedItems).set(changed).where(byId(office, item.id))
}

/** Newest first, from below a position. */
export const listItems = async ({ db, office }: Tx, status: UnclaimedStatus | undefined, before: UnclaimedId | undefined, limit: number): Promise<ItemRecord[]> =>
  (await db.select().from(unclaimedItems)
    .where(and(eq(unclaimedItems.officeId, office), status && eq(unclaimedItems.status, status), before && lt(unclaimedItems.id, before)))
    .orderBy(desc(unclaimedItems.id)).limit(limit)).map(itemOf)
