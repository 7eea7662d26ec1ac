import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifySchema } from 'fastify'
import { z } from 'zod'
import type { ProblemKind } from '../kernel/problem.js'
import { createJsonSchemas } from './zod.js'

/*
 * OpenAPI 3.1 from the very schemas that validate and encode, and from the problems each route
 * declares.
 */

export const ProblemDetails = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional()
}).loose().meta({ id: 'ProblemDetails', description: 'RFC 9457 problem details' })

type Responses = Record<string, z.ZodType | { description?: string; content: Record<string, { schema: unknown }> }>
type Options = Readonly<{ title: string; version: string; description: string }>

const problemResponses = (problems: readonly ProblemKind[], schema: unknown) => {
  const statuses = [...new Set(problems.map(({ status }) => status))]
  const byStatus = statuses.map((status) => [status, problems.filter((kind) => kind.status === status)] as const)
  return Object.fromEntries(byStatus.map(([status, kinds]) => [status, {
    description: kinds.map(({ code, title }) => `\`${code}\`: ${title.en} / ${title.zh}`).join('; '),
    content: { 'application/problem+json': { schema } }
  }]))
}

/** The wire forms of answers that come in several media types. */
const withContent = <Answer extends { content: Record<string, { schema: unknown }> }>(answer: Answer, wire: (schema: z.ZodType) => unknown): Answer => ({
  ...answer,
  content: Object.fromEntries(Object.entries(answer.content).map(([type, { schema }]) => [type, { schema: schema instanceof z.ZodType ? wire(schema) : schema }]))
})

const plugin: FastifyPluginAsync<Options> = async (app, { title, version, description }) => {
  const schemas = createJsonSchemas()

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }
    },
    transform: ({ schema, url, route }) => {
      const { body, querystring, params, headers, response = {}, ...rest } = (schema ?? {}) as FastifySchema & { response?: Responses; description?: string }
      const { access, idempotent, problems = [] } = route.config ?? {}
      if (access === undefined) return { schema: { ...rest, hide: true } as FastifySchema, url }
      const transformed: Record<string, unknown> = { ...rest, security: access === 'public' ? [] : [{ bearer: [] }] }
      if (Array.isArray(access)) transformed.description = [rest.description, `Ends: ${access.join(', ')}.`].filter(Boolean).join('\n\n')
      for (const [part, value] of Object.entries({ body, querystring, params, headers })) {
        if (value instanceof z.ZodType) transformed[part] = schemas.of(value)
      }
      if (idempotent) {
        transformed.headers = {
          type: 'object',
          required: ['idempotency-key'],
          properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 255, description: 'Unique per request; the same key gives the first answer again' } }
        }
      }
      transformed.response = {
        ...Object.fromEntries(Object.entries(response).map(([status, value]) =>
          [status, value instanceof z.ZodUndefined ? { type: 'null', description: 'No content' } : value instanceof z.ZodType ? { description: 'OK', content: { 'application/json': { schema: schemas.of(value) } } } : withContent(value, schemas.of)])),
        ...problemResponses(problems, schemas.of(ProblemDetails)),
        default: { description: 'Any other refusal that calls share: GET /v1/problems lists them all', content: { 'application/problem+json': { schema: schemas.of(ProblemDetails) } } }
      }
      return { schema: transformed as FastifySchema, url }
    },
    transformObject: (document) => {
      const object = (document as { openapiObject: { components?: { schemas?: object } } }).openapiObject
      return { ...object, components: { ...object.components, schemas: { ...object.components?.schemas, ...schemas.components } } } as never
    }
  })

  await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

export const openapi = fp(plugin, { name: 'openapi' })
