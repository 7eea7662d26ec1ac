import type { Clock } from '../kernel/clock.js'
import type { Job } from '../timetable/service.js'

type Dependencies = Readonly<{
  clock: Clock
  jobs: readonly Job[]
  /** The offices' numbers; 0, for what belongs to no office, is added. */
  offices: () => Promise<readonly number[]>
  onFailure: (job: string, error: unknown) => void
  /** How long no job may end before the runner counts as stuck: longer than any statement may take. */
  stuckAfterMs?: number
}>

const tickMs = 1_000
const usualStuckAfterMs = 120_000

/** Runs the jobs: by itself every second, and for the sandbox's clock at given instants. Several processes may run at once. */
export const createJobRunner = ({ clock, jobs, offices, onFailure, stuckAfterMs = usualStuckAfterMs }: Dependencies) => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false
  /** When a job last ended, well or not; by a clock that nobody sets. */
  let beatAt = -Infinity
  const succeededAt = new Map<string, Date>()

  const everyOffice = async () => [0, ...await offices()]

  const runJobs = async (at: Date): Promise<void> => {
    const failed = new Set<string>()
    for (const office of await everyOffice()) {
      for (const job of jobs) {
        await job.run(office, at).catch((error: unknown) => { failed.add(job.name); onFailure(job.name, error) })
        beatAt = performance.now()
      }
    }
    for (const { name } of jobs) if (!failed.has(name)) succeededAt.set(name, new Date())
  }

  let queue: Promise<void> = Promise.resolve()

  /**
   * Runs, once, everything that is due at an instant. One job that fails does not hold the others.
   * Runs follow one another, so that what a tick has begun is done when the next run ends.
   */
  const runDue = (at: Date): Promise<void> => {
    queue = queue.catch(() => undefined).then(() => runJobs(at))
    return queue
  }

  /** The earliest instant at which any job has something to do; with `later`, any job that has nothing to do until then. */
  const nextDue = async (later?: Date): Promise<Date | null> => {
    const offices = await everyOffice()
    const dues = await Promise.all(offices.flatMap((office) => jobs.map((job) => job.nextDue(office))))
    const times = dues.filter((due) => due !== null && (later === undefined || due > later)) as Date[]
    return times.length === 0 ? null : times.reduce((a, b) => (b < a ? b : a))
  }

  const tick = (): void => {
    running = runDue(clock.now())
      // Without a database there is nothing to do, but the runner is there to see it.
      .catch((error: unknown) => { onFailure('tick', error); beatAt = performance.now() })
      .finally(() => { if (!stopped) timer = setTimeout(tick, tickMs) })
  }

  return {
    runDue,
    nextDue,
    start: (): void => { tick() },
    /** Whether it goes round: a job has ended lately, and more will begin. */
    isAlive: (): boolean => !stopped && performance.now() - beatAt < stuckAfterMs,
    /** When each job last had its turn without a failure, at every office: by the real time. */
    lastSuccesses: (): ReadonlyMap<string, Date> => succeededAt,
    /** How long each job's earliest due thing has been due, in milliseconds: 0 where nothing is late. */
    overdue: async (): Promise<ReadonlyMap<string, number>> => {
      const late = new Map<string, number>()
      const [now, numbers] = [clock.now().getTime(), await everyOffice()]
      // One after the other: a look must not take the connections of those who work.
      for (const job of jobs) {
        let longest = 0
        for (const office of numbers) longest = Math.max(longest, now - ((await job.nextDue(office))?.getTime() ?? now))
        late.set(job.name, longest)
      }
      return late
    },
    stop: async (): Promise<void> => {
      stopped = true
      clearTimeout(timer)
      await running
    }
  }
}

export type JobRunner = ReturnType<typeof createJobRunner>
