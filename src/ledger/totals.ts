import { byKeys } from '../db/plans.js'
import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'

/*
 * Sums of the journal, made once behind it: whoever asks for the books at a moment adds these up, and
 * the entries only of what the moment falls into and of what was booked since. They are made of
 * stretches of transfers in the order of their ids, which begin with the time they were made at: a
 * stretch that lies longer back than any transaction can run is complete, whatever the clock of the
 * business says. The sums by kind of account and hour are here; bureau/totals.ts has those by merchant.
 */

/** Far longer than a transaction may run (`statement_timeout`, `idle_in_transaction_session_timeout`). */
const settledAfterMs = 3_600_000
/** Jobs run every second; what has settled changes by the hour. */
const runsBetween = 60

/** A table of sums by stretch, with the columns `from_id` and `until_id`. */
export type Totals = Readonly<{
  /** the job's */
  name: string
  table: 'journal_totals' | 'movement_totals'
  /** How many transfers a stretch has: fewer wait until there are enough. */
  least: number
  most: number
  /** A journal that was never summed is caught up with run by run, so that no other job waits for it. */
  stretchesPerRun: number
  /** Sums the transfers from behind one id up to another. */
  sum: (tx: Tx, from: string, until: string) => Promise<void>
}>

export type TotalsOptions = Readonly<{ work: UnitOfWork; settledMs?: number; stretch?: number }>

/** SQL, of the office $1: the last transfer that is summed; below all of them where none is. */
export const summedUntil = (table: Totals['table']): string =>
  `coalesce((select until_id from ${table} where office_id = $1 order by until_id desc limit 1), '00000000-0000-0000-0000-000000000000')`

/** One process at a time: two stretches must not overlap. */
const takeLead = async ({ client, office }: Tx, table: string): Promise<boolean> =>
  (await client.query<{ leads: boolean }>('select pg_try_advisory_xact_lock(hashtext($2), $1) as leads', [office, table])).rows[0]?.leads === true

/** The next transfers that are complete and not summed: from behind one id up to another. By the database's clock. */
const nextStretch = async ({ client, office }: Tx, { table, least, most }: Totals, settledMs: number): Promise<{ from: string; until: string } | undefined> => {
  const { rows: [last] } = await client.query<{ id: string }>(`select ${summedUntil(table)} as id`, [office])
  if (!last) return undefined
  const { rows: [next] } = await client.query<{ until: string; count: number }>(`
    select id as until, count from (
      select id, (row_number() over (order by id))::int as count from transfers where office_id = $1 and id > $2
        and id < (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint - $3::bigint), 12, '0') || repeat('0', 20))::uuid
      order by id limit $4) next
    order by id desc limit 1`, [office, last.id, settledMs, most])
  return next && next.count >= least ? { from: last.id, until: next.until } : undefined
}

/** A job that sums what has settled. It goes by the real time and not by the clock of the business, so nothing is ever due by that. */
export const createTotals = (totals: Totals, { work, settledMs = settledAfterMs }: Omit<TotalsOptions, 'stretch'>) => {
  const runsSince = new Map<number, number>()

  const isTime = (office: number): boolean => {
    const since = runsSince.get(office) ?? runsBetween
    runsSince.set(office, since >= runsBetween ? 0 : since + 1)
    return office !== 0 && since >= runsBetween
  }

  const sumNext = (office: number): Promise<boolean> => work.write(worker, office, async (tx) => {
    const next = await takeLead(tx, totals.table) ? await nextStretch(tx, totals, settledMs) : undefined
    if (next) await byKeys(tx, () => totals.sum(tx, next.from, next.until))
    return next !== undefined
  })

  return {
    name: totals.name,
    nextDue: (): Promise<null> => Promise.resolve(null),
    run: async (office: number): Promise<void> => {
      let hasMore = isTime(office)
      for (let n = 0; hasMore && n < totals.stretchesPerRun; n++) hasMore = await sumNext(office)
      if (hasMore) runsSince.set(office, runsBetween)
    }
  }
}

/*
 * The stretch is said of the entries only: each then finds its transfer by the key. Said of both, the
 * planner, which may take a range of ids for one row, goes through all transfers of it for each entry.
 */
const sumByHour = async ({ client, office }: Tx, from: string, until: string): Promise<void> => {
  await client.query(`
    insert into journal_totals (office_id, from_id, until_id, kind, booked_hour, occurred_hour, debit_fen, credit_fen)
    select e.office_id, $2, $3, e.kind, date_trunc('hour', e.booked_at, 'UTC'), date_trunc('hour', t.occurred_at, 'UTC'),
      coalesce(sum(e.amount_fen) filter (where e.side = 'D'), 0), coalesce(sum(e.amount_fen) filter (where e.side = 'C'), 0)
    from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
    where e.office_id = $1 and e.transfer_id > $2 and e.transfer_id <= $3 and t.office_id = $1
    group by 1, 4, 5, 6`, [office, from, until])
}

/** The job that sums the journal by kind of account and hour. */
export const createJournalTotals = ({ stretch = 5_000, ...options }: TotalsOptions) =>
  createTotals({ name: 'journal totals', table: 'journal_totals', least: 1, most: stretch, stretchesPerRun: 10, sum: sumByHour }, options)
