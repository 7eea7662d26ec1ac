import { readFile, readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { startApp } from '../support/app.js'

/*
 * Rules, runbooks and documentation against a running service: what an alert counts is there to be
 * counted, whoever is woken finds what to do, and the queries they are told to run do run.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8')

const Rules = z.strictObject({
  groups: z.array(z.strictObject({
    name: z.string(),
    rules: z.array(z.strictObject({
      alert: z.string().regex(/^Ticun[A-Za-z]+$/),
      expr: z.string(),
      for: z.string().regex(/^\d+[smh]$/),
      labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
      annotations: z.strictObject({ summary: z.string().regex(/\p{Script=Han}/u), summary_en: z.string().regex(/^[\x20-\x7e]+$/), runbook_url: z.string() })
    }))
  }))
})

const words = new Set(['sum', 'max', 'by', 'rate', 'increase', 'time', 'histogram_quantile', 'or', 'and', 'unless', 'le', 'job', 'instance'])

/** The metrics an expression names. */
const metricsIn = (expr: string): string[] =>
  (expr.replace(/\{[^}]*\}/g, '').replace(/\[[^\]]*\]/g, '').match(/[a-z_][a-z0-9_]*/g) ?? []).filter((word) => !words.has(word))

/** What its prose has to answer. */
const sections = ['What it means', 'What is at risk', 'First look', 'What to do', 'Stop taking money?', 'Who must be told']

t.test('alerts and runbooks', async (t) => {
  const rules = Rules.parse(parse(await read('ops/alerts.yml'))).groups.flatMap((group) => group.rules)
  const app = await startApp(t)
  const { payload } = await app.app.inject('/metrics')
  const exposed = new Map([...payload.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]))
  const ours = [...exposed.keys()].filter((name) => name.startsWith('ticun_'))
  /** A name as it stands in a query, of the metric it belongs to. */
  const metricOf = (name: string): string => {
    const base = name.replace(/_(bucket|count|sum)$/, '')
    return exposed.get(base) === 'histogram' ? base : name
  }

  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'each has a name of its own')
  t.same(rules.flatMap(({ expr }) => metricsIn(expr)).filter((name) => name !== 'up' && !exposed.has(metricOf(name))), [], 'what they count is exposed; `up` is the scraper\'s own')
  t.ok(rules.every(({ expr }) => metricsIn(expr).length > 0))

  const named = (alert: string): string => `docs/runbooks/${alert.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.md`
  t.same(rules.map(({ annotations }) => annotations.runbook_url), rules.map(({ alert }) => named(alert)))
  t.same((await readdir(`${root}docs/runbooks`)).map((file) => `docs/runbooks/${file}`).sort(), rules.map(({ alert }) => named(alert)).sort(), 'a runbook for each alert, and no other')

  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  let queries = 0
  for (const { alert, expr, annotations: { runbook_url: path } } of rules) {
    const text = await read(path)
    t.same([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title), sections, path)
    t.ok(text.startsWith(`# ${alert}\n`) && text.includes(`\`${expr}\``), `${path} says which rule it is for`)
    for (const [, block = ''] of text.matchAll(/```sql\n([\s\S]*?)```/g)) {
      queries += 1
      await owner.query(block).catch((error: Error) => { t.fail(`${path}: ${error.message}`, { block }) })
    }
    for (const [, block = ''] of text.matchAll(/```promql\n([\s\S]*?)```/g)) t.same(metricsIn(block).filter((name) => !['route', 'status'].includes(name) && !exposed.has(metricOf(name))), [], `${path}: a query`)
    for (const [, link = ''] of text.matchAll(/\]\((?!http)([^)#]+)/g)) await readFile(new URL(link, `file://${root}docs/runbooks/`)).catch(() => { t.fail(`${path} links to ${link}`) })
  }
  t.ok(queries > 15, `${queries} queries of runbooks run`)

  const documented = await read('docs/operation.md')
  t.same(ours.filter((name) => !documented.includes(`\`${name}\``)), [], 'every metric is in docs/operation.md')
  t.same([...new Set([...documented.matchAll(/`(ticun_\w+)`/g)].map(([, name = '']) => name))].filter((name) => !exposed.has(name)), [], 'which names no other')
  t.same(rules.filter(({ alert, labels: { severity } }) => !documented.includes(`| [${alert}](${named(alert).slice('docs/'.length)}) | ${severity} |`)).map(({ alert }) => alert), [], 'every alert is, too')
})
