import type { Bank } from '../../channels/bank/bank.js'
import type { Channel } from '../../channels/channel.js'
import type { Tsa } from '../../evidence/timestamps.js'
import { unavailable } from '../../kernel/problems.js'
import type { Shelf } from '../../storage/storage.js'
import type { FaultOrder, Faults, FaultyPort } from './model.js'

/*
 * Makes the sandbox's outside world fail on order, so that people and tests see what the service
 * does then. Orders are kept in the memory of one process, and end with it.
 */

type Order = { effect: FaultOrder['effect']; calls: number; struck: number }

export const createSandboxFaults = () => {
  const orders = new Map<FaultyPort, Order>()

  /** How the next call of a port fails; undefined: it does not. */
  const strike = (port: FaultyPort): Order['effect'] | undefined => {
    const order = orders.get(port)
    if (!order || order.calls === 0) return undefined
    order.calls -= 1
    order.struck += 1
    return order.effect
  }

  const failure = (port: FaultyPort): Error =>
    Object.assign(unavailable({ retryAfterSeconds: 1 }), { cause: new Error(`the sandbox was told that ${port} fails`) })

  /** The same call, failing when it was ordered to. */
  const around = <Args extends unknown[], Result>(port: FaultyPort, call: (...args: Args) => Promise<Result>) => async (...args: Args): Promise<Result> => {
    const effect = strike(port)
    if (effect === 'refused') throw failure(port)
    const result = await call(...args)
    if (effect === 'lost') throw failure(port)
    return result
  }

  const channel = <Whole extends Channel>(whole: Whole): Whole => ({
    ...whole,
    open: around('channel', whole.open), close: around('channel', whole.close),
    refund: around('channel', whole.refund), queryRefund: around('channel', whole.queryRefund)
  })

  /** A bank throws only where it surely did not get the order: a lost answer is one that nobody knows. */
  const bank = ({ pay, query }: Bank): Bank => ({
    pay: async (order) => {
      const effect = strike('bank')
      if (effect === 'refused') throw failure('bank')
      const answer = await pay(order)
      return effect === 'lost' ? { outcome: 'unknown', reference: null } : answer
    },
    query: around('bank', query)
  })

  const tsa = (whole: Tsa): Tsa => ({ ...whole, ask: around('timestamps', whole.ask) })

  /** To read leaves nothing behind: whichever way it fails, nothing is opened. */
  const reading = (open: Shelf['open']): Shelf['open'] => async (sha256) => {
    if (strike('storage')) throw failure('storage')
    return open(sha256)
  }

  const shelf = ({ has, keep, open, remove }: Shelf): Shelf =>
    ({ has: around('storage', has), keep: around('storage', keep), open: reading(open), remove: around('storage', remove) })

  const list = (): Faults => ({ items: [...orders].map(([port, order]) => ({ port, ...order })) })

  /** Orders faults of one port, in place of what was ordered of it before. */
  const set = ({ port, effect, calls }: FaultOrder): Faults => {
    orders.set(port, { effect, calls, struck: orders.get(port)?.struck ?? 0 })
    return list()
  }

  return { around, channel, bank, tsa, shelf, list, set }
}

export type SandboxFaults = ReturnType<typeof createSandboxFaults>
