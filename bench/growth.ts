import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { checkInvariants } from '../src/checks/store.js'
import { idOf, newId } from '../src/kernel/id.js'
import { growthIds, seedGrowth, type Growth } from './growth-seed.js'
import { load, type Request } from './load.js'
import { machine, measure, median, medians, onDatabase, rounded, type Bench, type Measured } from './measure.js'
import { comparePartitions } from './partitions.js'
import { hasPgbench, preparePgbench, runPgbench } from './pgbench.js'
import { redemptions } from './redeem.js'
import { office, type Shop } from './seed.js'
import { startService, type Process } from './server.js'
import { tokenFor } from './tokens.js'

/*
 * An office after a year: a million contracts, ten million redemptions. What reading costs then,
 * what a redemption costs, whether an export of everything needs more memory than a part of it, and
 * what ten million updates leave behind in the contracts' table.
 */

const { values: options } = parseArgs({ options: {
  contracts: { type: 'string', default: '1000000' }, visits: { type: 'string', default: '10' }, merchants: { type: 'string', default: '2000' },
  seconds: { type: 'string', default: '5' }, 'redeem-seconds': { type: 'string', default: '60' }, rounds: { type: 'string', default: '3' }, only: { type: 'string' }, stream: { type: 'string', default: '60' }, updates: { type: 'string', default: '10' }, check: { type: 'boolean', default: false },
  /** when the books begin that an earlier run has loaded into the database at DATABASE_URL: they are used as they are */
  begin: { type: 'string' }, partitions: { type: 'boolean', default: false }, json: { type: 'string' }
} })
const seconds = Number(options.seconds)
const isWanted = (part: string): boolean => options.only === undefined || options.only.split(',').includes(part)
const growth: Growth = { contracts: Number(options.contracts), visits: Number(options.visits), merchants: Number(options.merchants), begin: options.begin === undefined ? new Date(Date.now() - 360 * 86_400_000) : new Date(options.begin) }
const port = 3902

const settings = { shared_buffers: '2GB', max_wal_size: '12GB', checkpoint_timeout: '15min' }

const ids = growthIds(growth)
const random = (below: number): number => Math.floor(Math.random() * below)
const notary = `Bearer ${tokenFor({ sub: newId('per', 0), end: 'notary', roles: ['notary'], office })}`
const read = (path: () => string): (() => Request) => () => ({ method: 'GET', path: `/v1${path()}`, headers: { authorization: notary } })
const aContract = () => idOf('ctr', ids.contract(random(growth.contracts)))
const aMerchant = () => idOf('mer', ids.merchant(random(growth.merchants)))
const aPastMoment = () => new Date(growth.begin.getTime() + Math.random() * (growth.visits + 1) * 30 * 86_400_000).toISOString()
const aPastQuarter = () => {
  const at = aPastMoment()
  return `${at.slice(0, 4)}Q${Math.ceil(Number(at.slice(5, 7)) / 3)}`
}

const reads: Readonly<Record<string, () => Request>> = {
  'contract, with its balances': read(() => `/contracts/${aContract()}`),
  'statement of a contract': read(() => `/contracts/${aContract()}/statement`),
  'balances of a merchant, now': read(() => `/merchants/${aMerchant()}/balances`),
  'inclusion proof': read(() => `/evidence/proofs/inclusion?leafIndex=${random(growth.contracts * (1 + growth.visits))}`),
  'trial balance, now': read(() => '/audit/trial-balance'),
  'trial balance, at a past moment by booking': read(() => `/audit/trial-balance?at=${aPastMoment()}`),
  'trial balance, at a past moment by event': read(() => `/audit/trial-balance?by=event&at=${aPastMoment()}`),
  'page of 100 merchants, now': read(() => '/audit/merchants?limit=100'),
  'page of 100 merchants, at a past moment by booking': read(() => `/audit/merchants?limit=100&at=${aPastMoment()}`),
  'page of 100 merchants, at a past moment by event': read(() => `/audit/merchants?limit=100&by=event&at=${aPastMoment()}`),
  'overview, now': read(() => '/audit/overview'),
  'overview, at a past moment by booking': read(() => `/audit/overview?at=${aPastMoment()}`),
  'by kind of contract, now': read(() => '/audit/groups?per=kind'),
  'quarterly report': read(() => `/audit/quarterly-balances?quarter=${aPastQuarter()}`)
}

const report: Record<string, unknown> = {}

const measureReads = async (): Promise<void> => {
  console.log('\n| one at a time | p50 ms | p99 ms | times | errors |\n|---|---|---|---|---|')
  report.reads = []
  for (const [name, next] of Object.entries(reads)) {
    const { p50Ms, p99Ms, requests, errors } = await load({ host: '127.0.0.1', ports: [port], connections: 1, seconds, next })
    console.log(`| ${name} | ${p50Ms} | ${p99Ms} | ${requests} | ${errors} |`)
    ;(report.reads as object[]).push({ name, p50Ms, p99Ms, requests, errors })
  }
}

/** Reads the whole journal as JSON lines, or as much of it as comes in a time. */
const measureStream = async (service: Process): Promise<void> => {
  const until = performance.now() + Number(options.stream) * 1000
  const response = await fetch(`http://127.0.0.1:${port}/v1/audit/journal?format=jsonl`, { headers: { authorization: notary } })
  const [begun, memory] = [performance.now(), [service.residentMb()]]
  let [lines, bytes, sampledAt, ended] = [0, 0, begun, true]
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    for (const byte of chunk) if (byte === 10) lines += 1
    if (performance.now() - sampledAt > 1_000) { sampledAt = performance.now(); memory.push(service.residentMb()) }
    if (performance.now() > until) { ended = false; break }
  }
  const took = (performance.now() - begun) / 1000
  const half = memory.length >> 1
  report.stream = { lines, megabytes: Math.round(bytes / 2 ** 20), ended, linesPerSecond: Math.round(lines / took), residentMb: { first: memory[0], medianOfFirstHalf: median(memory.slice(0, half)), medianOfSecondHalf: median(memory.slice(half)), most: Math.max(...memory) } }
  console.log(`\njournal: ${JSON.stringify(report.stream)}`)
}

/** Far from the one before. */
const stride = 104_729
let taken = 0

/** Some of the contracts, from all over the table and not those of before, as shops whose cashiers check in. */
const someShops = (count: number): Shop[] => {
  const shops = new Map<number, Shop>()
  for (let n = 0; n < count; n++) {
    const i = taken++ * stride % growth.contracts
    const m = i % growth.merchants
    const shop = shops.get(m) ?? { merchantId: idOf('mer', ids.merchant(m)), venueId: idOf('ven', ids.venue(m)), cashierId: newId('per', 0), consumerId: newId('per', 0), contracts: [] }
    shop.contracts.push(idOf('ctr', ids.contract(i)))
    shops.set(m, shop)
  }
  return [...shops.values()]
}

const warmUpSeconds = 5
const perSecondMax = 6_000
/** Half the sessions of each contract are left. */
const visitsOfEach = 5

const measureRedemptions = async (bench: Bench, service: Process): Promise<void> => {
  const pgbench = hasPgbench() ? await preparePgbench(bench.ownerUrl) : undefined
  const redeemSeconds = Number(options['redeem-seconds'])
  const count = (warmUpSeconds + redeemSeconds) * perSecondMax
  for (const connections of [64, 256]) {
    const [rounds, tps]: [Measured[], number[]] = [[], []]
    for (let round = 1; round <= Number(options.rounds); round++) {
      const next = await redemptions(bench.owner, someShops(Math.ceil(count / visitsOfEach)), count, 'in turn')
      if (pgbench !== undefined) tps.push(await runPgbench(pgbench, Math.max(5, Math.round(redeemSeconds / 2))))
      await load({ host: '127.0.0.1', ports: [port], connections, seconds: warmUpSeconds, next })
      const result = await measure(bench, service, { connections, seconds: redeemSeconds, next })
      rounds.push(result)
      console.log(`round ${round}, ${connections}: ${JSON.stringify(result)}; pgbench ${tps.at(-1) ?? '-'}`)
    }
    const result = medians(rounds)
    report[`redeem${connections}`] = { ...result, rounds, pgbench: tps }
    console.log(`redeem, spread, ${connections}: ${JSON.stringify(result)}; ${rounded(result.perSecond / median(tps))} ×`)
  }
}

const sizesOf = async (owner: pg.Client, table: string) => (await owner.query<{ table: string; mb: number; indexMb: number; updates: number; hot: number; dead: number; vacuums: number }>(`
  select relname as table, (pg_table_size(relid) / 1048576)::int as mb, (pg_indexes_size(relid) / 1048576)::int as "indexMb",
    n_tup_upd::int as updates, n_tup_hot_upd::int as hot, n_dead_tup::int as dead, autovacuum_count::int as vacuums
  from pg_stat_user_tables where relname = $1`, [table])).rows[0]

/** Updates contracts by chance, as batches of redemptions do, and tells what their table has become. */
const measureBloat = async ({ owner, ownerUrl }: Bench): Promise<void> => {
  const before = await sizesOf(owner, 'contracts')
  const times = Math.ceil(Number(options.updates) * growth.contracts / 256)
  const begun = performance.now()
  const lane = async (batches: number): Promise<void> => {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    for (let n = 0; n < batches; n++) {
      const some = [...new Set(Array.from({ length: 256 }, () => ids.contract(random(growth.contracts))))]
      await client.query({ name: 'touch', text: `update contracts set version = version + 1 where office_id = ${office} and id in (select id from contracts where office_id = ${office} and id = any($1::uuid[]) order by id for update)`, values: [some] })
    }
    await client.end()
  }
  await Promise.all([lane(times >> 1), lane(times >> 1)])
  const after = await sizesOf(owner, 'contracts')
  report.bloat = { seconds: Math.round((performance.now() - begun) / 1000), before, after }
  console.log(`\n${times * 256} updates of contracts: ${JSON.stringify(report.bloat)}`)
}

/** Waits until the jobs have summed the journal, but for less than a stretch. @returns seconds */
const sumsAreMade = async (owner: pg.Client): Promise<number> => {
  const begun = performance.now()
  const settled = new Date(growth.begin.getTime() + 330 * 86_400_000)
  const leftOf = async (table: string): Promise<number> => {
    const { rows: [row] } = await owner.query<{ left: string }>(`select count(*) as left from transfers where booked_at < $1
      and id > coalesce((select until_id from ${table} order by until_id desc limit 1), '00000000-0000-0000-0000-000000000000')`, [settled])
    return Number(row?.left)
  }
  while (await leftOf('journal_totals') > 0 || await leftOf('movement_totals') > 50_000) await sleep(1_000)
  return Math.round((performance.now() - begun) / 1000)
}

const run = (): Promise<void> => onDatabase(settings, async (bench) => {
  const { owner } = bench
  report.machine = machine(bench.serverVersion)
  console.log(`${cpus().length} cores, load ${loadavg().map((l) => l.toFixed(1)).join(' ')}, Node ${process.version}, PostgreSQL ${bench.serverVersion}; ${growth.contracts} contracts, ${growth.contracts * growth.visits} redemptions from ${growth.begin.toISOString()}`)
  let [at, cpu] = [performance.now(), bench.postgresCpu()]
  const steps: Record<string, { seconds: number; cpuSeconds: number }> = {}
  if (options.begin === undefined) await seedGrowth(bench.ownerUrl, growth, (step) => {
    const took = { seconds: Math.round((performance.now() - at) / 1000), cpuSeconds: Math.round(bench.postgresCpu() - cpu) }
    steps[step] = took
    ;[at, cpu] = [performance.now(), bench.postgresCpu()]
    console.log(`${step}: ${took.seconds} s, of which PostgreSQL worked ${took.cpuSeconds} s of a core`)
  })
  const { rows: sizes } = await owner.query<{ name: string; mb: number }>("select relname as name, (pg_total_relation_size(oid) / 1048576)::int as mb from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 2 desc limit 8")
  report.loader = { steps, sizes }
  console.log(sizes.map(({ name, mb }) => `${name} ${mb} MB`).join(', '))
  if (options.check) console.log(`violated: ${JSON.stringify((await checkInvariants(owner as unknown as pg.PoolClient)).filter(({ ok }) => !ok))}`)
  const service = await startService(bench.ownerUrl, port)
  try {
    report.sumsSeconds = await sumsAreMade(owner)
    console.log(`journal summed in ${report.sumsSeconds} s`)
    if (isWanted('redemptions')) await measureRedemptions(bench, service)
    await owner.query('analyze')
    if (isWanted('reads')) await measureReads()
    if (isWanted('stream')) await measureStream(service)
    if (isWanted('updates')) await measureBloat(bench)
  } finally {
    await service.stop()
  }
  if (options.partitions) {
    report.partitions = await comparePartitions(bench.ownerUrl, growth)
    console.log(`\nplain and partitioned: ${JSON.stringify(report.partitions)}`)
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
})

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
