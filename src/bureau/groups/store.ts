import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/unit-of-work.js'
import { idOf, uuidOf } from '../../kernel/id.js'
import type { Fen } from '../../kernel/money.js'
import type { MerchantId } from '../../merchants/model.js'
import type { ProductKind } from '../../products/model.js'
import { measures, type AuditFilter, type By, type Measure } from '../model.js'
import { contractKindTotals, merchantTotals } from '../table.js'
import { zero, type Amounts, type Moved, type Standing } from './rules.js'

/** What each measure is, by the movements that make it; what was refunded is the rest of what was paid. */
const movements: Readonly<Record<Exclude<Measure, 'refundedFen'>, string>> = {
  paidFen: "kind = 'held' and event in ('payment-received', 'receipt-resolved', 'payment-reversed')",
  heldFen: "kind = 'held'",
  disputedFen: "kind = 'disputed'",
  pendingFen: "kind = 'pending'",
  // When windows are over a merchant's payable is credited in one sum: what it is of, the contracts' own lines say.
  releasedFen: "(kind = 'pending' and event = 'window-closed') or (kind = 'payable' and event not in ('window-closed', 'settlement-approved', 'payout-returned', 'unclaimed-set-aside', 'unclaimed-claimed'))",
  payableFen: "kind = 'payable'",
  inTransitFen: "kind = 'in_transit'",
  unclaimedFen: "kind = 'unclaimed'",
  paidOutFen: "kind = 'bank' and event in ('payout-confirmed', 'payout-returned')",
  feeFen: "(kind = 'fee' and event = 'payout-confirmed') or (kind = 'due_from_office' and event = 'payout-returned')"
}

const amount: Readonly<Partial<Record<Measure, string>>> = { releasedFen: "case kind when 'pending' then -credit_fen else credit_fen end" }

const sums = (time: string): string => (Object.keys(movements) as (keyof typeof movements)[]).map((measure) => `
      coalesce(sum(${amount[measure] ?? 'credit_fen'}) filter (where (${movements[measure]}) and ${time} < $2), 0) as "${measure}Before",
      coalesce(sum(${amount[measure] ?? 'credit_fen'}) filter (where (${movements[measure]}) and ${time} >= $2), 0) as "${measure}Since"`).join(',')

const totals = Object.keys(movements).map((measure) => `sum("${measure}Before")::bigint as "${measure}Before", sum("${measure}Since")::bigint as "${measure}Since"`).join(', ')

type Row = Readonly<{ merchantId: string; contractKind: ProductKind | null; contracts: number; openContracts: number } & Record<string, Fen | string | number | null>>

const amountsIn = (row: Row, when: 'Before' | 'Since'): Amounts => {
  const of = Object.fromEntries(Object.keys(movements).map((measure) => [measure, row[`${measure}${when}`]])) as Amounts
  return { ...zero, ...of, refundedFen: of.paidFen - of.heldFen - of.disputedFen - of.pendingFen - of.releasedFen }
}

/** All movements of merchants by the kind of their contracts, before a moment and since, by when they happened or were booked. */
export const sumMovementsByKind = async ({ client, office }: Tx, merchantIds: readonly MerchantId[], until: Date, by: By): Promise<Moved[]> => {
  const time = by === 'event' ? 'occurred_at' : 'booked_at'
  const { rows } = await client.query<Row>(`
    with per_contract as (
      select merchant_id, contract_kind, contract_id, coalesce(bool_or(kind = 'held') filter (where ${time} < $2), false) as was_paid, ${sums(time)}
      from audit_movements where office_id = $1 and merchant_id = any($3::uuid[]) group by merchant_id, contract_kind, contract_id
    )
    select merchant_id as "merchantId", contract_kind as "contractKind", (count(*) filter (where was_paid))::int as contracts,
      (count(*) filter (where "heldFenBefore" + "disputedFenBefore" + "pendingFenBefore" > 0))::int as "openContracts", ${totals}
    from per_contract group by merchant_id, contract_kind`, [office, until, merchantIds.map(uuidOf)])
  return rows.map((row) => ({
    merchantId: idOf('mer', row.merchantId), contractKind: row.contractKind, contracts: row.contracts, openContracts: row.openContracts,
    before: amountsIn(row, 'Before'), since: amountsIn(row, 'Since')
  }))
}

/** What stands on contracts, by merchant and kind. */
export const listContractTotals = async ({ db, office }: Tx, merchantIds: readonly MerchantId[]): Promise<Standing[]> => {
  const rows = await db.select().from(contractKindTotals).where(and(eq(contractKindTotals.officeId, office), inArray(contractKindTotals.merchantId, [...merchantIds])))
  return rows.map(({ officeId: _, merchantId, contractKind, contracts: __, openContracts: ___, ...amounts }) => ({ merchantId, contractKind, amounts: { ...zero, ...amounts } }))
}

/** The merchants a filter names. */
export const listAudited = ({ db, office }: Tx, { merchantId, district, category }: AuditFilter) =>
  db.select().from(merchantTotals).where(and(
    eq(merchantTotals.officeId, office), merchantId && eq(merchantTotals.merchantId, merchantId),
    district === undefined ? undefined : eq(merchantTotals.district, district), category && eq(merchantTotals.category, category)
  ))

/** What stands on a merchant's contracts and accounts. */
export const standingOf = (row: typeof merchantTotals.$inferSelect): Standing =>
  ({ merchantId: row.merchantId, contractKind: null, amounts: Object.fromEntries(measures.map((measure) => [measure, row[measure]])) as Amounts })
