import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DisputeStage } from '../src/disputes/model.js'
import { guards, procedure, type Transition } from '../src/disputes/procedure/rules.js'

/** Draws the procedure of disputes into docs/disputes.md; a test holds the page and the table together. */

const page = new URL('../docs/disputes.md', import.meta.url)
const [begin, end] = ['<!-- procedure: made by npm run docs:disputes -->', '<!-- end of procedure -->']

const deadlines = { negotiationDays: 'negotiation', mediationDays: 'mediation', courtDays: 'court', none: 'none' } as const

const label = ({ event, guard, needs }: Transition): string => `${event}${guard === undefined ? '' : ` [${guard}]`}${needs === undefined ? '' : ` [${needs}]`}`

/** One arrow for each pair of stages, with everything that leads from one to the other. */
const arrows = (): string[] => {
  const labels = new Map<string, string[]>()
  for (const row of procedure.filter(({ from, to }) => from !== to)) {
    const arrow = `  ${row.from} --> ${row.to}`
    labels.set(arrow, [...labels.get(arrow) ?? [], label(row)])
  }
  return [...labels].map(([arrow, events]) => `${arrow}: ${events.join(' / ')}`)
}

const conditions = ({ guard, needs }: Transition): string =>
  [guard, needs].filter((name) => name !== undefined).map((name) => guards[name].en).join('; ') || ''

const inOrder = [...procedure].sort((a, b) => DisputeStage.options.indexOf(a.from) - DisputeStage.options.indexOf(b.from))

const rows = (): string[] => inOrder.map((row) =>
  `| ${row.from} | \`${row.event}\` | ${row.by} | ${conditions(row)} | ${row.to} | ${row.deadline === undefined ? 'as it was' : deadlines[row.deadline]} |`)

/** The generated part of the page. */
export const renderProcedure = (): string => [
  begin, '',
  '```mermaid', 'stateDiagram-v2', '  [*] --> negotiation: open', ...arrows(), '```', '',
  '| stage | event | who | only if | then | deadline |', '|---|---|---|---|---|---|', ...rows(), '',
  end
].join('\n')

/** The page as it stands, and with its generated part made anew. */
export const readPage = (): { is: string; shouldBe: string } => {
  const is = readFileSync(page, 'utf8')
  const [before, after] = [is.slice(0, is.indexOf(begin)), is.slice(is.indexOf(end) + end.length)]
  return { is, shouldBe: `${before}${renderProcedure()}${after}` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, readPage().shouldBe)
