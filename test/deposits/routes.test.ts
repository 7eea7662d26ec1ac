import t, { type Test } from 'tap'
import { randomUUID } from 'node:crypto'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { startApp, type TestApp } from '../support/app.js'
import { notify, paymentOf, settlementOf, signatureFor } from '../support/notifications.js'
import { maker, newConsumer, newPhone, signIn, type Consumer } from '../support/people.js'
import { buy, makeContract, order, payOrder } from '../support/purchase.js'
import { asOwner, asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

const price = 100_000
const daySeconds = 86_400

/** The balances of all accounts by kind, contracts' own among them; kinds with nothing on them are left out. */
const balances = async (app: TestApp): Promise<Record<string, number>> => {
  const rows = await asRole(app, 'worker', {}, `
    select kind, sum(balance_fen)::float8 as fen from (
      select kind, balance_fen from accounts
      union all select 'held', held_fen from contracts
      union all select 'disputed', disputed_fen from contracts
      union all select 'pending', pending_fen from contracts) b
    group by kind having sum(balance_fen) <> 0`)
  return Object.fromEntries(rows.map(({ kind, fen }) => [kind, fen]))
}

/** Asks the service itself whether its books hold. */
const holds = async (t: Test, { nobody }: TestApp, when: string): Promise<void> => {
  const { body } = await nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], `the books hold ${when}`)
}

const count = async (app: TestApp, table: string): Promise<number> =>
  Number((await asRole(app, 'worker', {}, `select count(*) from ${table}`))[0].count)

const strays = async (app: TestApp, contractId: string): Promise<{ amount: string; status: string; reason: string }[]> =>
  asRole(app, 'worker', {}, `
    select f.refund_fen as amount, f.status, r.reason from refunds f
    join receipts r on r.office_id = f.office_id and r.payment_id = f.payment_id and r.purpose = 'stray' and r.amount_fen = f.refund_fen
    where f.contract_id = $1 and f.purpose = 'stray' order by f.id`, [uuidOf(contractId)])

const startShop = async (t: Test) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const productId = await listProduct(app, shop, { priceFen: price })
  const notary = await maker(app)
  const signed = (buyer: Consumer) => buy(app, buyer, productId, { pay: false })
  // A buyer of its own each time, so that the cap on one person's balance does not come into it.
  const ordered = async () => {
    const consumer = await newConsumer(app)
    const contractId = await signed(consumer)
    return { consumer, contractId, payment: await order(consumer, contractId) }
  }
  const statusOf = async (contractId: string) => (await notary.get(`/contracts/${contractId}`)).body
  return { app, shop, productId, notary, signed, ordered, statusOf }
}

t.test('orders', async (t) => {
  const { app, shop, productId, signed, ordered } = await startShop(t)
  const consumer = await newConsumer(app)

  t.test('an order is refused', async (t) => {
    const contractId = await signed(consumer)
    const unsigned = (await makeContract(consumer, productId)).id
    const stranger = await newConsumer(app)
    const sandbox = { channel: 'sandbox' }
    const refusals: { when: string; by?: { post: Consumer['post'] }; id?: string; body?: object; options?: object; status: number; code: string }[] = [
      { when: 'the channel is not configured', body: { channel: 'wechatpay' }, status: 422, code: 'channel_unavailable' },
      { when: 'the money would come by bank transfer', body: { channel: 'bank_transfer' }, status: 422, code: 'channel_unavailable' },
      { when: 'there is no such channel', body: { channel: 'cash' }, status: 422, code: 'validation_failed' },
      { when: 'no channel is named', body: {}, status: 422, code: 'validation_failed' },
      { when: 'the contract is not signed', id: unsigned, status: 409, code: 'wrong_state' },
      { when: 'it is another\'s', by: stranger, status: 404, code: 'not_found' },
      { when: 'there is no such contract', id: 'ctr_01k0vb4c9hfkbt9t9a6x2n8001', status: 404, code: 'not_found' },
      { when: 'the id is none', id: 'ctr_x', status: 404, code: 'not_found' },
      { when: 'the merchant asks', by: shop.owner, status: 403, code: 'forbidden' },
      { when: 'the key is missing', options: { key: false }, status: 428, code: 'idempotency_key_required' }
    ]
    for (const { when, by = consumer, id = contractId, body = sandbox, options, status, code } of refusals) {
      t.match(await by.post(`/contracts/${id}/payments`, body, options), { status, body: { code } }, `when ${when}`)
    }
    t.equal((await consumer.get(`/contracts/${contractId}/payments`)).body.items.length, 0, 'none of them made one')
  })

  t.test('a key makes one order, and its answer is the same each time', async (t) => {
    const contractId = await signed(consumer)
    const key = randomUUID()
    const answers = await Promise.all([1, 2, 3, 4].map(() => consumer.post(`/contracts/${contractId}/payments`, { channel: 'sandbox' }, { key })))
    for (const { status, body } of answers) t.same({ status, body }, { status: 201, body: answers[0]!.body })
    t.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length, 3)
    t.ok(answers[0]!.body.action.url)
    t.equal((await consumer.get(`/contracts/${contractId}/payments`)).body.items.length, 1)
  })

  t.test('a newer order closes the older one, here and at the channel', async (t) => {
    const { consumer, contractId, payment: older } = await ordered()
    const newer = await order(consumer, contractId)
    t.match((await consumer.get(`/contracts/${contractId}/payments`)).body.items, [{ id: newer.id, status: 'pending' }, { id: older.id, status: 'closed' }])
    const atChannel = await asRole(app, 'worker', {}, 'select id, closed_at is not null as closed from sandbox_orders where id = any($1)', [[older, newer].map(({ id }) => uuidOf(id))])
    t.same(Object.fromEntries(atChannel.map(({ id, closed }) => [id, closed])), { [uuidOf(older.id)]: true, [uuidOf(newer.id)]: false })
  })

  t.test('many buy and pay at once', async (t) => {
    const buyers = await Promise.all(Array.from({ length: 24 }, () => newConsumer(app)))
    const made = await Promise.all(buyers.map((buyer) => signed(buyer)))
    const payments = await Promise.all(made.map((id, i) => order(buyers[i]!, id)))
    const before = await balances(app)
    const paid = await Promise.all(payments.map(({ id }) => payOrder(app, id)))
    t.ok(paid.every(({ purpose }) => purpose === 'deposit'))
    const after = await balances(app)
    t.equal(after.held! - (before.held ?? 0), 24 * price)
    t.equal(after.bank! - (before.bank ?? 0), 24 * price)
    await holds(t, app, 'after 24 payments at once')
  })

  t.test('the sandbox payer is refused', async (t) => {
    const { payment } = await ordered()
    const refusals = [
      { id: 'pay_01k0vb4c9hfkbt9t9a6x2n8001', body: { outcome: 'success' }, status: 404, code: 'not_found' },
      { id: 'pay_x', body: { outcome: 'success' }, status: 404, code: 'not_found' },
      { id: payment.id, body: {}, status: 422, code: 'validation_failed' },
      { id: payment.id, body: { outcome: 'perhaps' }, status: 422, code: 'validation_failed' },
      { id: payment.id, body: { outcome: 'success', amountFen: 0 }, status: 422, code: 'validation_failed' },
      { id: payment.id, body: { outcome: 'success', amountFen: 1.5 }, status: 422, code: 'validation_failed' },
      { id: payment.id, body: { outcome: 'success', repeat: 0 }, status: 422, code: 'validation_failed' }
    ]
    for (const { id, body, status, code } of refusals) t.match(await app.nobody.post(`/sandbox/payments/${id}/pay`, body), { status, body: { code } })
  })
})

t.test('what a channel says', async (t) => {
  const { app, shop, notary, ordered, statusOf } = await startShop(t)

  t.test('the exact price is deposited once, however often the channel says so', async (t) => {
    const { contractId, payment } = await ordered()
    t.match(await payOrder(app, payment.id, { repeat: 5 }), { purpose: 'deposit' })
    t.match(await statusOf(contractId), { status: 'active', money: { paidFen: price, heldFen: price } })
    t.same(await balances(app), { bank: price, held: price })
    t.equal(await count(app, 'receipts'), 1)
    await holds(t, app, 'after a deposit')
  })

  t.test('a bad signature is refused and changes nothing', async (t) => {
    const { contractId, payment } = await ordered()
    const body = JSON.stringify(paymentOf(payment))
    const good = signatureFor(body)
    const before = [await balances(app), await count(app, 'receipts'), await count(app, 'transfers')]
    const forgeries: { how: string; body: string; signature?: string | false }[] = [
      { how: 'no signature', body, signature: false },
      { how: 'an empty one', body, signature: '' },
      { how: 'a wrong one', body, signature: good.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
      { how: 'one of another body', body: body.replace(String(price), String(price + 1)), signature: good },
      { how: 'one of the same JSON, written otherwise', body: JSON.stringify(JSON.parse(body), null, 1), signature: good },
      { how: 'one of half the length', body, signature: good.slice(32) },
      { how: 'an empty body', body: '', signature: good }
    ]
    for (const { how, body, signature } of forgeries) {
      t.match(await notify(app, body, { signature: signature ?? good }), { status: 401, body: { code: 'channel_signature_invalid' } }, how)
    }
    t.match(await notify(app, 'nonsense'), { status: 422, body: { code: 'validation_failed' } }, 'signed nonsense')
    t.match(await notify(app, { kind: 'gift' }), { status: 422, body: { code: 'validation_failed' } }, 'a kind nobody knows')
    t.match(await notify(app, paymentOf(payment, { amountFen: -price })), { status: 422, body: { code: 'validation_failed' } }, 'less than nothing')
    t.match(await notify(app, body, { channel: 'wechatpay' }), { status: 404, body: { code: 'not_found' } }, 'a channel that is not configured')
    t.match(await notify(app, body, { channel: 'paypal' }), { status: 404, body: { code: 'not_found' } }, 'a channel nobody knows')
    t.same([await balances(app), await count(app, 'receipts'), await count(app, 'transfers')], before)
    t.match(await statusOf(contractId), { status: 'awaiting_payment' })

    t.match(await notify(app, body, { contentType: 'application/octet-stream' }), { status: 200, body: { code: 'SUCCESS' } }, 'the same with the right one, in any content type')
    t.match(await statusOf(contractId), { status: 'active' })
    await notify(app, settlementOf([JSON.parse(body).transactionId], price))
  })

  t.test('an order nobody knows is told again, and nothing is booked', async (t) => {
    const before = await balances(app)
    for (const id of ['pay_01k0vb4c9hfkbt9t9a6x2n8001', 'pay_01k0vb4c9hfkbt9t9a6x2n8g7m']) {
      t.match(await notify(app, paymentOf({ id, amountFen: price })), { status: 404, body: { code: 'not_found' } })
      t.match(await notify(app, paymentOf({ id, amountFen: price }, { outcome: 'failure' })), { status: 404 })
    }
    t.match(await notify(app, settlementOf([], price, { office: 77 })), { status: 404 })
    t.same(await balances(app), before)
  })

  t.test('a failed attempt leaves the order open for the next one', async (t) => {
    const { contractId, payment } = await ordered()
    t.match(await payOrder(app, payment.id, { outcome: 'failure', repeat: 2 }), { payment: { status: 'failed' }, purpose: null })
    t.match(await statusOf(contractId), { status: 'awaiting_payment' })
    t.match(await payOrder(app, payment.id), { payment: { status: 'succeeded' }, purpose: 'deposit' })
    t.match(await payOrder(app, payment.id, { outcome: 'failure' }), { payment: { status: 'succeeded' } }, 'a failure told late changes nothing')
    t.match(await statusOf(contractId), { status: 'active' })
    await holds(t, app, 'after a failure, a success and a failure')
  })

  /** Money that never was the price: how it comes, and why it goes back. */
  const strayCases: { when: string; reason: string; status: string; prepare: (paid: { consumer: Consumer; contractId: string; payment: any }) => Promise<{ payment: any; amountFen?: number }> }[] = [
    {
      when: 'it is paid twice on one order', reason: 'paid_already', status: 'active',
      prepare: async ({ payment }) => { await payOrder(app, payment.id); return { payment } }
    },
    {
      when: 'an older order is paid after the newer one', reason: 'paid_already', status: 'active',
      prepare: async ({ consumer, contractId, payment }) => { await payOrder(app, (await order(consumer, contractId)).id); return { payment } }
    },
    {
      when: 'an older order is paid before the newer one', reason: 'order_closed', status: 'awaiting_payment',
      prepare: async ({ consumer, contractId, payment }) => { await order(consumer, contractId); return { payment } }
    },
    {
      when: 'the contract was cancelled meanwhile', reason: 'contract_cancelled', status: 'cancelled',
      prepare: async ({ consumer, contractId, payment }) => { expectStatus(await consumer.post(`/contracts/${contractId}/cancel`), 200); return { payment } }
    },
    { when: 'it is too little', reason: 'wrong_amount', status: 'awaiting_payment', prepare: async ({ payment }) => ({ payment, amountFen: price - 1 }) },
    { when: 'it is too much', reason: 'wrong_amount', status: 'awaiting_payment', prepare: async ({ payment }) => ({ payment, amountFen: price + 1 }) }
  ]

  for (const { when, reason, status, prepare } of strayCases) {
    t.test(`all of it goes back when ${when}`, async (t) => {
      const paid = await ordered()
      const { payment, amountFen = price } = await prepare(paid)
      const contract = await statusOf(paid.contractId)
      const before = await balances(app)
      t.match(await payOrder(app, payment.id, { amountFen, repeat: 2 }), { purpose: 'stray', reason })
      t.same(await balances(app), before, 'what came in went out again')
      t.same(await statusOf(paid.contractId), contract, 'the contract is untouched')
      t.equal(contract.status, status)
      t.match(await strays(app, paid.contractId), [{ amount: BigInt(amountFen), status: 'paid', reason }])
      await holds(t, app, `when ${when}`)
    })
  }

  t.test('after a wrong amount the right one is the deposit, on the same order or another', async (t) => {
    const { contractId, payment } = await ordered()
    t.match(await payOrder(app, payment.id, { amountFen: 1 }), { purpose: 'stray', payment: { status: 'failed' } })
    t.match(await payOrder(app, payment.id), { purpose: 'deposit', payment: { status: 'succeeded' } })
    t.match(await statusOf(contractId), { status: 'active', money: { paidFen: price, heldFen: price, refundedFen: 0 } })
    const other = await ordered()
    await payOrder(app, other.payment.id, { amountFen: 1 })
    t.match(await payOrder(app, (await order(other.consumer, other.contractId)).id), { purpose: 'deposit' })
    await holds(t, app, 'after wrong amounts made good')
  })

  t.test('a merchant that is closing gets no deposit, a suspended one gets what was ordered before', async (t) => {
    const closing = await ordered()
    await asOwner(app, 'update merchants set status = \'closing\' where id = $1', [uuidOf(shop.merchantId)])
    const before = await balances(app)
    t.match(await payOrder(app, closing.payment.id), { purpose: 'stray', reason: 'merchant_closing' })
    t.same(await balances(app), before)
    await asOwner(app, 'update merchants set status = \'active\' where id = $1', [uuidOf(shop.merchantId)])
    const suspended = await ordered()
    expectStatus(await notary.post(`/merchants/${shop.merchantId}/suspend`, { reason: '核查' }), 200)
    t.match(await payOrder(app, suspended.payment.id), { purpose: 'deposit' })
    expectStatus(await notary.post(`/merchants/${shop.merchantId}/resume`), 200)
    await holds(t, app, 'with a merchant closing')
  })

  t.test('a settlement told before its payment credits the deposit all the same', async (t) => {
    const { contractId, payment } = await ordered()
    const notification = paymentOf(payment)
    const valueDate = new Date(Date.now() - 60_000).toISOString()
    const settlement = settlementOf([notification.transactionId], price, { valueDate })
    const before = await balances(app)
    for (let i = 0; i < 2; i++) t.match(await notify(app, settlement), { status: 200 })
    t.equal((await balances(app)).clearing, -price, 'the channel has paid what it has not yet said it received')
    for (let i = 0; i < 2; i++) t.match(await notify(app, notification), { status: 200 })
    const after = await balances(app)
    t.same([after.clearing, after.held! - before.held!, after.bank! - before.bank!], [undefined, price, price])
    t.match(await statusOf(contractId), { status: 'active', depositedAt: valueDate })
    await holds(t, app, 'after a settlement and its payment')
  })

  t.test('a payment and its settlement at once come to the same', async (t) => {
    const both = await Promise.all([1, 2, 3, 4].map(ordered))
    await Promise.all(both.flatMap(({ payment }) => {
      const notification = paymentOf(payment)
      return [notify(app, notification), notify(app, settlementOf([notification.transactionId], price))]
    }))
    for (const { contractId } of both) t.ok((await statusOf(contractId)).depositedAt)
    await holds(t, app, 'after four of each at once')
  })

  t.test('a channel that keeps its fee leaves the office owing it', async (t) => {
    const { contractId, payment } = await ordered()
    const notification = paymentOf(payment)
    const before = await balances(app)
    await notify(app, notification)
    t.equal((await balances(app)).clearing, price)
    t.equal((await statusOf(contractId)).depositedAt, null, 'owed by the channel is not yet deposited')
    await notify(app, settlementOf([notification.transactionId], price, { feeFen: 600 }))
    const after = await balances(app)
    t.same([after.clearing, after.bank! - before.bank!, after.due_from_office], [undefined, price - 600, 600])
    t.match(await statusOf(contractId), { money: { heldFen: price } }, 'the deposit is whole')
    await holds(t, app, 'after a fee')
  })

  t.test('a settlement of more refunds than payments takes money off the account, never more than there is', async (t) => {
    const before = await balances(app)
    t.match(await notify(app, settlementOf([], -1_000, { feeFen: 10 })), { status: 200 })
    const after = await balances(app)
    t.same([after.clearing, after.bank! - before.bank!, after.due_from_office! - before.due_from_office!], [1_000, -1_010, 10])
    t.match(await notify(app, settlementOf([], -100_000_000)), { status: 422, body: { code: 'insufficient_funds' } })
    t.same(await balances(app), after)
    t.match(await notify(app, settlementOf([], 1_000)), { status: 200 })
    await holds(t, app, 'after settlements of refunds')
  })

  t.test('the same notification ten times at once is booked once', async (t) => {
    const { contractId, payment } = await ordered()
    const notification = paymentOf(payment)
    const before = await balances(app)
    const answers = await Promise.all(Array.from({ length: 10 }, () => notify(app, notification)))
    t.ok(answers.every(({ status }) => status === 200))
    t.equal((await balances(app)).held! - before.held!, price)
    t.match(await statusOf(contractId), { money: { paidFen: price } })
    await notify(app, settlementOf([notification.transactionId], price))
    await holds(t, app, 'after ten at once')
  })

  t.test('of two payments at once one is the deposit and one goes back', async (t) => {
    const { contractId, payment } = await ordered()
    const before = await balances(app)
    const done = await Promise.all([payOrder(app, payment.id), payOrder(app, payment.id), payOrder(app, payment.id)])
    t.same(done.map(({ purpose }) => purpose).sort(), ['deposit', 'stray', 'stray'])
    const after = await balances(app)
    t.same([after.held! - before.held!, after.bank! - before.bank!, after.refund_payable], [price, price, undefined])
    t.match(await statusOf(contractId), { status: 'active', money: { paidFen: price } })
    await holds(t, app, 'after three payments at once')
  })

  t.test('a payment and a cancellation at once end whole', async (t) => {
    for (let i = 0; i < 4; i++) {
      const { consumer, contractId, payment } = await ordered()
      const [{ purpose }, cancelled] = await Promise.all([payOrder(app, payment.id), consumer.post(`/contracts/${contractId}/cancel`)])
      const { status, money } = await statusOf(contractId)
      t.same([status, money.heldFen, cancelled.status], purpose === 'deposit' ? ['active', price, 409] : ['cancelled', 0, 200])
    }
    await holds(t, app, 'after payments and cancellations at once')
  })
})

t.test('payments that are told of at once are booked together, each as what it is', async (t) => {
  const { app, ordered, statusOf } = await startShop(t)
  const [first, second, short, twice] = [await ordered(), await ordered(), await ordered(), await ordered()]
  const told = paymentOf(first.payment)
  const answers = await Promise.all([
    told, told, paymentOf(second.payment), paymentOf(short.payment, { amountFen: price - 1 }), paymentOf(twice.payment), paymentOf(twice.payment), paymentOf({ id: newId('pay', 1), amountFen: price })
  ].map((body) => notify(app, body)))
  t.same(answers.map(({ status }) => status), [200, 200, 200, 200, 200, 200, 404], 'an order that is not known is told again, and fails no other')

  const receipts = await asRole(app, 'worker', {}, `
    select purpose, reason, xmin::text as transaction from receipts order by purpose, reason`)
  t.same(receipts.map(({ purpose, reason }) => [purpose, reason]), [['deposit', null], ['deposit', null], ['deposit', null], ['stray', 'paid_already'], ['stray', 'wrong_amount']])
  t.equal(new Set(receipts.filter(({ purpose }) => purpose === 'deposit').map(({ transaction }) => transaction)).size, 1, 'the three deposits in one commit')
  t.same(await Promise.all([first, second, short, twice].map(async ({ contractId }) => (await statusOf(contractId)).status)), ['active', 'active', 'awaiting_payment', 'active'])
  await holds(t, app, 'after seven words at once')
})

t.test('a deposit refused', async (t) => {
  const { app, shop, productId, notary, statusOf } = await startShop(t)
  const consumer = await newConsumer(app)
  const because = { reason: '甲方提交的身份信息与公安机关登记不符' }

  t.test('goes back whole, and ends the contract', async (t) => {
    const id = await buy(app, consumer, productId)
    const before = await balances(app)
    t.match(await notary.post(`/contracts/${id}/deposit/refuse`, because), { status: 200, body: { money: { paidFen: price, heldFen: 0, refundedFen: price } } })
    t.match(await statusOf(id), { status: 'terminated', money: { paidFen: price, heldFen: 0, refundedFen: price, refundPaidFen: price, refundPayableFen: 0 } })
    const after = await balances(app)
    t.same([after.held ?? 0, before.held! - price], [before.held! - price, after.held ?? 0])
    t.same([after.refund_payable, after.refund_in_transit, after.clearing], [undefined, undefined, undefined])
    t.match(await notary.post(`/contracts/${id}/deposit/refuse`, because), { status: 409, body: { code: 'wrong_state' } })
    t.match(await asRole(app, 'consumer', { person: consumer.userId }, 'select reason from deposit_refusals'), [because])
    await holds(t, app, 'after a refused deposit')
  })

  t.test('only by the notary, with a reason, and of a deposit', async (t) => {
    const id = await buy(app, consumer, productId)
    const unpaid = await buy(app, consumer, productId, { pay: false })
    const refusals = [
      { when: 'the consumer asks', by: consumer, status: 403, code: 'forbidden' },
      { when: 'the merchant asks', by: shop.owner, status: 403, code: 'forbidden' },
      { when: 'no reason is given', by: notary, body: {}, status: 422, code: 'validation_failed' },
      { when: 'nothing is paid', by: notary, id: unpaid, status: 409, code: 'wrong_state' },
      { when: 'there is no such contract', by: notary, id: 'ctr_01k0vb4c9hfkbt9t9a6x2n8001', status: 404, code: 'not_found' },
      { when: 'the key is missing', by: notary, options: { key: false as const }, status: 428, code: 'idempotency_key_required' }
    ]
    for (const { when, by, id: about = id, body = because, options, status, code } of refusals) {
      t.match(await by.post(`/contracts/${about}/deposit/refuse`, body, options), { status, body: { code } }, `not when ${when}`)
    }
    await consumer.post(`/contracts/${unpaid}/cancel`)
  })

  t.test('not once it is in use', async (t) => {
    const id = await buy(app, consumer, productId)
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
    t.match(await notary.post(`/contracts/${id}/deposit/refuse`, because), { status: 422, body: { code: 'deposit_in_use', heldFen: 90_000, paidFen: price } })
  })

  t.test('not after three days', async (t) => {
    const buyer = await newConsumer(app)
    const id = await buy(app, buyer, productId)
    await app.nobody.post('/sandbox/clock', { advanceSeconds: 3 * daySeconds - 60 })
    const inTime = await buy(app, await newConsumer(app), productId)
    await app.nobody.post('/sandbox/clock', { advanceSeconds: 120 })
    t.match(await notary.post(`/contracts/${id}/deposit/refuse`, because), { status: 422, body: { code: 'refusal_too_late' } })
    t.match(await notary.post(`/contracts/${inTime}/deposit/refuse`, because), { status: 200 })
    await holds(t, app, 'in the end')
  })

  t.test('a person without identity signs in and sees nothing of it', async (t) => {
    const stranger = await signIn(app, { phone: newPhone(), end: 'consumer' })
    t.same((await stranger.get('/contracts')).body, { items: [], nextCursor: null })
  })
})
