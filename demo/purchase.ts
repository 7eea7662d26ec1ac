import { createHash } from 'node:crypto'
import type { Bought, Buyer, Card, Pool } from './model.js'
import { codeOn, type Person } from './people.js'
import type { Story } from './story.js'
import { yuan } from './print.js'

/** From the counter to the special account: agreed, read, signed, paid. */

/** Registers with the first sign-in and says who one is. */
export const register = async (story: Story, { name, phone, idNumber }: Buyer): Promise<Person> => {
  const consumer = await story.enter(name, { phone, end: 'consumer' })
  await consumer.put('/me/identity', { legalName: name, idNumber })
  return consumer
}

/** Agrees to a card, reads the contract, and signs it with a code that is bound to that very document. */
export const agreeAndSign = async (story: Story, consumer: Person, card: Card): Promise<string> => {
  const { id, documentSha256 } = await consumer.post('/contracts', { productId: card.id })
  story.name(id, `${consumer.name} · ${card.short}`)
  const { body: document } = await consumer.call('GET', `/contracts/${id}/document`)
  story.check('the document served is the one to sign', createHash('sha256').update(document).digest('hex'), documentSha256)
  const { challengeId } = await consumer.post('/auth/challenges', { phone: consumer.phone, purpose: 'sign_contract', contractId: id })
  const { status } = await consumer.post(`/contracts/${id}/signature`, { challengeId, code: await codeOn(story.nobody, consumer.phone) })
  story.check('a signed contract waits for its payment', status, 'awaiting_payment')
  story.note(`合同文件 SHA-256 ${documentSha256.slice(0, 16)}…,短信验证码绑定该文件 · code bound to the document`)
  return id
}

/** Pays; the channel may say so more than once. */
export const pay = async ({ nobody }: Story, consumer: Person, contractId: string, repeat = 1): Promise<void> => {
  const { id } = await consumer.post(`/contracts/${contractId}/payments`, { channel: 'sandbox' })
  await nobody.post(`/sandbox/payments/${id}/pay`, { outcome: 'success', repeat })
}

/** The whole purchase as one event. */
export const buy = async (story: Story, pool: Pool, buyer: Buyer, card: Card, { repeat = 1, aside = { zh: '', en: '' } } = {}): Promise<Bought> => {
  const bought = await story.tell({
    zh: `${buyer.name}购买“${card.name}”,签署合同并支付 ${yuan(card.priceFen)} 元,款项进入提存专户。${aside.zh}`,
    en: `${card.english}: agreed, signed by SMS, paid into the special account.${aside.en}`
  }, async () => {
    const consumer = await register(story, buyer)
    const contractId = await agreeAndSign(story, consumer, card)
    await pay(story, consumer, contractId, repeat)
    return { consumer, contractId, card }
  })
  const { status, money, merchantId } = await bought.consumer.get(`/contracts/${bought.contractId}`)
  story.check('a paid contract is active, and all of its price is held', [status, merchantId, money.heldFen, money.releasedFen], ['active', pool.id, card.priceFen, 0])
  return bought
}
