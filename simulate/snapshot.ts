import type pg from 'pg'
import { idOf } from '../src/kernel/id.js'

/** What is in the database at one moment, read as its owner: the service's books, and those the bank and the channel keep. */

type Ids = Readonly<Record<string, string>>

const wired = (prefix: string, uuid: string): string => idOf(prefix, uuid)

export type ContractRow = Readonly<{
  id: string; holder: string; status: string; frozen: string | null; paid: number; held: number; disputed: number; pending: number; released: number; refunded: number; used: number
}>
export type UseRow = Readonly<{ id: string; contract: string; state: string; amount: number; units: number }>
export type RefundRow = Readonly<{ id: string; contract: string; status: string; reason: string; end: string; purpose: string; amount: number; payment: string }>
export type CaseRow = Readonly<{ id: string; contract: string; stage: string; claimant: string; about: number; executed: boolean }>
export type SettlementRow = Readonly<{ id: string; status: string }>
export type ItemRow = Readonly<{ id: string; status: string; net: number; fee: number }>

export type Snapshot = Readonly<{
  contracts: readonly ContractRow[]
  uses: readonly UseRow[]
  refunds: readonly RefundRow[]
  cases: readonly CaseRow[]
  settlements: readonly SettlementRow[]
  items: readonly ItemRow[]
  transfersOfCards: readonly Readonly<{ id: string; status: string }>[]
  receipts: readonly Readonly<{ id: string; amount: number; contract: string; purpose: string }>[]
  /** the outside's own books */
  transactions: readonly Readonly<{ id: string; order: string; amount: number; at: Date }>[]
  channelRefunds: readonly Readonly<{ key: string; order: string; amount: number }>[]
  bankOrders: readonly Readonly<{ key: string; outcome: string | null; amount: number; fee: number }>[]
  bankFen: number
  /** the ledger's */
  ledger: Readonly<Record<string, number>>
  lateDeadlines: readonly Ids[]
}>

const committed = "('approved', 'processing', 'paid', 'failed')"
export const isCommitted = (status: string): boolean => committed.includes(`'${status}'`)

export const takeSnapshot = async (client: pg.Client): Promise<Snapshot> => {
  const all = async <Row extends object>(text: string): Promise<Row[]> => (await client.query(text)).rows as Row[]
  await client.query('begin isolation level repeatable read read only')
  const contracts = (await all<any>(`
    select id, consumer_id, status, frozen, paid_fen::float8 as paid, held_fen::float8 as held, disputed_fen::float8 as disputed, pending_fen::float8 as pending,
      released_fen::float8 as released, refunded_fen::float8 as refunded, units_used::float8 as used from contracts`))
    .map(({ id, consumer_id, ...row }): ContractRow => ({ ...row, id: wired('ctr', id), holder: wired('per', consumer_id) }))
  const uses = (await all<any>("select id, contract_id, state, amount_fen::float8 as amount, units::float8 as units from releases where kind = 'check_in'"))
    .map(({ id, contract_id, ...row }): UseRow => ({ ...row, id: wired('red', id), contract: wired('ctr', contract_id) }))
  const refunds = (await all<any>('select id, contract_id, status, reason, requested_end as end, purpose, refund_fen::float8 as amount, payment_id from refunds'))
    .map(({ id, contract_id, payment_id, ...row }): RefundRow => ({ ...row, id: wired('ref', id), contract: wired('ctr', contract_id), payment: wired('pay', payment_id) }))
  const cases = (await all<any>(`
    select d.id, d.contract_id, d.stage, d.claimant, d.executed_at is not null as executed,
      (select count(*)::int from dispute_redemptions r where r.office_id = d.office_id and r.dispute_id = d.id) as about from disputes d`))
    .map(({ id, contract_id, ...row }): CaseRow => ({ ...row, id: wired('dsp', id), contract: wired('ctr', contract_id) }))
  const settlements = (await all<any>('select id, status from settlements')).map(({ id, status }): SettlementRow => ({ id: wired('stl', id), status }))
  const items = (await all<any>('select id, status, (gross_fen - fee_fen)::float8 as net, fee_fen::float8 as fee from settlement_items')).map(({ id, ...row }): ItemRow => ({ ...row, id: wired('sti', id) }))
  const transfersOfCards = (await all<any>('select id, status from handovers')).map(({ id, status }) => ({ id: wired('hov', id), status }))
  const receipts = (await all<any>('select r.transaction_id as id, r.amount_fen::float8 as amount, r.purpose, p.contract_id from receipts r join payments p on p.office_id = r.office_id and p.id = r.payment_id'))
    .map(({ contract_id, ...row }) => ({ ...row, contract: wired('ctr', contract_id) }))
  const transactions = (await all<any>('select id, order_id, amount_fen::float8 as amount, paid_at as at from sandbox_transactions')).map(({ order_id, ...row }) => ({ ...row, order: wired('pay', order_id) }))
  const channelRefunds = (await all<any>('select key, order_id, amount_fen::float8 as amount from sandbox_refunds')).map(({ order_id, ...row }) => ({ ...row, order: wired('pay', order_id) }))
  const bankOrders = await all<any>('select key, outcome, amount_fen::float8 as amount, fee_fen::float8 as fee from sandbox_bank_orders')
  const [{ fen: bankFen }] = await all<{ fen: number }>("select coalesce(sum(case side when 'CRDT' then amount_fen else -amount_fen end), 0)::float8 as fen from sandbox_bank_entries") as [{ fen: number }]
  const ledger = Object.fromEntries((await all<{ kind: string; fen: number }>('select kind, sum(balance_fen)::float8 as fen from accounts group by kind')).map(({ kind, fen }) => [kind, fen]))
  const lateDeadlines = await all<Ids>(`
    select kind, subject, attempts::text, last_error from deadlines
    where attempts > 0 and due_at <= now() + make_interval(secs => (select coalesce(max(offset_ms), 0) / 1000.0 from sandbox_clock)) limit 20`)
  await client.query('commit')
  return { contracts, uses, refunds, cases, settlements, items, transfersOfCards, receipts, transactions, channelRefunds, bankOrders, bankFen, ledger, lateDeadlines }
}
