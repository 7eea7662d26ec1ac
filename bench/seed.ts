import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { newId, uuidOf } from '../src/kernel/id.js'

/*
 * An office with merchants, venues and active contracts, written by the owner in bulk, with the
 * journal that explains every fen: the invariants hold on it.
 */

export const office = 1

export type Shop = Readonly<{ merchantId: string; venueId: string; cashierId: string; contracts: string[]; consumerId: string }>

const chunk = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

export const insert = async (client: pg.Client, table: string, columns: Record<string, string>, rows: unknown[][]): Promise<void> => {
  const names = Object.keys(columns)
  for (const part of chunk(rows, 20_000)) {
    const arrays = names.map((_, i) => part.map((row) => row[i]))
    await client.query(
      `insert into ${table} (${names.join(', ')}) select * from unnest(${names.map((name, i) => `$${i + 1}::${columns[name]}[]`).join(', ')})`, arrays)
  }
}

type Size = Readonly<{ merchants: number; contractsPerMerchant: number; sessions: number; priceFen: number }>

export const seedShops = async (client: pg.Client, { merchants, contractsPerMerchant, sessions, priceFen }: Size): Promise<Shop[]> => {
  const now = new Date()
  const later = new Date(now.getTime() + 365 * 86_400_000)
  const shops: Shop[] = Array.from({ length: merchants }, () => ({
    merchantId: newId('mer', office), venueId: newId('ven', office), cashierId: newId('per', 0), consumerId: newId('per', 0),
    contracts: Array.from({ length: contractsPerMerchant }, () => newId('ctr', office))
  }))
  await insert(client, 'merchants', { office_id: 'int', id: 'uuid', name: 'text', credit_code: 'text', category: 'text', district: 'text', status: 'text', applied_by: 'uuid', created_at: 'timestamptz' },
    shops.map(({ merchantId, cashierId }, i) => [office, uuidOf(merchantId), `Bench ${i}`, merchantId.slice(4), 'pool', 'bench', 'active', uuidOf(cashierId), now]))
  await insert(client, 'venues', { office_id: 'int', id: 'uuid', merchant_id: 'uuid', name: 'text', address: 'text', lease_until: 'date', created_at: 'timestamptz' },
    shops.map(({ merchantId, venueId }) => [office, uuidOf(venueId), uuidOf(merchantId), 'Bench', 'Bench', '2036-01-01', now]))

  const contracts = shops.flatMap(({ merchantId, consumerId, contracts }) => contracts.map((id) => ({ id, merchantId, consumerId })))
  const productId = uuidOf(newId('prd', office))
  await insert(client, 'contracts', {
    office_id: 'int', id: 'uuid', merchant_id: 'uuid', consumer_id: 'uuid', product_id: 'uuid', product_version: 'int', kind: 'text', status: 'text',
    release: 'text', objection_hours: 'int', price_fen: 'bigint', units: 'bigint', paid_fen: 'bigint', held_fen: 'bigint', created_at: 'timestamptz', expires_at: 'timestamptz'
  }, contracts.map(({ id, merchantId, consumerId }) => [office, uuidOf(id), uuidOf(merchantId), uuidOf(consumerId), productId, 1, 'sessions', 'active', 'per_session', 24, priceFen, sessions, priceFen, priceFen, now, later]))

  // One transfer a contract: Dr clearing / Cr held, with the clearing account's running balance.
  const clearing = uuidOf(newId('acc', office))
  await client.query('insert into accounts (office_id, id, kind, "of", balance_fen, version) values ($1, $2, \'clearing\', $3, $4, $5)', [office, clearing, clearing, contracts.length * priceFen, contracts.length])
  const transfers = contracts.map(({ id, merchantId }) => ({ transfer: uuidOf(newId('trf', office)), contract: uuidOf(id), merchant: uuidOf(merchantId), reference: id }))
  await insert(client, 'transfers', { office_id: 'int', id: 'uuid', event: 'text', reference: 'text', contract_id: 'uuid', merchant_id: 'uuid', debit_fen: 'bigint', credit_fen: 'bigint', occurred_at: 'timestamptz', booked_at: 'timestamptz' },
    transfers.map(({ transfer, contract, merchant, reference }) => [office, transfer, 'payment-received', reference, contract, merchant, priceFen, priceFen, now, now]))
  await insert(client, 'entries', { office_id: 'int', transfer_id: 'uuid', line: 'smallint', kind: 'text', account_id: 'uuid', contract_id: 'uuid', side: 'text', amount_fen: 'bigint', balance_after_fen: 'bigint', booked_at: 'timestamptz' },
    transfers.flatMap(({ transfer, contract }, i) => [
      [office, transfer, 1, 'clearing', clearing, contract, 'D', priceFen, (i + 1) * priceFen, now],
      [office, transfer, 2, 'held', null, contract, 'C', priceFen, priceFen, now]
    ]))
  await insert(client, 'evidence_entries', { office_id: 'int', id: 'uuid', fact: 'text', subject: 'text', transfer_id: 'uuid', contract_id: 'uuid', merchant_id: 'uuid', entry: 'text', created_at: 'timestamptz' },
    transfers.map(({ transfer, contract, merchant, reference }) => [office, uuidOf(newId('evd', office)), 'payment-received', reference, transfer, contract, merchant, '{}', now]))
  return shops
}

/** Check-in codes for contracts, good for a day; the code is what the door sends. */
export const seedCodes = async (client: pg.Client, wanted: readonly { contractId: string; merchantId: string; consumerId: string }[]): Promise<string[]> => {
  const expires = new Date(Date.now() + 86_400_000)
  const codes = wanted.map(() => randomBytes(16).toString('base64url'))
  await insert(client, 'check_in_codes', { office_id: 'int', code_hash: 'bytea', short_code: 'text', contract_id: 'uuid', merchant_id: 'uuid', consumer_id: 'uuid', expires_at: 'timestamptz' },
    wanted.map(({ contractId, merchantId, consumerId }, i) => [office, createHash('sha256').update(codes[i] as string).digest(), String(i % 100_000_000).padStart(8, '0'), uuidOf(contractId), uuidOf(merchantId), uuidOf(consumerId), expires]))
  return codes
}
