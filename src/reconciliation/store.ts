import { and, asc, eq, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, type Id } from '../kernel/id.js'
import type { ClosingRecord, DifferenceKind, OwedLeaf, SumNode, UnmatchedLine } from './model.js'
import { channelMovements, dayClosings, liabilityLeaves, liabilityNodes, reconciliationDifferences, unmatchedBankLines } from './table.js'

const closingColumns = {
  day: dayClosings.day, status: dayClosings.status, makerId: dayClosings.makerId, checkerId: dayClosings.checkerId, reason: dayClosings.reason,
  proposedAt: dayClosings.proposedAt, snapshot: dayClosings.snapshot, closedAt: dayClosings.closedAt, entries: dayClosings.entries,
  movedFen: dayClosings.movedFen, liabilityRoot: dayClosings.liabilityRoot, liabilityTotalFen: dayClosings.liabilityTotalFen
}

const ofDay = (office: number, day: string) => and(eq(dayClosings.officeId, office), eq(dayClosings.day, day))

export const findClosing = async ({ db, office }: Tx, day: string): Promise<ClosingRecord | undefined> =>
  (await db.select(closingColumns).from(dayClosings).where(ofDay(office, day)))[0]

export const lockClosing = async ({ db, office }: Tx, day: string): Promise<ClosingRecord | undefined> =>
  (await db.select(closingColumns).from(dayClosings).where(ofDay(office, day)).for('update'))[0]

export const upsertClosing = async ({ db, office }: Tx, record: ClosingRecord): Promise<void> => {
  const { day, ...set } = record
  await db.insert(dayClosings).values({ ...record, officeId: office }).onConflictDoUpdate({ target: [dayClosings.officeId, dayClosings.day], set })
}

/** The transaction from which on all others began after now. */
export const nextTransaction = async ({ client }: Tx): Promise<string> =>
  (await client.query<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')).rows[0]?.next ?? '0'

/** Whether every transaction that was running at such a moment has ended. */
export const hasSettled = async ({ client }: Tx, snapshot: string): Promise<boolean> =>
  (await client.query<{ settled: boolean }>('select pg_snapshot_xmin(pg_current_snapshot())::text::numeric >= $1::numeric as settled', [snapshot])).rows[0]?.settled ?? false

const differenceColumns = {
  id: reconciliationDifferences.id, day: reconciliationDifferences.day, kind: reconciliationDifferences.kind, of: reconciliationDifferences.of,
  differenceFen: reconciliationDifferences.differenceFen, openedAt: reconciliationDifferences.openedAt, settledAt: reconciliationDifferences.settledAt
}

export const listDifferences = ({ db, office }: Tx, day: string) =>
  db.select(differenceColumns).from(reconciliationDifferences)
    .where(and(eq(reconciliationDifferences.officeId, office), eq(reconciliationDifferences.day, day))).orderBy(asc(reconciliationDifferences.id))

type Found = Readonly<{ kind: DifferenceKind; of: string; differenceFen: bigint }>

/** Opens an item for a difference, or says what it is now. */
export const noteDifference = async ({ db, office }: Tx, id: Id<'rdf'>, day: string, { kind, of, differenceFen }: Found, openedAt: Date): Promise<void> => {
  await db.insert(reconciliationDifferences).values({ officeId: office, id, day, kind, of, differenceFen, openedAt, settledAt: null })
    .onConflictDoUpdate({
      target: [reconciliationDifferences.officeId, reconciliationDifferences.day, reconciliationDifferences.kind, reconciliationDifferences.of],
      targetWhere: isNull(reconciliationDifferences.settledAt), set: { differenceFen }
    })
}

export const settleDifference = async ({ db, office }: Tx, day: string, { kind, of }: Found, settledAt: Date): Promise<void> => {
  await db.update(reconciliationDifferences).set({ settledAt }).where(and(
    eq(reconciliationDifferences.officeId, office), eq(reconciliationDifferences.day, day), eq(reconciliationDifferences.kind, kind),
    eq(reconciliationDifferences.of, of), isNull(reconciliationDifferences.settledAt)
  ))
}

const shownMax = 200

/** What does not agree by the end of a day; bookings only as far as a statement has come. */
export const listUnmatched = async ({ db, office }: Tx, accountNumber: string, day: string, statementOn: string | null): Promise<UnmatchedLine[]> => {
  const rows = await db.select().from(unmatchedBankLines).where(and(
    eq(unmatchedBankLines.officeId, office), eq(unmatchedBankLines.accountNumber, accountNumber), lte(unmatchedBankLines.day, day),
    statementOn === null ? eq(unmatchedBankLines.source, 'statement') : or(eq(unmatchedBankLines.source, 'statement'), lte(unmatchedBankLines.day, statementOn))
  )).orderBy(asc(unmatchedBankLines.day)).limit(shownMax)
  return rows.map(({ source, entryId, transferId, reference, side, amountFen, day: date, status }) => ({ source, id: entryId, transferId, reference, side, amountFen, date, status }))
}

/** What each channel has reported until an instant, all together. */
export const sumChannels = ({ db, office }: Tx, until: Date) =>
  db.select({ channel: channelMovements.channel, reportedFen: sql<bigint>`sum(${channelMovements.amountFen})::bigint` }).from(channelMovements)
    .where(and(eq(channelMovements.officeId, office), lt(channelMovements.at, until))).groupBy(channelMovements.channel)

/*
 * What was owed at an instant: to each consumer by her contracts, and to others by the kind of
 * account. Balances as they stand, less what was booked since: it reads the days after, not all
 * days before. It names tables of other features, and none of their code.
 */
const owedStatement = `
  with since as (
    select contract_id, account_id, kind, sum(case side when 'C' then amount_fen else -amount_fen end) as moved_fen
    from entries where office_id = $1 and booked_at >= $2 group by contract_id, account_id, kind
  ), consumers as (
    select c.consumer_id, sum(c.held_fen + c.disputed_fen + c.pending_fen - coalesce(s.moved_fen, 0)) as balance_fen
    from contracts c
    left join (select contract_id, sum(moved_fen) as moved_fen from since where account_id is null group by contract_id) s on s.contract_id = c.id
    where c.office_id = $1 group by c.consumer_id
  ), others as (
    select a.kind, sum(a.balance_fen - coalesce(s.moved_fen, 0)) as balance_fen
    from accounts a left join (select account_id, sum(moved_fen) as moved_fen from since where account_id is not null group by account_id) s on s.account_id = a.id
    where a.office_id = $1 and a.kind not in ('bank', 'clearing', 'due_from_office', 'unexplained_debit') group by a.kind
  )
  select consumer_id, null as kind, balance_fen::bigint from consumers where balance_fen <> 0
  union all select null, kind, balance_fen::bigint from others where balance_fen <> 0`

export const listOwed = async ({ client, office }: Tx, at: Date): Promise<{ consumerId: Id<'per'> | null; owner: string; balanceFen: bigint }[]> => {
  const { rows } = await client.query<{ consumer_id: string | null; kind: string | null; balance_fen: bigint }>(owedStatement, [office, at])
  return rows.map(({ consumer_id: consumer, kind, balance_fen: balanceFen }) => {
    const consumerId = consumer === null ? null : idOf('per', consumer)
    return { consumerId, owner: consumerId ?? String(kind), balanceFen }
  })
}

const insertMax = 5_000

export const insertLeaves = async ({ db, office }: Tx, day: string, leaves: readonly (OwedLeaf & { consumerId: Id<'per'> | null })[]): Promise<void> => {
  for (let from = 0; from < leaves.length; from += insertMax) {
    await db.insert(liabilityLeaves).values(leaves.slice(from, from + insertMax).map((leaf, i) => ({ ...leaf, officeId: office, day, position: from + i })))
  }
}

const nodeLength = 40

const packed = ({ hash, sumFen }: SumNode): Buffer => {
  const sum = Buffer.alloc(8)
  sum.writeBigUInt64BE(sumFen)
  return Buffer.concat([hash, sum])
}

export const insertNodes = async ({ db, office }: Tx, day: string, levels: readonly (readonly SumNode[])[]): Promise<void> => {
  await db.insert(liabilityNodes).values(levels.map((level, i) => ({ officeId: office, day, level: i, nodes: Buffer.concat(level.map(packed)) })))
}

export const findNode = async ({ client, office }: Tx, day: string, level: number, at: number): Promise<SumNode | undefined> => {
  const { rows: [row] } = await client.query<{ node: Buffer }>(
    `select substring(nodes from $4 for ${nodeLength}) as node from liability_nodes where office_id = $1 and day = $2 and level = $3`,
    [office, day, level, at * nodeLength + 1])
  return row && { hash: row.node.subarray(0, 32), sumFen: row.node.readBigUInt64BE(32) }
}

export const countLeaves = async ({ client, office }: Tx, day: string): Promise<number> => {
  const { rows: [row] } = await client.query<{ count: number }>(
    `select length(nodes) / ${nodeLength} as count from liability_nodes where office_id = $1 and day = $2 and level = 0`, [office, day])
  return row?.count ?? 0
}

/** The leaf of the consumer who asks. */
export const findLeaf = async ({ db, office }: Tx, day: string, consumerId: Id<'per'>) =>
  (await db.select({ position: liabilityLeaves.position, owner: liabilityLeaves.owner, nonce: liabilityLeaves.nonce, balanceFen: liabilityLeaves.balanceFen })
    .from(liabilityLeaves).where(and(eq(liabilityLeaves.officeId, office), eq(liabilityLeaves.day, day), eq(liabilityLeaves.consumerId, consumerId))))[0]
