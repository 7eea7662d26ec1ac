import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import type { Test } from 'tap'
import { createApp } from '../../src/app.js'
import type { Config } from '../../src/config.js'
import { createDatabase, sandboxConfig, type TestDatabase } from './database.js'
import { watchUpdates } from './watch.js'

/** `bytes`: the body as it came, for what is not text. */
export type Answer = Readonly<{ status: number; body: any; headers: Record<string, any>; bytes?: Buffer }>

type Options = Readonly<{ key?: string | false; headers?: Record<string, string> }>

/** Calls the API as one signed-in person, or as nobody. Every POST gets a fresh idempotency key unless told otherwise. */
export type Api = Readonly<{
  get: (path: string, options?: Options) => Promise<Answer>
  post: (path: string, body?: object, options?: Options) => Promise<Answer>
  put: (path: string, body?: object, options?: Options) => Promise<Answer>
  delete: (path: string, options?: Options) => Promise<Answer>
  token: string | undefined
}>

type Instance = Awaited<ReturnType<typeof createApp>>

/** Updates that a cluster would refuse. */
const refused: string[] = []
watchUpdates((text) => { refused.push(`a row is given its office again: ${text}`) })

/** With TICUN_TEST_PROCESSES=2 every test's service is that many, as its processes are: on one database, called in turn. */
export const instances = Number(process.env.TICUN_TEST_PROCESSES ?? 1)

/** `processes`: 1 where a test is about what one process remembers: what it has counted, or an outside world told to fail. */
export type Settings = Partial<Config> & Readonly<{ processes?: number }>

/** The service on a private database with its sandbox, without a socket; closed with the test. Jobs run by the sandbox's clock only. */
export const startApp = async (t: Test, { processes = instances, ...settings }: Settings = {}, given?: TestDatabase, logger: Logger = pino({ level: sandboxConfig.logLevel })) => {
  const database = given ?? await createDatabase()
  const dataDirectory = join(tmpdir(), `ticun-test-${randomUUID()}`)
  const undeclared: string[] = []
  const all: Instance[] = []
  for (let i = 0; i < processes; i++) {
    all.push(await createApp({
      config: { ...sandboxConfig, dataDirectory, ...settings }, serviceUrl: database.serviceUrl, logger,
      onUndeclared: (request, { code }) => { undeclared.push(`${request.method} ${request.routeOptions.url} answered ${code} without declaring it`) }
    }))
  }
  const [ticun] = all as [Instance]
  t.teardown(async () => {
    for (const instance of all) await instance.close()
    await database.drop()
    await rm(dataDirectory, { recursive: true, force: true })
    if (undeclared.length + refused.length > 0) throw new Error([...undeclared, ...refused].join('; '))
  })

  let calls = 0
  const next = (): Instance => all[calls++ % all.length] as Instance

  const call = (token: string | undefined) => async (method: string, path: string, body: object | undefined, { key, headers = {} }: Options = {}): Promise<Answer> => {
    const response = await next().app.inject({
      method: method as 'GET', url: /^\/(v1|\.|openapi)/.test(path) ? path : `/v1${path}`,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(method === 'POST' && key !== false ? { 'idempotency-key': key ?? randomUUID() } : {}),
        ...headers
      },
      ...(body === undefined ? {} : { payload: body })
    })
    const isJson = /json/.test(String(response.headers['content-type'] ?? ''))
    return { status: response.statusCode, body: isJson ? response.json() : response.payload, headers: response.headers, bytes: response.rawPayload }
  }

  const as = (token?: string): Api => {
    const run = call(token)
    return {
      get: (path, options) => run('GET', path, undefined, options),
      post: (path, body, options) => run('POST', path, body, options),
      put: (path, body, options) => run('PUT', path, body, options),
      delete: (path, options) => run('DELETE', path, undefined, options),
      token
    }
  }

  return { ...ticun, keepEvidence: () => next().keepEvidence(), runDue: () => next().runDue(), database, dataDirectory, as, nobody: as() }
}

export type TestApp = Awaited<ReturnType<typeof startApp>>
