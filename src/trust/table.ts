import { pgView, text } from 'drizzle-orm/pg-core'
import { id, officeId } from '../db/columns.js'
import type { ContractBand } from './model.js'

/** The band of each merchant's active contracts: all that leaves the database. Written by hand in the migrations, with its grants. */
export const merchantContractBands = pgView('merchant_contract_bands', {
  officeId: officeId(),
  merchantId: id('merchant_id', 'mer').notNull(),
  band: text('band').$type<ContractBand>().notNull()
}).existing()
