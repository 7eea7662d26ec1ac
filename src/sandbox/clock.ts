import pg from 'pg'
import type { Clock } from '../kernel/clock.js'

/*
 * The sandbox's clock runs ahead of the real one by an offset that lives in the database, so that
 * it survives restarts and is one for all processes; a change is told to the others by NOTIFY.
 */

const channel = 'ticun_clock'

export type MovableClock = Clock & Readonly<{
  /** Moves the clock so that it shows at least this instant. It never goes back. */
  moveTo: (at: Date) => Promise<void>
  close: () => Promise<void>
}>

type Options = Readonly<{ connectionString: string; onError: (error: Error) => void }>

export const openSandboxClock = async ({ connectionString, onError }: Options): Promise<MovableClock> => {
  let offsetMs = 0
  let client: pg.Client
  let closed = false

  const asWorker = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    await client.query('begin; set local role ticun_worker')
    try {
      const { rows } = await client.query<Row>(text, values)
      await client.query('commit')
      return rows
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }

  const load = async (): Promise<void> => {
    const [row] = await asWorker<{ offset_ms: bigint }>('select offset_ms from sandbox_clock where one = 1')
    offsetMs = Number(row?.offset_ms ?? 0n)
  }

  const connect = async (): Promise<void> => {
    client = new pg.Client({ connectionString, application_name: 'ticun clock' })
    client.on('error', (error) => {
      onError(error)
      reconnect()
    })
    client.on('notification', ({ payload }) => { offsetMs = Math.max(offsetMs, Number(payload)) })
    await client.connect()
    await client.query(`listen ${channel}`)
    await load()
  }

  const reconnect = (): void => {
    if (closed) return
    setTimeout(() => { connect().catch((error: Error) => { onError(error); reconnect() }) }, 500).unref()
  }

  await connect()
  let queue: Promise<void> = Promise.resolve()

  return {
    now: () => new Date(Date.now() + offsetMs),
    moveTo: (at) => {
      const move = async () => {
        const wanted = at.getTime() - Date.now()
        if (wanted <= offsetMs) return
        const [row] = await asWorker<{ offset_ms: bigint }>(
          `insert into sandbox_clock (one, offset_ms) values (1, $1)
           on conflict (one) do update set offset_ms = greatest(sandbox_clock.offset_ms, excluded.offset_ms) returning offset_ms`,
          [wanted])
        offsetMs = Number(row?.offset_ms ?? 0n)
        await client.query('select pg_notify($1, $2)', [channel, String(offsetMs)])
      }
      queue = queue.catch(() => undefined).then(move)
      return queue
    },
    close: async () => {
      closed = true
      await client.end()
    }
  }
}
