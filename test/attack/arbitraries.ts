import fc, { type Arbitrary } from 'fast-check'

/*
 * Values by JSON Schema: what the document allows, what it nearly allows, and what is sent by
 * somebody who means harm. Made by fast-check from the service's own OpenAPI document, which is
 * made from the zod schemas that check requests.
 */

type Schema = Record<string, any>

/** Texts that break what trusts them: databases, logs, spreadsheets, pages, shells, files, formats. */
export const hostileTexts: readonly string[] = [
  '\0', 'a\0b', '\ud800', 'x\udc00y', '\ufffe', '\uffff', '\u202e\u2066', '\u200b', '\ufeff', 'e\u0301'.repeat(100), 'Z̴̡̢̛'.repeat(50), '👨‍👩‍👧‍👦'.repeat(20), '𠮷野家', 'مرحبا', '١٢٣', '１２３', '½', '\r\nset-cookie: a=b', 'a\nb', '\u2028', '\u0085', '\u001b[2J', '\b\b\b',
  "' or '1'='1", "'; drop table contracts; --", "1); select pg_sleep(30); --", "' union select phone_sealed from people --", '$1', '$$', '%s%n', '{{7*7}}', '${7*7}', '#{7*7}', '<%= 7*7 %>', '`id`', '$(id)', '; id', '| id', '\\', '\\x00', "E'\\\\'", '%00', '%', '_', '%25',
  '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '=cmd|\'/c calc\'!A0', '=HYPERLINK("http://x","y")', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'javascript:alert(1)', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;', ']]>', '&lt;', '(\\)>>/JavaScript(app.alert(1))', '%PDF-1.7', 'endobj',
  '../../../../etc/passwd', '..\\..\\win.ini', '/dev/null', 'C:\\', 'CON', 'file:///etc/passwd', 'http://169.254.169.254/', 'gopher://127.0.0.1:1', 'http://[::1]', 'http://127.1', '//x', 'NaN', 'Infinity', '-0', '1e999', '0x10', '1_000', '1,000', ' 1', '1 ', 'null', 'undefined', 'true', '[object Object]', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '',
  ' ', '\t', '　', 'a'.repeat(10_000), 'a'.repeat(10_001), '汉'.repeat(10_001), '9'.repeat(400), '-'.repeat(300), '('.repeat(5_000), 'a'.repeat(64) + '!', '0'.repeat(50) + '1',
  '0000-00-00', '0000-01-01', '0001-01-01', '2026-02-30', '2025-02-29', '9999-12-31', '10000-01-01', '+275760-09-13', '-000001-01-01', '2026-13-01', '2026-1-1', '2026-11-28T24:00:00Z', '2026-11-28T23:59:60Z', '9999-12-31T23:59:59.999999999Z', '275760-09-13T00:00:00.001Z', '1969-12-31T23:59:59Z', '2026-11-28T00:00:00+99:99', '2026W481', '2026Q5', '0000Q1',
  'https://outside.example/\r\nx: y', 'whsec_', 'per_', `ctr_${'0'.repeat(26)}`, `ctr_7${'z'.repeat(25)}`, `CTR_${'0'.repeat(26)}`
]

const hostileNumbers: readonly unknown[] = [0, -0, -1, 1, 0.5, -0.5, 1e-7, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 63, 2 ** 64, 1e21, 1e300, Number.MAX_VALUE, Number.MIN_VALUE]

const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

/** What no field should take, or only after a look. */
export const hostile: Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 4, arbitrary: fc.constantFrom(...hostileNumbers) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [null], [[]], { length: 5 }, { toString: 'x' }, { then: 1 }, JSON.parse('{"__proto__": {"isAdmin": true}}'), JSON.parse('{"constructor": {"prototype": {"isAdmin": true}}}')) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(nested(500, (inner) => [inner]), nested(500, (inner) => ({ a: inner })), Array.from({ length: 10_000 }, (_, i) => i), Array.from({ length: 10_000 }, () => 'x'), Array.from({ length: 2_000 }, () => ({})), Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, i]))) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((value) => Number(value)) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) }
)

const fitting = (pattern: string): Arbitrary<string> => {
  try {
    return fc.stringMatching(new RegExp(pattern))
  } catch {
    // fast-check does not make what looks ahead.
    return fc.string()
  }
}

/** Values that the document allows, and some at its very edges. `idOf`: an id that names something, by its prefix. */
export const allowedBy = (schema: Schema, document: any, idOf: (prefix: string) => string | undefined): Arbitrary<unknown> => {
  const of = (inner: Schema): Arbitrary<unknown> => allowedBy(inner, document, idOf)
  if (schema.$ref) return of(document.components.schemas[schema.$ref.split('/').at(-1)])
  const variants: Schema[] | undefined = schema.oneOf ?? schema.anyOf
  if (variants) return fc.oneof(...variants.map(of))
  if (schema.allOf) return fc.tuple(...(schema.allOf as Schema[]).map(of)).map((parts) => Object.assign({}, ...parts))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch ([schema.type].flat()[0]) {
    case 'object': {
      const { properties = {}, required = [] } = schema
      return fc.record(Object.fromEntries(Object.entries<Schema>(properties).map(([name, inner]) => [name, of(inner)])), { requiredKeys: required, noNullPrototype: true })
    }
    case 'array': return fc.array(of(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 5, 5) })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'integer':
    case 'number': {
      const [min, max] = [Math.max(schema.minimum ?? -(2 ** 53 - 1), -(2 ** 53 - 1)), Math.min(schema.maximum ?? 2 ** 53 - 1, 2 ** 53 - 1)]
      return fc.oneof(fc.constantFrom(min, max, Math.min(max, Math.max(min, 1))), fc.integer({ min, max }))
    }
    case 'string': {
      const prefix = /^\^(\w+)_/.exec(schema.pattern ?? '')?.[1]
      const known = prefix === undefined ? undefined : idOf(prefix)
      if (known !== undefined) return fc.constant(known)
      if (schema.format === 'date') return fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
      if (schema.format === 'date-time') return fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }).map((date) => date.toISOString())
      if (schema.pattern !== undefined) return fitting(schema.pattern)
      return fc.oneof(fc.string({ minLength: Math.min(schema.minLength ?? 0, 100), maxLength: Math.min(schema.maxLength ?? 200, 200), unit: 'grapheme' }), fc.constantFrom(...hostileTexts))
    }
    default: return hostile
  }
}

type Place = readonly (string | number)[]

const placesIn = (value: unknown, at: Place = []): Place[] => (typeof value !== 'object' || value === null
  ? [at]
  : [at, ...Object.entries(value).slice(0, 20).flatMap(([key, inner]) => placesIn(inner, [...at, key]))])

const replaced = (value: unknown, [key, ...rest]: Place, by: unknown): unknown => {
  if (key === undefined) return by
  const copy: any = Array.isArray(value) ? [...value] : { ...value as object }
  copy[key] = replaced(copy[key], rest, by)
  return copy
}

/** A body with one to three of its parts replaced by something hostile, one taken out, or one added. */
export const spoiled = (body: unknown): Arbitrary<unknown> => {
  const places = placesIn(body)
  const change = fc.tuple(fc.nat({ max: places.length - 1 }), hostile).map(([i, by]) => [places[i] as Place, by] as const)
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => changes.reduce<unknown>((whole, [place, by]) => {
      try {
        return replaced(whole, place, by)
      } catch {
        return by
      }
    }, body)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('__proto__', 'constructor', 'prototype', 'id', 'officeId', 'status', 'personId', 'merchantId', 'toJSON', '', ' ', 'a'.repeat(5_000), '\u202e'), hostile).map(([name, value]) => {
      const copy = { ...(typeof body === 'object' ? body : {}) }
      Object.defineProperty(copy, name, { value, enumerable: true })
      return copy
    }) }
  )
}

/** JSON as nobody writes it: names said twice, numbers out of range, odd spaces. */
export const asText = (value: unknown): Arbitrary<string> => {
  const text = JSON.stringify(value) ?? 'null'
  return fc.oneof(
    { weight: 10, arbitrary: fc.constant(text) },
    { weight: 1, arbitrary: fc.constant(text.replace(/^\{/, `{${text.slice(1, -1)}${text.length > 2 ? ',' : ''}`)) },
    { weight: 1, arbitrary: fc.constantFrom('1e999', '-1e999', '9'.repeat(400), '0.1e-999').map((number) => text.replace(/:-?\d+/, `:${number}`)) },
    { weight: 1, arbitrary: fc.constant(text.replace(/([,:{}[\]])/g, ' \t\r\n$1')) }
  )
}
