import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/unit-of-work.js'
import type { MerchantId } from '../../merchants/model.js'
import { measures, type AuditFilter } from '../model.js'
import { contractKindTotals, merchantTotals } from '../table.js'
import { zero, type Amounts, type Standing } from './rules.js'

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
