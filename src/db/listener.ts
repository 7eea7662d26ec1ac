import { randomUUID } from 'node:crypto'
import pg from 'pg'

/*
 * A connection of its own that hears what other processes tell (LISTEN/NOTIFY). Notifications sent
 * while it is down are lost, so whoever listens loads afresh at every connection. Who has told
 * something can ask whether all have heard: messages come in the order of their commits.
 */

export type Listener = Readonly<{
  /** Waits until every process that listens, this one among them, has heard what was told before; two seconds at most, for one that hangs. */
  agree: () => Promise<void>
  close: () => Promise<void>
}>

type Options = Readonly<{
  connectionString: string
  channel: string
  onMessage: (payload: string) => void
  /** Called once the connection listens, at the start and after every loss. */
  onConnect: (client: pg.Client) => Promise<void>
  onError: (error: Error) => void
}>

const reconnectAfterMs = 500
const agreedWithinMs = 2_000
const asking = 'asked:'
const answering = 'heard:'

/** @throws when the first connection cannot be made; later losses are mended in the background */
export const openListener = async ({ connectionString, channel, onMessage, onConnect, onError }: Options): Promise<Listener> => {
  let client: pg.Client | undefined
  let closed = false
  const questions = new Map<string, () => void>()

  const hear = (from: pg.Client, payload: string): void => {
    if (payload.startsWith(asking)) from.query('select pg_notify($1, $2)', [channel, `${answering}${payload.slice(asking.length)}`]).catch(onError)
    else if (payload.startsWith(answering)) questions.get(payload.slice(answering.length))?.()
    else onMessage(payload)
  }

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString, application_name: `ticun ${channel}`, keepAlive: true })
    next.on('error', onError)
    next.on('notification', ({ payload }) => { hear(next, payload ?? '') })
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
      await onConnect(next)
    } catch (error) {
      await next.end().catch(onError)
      throw error
    }
    client = next
    next.once('end', mend)
  }

  const mend = (): void => {
    if (closed) return
    setTimeout(() => {
      if (closed) return
      connect().catch((error: Error) => {
        onError(error)
        mend()
      })
    }, reconnectAfterMs).unref()
  }

  await connect()

  const agree = async (): Promise<void> => {
    if (!client) return
    const { rows: [row] } = await client.query<{ listeners: number }>(
      'select count(*)::int as listeners from pg_stat_activity where datname = current_database() and application_name = $1', [`ticun ${channel}`])
    const question = randomUUID()
    let missing = row?.listeners ?? 0
    let timer: NodeJS.Timeout | undefined
    const agreed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, agreedWithinMs)
      questions.set(question, () => { if (--missing <= 0) resolve() })
    })
    try {
      await client.query('select pg_notify($1, $2)', [channel, `${asking}${question}`])
      await agreed
    } finally {
      clearTimeout(timer)
      questions.delete(question)
    }
  }

  return {
    agree,
    close: async () => {
      closed = true
      await client?.end()
    }
  }
}
