import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Request } from './load.js'
import { office, seedCodes, type Shop } from './seed.js'
import { tokenFor } from './tokens.js'

/** Redemptions of contracts taken by chance or in turn, each with a fresh code and key; as many as asked for. */
export const redemptions = async (owner: pg.Client, shops: readonly Shop[], count: number, order: 'by chance' | 'in turn' = 'by chance'): Promise<() => Request | undefined> => {
  // A code lives a minute and is then deleted by a job: those of an earlier run would be millions that no office ever has.
  await owner.query('truncate check_in_codes')
  const contracts = shops.flatMap((shop) => shop.contracts.map((contractId) => ({ contractId, shop })))
  const tokens = new Map(shops.map((shop) => [shop, tokenFor({ sub: shop.cashierId, end: 'merchant', roles: ['cashier'], office, merchant: shop.merchantId })]))
  const wanted = Array.from({ length: count }, (_, i) => contracts[order === 'in turn' ? i % contracts.length : Math.floor(Math.random() * contracts.length)] as (typeof contracts)[number])
  const codes = await seedCodes(owner, wanted.map(({ contractId, shop }) => ({ contractId, merchantId: shop.merchantId, consumerId: shop.consumerId })))
  let at = 0
  return () => {
    const item = wanted[at]
    if (item === undefined) return undefined
    const code = codes[at++]
    return {
      method: 'POST', path: '/v1/redemptions',
      headers: { authorization: `Bearer ${tokens.get(item.shop)}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ code, venueId: item.shop.venueId })
    }
  }
}
