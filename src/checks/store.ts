import type { Client } from '../db/client.js'
import type { CheckResult, Cover } from './model.js'
import { checks } from './statements.js'

const violationsMax = 20

/** What a check needs of a connection: one that is in a transaction of its own. */
export type Queries = Pick<Client, 'query'>

/** All reads from one moment: must come before the first of them. */
export const holdStill = async (client: Queries): Promise<void> => {
  await client.query('set transaction isolation level repeatable read')
}

/** Runs every check, in order, and changes nothing. As the owner it sees all offices, as `ticun_worker` the one of the transaction. */
export const checkInvariants = async (client: Queries): Promise<CheckResult[]> => {
  const results: CheckResult[] = []
  for (const { name, says, sql } of checks) {
    const { rows } = await client.query<{ row: Record<string, unknown> }>(`select to_jsonb(v) as row from (${sql}) v limit ${violationsMax}`)
    results.push({ name, says, ok: rows.length === 0, violations: rows.map(({ row }) => row) })
  }
  return results
}

/** Bank and clearing less everything owed, of each office: shown, whatever it is. */
export const readCover = async (client: Queries): Promise<Cover[]> => {
  const { rows } = await client.query<{ office: number; cover_fen: bigint }>(`
    select office_id as office, sum(case
        when kind in ('bank', 'clearing') then balance_fen
        when kind in ('due_from_office', 'unexplained_debit') then 0
        else -balance_fen end)::bigint as cover_fen
    from (
      select office_id, kind, balance_fen from accounts
      union all select office_id, 'contract', held_fen + disputed_fen + pending_fen from contracts) balances
    group by office_id order by office_id`)
  return rows.map(({ office, cover_fen }) => ({ office, coverFen: cover_fen }))
}

/** Whether this database is one of ours, migrated. */
export const isOurs = async (client: Queries): Promise<boolean> => {
  const { rows: [row] } = await client.query<{ found: boolean }>("select to_regclass('public.transfers') is not null as found")
  return row?.found ?? false
}
