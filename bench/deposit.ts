import { createHmac } from 'node:crypto'
import type pg from 'pg'
import { configOf, deriveKey } from '../src/config.js'
import { awaitedDeadline } from '../src/contracts/service.js'
import { newId, uuidOf } from '../src/kernel/id.js'
import { createVault } from '../src/kernel/vault.js'
import type { Request } from './load.js'
import { insert, office } from './seed.js'

/*
 * Contracts that are signed and wait for their money, each with an order open at the sandbox
 * channel; and the channel's signed words that they were paid. What follows a payment follows here
 * too: the clearing account, the evidence, the certificate by its job.
 */

const config = configOf({ TICUN_MODE: 'sandbox' })
const key = deriveKey(config.secret, 'sandbox channel')
const vault = createVault(config.dataKeys, deriveKey(config.secret, 'blind index'))
const priceFen = 100_000
const merchants = 200

const offer = JSON.stringify({
  name: 'Bench', kind: 'sessions', priceFen, sessions: 10, validDays: 365, coolingOffDays: 7, terms: 'Bench',
  settlementRule: { release: 'per_session', objectionHours: 24 }
})

const seedAwaiting = async (client: pg.Client, count: number): Promise<string[]> => {
  const now = new Date()
  const shops = Array.from({ length: merchants }, () => newId('mer', office))
  const [consumer, product] = [uuidOf(newId('per', 0)), uuidOf(newId('prd', office))]
  await client.query('insert into people (id, phone_index, phone_sealed, created_at) values ($1, $2, $3, $4)', [consumer, Buffer.from(consumer), vault.seal('13800000000', 'people.phone'), now])
  await insert(client, 'merchants', { office_id: 'int', id: 'uuid', name: 'text', credit_code: 'text', category: 'text', district: 'text', status: 'text', applied_by: 'uuid', created_at: 'timestamptz' },
    shops.map((id) => [office, uuidOf(id), 'Bench', id.slice(4), 'pool', 'bench', 'active', consumer, now]))
  const rows = Array.from({ length: count }, (_, i) => ({ id: newId('ctr', office), merchant: uuidOf(shops[i % merchants] as string), order: newId('pay', office) })).map((row) => ({ ...row, contract: uuidOf(row.id) }))
  await insert(client, 'contracts', {
    office_id: 'int', id: 'uuid', merchant_id: 'uuid', consumer_id: 'uuid', product_id: 'uuid', product_version: 'int', kind: 'text', status: 'text',
    release: 'text', objection_hours: 'int', price_fen: 'bigint', units: 'bigint', created_at: 'timestamptz', signed_at: 'timestamptz'
  }, rows.map(({ contract, merchant }) => [office, contract, merchant, consumer, product, 1, 'sessions', 'awaiting_payment', 'per_session', 24, priceFen, 10, now, now]))
  await insert(client, 'contract_terms', { office_id: 'int', contract_id: 'uuid', offer: 'jsonb', merchant_name: 'text', id_number_index: 'bytea', document_sealed: 'text', document_sha256: 'text' },
    rows.map(({ contract }) => [office, contract, offer, 'Bench', Buffer.from('0'), '', contract]))
  await insert(client, 'payments', { office_id: 'int', id: 'uuid', contract_id: 'uuid', channel: 'text', amount_fen: 'bigint', status: 'text', created_at: 'timestamptz' },
    rows.map(({ contract, order }) => [office, uuidOf(order), contract, 'sandbox', priceFen, 'pending', now]))
  await insert(client, 'deadlines', { office_id: 'int', id: 'uuid', kind: 'text', subject: 'text', due_at: 'timestamptz' },
    rows.map(({ id, contract }) => [office, contract, awaitedDeadline, id, new Date(now.getTime() + 86_400_000)]))
  await client.query('analyze contracts, contract_terms, payments, deadlines')
  return rows.map(({ order }) => order)
}

export const deposits = async (client: pg.Client, count: number): Promise<() => Request | undefined> => {
  const orders = await seedAwaiting(client, count)
  let at = 0
  return () => {
    const orderId = orders[at++]
    if (orderId === undefined) return undefined
    const body = JSON.stringify({ kind: 'payment', orderId, transactionId: newId('sbt', office), outcome: 'success', amountFen: priceFen, paidAt: new Date().toISOString() })
    return { method: 'POST', path: '/v1/channels/sandbox/notifications', headers: { 'content-type': 'application/json', 'sandbox-signature': createHmac('sha256', key).update(body).digest('hex') }, body }
  }
}
