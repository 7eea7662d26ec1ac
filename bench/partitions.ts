import pg from 'pg'
import { newId, uuidOf } from '../src/kernel/id.js'
import { growthIds, type Growth } from './growth-seed.js'
import { rounded } from './measure.js'
import { office } from './seed.js'

/*
 * Whether entries would be better off in a partition for each month (docs/decisions/0006): the same
 * rows in a plain table and in a partitioned one, with the same indexes; what inserting as batches
 * of redemptions do costs on each, what a contract's statement costs, and what taking a month out
 * costs.
 */

const months = 12
const dayMs = 86_400_000

const idAt = (ms: number): string => `${Math.floor(ms).toString(16).padStart(12, '0')}${'0'.repeat(20)}`

const made = async (client: pg.Client, { begin }: Growth): Promise<void> => {
  const columns = 'office_id, transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, booked_at'
  await client.query('create table plain (like entries including constraints)')
  await client.query('create table monthly (like entries including constraints) partition by range (transfer_id)')
  for (let month = 0; month <= months; month++) {
    const [from, to] = [begin.getTime() + month * 30 * dayMs, begin.getTime() + (month + 1) * 30 * dayMs]
    await client.query(`create table monthly_${month} partition of monthly for values from ('${idAt(from)}') to (${month === months ? 'maxvalue' : `'${idAt(to)}'`})`)
  }
  for (const table of ['plain', 'monthly']) {
    await client.query(`insert into ${table} (${columns}) select ${columns} from entries order by transfer_id, line`)
    await client.query(`alter table ${table} add primary key (office_id, transfer_id, line)`)
    await client.query(`create index on ${table} (office_id, contract_id, transfer_id) where contract_id is not null`)
    await client.query(`create index on ${table} (office_id, account_id, booked_at) where account_id is not null`)
    await client.query(`vacuum (analyze) ${table}`)
  }
}

const insertText = (table: string) => `
  insert into ${table} (office_id, transfer_id, line, kind, contract_id, side, amount_fen, balance_after_fen, booked_at)
  select ${office}, t, l, case l when 1 then 'held' else 'pending' end, c, case l when 1 then 'D' else 'C' end, 1, 1, now()
  from unnest($1::uuid[], $2::uuid[]) as r(t, c) cross join generate_series(1, 2) l`

const statementText = (table: string) => `
  select e.*, t.event, t.reference from ${table} e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
  where e.office_id = ${office} and e.contract_id = $1 order by e.transfer_id, e.line`

const percentile = (numbers: readonly number[], share: number) => rounded([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)] ?? Number.NaN)

/** Milliseconds of each of several runs, the tables by turns. */
const compared = async (times: number, run: (table: string) => Promise<unknown>): Promise<Record<string, { p50Ms: number; p99Ms: number }>> => {
  const took: Record<string, number[]> = { plain: [], monthly: [] }
  for (let n = 0; n < times; n++) {
    for (const [table, of] of Object.entries(took)) {
      const begun = performance.now()
      await run(table)
      of.push(performance.now() - begun)
    }
  }
  return Object.fromEntries(Object.entries(took).map(([table, of]) => [table, { p50Ms: percentile(of, 0.5), p99Ms: percentile(of, 0.99) }]))
}

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await run()
  return Math.round(performance.now() - begun)
}

export const comparePartitions = async (url: string, growth: Growth): Promise<Record<string, unknown>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("set plan_cache_mode = force_generic_plan; set jit = off; set maintenance_work_mem = '1GB'")
    await made(client, growth)
    const ids = growthIds(growth)
    const any = () => ids.contract(Math.floor(Math.random() * growth.contracts))
    const inserts = await compared(400, (table) => {
      const batch = Array.from({ length: 128 }, any)
      return client.query({ name: `insert_${table}`, text: insertText(table), values: [batch.map(() => uuidOf(newId('trf', office))), batch] })
    })
    const statements = await compared(400, (table) => client.query({ name: `read_${table}`, text: statementText(table), values: [any()] }))
    const end = growth.begin.getTime() + 60 * dayMs
    const takenOut = {
      detachMs: await timed(() => client.query('alter table monthly detach partition monthly_1')),
      deleteMs: await timed(() => client.query(`delete from plain where transfer_id >= '${idAt(end - 30 * dayMs)}' and transfer_id < '${idAt(end)}'`))
    }
    await client.query('drop table plain, monthly, monthly_1')
    return { inserts, statements, takenOut }
  } finally {
    await client.end()
  }
}
