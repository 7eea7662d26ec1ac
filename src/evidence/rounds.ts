/*
 * Does one thing for every office, again and again, each round after the one before: on its own,
 * beside the jobs, so that neither waits for the other.
 */

type Rounds = Readonly<{
  /** From the beginning of a round to the beginning of the next, if it takes no longer. */
  pauseMs: number
  offices: () => Promise<readonly number[]>
  run: (office: number) => Promise<void>
  onFailure: (error: unknown) => void
}>

/** The share of the pause that is kept after a round which took longer. */
const restShare = 0.2

export const createRounds = ({ pauseMs, offices, run, onFailure }: Rounds) => {
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> | undefined
  let isStopped = false

  /** One round; an office that fails does not hold the others. */
  const once = async (): Promise<void> => {
    for (const office of await offices()) await run(office).catch(onFailure)
  }

  const next = (): void => {
    const begun = performance.now()
    round = once().catch(onFailure).finally(() => { if (!isStopped) timer = setTimeout(next, Math.max(restShare * pauseMs, begun + pauseMs - performance.now())) })
  }

  return {
    once,
    start: next,
    /** Ends after the round that is under way. */
    stop: async (): Promise<void> => {
      isStopped = true
      clearTimeout(timer)
      await round
    }
  }
}
