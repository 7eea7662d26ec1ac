import { byKeys } from '../db/plans.js'
import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf, type Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import { assetKinds, type AccountKind, type LedgerEvent, type OwnAccount, type OwnAccountKind } from './model.js'
import { summedUntil } from './totals.js'

/*
 * Questions about what was booked on one account, for those who compare the books with others'.
 */

/** Events that move money on a special account: what a bank's statement can answer. The partial index `transfers_at_bank` names the same. */
export const bankEvents = ['channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed', 'refund-returned', 'receipt-returned'] as const satisfies readonly LedgerEvent[]
const events = bankEvents.map((event) => `'${event}'`).join(', ')

/** One line on an account, as booked. */
export type BookedLine = Readonly<{
  transferId: Id<'trf'>
  event: LedgerEvent
  reference: string
  side: 'D' | 'C'
  amountFen: Fen
  occurredAt: Date
  bookedAt: Date
}>

type Wanted = Readonly<{ event: LedgerEvent; reference: string; side: 'D' | 'C'; amountFen: Fen }>

type Row = Readonly<{ transfer_id: string; event: LedgerEvent; reference: string; side: 'D' | 'C'; amount_fen: Fen; occurred_at: Date; booked_at: Date }>

const lineOf = (row: Row): BookedLine => ({
  transferId: idOf('trf', row.transfer_id), event: row.event, reference: row.reference, side: row.side,
  amountFen: row.amount_fen, occurredAt: row.occurred_at, bookedAt: row.booked_at
})

const lineColumns = 't.id as transfer_id, t.event, t.reference, e.side, e.amount_fen, t.occurred_at, t.booked_at'
const accountId = '(select id from accounts where office_id = $1 and kind = $2 and of = $3)'

/** When something counts: when it happened, or when it was booked. */
type TimeOf = 'event' | 'booking'

/** Transfers by their ids, from behind one up to another; null: to the last there is. */
type Stretch = Readonly<{ from_id: string; until_id: string | null }>

/**
 * The stretches of the journal whose entries must be read for the books at a moment: those with
 * something of the hour it falls into (`is_whole` false: of that hour only), and what is not summed
 * yet (`is_whole`). Asked for by itself, so that the database plans for the ids there are.
 */
const stretchesAt = async ({ client, office }: Tx, at: Date, hour: string): Promise<(Stretch & Readonly<{ is_whole: boolean }>)[]> => (await client.query<Stretch & { is_whole: boolean }>(`
  select distinct from_id, until_id, false as is_whole from journal_totals where office_id = $1 and ${hour} = date_trunc('hour', $2::timestamptz, 'UTC')
  union all
  select ${summedUntil('journal_totals')}, null, true`, [office, at])).rows

/** Whole hours from the sums of the journal (totals.ts), the rest from entries; `transfers` are joined only where the time of the event counts, and found by their key (as there). */
const totals = async (tx: Tx, at: Date, by: TimeOf, compared: '<' | '>='): Promise<Map<AccountKind, Fen>> => {
  const [hour, time] = by === 'event' ? ['occurred_hour', 't.occurred_at'] : ['booked_hour', 'e.booked_at']
  const values: unknown[] = [tx.office, at, [...assetKinds]]
  const place = (value: unknown): string => `$${values.push(value)}`
  const within = ({ from_id: from, until_id: until }: Stretch): string => `e.transfer_id > ${place(from)}${until === null ? '' : ` and e.transfer_id <= ${place(until)}`}`
  const stretches = await stretchesAt(tx, at, hour)
  // Sums that were made since then are of entries that are read here.
  const summed = place(stretches.at(-1)?.from_id)
  const ofEntries = stretches.map((stretch) => `
    select e.kind, case e.side when 'D' then e.amount_fen else -e.amount_fen end
    from entries e ${by === 'event' ? `join transfers t on t.office_id = e.office_id and t.id = e.transfer_id` : ''}
    where e.office_id = $1 and ${within(stretch)} and ${time} ${compared} $2
      ${stretch.is_whole ? '' : `and date_trunc('hour', ${time}, 'UTC') = date_trunc('hour', $2::timestamptz, 'UTC')`}`)
  const { rows } = await byKeys(tx, () => tx.client.query<{ kind: AccountKind; balance: Fen }>(`
    select kind, (case when kind = any($3::text[]) then 1 else -1 end * sum(debit_fen))::bigint as balance
    from (
      select kind, debit_fen - credit_fen as debit_fen from journal_totals
      where office_id = $1 and until_id <= ${summed} and ${hour} ${compared === '<' ? '<' : '>'} date_trunc('hour', $2::timestamptz, 'UTC')
      union all ${ofEntries.join(' union all ')}) moved
    group by kind`, values))
  return new Map(rows.map(({ kind, balance }) => [kind, balance]))
}

export const createInquiry = () => ({
  /** Lines on an account by event and reference, with the amount and side asked for. */
  findLines: async ({ client, office }: Tx, { kind, of }: OwnAccount, wanted: readonly Wanted[]): Promise<BookedLine[]> => {
    if (wanted.length === 0) return []
    const { rows } = await client.query<Row>(`
      with wanted as materialized (
        select distinct * from unnest($4::text[], $5::text[], $6::text[], $7::bigint[]) as w(event, reference, side, amount_fen)
      )
      select ${lineColumns}
      from wanted w
      join transfers t on t.office_id = $1 and t.reference = w.reference and t.event = w.event and t.event in (${events})
      join entries e on e.office_id = $1 and e.transfer_id = t.id and e.account_id = ${accountId} and e.side = w.side and e.amount_fen = w.amount_fen`,
    [office, kind, of, wanted.map(({ event }) => event), wanted.map(({ reference }) => reference), wanted.map(({ side }) => side), wanted.map(({ amountFen }) => amountFen)])
    return rows.map(lineOf)
  },

  /** Lines of an amount on an account, booked within a time, oldest first; at most 50. */
  listLines: async ({ client, office }: Tx, { kind, of }: OwnAccount, { side, amountFen, from, to }: Readonly<{ side: 'D' | 'C'; amountFen: Fen; from: Date; to: Date }>): Promise<BookedLine[]> => {
    const { rows } = await client.query<Row>(`
      select ${lineColumns}
      from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
      where e.office_id = $1 and e.account_id = ${accountId} and e.side = $4 and e.amount_fen = $5 and e.booked_at >= $6 and e.booked_at < $7 and t.event in (${events})
      order by e.booked_at limit 50`, [office, kind, of, side, amountFen, from, to])
    return rows.map(lineOf)
  },

  /** One line of a transfer on an account; undefined where it has none. */
  lineOf: async ({ client, office }: Tx, { kind, of }: OwnAccount, transferId: Id<'trf'>): Promise<BookedLine | undefined> => {
    const { rows: [row] } = await client.query<Row>(`
      select ${lineColumns}
      from transfers t join entries e on e.office_id = t.office_id and e.transfer_id = t.id
      where t.office_id = $1 and t.id = $4 and e.account_id = ${accountId}`, [office, kind, of, uuidOf(transferId)])
    return row && lineOf(row)
  },

  /** The balance of an account with debits above zero, of all that happened before an instant, whenever it was booked. */
  balanceBefore: async ({ client, office }: Tx, { kind, of }: OwnAccount, until: Date): Promise<Fen> => {
    const { rows: [row] } = await client.query<{ balance: Fen }>(`
      select coalesce(sum(case e.side when 'D' then e.amount_fen else -e.amount_fen end), 0)::bigint as balance
      from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
      where e.office_id = $1 and e.account_id = ${accountId} and t.occurred_at < $4`, [office, kind, of, until])
    return row?.balance ?? 0n
  },

  /**
   * What was on each kind of account before an instant, assets by debit and liabilities by credit:
   * of all that had happened by then (`event`), or of all that was booked by then (`booking`).
   */
  totalsBefore: (tx: Tx, until: Date, by: TimeOf) => totals(tx, until, by, '<'),

  /** What was added to each kind of account from an instant on; by the same times. */
  totalsSince: (tx: Tx, from: Date, by: TimeOf) => totals(tx, from, by, '>='),

  /** What moved on an account within a time of the events, by event: debits above zero. */
  movedBetween: async ({ client, office }: Tx, { kind, of }: OwnAccount, from: Date, until: Date): Promise<Map<LedgerEvent, Fen>> => {
    const { rows } = await client.query<{ event: LedgerEvent; moved: Fen }>(`
      select t.event, sum(case e.side when 'D' then e.amount_fen else -e.amount_fen end)::bigint as moved
      from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
      where e.office_id = $1 and e.account_id = ${accountId} and t.occurred_at >= $4 and t.occurred_at < $5
      group by t.event`, [office, kind, of, from, until])
    return new Map(rows.map(({ event, moved }) => [event, moved]))
  },

  /** How many entries were booked within a time, and how much their debits are. */
  bookedWithin: async ({ client, office }: Tx, from: Date, until: Date): Promise<{ entries: number; movedFen: Fen }> => {
    const { rows: [row] } = await client.query<{ entries: number; moved: Fen }>(`
      select count(*)::int as entries, coalesce(sum(amount_fen) filter (where side = 'D'), 0)::bigint as moved
      from entries where office_id = $1 and booked_at >= $2 and booked_at < $3`, [office, from, until])
    return { entries: row?.entries ?? 0, movedFen: row?.moved ?? 0n }
  },

  /**
   * Where in the order of transfers' ids everything lies that was booked within a time: one stretch
   * after the other of what is summed, and all that is not summed yet. For whoever reads the journal
   * in that order: a range with both ends is found by the key, however long the journal is.
   */
  stretchesWithin: async ({ client, office }: Tx, from: Date, until: Date): Promise<{ from: string; until: string | undefined }[]> => {
    const { rows } = await client.query<{ from: string; until: string | null }>(`
      select distinct from_id as from, until_id as until from journal_totals
      where office_id = $1
        and until_id >= (select until_id from journal_totals where office_id = $1 and booked_hour >= date_trunc('hour', $2::timestamptz, 'UTC') order by until_id limit 1)
        and until_id <= (select until_id from journal_totals where office_id = $1 and booked_hour <= date_trunc('hour', $3::timestamptz, 'UTC') order by until_id desc limit 1)
      union all
      select ${summedUntil('journal_totals')}, null
      order by 1`, [office, from, until])
    return rows.map((row) => ({ from: row.from, until: row.until ?? undefined }))
  },

  /** The accounts of a kind and their balances, by name. */
  accountsOf: async ({ client, office }: Tx, kind: OwnAccountKind): Promise<{ of: string; balanceFen: Fen }[]> => {
    const { rows } = await client.query<{ of: string; balance_fen: Fen }>(
      'select of, balance_fen from accounts where office_id = $1 and kind = $2 order by of', [office, kind])
    return rows.map(({ of, balance_fen: balanceFen }) => ({ of, balanceFen }))
  }
})

export type Inquiry = ReturnType<typeof createInquiry>
