/*
 * What is asked often and must not be asked often: probes and scrapes come as they like, and each
 * of them may find a database that answers slowly, or never.
 */

type Limits = Readonly<{
  /** how long an answer, or a failure, is good, in milliseconds */
  keptMs: number
  /** how long whoever asks waits at most */
  limitMs: number
}>

export class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

const within = async <Result>(ms: number, answer: Promise<Result>): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => { timer = setTimeout(() => { reject(new TookTooLong(`no answer within ${ms} ms`)) }, ms) })
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks at most once in a while, and never twice at a time: whoever asks meanwhile shares the answer.
 * @throws what the question failed with, or TookTooLong
 */
export const kept = <Result>({ keptMs, limitMs }: Limits, ask: () => Promise<Result>): (() => Promise<Result>) => {
  let answer: Promise<Result> | undefined
  let answeredAt: number | undefined

  const askAnew = (): Promise<Result> => {
    const asked = ask()
    answer = asked
    answeredAt = undefined
    const note = (): void => { answeredAt = performance.now() }
    asked.then(note, note)
    return asked
  }

  return () => {
    const isGood = answer && (answeredAt === undefined || performance.now() - answeredAt < keptMs)
    return within(limitMs, isGood && answer ? answer : askAnew())
  }
}
