import pg from 'pg'
import { uuidOf } from '../../src/kernel/id.js'
import type { TestApp } from '../support/app.js'

export const day = 86_400

type Past = Readonly<{ sales: number; visits: number; refunds: number; disputes: number }>

/**
 * A past that nobody lived: for each day before now so many sales, visits, refunds and disputes, copied
 * from a contract and a visit that are there. The copies have nothing on deposit: their contracts are
 * over, a day ago. `now` is near midnight, so eleven hours before are not.
 */
export const livePast = async (app: TestApp, { contractId, redemptionId }: Readonly<{ contractId: string; redemptionId: string }>, now: Date, pastOf: (daysAgo: number) => Past, days: number): Promise<void> => {
  const past = Array.from({ length: days }, (_, i) => ({ at: new Date(now.getTime() - (i + 1) * 86_400_000 - 11 * 3_600_000).toISOString(), ...pastOf(i + 1) }))
  const client = new pg.Client({ connectionString: app.database.ownerUrl })
  await client.connect()
  const columns = async (table: string): Promise<string[]> =>
    (await client.query('select column_name from information_schema.columns where table_schema = \'public\' and table_name = $1 and is_generated = \'NEVER\' order by ordinal_position', [table])).rows.map(({ column_name: name }) => name)
  const copy = async (table: string, of: string, each: keyof Past, changes: Record<string, string>): Promise<void> => {
    const names = await columns(table)
    await client.query(`
      insert into ${table} (${names.map((name) => `"${name}"`).join(', ')})
      select ${names.map((name) => changes[name] ?? `t."${name}"`).join(', ')}
      from ${table} t, jsonb_to_recordset($2::jsonb) as p(at timestamptz, sales int, visits int, refunds int, disputes int), generate_series(1, p.${each})
      where t.id = $1`, [uuidOf(of), JSON.stringify(past)])
  }
  const id = 'gen_random_uuid()'
  const nothing = Object.fromEntries(['alloc_fen', 'taken_fen', 'paid_fen', 'held_fen', 'disputed_fen', 'pending_fen', 'released_fen', 'refunded_fen', 'refund_paid_fen', 'objected_fen', 'units_used'].map((name) => [name, '0']))
  try {
    await copy('contracts', contractId, 'sales', { ...nothing, id, status: "'terminated'", paid_at: 'p.at', ended_at: `'${new Date(now.getTime() - 86_400_000).toISOString()}'`, dispute_id: 'null' })
    await copy('releases', redemptionId, 'visits', { id, created_at: 'p.at', state: "'voided'" })
    const { rows: [{ merchant_id: merchantId }] } = await client.query('select merchant_id from contracts where id = $1', [uuidOf(contractId)])
    await client.query(`
      insert into refunds (office_id, id, purpose, contract_id, merchant_id, reason, status, payment_id, channel, refund_fen, merchant_fen, contested_fen, requested_end, deadline_at, created_at, ends_at)
      select 1, ${id}, 'principal', $1, $2, 'consumer_choice', 'declined', ${id}, 'sandbox', 1, 0, 0, 'consumer', p.at, p.at, p.at
      from jsonb_to_recordset($3::jsonb) as p(at timestamptz, refunds int), generate_series(1, p.refunds)`, [uuidOf(contractId), merchantId, JSON.stringify(past)])
    await client.query(`
      insert into disputes (office_id, id, contract_id, merchant_id, claimant, stage, ground, statement, claim_fen, frozen_fen, opened_at, deadline_at, ended_at)
      select 1, ${id}, $1, $2, 'consumer', 'withdrawn', 'other', '未开课', 1, 0, p.at, p.at, p.at
      from jsonb_to_recordset($3::jsonb) as p(at timestamptz, disputes int), generate_series(1, p.disputes)`, [uuidOf(contractId), merchantId, JSON.stringify(past)])
  } finally {
    await client.end()
  }
}
