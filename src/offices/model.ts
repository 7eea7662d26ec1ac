import { z } from 'zod'
import { idSchema } from '../kernel/id.js'

export const OfficeId = idSchema('off')
export type OfficeId = z.infer<typeof OfficeId>

/** A notary office (公证处): one ledger, one evidence log, one shard. */
export const Office = z.object({
  id: OfficeId,
  name: z.string(),
  district: z.string()
}).meta({ id: 'Office' })
export type Office = z.output<typeof Office>
