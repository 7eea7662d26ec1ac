import { and, desc, eq, lt } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { idOf } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import type { AuditFilter, JournalLine } from './model.js'
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
