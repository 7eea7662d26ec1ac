import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { configOf, deriveKey } from '../src/config.js'
import { newId, uuidOf } from '../src/kernel/id.js'
import { createVault } from '../src/kernel/vault.js'
import { seedCash } from './closure-seed.js'
import { insert, office, seedShops } from './seed.js'
import { tokenOfNotary } from './tokens.js'

/*
 * A settlement of many merchants: drafted by one notary, approved by another, paid by the sandbox
 * bank. Each merchant has one contract, of which one session is payable.
 */

const config = configOf({ TICUN_MODE: 'sandbox' })
const vault = createVault(config.dataKeys, deriveKey(config.secret, 'blind index'))
export const dueFen = 10_000

/** One session of each contract released and its window over: Dr held / Cr pending, Dr pending / Cr payable. */
export const seedPayable = async (client: pg.Client, merchants: number): Promise<void> => {
  const now = new Date(Date.now() - 60_000)
  const shops = await seedShops(client, { merchants, contractsPerMerchant: 1, sessions: 10, priceFen: dueFen * 10 })
  await seedCash(client)
  const rows = shops.map(({ merchantId, venueId, contracts: [contractId = ''] }) => ({
    merchantId, merchant: uuidOf(merchantId), venue: uuidOf(venueId), contract: uuidOf(contractId), release: newId('red', office), account: uuidOf(newId('acc', office)),
    transfers: [uuidOf(newId('trf', office)), uuidOf(newId('trf', office))] as const
  }))
  await insert(client, 'settlement_accounts', { office_id: 'int', merchant_id: 'uuid', bank_name: 'text', account_name_sealed: 'text', account_number_sealed: 'text', owner_phone_sealed: 'text', owner_phone_index: 'bytea', updated_at: 'timestamptz' },
    rows.map(({ merchant }) => [office, merchant, '中国银行', vault.seal('Bench', 'settlement_accounts.account_name'), vault.seal('6222020000000000', 'settlement_accounts.account_number'), vault.seal('13900000000', 'settlement_accounts.owner_phone'), Buffer.from(merchant), now]))
  await client.query('update contracts set held_fen = held_fen - $1, alloc_fen = $1, released_fen = $1, units_used = 1, version = version + 2 where id = any($2::uuid[])', [dueFen, rows.map(({ contract }) => contract)])
  await insert(client, 'releases', { office_id: 'int', id: 'uuid', contract_id: 'uuid', merchant_id: 'uuid', kind: 'text', state: 'text', units: 'bigint', amount_fen: 'bigint', units_left: 'bigint', date: 'date', created_at: 'timestamptz', due_at: 'timestamptz', venue_id: 'uuid', code_hash: 'bytea' },
    rows.map(({ release, contract, merchant, venue }) => [office, uuidOf(release), contract, merchant, 'check_in', 'payable', 1, dueFen, 9, now.toISOString().slice(0, 10), now, now, venue, createHash('sha256').update(release).digest()]))
  await insert(client, 'accounts', { office_id: 'int', id: 'uuid', kind: 'text', of: 'text', merchant_id: 'uuid', balance_fen: 'bigint', version: 'int' },
    rows.map(({ account, merchant, merchantId }) => [office, account, 'payable', merchantId, merchant, dueFen, 1]))
  const events = ['units-released', 'window-closed']
  await insert(client, 'transfers', { office_id: 'int', id: 'uuid', event: 'text', reference: 'text', contract_id: 'uuid', merchant_id: 'uuid', debit_fen: 'bigint', credit_fen: 'bigint', occurred_at: 'timestamptz', booked_at: 'timestamptz' },
    rows.flatMap(({ transfers, release, contract, merchant }) => transfers.map((transfer, i) => [office, transfer, events[i], release, contract, merchant, dueFen, dueFen, now, now])))
  await insert(client, 'entries', { office_id: 'int', transfer_id: 'uuid', line: 'smallint', kind: 'text', account_id: 'uuid', contract_id: 'uuid', side: 'text', amount_fen: 'bigint', balance_after_fen: 'bigint', booked_at: 'timestamptz' },
    rows.flatMap(({ transfers: [released, closed], contract, account }) => [
      [office, released, 1, 'held', null, contract, 'D', dueFen, dueFen * 9, now], [office, released, 2, 'pending', null, contract, 'C', dueFen, dueFen, now],
      [office, closed, 1, 'pending', null, contract, 'D', dueFen, 0, now], [office, closed, 2, 'payable', account, contract, 'C', dueFen, dueFen, now]
    ]))
  await insert(client, 'evidence_entries', { office_id: 'int', id: 'uuid', fact: 'text', subject: 'text', transfer_id: 'uuid', contract_id: 'uuid', merchant_id: 'uuid', entry: 'text', created_at: 'timestamptz' },
    rows.flatMap(({ transfers, release, contract, merchant }) => transfers.map((transfer, i) => [office, uuidOf(newId('evd', office)), events[i], release, transfer, contract, merchant, '{}', now])))
}

export type Settled = Readonly<{ merchants: number; draftSeconds: number; approveSeconds: number; paidSeconds: number; perSecond: number }>

/** Into a database that has no books yet. Seconds of each step, and merchants paid a second over all. */
export const settle = async (client: pg.Client, port: number, merchants: number): Promise<Settled> => {
  await seedPayable(client, merchants)
  await client.query('analyze')
  const notary = async () => {
    const token = await tokenOfNotary(client)
    return async (path: string, body: object): Promise<any> => {
      const response = await fetch(`http://127.0.0.1:${port}/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() }, body: JSON.stringify(body) })
      const answer = await response.json()
      if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
      return answer
    }
  }
  const [maker, checker, begun] = [await notary(), await notary(), performance.now()]
  const since = () => Math.round((performance.now() - begun) / 100) / 10
  const { id } = await maker('/settlements', {})
  const draftSeconds = since()
  await checker(`/settlements/${id}/approve`, {})
  const approveSeconds = since()
  const countPaid = async () => (await client.query<{ n: number }>("select count(*)::int as n from settlement_items where status = 'paid'")).rows[0]?.n ?? 0
  while (await countPaid() < merchants) await sleep(250)
  return { merchants, draftSeconds, approveSeconds: Math.round((approveSeconds - draftSeconds) * 10) / 10, paidSeconds: Math.round((since() - approveSeconds) * 10) / 10, perSecond: Math.round(merchants / since()) }
}
