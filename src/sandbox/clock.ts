import type pg from 'pg'
import { openListener } from '../db/listener.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'

/*
 * The sandbox's clock runs ahead of the real one by an offset that lives in the database, so that
 * it survives restarts and is one for all processes; a change is told to the others by NOTIFY, and
 * they can be asked whether they have heard.
 */

const channel = 'ticun_clock'

export type MovableClock = Clock & Readonly<{
  /** Moves the clock so that it shows at least this instant. It never goes back. */
  moveTo: (at: Date) => Promise<void>
  /** Waits until every process shows what this one shows; not for ever for one that hangs. */
  agree: () => Promise<void>
  close: () => Promise<void>
}>

type Options = Readonly<{ connectionString: string; onError: (error: Error) => void }>

const asWorker = async <Result>(client: pg.Client, use: () => Promise<Result>): Promise<Result> => {
  await client.query('begin; set local role ticun_worker')
  try {
    const result = await use()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

const moveStatement = `
insert into sandbox_clock (one, offset_ms) values (1, $1)
on conflict (one) do update set offset_ms = greatest(sandbox_clock.offset_ms, excluded.offset_ms)
returning offset_ms`

type Offset = { offset_ms: bigint }

export const openSandboxClock = async ({ connectionString, onError }: Options): Promise<MovableClock> => {
  let offsetMs = 0
  let connected: pg.Client | undefined

  const forward = (wanted: number): void => { offsetMs = Math.max(offsetMs, wanted) }

  const listener = await openListener({
    connectionString, channel, onError,
    onMessage: (payload) => { forward(Number(payload)) },
    onConnect: async (client) => {
      const { rows: [row] } = await asWorker(client, () => client.query<Offset>('select offset_ms from sandbox_clock where one = 1'))
      forward(Number(row?.offset_ms ?? 0n))
      connected = client
    }
  })

  const move = async (at: Date): Promise<void> => {
    const wanted = at.getTime() - Date.now()
    if (wanted <= offsetMs) return
    const client = connected
    invariant(client, 'the clock has no connection')
    const moved = await asWorker(client, async () => {
      const { rows: [row] } = await client.query<Offset>(moveStatement, [wanted])
      await client.query('select pg_notify($1, $2)', [channel, row?.offset_ms])
      return Number(row?.offset_ms ?? 0n)
    })
    forward(moved)
  }

  let queue: Promise<void> = Promise.resolve()

  return {
    now: () => new Date(Date.now() + offsetMs),
    moveTo: (at) => {
      queue = queue.catch(() => undefined).then(() => move(at))
      return queue
    },
    agree: () => listener.agree(),
    close: () => listener.close()
  }
}
