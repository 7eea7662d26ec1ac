import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { inLanguage, Problem, type Language, type ProblemKind, type Text } from '../kernel/problem.js'
import { notFound, rateLimited, validationFailed } from '../kernel/problems.js'
import { universalProblems } from './catalogue.js'
import { internalError, malformedRequest, tooLarge } from './problems.js'

/** The language of an answer, by `Accept-Language` (RFC 9110 §12.5.4); Chinese unless English is preferred. */
export const languageOf = (request: FastifyRequest): Language => {
  const ranges = (request.headers['accept-language'] ?? '').split(',').map((range) => {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
    const quality = parameters.map((p) => /^\s*q=([\d.]+)$/.exec(p)?.[1]).find(Boolean)
    return { tag, quality: quality === undefined ? 1 : Number(quality) }
  })
  const best = (language: string) => Math.max(0, ...ranges.filter(({ tag }) => tag === language || tag.startsWith(`${language}-`)).map(({ quality }) => quality))
  return best('en') > best('zh') ? 'en' : 'zh-CN'
}

const asProblem = (error: FastifyError | Problem): Problem => {
  if (error instanceof Problem) {
    const context = (error as { validationContext?: string }).validationContext
    // An id in the path that cannot be one names nothing.
    return context === 'params' && error.code === validationFailed.code ? notFound({}) : error
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return tooLarge({ maxBytes: (error as { limit?: number }).limit ?? 0 })
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL': return malformedRequest({})
    case 'FST_ERR_MAX_PARAM_LENGTH': return notFound({})
  }
  if (error.statusCode === 429) return rateLimited({ retryAfterSeconds: 1 })
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return malformedRequest({})
  return internalError({})
}

const isText = (value: unknown): value is Text =>
  typeof value === 'object' && value !== null && 'zh' in value && 'en' in value

const rendered = (value: unknown, language: Language): unknown => {
  if (isText(value)) return inLanguage(value, language)
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item) => rendered(item, language))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rendered(item, language)]))
  return value
}

/** The RFC 9457 body of a problem. Bigints and dates among its facts take their wire form. */
export const problemDetails = (problem: Problem, request: FastifyRequest) => {
  const language = languageOf(request)
  return {
    ...(rendered(problem.facts, language) as object),
    type: `/v1/problems#${problem.code}`,
    title: inLanguage(problem.kind.title, language),
    status: problem.kind.status,
    code: problem.code,
    detail: inLanguage(problem.detail, language),
    requestId: request.id
  }
}

const universalCodes: ReadonlySet<string> = new Set(universalProblems.map(({ code }) => code))

export type UndeclaredProblem = (request: FastifyRequest, kind: ProblemKind) => void

export const createErrorHandler = (onUndeclared: UndeclaredProblem) =>
  (error: FastifyError | Problem, request: FastifyRequest, reply: FastifyReply) => {
    const problem = asProblem(error)
    if (problem.kind.status >= 500 && problem.code !== 'unavailable') request.log.error({ reqId: request.id, err: error }, 'request failed')
    else request.log.debug({ reqId: request.id, code: problem.code }, 'request refused')

    const declared = request.routeOptions.config?.problems ?? []
    if (!universalCodes.has(problem.code) && !declared.some(({ code }) => code === problem.code)) onUndeclared(request, problem.kind)

    const retryAfter = problem.facts.retryAfterSeconds
    if (typeof retryAfter === 'number') reply.header('retry-after', String(retryAfter))
    if (problem.kind.status === 401) reply.header('www-authenticate', 'Bearer')
    return reply
      .code(problem.kind.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .serializer((body: unknown) => JSON.stringify(body))
      .send(problemDetails(problem, request))
  }
