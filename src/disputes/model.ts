import { z } from 'zod'
import { idSchema } from '../kernel/id.js'

export const DisputeId = idSchema('dsp')
export type DisputeId = z.infer<typeof DisputeId>

export const DisputeGround = z.enum(['closed_or_moved', 'service_not_as_agreed', 'price_or_terms', 'health', 'misleading_sale', 'other'])
export type DisputeGround = z.infer<typeof DisputeGround>

export const DisputeStage = z.enum(['negotiation', 'mediation', 'arbitration', 'decided', 'settled', 'withdrawn', 'lapsed', 'executed'])
export type DisputeStage = z.infer<typeof DisputeStage>
