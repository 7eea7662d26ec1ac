import type { Clock } from '../kernel/clock.js'
import type { Job } from '../timetable/service.js'

type Dependencies = Readonly<{
  clock: Clock
  jobs: readonly Job[]
  /** The offices' numbers; 0, for what belongs to no office, is added. */
  offices: () => Promise<readonly number[]>
  onFailure: (job: string, error: unknown) => void
}>

const tickMs = 1_000

/** Runs the jobs: by itself every second, and for the sandbox's clock at given instants. Several processes may run at once. */
export const createJobRunner = ({ clock, jobs, offices, onFailure }: Dependencies) => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false
  let lastRunMs = 0

  const everyOffice = async () => [0, ...await offices()]

  const runJobs = async (at: Date): Promise<void> => {
    for (const office of await everyOffice()) {
      for (const job of jobs) await job.run(office, at).catch((error: unknown) => { onFailure(job.name, error) })
    }
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
      .then(() => { lastRunMs = Date.now() }, (error: unknown) => { onFailure('tick', error) })
      .finally(() => { if (!stopped) timer = setTimeout(tick, tickMs) })
  }

  return {
    runDue,
    nextDue,
    start: (): void => { tick() },
    /** Whether the runner has run lately. */
    isAlive: (): boolean => Date.now() - lastRunMs < 60_000,
    stop: async (): Promise<void> => {
      stopped = true
      clearTimeout(timer)
      await running
    }
  }
}

export type JobRunner = ReturnType<typeof createJobRunner>
