import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { deposits } from './deposit.js'
import { load, type LoadOptions } from './load.js'
import { machine, measure, median, medians, onDatabase, rounded, type Bench, type Measured } from './measure.js'
import { hasPgbench, preparePgbench, runPgbench } from './pgbench.js'
import { prepareReads, type Reads } from './reads.js'
import { redemptions } from './redeem.js'
import { seedShops } from './seed.js'
import { startBaseline, startService, startServices, type Service } from './server.js'
import { settle, type Settled } from './settlement.js'

/*
 * What the service does a second over HTTP with everything on (JWT, validation, idempotency,
 * ledger, evidence leaf, row-level security, fsync), as ratios to pgbench of the same run. Before
 * each scenario pgbench runs; among the scenarios are the plain way to redeem, one transaction a
 * request, and Fastify answering a constant. Medians of the rounds.
 */

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' }, only: { type: 'string' }, seconds: { type: 'string', default: '15' }, rounds: { type: 'string', default: '3' }, merchants: { type: 'string', default: '10000' },
    /** of the service, on one database; the load is shared out among them */
    processes: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64,256' },
    /** seconds of load before each run, which are not counted: caches and compiled code are as pgbench and the seed left them */
    'warm-up': { type: 'string', default: '5' }
  }
})
const seconds = Number(options.seconds)
const warmUpSeconds = Number(options['warm-up'])
const loadSeconds = warmUpSeconds + seconds
const rounds = Number(options.rounds)
const only = options.only?.split(',')

const perSecondMax = 8_000
const depositsPerSecondMax = 5_000

type Next = LoadOptions['next']
type Subjects = Readonly<Record<'service' | 'naive' | 'constant', Service>>
/** `ratio`: whether its rate is compared with pgbench's, which writes. */
type Scenario = Readonly<{ name: string; of: keyof Subjects; connections: readonly number[]; ratio: boolean; prepare: () => Promise<Next> }>
type Run = Readonly<{ scenario: Scenario; connections: number }>

const scenariosOn = async ({ owner }: Bench, port: number): Promise<Scenario[]> => {
  const shape = { sessions: 1_000_000, priceFen: 100_000_000 }
  const spread = await seedShops(owner, { merchants: 200, contractsPerMerchant: 50, ...shape })
  const one = await seedShops(owner, { merchants: 1, contractsPerMerchant: 10_000, ...shape })
  let reads: Promise<Reads> | undefined
  const reading = (name: keyof Reads) => async () => (await (reads ??= prepareReads(owner, port)))[name]
  const connections = options.connections.split(',').map(Number)
  return [
    { name: 'redeem_spread', of: 'service', connections, ratio: true, prepare: () => redemptions(owner, spread, loadSeconds * perSecondMax) },
    { name: 'redeem_one_merchant', of: 'service', connections, ratio: true, prepare: () => redemptions(owner, one, loadSeconds * perSecondMax) },
    { name: 'naive_spread', of: 'naive', connections, ratio: true, prepare: () => redemptions(owner, spread, loadSeconds * perSecondMax) },
    { name: 'naive_one_merchant', of: 'naive', connections, ratio: true, prepare: () => redemptions(owner, one, loadSeconds * perSecondMax) },
    { name: 'deposit', of: 'service', connections, ratio: true, prepare: () => deposits(owner, loadSeconds * depositsPerSecondMax) },
    { name: 'contract_read', of: 'service', connections, ratio: false, prepare: reading('contract_read') },
    { name: 'statement_60', of: 'service', connections, ratio: false, prepare: reading('statement_60') },
    { name: 'merchant_balances', of: 'service', connections: [64], ratio: false, prepare: reading('merchant_balances') },
    { name: 'trial_balance_now', of: 'service', connections: [1], ratio: false, prepare: reading('trial_balance_now') },
    { name: 'trial_balance_past', of: 'service', connections: [1], ratio: false, prepare: reading('trial_balance_past') },
    { name: 'constant', of: 'constant', connections, ratio: false, prepare: async () => () => ({ method: 'GET', path: '/healthz', headers: {} }) }
  ]
}

const isWanted = (name: string): boolean => only === undefined || only.includes(name)

const measureRounds = async (bench: Bench, subjects: Subjects, scenarios: readonly Scenario[]) => {
  const pgbench = hasPgbench() ? await preparePgbench(bench.ownerUrl) : undefined
  if (pgbench === undefined) console.log('pgbench is not on this machine: no ratios')
  const runs: Run[] = scenarios.flatMap((scenario) => scenario.connections.map((connections) => ({ scenario, connections })))
  const measured = new Map<Run, Measured[]>(runs.map((run) => [run, []]))
  const tps: number[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const run of runs) {
      const { scenario: { name, of, ratio, prepare }, connections } = run
      const next = await prepare()
      if (ratio && pgbench !== undefined) tps.push(await runPgbench(pgbench, Math.max(5, Math.round(seconds / 2))))
      if (warmUpSeconds > 0) await load({ host: '127.0.0.1', ports: subjects[of].ports, connections, seconds: warmUpSeconds, next })
      const result = await measure(bench, subjects[of], { connections, seconds, next })
      measured.get(run)?.push(result)
      console.log(`round ${round} ${name} ${connections}: ${result.perSecond}/s p50 ${result.p50Ms} p99 ${result.p99Ms} errors ${result.errors} cores: node ${result.nodeCpu} postgres ${result.postgresCpu}; pgbench ${tps.at(-1) ?? '-'}, load ${loadavg()[0]?.toFixed(1)}`)
    }
  }
  const baseline = median(tps)
  return {
    baselines: { pgbench: { tps: baseline, all: tps } },
    scenarios: runs.map((run) => {
      const result = medians(measured.get(run) ?? [])
      return {
        name: run.scenario.name, connections: run.connections, ...result, ratio: run.scenario.ratio && !Number.isNaN(baseline) ? rounded(result.perSecond / baseline) : null
      }
    })
  }
}

/** Each on a database of its own, because it takes all the books there are. */
const measureSettlement = async (): Promise<Settled | undefined> => {
  if (!isWanted('settlement')) return undefined
  let settled: Settled | undefined
  await onDatabase({}, async ({ owner, ownerUrl }) => {
    const service = await startService(ownerUrl, 3900)
    try {
      settled = await settle(owner, 3900, Number(options.merchants))
    } finally {
      await service.stop()
    }
  })
  return settled
}

const print = ({ baselines, scenarios }: Awaited<ReturnType<typeof measureRounds>>): void => {
  console.log('\n| scenario | connections | per second | p50 ms | p99 ms | errors | Node cores | PostgreSQL cores | × pgbench |\n|---|---|---|---|---|---|---|---|---|')
  for (const row of scenarios) console.log(`| ${row.name} | ${row.connections} | ${row.perSecond} | ${row.p50Ms} | ${row.p99Ms} | ${row.errors} | ${row.nodeCpu} | ${row.postgresCpu} | ${row.ratio ?? '-'} |`)
  console.log(`\npgbench tpcb-like, prepared, 16 clients, scale 50: ${baselines.pgbench.tps} tps (${baselines.pgbench.all.join(', ')})`)
}

const run = async (): Promise<void> => {
  let report: object = { rounds, seconds, warmUpSeconds, processes: Number(options.processes) }
  await onDatabase({}, async (bench) => {
    const service = await startServices(bench.ownerUrl, 3910, Number(options.processes))
    const [naive, constant] = [await startBaseline('naive', bench.ownerUrl, 3903), await startBaseline('constant', bench.ownerUrl, 3904)]
    try {
      const scenarios = (await scenariosOn(bench, 3910)).filter(({ name }) => isWanted(name))
      const results = await measureRounds(bench, { service, naive, constant }, scenarios)
      print(results)
      report = { machine: machine(bench.serverVersion), ...report, ...results }
    } finally {
      for (const process of [service, naive, constant]) await process.stop()
    }
  })
  const settlement = await measureSettlement()
  if (settlement) console.log(`\nsettlement of ${settlement.merchants} merchants: drafted in ${settlement.draftSeconds} s, approved in ${settlement.approveSeconds} s, paid in ${settlement.paidSeconds} s, ${settlement.perSecond} a second in all`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...report, settlement }, null, 2)}\n`)
}

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
