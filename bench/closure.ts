import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { checkInvariants } from '../src/checks/store.js'
import { configOf } from '../src/config.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { seedClosable } from './closure-seed.js'
import type { Shop } from './seed.js'
import { startService, type Service } from './server.js'
import { tokenOfNotary } from './tokens.js'

/*
 * A merchant with ten thousand open contracts shuts: how fast its contracts are ended and their
 * refunds paid, and what memory the service takes meanwhile. Over HTTP, by two notaries; every
 * refund is sent to the sandbox channel, which settles each with the sandbox bank and says so.
 */

const { values: options } = parseArgs({ options: { contracts: { type: 'string', default: '10000' } } })
const contracts = Number(options.contracts)
const port = 3901

const notary = async (client: pg.Client) => {
  const token = await tokenOfNotary(client)
  return async (method: string, path: string, body?: object): Promise<any> => {
    const response = await fetch(`http://127.0.0.1:${port}/v1${path}`, {
      method, headers: { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID(), ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {})
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
    return answer
  }
}

/** Megabytes of a gauge of the service. */
const megabytes = (metrics: string, gauge: string): number => Math.round(Number(new RegExp(`^${gauge} (\\S+)`, 'm').exec(metrics)?.[1]) / 2 ** 20)

const readMemory = async (): Promise<{ heap: number; rss: number }> => {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return { heap: megabytes(metrics, 'nodejs_heap_size_used_bytes'), rss: megabytes(metrics, 'process_resident_memory_bytes') }
}

const countPaid = async (client: pg.Client): Promise<number> =>
  (await client.query<{ n: number }>("select count(*)::int as n from refunds where status = 'paid'")).rows[0]?.n ?? 0

const measure = async (client: pg.Client, { merchantId }: Shop): Promise<void> => {
  const [maker, checker] = [await notary(client), await notary(client)]
  const path = `/merchants/${merchantId}/closure`
  await maker('POST', path, { reason: 'Bench', stoppedOn: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10) })
  const began = performance.now()
  await checker('POST', `${path}/approve`)
  console.log(`frozen in ${Math.round(performance.now() - began)} ms\n\n| s | contracts ended | refunds paid | heap MB | resident MB |\n|---|---|---|---|---|`)
  const seconds = () => Math.round((performance.now() - began) / 100) / 10
  let endedAt: number | undefined
  for (let paid = 0, shown = -10; paid < contracts; await sleep(250)) {
    const [closure, memory] = [await maker('GET', path), await readMemory()]
    paid = await countPaid(client)
    if (closure.status === 'completed') endedAt ??= seconds()
    if (seconds() - shown < 2 && paid < contracts) continue
    shown = seconds()
    console.log(`| ${shown} | ${closure.done} | ${paid} | ${memory.heap} | ${memory.rss} |`)
  }
  const [closure, paidAt] = [await maker('GET', path), seconds()]
  endedAt ??= paidAt
  console.log(`\n${closure.status}: ${closure.done} of ${closure.contracts} contracts, ${closure.totalFen} fen refunded, difference to the ledger ${closure.differenceFen}`)
  console.log(`contracts ended: ${Math.round(contracts / endedAt)} a second; refunds paid: ${Math.round(contracts / paidAt)} a second`)
}

const run = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-bench-'))
  chmodSync(directory, 0o755)
  const embedded = await startEmbedded({ dataDirectory: directory })
  const owner = new pg.Client({ connectionString: embedded.url })
  await owner.connect()
  let service: Service | undefined
  try {
    await migrate(embedded.url, configOf({ TICUN_MODE: 'sandbox' }).secret)
    service = await startService(embedded.url, port)
    const shop = await seedClosable(owner, contracts)
    console.log(`${cpus().length} cores, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}, Node ${process.version}, ${contracts} contracts`)
    await measure(owner, shop)
    const violated = (await checkInvariants(owner as unknown as pg.PoolClient)).filter(({ ok }) => !ok)
    console.log(violated.length === 0 ? 'all invariants hold' : JSON.stringify(violated, null, 2))
    console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(' ')}`)
  } finally {
    await service?.stop()
    await owner.end()
    await embedded.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
