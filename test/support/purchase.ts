import type { Answer, TestApp } from './app.js'
import { codeFor, type Consumer } from './people.js'
import { expectStatus } from './shop.js'

/** Agrees to an offer; the answer is the contract. */
export const makeContract = async (consumer: Pick<Consumer, 'post'>, productId: string, body: object = {}): Promise<any> =>
  expectStatus(await consumer.post('/contracts', { productId, ...body }), 201).body

/** Asks for a code bound to the contract's document, and tries to sign with it. */
export const trySign = async (app: TestApp, consumer: Pick<Consumer, 'post' | 'phone'>, contractId: string, body: object = {}): Promise<Answer> => {
  const challenge = await consumer.post('/auth/challenges', { phone: consumer.phone, purpose: 'sign_contract', contractId })
  if (challenge.status !== 201) return challenge
  return consumer.post(`/contracts/${contractId}/signature`, { challengeId: challenge.body.challengeId, code: await codeFor(app, consumer.phone), ...body })
}

/** Makes an order for the price; the answer is the payment. */
export const order = async (consumer: Pick<Consumer, 'post'>, contractId: string): Promise<any> =>
  expectStatus(await consumer.post(`/contracts/${contractId}/payments`, { channel: 'sandbox' }), 201).body

/** The payer finishes at the sandbox channel. */
export const payOrder = async ({ nobody }: TestApp, paymentId: string, body: object = {}): Promise<any> =>
  expectStatus(await nobody.post(`/sandbox/payments/${paymentId}/pay`, { outcome: 'success', ...body }), 200).body

/** Buys a product over HTTP: agreed, signed by SMS and, unless told otherwise, paid. @returns the contract's id */
export const buy = async (app: TestApp, consumer: Pick<Consumer, 'post' | 'phone'>, productId: string, { pay = true }: { pay?: boolean } = {}): Promise<string> => {
  const { id } = await makeContract(consumer, productId)
  expectStatus(await trySign(app, consumer, id), 200)
  if (pay) await payOrder(app, (await order(consumer, id)).id)
  return id
}
