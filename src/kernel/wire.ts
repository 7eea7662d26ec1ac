/*
 * An answer that was stored with its effect, for who asks again with the same key, is sent as it was
 * stored: encoded once.
 */

const stored = Symbol('stored text')

type Stored = { [stored]?: string }

/** Notes the JSON text that an answer was stored as. */
export const storedAs = <Answer extends object>(answer: Answer, text: string): Answer => {
  (answer as Stored)[stored] = text
  return answer
}

/** The JSON text an answer was stored as, if it was. */
export const storedText = (answer: unknown): string | undefined =>
  (typeof answer === 'object' && answer !== null ? (answer as Stored)[stored] : undefined)
