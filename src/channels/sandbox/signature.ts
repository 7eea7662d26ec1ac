import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Headers } from '../channel.js'

/** The header that carries the signature: HMAC-SHA256 over the exact body, hex. */
export const signatureHeader = 'sandbox-signature'

export const signatureOf = (key: Buffer, rawBody: Buffer): string => createHmac('sha256', key).update(rawBody).digest('hex')

/** Whether the header's signature is that of the body, compared in constant time. */
export const isSigned = (key: Buffer, rawBody: Buffer, headers: Headers): boolean => {
  const given = headers[signatureHeader]
  if (typeof given !== 'string') return false
  const expected = Buffer.from(signatureOf(key, rawBody))
  const actual = Buffer.from(given)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}
