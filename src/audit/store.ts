import { and, asc, desc, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import { auditChain, auditLog } from './table.js'

export type AuditRow = typeof auditLog.$inferSelect
export type LinkRow = typeof auditChain.$inferSelect

export const insertAuditRow = async ({ db }: Tx, row: typeof auditLog.$inferInsert): Promise<void> => {
  await db.insert(auditLog).values(row)
}

/** The last link of the office's chain; whoever lengthens it waits for others to have done so. */
export const lockLastLink = async (tx: Tx): Promise<LinkRow | undefined> => {
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended('access log', $1))", [tx.office])
  return findLastLink(tx)
}

export const findLastLink = async ({ db, office }: Tx): Promise<LinkRow | undefined> =>
  (await db.select().from(auditChain).where(eq(auditChain.officeId, office)).orderBy(desc(auditChain.position)).limit(1))[0]

const isUnlinked = sql`not exists (select 1 from ${auditChain} c where c.office_id = ${auditLog.officeId} and c.entry_id = ${auditLog.id})`

/** Rows that are in no chain yet, of `from` or later. */
export const listUnlinked = ({ db, office }: Tx, from: Id<'aud'> | undefined, limit: number): Promise<AuditRow[]> =>
  db.select().from(auditLog).where(and(eq(auditLog.officeId, office), from && gte(auditLog.id, from), isUnlinked)).orderBy(asc(auditLog.id)).limit(limit)

export const countUnlinked = ({ db, office }: Tx, before: Date): Promise<number> =>
  db.$count(auditLog, and(eq(auditLog.officeId, office), lt(auditLog.at, before), isUnlinked))

export const insertLinks = async ({ db }: Tx, rows: readonly LinkRow[]): Promise<void> => {
  await db.insert(auditChain).values([...rows])
}

/** Links in their order, from behind a position on, each with its row where that is still there. */
export const listLinks = async ({ db, office }: Tx, after: number, limit: number): Promise<{ link: LinkRow; row: AuditRow | undefined }[]> => {
  const links = await db.select().from(auditChain)
    .where(and(eq(auditChain.officeId, office), sql`${auditChain.position} > ${after}`)).orderBy(asc(auditChain.position)).limit(limit)
  if (links.length === 0) return []
  const rows = await db.select().from(auditLog).where(and(eq(auditLog.officeId, office), inArray(auditLog.id, links.map(({ entryId }) => entryId))))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return links.map((link) => ({ link, row: byId.get(link.entryId) }))
}

type Selection = Readonly<{ personId: Id<'per'> | undefined; operation: string | undefined; from: Date | undefined; to: Date | undefined }>

/** Newest first. */
export const listAuditRows = ({ db, office }: Tx, { personId, operation, from, to }: Selection, before: Id<'aud'> | undefined, limit: number): Promise<AuditRow[]> =>
  db.select().from(auditLog).where(and(
    eq(auditLog.officeId, office), personId && eq(auditLog.personId, personId), operation === undefined ? undefined : eq(auditLog.operation, operation),
    from && gte(auditLog.at, from), to && lt(auditLog.at, to), before && lt(auditLog.id, before)
  )).orderBy(desc(auditLog.id)).limit(limit)
