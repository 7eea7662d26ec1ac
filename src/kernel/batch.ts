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
  if (items.length === 0) return
  try {
    await run(items)
  } catch (error) {
    if (isUnavailable(error)) throw error
    const [only, ...others] = items as [Item, ...Item[]]
    if (others.length === 0) onFailure(only, error)
    else for (const item of items) await togetherOrAlone([item], run, onFailure)
  }
}

/** One error that names all that failed, for whoever looks for the reason. */
export const allOf = (failed: ReadonlyMap<string, unknown>): AggregateError =>
  new AggregateError([...failed.values()], [...failed].map(([id, error]) => `${id}: ${error instanceof Error ? error.message : String(error)}`).join('; '))
