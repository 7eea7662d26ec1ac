import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startFlags } from '../scripts/start-flags.js'

/** The built service as a process of its own, in sandbox mode, on a database. */

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export type Service = Readonly<{ ports: readonly number[]; cpuSeconds: () => number; residentMb: () => number; stop: () => Promise<void> }>
/** One process of it. */
export type Process = Service & Readonly<{ process: ChildProcess }>

const statOf = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  } catch {
    return []
  }
}

const ticks = (fields: readonly string[], from: number, to: number) => fields.slice(from, to).reduce((sum, field) => sum + Number(field), 0)

/** user + system seconds of a process so far, from /proc; 0 where there is none. */
export const cpuSecondsOf = (pid: number): number => {
  const fields = statOf(String(pid))
  return ticks(fields, 11, 13) / 100
}

/** user + system seconds of a PostgreSQL server so far: of its postmaster, the children it has reaped, and those alive. 0 where there is no /proc. */
export const postgresCpuSeconds = (postmasterPid: number): number => {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(statOf).filter((fields) => fields[1] === String(postmasterPid))
  return (ticks(statOf(String(postmasterPid)), 11, 15) + children.reduce((sum, fields) => sum + ticks(fields, 11, 13), 0)) / 100
}

const residentMbOf = (pid: number): number => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)

/** A process that serves HTTP, ready once the path answers well. */
const startProcess = async (argv: readonly string[], env: NodeJS.ProcessEnv, port: number, readyPath: string): Promise<Process> => {
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'inherit'] })
  for (let i = 0; i < 600; i++) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`)
    if (await fetch(`http://127.0.0.1:${port}${readyPath}`).then(({ ok }) => ok, () => false)) {
      return {
        ports: [port], process: child,
        cpuSeconds: () => cpuSecondsOf(child.pid as number),
        residentMb: () => residentMbOf(child.pid as number),
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
  throw new Error('the process did not get ready in 60 s')
}

export const startService = (databaseUrl: string, port: number, env: NodeJS.ProcessEnv = {}): Promise<Process> =>
  startProcess([...startFlags, main], { DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox', LOG_LEVEL: 'warn', RATE_LIMITS: 'off', ...env }, port, '/readyz')

/** So many processes of the service on one database, at ports that follow one another. */
export const startServices = async (databaseUrl: string, firstPort: number, count: number): Promise<Service> => {
  const processes: Process[] = []
  for (let i = 0; i < count; i++) processes.push(await startService(databaseUrl, firstPort + i))
  return {
    ports: processes.flatMap(({ ports }) => ports),
    cpuSeconds: () => processes.reduce((sum, process) => sum + process.cpuSeconds(), 0),
    residentMb: () => processes.reduce((sum, process) => sum + process.residentMb(), 0),
    stop: async () => { for (const process of processes) await process.stop() }
  }
}

/** A baseline of this folder, compared with in the same run. */
export const startBaseline = (name: 'naive' | 'constant', databaseUrl: string, port: number): Promise<Process> =>
  startProcess([...startFlags, '--import', 'tsx', fileURLToPath(new URL(`${name}.ts`, import.meta.url))], { DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox' }, port, '/healthz')
