import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { checkInvariants } from '../src/checks/store.js'
import { uuidOf } from '../src/kernel/id.js'
import { load, type Request } from './load.js'
import { machine, median, onDatabase, rounded, withCores, type Bench, type Cores } from './measure.js'
import { openLoad, type Arrival } from './open-load.js'
import { redemptions } from './redeem.js'
import { seedShops, type Shop } from './seed.js'
import { startServices, type Service } from './server.js'

/*
 * Twice as many redemptions as the service can do, for a minute: they come by the clock, whatever
 * has become of the ones before. What it still does, what memory that takes, and whether every
 * answer it gave is true: each that was acknowledged is in the books, each that was refused is not.
 * What it can do is measured for as long, before and after.
 */

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, times: { type: 'string', default: '2' }, processes: { type: 'string', default: '1' }, json: { type: 'string' } } })
const seconds = Number(options.seconds)
const port = 3905
const connectionsMax = 6_000

type Peak = Readonly<{ perSecond: number; cores: Cores }>

/** The most it does: with as many requests in flight as make its batches full. */
const measurePeak = async (bench: Bench, service: Service, shops: readonly Shop[]): Promise<Peak> => {
  const next = await redemptions(bench.owner, shops, 8_000 * seconds)
  const { result: { perSecond }, cores } = await withCores(bench, service, () => load({ host: '127.0.0.1', ports: service.ports, connections: 256, seconds, next }))
  return { perSecond, cores }
}

type Told = Readonly<{ acknowledged: string[]; refused: number; failed: number; at: number[]; refusedMs: number[]; acknowledgedMs: number[] }>

const answersOf = (arrivals: readonly Arrival[]): Told => {
  const answered = (status: string) => arrivals.filter((arrival) => arrival.status === status)
  return {
    acknowledged: answered('201').map(({ body }) => (JSON.parse(body) as { id: string }).id),
    refused: answered('503').length,
    failed: arrivals.length - answered('201').length - answered('503').length,
    at: answered('201').map(({ answeredAt }) => answeredAt),
    refusedMs: answered('503').map(({ sentAt, answeredAt }) => answeredAt - sentAt),
    acknowledgedMs: answered('201').map(({ sentAt, answeredAt }) => answeredAt - sentAt)
  }
}

const percentile = (numbers: readonly number[], share: number): number =>
  rounded([...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? Number.NaN, 1)

const countReleases = async ({ owner }: Bench): Promise<number> => Number((await owner.query('select count(*) as n from releases')).rows[0].n)

const run = (): Promise<void> => onDatabase({}, async (bench) => {
  const { owner } = bench
  const service = await startServices(bench.ownerUrl, port, Number(options.processes))
  try {
    const shops = await seedShops(owner, { merchants: 200, contractsPerMerchant: 50, sessions: 1_000_000, priceFen: 100_000_000 })
    const first = await measurePeak(bench, service, shops)
    const perSecond = Math.round(first.perSecond * Number(options.times))
    const next = await redemptions(owner, shops, perSecond * (seconds + 5))
    const before = await countReleases(bench)
    const memory = [service.residentMb()]
    const watch = setInterval(() => { memory.push(service.residentMb()) }, 1_000)
    const [{ arrivals, unsent }, { cores }] = await Promise.all([
      openLoad({ host: '127.0.0.1', ports: service.ports, perSecond, seconds, connectionsMax, next: next as () => Request }),
      withCores(bench, service, () => sleep(seconds * 1_000))
    ])
    clearInterval(watch)
    const told = answersOf(arrivals)
    // Without the first five seconds, in which the queue fills.
    const begun = arrivals.reduce((first, { sentAt }) => Math.min(first, sentAt), Infinity)
    const counted = told.at.filter((at) => at >= begun + 5_000 && at < begun + seconds * 1_000).length
    await sleep(1_000)
    const inBooks = Number((await owner.query('select count(*) as n from releases where id = any($1::uuid[])', [told.acknowledged.map(uuidOf)])).rows[0].n)
    const written = await countReleases(bench) - before
    const violated = (await checkInvariants(owner as never)).filter(({ ok, name }) => !ok && name !== 'entries-have-places').map(({ name }) => name)
    const third = Math.floor(memory.length / 3)
    const peaks = [first, await measurePeak(bench, service, shops)]
    const peak = Math.max(...peaks.map((one) => one.perSecond))
    const report = {
      machine: machine(bench.serverVersion), run: randomUUID(), load: loadavg()[0], peaks, cores, offeredPerSecond: perSecond, unsent,
      acknowledgedPerSecond: Math.round(counted / (seconds - 5)), shareOfPeak: rounded(counted / (seconds - 5) / peak),
      acknowledged: told.acknowledged.length, refused: told.refused, failed: told.failed,
      acknowledgedMs: { p50: percentile(told.acknowledgedMs, 0.5), p99: percentile(told.acknowledgedMs, 0.99) }, refusedMs: { p50: percentile(told.refusedMs, 0.5), p99: percentile(told.refusedMs, 0.99) },
      residentMb: { before: memory[0], medianOfSecondThird: median(memory.slice(third, 2 * third)), medianOfLastThird: median(memory.slice(2 * third)), most: Math.max(...memory) },
      lost: told.acknowledged.length - inBooks, unacknowledgedButWritten: written - inBooks, violated
    }
    console.log(JSON.stringify(report, null, 2))
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await service.stop()
  }
})

run().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
