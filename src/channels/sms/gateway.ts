import { createHmac } from 'node:crypto'
import type { SendSms } from './sms.js'

type Options = Readonly<{ url: string; key: Buffer; timeoutMs?: number }>

/**
 * The headers of a signed webhook call (Standard Webhooks 1.0: `v1,` and HMAC-SHA256 over id,
 * timestamp and body, base64).
 */
const signedHeaders = (key: Buffer, id: string, timestamp: number, body: string) => ({
  'content-type': 'application/json; charset=utf-8',
  'idempotency-key': id,
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
})

/**
 * A gateway reached by HTTP: `POST {phone, text}` as JSON, signed; any 2xx means that it has taken
 * the message. The time of the signature is the wall clock's, as the gateway compares it with its own.
 */
export const createSmsGateway = ({ url, key, timeoutMs = 5_000 }: Options): SendSms => async ({ key: id, phone, text }) => {
  const body = JSON.stringify({ phone, text })
  const response = await fetch(url, {
    method: 'POST',
    headers: signedHeaders(key, id, Math.floor(Date.now() / 1000), body),
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs)
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the SMS gateway answered ${response.status}`)
}
