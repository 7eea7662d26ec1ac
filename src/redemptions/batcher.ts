import { unavailable } from '../kernel/problems.js'

/*
 * Requests that arrive while a batch is in flight form the next one: under load batches grow by
 * themselves, and a lone request never waits. The queue is bounded; past it the answer is "try
 * again" at once, before anything is done.
 */

type Waiting<Item, Answer> = Readonly<{ item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }>

/** How one item of a batch ended: its answer, its own refusal, or: decide it again in the next batch. */
export type Outcome<Answer> = Readonly<{ answer: Answer } | { refusal: unknown } | { again: true }>

type Options<Item, Answer> = Readonly<{
  batchMax: number
  queueMax: number
  /** Decides and records a batch; one outcome for each item, in order. Throwing fails the whole batch. */
  run: (items: readonly Item[]) => Promise<readonly Outcome<Answer>[]>
  onBatch?: (size: number, queued: number) => void
}>

const nextTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

export const createBatcher = <Item, Answer>({ batchMax, queueMax, run, onBatch }: Options<Item, Answer>) => {
  let queue: Waiting<Item, Answer>[] = []
  let inFlight: Promise<void> | undefined

  /** What must be decided again goes first into the next batch. */
  const requeue = (batch: readonly Waiting<Item, Answer>[], outcomes: readonly Outcome<Answer>[]): void => {
    const again = batch.filter((_, i) => { const outcome = outcomes[i]; return outcome === undefined || 'again' in outcome })
    queue = [...again, ...queue]
  }

  const answer = (batch: readonly Waiting<Item, Answer>[], outcomes: readonly Outcome<Answer>[]): void => {
    batch.forEach((waiting, i) => {
      const outcome = outcomes[i]
      if (outcome === undefined || 'again' in outcome) return
      if ('answer' in outcome) waiting.resolve(outcome.answer)
      else waiting.reject(outcome.refusal)
    })
  }

  const take = (): readonly Waiting<Item, Answer>[] => {
    const batch = queue.slice(0, batchMax)
    queue = queue.slice(batchMax)
    onBatch?.(batch.length, queue.length)
    return batch
  }

  const drain = async (): Promise<void> => {
    // Answering a batch costs this process as much as booking one costs the database: the next batch
    // is on its way there before the last one is answered.
    let answerLast = (): void => undefined
    while (queue.length > 0) {
      const batch = take()
      const running = run(batch.map(({ item }) => item)).then(
        (outcomes) => { requeue(batch, outcomes); return () => { answer(batch, outcomes) } },
        (error: unknown) => () => { for (const { reject } of batch) reject(error) })
      await nextTurn()
      answerLast()
      answerLast = await running
      if (queue.length === 0) { answerLast(); answerLast = () => undefined }
    }
    inFlight = undefined
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
      inFlight ??= nextTurn().then(drain)
    }),
    /** Waits until nothing is under way. */
    idle: async (): Promise<void> => { await inFlight }
  }
}
