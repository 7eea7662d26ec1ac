import { z } from 'zod'

/** What stands between the service and the outside world. `notifications`: what the sandbox channel says to the service. */
export const FaultyPort = z.enum(['sms', 'bank', 'channel', 'notifications', 'timestamps', 'storage'])
export type FaultyPort = z.infer<typeof FaultyPort>

export const FaultOrder = z.object({
  port: FaultyPort,
  effect: z.enum(['refused', 'lost']).meta({ description: '`refused`: the other side does nothing; `lost`: it does what it was asked, and its answer gets lost' }),
  calls: z.int().min(0).max(10_000).meta({ description: 'How many of the next calls fail; 0: none any more' })
})
export type FaultOrder = z.output<typeof FaultOrder>

export const Faults = z.object({
  items: z.array(FaultOrder.extend({ struck: z.int().meta({ description: 'How many calls of the port have failed so far' }) }))
}).meta({ id: 'SandboxFaults' })
export type Faults = z.output<typeof Faults>
