import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Outcome } from '../simulate/run.js'
import type { Figure } from '../test/attack/report.js'
import type { Verdict } from '../test/planted/garden.js'

/** Writes what the simulator, the planted bugs and the attacks showed into docs/reliability.md: figures are made by the scripts, not typed. */

const page = new URL('../docs/reliability.md', import.meta.url)

const beginOf = (section: string): string => `<!-- ${section}: made by a script -->`
const endOf = (section: string): string => `<!-- end of ${section} -->`

/** Replaces one section of the page; the words around it stay. @throws Error where the page has no such section */
export const writeSection = (section: string, content: string): void => {
  const is = existsSync(page) ? readFileSync(page, 'utf8') : ''
  const [begin, end] = [is.indexOf(beginOf(section)), is.indexOf(endOf(section))]
  if (begin < 0 || end < begin) throw new Error(`docs/reliability.md has no section ${section}`)
  writeFileSync(page, `${is.slice(0, begin)}${beginOf(section)}\n\n${content}\n\n${is.slice(end)}`)
}

/** The table of the planted bugs, as a run of all of them found it. */
export const plantedSection = (verdicts: readonly Verdict[]): string => [
  `${verdicts.filter(({ isCaught }) => isCaught).length} of ${verdicts.length} planted bugs are caught (${new Date().toISOString().slice(0, 10)}).`,
  '',
  '| bug | what is wrong | breaks | caught by | caught |', '|---|---|---|---|---|',
  ...verdicts.map(({ bug: { name, says, invariant, file, names }, isCaught }) =>
    `| \`${name}\` | ${says} | ${invariant} | \`${file}\`: ${names.at(-1)} | ${isCaught ? 'yes' : '**no**'} |`)
].join('\n')

const total = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number => outcomes.reduce((sum, outcome) => sum + of(outcome), 0)

const added = (records: readonly Readonly<Record<string, number>>[]): [string, number][] => {
  const sums = new Map<string, number>()
  for (const record of records) for (const [name, times] of Object.entries(record)) sums.set(name, (sums.get(name) ?? 0) + times)
  return [...sums].sort(([, a], [, b]) => b - a)
}

const number = (value: number): string => value.toLocaleString('en')

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.map((cell) => (typeof cell === 'number' ? number(cell) : cell)).join(' | ')} |`)]

/** The figures of a run of several worlds. */
export const simulatorSection = (outcomes: readonly Outcome[], tookMs: number): string => {
  const tallies = outcomes.map(({ tally }) => tally)
  const deeds = added(tallies.map((tally) => Object.fromEntries(Object.entries(tally.deeds).map(([deed, { done }]) => [deed, done]))))
  const refused = new Map(added(tallies.map((tally) => Object.fromEntries(Object.entries(tally.deeds).map(([deed, counted]) => [deed, counted.refused])))))
  const escapes = outcomes.flatMap(({ seed, wrongs }) => wrongs.map((wrong) => `- seed ${seed}: ${wrong}`))
  return [
    `${new Date().toISOString().slice(0, 10)}, seeds ${outcomes[0]?.seed} to ${outcomes.at(-1)?.seed}, ${Math.round(tookMs / 60_000)} minutes:`, '',
    ...table(['', ''], [
      ['acts', total(outcomes, ({ tally }) => tally.acts)], ['of them answered only after an answer was lost', total(outcomes, ({ tally }) => tally.lost)],
      ['storms', total(outcomes, ({ storms }) => storms)], ['kills', total(outcomes, ({ kills }) => kills)],
      ['invariants checked', total(outcomes, ({ invariantsChecked }) => invariantsChecked)], ['requests asked again for their first answer', total(outcomes, ({ replaysChecked }) => replaysChecked)],
      ['escapes', escapes.length === 0 ? 'none' : escapes.length]
    ]), '',
    ...escapes, ...(escapes.length > 0 ? [''] : []),
    ...table(['fault', 'times'], added(tallies.map(({ faults }) => faults))), '',
    ...table(['act', 'done', 'refused'], deeds.map(([deed, done]) => [deed, done, refused.get(deed) ?? 0]))
  ].join('\n')
}

type Attack = Readonly<{ tookMs: number; seed: number; effort: number; isSound: boolean }>

/** What the attacks tried, and what came of it. */
export const attackSection = (figures: readonly Figure[], { tookMs, seed, effort, isSound }: Attack): string => {
  const escapes = figures.reduce((sum, figure) => sum + figure.escapes, 0)
  return [
    `${new Date().toISOString().slice(0, 10)}, seed ${seed}${effort > 1 ? `, ${effort} times the usual number of inputs` : ''}, ${Math.ceil(tookMs / 60_000)} minutes: ${number(figures.reduce((sum, { tried }) => sum + tried, 0))} bad inputs tried, escapes: ${escapes === 0 && isSound ? 'none' : escapes || 'see the run'}.`, '',
    ...table(['what', 'tried', 'escapes'], figures.map((figure) => [figure.what, figure.tried, figure.escapes === 0 ? 'none' : figure.escapes]))
  ].join('\n')
}
