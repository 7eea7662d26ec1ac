import { z } from 'zod'
import { idSchema } from '../kernel/id.js'

export const RedemptionId = idSchema('red')
export type RedemptionId = z.infer<typeof RedemptionId>

/** A visit, or the passing of time. */
export const ReleaseKind = z.enum(['check_in', 'time'])
export type ReleaseKind = z.infer<typeof ReleaseKind>

/** `recorded`: a term card's check-in, which releases nothing. */
export const ReleaseState = z.enum(['pending', 'objected', 'disputed', 'payable', 'voided', 'recorded'])
export type ReleaseState = z.infer<typeof ReleaseState>
