import { randomUUID } from 'node:crypto'

/** HTTP, and nothing else: what the story knows of the service it was told by these calls. */

/** The story did not go as it must; its message is for people. */
export class Departure extends Error {
  override readonly name = 'Departure'
}

export type Answer = Readonly<{ status: number; body: any; headers: Headers }>

/** A file that is sent as it is. */
export type File = Readonly<{ type: string; content: string }>

type Sent = Readonly<{ body?: object | undefined; file?: File | undefined; key?: string | undefined }>

/** Calls as one person, or as nobody. Every POST gets a fresh idempotency key unless told otherwise. */
export type Api = Readonly<{
  /** What a call answered, whatever it was. */
  call: (method: string, path: string, sent?: Sent) => Promise<Answer>
  /** The body of a success; anything else is a departure. */
  get: (path: string) => Promise<any>
  put: (path: string, body: object) => Promise<any>
  post: (path: string, body?: object) => Promise<any>
  /** The problem a call must be refused with. */
  refused: (code: string, path: string, body?: object) => Promise<any>
  send: (path: string, file: File) => Promise<any>
}>

export type Caller = (method: string, path: string, sent?: Sent) => Promise<Answer>

const read = async (response: Response): Promise<any> => {
  const type = response.headers.get('content-type') ?? ''
  if (/json/.test(type)) return response.json()
  return /pdf/.test(type) ? Buffer.from(await response.arrayBuffer()) : response.text()
}

/** Calls with a token, or without. */
export const caller = (url: string, token?: string): Caller => async (method, path, { body, file, key } = {}) => {
  const response = await fetch(`${url}/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(method === 'POST' ? { 'idempotency-key': key ?? randomUUID() } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(file ? { 'content-type': file.type } : {})
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(file ? { body: file.content } : {})
  })
  return { status: response.status, body: await read(response), headers: response.headers }
}

/** What a call answered where it should not have. */
const said = ({ status, body }: Answer): string => (body?.code ? `${status} ${body.code}: ${body.detail}` : String(status))

export const apiOf = (call: Caller): Api => {
  const success = async (method: string, path: string, body?: object, file?: File): Promise<any> => {
    const answer = await call(method, path, { body, file })
    if (answer.status >= 300) throw new Departure(`${method} ${path} answered ${said(answer)}`)
    return answer.body
  }
  return {
    call,
    get: (path) => success('GET', path),
    put: (path, body) => success('PUT', path, body),
    post: (path, body) => success('POST', path, body),
    send: (path, file) => success('POST', path, undefined, file),
    refused: async (code, path, body) => {
      const answer = await call('POST', path, { body })
      if (answer.body?.code !== code) throw new Departure(`POST ${path} should be refused with ${code}, and answered ${said(answer)}`)
      return answer.body
    }
  }
}
