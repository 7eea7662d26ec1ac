import { z } from 'zod'
import { idSchema } from '../kernel/id.js'

export const SettlementId = idSchema('stl')
export type SettlementId = z.infer<typeof SettlementId>
export const SettlementItemId = idSchema('sti')
export type SettlementItemId = z.infer<typeof SettlementItemId>

export const SettlementStatus = z.enum(['draft', 'approved', 'submitted', 'completed', 'cancelled'])
export type SettlementStatus = z.infer<typeof SettlementStatus>

export const SettlementItemStatus = z.enum(['draft', 'approved', 'submitted', 'paid', 'returned', 'cancelled'])
export type SettlementItemStatus = z.infer<typeof SettlementItemStatus>
