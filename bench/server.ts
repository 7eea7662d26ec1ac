import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The built service as a process of its own, in sandbox mode, on a database. */

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export type Service = Readonly<{ port: number; process: ChildProcess; cpuSeconds: () => number; stop: () => Promise<void> }>

/** user + system seconds of a process so far, from /proc; 0 where there is none. */
export const cpuSecondsOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

export const startService = async (databaseUrl: string, port: number): Promise<Service> => {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox', PORT: String(port), LOG_LEVEL: 'warn', RATE_LIMITS: 'off' },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    if (await fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false)) {
      return {
        port, process: child,
        cpuSeconds: () => cpuSecondsOf(child.pid as number),
        stop: async () => {
          const ended = new Promise((resolve) => { child.once('exit', resolve) })
          child.kill('SIGTERM')
          await ended
        }
      }
    }
    await sleep(100)
  }
  child.kill('SIGKILL')
  throw new Error('the service did not get ready in 30 s')
}
