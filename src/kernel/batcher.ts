import { setImmediate as nextTurn } from 'node:timers/promises'
import { unavailable } from './problems.js'

/*
 * Requests that come at once, or while batches are in flight, form the next one: under load batches
 * grow by themselves, and a lone request never waits. The queue may be bounded; past that the answer
 * is "try again" at once, before anything is done.
 */

type Waiting<Item, Answer> = Readonly<{ item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }>

/** How one item of a batch ended: its answer, its own refusal, or: decide it again in a later batch. */
export type Outcome<Answer> = Readonly<{ answer: Answer } | { refusal: unknown } | { again: true }>

type Options<Item, Answer> = Readonly<{
  batchMax: number
  /** without: as many as come */
  queueMax?: number
  /** batches in flight; 1 unless told otherwise */
  lanes?: number
  /** Decides and records a batch; one outcome for each item, in order. Throwing fails the whole batch. */
  run: (items: readonly Item[]) => Promise<readonly Outcome<Answer>[]>
  onBatch?: (size: number) => void
}>

/** A batch beside another is worth its commit from this size on: fewer are done sooner after one of them. */
const besideMin = 32
/** Answering a batch costs this process as much as booking it costs the database: only so many at a time, so that what the database says meanwhile is heard. */
const answersPerTurn = 32

export const createBatcher = <Item, Answer>({ batchMax, queueMax = Infinity, lanes = 1, run, onBatch }: Options<Item, Answer>) => {
  let queue: Waiting<Item, Answer>[] = []
  let inFlight = 0
  let starts = false
  /** Batches that are not answered yet. */
  const open = new Set<Promise<void>>()

  const take = (): readonly Waiting<Item, Answer>[] => {
    const batch = queue.slice(0, batchMax)
    queue = queue.slice(batchMax)
    onBatch?.(batch.length)
    return batch
  }

  const outcomesOf = (batch: readonly Waiting<Item, Answer>[]): Promise<readonly Outcome<Answer>[]> =>
    run(batch.map(({ item }) => item)).catch((refusal: unknown) => batch.map(() => ({ refusal })))

  /** What must be decided again goes first into the next batch. */
  const requeue = (batch: readonly Waiting<Item, Answer>[], outcomes: readonly Outcome<Answer>[]): void => {
    const again = batch.filter((_, i) => { const outcome = outcomes[i]; return outcome === undefined || 'again' in outcome })
    if (again.length > 0) queue = [...again, ...queue]
  }

  const answer = async (batch: readonly Waiting<Item, Answer>[], outcomes: readonly Outcome<Answer>[]): Promise<void> => {
    for (const [i, { resolve, reject }] of batch.entries()) {
      if (i % answersPerTurn === 0) await nextTurn()
      const outcome = outcomes[i]
      if (outcome === undefined || 'again' in outcome) continue
      if ('answer' in outcome) resolve(outcome.answer)
      else reject(outcome.refusal)
    }
  }

  const book = async (batch: readonly Waiting<Item, Answer>[]): Promise<void> => {
    const outcomes = await outcomesOf(batch)
    requeue(batch, outcomes)
    inFlight -= 1
    start()
    await answer(batch, outcomes)
  }

  const start = (): void => {
    while (queue.length > 0 && (inFlight === 0 || (inFlight < lanes && queue.length >= besideMin))) {
      inFlight += 1
      const booked = book(take()).finally(() => { open.delete(booked) })
      open.add(booked)
    }
  }

  return {
    /** @throws unavailable (503) when the queue is full */
    submit: (item: Item): Promise<Answer> => new Promise((resolve, reject) => {
      if (queue.length >= queueMax) {
        reject(unavailable({ retryAfterSeconds: 1 }))
        return
      }
      queue.push({ item, resolve, reject })
      // The turn of the event loop that brought this request brings its neighbours too.
      if (starts) return
      starts = true
      setImmediate(() => { starts = false; start() })
    }),
    /** How many wait for a batch. */
    waiting: (): number => queue.length,
    /** Waits until everything is answered. */
    idle: async (): Promise<void> => {
      while (queue.length > 0 || open.size > 0) {
        await nextTurn()
        await Promise.all(open)
      }
    }
  }
}
