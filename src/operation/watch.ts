import { worker, type UnitOfWork } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { kept } from './kept.js'
import { findOpenMatters, findWaiting, listOpenDifferences, readTrialBalance, type OpenMatters, type Waiting } from './store.js'

/*
 * Looks at every office for those who watch: over connections of its own, so that it neither waits
 * behind requests nor takes their place, and seldom, however often it is asked.
 */

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: () => Promise<readonly number[]>
  /** how long what was seen is good, and how long whoever asks waits at most, in milliseconds */
  keptMs: number
  /** the same for sums of every balance of an office: a matter of seconds where there are millions of contracts */
  balancesKeptMs: number
  limitMs: number
}>

export type EvidenceLag = Readonly<{ office: number; entries: number; lagSeconds: number; checkpointAgeMs: number }>
export type OfficeMatters = OpenMatters & Readonly<{ office: number; differences: readonly Readonly<{ kind: string; fen: bigint }>[] }>
export type OfficeBalance = Readonly<{ office: number; differenceFen: bigint; dueFromOfficeFen: bigint; unexplainedDebitFen: bigint; readAt: Date }>


export const createWatch = ({ work, clock, offices, keptMs, balancesKeptMs, limitMs }: Dependencies) => {
  const ofEach = async <Result>(numbers: readonly number[], look: (office: number) => Promise<Result>): Promise<Result[]> => {
    const results: Result[] = []
    for (const office of numbers) results.push(await look(office))
    return results
  }

  const lagOf = (office: number, { entries, oldestMs, lastCheckpointAt }: Waiting): EvidenceLag => ({
    office, entries,
    lagSeconds: oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs) / 1000,
    checkpointAgeMs: lastCheckpointAt === null ? Infinity : clock.now().getTime() - lastCheckpointAt.getTime()
  })

  const limits = { keptMs, limitMs }

  return {
    /** How far the sequencer is behind the entries, at each office. */
    evidence: kept(limits, async (): Promise<EvidenceLag[]> =>
      ofEach(await offices(), async (office) => lagOf(office, await work.read(worker, office, findWaiting)))),
    /** What is open; office 0 has what belongs to none, such as sign-in codes. */
    matters: kept(limits, async (): Promise<OfficeMatters[]> =>
      ofEach([0, ...await offices()], (office) => work.read(worker, office, async (tx) => ({ office, ...await findOpenMatters(tx, clock.now()), differences: await listOpenDifferences(tx) })))),
    /** Whether the books of each office balance. */
    balances: kept({ keptMs: balancesKeptMs, limitMs }, async (): Promise<OfficeBalance[]> =>
      ofEach(await offices(), async (office) => ({ office, readAt: new Date(), ...await work.read(worker, office, readTrialBalance) })))
  }
}

export type Watch = ReturnType<typeof createWatch>
