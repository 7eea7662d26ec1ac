import type pg from 'pg'
import { newId } from '../src/kernel/id.js'
import { load, type Request } from './load.js'
import { redemptions } from './redeem.js'
import { office, seedShops, type Shop } from './seed.js'
import { tokenFor } from './tokens.js'

/** What people look at: a contract, its statement of sixty lines, a merchant's balances, the office's books now and then. */

const lines = 60
const contracts = 40

export type Reads = Readonly<Record<'contract_read' | 'statement_60' | 'merchant_balances' | 'trial_balance_now' | 'trial_balance_past', () => Request>>

const offer = JSON.stringify({
  name: 'Bench', kind: 'sessions', priceFen: 100_000, sessions: 100, validDays: 365, coolingOffDays: 7, terms: 'Bench', settlementRule: { release: 'per_session', objectionHours: 24 }
})

const seedRead = async (client: pg.Client): Promise<Shop> => {
  const [shop] = await seedShops(client, { merchants: 1, contractsPerMerchant: contracts, sessions: 100, priceFen: 100_000 })
  if (!shop) throw new Error('no merchant was made')
  await client.query(`insert into contract_terms (office_id, contract_id, offer, merchant_name, id_number_index, document_sealed, document_sha256)
    select office_id, id, $1, 'Bench', '\\x00', '', id::text from contracts c where not exists (select from contract_terms t where t.contract_id = c.id) and merchant_id = (select id from merchants where credit_code = $2)`, [offer, shop.merchantId.slice(4)])
  return shop
}

/** Makes the contracts, and their lines by redeeming over HTTP: a deposit and each redemption are two. */
export const prepareReads = async (client: pg.Client, port: number): Promise<Reads> => {
  const shop = await seedRead(client)
  const next = await redemptions(client, [shop], contracts * (lines - 2) / 2, 'in turn')
  const { errors } = await load({ host: '127.0.0.1', ports: [port], connections: 16, seconds: 120, next })
  if (errors > 0) throw new Error(`${errors} redemptions failed`)
  const before = new Date().toISOString()
  const authorization = `Bearer ${tokenFor({ sub: newId('per', 0), end: 'notary', roles: ['notary'], office })}`
  const get = (path: () => string) => (): Request => ({ method: 'GET', path: `/v1${path()}`, headers: { authorization } })
  const any = () => shop.contracts[Math.floor(Math.random() * shop.contracts.length)] as string
  return {
    contract_read: get(() => `/contracts/${any()}`),
    statement_60: get(() => `/contracts/${any()}/statement`),
    merchant_balances: get(() => `/merchants/${shop.merchantId}/balances`),
    trial_balance_now: get(() => '/audit/trial-balance'),
    trial_balance_past: get(() => `/audit/trial-balance?at=${before}`)
  }
}
