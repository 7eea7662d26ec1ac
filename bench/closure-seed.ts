import type pg from 'pg'
import { newId, uuidOf } from '../src/kernel/id.js'
import { office, seedShops, type Shop } from './seed.js'

/** A merchant whose contracts can be refunded: each with its terms, its paid order, and its money on the special account. */

const priceFen = 100_000

/** What a purchase leaves behind: the terms, a paid order, and the money settled to the special account. */
const seedDeposits = async (client: pg.Client, ids: readonly string[]): Promise<void> => {
  const offer = JSON.stringify({
    name: 'Bench', kind: 'sessions', priceFen, sessions: 10, validDays: 365, coolingOffDays: 7, terms: 'Bench',
    settlementRule: { release: 'per_session', objectionHours: 24 }
  })
  const orders = ids.map(() => uuidOf(newId('pay', office)))
  const paid = [ids.map(uuidOf), orders, ids.map(() => uuidOf(newId('rcp', office)))]
  const each = 'unnest($1::uuid[], $2::uuid[], $3::uuid[]) as p(contract_id, order_id, receipt_id)'
  const write = (sql: string, values: unknown[] = []) => client.query(sql.replace('each', each), [...paid, ...values])
  await write("insert into contract_terms (office_id, contract_id, offer, merchant_name, id_number_index, document_sealed, document_sha256) select 1, contract_id, $4::jsonb, 'Bench', '\\x00', order_id::text, receipt_id::text from each", [offer])
  await write("insert into payments (office_id, id, contract_id, channel, amount_fen, status, created_at) select 1, order_id, contract_id, 'sandbox', $4, 'succeeded', now() from each where receipt_id is not null", [priceFen])
  await write("insert into receipts (office_id, id, channel, transaction_id, payment_id, amount_fen, purpose, paid_at, received_at) select 1, receipt_id, 'sandbox', contract_id::text, order_id, $4, 'deposit', now(), now() from each", [priceFen])
  await write('insert into sandbox_orders (id, amount_fen, opened_at) select order_id, $4, now() from each where contract_id <> receipt_id', [priceFen])
  await write('insert into sandbox_transactions (id, order_id, amount_fen, paid_at) select contract_id::text, order_id, $4, now() from each where order_id <> receipt_id', [priceFen])
  await client.query('update contracts set signed_at = now(), paid_at = now(), deposited_at = now(), cooling_off_until = now(), version = 1')
}

/** The channel has paid out what it owed: Dr bank / Cr clearing, so that there is cash to refund from. */
export const seedCash = async (client: pg.Client): Promise<void> => {
  const [transfer, bank, now] = [uuidOf(newId('trf', office)), uuidOf(newId('acc', office)), new Date()]
  const { rows: [clearing] } = await client.query<{ id: string; balance_fen: string }>("select id, balance_fen from accounts where kind = 'clearing' and id::text = of")
  const { rows: [special] } = await client.query<{ account_number: string }>('select account_number from offices where number = $1', [office])
  const total = clearing?.balance_fen
  await client.query("insert into accounts (office_id, id, kind, of, balance_fen, version) values ($1, $2, 'bank', $3, $4, 1)", [office, bank, special?.account_number, total])
  await client.query("update accounts set balance_fen = 0, version = version + 1 where id = $1", [clearing?.id])
  await client.query("insert into transfers (office_id, id, event, reference, debit_fen, credit_fen, occurred_at, booked_at) values ($1, $2, 'channel-settled', 'bench', $3, $3, $4, $4)", [office, transfer, total, now])
  await client.query("insert into entries (office_id, transfer_id, line, kind, account_id, side, amount_fen, balance_after_fen, booked_at) values ($1, $2, 1, 'bank', $3, 'D', $5, $5, $6), ($1, $2, 2, 'clearing', $4, 'C', $5, 0, $6)", [office, transfer, bank, clearing?.id, total, now])
  await client.query("insert into evidence_entries (office_id, id, fact, subject, transfer_id, entry, created_at) values ($1, $2, 'channel-settled', 'bench', $3, '{}', $4)", [office, uuidOf(newId('evd', office)), transfer, now])
}

/** Into a database that has no books yet: one merchant and its open contracts, ten sessions for ¥1,000 each. */
export const seedClosable = async (client: pg.Client, contracts: number): Promise<Shop> => {
  const [shop] = await seedShops(client, { merchants: 1, contractsPerMerchant: contracts, sessions: 10, priceFen })
  if (!shop) throw new Error('no merchant was made')
  await seedDeposits(client, shop.contracts)
  await seedCash(client)
  return shop
}
