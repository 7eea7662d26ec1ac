import { and, asc, desc, eq, gt, lt, ne, sql } from 'drizzle-orm'
import { officeStatement } from '../db/cluster.js'
import type { Tx } from '../db/unit-of-work.js'
import { uuidOf, type Id } from '../kernel/id.js'
import type { BankEntryId, EntrySide, EntryStatus, MatchedBy, StatementId, StatementRecord, SuspenseItemId, SuspenseRecord, SuspenseStatus } from './model.js'
import { bankBalances, bankEntries, bankStatements, suspenseItems } from './table.js'

export type EntryRow = Omit<typeof bankEntries.$inferSelect, 'officeId'>

const statementColumns = {
  id: bankStatements.id, accountNumber: bankStatements.accountNumber, reference: bankStatements.reference, format: bankStatements.format,
  openingFen: bankStatements.openingFen, closingFen: bankStatements.closingFen, closingOn: bankStatements.closingOn,
  importedBy: bankStatements.importedBy, importedAt: bankStatements.importedAt
}

const entryColumns = {
  id: bankEntries.id, statementId: bankEntries.statementId, accountNumber: bankEntries.accountNumber, entryReference: bankEntries.entryReference,
  endToEndId: bankEntries.endToEndId, side: bankEntries.side, amountFen: bankEntries.amountFen, bookedOn: bankEntries.bookedOn, valueOn: bankEntries.valueOn,
  code: bankEntries.code, status: bankEntries.status, matchedBy: bankEntries.matchedBy, reason: bankEntries.reason, transferId: bankEntries.transferId,
  detailsSealed: bankEntries.detailsSealed
}

/** Keeps a statement, once for its number, and locks it against another import. @returns the one kept */
export const keepStatement = async (tx: Tx, record: StatementRecord): Promise<StatementRecord> => {
  await tx.db.insert(bankStatements).values({ ...record, officeId: tx.office }).onConflictDoNothing()
  const [kept] = await tx.db.select(statementColumns).from(bankStatements).where(and(
    eq(bankStatements.officeId, tx.office), eq(bankStatements.accountNumber, record.accountNumber), eq(bankStatements.reference, record.reference)
  )).for('update')
  return kept ?? record
}

export const updateStatement = async ({ db, office }: Tx, { id, openingFen, closingFen, closingOn }: StatementRecord): Promise<void> => {
  await db.update(bankStatements).set({ openingFen, closingFen, closingOn }).where(and(eq(bankStatements.officeId, office), eq(bankStatements.id, id)))
}

export const findStatement = async ({ db, office }: Tx, id: StatementId): Promise<StatementRecord | undefined> =>
  (await db.select(statementColumns).from(bankStatements).where(and(eq(bankStatements.officeId, office), eq(bankStatements.id, id))))[0]

/** Newest first, from below a position. */
export const listStatements = ({ db, office }: Tx, before: StatementId | undefined, limit: number): Promise<StatementRecord[]> =>
  db.select(statementColumns).from(bankStatements)
    .where(and(eq(bankStatements.officeId, office), before && lt(bankStatements.id, before))).orderBy(desc(bankStatements.id)).limit(limit)

const insertStatement = officeStatement((office, place) => `
insert into bank_entries (office_id, id, statement_id, account_number, entry_reference, end_to_end_id, side, amount_fen, booked_on, value_on, code, status, matched_by, reason, transfer_id, details_sealed)
select ${office}, e.* from ${place}unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::date[], $10::date[], $11::text[], $12::text[], $13::text[], $14::text[], $15::uuid[], $16::text[]) as e
on conflict (office_id, account_number, entry_reference) do nothing`)

/** Keeps lines of a statement; one whose number is there already stays as it is. @returns how many are new */
export const insertEntries = async ({ client, office }: Tx, rows: readonly EntryRow[]): Promise<number> => {
  const { rowCount } = await client.query({
    name: 'insert_bank_entries',
    ...insertStatement,
    values: [
      office, rows.map(({ id }) => uuidOf(id)), rows.map(({ statementId }) => uuidOf(statementId)), rows.map(({ accountNumber }) => accountNumber),
      rows.map(({ entryReference }) => entryReference), rows.map(({ endToEndId }) => endToEndId), rows.map(({ side }) => side), rows.map(({ amountFen }) => amountFen),
      rows.map(({ bookedOn }) => bookedOn), rows.map(({ valueOn }) => valueOn), rows.map(({ code }) => code), rows.map(({ status }) => status),
      rows.map(({ matchedBy }) => matchedBy), rows.map(({ reason }) => reason), rows.map(({ transferId }) => transferId && uuidOf(transferId)),
      rows.map(({ detailsSealed }) => detailsSealed)
    ]
  })
  return rowCount ?? 0
}

type Told = Readonly<{ entryReference: string; side: EntrySide; amountFen: bigint; bookedOn: string }>

/** Lines of an account kept before, by the bank's numbers. */
export const listKept = async ({ client, office }: Tx, accountNumber: string, references: readonly string[]): Promise<Told[]> =>
  (await client.query<Told>({
    name: 'list_kept_bank_entries',
    text: `select entry_reference as "entryReference", side, amount_fen as "amountFen", booked_on as "bookedOn" from bank_entries
           where office_id = $1 and account_number = $2 and entry_reference = any($3::text[])`,
    values: [office, accountNumber, references]
  })).rows

/** Which of these movements a line has confirmed already. */
export const listConfirmed = async ({ client, office }: Tx, transferIds: readonly Id<'trf'>[]): Promise<Set<string>> => {
  if (transferIds.length === 0) return new Set()
  const { rows } = await client.query<{ transfer_id: string }>({
    name: 'list_confirmed', text: 'select transfer_id from bank_entries where office_id = $1 and transfer_id = any($2::uuid[])', values: [office, transferIds.map(uuidOf)]
  })
  return new Set(rows.map(({ transfer_id: id }) => id))
}

export const listNewEntries = ({ db, office }: Tx, statementId: StatementId, after: BankEntryId | undefined, limit: number): Promise<EntryRow[]> =>
  db.select(entryColumns).from(bankEntries)
    .where(and(eq(bankEntries.officeId, office), eq(bankEntries.statementId, statementId), eq(bankEntries.status, 'new'), after && gt(bankEntries.id, after)))
    .orderBy(asc(bankEntries.id)).limit(limit)

/** Lines of a statement, from below a position. */
export const listEntries = ({ db, office }: Tx, statementId: StatementId, status: EntryStatus | undefined, after: BankEntryId | undefined, limit: number): Promise<EntryRow[]> =>
  db.select(entryColumns).from(bankEntries)
    .where(and(eq(bankEntries.officeId, office), eq(bankEntries.statementId, statementId), status && eq(bankEntries.status, status), after && gt(bankEntries.id, after)))
    .orderBy(asc(bankEntries.id)).limit(limit)

export const findEntry = async ({ db, office }: Tx, id: BankEntryId): Promise<EntryRow | undefined> =>
  (await db.select(entryColumns).from(bankEntries).where(and(eq(bankEntries.officeId, office), eq(bankEntries.id, id))))[0]

export const lockEntry = async ({ db, office }: Tx, id: BankEntryId): Promise<EntryRow | undefined> =>
  (await db.select(entryColumns).from(bankEntries).where(and(eq(bankEntries.officeId, office), eq(bankEntries.id, id))).for('update'))[0]

export type Outcome = Readonly<{ status: EntryStatus; matchedBy: MatchedBy | null; reason: string | null; transferId: Id<'trf'> | null }>

export const updateEntry = async ({ db, office }: Tx, id: BankEntryId, { status, matchedBy, reason, transferId }: Outcome): Promise<void> => {
  await db.update(bankEntries).set({ status, matchedBy, reason, transferId }).where(and(eq(bankEntries.officeId, office), eq(bankEntries.id, id)))
}

/** How many lines of a statement there are in each state, and what those that answer orders will move. */
export const sumEntries = ({ db, office }: Tx, statementId: StatementId) =>
  db.select({
    status: bankEntries.status,
    lines: sql<number>`count(*)::int`,
    movedFen: sql<bigint>`coalesce(sum(case ${bankEntries.side} when 'C' then ${bankEntries.amountFen} else -${bankEntries.amountFen} end), 0)::bigint`
  }).from(bankEntries).where(and(eq(bankEntries.officeId, office), eq(bankEntries.statementId, statementId))).groupBy(bankEntries.status)

export const upsertBalance = async ({ db, office }: Tx, accountNumber: string, day: string, closingFen: bigint, statementId: StatementId): Promise<void> => {
  await db.insert(bankBalances).values({ officeId: office, accountNumber, day, closingFen, statementId })
    .onConflictDoUpdate({ target: [bankBalances.officeId, bankBalances.accountNumber, bankBalances.day], set: { closingFen, statementId } })
}

/** The bank's newest balance at the end of a day, and its day. */
export const findBalance = async ({ db, office }: Tx, accountNumber: string, day: string): Promise<{ day: string; closingFen: bigint } | undefined> =>
  (await db.select({ day: bankBalances.day, closingFen: bankBalances.closingFen }).from(bankBalances)
    .where(and(eq(bankBalances.officeId, office), eq(bankBalances.accountNumber, accountNumber), sql`${bankBalances.day} <= ${day}`))
    .orderBy(desc(bankBalances.day)).limit(1))[0]

const suspenseColumns = {
  id: suspenseItems.id, entryId: suspenseItems.entryId, side: suspenseItems.side, amountFen: suspenseItems.amountFen, status: suspenseItems.status,
  ownerId: suspenseItems.ownerId, openedAt: suspenseItems.openedAt, kind: suspenseItems.kind, target: suspenseItems.target, reason: suspenseItems.reason,
  makerId: suspenseItems.makerId, checkerId: suspenseItems.checkerId, resolvedAt: suspenseItems.resolvedAt, payeeSealed: suspenseItems.payeeSealed,
  orderId: suspenseItems.orderId, orderedAt: suspenseItems.orderedAt
}

export const insertItem = async ({ db, office }: Tx, item: SuspenseRecord): Promise<void> => {
  await db.insert(suspenseItems).values({ ...item, officeId: office })
}

export const findSuspenseItem = async ({ db, office }: Tx, id: SuspenseItemId): Promise<SuspenseRecord | undefined> =>
  (await db.select(suspenseColumns).from(suspenseItems).where(and(eq(suspenseItems.officeId, office), eq(suspenseItems.id, id))))[0]

/** The item whose return an order at the bank is. */
export const findItemOfOrder = async ({ db, office }: Tx, orderId: Id<'srt'>): Promise<SuspenseRecord | undefined> =>
  (await db.select(suspenseColumns).from(suspenseItems).where(and(eq(suspenseItems.officeId, office), eq(suspenseItems.orderId, orderId))))[0]

export const lockItem = async ({ db, office }: Tx, id: SuspenseItemId): Promise<SuspenseRecord | undefined> =>
  (await db.select(suspenseColumns).from(suspenseItems).where(and(eq(suspenseItems.officeId, office), eq(suspenseItems.id, id))).for('update'))[0]

export const updateSuspenseItem = async ({ db, office }: Tx, { id, status, ownerId, kind, target, reason, makerId, checkerId, resolvedAt, payeeSealed, orderId, orderedAt }: SuspenseRecord): Promise<void> => {
  await db.update(suspenseItems).set({ status, ownerId, kind, target, reason, makerId, checkerId, resolvedAt, payeeSealed, orderId, orderedAt })
    .where(and(eq(suspenseItems.officeId, office), eq(suspenseItems.id, id)))
}

/** Oldest first, from above a position: what has waited longest comes first. */
export const listItems = ({ db, office }: Tx, status: SuspenseStatus | undefined, after: SuspenseItemId | undefined, limit: number) =>
  db.select({ item: suspenseColumns, entry: entryColumns }).from(suspenseItems)
    .innerJoin(bankEntries, and(eq(bankEntries.officeId, suspenseItems.officeId), eq(bankEntries.id, suspenseItems.entryId)))
    .where(and(
      eq(suspenseItems.officeId, office), eq(bankEntries.officeId, office), status ? eq(suspenseItems.status, status) : ne(suspenseItems.status, 'resolved'),
      after && gt(suspenseItems.id, after)
    ))
    .orderBy(asc(suspenseItems.id)).limit(limit)
