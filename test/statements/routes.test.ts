import t from 'tap'
import { startApp } from '../support/app.js'
import { checker, maker, newConsumer } from '../support/people.js'
import { textIn } from '../support/pdf.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.test('documents on demand', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { name: '清波游泳馆' })
  const product = await listProduct(app, shop)
  const consumer = await newConsumer(app, { legalName: '李雷' })
  const stranger = await newConsumer(app)
  const [notary, second] = [await maker(app), await checker(app)]
  const used = await buy(app, consumer, product)
  const refunded = await buy(app, consumer, product)
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${used}/check-in-codes`), 201)
  expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)

  t.test('a redemption statement says what was used until now', async (t) => {
    const { body: asked } = expectStatus(await consumer.post(`/contracts/${used}/redemption-statements`), 201)
    t.match(asked, { kind: 'redemption_statement', status: 'asked' })
    const { bytes } = expectStatus(await consumer.get(`/documents/${asked.id}`), 200)
    const text = textIn(bytes!)
    for (const part of [used, '总店', '1 次', '¥100.00', '待定', '9 次', '¥900.00']) t.ok(text.includes(part), part)
    t.match((await shop.owner.get(`/contracts/${used}/documents`)).body.items.at(-1), { id: asked.id, status: 'sealed' })
    t.equal((await stranger.post(`/contracts/${used}/redemption-statements`)).status, 404)
    t.equal((await stranger.get(`/documents/${asked.id}`)).status, 404)
  })

  t.test('a refund that was paid is certified, and the certificate can be checked', async (t) => {
    const { body: { id: quoteId } } = expectStatus(await consumer.post(`/contracts/${refunded}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id } } = expectStatus(await consumer.post(`/contracts/${refunded}/refunds`, { quoteId }), 201)
    t.match(await consumer.get(`/refunds/${id}/certificate`), { status: 409, body: { code: 'wrong_state', allowed: ['paid'] } })
    expectStatus(await notary.post(`/refunds/${id}/approve`), 200)
    const answer = expectStatus(await consumer.get(`/refunds/${id}/certificate`), 200)
    const text = textIn(answer.bytes!)
    for (const part of ['退费证明', '李雷', consumer.idNumber, '冷静期内无理由解除', '¥1,000.00（人民币壹仟元整）', '法释〔2025〕4号', id]) t.ok(text.includes(part), part)
    const [, number] = /"(.+)\.pdf"/.exec(answer.headers['content-disposition'])!
    t.match((await app.nobody.get(`/certificates/${number}`)).body, { kind: 'refund_certificate', status: 'valid' })
    t.ok((await shop.owner.get(`/refunds/${id}/certificate`)).bytes!.equals(answer.bytes!), 'there is one for both')
    t.equal((await stranger.get(`/refunds/${id}/certificate`)).status, 404)
  })

  t.test('a payout has its statement once the bank has confirmed it', async (t) => {
    expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 25 * 3_600 }), 200)
    const { body: settlement } = expectStatus(await notary.post('/settlements', { merchantIds: [shop.merchantId] }), 201)
    const [{ id: itemId }] = settlement.items
    t.match(await notary.get(`/payouts/${itemId}/statement`), { status: 409, body: { code: 'wrong_state', state: 'draft', allowed: ['paid'] } })
    expectStatus(await second.post(`/settlements/${settlement.id}/approve`), 200)
    const text = textIn(expectStatus(await shop.owner.get(`/payouts/${itemId}/statement`), 200).bytes!)
    for (const part of ['结算单', itemId, settlement.id, used, '清波游泳馆', '¥100.00']) t.ok(text.includes(part), part)
    t.notOk(text.includes('1001 2345 6789 0123'), 'the account is masked')
    t.equal((await (await newShop(app)).owner.get(`/payouts/${itemId}/statement`)).status, 404)
    t.equal((await consumer.get(`/payouts/${itemId}/statement`)).status, 403)
  })
})
