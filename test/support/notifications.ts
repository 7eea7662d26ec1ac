import { randomUUID } from 'node:crypto'
import { signatureHeader, signatureOf } from '../../src/channels/sandbox/signature.js'
import { deriveKey } from '../../src/config.js'
import type { TestApp } from './app.js'
import { sandboxConfig } from './database.js'

const key = deriveKey(sandboxConfig.secret, 'sandbox channel')

type Sent = Readonly<{ channel?: string; signature?: string | false; contentType?: string }>

/** Sends a notification as the sandbox channel would, byte by byte; signed, unless told otherwise. */
export const notify = async ({ app }: TestApp, body: object | string, { channel = 'sandbox', signature, contentType = 'application/json' }: Sent = {}) => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await app.inject({
    method: 'POST', url: `/v1/channels/${channel}/notifications`, payload,
    headers: {
      'content-type': contentType,
      ...(signature === false ? {} : { [signatureHeader]: signature ?? signatureOf(key, Buffer.from(payload)) })
    }
  })
  return { status: response.statusCode, body: response.json() as any }
}

export const signatureFor = (body: string): string => signatureOf(key, Buffer.from(body))

/** The channel says that an attempt at an order succeeded; a test says only what differs. */
export const paymentOf = ({ id, amountFen }: { id: string; amountFen: number }, more: object = {}) => ({
  kind: 'payment', orderId: id, transactionId: randomUUID(), outcome: 'success', amountFen, paidAt: new Date().toISOString(), ...more
})

/** The channel says that it has paid out to the special account. */
export const settlementOf = (transactionIds: string[], grossFen: number, more: object = {}) => ({
  kind: 'settlement', settlementId: randomUUID(), office: 1, grossFen, feeFen: 0, valueDate: new Date().toISOString(), transactionIds, ...more
})
