/*
 * What the service's own OpenAPI document says of its calls, and a small reading of JSON Schema:
 * enough to say whether a value is one the document allows.
 */

type Schema = Record<string, any>

export type Operation = Readonly<{
  id: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  /** undefined: anybody; 'signed_in': whoever is; else the ends */
  ends: 'public' | 'signed_in' | readonly string[]
  isIdempotent: boolean
  pathIds: readonly Readonly<{ name: string; prefix: string | undefined }>[]
  query: readonly Readonly<{ name: string; schema: Schema }>[]
  body: Schema | undefined
  /** the schema of each success that has one */
  answers: Readonly<Record<string, Schema>>
  statuses: readonly string[]
}>

const prefixOf = ({ pattern }: Schema): string | undefined => /^\^(\w+)_/.exec(pattern ?? '')?.[1]

export const operationsOf = ({ paths }: any): Operation[] => Object.entries<any>(paths).flatMap(([path, methods]) =>
  Object.entries<any>(methods).map(([method, { operationId, security, description = '', parameters = [], requestBody, responses }]) => ({
    id: operationId,
    method: method.toUpperCase(),
    path,
    ends: security.length === 0 ? 'public' : /Ends: ([\w, ]+)\./.exec(description)?.[1]?.split(', ') ?? 'signed_in',
    isIdempotent: parameters.some(({ name }: any) => name === 'idempotency-key'),
    pathIds: parameters.filter((one: any) => one.in === 'path').map(({ name, schema }: any) => ({ name, prefix: prefixOf(schema) })),
    query: parameters.filter((one: any) => one.in === 'query').map(({ name, schema }: any) => ({ name, schema })),
    body: requestBody?.content['application/json']?.schema,
    answers: Object.fromEntries(Object.entries<any>(responses).flatMap(([status, { content }]) =>
      (/^2/.test(status) && content?.['application/json'] ? [[status, content['application/json'].schema]] : []))),
    statuses: Object.keys(responses)
  } as Operation)))

/** A schema with its reference followed, and the variant that a value is of. */
const resolved = (schema: Schema, value: unknown, document: any): Schema => {
  if (schema.$ref) return resolved(document.components.schemas[schema.$ref.split('/').at(-1)], value, document)
  const variants: Schema[] | undefined = schema.oneOf ?? schema.anyOf
  if (!variants) return schema
  const followed = variants.map((variant) => resolved(variant, value, document))
  const isOfKind = ({ properties = {} }: Schema) => Object.entries<any>(properties).every(([name, { const: constant }]) =>
    constant === undefined || (value as any)?.[name] === constant)
  return followed.find((variant) => variant.type === 'object' && typeof value === 'object' && value !== null && isOfKind(variant)) ??
    followed.find((variant) => isAllowed(variant, value, document)) ?? followed[0] as Schema
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return typeof value
}

const isOfType = (type: string, value: unknown): boolean => typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer')

/** Whether the document allows a value here. What it says in prose only (refinements) is not looked at. */
export const isAllowed = (given: Schema, value: unknown, document: any): boolean => {
  const variants: Schema[] | undefined = given.oneOf ?? given.anyOf
  if (variants) return variants.some((variant) => isAllowed(variant, value, document))
  const schema = resolved(given, value, document)
  if (schema !== given) return isAllowed(schema, value, document)
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOfType(type, value))) return false
  if (schema.const !== undefined && schema.const !== value) return false
  if (schema.enum && !schema.enum.includes(value)) return false
  if (typeof value === 'number') return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)
  if (typeof value === 'string') {
    // Some texts are trimmed before they are looked at, which the document does not say.
    return [value, value.trim()].some((text) => text.length >= (schema.minLength ?? 0) && text.length <= (schema.maxLength ?? Infinity) &&
      (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text)))
  }
  if (Array.isArray(value)) return value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? Infinity) && value.every((item) => isAllowed(schema.items ?? {}, item, document))
  if (typeof value === 'object' && value !== null) {
    return (schema.required ?? []).every((name: string) => name in value) &&
      Object.entries(schema.properties ?? {}).every(([name, property]) => !(name in value) || isAllowed(property as Schema, (value as any)[name], document))
  }
  return true
}

export type Field = Readonly<{ path: readonly string[]; schema: Schema; isRequired: boolean }>

/** The fields of a body, those within its objects too, by the variant of the schema it is of. */
export const fieldsOf = (schema: Schema, body: any, document: any, at: readonly string[] = []): Field[] => {
  const { properties = {}, required = [] } = resolved(schema, body, document)
  return Object.entries<Schema>(properties).flatMap(([name, property]) => {
    const path = [...at, name]
    const inner = typeof body?.[name] === 'object' && body[name] !== null && !Array.isArray(body[name]) ? fieldsOf(property, body[name], document, path) : []
    return [{ path, schema: property, isRequired: required.includes(name) }, ...inner]
  })
}

/** A copy of a body with one field replaced, or taken out. */
export const withField = (body: any, [name, ...rest]: readonly string[], value: unknown): any => {
  const others = Object.entries(body ?? {}).filter(([other]) => other !== name)
  const inner = rest.length > 0 ? withField(body[name as string], rest, value) : value
  return Object.fromEntries(inner === undefined ? others : [...others, [name, inner]])
}

/** Texts that are valid JSON and that PostgreSQL cannot store: they are refused everywhere. */
export const unstorable: readonly string[] = ['\0', 'a\0b', '\ud800', 'x\udc00y']

/** What no field expects, and what some might take for something else. */
export const oddities: readonly unknown[] = [
  null, true, 0, -1, 1.5, 2 ** 53, 1e300, '', ' ', '0', 'NaN', 'x'.repeat(10_001), '\u001b[31m', '\u202e', '🏊‍♀️🏊', '１２３', "'; drop table contracts; --",
  '<script>', '%00', '../../etc/passwd', [], [null], [[[[]]]], {}, { toString: 1 }, JSON.parse('{"__proto__": {"isAdmin": true}}'), JSON.parse('{"constructor": {"prototype": {}}}')
]
