import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import type { AuditFilter, By, JournalLine, MerchantSums } from './model.js'
import { merchantTotals } from './table.js'

export type MerchantTotalsRow = typeof merchantTotals.$inferSelect

/** Several reads of the same moment: must come before the first of them. */
export const holdStill = async ({ client }: Tx): Promise<void> => {
  await client.query('set transaction isolation level repeatable read')
}

export const findMerchantTotals = async ({ db, office }: Tx, merchantId: MerchantId): Promise<MerchantTotalsRow | undefined> =>
  (await db.select().from(merchantTotals).where(and(eq(merchantTotals.officeId, office), eq(merchantTotals.merchantId, merchantId))))[0]

/** Newest merchants first, from below a position. */
export const listMerchantTotals = ({ db, office }: Tx, before: MerchantId | undefined, limit: number, { merchantId, district, category }: AuditFilter = {}): Promise<MerchantTotalsRow[]> =>
  db.select().from(merchantTotals)
    .where(and(
      eq(merchantTotals.officeId, office), before && lt(merchantTotals.merchantId, before), merchantId && eq(merchantTotals.merchantId, merchantId),
      district === undefined ? undefined : eq(merchantTotals.district, district), category && eq(merchantTotals.category, category)
    ))
    .orderBy(desc(merchantTotals.merchantId)).limit(limit)

const total = (column: (typeof merchantTotals)['heldFen']) => sql<bigint>`coalesce(sum(${column}), 0)::bigint`

/** All merchants of the office together. */
export const sumMerchantTotals = async ({ db, office }: Tx) => {
  const [row] = await db.select({
    merchants: sql<number>`count(*)::int`,
    contracts: sql<number>`coalesce(sum(${merchantTotals.contracts}), 0)::int`,
    openContracts: sql<number>`coalesce(sum(${merchantTotals.openContracts}), 0)::int`,
    paidFen: total(merchantTotals.paidFen), heldFen: total(merchantTotals.heldFen), disputedFen: total(merchantTotals.disputedFen),
    pendingFen: total(merchantTotals.pendingFen), releasedFen: total(merchantTotals.releasedFen), refundedFen: total(merchantTotals.refundedFen),
    payableFen: total(merchantTotals.payableFen), inTransitFen: total(merchantTotals.inTransitFen), unclaimedFen: total(merchantTotals.unclaimedFen),
    paidOutFen: total(merchantTotals.paidOutFen), feeFen: total(merchantTotals.feeFen)
  }).from(merchantTotals).where(eq(merchantTotals.officeId, office))
  return row
}

/** What all contracts of the office hold together. */
export const sumContracts = async ({ client }: Tx): Promise<{ held: Fen; disputed: Fen; pending: Fen }> => {
  const { rows: [row] } = await client.query<{ held: Fen; disputed: Fen; pending: Fen }>('select held_fen as held, disputed_fen as disputed, pending_fen as pending from contract_sums')
  return row ?? { held: 0n, disputed: 0n, pending: 0n }
}

/** Courts' holds in force at a moment: how many, and up to how much. */
export const sumLegalHolds = async ({ client, office }: Tx, at: Date): Promise<{ legalHolds: number; legalHoldFen: Fen }> => {
  const { rows: [row] } = await client.query<{ count: number; fen: Fen }>(
    'select count(*)::int as count, coalesce(sum(amount_fen), 0)::bigint as fen from legal_hold_sums where office_id = $1 and since <= $2 and until > $2', [office, at])
  return { legalHolds: row?.count ?? 0, legalHoldFen: row?.fen ?? 0n }
}

const movementSums = `
  count(distinct contract_id) filter (where kind = 'held')::int as "contracts",
  coalesce(sum(credit_fen) filter (where kind = 'held' and event in ('payment-received', 'receipt-resolved', 'payment-reversed')), 0)::bigint as "paidFen",
  coalesce(sum(credit_fen) filter (where kind = 'held'), 0)::bigint as "heldFen",
  coalesce(sum(credit_fen) filter (where kind = 'disputed'), 0)::bigint as "disputedFen",
  coalesce(sum(credit_fen) filter (where kind = 'pending'), 0)::bigint as "pendingFen",
  coalesce(sum(credit_fen) filter (where kind = 'payable'), 0)::bigint as "payableFen",
  coalesce(sum(credit_fen) filter (where kind = 'in_transit'), 0)::bigint as "inTransitFen",
  coalesce(sum(credit_fen) filter (where kind = 'unclaimed'), 0)::bigint as "unclaimedFen",
  coalesce(sum(credit_fen) filter (where kind = 'payable' and event not in ('settlement-approved', 'payout-returned', 'unclaimed-set-aside', 'unclaimed-claimed')), 0)::bigint as "releasedFen",
  coalesce(sum(credit_fen) filter (where kind = 'bank' and event in ('payout-confirmed', 'payout-returned')), 0)::bigint as "paidOutFen",
  coalesce(sum(credit_fen) filter (where (kind = 'fee' and event = 'payout-confirmed') or (kind = 'due_from_office' and event = 'payout-returned')), 0)::bigint as "feeFen"`

type Sums = Omit<MerchantSums, 'refundedFen'> & Readonly<{ contracts: number; openContracts: number }>

const withRefunded = <Row extends Sums>(row: Row) =>
  ({ ...row, refundedFen: row.paidFen - row.heldFen - row.disputedFen - row.pendingFen - row.releasedFen })

const timeOf = (by: By): string => (by === 'event' ? 'occurred_at' : 'booked_at')

const openContracts = (by: By, merchant = ''): string => `(
  select count(*)::int from (
    select contract_id from merchant_movements where office_id = $1 and ${timeOf(by)} < $2 and kind in ('held', 'disputed', 'pending') ${merchant}
    group by contract_id having sum(credit_fen) > 0) o) as "openContracts"`

/**
 * All movements before an instant, by when they happened or were booked, together. Merchants are
 * counted by a sum each of them has: without one of its outer join, Citus does not take the view.
 */
export const sumMovements = async ({ client, office }: Tx, until: Date, by: By) => {
  const { rows: [row] } = await client.query<Sums & { merchants: number }>(`
    select (select count(payable_fen)::int from merchant_totals where office_id = $1) as "merchants", ${movementSums}, ${openContracts(by)}
    from merchant_movements where office_id = $1 and ${timeOf(by)} < $2`, [office, until])
  return row && withRefunded(row)
}

/** The same for each of these merchants; one without any movement is missing. */
export const sumMovementsOf = async ({ client, office }: Tx, merchantIds: readonly MerchantId[], until: Date, by: By) => {
  const { rows } = await client.query<Sums & { merchantId: string }>(`
    select m.merchant_id as "merchantId", ${movementSums}, ${openContracts(by, 'and merchant_id = m.merchant_id')}
    from merchant_movements m where office_id = $1 and ${timeOf(by)} < $2 and merchant_id = any($3::uuid[]) group by m.merchant_id`,
  [office, until, merchantIds.map(uuidOf)])
  return new Map(rows.map(({ merchantId, ...sums }) => [idOf('mer', merchantId), withRefunded(sums)]))
}

type JournalRow = Readonly<{
  transfer_id: string; line: number; event: string; reference: string; contract_id: string | null; merchant_id: string | null; person_id: string | null
  kind: string; of: string | null; line_contract_id: string | null; side: 'D' | 'C'; amount_fen: bigint; balance_after_fen: bigint; occurred_at: Date; booked_at: Date
}>

const idOrNull = <Prefix extends string>(prefix: Prefix, uuid: string | null) => (uuid === null ? null : idOf(prefix, uuid))

const journalLineOf = (row: JournalRow): JournalLine => ({
  transferId: idOf('trf', row.transfer_id), line: row.line, event: row.event, reference: row.reference, contractId: idOrNull('ctr', row.contract_id ?? row.line_contract_id),
  merchantId: idOrNull('mer', row.merchant_id), personId: idOrNull('per', row.person_id),
  account: `${row.kind}:${row.of ?? idOrNull('ctr', row.line_contract_id) ?? ''}`, side: row.side, amountFen: row.amount_fen, balanceAfterFen: row.balance_after_fen,
  occurredAt: row.occurred_at, bookedAt: row.booked_at
})

/** From behind one line up to the last of a transfer, or to the end. Transfers by the database's form of their ids. */
export type JournalRange = Readonly<{ after: Readonly<{ transferId: string; line: number }>; until: string | undefined }>

/**
 * Entries booked within a time, in the order of their transfers, of a range of these. Where it begins
 * is said twice, because the planner takes a comparison of rows for a third of the journal.
 */
export const listJournal = async ({ client, office }: Tx, from: Date, until: Date, { after, until: last }: JournalRange, limit: number): Promise<JournalLine[]> => {
  const { rows } = await client.query<JournalRow>(`
    select transfer_id, line, event, reference, contract_id, merchant_id, person_id, kind, of, line_contract_id, side, amount_fen, balance_after_fen, occurred_at, booked_at
    from journal_lines
    where office_id = $1 and booked_at >= $2 and booked_at < $3 and transfer_id >= $4::uuid and (transfer_id, line) > ($4::uuid, $5::int) ${last === undefined ? '' : 'and transfer_id <= $7::uuid'}
    order by transfer_id, line limit $6`,
  [office, from, until, after.transferId, after.line, limit, ...(last === undefined ? [] : [last])])
  return rows.map(journalLineOf)
}
