import type { Tx } from '../db/unit-of-work.js'
import type { Fen } from '../kernel/money.js'

/*
 * What operators watch, of one office. It names tables of every feature on purpose, and none of
 * their code: one look of a few milliseconds in place of a question to each. Every part is bounded
 * by an index to what is open now, whatever lies in the tables.
 */

/** Ids begin with the milliseconds they were made at (UUIDv7). */
const madeAtMs = (uuid: string): number => parseInt(uuid.replace('-', '').slice(0, 12), 16)
const firstIdOf = (ms: number): string => {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** Entries are searched from this long before the newest one that has its place: the sequencer does not leave older ones. */
const searchedMs = 10_000
const countedMax = 100_000

/** What the sequencer has not reached yet. `oldestMs`: when the oldest of it was made, by the real time; undefined: nothing waits. */
export type Waiting = Readonly<{ entries: number; oldestMs: number | undefined; lastCheckpointAt: Date | null }>

export const findWaiting = async ({ client, office }: Tx): Promise<Waiting> => {
  const { rows: [newest] } = await client.query<{ placed: string | null; checkpoint: Date | null }>(`
    select (select entry_id::text from evidence_positions where office_id = $1 order by entry_id desc limit 1) as placed,
      (select created_at from evidence_checkpoints where office_id = $1 order by tree_size desc limit 1) as checkpoint`, [office])
  const from = typeof newest?.placed === 'string' ? firstIdOf(madeAtMs(newest.placed) - searchedMs) : firstIdOf(0)
  const { rows: [row] } = await client.query<{ entries: number; oldest: string | null }>(`
    select count(*)::int as entries, min(id::text) as oldest from (
      select e.id from evidence_entries e
      where e.office_id = $1 and e.id >= $2 and not exists (select 1 from evidence_positions p where p.office_id = $1 and p.entry_id = e.id)
      order by e.id limit ${countedMax}) waiting`, [office, from])
  return { entries: row?.entries ?? 0, oldestMs: typeof row?.oldest === 'string' ? madeAtMs(row.oldest) : undefined, lastCheckpointAt: newest?.checkpoint ?? null }
}

/** How often something was tried in vain before somebody should look. */
export const failingAfter = { deadlines: 3, deliveries: 10 } as const

/** Seconds are by the clock of the business; null where there is nothing. */
export type OpenMatters = Readonly<{
  deadlinesFailing: number
  undelivered: number
  undeliveredOldestSeconds: number | null
  stuckDeliveries: number
  suspenseCreditFen: Fen
  suspenseDebitFen: Fen
  suspenseOldestSeconds: number | null
  statementAgeSeconds: number | null
}>

// A deadline that failed is due again within an hour, so the index of due times bounds the search.
const mattersText = `
select
  (select count(*)::int from deadlines where office_id = $1 and due_at <= $2::timestamptz + interval '1 hour' and attempts >= ${failingAfter.deadlines}) as "deadlinesFailing",
  o.undelivered, o.oldest as "undeliveredOldestSeconds", o.stuck as "stuckDeliveries",
  s.credit as "suspenseCreditFen", s.debit as "suspenseDebitFen", s.oldest as "suspenseOldestSeconds",
  (select extract(epoch from $2::timestamptz - (max(day) + 1)::timestamp at time zone 'Asia/Shanghai')::float8 from bank_balances where office_id = $1) as "statementAgeSeconds"
from (
  select count(*)::int as undelivered, extract(epoch from $2::timestamptz - min(created_at))::float8 as oldest, (count(*) filter (where attempts >= ${failingAfter.deliveries}))::int as stuck
  from outbox where office_id = $1 and delivered_at is null) o
cross join (
  select coalesce(sum(amount_fen) filter (where side = 'C'), 0)::bigint as credit, coalesce(sum(amount_fen) filter (where side = 'D'), 0)::bigint as debit,
    extract(epoch from $2::timestamptz - min(opened_at))::float8 as oldest
  from suspense_items where office_id = $1 and status <> 'resolved') s`

export const findOpenMatters = async ({ client, office }: Tx, now: Date): Promise<OpenMatters> => {
  const { rows: [matters] } = await client.query<OpenMatters>(mattersText, [office, now])
  return matters as OpenMatters
}

/** Differences that are not settled, each account and channel at the latest day that has one: a balance that is off stays off, and would count again with every day. */
export const listOpenDifferences = async ({ client, office }: Tx): Promise<{ kind: string; fen: Fen }[]> => (await client.query<{ kind: string; fen: Fen }>(`
  select kind, sum(abs(difference_fen))::bigint as fen from (
    select distinct on (kind, of) kind, difference_fen from reconciliation_differences
    where office_id = $1 and settled_at is null order by kind, of, day desc) latest
  group by kind`, [office])).rows

const assets = "('bank', 'clearing', 'due_from_office', 'unexplained_debit')"

/** Assets less what is owed, which must be nothing, and what of the assets is not cash. Reads every balance of the office. */
export const readTrialBalance = async ({ client, office }: Tx): Promise<{ differenceFen: Fen; dueFromOfficeFen: Fen; unexplainedDebitFen: Fen }> => {
  const { rows: [row] } = await client.query<{ differenceFen: Fen; dueFromOfficeFen: Fen; unexplainedDebitFen: Fen }>(`
    select
      (sum(case when kind in ${assets} then balance_fen else -balance_fen end))::bigint as "differenceFen",
      coalesce(sum(balance_fen) filter (where kind = 'due_from_office'), 0)::bigint as "dueFromOfficeFen",
      coalesce(sum(balance_fen) filter (where kind = 'unexplained_debit'), 0)::bigint as "unexplainedDebitFen"
    from (
      select kind, balance_fen from accounts where office_id = $1
      union all select 'contracts', coalesce(sum(held_fen + disputed_fen + pending_fen), 0) from contracts where office_id = $1) balances`, [office])
  return row as { differenceFen: Fen; dueFromOfficeFen: Fen; unexplainedDebitFen: Fen }
}
