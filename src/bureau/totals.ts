import type { Tx } from '../db/unit-of-work.js'
import { createTotals, type TotalsOptions } from '../ledger/totals.js'

/*
 * Sums of what was moved for each merchant, made behind the journal by long stretches: a merchant
 * moves little in an hour, so that sums by the hour would be as many as the entries. Each knows from
 * when to when its entries were booked and happened; whoever asks for a moment reads the entries of
 * those stretches only in which a sum lies on both sides of it (movements.ts).
 */

/** Some days of a large office. An office with fewer transfers in all is added up by its entries. */
const stretchOf = 50_000

const sumByMerchant = async ({ client, office }: Tx, from: string, until: string): Promise<void> => {
  await client.query(`
    insert into movement_totals (office_id, from_id, until_id, merchant_id, contract_kind, kind, event, lines, credit_fen, first_booked_at, last_booked_at, first_occurred_at, last_occurred_at)
    select m.office_id, $2, $3, m.merchant_id, coalesce(m.contract_kind, ''), m.kind, m.event, count(*), sum(m.credit_fen), min(m.booked_at), max(m.booked_at), min(m.occurred_at), max(m.occurred_at)
    from audit_movements m
    where m.office_id = $1 and m.transfer_id > $2 and m.transfer_id <= $3 and m.merchant_id is not null
    group by m.office_id, m.merchant_id, coalesce(m.contract_kind, ''), m.kind, m.event`, [office, from, until])
}

/** The job that sums what was moved for each merchant. */
export const createMovementTotals = ({ stretch = stretchOf, ...options }: TotalsOptions) =>
  createTotals({ name: 'movement totals', table: 'movement_totals', least: stretch, most: stretch, stretchesPerRun: 1, sum: sumByMerchant }, options)
