import t, { type Test } from 'tap'
import { uuidOf } from '../../src/kernel/id.js'
import { startApp, type TestApp } from '../support/app.js'
import { notify } from '../support/notifications.js'
import { checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy, makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { asOwner } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

const advance = async (app: TestApp, minutes: number): Promise<void> => {
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: minutes * 60 }), 200)
}

const holds = async (t: Pick<Test, 'same'>, app: TestApp): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the invariants hold')
}

/** What an account of a refund has now, in fen. */
const balance = async (app: TestApp, kind: string, refundId: string): Promise<number> =>
  Number((await asOwner(app, `select balance_fen from accounts where kind = '${kind}' and of = '${refundId}'`))[0]?.balance_fen ?? 0)

/** How often, and how much, the channel paid for a refund. */
const paidByChannel = async (app: TestApp, refundId: string): Promise<number[]> =>
  (await asOwner(app, `select amount_fen from sandbox_refunds where key = '${refundId}'`)).map(({ amount_fen }) => Number(amount_fen))

t.test('money on its way back', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notary = await maker(app)
  const productId = await listProduct(app, shop)
  const approved = async (): Promise<{ consumer: Consumer; id: string; refundId: string }> => {
    const consumer = await newConsumer(app)
    const id = await buy(app, consumer, productId)
    const { body: quoted } = await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' })
    const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), 201)
    return { consumer, id, refundId }
  }
  const approve = async (refundId: string) => expectStatus(await notary.post(`/refunds/${refundId}/approve`), 200)
  const refundOf = async (refundId: string) => expectStatus(await notary.get(`/refunds/${refundId}`), 200).body

  t.test('what surely failed is owed again and sent again with the same key', async (t) => {
    const { consumer, id, refundId } = await approved()
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    await approve(refundId)
    t.match(await refundOf(refundId), { status: 'failed', attempts: 1, lastError: 'more than was paid on the order' })
    t.equal(await balance(app, 'refund_payable', refundId), 100_000)
    t.equal(await balance(app, 'refund_in_transit', refundId), 0)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'active', frozen: 'refund', money: { refundedFen: 100_000, refundPaidFen: 0, refundPayableFen: 100_000 } })
    await holds(t, app)

    await advance(app, 6)
    t.match(await refundOf(refundId), { status: 'failed', attempts: 2 })
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    await advance(app, 11)
    t.match(await refundOf(refundId), { status: 'paid', attempts: 3, lastError: null })
    t.same(await paidByChannel(app, refundId), [100_000])
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundPaidFen: 100_000 } })
    await holds(t, app)
  })

  t.test('what the channel cannot pay is paid to the consumer\'s account by two people', async (t) => {
    const { consumer, id, refundId } = await approved()
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    await approve(refundId)
    const second = await checker(app)
    t.match(await notary.post(`/refunds/${refundId}/bank-transfer`), { status: 422, body: { code: 'account_required' } })
    const account = { bankName: '招商银行', accountName: '张三', accountNumber: '6225 8801 2345 6789' }
    t.match(await consumer.put(`/refunds/${refundId}/account`, account), { status: 200, body: { hasAccount: true } })
    t.match(await notary.post(`/refunds/${refundId}/bank-transfer`), { status: 201, body: { status: 'proposed', amountFen: 100_000, accountNumber: '****6789' } })
    t.match(await second.post(`/refunds/${refundId}/bank-transfer`), { status: 409, body: { code: 'wrong_state' } })
    t.match(await notary.post(`/refunds/${refundId}/bank-transfer/approve`), { status: 403, body: { code: 'same_person' } })

    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    await advance(app, 60)
    t.match(await refundOf(refundId), { status: 'failed', attempts: 1, byBank: true }, 'the channel is not tried while a transfer is proposed')
    t.match(await second.post(`/refunds/${refundId}/bank-transfer/cancel`), { status: 200, body: { status: 'cancelled' } })
    t.equal((await second.post(`/refunds/${refundId}/bank-transfer/cancel`)).status, 404)

    await notary.post(`/refunds/${refundId}/bank-transfer`)
    await app.nobody.post('/sandbox/bank/payouts', { outcome: 'returned' })
    expectStatus(await second.post(`/refunds/${refundId}/bank-transfer/approve`), 200)
    t.match(await refundOf(refundId), { status: 'failed', byBank: false, lastError: '收款账户户名不符' })
    t.equal(await balance(app, 'refund_payable', refundId), 100_000)
    await holds(t, app)

    await notary.post(`/refunds/${refundId}/bank-transfer`)
    await app.nobody.post('/sandbox/bank/payouts', { outcome: 'unknown' })
    const answers = await Promise.all([second, second, second].map((person) => person.post(`/refunds/${refundId}/bank-transfer/approve`)))
    t.same(answers.map(({ status }) => status).sort(), [200, 409, 409])
    t.match(await refundOf(refundId), { status: 'processing', byBank: true })
    await app.nobody.post('/sandbox/bank/payouts', { outcome: 'paid' })
    await advance(app, 30)
    t.match(await refundOf(refundId), { status: 'paid', byBank: true })
    t.same(await paidByChannel(app, refundId), [])
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundPaidFen: 100_000 } })
    await holds(t, app)
  })

  t.test('the channel\'s own word counts, and a second payment is written down for two people', async (t) => {
    const { consumer, id, refundId } = await approved()
    const { body: contract } = await consumer.get(`/contracts/${id}/payments`)
    const word = (outcome: string, reference: string) => notify(app, { kind: 'refund', orderId: contract.items[0].id, key: refundId, outcome, reference })
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    await approve(refundId)
    await asOwner(app, 'update sandbox_transactions set amount_fen = -amount_fen')
    t.equal((await word('failed', 'a')).status, 200)
    t.match(await refundOf(refundId), { status: 'failed' })

    t.equal((await word('done', 'b')).status, 200)
    t.match(await refundOf(refundId), { status: 'paid' }, 'what we took for failed was paid')
    for (const reference of ['b', 'c', 'c']) t.equal((await word('done', reference)).status, 200)
    t.equal(await balance(app, 'unexplained_debit', refundId), 100_000, 'once')
    t.equal((await notify(app, { kind: 'refund', orderId: contract.items[0].id, key: 'nothing-of-ours', outcome: 'done', reference: 'd' })).status, 404)
    await advance(app, 60)
    t.same(await paidByChannel(app, refundId), [], 'and it is not sent again')
    await holds(t, app)
  })

  t.test('what nobody knows stays in transit and is asked about', async (t) => {
    const { consumer, id, refundId } = await approved()
    await asOwner(app, 'alter table sandbox_refunds rename to sandbox_refunds_away')
    await approve(refundId)
    t.match(await refundOf(refundId), { status: 'processing', attempts: 1 })
    t.equal(await balance(app, 'refund_in_transit', refundId), 100_000)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'active', frozen: 'refund' })
    await advance(app, 6)
    t.match(await refundOf(refundId), { status: 'processing', attempts: 1 })
    await asOwner(app, 'alter table sandbox_refunds_away rename to sandbox_refunds')
    await advance(app, 11)
    t.match(await refundOf(refundId), { status: 'paid', attempts: 1 })
    t.same(await paidByChannel(app, refundId), [100_000])
    await holds(t, app)
  })

  t.test('what the channel had paid before we fell over is found out, and not paid twice', async (t) => {
    const { consumer, id, refundId } = await approved()
    await asOwner(app, "alter table refunds add constraint we_fall_over check (status <> 'paid') not valid")
    await approve(refundId)
    t.match(await refundOf(refundId), { status: 'processing', attempts: 1 })
    t.same(await paidByChannel(app, refundId), [100_000], 'the channel has paid')
    await holds(t, app)

    await asOwner(app, 'alter table refunds drop constraint we_fall_over')
    await advance(app, 30)
    t.match(await refundOf(refundId), { status: 'paid', attempts: 1 })
    t.same(await paidByChannel(app, refundId), [100_000])
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundPaidFen: 100_000 } })
    await holds(t, app)
  })

  t.test('money that never was the price goes back whole', async (t) => {
    const consumer = await newConsumer(app)
    const { id } = await makeContract(consumer, productId)
    expectStatus(await trySign(app, consumer, id), 200)
    const wrong = await order(consumer, id)
    await payOrder(app, wrong.id, { amountFen: 99_999 })
    const { body: { items: [stray] } } = await notary.get(`/refunds?contractId=${id}`)
    t.match(stray, { purpose: 'stray', reason: 'stray_payment', refundFen: 99_999, status: 'paid' })
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'awaiting_payment', money: { paidFen: 0, refundedFen: 0 } })

    const right = await order(consumer, id)
    await payOrder(app, right.id)
    await payOrder(app, right.id)
    t.match((await notary.get(`/refunds?contractId=${id}`)).body.items.map(({ refundFen, status }: any) => [refundFen, status]), [[100_000, 'paid'], [99_999, 'paid']])
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'active', money: { paidFen: 100_000, heldFen: 100_000, refundedFen: 0 } })
    await holds(t, app)
  })

  t.test('a deposit the notary refuses goes back whole', async (t) => {
    const consumer = await newConsumer(app)
    const id = await buy(app, consumer, productId)
    const { body: quoted } = await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'consumer_choice' })
    await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })
    const refused = await notary.post(`/contracts/${id}/deposit/refuse`, { reason: '资料不实' })
    t.equal(refused.status, 200, JSON.stringify(refused.body))
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundedFen: 100_000, refundPaidFen: 100_000 } })
    t.match((await notary.get(`/refunds?contractId=${id}`)).body.items.map(({ reason, status }: any) => [reason, status]), [['deposit_refused', 'paid'], ['consumer_choice', 'rejected']])
    await holds(t, app)
  })

  t.test('a release voided after the end is the consumer\'s', async (t) => {
    const consumer = await newConsumer(app)
    const id = await buy(app, consumer, productId)
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    const { body: used } = expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
    const { body: quoted } = await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' })
    const { body: { id: refundId } } = await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })
    await approve(refundId)
    t.match((await consumer.get(`/contracts/${id}`)).body.money, { refundedFen: 90_000, pendingFen: 10_000 })
    expectStatus(await shop.owner.post(`/redemptions/${used.id}/void`, { reason: '误操作' }), 200)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundedFen: 100_000, refundPaidFen: 100_000, pendingFen: 0, heldFen: 0 } })
    await holds(t, app)
  })
})

t.test('what nobody can use any more', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app)
  const id = await buy(app, consumer, productId)
  // As an award leaves it: a part of the price went back, so that nine sessions are covered and the tenth is not.
  await asOwner(app, `
    update contracts set held_fen = held_fen - 5500, taken_fen = 5500, refunded_fen = 5500, refund_paid_fen = 5500 where id = '${uuidOf(id)}'`)
  for (let i = 0; i < 9; i++) {
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  }
  t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'completed', sessions: { left: 0, blocked: 1 }, money: { heldFen: 4_500 } })
  await app.runDue()
  t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'completed', money: { heldFen: 0, refundedFen: 10_000, refundPaidFen: 10_000 } })
  t.match((await consumer.get('/refunds')).body.items, [{ reason: 'remainder', refundFen: 4_500, status: 'paid' }])
})
