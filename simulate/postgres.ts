import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbedded, type EmbeddedServer } from '../src/db/embedded.js'

/** The database server of a run: durable, and killed now and then. */

const postmasterOf = async (directory: string): Promise<number | undefined> => {
  const text = await readFile(join(directory, 'pg', 'postmaster.pid'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text.split('\n')[0])
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export const startPostgres = async (dataDirectory: string) => {
  const start = () => startEmbedded({ dataDirectory, settings: { max_connections: '200' } })
  const handles: EmbeddedServer[] = [await start()]
  let restarting: Promise<void> | undefined

  const url = (database: string): string => {
    const address = new URL((handles.at(-1) as EmbeddedServer).url)
    address.pathname = `/${database}`
    return address.href
  }

  const asOwner = async <Result>(database: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    const client = new pg.Client({ connectionString: url(database), application_name: 'simulator' })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end()
    }
  }

  /** Immediate shutdown: no checkpoint, no goodbye to clients; the next start recovers from the log. */
  const kill = (): Promise<void> => restarting ??= (async () => {
    const { directory } = handles.at(-1) as EmbeddedServer
    const pid = await postmasterOf(directory)
    if (pid !== undefined) {
      process.kill(pid, 'SIGQUIT')
      while (isAlive(pid)) await sleep(10)
    }
    handles.push(await start())
  })().finally(() => { restarting = undefined })

  /** One server process dies: the server ends all others and recovers by itself. */
  const killBackend = async (database: string, which: number): Promise<void> => {
    const pids = await asOwner(database, async (client) =>
      (await client.query<{ pid: number }>("select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend' and pid <> pg_backend_pid() order by pid", [database])).rows)
    const pid = pids[which % Math.max(1, pids.length)]?.pid
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Waits until it answers. */
  const ready = async (): Promise<void> => {
    await restarting
    for (let tries = 0; ; tries++) {
      try {
        await asOwner('postgres', (client) => client.query('select 1'))
        return
      } catch (error) {
        if (tries === 300) throw error
        await sleep(100)
      }
    }
  }

  return {
    url, asOwner, kill, killBackend, ready,
    port: (): number => (handles.at(-1) as EmbeddedServer).port,
    stop: async (): Promise<void> => {
      await restarting
      for (const handle of handles) await handle.stop()
    }
  }
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>
