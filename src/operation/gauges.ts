import { Gauge, type Registry } from 'prom-client'
import type { Pool } from '../db/client.js'
import type { JobRunner } from '../jobs/runner.js'
import { kept } from './kept.js'
import type { Readiness } from './health.js'
import type { Watch } from './watch.js'

/*
 * What is read when somebody scrapes. A part that cannot be read shows nothing, rather than what
 * it was: an old figure looks like a good one. Scraping itself never fails, and never hangs.
 *
 * Labels are office numbers and names from the code: their number is bounded, and none is about a
 * person. Amounts are fen, times are seconds.
 */

type Dependencies = Readonly<{
  registry: Registry
  version: string
  pools: Readonly<Record<string, Pool>>
  /** @throws when the database does not answer */
  ping: () => Promise<unknown>
  /** the lag of the replica in milliseconds; undefined: there is none */
  replicaLag: (() => Promise<number>) | undefined
  /** @throws when nothing can be written there */
  storage: () => Promise<unknown>
  readiness: () => Promise<Readiness>
  runner: Pick<JobRunner, 'overdue' | 'lastSuccesses'>
  watch: Watch
  redemptionsWaiting: () => number
  onFailure: (part: string, error: unknown) => void
  keptMs: number
  limitMs: number
}>

type Part = Readonly<{ name: string; gauges: readonly Gauge[]; read: () => Promise<void> }>

export const createGauges = ({ registry, version, pools, ping, replicaLag, storage, readiness, runner, watch, redemptionsWaiting, onFailure, keptMs, limitMs }: Dependencies) => {
  const labelled = new Set<Gauge>()

  /** Has it show nothing: one without labels would show 0 when it is only reset. */
  const clear = (made: Gauge): void => {
    if (labelled.has(made)) made.reset()
    else made.remove()
  }

  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> => {
    const made = new Gauge({ name, help, labelNames, registers: [registry] })
    if (labelNames.length > 0) labelled.add(made)
    clear(made)
    return made
  }

  gauge('ticun_build_info', 'The version that runs; always 1', 'version').set({ version }, 1)

  const queueDepth = gauge('ticun_redemption_queue_depth', 'Redemptions waiting for a batch')
  const connections = gauge('ticun_database_pool_connections', 'Connections of a pool, lent out or idle', 'pool', 'state')
  const connectionsMax = gauge('ticun_database_pool_connections_max', 'Connections a pool may have', 'pool')
  const poolWaiting = gauge('ticun_database_pool_waiting', 'Transactions waiting for a connection of a pool', 'pool')

  const own = (): void => {
    queueDepth.set(redemptionsWaiting())
    for (const [name, { totalCount, idleCount, waitingCount, options }] of Object.entries(pools)) {
      connections.set({ pool: name, state: 'used' }, totalCount - idleCount)
      connections.set({ pool: name, state: 'idle' }, idleCount)
      connectionsMax.set({ pool: name }, options.max)
      poolWaiting.set({ pool: name }, waitingCount)
    }
  }

  const up = (name: string, help: string, look: () => Promise<unknown>): Part => {
    const made = gauge(name, help)
    return { name, gauges: [], read: async () => { made.set(await look().then(() => 1, () => 0)) } }
  }

  const checks = (): Part => {
    const ready = gauge('ticun_ready', 'Whether this process may have traffic')
    const check = gauge('ticun_ready_check', 'Whether a check of the readiness is well', 'check')
    return {
      name: 'checks', gauges: [check],
      read: async () => {
        const { status, checks: states } = await readiness()
        ready.set(status === 'ready' ? 1 : 0)
        for (const [name, state] of Object.entries(states)) check.set({ check: name }, state === 'ok' ? 1 : 0)
      }
    }
  }

  const replica = (): Part => {
    const answers = gauge('ticun_replica_up', 'Whether the replica answers, where there is one')
    const seconds = gauge('ticun_replica_lag_seconds', 'How far the replica lies behind')
    const look = replicaLag && kept({ keptMs, limitMs }, replicaLag)
    return {
      name: 'replica', gauges: [seconds],
      read: async () => {
        if (!look) return
        answers.set(0)
        seconds.set(await look() / 1000)
        answers.set(1)
      }
    }
  }

  const jobs = (): Part => {
    const overdue = gauge('ticun_job_overdue_seconds', 'For how long the earliest thing a job has to do has been due', 'job')
    const look = kept({ keptMs, limitMs }, runner.overdue)
    return { name: 'jobs', gauges: [overdue], read: async () => { for (const [job, ms] of await look()) overdue.set({ job }, ms / 1000) } }
  }

  const successes = (): Part => {
    const lastSuccess = gauge('ticun_job_last_success_timestamp_seconds', 'When a job last had its turn without a failure at every office, in this process', 'job')
    return { name: 'job successes', gauges: [], read: async () => { for (const [job, at] of runner.lastSuccesses()) lastSuccess.set({ job }, at.getTime() / 1000) } }
  }

  const evidence = (): Part => {
    const entries = gauge('ticun_evidence_waiting_entries', 'Evidence entries that have no place in the log yet, counted up to 100,000', 'office')
    const lag = gauge('ticun_evidence_lag_seconds', 'Age of the oldest evidence entry that has no place in the log yet', 'office')
    return {
      name: 'evidence', gauges: [entries, lag],
      read: async () => {
        for (const { office, entries: count, lagSeconds } of await watch.evidence()) {
          entries.set({ office }, count)
          lag.set({ office }, lagSeconds)
        }
      }
    }
  }

  const matters = (): Part => {
    const failing = gauge('ticun_deadlines_failing', 'Deadlines whose handling failed three times or more', 'office')
    const undelivered = gauge('ticun_outbox_undelivered', 'Messages to the outside that are not delivered', 'office')
    const oldest = gauge('ticun_outbox_oldest_seconds', 'Age of the oldest message that is not delivered', 'office')
    const stuck = gauge('ticun_outbox_stuck', 'Messages whose delivery failed ten times or more', 'office')
    const suspense = gauge('ticun_suspense_open_fen', 'Receipts (credit) and debits at the bank that nobody has explained, in fen', 'office', 'side')
    const suspenseOldest = gauge('ticun_suspense_oldest_seconds', 'Age of the oldest of them', 'office')
    const statement = gauge('ticun_bank_statement_age_seconds', 'How long ago the last day ended that a statement of the bank covers', 'office')
    const difference = gauge('ticun_reconciliation_difference_fen', 'What books and others\' books differ by, by kind, at the latest day with an open difference, in fen', 'office', 'kind')
    return {
      name: 'open matters', gauges: [failing, undelivered, oldest, stuck, suspense, suspenseOldest, statement, difference],
      read: async () => {
        const offices = await watch.matters()
        // A difference that is settled is gone, and so is its line.
        difference.reset()
        for (const { office, differences, ...of } of offices) {
          failing.set({ office }, of.deadlinesFailing)
          undelivered.set({ office }, of.undelivered)
          oldest.set({ office }, of.undeliveredOldestSeconds ?? 0)
          stuck.set({ office }, of.stuckDeliveries)
          if (office === 0) continue
          suspense.set({ office, side: 'credit' }, Number(of.suspenseCreditFen))
          suspense.set({ office, side: 'debit' }, Number(of.suspenseDebitFen))
          suspenseOldest.set({ office }, of.suspenseOldestSeconds ?? 0)
          if (of.statementAgeSeconds !== null) statement.set({ office }, of.statementAgeSeconds)
          for (const { kind, fen } of differences) difference.set({ office, kind }, Number(fen))
        }
      }
    }
  }

  const balances = (): Part => {
    const difference = gauge('ticun_ledger_difference_fen', 'Assets less everything owed, in fen: 0, or the books are broken', 'office')
    const uncovered = gauge('ticun_ledger_uncovered_fen', 'What of the assets is not cash but explained or to be explained, in fen', 'office', 'kind')
    const readAt = gauge('ticun_ledger_read_timestamp_seconds', 'When the balances were read', 'office')
    return {
      name: 'balances', gauges: [difference, uncovered, readAt],
      read: async () => {
        for (const { office, differenceFen, dueFromOfficeFen, unexplainedDebitFen, readAt: at } of await watch.balances()) {
          difference.set({ office }, Number(differenceFen))
          uncovered.set({ office, kind: 'due_from_office' }, Number(dueFromOfficeFen))
          uncovered.set({ office, kind: 'unexplained_debit' }, Number(unexplainedDebitFen))
          readAt.set({ office }, at.getTime() / 1000)
        }
      }
    }
  }

  const parts: readonly Part[] = [
    up('ticun_database_up', 'Whether the database answers', ping),
    up('ticun_storage_up', 'Whether files can be written where they are kept', storage),
    checks(), jobs(), successes(), evidence(), matters(), balances(), replica()
  ]

  const readPart = async ({ name, gauges, read }: Part): Promise<void> => {
    try {
      await read()
    } catch (error) {
      onFailure(name, error)
      for (const one of gauges) clear(one)
    }
  }

  return {
    /** Reads what a scrape shows; ends within the limit of each part, whatever the database does. */
    collect: async (): Promise<void> => {
      own()
      await Promise.all(parts.map(readPart))
    }
  }
}
