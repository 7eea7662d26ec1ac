import { byKeys } from '../db/plans.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import { summedUntil } from '../ledger/totals.js'
import type { MerchantId } from '../merchants/model.js'
import type { ProductKind } from '../products/model.js'
import { zero, type Amounts, type Moved } from './groups/rules.js'
import type { By, Measure } from './model.js'

/*
 * What was moved for merchants before a moment and since: from the sums of whole stretches of the
 * journal (totals.ts), and from the entries of what they do not answer for.
 */

/** Later than anything that was ever booked: everything, as it stands. */
export const everything = new Date('9999-12-31T00:00:00Z')

/** What each measure is, by the movements that make it; what was refunded is the rest of what was paid. */
const movements: Readonly<Record<Exclude<Measure, 'refundedFen'>, string>> = {
  paidFen: "kind = 'held' and event in ('payment-received', 'receipt-resolved')",
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

const sums = (Object.keys(movements) as (keyof typeof movements)[]).flatMap((measure) => [['Before', 'is_before'], ['Since', 'not is_before']].map(([when, filter]) =>
  `coalesce(sum(${amount[measure] ?? 'credit_fen'}) filter (where (${movements[measure]}) and ${filter}), 0)::bigint as "${measure}${when}"`)).join(', ')

type Row = Readonly<{ merchantId: string; contractKind: ProductKind | ''; contracts: number } & Record<string, Fen | string | number>>

const amountsIn = (row: Row, when: 'Before' | 'Since'): Amounts => {
  const of = Object.fromEntries(Object.keys(movements).map((measure) => [measure, row[`${measure}${when}`]])) as Amounts
  return { ...zero, ...of, refundedFen: of.paidFen - of.heldFen - of.disputedFen - of.pendingFen - of.releasedFen }
}

/** Transfers by the database's form of their ids, from behind one up to another; null: to the last there is. */
type Stretch = Readonly<{ from_id: string; until_id: string | null }>

const timeOf = { booking: 'booked_at', event: 'occurred_at' } as const satisfies Record<By, string>

const uuidsOf = (merchantIds: readonly MerchantId[] | undefined): readonly string[] | null => merchantIds?.map(uuidOf) ?? null

/** SQL: of the merchants named by a parameter, or of all where none are. */
const ofMerchants = (place: string): string => `(${place}::uuid[] is null or merchant_id = any(${place}::uuid[]))`

/** The stretches whose entries must be read: those with a sum on both sides of the moment, and what is not summed yet. By themselves, so that the database plans for the ids there are. */
const stretchesAt = async ({ client, office }: Tx, until: Date, by: By, merchants: readonly string[] | null): Promise<Stretch[]> => (await client.query<Stretch>(`
  select distinct from_id, until_id from movement_totals where office_id = $1 and ${ofMerchants('$3')} and first_${timeOf[by]} < $2 and last_${timeOf[by]} >= $2
  union all
  select ${summedUntil('movement_totals')}, null`, [office, until, merchants])).rows

type OfKind = Pick<Moved, 'merchantId' | 'contractKind'>

const keyOf = ({ merchantId, contractKind }: OfKind): string => `${merchantId} ${contractKind}`

/** How many contracts had money on them, by merchant and kind: as they stand, or by their entries before a moment. */
const openAt = async ({ client, office }: Tx, until: Date, by: By, merchants: readonly string[] | null): Promise<Map<string, number>> => {
  const { rows } = await client.query<{ merchantId: string; contractKind: ProductKind; open: number }>(until === everything
    ? { values: [office, merchants], text: `
      select merchant_id as "merchantId", contract_kind as "contractKind", open_contracts as open
      from contract_kind_totals where office_id = $1 and ${ofMerchants('$2')}` }
    : { values: [office, merchants, until], text: `
      select merchant_id as "merchantId", contract_kind as "contractKind", count(*)::int as open from (
        select merchant_id, contract_kind, contract_id from contract_movements where office_id = $1 and ${ofMerchants('$2')} and ${timeOf[by]} < $3
        group by merchant_id, contract_kind, contract_id having sum(credit_fen) > 0) o
      group by merchant_id, contract_kind` })
  return new Map(rows.map(({ open, ...of }) => [keyOf({ ...of, merchantId: idOf('mer', of.merchantId) }), open]))
}

/**
 * What was moved for merchants (of all, where none are named) by the kind of their contracts, before a
 * moment and since, by when it happened or was booked. The transaction must hold still.
 */
export const sumMovements = async (tx: Tx, until: Date, by: By, merchantIds?: readonly MerchantId[]): Promise<Omit<Moved, 'openContracts'>[]> => {
  const { client, office } = tx
  const merchants = uuidsOf(merchantIds)
  const time = timeOf[by]
  const stretches = await stretchesAt(tx, until, by, merchants)
  const values: unknown[] = [office, until, merchants, stretches.flatMap(({ until_id: id }) => id ?? [])]
  const place = (value: unknown): string => `$${values.push(value)}`
  const ofEntries = stretches.map(({ from_id: from, until_id: end }) => `
    union all
    select merchant_id, coalesce(contract_kind, ''), kind, event, 1, credit_fen, ${time} < $2
    from audit_movements
    where office_id = $1 and merchant_id is not null and ${ofMerchants('$3')} and transfer_id > ${place(from)}${end === null ? '' : ` and transfer_id <= ${place(end)}`}`)
  const { rows } = await byKeys(tx, () => client.query<Row>(`
    select merchant_id as "merchantId", contract_kind as "contractKind", (coalesce(sum(lines) filter (where (${movements.paidFen}) and is_before), 0))::int as contracts, ${sums}
    from (
      select merchant_id, contract_kind, kind, event, lines, credit_fen, last_${time} < $2 as is_before
      from movement_totals where office_id = $1 and ${ofMerchants('$3')} and until_id <> all($4::uuid[])
      ${ofEntries.join('')}) moved
    group by merchant_id, contract_kind`, values))
  return rows.map((row) => ({
    merchantId: idOf('mer', row.merchantId), contractKind: row.contractKind === '' ? null : row.contractKind,
    contracts: row.contracts, before: amountsIn(row, 'Before'), since: amountsIn(row, 'Since')
  }))
}

/** The same, and how many contracts had money on them. */
export const sumMoved = async (tx: Tx, until: Date, by: By, merchantIds?: readonly MerchantId[]): Promise<Moved[]> => {
  const open = await openAt(tx, until, by, uuidsOf(merchantIds))
  return (await sumMovements(tx, until, by, merchantIds)).map((sums) => ({ ...sums, openContracts: open.get(keyOf(sums)) ?? 0 }))
}
