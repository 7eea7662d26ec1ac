import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFlags } from '../scripts/start-flags.js'

/** The built service under a keeper that starts it again whenever it ends, as a service manager would. */

type Options = Readonly<{ main: string; port: number; databaseUrl: string; dataDirectory: string; logFile: string }>

const pauseMs = 100

export const keepService = ({ main, port, databaseUrl, dataDirectory, logFile }: Options) => {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env
  let child: ChildProcess | undefined
  let isKept = true
  let starts = 0

  const begin = (): ChildProcess => {
    const log = openSync(logFile, 'a')
    const begun = spawn(process.execPath, [...startFlags, main], {
      env: {
        PATH, HOME, TMPDIR, DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox', TICUN_DATA_DIR: dataDirectory, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'error',
        RATE_LIMITS: 'off', DATABASE_POOL: '20'
      },
      stdio: ['ignore', log, log]
    })
    closeSync(log)
    starts += 1
    return begun
  }

  const keeping = (async () => {
    while (isKept) {
      child = begin()
      await once(child, 'exit')
      if (isKept) await sleep(pauseMs)
    }
  })()

  const isReady = () => fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(({ ok }) => ok, () => false)

  return {
    port,
    signal: (signal: NodeJS.Signals): void => { child?.kill(signal) },
    starts: () => starts,
    /** @throws Error when it does not get ready */
    ready: async (): Promise<void> => {
      for (let tries = 0; !(await isReady()); tries++) {
        if (tries === 2_400) throw new Error(`the service on ${port} does not get ready; it wrote ${logFile}`)
        await sleep(100)
      }
    },
    stop: async (): Promise<void> => {
      isKept = false
      child?.kill('SIGCONT')
      child?.kill('SIGTERM')
      await keeping
    }
  }
}

export type KeptService = ReturnType<typeof keepService>
