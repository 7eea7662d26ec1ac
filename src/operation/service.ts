import type { Registry } from 'prom-client'
import type { Pool } from '../db/client.js'
import { isMigrated } from '../db/migrate.js'
import { createUnitOfWork } from '../db/unit-of-work.js'
import type { JobRunner } from '../jobs/runner.js'
import type { Clock } from '../kernel/clock.js'
import type { Storage } from '../storage/storage.js'
import { createGauges } from './gauges.js'
import { createHealth, type CheckName, type CheckState } from './health.js'
import { kept } from './kept.js'
import { createWatch } from './watch.js'

/*
 * How the service tells of itself: whether it may have traffic, and the figures that operators
 * watch. Both look over connections of their own, so that a service which is only busy does not
 * look dead, and looking does not make it busier.
 */

type Dependencies = Readonly<{
  /** A pool for looking only. */
  pool: Pool
  clock: Clock
  registry: Registry
  version: string
  /** Those that work, by name. */
  pools: Readonly<Record<string, Pool>>
  offices: () => Promise<readonly number[]>
  runner: Pick<JobRunner, 'isAlive' | 'overdue' | 'lastSuccesses'>
  /** in milliseconds; undefined: there is no replica */
  replicaLag: (() => Promise<number>) | undefined
  probe: Storage['probe']
  /** Whether files are kept in a bucket, which all processes share. */
  hasBucket: boolean
  redemptionsWaiting: () => number
  onTurn: (check: CheckName, state: CheckState, error: unknown) => void
  onFailure: (part: string, error: unknown) => void
  /** How long what was seen is good, in milliseconds. */
  keptMs?: number
  /** A sequencer that has not signed a checkpoint for so long, while entries waited for it, is dead. */
  deadAfterMs?: number
}>

/** Probes and scrapes come every few seconds, from several places at once. */
const usuallyKept = { database: 1_000, storage: 10_000, figures: 10_000, balances: 300_000 } as const
/** How long whoever asks waits at most; a look that takes longer is told to the next one. */
const limitMs = 2_000

export const createOperation = ({
  pool, clock, registry, version, pools, offices, runner, replicaLag, probe, hasBucket, redemptionsWaiting, onTurn, onFailure, keptMs, deadAfterMs = 30_000
}: Dependencies) => {
  const limits = (of: keyof typeof usuallyKept) => ({ keptMs: keptMs ?? usuallyKept[of], limitMs })
  const work = createUnitOfWork({ pool, clock, onAfterCommitError: (error) => { onFailure('after commit', error) } })
  const watch = createWatch({ work, clock, offices, keptMs: limits('figures').keptMs, balancesKeptMs: limits('balances').keptMs, limitMs })
  const ping = kept(limits('database'), () => pool.query('select 1'))

  const health = createHealth({
    limitMs, onTurn,
    checks: [
      { name: 'database', keptMs: 0, look: async () => { await ping() } },
      { name: 'migrations', keptMs: limits('database').keptMs, look: async () => { if (!(await isMigrated(pool))) throw new Error('the database lacks migrations of this build') } },
      { name: 'jobs', keptMs: 0, look: async () => { if (!runner.isAlive()) throw new Error('no job has ended for too long') } },
      {
        name: 'sequencer', keptMs: 0,
        look: async () => {
          const dead = (await watch.evidence()).find(({ lagSeconds, checkpointAgeMs }) => lagSeconds * 1000 > deadAfterMs && checkpointAgeMs > deadAfterMs)
          if (dead) throw new Error(`evidence of office ${dead.office} has waited for its place for ${Math.round(dead.lagSeconds)} s`)
        }
      },
      // That a bucket is gone is told, but takes no process out of service: all share it, and redemptions need no files.
      { name: 'storage', keptMs: limits('storage').keptMs, look: () => probe({ keeps: !hasBucket }) }
    ]
  })

  const gauges = createGauges({
    registry, version, pools, ping, replicaLag, storage: kept(limits('storage'), () => probe({ keeps: true })),
    readiness: health.readiness, runner, watch, redemptionsWaiting, onFailure, ...limits('figures')
  })

  return { health, collect: gauges.collect }
}

export type Operation = ReturnType<typeof createOperation>
