import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** HTTP as people use it: an answer that does not come is asked for again, under the same key. */

export type Reply = Readonly<{ status: number; body: any; isReplay: boolean }>

export type Call = Readonly<{
  method: 'GET' | 'POST' | 'PUT'
  path: string
  token?: string | undefined
  key?: string | undefined
  body?: object | Readonly<{ raw: Buffer; type: string }> | undefined
  headers?: Readonly<Record<string, string>>
  timeoutMs?: number
}>

const usualTimeoutMs = 8_000

const isRaw = (body: Call['body']): body is Readonly<{ raw: Buffer; type: string }> => body !== undefined && 'raw' in body && Buffer.isBuffer(body.raw)

const contentOf = (body: Call['body']): Readonly<{ bytes: Buffer; type: string }> | undefined => {
  if (body === undefined) return undefined
  return isRaw(body) ? { bytes: body.raw, type: body.type } : { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' }
}

/** What a caller has to do with an answer that is none: wait, and ask again. */
const isPassing = ({ status, body }: Reply): boolean => status >= 500 || status === 429 || (status === 409 && body?.code === 'idempotency_in_progress')

/** @param ports of the processes, as clients reach them @param onFault an answer that says the service itself is at fault */
export const createClient = (ports: readonly number[], onFault: (call: Call, reply: Reply) => void) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })

  /** Sends once. @throws Error when no answer came: whether it was done is not known */
  const send = async (service: number, { method, path, token, key, body, headers = {}, timeoutMs = usualTimeoutMs }: Call): Promise<Reply> => {
    const content = contentOf(body)
    const sent = request({
      agent, host: '127.0.0.1', port: ports[service % ports.length], method, path: `/v1${path}`, timeout: timeoutMs,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}), ...(key ? { 'idempotency-key': key } : {}), 'accept-language': 'en',
        ...(content ? { 'content-type': content.type, 'content-length': content.bytes.length } : {}), ...headers
      }
    })
    sent.on('timeout', () => { sent.destroy(new Error('no answer in time')) })
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve)
      sent.on('error', reject)
      sent.end(content?.bytes)
    })
    const said = await text(response)
    const isJson = /json/.test(response.headers['content-type'] ?? '')
    return { status: response.statusCode ?? 0, body: isJson ? JSON.parse(said) : said, isReplay: response.headers['idempotency-replayed'] === 'true' }
  }

  /**
   * Asks until it is answered, now this process, now that one.
   * @returns the answer, and whether an earlier attempt may have been done unseen; undefined after `tries` in vain
   */
  const ask = async (service: number, call: Call, tries: number): Promise<Readonly<{ reply: Reply; wasLost: boolean }> | undefined> => {
    let wasLost = false
    for (let attempt = 0; attempt < tries; attempt++) {
      try {
        const reply = await send(service + attempt, call)
        if (!isPassing(reply)) return { reply, wasLost }
        if (reply.status === 500) onFault(call, reply)
        // The service may have answered so after the deed: its own answer to us is no proof that nothing was done.
        wasLost = true
      } catch {
        wasLost = true
      }
      await sleep(Math.min(1_000, 40 * 2 ** attempt))
    }
    return undefined
  }

  return { send, ask, close: () => { agent.destroy() } }
}

export type Client = ReturnType<typeof createClient>
