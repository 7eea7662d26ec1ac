import { randomUUID } from 'node:crypto'
import t from 'tap'
import { instances, startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

const sessions = 60
const room = 20

t.test('three times as many redemptions as there is room for: every answer is true, and trying again ends well', async (t) => {
  // Each process has room of its own.
  const app = await startApp(t, { requestsAtWork: { usual: 512, redemptions: room / instances } })
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, await listProduct(app, shop, { sessions, priceFen: 100_000 }))
  const wanted = await Promise.all(Array.from({ length: sessions }, async () => ({
    key: randomUUID(), code: expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201).body.code as string
  })))
  const redeem = ({ key, code }: typeof wanted[number]) => shop.cashier.post('/redemptions', { code, venueId: shop.venueId }, { key })
  const released = async (): Promise<string[]> => (await asRole(app, 'worker', {}, 'select code_hash from releases order by id')).map(({ code_hash }) => code_hash.toString('hex'))

  const answers = await Promise.all(wanted.map(redeem))
  const refused = answers.filter(({ status }) => status === 503)
  t.equal(answers.filter(({ status }) => status === 201).length, room, 'as many as there is room for are done')
  t.equal(refused.length, sessions - room, 'the others are refused')
  t.ok(refused.every(({ headers, body }) => headers['retry-after'] === '1' && body.code === 'unavailable'))
  t.equal((await released()).length, room, 'what was acknowledged is in the books, and nothing else')

  let left = wanted
  while (left.length > 0) {
    const again = await Promise.all(left.map(redeem))
    left = left.filter((_, i) => again[i]?.status === 503)
    t.ok(again.every(({ status }) => status === 201 || status === 503))
  }
  t.equal(new Set(await released()).size, sessions, 'with the same keys each is done once')
  t.equal((await released()).length, sessions)
  t.match((await consumer.get(`/contracts/${contractId}`)).body, { status: 'completed', money: { heldFen: 0, pendingFen: 100_000 } })
  t.same((await app.nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
})
