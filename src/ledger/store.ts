import { and, asc, eq, gte, inArray, lte, or, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { newId, uuidOf, type Id } from '../kernel/id.js'
import type { AccountKind, OwnAccount } from './model.js'
import { accounts, entries, transfers } from './table.js'

export type AccountRow = typeof accounts.$inferSelect

const named = (of: readonly OwnAccount[]) => or(...of.map((account) => and(eq(accounts.kind, account.kind), eq(accounts.of, account.of))))

/** Locks accounts in id order, making those that do not exist yet. */
export const lockAccounts = async ({ db, office }: Tx, wanted: readonly OwnAccount[]): Promise<AccountRow[]> => {
  if (wanted.length === 0) return []
  const lock = () => db.select().from(accounts)
    .where(and(eq(accounts.officeId, office), named(wanted))).orderBy(asc(accounts.id)).for('update')
  const found = await lock()
  const missing = wanted.filter(({ kind, of }) => !found.some((row) => row.kind === kind && row.of === of))
  if (missing.length === 0) return found
  await db.insert(accounts)
    .values(missing.map(({ kind, of, merchantId }) => ({ officeId: office, id: newId('acc', office), kind, of, merchantId: merchantId ?? null, balanceFen: 0n, version: 0 })))
    .onConflictDoNothing()
  return lock()
}

export const findBalances = ({ db, office }: Tx, wanted: readonly OwnAccount[]) =>
  wanted.length === 0 ? Promise.resolve([]) : db.select().from(accounts).where(and(eq(accounts.officeId, office), named(wanted)))

export type EntryInput = Readonly<{
  line: number; kind: AccountKind; accountId: string | null; contractId: Id<'ctr'> | null
  side: 'D' | 'C'; amountFen: bigint; balanceAfterFen: bigint
}>

export type TransferInput = Readonly<{
  id: Id<'trf'>; event: string; reference: string; contractId: Id<'ctr'> | null; merchantId: Id<'mer'> | null
  personId: Id<'per'> | null; occurredAt: Date; bookedAt: Date; entries: readonly EntryInput[]
}>

/*
 * Entries, their transfer and the balances in one statement. The transfer's two totals are summed
 * by the database from the very lines it inserts, and its CHECK refuses a difference: the second
 * of the paired assertions.
 */
const insertStatement = `
with lines as (
  select * from unnest($9::smallint[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::bigint[], $15::bigint[])
    as l(line, kind, account_id, contract_id, side, amount_fen, balance_after_fen)
), moved as (
  insert into transfers (office_id, id, event, reference, contract_id, merchant_id, person_id, debit_fen, credit_fen, occurred_at, booked_at)
  select $1, $2, $3, $4, $5, $6, $7,
    coalesce(sum(amount_fen) filter (where side = 'D'), 0), coalesce(sum(amount_fen) filter (where side = 'C'), 0), $8, $16
  from lines
)
insert into entries (office_id, transfer_id, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, booked_at)
select $1, $2, line, kind, account_id, contract_id, side, amount_fen, balance_after_fen, $16 from lines`

const uuidOrNull = (id: string | null) => (id === null ? null : uuidOf(id))

export const insertTransfer = async ({ client, office }: Tx, transfer: TransferInput): Promise<void> => {
  const { entries: lines } = transfer
  await client.query({
    name: 'insert_transfer',
    text: insertStatement,
    values: [
      office, uuidOf(transfer.id), transfer.event, transfer.reference, uuidOrNull(transfer.contractId),
      uuidOrNull(transfer.merchantId), uuidOrNull(transfer.personId), transfer.occurredAt,
      lines.map(({ line }) => line), lines.map(({ kind }) => kind), lines.map(({ accountId }) => uuidOrNull(accountId)),
      lines.map(({ contractId }) => uuidOrNull(contractId)), lines.map(({ side }) => side),
      lines.map(({ amountFen }) => amountFen), lines.map(({ balanceAfterFen }) => balanceAfterFen), transfer.bookedAt
    ]
  })
}

export const updateBalances = async ({ db, office }: Tx, changed: readonly AccountRow[]): Promise<void> => {
  for (const { id, balanceFen, version } of changed) {
    await db.update(accounts).set({ balanceFen, version }).where(and(eq(accounts.officeId, office), eq(accounts.id, id)))
  }
}

export const listEntriesOfContract = ({ db, office }: Tx, contractId: Id<'ctr'>) =>
  db.select({ entry: entries, transfer: transfers, of: accounts.of })
    .from(entries)
    .innerJoin(transfers, and(eq(transfers.officeId, entries.officeId), eq(transfers.id, entries.transferId)))
    .leftJoin(accounts, and(eq(accounts.officeId, entries.officeId), sql`${accounts.id} = ${entries.accountId}`))
    .where(and(eq(entries.officeId, office), eq(entries.contractId, contractId)))
    .orderBy(asc(entries.transferId), asc(entries.line))

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
