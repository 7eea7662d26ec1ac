export type Language = 'zh-CN' | 'en'

/** A text in the two languages the service speaks. */
export type Text = Readonly<{ zh: string; en: string }>

export const inLanguage = (text: Text, language: Language): string => (language === 'en' ? text.en : text.zh)

/** What a problem is, before it has happened to anyone: what a route declares and the catalogue lists. */
export type ProblemKind = Readonly<{ code: string; status: number; title: Text }>

/** A refusal: thrown by rules, rendered once as RFC 9457, in http/problem-details.ts. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: string
  readonly kind: ProblemKind
  readonly detail: Text
  readonly facts: Readonly<Record<string, unknown>>

  constructor (kind: ProblemKind, detail: Text, facts: Readonly<Record<string, unknown>>) {
    super(`${kind.code}: ${detail.en}`)
    this.code = kind.code
    this.kind = kind
    this.detail = detail
    this.facts = facts
  }
}

type Definition<Facts> = Readonly<{ status: number; title: Text; detail: (facts: Facts) => Text }>

/**
 * Declares one way to be refused. Call the result with the facts of the case, and throw what it
 * returns; the facts are added to the answer as extension members (RFC 9457 §3.2).
 */
export const problem = <Facts extends Record<string, unknown> = Record<never, never>>(
  code: string,
  { status, title, detail }: Definition<Facts>
) => {
  const kind: ProblemKind = { code, status, title }
  return Object.assign((facts: Facts) => new Problem(kind, detail(facts), facts), kind)
}
