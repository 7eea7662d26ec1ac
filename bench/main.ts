import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { configOf } from '../src/config.js'
import { startEmbedded } from '../src/db/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { load, type LoadResult, type Request } from './load.js'
import { hasPgbench, preparePgbench, runPgbench } from './pgbench.js'
import { seedCodes, seedShops, type Shop } from './seed.js'
import { postgresCpuSeconds, startService, type Service } from './server.js'
import { tokenFor } from './tokens.js'

/*
 * Redemptions per second over HTTP with everything on (JWT, validation, idempotency, ledger,
 * evidence leaf, fsync), as ratios to pgbench of the same run, alternating; medians of the rounds.
 */

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' }, only: { type: 'string' }, seconds: { type: 'string', default: '15' }, rounds: { type: 'string', default: '3' }
  }
})
const seconds = Number(options.seconds)
const rounds = Number(options.rounds)
const only = options.only?.split(',')

const shape = { sessions: 100_000, priceFen: 10_000_000 }
const perSecondMax = 6_000

type Scenario = Readonly<{ name: string; connections: number; shops: readonly Shop[] }>
type Measured = LoadResult & Readonly<{ nodeCpu: number; postgresCpu: number }>

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Redemptions of contracts taken in turn, each with a fresh code and key. */
const requestsOf = async (owner: pg.Client, shops: readonly Shop[]): Promise<() => Request | undefined> => {
  const contracts = shops.flatMap((shop) => shop.contracts.map((contractId) => ({ contractId, shop })))
  const tokens = new Map(shops.map((shop) => [shop, tokenFor({ sub: shop.cashierId, end: 'merchant', roles: ['cashier'], office: 1, merchant: shop.merchantId })]))
  const wanted = Array.from({ length: seconds * perSecondMax }, () => contracts[Math.floor(Math.random() * contracts.length)] as (typeof contracts)[number])
  const codes = await seedCodes(owner, wanted.map(({ contractId, shop }) => ({ contractId, merchantId: shop.merchantId, consumerId: shop.consumerId })))
  let at = 0
  return () => {
    const item = wanted[at]
    if (item === undefined) return undefined
    const code = codes[at++]
    return {
      method: 'POST', path: '/v1/redemptions',
      headers: { authorization: `Bearer ${tokens.get(item.shop)}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ code, venueId: item.shop.venueId })
    }
  }
}

const measure = async (owner: pg.Client, service: Service, postmaster: number, { connections, shops }: Scenario): Promise<Measured> => {
  const next = await requestsOf(owner, shops)
  const before = { node: service.cpuSeconds(), postgres: postgresCpuSeconds(postmaster) }
  const result = await load({ host: '127.0.0.1', port: service.port, connections, seconds, next })
  const cores = (from: number, to: number) => Math.round((to - from) / seconds * 100) / 100
  return { ...result, nodeCpu: cores(before.node, service.cpuSeconds()), postgresCpu: cores(before.postgres, postgresCpuSeconds(postmaster)) }
}

/** The server's first process; 0 where the server is on another machine. */
const postmasterOf = (dataDirectory: string): number => {
  try {
    return Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return 0
  }
}

const run = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'ticun-bench-'))
  chmodSync(directory, 0o755)
  const embedded = process.env.DATABASE_URL === undefined ? await startEmbedded({ dataDirectory: directory }) : undefined
  const ownerUrl = embedded?.url ?? process.env.DATABASE_URL as string
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  let service: Service | undefined
  try {
    await migrate(ownerUrl, configOf({ TICUN_MODE: 'sandbox' }).secret)
    service = await startService(ownerUrl, 3900)
    const spread = await seedShops(owner, { merchants: 200, contractsPerMerchant: 50, ...shape })
    const one = await seedShops(owner, { merchants: 1, contractsPerMerchant: 10_000, ...shape })
    const pgbenchUrl = hasPgbench() ? await preparePgbench(ownerUrl) : undefined
    if (pgbenchUrl === undefined) console.log('pgbench is not on this machine: no ratios')

    const { rows: [directoryRow] } = await owner.query<{ path: string }>("select current_setting('data_directory') as path")
    const postmaster = postmasterOf(directoryRow?.path ?? '')

    const scenarios: Scenario[] = [64, 256].flatMap((connections) => [
      { name: 'redeem_spread', connections, shops: spread }, { name: 'redeem_one_merchant', connections, shops: one }
    ]).filter(({ name }) => only === undefined || only.includes(name))

    const tps: number[] = []
    const measured = new Map<Scenario, Measured[]>()
    for (let round = 1; round <= rounds; round++) {
      for (const scenario of scenarios) {
        if (pgbenchUrl !== undefined) tps.push(await runPgbench(pgbenchUrl, Math.max(5, Math.round(seconds / 2))))
        const result = await measure(owner, service, postmaster, scenario)
        measured.set(scenario, [...measured.get(scenario) ?? [], result])
        console.log(`round ${round} ${scenario.name} ${scenario.connections}: ${result.perSecond}/s p50 ${result.p50Ms} p99 ${result.p99Ms} errors ${result.errors} cores: node ${result.nodeCpu} postgres ${result.postgresCpu}; pgbench ${tps.at(-1) ?? '-'}`)
      }
    }

    const baseline = median(tps)
    const rows = scenarios.map((scenario) => {
      const results = measured.get(scenario) ?? []
      const perSecond = median(results.map((r) => r.perSecond))
      return {
        name: scenario.name, connections: scenario.connections, perSecond,
        p50Ms: median(results.map((r) => r.p50Ms)), p99Ms: median(results.map((r) => r.p99Ms)),
        errors: results.reduce((sum, r) => sum + r.errors, 0), nodeCpu: median(results.map((r) => r.nodeCpu)), postgresCpu: median(results.map((r) => r.postgresCpu)),
        ratio: Number.isNaN(baseline) ? null : Math.round(perSecond / baseline * 100) / 100
      }
    })
    const { rows: [version] } = await owner.query<{ v: string }>("select current_setting('server_version') as v")
    const report = {
      machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, postgres: version?.v },
      rounds, seconds, baselines: { pgbench: { tps: baseline } }, scenarios: rows
    }
    console.log(`\n| scenario | connections | per second | p50 ms | p99 ms | errors | Node cores | PostgreSQL cores | × pgbench |\n|---|---|---|---|---|---|---|---|---|`)
    for (const row of rows) console.log(`| ${row.name} | ${row.connections} | ${row.perSecond} | ${row.p50Ms} | ${row.p99Ms} | ${row.errors} | ${row.nodeCpu} | ${row.postgresCpu} | ${row.ratio ?? '-'} |`)
    console.log(`\npgbench tpcb-like, prepared, 16 clients, scale 50: ${baseline} tps`)
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await service?.stop()
    await owner.end()
    await embedded?.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
