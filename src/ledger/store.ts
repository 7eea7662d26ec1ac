import { and, asc, eq, gte, inArray, lte, sql } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import { prepared } from '../db/prepared.js'
import type { Tx } from '../db/unit-of-work.js'
import { newId, uuidOf, uuidOrNull, type Id } from '../kernel/id.js'
import type { AccountKind, OwnAccount } from './model.js'
import { accounts, entries, transfers } from './table.js'

export type AccountRow = typeof accounts.$inferSelect

const isNamed = and(eq(accounts.officeId, sql.placeholder('office')),
  sql`(${accounts.kind}, ${accounts.of}) in (select * from unnest(${sql.placeholder('kinds')}::text[], ${sql.placeholder('names')}::text[]))`)
const accountsNamed = prepared('find_accounts', (db) => db.select().from(accounts).where(isNamed))
const accountsLocked = prepared('lock_accounts', (db) => db.select().from(accounts).where(isNamed).orderBy(asc(accounts.id)).for('update'))

const namesOf = (wanted: readonly OwnAccount[]) => ({ kinds: wanted.map(({ kind }) => kind), names: wanted.map(({ of }) => of) })

/** Locks accounts in id order, making those that do not exist yet. */
export const lockAccounts = async (tx: Tx, wanted: readonly OwnAccount[]): Promise<AccountRow[]> => {
  if (wanted.length === 0) return []
  const { db, office } = tx
  const lock = () => accountsLocked(tx, namesOf(wanted))
  const found = await lock()
  if (found.length === wanted.length) return found
  const known = new Set(found.map(({ kind, of }) => `${kind}:${of}`))
  const missing = wanted.filter(({ kind, of }) => !known.has(`${kind}:${of}`))
  await db.insert(accounts)
    .values(missing.map(({ kind, of, merchantId }) => ({ officeId: office, id: newId('acc', office), kind, of, merchantId: merchantId ?? null, balanceFen: 0n, version: 0 })))
    .onConflictDoNothing()
  return lock()
}

export const findBalances = async (tx: Tx, wanted: readonly OwnAccount[]): Promise<AccountRow[]> =>
  (wanted.length === 0 ? [] : accountsNamed(tx, namesOf(wanted)))

export type EntryInput = Readonly<{
  line: number; kind: AccountKind; accountId: string | null; contractId: Id<'ctr'> | null
  side: 'D' | 'C'; amountFen: bigint; balanceAfterFen: bigint
}>

export type TransferInput = Readonly<{
  id: Id<'trf'>; event: string; reference: string; contractId: Id<'ctr'> | null; merchantId: Id<'mer'> | null
  occurredAt: Date; entries: readonly EntryInput[]
}>

/*
 * Entries and their transfers in one statement. A transfer's two totals are summed by the database
 * from the very lines it inserts, and its CHECK refuses a difference: the second of the paired
 * assertions.
 */
const insertStatement = officeStatement((office, place) => `
with lines as (
  select * from unnest($4::uuid[], $5::smallint[], $6::text[], $7::uuid[], $8::uuid[], $9::text[], $10::bigint[], $11::bigint[])
    as l(transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen)
), totals as (
  select transfer_id, sum(amount_fen) filter (where side = 'D') as debit_fen, sum(amount_fen) filter (where side = 'C') as credit_fen
  from lines group by transfer_id
), moved as (
  insert into transfers (office_id, id, event, reference, contract_id, merchant_id, person_id, debit_fen, credit_fen, occurred_at, booked_at)
  select ${office}, t.id, t.event, t.reference, t.contract_id, t.merchant_id, $2, coalesce(n.debit_fen, 0), coalesce(n.credit_fen, 0), t.occurred_at, $3
  from ${place}unnest($12::uuid[], $13::text[], $14::text[], $15::uuid[], $16::uuid[], $17::timestamptz[])
    as t(id, event, reference, contract_id, merchant_id, occurred_at)
  left join totals n on n.transfer_id = t.id
), booked as (
  insert into entries (office_id, transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, booked_at)
  select ${office}, transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, $3 from ${place}lines
)
select`)

export const insertTransfers = async ({ client, office, actor }: Tx, transfers: readonly TransferInput[], bookedAt: Date): Promise<void> => {
  const lines = transfers.flatMap(({ id, entries }) => entries.map((entry) => ({ transferId: id, ...entry })))
  await client.query({
    name: 'insert_transfers',
    ...insertStatement,
    values: [
      office, uuidOrNull(actor.personId ?? null), bookedAt,
      lines.map(({ transferId }) => uuidOf(transferId)), lines.map(({ line }) => line), lines.map(({ kind }) => kind),
      lines.map(({ accountId }) => uuidOrNull(accountId)), lines.map(({ contractId }) => uuidOrNull(contractId)), lines.map(({ side }) => side),
      lines.map(({ amountFen }) => amountFen), lines.map(({ balanceAfterFen }) => balanceAfterFen),
      transfers.map(({ id }) => uuidOf(id)), transfers.map(({ event }) => event), transfers.map(({ reference }) => reference),
      transfers.map(({ contractId }) => uuidOrNull(contractId)), transfers.map(({ merchantId }) => uuidOrNull(merchantId)),
      transfers.map(({ occurredAt }) => occurredAt)
    ]
  })
}

export const updateBalances = async ({ client, office }: Tx, changed: readonly AccountRow[]): Promise<void> => {
  if (changed.length === 0) return
  await client.query({
    name: 'update_balances',
    text: `update accounts a set balance_fen = n.balance_fen, version = n.version
           from unnest($2::uuid[], $3::bigint[], $4::int[]) as n(id, balance_fen, version)
           where a.office_id = $1 and a.id = n.id and a.id = any($2::uuid[])`,
    values: [office, changed.map(({ id }) => uuidOf(id)), changed.map(({ balanceFen }) => balanceFen), changed.map(({ version }) => version)]
  })
}

const entriesOfContract = prepared('list_entries_of_contract', (db) => db.select({ entry: entries, transfer: transfers, of: accounts.of })
  .from(entries)
  .innerJoin(transfers, and(eq(transfers.officeId, entries.officeId), eq(transfers.id, entries.transferId)))
  .leftJoin(accounts, and(eq(accounts.officeId, entries.officeId), sql`${accounts.id} = ${entries.accountId}`))
  .where(and(eq(entries.officeId, sql.placeholder('office')), eq(entries.contractId, sql.placeholder('id'))))
  .orderBy(asc(entries.transferId), asc(entries.line)))

export const listEntriesOfContract = (tx: Tx, contractId: Id<'ctr'>) => entriesOfContract(tx, { id: uuidOf(contractId) })

/** Debits and credits of every kind of account, summed from entries, of all that was booked by an instant. */
export const sumEntriesByKind = ({ db, office }: Tx, at: Date) =>
  db.select({
    kind: entries.kind,
    debitFen: sql<bigint>`coalesce(sum(${entries.amountFen}) filter (where ${entries.side} = 'D'), 0)::bigint`,
    creditFen: sql<bigint>`coalesce(sum(${entries.amountFen}) filter (where ${entries.side} = 'C'), 0)::bigint`
  }).from(entries).where(and(eq(entries.officeId, office), lte(entries.bookedAt, at))).groupBy(entries.kind)

export const sumAccountsByKind = ({ db, office }: Tx) =>
  db.select({ kind: accounts.kind, balanceFen: sql<bigint>`sum(${accounts.balanceFen})::bigint` })
    .from(accounts).where(eq(accounts.officeId, office)).groupBy(accounts.kind)

export const sumAccountsOfMerchant = ({ db, office }: Tx, merchantId: Id<'mer'>, kinds: readonly OwnAccount['kind'][]) =>
  db.select({ kind: accounts.kind, balanceFen: sql<bigint>`sum(${accounts.balanceFen})::bigint` })
    .from(accounts)
    .where(and(eq(accounts.officeId, office), eq(accounts.merchantId, merchantId), inArray(accounts.kind, [...kinds])))
    .groupBy(accounts.kind)

/** What one kind of event credited to one kind of account about a merchant, booked from an instant on. */
export const sumCredited = async ({ db, office }: Tx, { event, kind, merchantId, since }: Readonly<{ event: string; kind: AccountKind; merchantId: Id<'mer'>; since: Date }>): Promise<bigint> =>
  (await db.select({ fen: sql<bigint>`coalesce(sum(${entries.amountFen}), 0)::bigint` }).from(entries)
    .innerJoin(transfers, and(eq(transfers.officeId, entries.officeId), eq(transfers.id, entries.transferId)))
    .where(and(
      eq(entries.officeId, office), eq(transfers.officeId, office), eq(transfers.merchantId, merchantId), eq(entries.kind, kind), eq(entries.side, 'C'),
      sql`${transfers.event} = ${event}`, gte(transfers.bookedAt, since)
    )))[0]?.fen ?? 0n
