import { z } from 'zod'
import { ContractId } from '../contracts/model.js'
import { BusinessDate, Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { MerchantId } from '../merchants/model.js'

export const PauseId = idSchema('pau')
export type PauseId = z.infer<typeof PauseId>

/** Why a term stands still. `outage`: the merchant cannot serve, and asks nobody; every other is agreed. */
export const PauseGround = z.enum(['health', 'absence', 'renovation', 'outage', 'other'])
export type PauseGround = z.infer<typeof PauseGround>

/** `agreed`: it has not begun yet. `lapsed`: nobody answered in time. */
export const PauseStatus = z.enum(['proposed', 'agreed', 'running', 'ended', 'declined', 'withdrawn', 'lapsed'])
export type PauseStatus = z.infer<typeof PauseStatus>

export const PauseSide = z.enum(['consumer', 'merchant'])
export type PauseSide = z.infer<typeof PauseSide>

export const NewPause = z.object({
  ground: PauseGround,
  startsOn: BusinessDate.meta({ description: 'The first day that does not count' }),
  endsOn: BusinessDate.meta({ description: 'The last day that does not count' })
}).refine(({ startsOn, endsOn }) => startsOn <= endsOn, { path: ['endsOn'], params: { zh: '不能早于开始日', en: 'cannot be before the first day' } })
export type NewPause = z.output<typeof NewPause>

/** A term card that stands still for some days; they are added at its end. */
export const Pause = z.object({
  id: PauseId,
  contractId: ContractId,
  merchantId: MerchantId,
  ground: PauseGround,
  status: PauseStatus,
  proposedEnd: PauseSide,
  startsOn: BusinessDate,
  endsOn: BusinessDate.meta({ description: 'The day before the first where it was ended before it began' }),
  days: z.int().meta({ description: 'Days that do not count, or would not' }),
  createdAt: Instant,
  answeredAt: Instant.nullable(),
  endedAt: Instant.nullable()
}).meta({ id: 'Pause' })
export type Pause = z.output<typeof Pause>

/** A pause as rules see it. */
export type PauseRecord = Readonly<Omit<Pause, 'days'> & { proposedBy: Id<'per'> }>
