import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'

/** An SMS the sandbox's gateway took. */
export const SandboxMessage = z.object({
  phone: z.string(),
  text: z.string(),
  code: z.string().optional().meta({ description: 'Only on messages that carry one' }),
  sentAt: Instant
}).meta({ id: 'SandboxMessage' })
export type SandboxMessage = z.output<typeof SandboxMessage>

export const SandboxMessages = z.object({ items: z.array(SandboxMessage) })
export type SandboxMessages = z.output<typeof SandboxMessages>

const daysMax = 400

export const AdvanceClock = z.object({
  advanceSeconds: z.int().min(0).max(daysMax * 86_400).meta({ description: `At most ${daysMax} days` })
})
export type AdvanceClock = z.output<typeof AdvanceClock>

export const SandboxTime = z.object({ now: Instant })
export type SandboxTime = z.output<typeof SandboxTime>
