import { readFileSync } from 'node:fs'
import t from 'tap'
import { declaredProblems, renderProblems } from '../../scripts/problems.js'
import { LedgerEvent } from '../../src/ledger/model.js'
import { startApp } from '../support/app.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

t.test('problems: code, documents, catalogue and OpenAPI agree', async (t) => {
  const { nobody } = await startApp(t)
  const declared = await declaredProblems()

  t.test('one status and one title for each code', async (t) => {
    const byCode = new Map<string, string>()
    for (const { code, status, title } of declared) {
      const said = JSON.stringify({ status, title })
      t.equal(byCode.get(code) ?? said, said, code)
      byCode.set(code, said)
      t.match(code, /^[a-z]+(_[a-z]+)*$/)
      t.ok(title.zh.length > 0 && title.en.length > 0)
    }
  })

  t.test('docs/problems.md is what the declarations say', async (t) => {
    t.equal(read('docs/problems.md'), renderProblems(declared), 'run npm run docs:problems')
  })

  t.test('the catalogue has each declared problem that a route can answer, and no other', async (t) => {
    const { body } = await nobody.get('/v1/problems')
    t.same(body.items.map(({ code }: { code: string }) => code), [...new Set(declared.map(({ code }) => code))].sort((a, b) => a.localeCompare(b)))
  })

  t.test('OpenAPI 3.1 names only problems of the catalogue, resolves every reference, and knows every operation once', async (t) => {
    const { body } = await nobody.get('/openapi.json')
    const document = body
    t.match(document.openapi, /^3\.1\./)
    const codes = new Set(declared.map(({ code }) => code))
    const operations = Object.values(document.paths).flatMap((path: any) => Object.values(path)) as any[]
    const ids = operations.map(({ operationId }) => operationId)
    t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
    t.notOk(ids.includes(undefined), 'every operation has an id')
    for (const { responses, operationId } of operations) {
      for (const { content, description } of Object.values(responses) as any[]) {
        if (!content?.['application/problem+json']) continue
        for (const [, code] of description.matchAll(/`(\w+)`/g)) t.ok(codes.has(code), `${operationId}: ${code}`)
      }
    }
    const text = JSON.stringify(document)
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) t.ok(document.components.schemas[name as string], name as string)
  })
})

t.test('docs/accounting.md has a line for every event of the ledger, and no other', async (t) => {
  const table = read('docs/accounting.md').split('## Events')[1]?.split('## Units')[0] ?? ''
  const documented = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, event]) => event)
  t.same(documented.sort(), [...LedgerEvent.options].sort())
})
