import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { assetKinds, AccountKind, LedgerEvent } from '../../src/ledger/model.js'
import { documentedEvents } from '../support/accounting.js'

const source = new URL('../../src/', import.meta.url)
const files = readdirSync(fileURLToPath(source), { recursive: true }).map(String).filter((file) => file.endsWith('.ts'))
const textOf = (file: string): string => readFileSync(new URL(file.replaceAll('\\', '/'), source), 'utf8')

/** What the code outside a file says in quotes. */
const saidOutside = (...except: string[]): string => files.filter((file) => !except.includes(file.replaceAll('\\', '/'))).map(textOf).join('\n')

t.test('every event of the ledger is posted somewhere', async (t) => {
  const said = saidOutside('ledger/model.ts', 'checks/statements.ts')
  t.same(LedgerEvent.options.filter((event) => !said.includes(`'${event}'`)), [])
})

t.test('every fact of the evidence log is written somewhere', async (t) => {
  const union = /export type Fact =([\s\S]*?)\n\n/.exec(textOf('evidence/model.ts'))?.[1] ?? ''
  const facts = [...union.matchAll(/'([a-z-]+)'/g)].map(([, fact]) => fact as string)
  t.ok(facts.length > 20)
  // A fact may be put together of what was done: 'merchant-' and 'approved'.
  const said = saidOutside('evidence/model.ts')
  const [first, last] = [(fact: string) => fact.slice(0, fact.indexOf('-')), (fact: string) => fact.slice(fact.lastIndexOf('-') + 1)]
  t.same(facts.filter((fact) => !said.includes(`'${fact}'`) && !(said.includes(`\`${first(fact)}-\${`) && said.includes(`'${last(fact)}'`))), [])
})

t.test('the document says of each event what is debited and what is credited', async (t) => {
  for (const [event, { D, C }] of documentedEvents()) {
    t.ok(D.size > 0 && C.size > 0, event)
    // Money that comes in or goes out has an asset on one side, and what explains it afterwards may; the rest moves between what is owed.
    const assets = [...D, ...C].filter((kind) => assetKinds.has(kind as AccountKind))
    const outside = /payment-received|settled|confirmed|taken|unexplained|resolved|interest-credited|topped-up|returned$/.test(event) && !['contested-settled', 'remainder-returned'].includes(event)
    t.equal(assets.length > 0, outside, `${event} ${outside ? 'reaches' : 'does not reach'} the outside`)
  }
})

t.test('the document explains every account that events name', async (t) => {
  const text = readFileSync(new URL('../../docs/accounting.md', import.meta.url), 'utf8')
  const explained = [...text.matchAll(/^\| `([a-z_]+):/gm)].map(([, kind]) => kind as string)
  const named = new Set([...documentedEvents().values()].flatMap(({ D, C }) => [...D, ...C]))
  t.same([...named].filter((kind) => !explained.includes(kind)), [])
  t.same(explained.filter((kind) => !AccountKind.options.includes(kind as AccountKind)), [])
})
