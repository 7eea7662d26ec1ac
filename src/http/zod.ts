import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { z } from 'zod'
import type { Text } from '../kernel/problem.js'
import { validationFailed } from '../kernel/problems.js'
import { storedText } from '../kernel/wire.js'

/*
 * The same zod schema validates a request, encodes a response and makes the OpenAPI document.
 * A codec's outer side is the wire. Messages are made in both languages, on failure only.
 */

const chinese = z.locales.zhCN().localeError
const english = z.locales.en().localeError

/** A refinement says what it wants in both languages by its `params: { zh, en }`. */
const ownMessageOf = (issue: z.core.$ZodIssue): Text | undefined => {
  const params: Record<string, unknown> = issue.code === 'custom' ? issue.params ?? {} : {}
  return typeof params.zh === 'string' && typeof params.en === 'string' ? { zh: params.zh, en: params.en } : undefined
}

const pathOf = (path: readonly PropertyKey[]) => path.map(String).join('.')

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema }) => (input) => {
  const parsed = schema.safeParse(input)
  if (parsed.success) return { value: parsed.data }
  const zh = schema.safeParse(input, { error: chinese }).error?.issues ?? []
  const en = schema.safeParse(input, { error: english }).error?.issues ?? []
  const errors = en.map((issue, i) => ({
    path: pathOf(issue.path),
    message: ownMessageOf(issue) ?? { zh: zh[i]?.message ?? issue.message, en: issue.message }
  }))
  return { error: validationFailed({ errors: errors }) }
}

export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema }) => (value) =>
  storedText(value) ?? JSON.stringify(schema.encode(value))

type JsonSchema = Record<string, unknown>

/** The JSON Schema (2020-12) of a schema's wire form; named parts go into `components`. */
export const createJsonSchemas = () => {
  const components: Record<string, JsonSchema> = {}

  const relocated = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(relocated)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, value]) =>
      key === '$ref' && typeof value === 'string' ? [key, value.replace('#/$defs/', '#/components/schemas/')] : [key, relocated(value)]))
  }

  const of = (schema: z.ZodType): JsonSchema => {
    const { $defs = {}, $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema & { $defs?: Record<string, JsonSchema> }
    for (const [name, definition] of Object.entries($defs)) {
      const component = relocated(definition) as JsonSchema
      const other = components[name]
      if (other && JSON.stringify(other) !== JSON.stringify(component)) throw new Error(`two schemas are called ${name}`)
      components[name] = component
    }
    return relocated(rest) as JsonSchema
  }

  return { of, components }
}
