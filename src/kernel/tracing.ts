/*
 * What a trace is to the code that is traced: a port, so that nothing but the composition root
 * knows who listens. Where nobody does there is no tracing at all, and a call costs a comparison.
 *
 * Names and attributes come from the code and never from what was sent: route templates, roles,
 * office numbers, sizes. A failure leaves its code behind, not its message.
 */

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A stretch of work with a beginning and an end, part of a trace. */
export type Span = Readonly<{
  /** Runs something as part of it: what is begun meanwhile hangs below it. */
  within: <Result>(run: () => Result) => Result
  set: (attributes: Attributes) => void
  /** @param failure the code of what went wrong */
  end: (failure?: string) => void
}>

type Beginning = Readonly<{
  /** who asks: `server` a call that came in, `client` a call to the outside */
  kind?: 'server' | 'client' | 'internal'
  attributes?: Attributes
  /** what it is part of; undefined: it begins a trace */
  parent?: Span | undefined
  /** what else led to it */
  links?: readonly Span[]
  /** the W3C `traceparent` of a caller who is believed */
  traceparent?: string | undefined
}>

export type Tracing = Readonly<{
  /** The span that what runs now is part of. */
  active: () => Span | undefined
  begin: (name: string, beginning: Beginning) => Span
}>

/** The code of an error, or its name: what may be told of it. */
export const failureOf = (error: unknown): string => {
  const { code, name } = error instanceof Error ? error as Error & { code?: unknown } : { code: undefined, name: 'Error' }
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : name
}

const during = async <Result>(span: Span, run: () => Promise<Result>): Promise<Result> => {
  try {
    const result = await span.within(run)
    span.end()
    return result
  } catch (error) {
    span.end(failureOf(error))
    throw error
  }
}

/** Does something as a part of what is traced; where nothing is, it just does it. */
export const traced = <Result>(tracing: Tracing | undefined, name: string, attributes: Attributes, run: () => Promise<Result>): Promise<Result> => {
  const parent = tracing?.active()
  return tracing && parent ? during(tracing.begin(name, { attributes, parent }), run) : run()
}

/** Does something that begins a trace of its own, or is part of the one that is there or given: a call to the outside, a deadline, a batch. */
export const tracedAnew = <Result>(tracing: Tracing | undefined, name: string, beginning: Beginning, run: () => Promise<Result>): Promise<Result> =>
  tracing ? during(tracing.begin(name, { parent: tracing.active(), ...beginning }), run) : run()
