import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Webhook } from 'standardwebhooks'
import { AddressRefused, type AddressGuard } from './address.js'
import type { Outcome } from './rules.js'

/** One call to a receiver. `secrets`: `whsec_…`, newest first. */
export type Call = Readonly<{ id: string; url: string; body: string; secrets: readonly string[]; at: Date; signal: AbortSignal }>

export type Send = (call: Call) => Promise<Outcome>

const headersOf = ({ id, body, secrets, at }: Call) => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(body),
  'user-agent': 'Ticun-Webhooks/1',
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' ')
})

/** Why no answer came, in a few words and nothing of the inside. */
const reasonOf = (error: unknown, signal: AbortSignal): string => {
  if (error instanceof AddressRefused) return error.message
  if (signal.aborted) return 'no answer in time'
  const { code } = error as NodeJS.ErrnoException
  return code ?? 'the connection failed'
}

/**
 * Calls receivers in the Standard Webhooks format. A redirection is an answer like any other and
 * not followed; of an answer nothing but its status is read.
 */
export const createSender = (guard: AddressGuard): Send => async (call) => {
  try {
    const url = await guard.checkUrl(call.url)
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    return await new Promise<Outcome>((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: headersOf(call), lookup: guard.lookup, agent: false, signal: call.signal, maxHeaderSize: 16_384 }, (response) => {
        response.on('error', () => undefined)
        response.destroy()
        resolve({ status: response.statusCode ?? null, error: null })
      })
      sent.on('error', reject)
      sent.end(call.body)
    })
  } catch (error) {
    return { status: null, error: reasonOf(error, call.signal) }
  }
}
