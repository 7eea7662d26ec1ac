import { and, eq } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import type { MerchantId } from '../merchants/model.js'
import type { ContractBand } from './model.js'
import { merchantContractBands } from './table.js'

export const findBand = async ({ db, office }: Tx, merchantId: MerchantId): Promise<ContractBand | undefined> =>
  (await db.select({ band: merchantContractBands.band }).from(merchantContractBands)
    .where(and(eq(merchantContractBands.officeId, office), eq(merchantContractBands.merchantId, merchantId))))[0]?.band
