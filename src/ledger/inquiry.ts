import type { Tx } from '../db/unit-of-work.js'
import { idOf, uuidOf, type Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import { assetKinds, type AccountKind, type LedgerEvent, type OwnAccount, type OwnAccountKind } from './model.js'

/*
 * Questions about what was booked on one account, for those who compare the books with others'.
 */

/** Events that move money on a special account: what a bank's statement can answer. The partial index `transfers_at_bank` names the same. */
export const bankEvents = ['channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed'] as const satisfies readonly LedgerEvent[]
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

const totals = async ({ client, office }: Tx, at: Date, by: TimeOf, compared: '<' | '>='): Promise<Map<AccountKind, Fen>> => {
  const { rows } = await client.query<{ kind: AccountKind; balance: Fen }>(`
    select e.kind, coalesce(sum(case when (e.side = 'D') = (e.kind = any($3::text[])) then e.amount_fen else -e.amount_fen end), 0)::bigint as balance
    from entries e ${by === 'event' ? 'join transfers t on t.office_id = e.office_id and t.id = e.transfer_id' : ''}
    where e.office_id = $1 and ${by === 'event' ? 't.occurred_at' : 'e.booked_at'} ${compared} $2
    group by e.kind`, [office, at, [...assetKinds]])
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

  /** How many entries were booked within a time, and how much their debits are. */
  bookedWithin: async ({ client, office }: Tx, from: Date, until: Date): Promise<{ entries: number; movedFen: Fen }> => {
    const { rows: [row] } = await client.query<{ entries: number; moved: Fen }>(`
      select count(*)::int as entries, coalesce(sum(amount_fen) filter (where side = 'D'), 0)::bigint as moved
      from entries where office_id = $1 and booked_at >= $2 and booked_at < $3`, [office, from, until])
    return { entries: row?.entries ?? 0, movedFen: row?.moved ?? 0n }
  },

  /** The accounts of a kind and their balances, by name. */
  accountsOf: async ({ client, office }: Tx, kind: OwnAccountKind): Promise<{ of: string; balanceFen: Fen }[]> => {
    const { rows } = await client.query<{ of: string; balance_fen: Fen }>(
      'select of, balance_fen from accounts where office_id = $1 and kind = $2 order by of', [office, kind])
    return rows.map(({ of, balance_fen: balanceFen }) => ({ of, balanceFen }))
  }
})

export type Inquiry = ReturnType<typeof createInquiry>
