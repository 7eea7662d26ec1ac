import { Problem } from './problem.js'
import { unavailable } from './problems.js'

/** Runs something for each item, a few at a time; the results stand in the items' order. */
export const inLanes = async <Item, Result>(items: readonly Item[], lanes: number, run: (item: Item) => Promise<Result>): Promise<Result[]> => {
  const results: Result[] = new Array(items.length)
  const waiting = items.entries()
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (const [i, item] of waiting) results[i] = await run(item)
  }))
  return results
}

const isUnavailable = (error: unknown): boolean => error instanceof Problem && error.code === unavailable.code

/**
 * Does something for all items at once; where that fails, for each alone, so that one that cannot
 * be done never fails its neighbours. Throws only what is nobody's fault among them: unavailable (503).
 */
export const togetherOrAlone = async <Item>(items: readonly Item[], run: (items: readonly Item[]) => Promise<void>, onFailure: (item: Item, error: unknown) => void): Promise<void> => {
  try {
    await run(items)
  } catch (error) {
    if (isUnavailable(error)) throw error
    const [only, ...others] = items
    if (only === undefined) return
    if (others.length === 0) onFailure(only, error)
    else for (const item of items) await togetherOrAlone([item], run, onFailure)
  }
}

type Waiting<Item, Result> = Readonly<{ item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }>

/** As many calls must wait before a run begins beside others: fewer are done sooner after one of them. */
const besideMin = 32

/**
 * Calls that come at once, or while others are under way, are done together by the next run. `run`
 * answers each, in their order. `max`: of a run; `lanes`: of runs under way.
 */
export const coalesced = <Item, Result>({ max, lanes = 1 }: Readonly<{ max: number; lanes?: number }>, run: (items: readonly Item[]) => Promise<readonly Result[]>): ((item: Item) => Promise<Result>) => {
  const queue: Waiting<Item, Result>[] = []
  let [running, isStarting] = [0, false]

  const begin = async (): Promise<void> => {
    running += 1
    const batch = queue.splice(0, max)
    await run(batch.map(({ item }) => item)).then(
      (results) => { batch.forEach(({ resolve }, i) => { resolve(results[i] as Result) }) },
      (error: unknown) => { for (const { reject } of batch) reject(error) }
    )
    running -= 1
    start()
  }

  const start = (): void => {
    while (queue.length > 0 && (running === 0 || (running < lanes && queue.length >= besideMin))) void begin()
  }

  return (item) => new Promise((resolve, reject) => {
    queue.push({ item, resolve, reject })
    // The turn of the event loop that brought this call brings its neighbours too.
    if (isStarting) return
    isStarting = true
    setImmediate(() => { isStarting = false; start() })
  })
}
