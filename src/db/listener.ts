import pg from 'pg'

/*
 * A connection of its own that hears what other processes tell (LISTEN/NOTIFY). Notifications sent
 * while it is down are lost, so whoever listens loads afresh at every connection.
 */

export type Listener = Readonly<{ close: () => Promise<void> }>

type Options = Readonly<{
  connectionString: string
  channel: string
  onMessage: (payload: string) => void
  /** Called once the connection listens, at the start and after every loss. */
  onConnect: (client: pg.Client) => Promise<void>
  onError: (error: Error) => void
}>

const reconnectAfterMs = 500

/** @throws when the first connection cannot be made; later losses are mended in the background */
export const openListener = async ({ connectionString, channel, onMessage, onConnect, onError }: Options): Promise<Listener> => {
  let client: pg.Client | undefined
  let closed = false

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString, application_name: `ticun ${channel}`, keepAlive: true })
    next.on('error', onError)
    next.on('notification', ({ payload }) => { onMessage(payload ?? '') })
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

  return {
    close: async () => {
      closed = true
      await client?.end()
    }
  }
}
