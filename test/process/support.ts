import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { freePort } from '../../demo/service.js'
import { commandOf } from '../../src/db/embedded-tickets.js'
import type { Answer, Api, TestApp } from '../support/app.js'

/** The built service as a process: what it does when it is started, stopped and killed. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/main.js')
const patienceMs = 60_000

/** Builds what was changed since the last build. */
export const build = async (): Promise<void> => {
  const [code] = await once(spawn(process.execPath, [join(root, 'scripts/build-if-needed.js')], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (code !== 0) throw new Error('src/ does not build')
}

export const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
  for (const deadline = Date.now() + patienceMs; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`)
  }
}

const isGone = async (pid: number): Promise<boolean> => !(await commandOf(pid))

/** The server process of a data directory's embedded database; undefined when there is none. */
export const postmasterOf = async (dataDirectory: string): Promise<number | undefined> => {
  const pid = await readFile(join(dataDirectory, 'pg', 'postmaster.pid'), 'utf8').then((text) => Number(text.split('\n')[0]), () => undefined)
  return pid === undefined || await isGone(pid) ? undefined : pid
}

export const killHard = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL')
  await until(() => isGone(pid), `the end of process ${pid}`)
}

/** A folder any account may enter, emptied of server and files when the test ends. */
export const anEmptyDirectory = async (t: Test): Promise<string> => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'ticun-test-')))
  await chmod(parent, 0o755)
  const directory = join(parent, 'data')
  t.teardown(async () => {
    const pid = await postmasterOf(directory)
    if (pid !== undefined) await killHard(pid)
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return directory
}

export type Run = Readonly<{ process: ChildProcess; said: () => string; ended: Promise<number | null> }>

const commands = { node: [process.execPath, main], npm: ['npm', 'start'], demo: ['npm', 'run', 'demo'] } as const

/** Starts the program with these variables only, in a process group of its own. */
export const run = (t: Test, env: Readonly<Record<string, string>>, by: keyof typeof commands = 'node'): Run => {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env
  const [command, ...args] = commands[by]
  const child = spawn(command, args, { cwd: root, env: { PATH, HOME, TMPDIR, LOG_LEVEL: 'warn', ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += String(text) })
  t.teardown(() => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It has ended, as it should have.
    }
  })
  return { process: child, said: () => said, ended: once(child, 'close').then(([code]) => code as number | null) }
}

export type Service = Run & Readonly<{
  url: string
  /** from its start until it said that it was ready */
  readyMs: number
  /** SIGTERM, and the exit code */
  stop: () => Promise<number | null>
}>

type Start = Readonly<{ port?: number; env: Readonly<Record<string, string>>; by?: keyof typeof commands }>

/** Starts the service and waits until it is ready. */
export const startService = async (t: Test, { port, env, by }: Start): Promise<Service> => {
  const used = port ?? await freePort()
  const begun = Date.now()
  const started = run(t, { PORT: String(used), ...env }, by)
  const url = `http://127.0.0.1:${used}`
  await until(async () => {
    if (started.process.exitCode !== null) throw new Error(`the service ended: ${started.said()}`)
    return fetch(`${url}/readyz`).then(({ ok }) => ok, () => false)
  }, `${url}/readyz`)
  return {
    ...started, url, readyMs: Date.now() - begun,
    stop: async () => {
      started.process.kill('SIGTERM')
      return started.ended
    }
  }
}

/** The API over sockets, with the face of the one without: so that one set of helpers serves both. */
export const overHttp = (url: string): TestApp => {
  const as = (token?: string): Api => {
    const call = async (method: string, path: string, body?: object, { key, headers = {} }: { key?: string | false; headers?: Record<string, string> } = {}): Promise<Answer> => {
      const response = await fetch(`${url}/v1${path}`, {
        method,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(method === 'POST' && key !== false ? { 'idempotency-key': key ?? randomUUID() } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...headers
        },
        ...(body ? { body: JSON.stringify(body) } : {})
      })
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return { status: response.status, body: isJson ? await response.json() : await response.text(), headers: Object.fromEntries(response.headers) }
    }
    return {
      get: (path, options) => call('GET', path, undefined, options),
      post: (path, body, options) => call('POST', path, body, options),
      put: (path, body, options) => call('PUT', path, body, options),
      delete: (path, options) => call('DELETE', path, undefined, options),
      token
    }
  }
  return { as, nobody: as() } as unknown as TestApp
}
