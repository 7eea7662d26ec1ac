import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The built service as a process of its own, on an empty database, as `npm start` runs it. */

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const readyWithinMs = 60_000

export type Service = Readonly<{
  url: string
  /** what the service wrote; kept when the story fails */
  logFile: string
  /** Stops it and, unless told to keep it, removes its data. */
  stop: (options?: { keep?: boolean }) => Promise<void>
}>

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** A folder that PostgreSQL may enter too when root starts it as another account. */
export const emptyDirectory = (prefix: string): string => {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  chmodSync(directory, 0o755)
  return directory
}

/** @throws Error when the service is not ready in time */
export const startService = async (): Promise<Service> => {
  const [directory, port] = [emptyDirectory('ticun-demo-'), await freePort()]
  const logFile = join(directory, 'service.log')
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, TICUN_MODE: 'sandbox', TICUN_DATA_DIR: join(directory, 'data'), HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'warn', RATE_LIMITS: 'off' },
    stdio: ['ignore', log, log]
  })
  const ended = once(child, 'exit')

  const stop: Service['stop'] = async ({ keep = false } = {}) => {
    child.kill('SIGTERM')
    await ended
    if (!keep) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }

  const url = `http://127.0.0.1:${port}`
  for (const deadline = Date.now() + readyWithinMs; Date.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null) break
    if (await fetch(`${url}/readyz`).then(({ ok }) => ok, () => false)) return { url, logFile, stop }
  }
  if (child.exitCode === null) await stop({ keep: true })
  throw new Error(`The service did not get ready; it wrote ${logFile}.`)
}
