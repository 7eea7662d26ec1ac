import { and, asc, desc, eq, inArray, lte } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { OfficeId } from './model.js'
import { offices, rules } from './table.js'

export type OfficeRow = typeof offices.$inferSelect

export const listOffices = ({ db }: Tx): Promise<OfficeRow[]> => db.select().from(offices).orderBy(asc(offices.number))

export const findOffice = async ({ db }: Tx, id: OfficeId): Promise<OfficeRow | undefined> =>
  (await db.select().from(offices).where(eq(offices.id, id)))[0]

export const insertOffice = async ({ db }: Tx, row: OfficeRow): Promise<void> => {
  await db.insert(offices).values(row).onConflictDoNothing()
}

export type RuleRow = typeof rules.$inferSelect

/** The rules of a name that had begun by a date, newest first, of any of the scopes. */
export const listRules = ({ db }: Tx, name: string, scopes: readonly string[], on: string): Promise<RuleRow[]> =>
  db.select().from(rules)
    .where(and(eq(rules.name, name), inArray(rules.scope, [...scopes]), lte(rules.validFrom, on)))
    .orderBy(desc(rules.validFrom))

/** Enters a rule once; one of the same name, scope and beginning stays as it is. */
export const insertRule = async ({ db }: Tx, row: RuleRow): Promise<void> => {
  await db.insert(rules).values(row).onConflictDoNothing()
}
