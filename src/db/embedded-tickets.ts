import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/*
 * A ticket is an empty file that says "this process is here". Its name carries the pid and the
 * moment that process started, so that the ticket of a process killed with -9 is known for dead
 * even when its pid belongs to somebody else by now: in a container every restart hands out the
 * same small pids again.
 */

const exec = promisify(execFile)
const lockWaitMaxMs = 180_000

/** Field 22 of /proc/<pid>/stat, counted after the command, which may hold spaces and brackets. */
const startInProc = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}

const startInPs = async (pid: number): Promise<string> => {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const { stdout } = await exec('ps', ['-o', 'lstart=', '-p', String(pid)], { env })
  return stdout.replace(/\W/g, '')
}

/** Windows tells the start of a process only through slow tools: there, the pid alone has to do. */
const startInWindows = (pid: number): string => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
  return 'live'
}

/** How /proc, kill and ps say that there is no such process. Any other fault proves nobody dead. */
const absences: readonly unknown[] = ['ENOENT', 'ESRCH', 1]

const unlessAbsent = async <T>(look: () => T | Promise<T>): Promise<T | undefined> => {
  try {
    return await look()
  } catch (error) {
    if (absences.includes((error as { code?: unknown }).code)) return undefined
    throw error
  }
}

const startOf = (pid: number): Promise<string | undefined> =>
  unlessAbsent(() => {
    if (process.platform === 'linux') return startInProc(pid)
    return process.platform === 'win32' ? startInWindows(pid) : startInPs(pid)
  })

const commandInProc = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')

const commandInPs = async (pid: number): Promise<string> => {
  const { stdout } = await exec('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
  return `${stdout.trim()} `
}

const commandInWindows = async (pid: number): Promise<string | undefined> => {
  const { stdout } = await exec('tasklist', ['/NH', '/FO', 'CSV', '/FI', `PID eq ${pid}`])
  return stdout.includes(`"${pid}"`) ? stdout : undefined
}

/** The command line of a process, a space after each word; empty for a zombie, undefined for none. */
export const commandOf = (pid: number): Promise<string | undefined> =>
  unlessAbsent(() => {
    if (process.platform === 'linux') return commandInProc(pid)
    return process.platform === 'win32' ? commandInWindows(pid) : commandInPs(pid)
  })

const isLive = async (ticket: string): Promise<boolean> => {
  const [pid, start] = ticket.split('-')
  return start !== undefined && (await startOf(Number(pid))) === start
}

/** Marks this process as present in the folder, until the file at the answered path is removed. */
export const drawTicket = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true })
  const start = await startOf(process.pid)
  if (start === undefined) throw new Error('This machine does not tell when a process started: /proc or ps is missing.')
  const ticket = join(folder, `${process.pid}-${start}-${randomBytes(4).toString('hex')}`)
  await writeFile(ticket, '', { flag: 'wx' })
  return ticket
}

/** The tickets of living processes, leaving out our own. Those of the dead are swept away. */
export const otherTickets = async (folder: string, own?: string): Promise<string[]> => {
  const live: string[] = []
  for (const name of await readdir(folder)) {
    const ticket = join(folder, name)
    if (ticket === own) continue
    if (await isLive(name)) live.push(ticket)
    else await rm(ticket, { force: true })
  }
  return live
}

/**
 * A single lock file has to be deleted to be taken over from the dead, and two who do that at once
 * may delete each other's. Here each draws a ticket of its own and then looks for others. Of two
 * who draw, the later one must see the earlier, so never do both find themselves alone.
 */
const drawAlone = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true })
  const deadline = Date.now() + lockWaitMaxMs
  let others = await otherTickets(folder)

  while (Date.now() < deadline) {
    if (others.length === 0) {
      const ticket = await drawTicket(folder)
      others = await otherTickets(folder, ticket)
      if (others.length === 0) return ticket
      await rm(ticket)
    }
    await sleep(50 + Math.random() * 100)
    others = await otherTickets(folder)
  }
  throw new Error(`Waited ${lockWaitMaxMs / 1000} s in vain for the lock held by ${others.join(', ')}.`)
}

/** Runs the work while no other process runs any under the same folder. */
export const exclusively = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const ticket = await drawAlone(folder)
  try {
    return await work()
  } finally {
    await rm(ticket, { force: true })
  }
}
