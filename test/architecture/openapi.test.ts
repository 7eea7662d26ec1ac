import t from 'tap'
import { startApp } from '../support/app.js'
import { operationsOf, type Operation } from '../http/schema.js'

/** Calls that make an obligation or move money: they need an Idempotency-Key. */
const needKeys = [
  'POST /v1/merchants', 'POST /v1/merchants/{id}/closure', 'POST /v1/products', 'POST /v1/contracts', 'POST /v1/contracts/{id}/payments',
  'POST /v1/redemptions', 'POST /v1/redemptions/{id}/void', 'POST /v1/redemptions/{id}/objection',
  'POST /v1/settlements', 'POST /v1/settlements/{id}/approve', 'POST /v1/bank-statements',
  'POST /v1/contracts/{id}/refunds', 'POST /v1/refunds/{id}/approve',
  'POST /v1/disputes', 'POST /v1/disputes/{id}/offers', 'POST /v1/disputes/{id}/proposals', 'POST /v1/disputes/{id}/award', 'POST /v1/disputes/{id}/execute',
  // beyond the contract of the API: money moves by these too
  'POST /v1/contracts/{id}/deposit/refuse', 'POST /v1/refunds/{id}/bank-transfer', 'POST /v1/refunds/{id}/bank-transfer/approve',
  'POST /v1/disputes/{id}/award/corrections', 'POST /v1/disputes/{id}/judgment',
  'POST /v1/legal-holds', 'POST /v1/legal-holds/{id}/approve', 'POST /v1/legal-holds/{id}/lifting', 'POST /v1/legal-holds/{id}/lifting/approve',
  'POST /v1/channels/{channel}/reports/{date}',
  'POST /v1/suspense-items/{id}/resolution', 'POST /v1/suspense-items/{id}/resolution/approve',
  'POST /v1/reconciliations/{date}/close', 'POST /v1/reconciliations/{date}/close/approve',
  'POST /v1/unclaimed/items', 'POST /v1/unclaimed/items/{id}/approve', 'POST /v1/unclaimed/items/{id}/claim', 'POST /v1/unclaimed/items/{id}/claim/approve',
  // and these change what is owed, when, or where it is paid to
  'POST /v1/contracts/{id}/pauses', 'POST /v1/contracts/{id}/transfers', 'POST /v1/merchants/{id}/settlement-account-changes'
]

/** What the sandbox only plays: no obligation of ours. */
const isSandbox = ({ path }: Operation): boolean => path.startsWith('/v1/sandbox/')

t.test('the OpenAPI document', async (t) => {
  const { app } = await startApp(t)
  const document = (await app.inject('/openapi.json')).json()
  const operations = operationsOf(document)
  const name = ({ method, path }: Operation): string => `${method} ${path}`

  t.test('knows each call by a verb of its own, what it is for, and who may make it', async (t) => {
    for (const [path, methods] of Object.entries<any>(document.paths)) {
      for (const [method, { operationId, summary, tags, security }] of Object.entries<any>(methods)) {
        t.match(operationId, /^[a-z][A-Za-z]+$/, `${method} ${path}`)
        t.ok(typeof summary === 'string' && summary.length > 5 && tags?.length === 1 && Array.isArray(security), operationId)
      }
    }
    const ends = ['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator']
    t.same(operations.filter((one) => typeof one.ends !== 'string' && one.ends.some((end) => !ends.includes(end))).map(name), [])
    t.ok(operations.length > 60)
  })

  t.test('asks for a key exactly where an obligation is made or money is moved', async (t) => {
    const known = new Set(operations.map(name))
    t.same(operations.filter(({ isIdempotent }) => isIdempotent).map(name).sort(), needKeys.filter((one) => known.has(one)).sort())
    t.same(operations.filter((one) => one.isIdempotent && (one.method !== 'POST' || isSandbox(one))).map(name), [])
  })

  t.test('names every part of a path, and nothing that is not in it', async (t) => {
    for (const operation of operations) {
      t.same(operation.pathIds.map((one) => one.name).sort(), [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part).sort(), name(operation))
    }
  })

  t.test('says of every call what success is, and that any refusal is a problem', async (t) => {
    for (const [path, methods] of Object.entries<any>(document.paths)) {
      for (const [method, { responses }] of Object.entries<any>(methods)) {
        const statuses = Object.keys(responses)
        t.equal(statuses.filter((status) => /^2/.test(status)).length, 1, `${method} ${path}`)
        t.same(statuses.filter((status) => !/^2/.test(status)).map((status) => Object.keys(responses[status].content)).flat().filter((type) => type !== 'application/problem+json'), [])
        t.ok(responses.default, 'any other refusal')
      }
    }
  })

  t.test('leaves no schema open, and none unused', async (t) => {
    const open: string[] = []
    const look = (schema: any, at: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      const isEmpty = ['type', '$ref', 'oneOf', 'anyOf', 'allOf', 'enum', 'const'].every((key) => !(key in schema))
      if (isEmpty) open.push(at)
      for (const [property, inner] of Object.entries(schema.properties ?? {})) look(inner, `${at}.${property}`)
      for (const variant of schema.oneOf ?? schema.anyOf ?? []) look(variant, `${at}|`)
      if (schema.items) look(schema.items, `${at}[]`)
    }
    for (const [schemaName, schema] of Object.entries(document.components.schemas)) look(schema, schemaName)
    for (const operation of operations) {
      if (operation.body && operation.id !== 'notify') look(operation.body, `${operation.id} body`)
      for (const [status, schema] of Object.entries(operation.answers)) look(schema, `${operation.id} ${status}`)
      for (const { name: parameter, schema } of operation.query) look(schema, `${operation.id} ?${parameter}`)
    }
    t.same(open, [])
    const text = JSON.stringify(document)
    t.same(Object.keys(document.components.schemas).filter((schemaName) => !text.includes(`"#/components/schemas/${schemaName}"`)), [], 'each is used')
    t.notMatch(text, /\$defs|#\/definitions/)
  })

  t.test('writes money as integers of fen, instants as date-times, and ids by their kind', async (t) => {
    const wrong: string[] = []
    const look = (schema: any, at: string): void => {
      for (const [property, inner] of Object.entries<any>(schema?.properties ?? {})) {
        const types = [inner.type ?? inner.anyOf?.map(({ type }: any) => type)].flat(2)
        if (/Fen$/.test(property) && !types.includes('integer')) wrong.push(`${at}.${property}`)
        if (/At$|Until$/.test(property) && !types.includes('string')) wrong.push(`${at}.${property}`)
        look(inner, `${at}.${property}`)
      }
    }
    for (const [schemaName, schema] of Object.entries(document.components.schemas)) look(schema, schemaName)
    t.same(wrong, [])
  })
})
