import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema } from '../kernel/id.js'
import { PageQuery } from '../kernel/page.js'

export const AccessId = idSchema('aud')

/** What one of the staff did. */
export const AccessEntry = z.object({
  id: AccessId,
  at: Instant,
  personId: idSchema('per'),
  end: z.string(),
  operation: z.string().meta({ description: 'The operationId of the call' }),
  requestId: z.string(),
  address: z.string()
}).meta({ id: 'AccessEntry' })
export type AccessEntry = z.output<typeof AccessEntry>

const OfOffice = z.object({ officeId: idSchema('off').optional().meta({ description: 'Default: what concerns no office, such as sign-ins' }) })

export const AccessFilter = PageQuery.extend({
  ...OfOffice.shape,
  personId: idSchema('per').optional(),
  operation: z.string().regex(/^[A-Za-z]{1,100}$/).optional(),
  from: Instant.optional(),
  to: Instant.optional()
})
export type AccessFilter = z.output<typeof AccessFilter>

export const AccessLogQuery = OfOffice
export type AccessLogQuery = z.output<typeof AccessLogQuery>

/** Whether the log is as it was written. */
export const AccessLogState = z.object({
  isIntact: z.boolean(),
  entries: z.int().meta({ description: 'Links of the chain' }),
  head: z.string().nullable().meta({ description: 'The last hash, hex; once a day the evidence log has it as `access-log-sealed`' }),
  brokenPosition: z.int().nullable().meta({ description: 'The first position whose row was changed, taken away, or put in' }),
  unlinked: z.int().meta({ description: 'Rows older than an hour that are in no chain' })
}).meta({ id: 'AccessLogState' })
export type AccessLogState = z.output<typeof AccessLogState>
