import t, { type Test } from 'tap'
import { asRole } from '../support/roles.js'
import { startApp, type Answer, type TestApp } from '../support/app.js'
import { advance, untilHour } from '../support/clock.js'
import { checker, codeFor, maker, newConsumer, newPhone, signIn, type Consumer, type Person } from '../support/people.js'
import { buy, makeContract, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const hour = 3_600

const visit = async ({ cashier, venueId }: Shop, consumer: Pick<Consumer, 'post'>, id: string): Promise<Answer> => {
  const code = await consumer.post(`/contracts/${id}/check-in-codes`)
  return code.status === 201 ? cashier.post('/redemptions', { code: code.body.code, venueId }) : code
}

const offerTo = (from: Consumer, to: Pick<Consumer, 'phone'>, id: string, more: object = {}) => from.post(`/contracts/${id}/transfers`, { phone: to.phone, ...more })

const askCode = (to: Pick<Consumer, 'post' | 'phone'>, contractId: string) =>
  to.post('/auth/challenges', { phone: to.phone, purpose: 'sign_contract', contractId })

const sign = async (app: TestApp, to: Pick<Consumer, 'post' | 'phone'>, { id, contractId }: { id: string; contractId: string }, more: object = {}): Promise<Answer> => {
  const challenge = await askCode(to, contractId)
  if (challenge.status !== 201) return challenge
  return to.post(`/transfers/${id}/accept`, { challengeId: challenge.body.challengeId, code: await codeFor(app, to.phone), ...more })
}

const handOver = async (app: TestApp, from: Consumer, to: Consumer, contractId: string, more: object = {}) => {
  const { body } = expectStatus(await offerTo(from, to, contractId, more), 201)
  return expectStatus(await sign(app, to, body), 200).body
}

const texts = async ({ nobody }: TestApp, phone: string): Promise<string> =>
  (await nobody.get(`/sandbox/messages?phone=${phone}`)).body.items.map(({ text }: { text: string }) => text).join('\n')

const checkBooks = async (t: Pick<Test, 'same'>, { nobody }: TestApp): Promise<void> => {
  const { body } = expectStatus(await nobody.get('/sandbox/invariants'), 200)
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [])
}

/** The refund by bank transfer of two notaries, to an account the holder gave. */
const payByBank = async (holder: Consumer, [first, second]: readonly [Person, Person], refundId: string) => {
  expectStatus(await holder.put(`/refunds/${refundId}/account`, { bankName: '中国工商银行', accountName: holder.legalName, accountNumber: '6222020200112233445' }), 200)
  expectStatus(await first.post(`/refunds/${refundId}/bank-transfer`), 201)
  expectStatus(await second.post(`/refunds/${refundId}/bank-transfer/approve`), 200)
}

t.test('what is left of a contract', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notaries = [await maker(app), await checker(app)] as const
  const product = await listProduct(app, shop)
  const from = await newConsumer(app)

  t.test('leaves the key of the order it was paid by with who made the order', async (t) => {
    const to = await newConsumer(app, { legalName: '李四' })
    const { id } = await makeContract(from, product)
    expectStatus(await trySign(app, from, id), 200)
    const order = () => from.post(`/contracts/${id}/payments`, { channel: 'sandbox' }, { key: 'an-order' })
    const { body } = expectStatus(await order(), 201)
    await payOrder(app, body.id)
    await handOver(app, from, to, id)
    t.match(await order(), { status: 201, body, headers: { 'idempotency-replayed': 'true' } })
  })

  t.test('goes to another consumer, who signs for it; the former keeps sight of her past and can do nothing more', async (t) => {
    const to = await newConsumer(app, { legalName: '李四' })
    const id = await buy(app, from, product)
    expectStatus(await visit(shop, from, id), 201)
    await advance(app, 25 * hour)
    const { body: offered } = expectStatus(await offerTo(from, to, id), 201)
    t.match(offered, { status: 'offered', contractId: id, fromId: from.userId, toId: to.userId, standing: null })
    t.match(await texts(app, to.phone), /拟转让给您/)
    t.match(await to.get(`/contracts/${id}`), { status: 404 }, 'it is not hers yet')
    t.match(await to.get(`/transfers/${offered.id}/document`), { status: 404 })
    t.match((await to.get('/transfers')).body.items, [{ id: offered.id }])
    t.match(await (await newConsumer(app)).get(`/transfers/${offered.id}`), { status: 404 })

    const { body: { code: stale } } = expectStatus(await from.post(`/contracts/${id}/check-in-codes`), 201)
    t.match(await sign(app, to, offered, { acceptArbitration: true }), {
      status: 200, body: { status: 'accepted', standing: { sessions: { left: 9 }, money: { heldFen: 90_000, releasedFen: 10_000 } } }
    })
    t.match(await to.get(`/transfers/${offered.id}/document`), { status: 200, headers: { 'content-type': /pdf/ } })
    t.match(await texts(app, shop.ownerPhone), /新的持有人/, 'the merchant is told')
    t.match(await texts(app, from.phone), /转让完成/)

    t.match((await to.get(`/contracts/${id}`)).body, { consumerId: to.userId, status: 'active', acceptArbitration: true, sessions: { used: 1, left: 9 } })
    t.match(await shop.cashier.post('/redemptions', { code: stale, venueId: shop.venueId }), { status: 422, body: { code: 'code_invalid' } }, 'a code of the former holder is no good')
    t.match(await visit(shop, to, id), { status: 201, body: { sessionsLeft: 8 } })

    for (const call of ['check-in-codes', 'refund-quotes', 'transfers', 'payments']) {
      t.match(await from.post(`/contracts/${id}/${call}`, { reason: 'consumer_choice', phone: newPhone(), channel: 'sandbox' }), { status: 404 }, call)
    }
    t.match(await from.get(`/contracts/${id}`), { status: 404 })
    t.match((await from.get(`/redemptions?contractId=${id}`)).body.items, [{ releasedFen: 10_000 }], 'her own visits')
    t.equal((await from.get(`/contracts/${id}/document`)).status, 200, 'her own document')
    t.match((await from.get(`/transfers/${offered.id}/statement`)).body.items.at(-1), { event: 'window-closed' })
    t.same(await asRole(app, 'consumer', { person: from.userId }, 'select 1 from contracts'), [])
    t.equal((await asRole(app, 'consumer', { person: from.userId }, 'update releases set due_at = due_at returning 1')).length, 0)
    t.equal((await asRole(app, 'consumer', { person: from.userId }, 'update handovers set status = status returning 1').catch(() => [])).length, 0)
  })

  t.test('with all that goes back of it: by bank transfer, to the holder', async (t) => {
    const to = await newConsumer(app)
    const id = await buy(app, from, product)
    await handOver(app, from, to, id)
    const { body: quoted } = expectStatus(await to.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id: refundId } } = expectStatus(await to.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), 201)
    expectStatus(await notaries[0].post(`/refunds/${refundId}/approve`), 200)
    t.match((await to.get(`/refunds/${refundId}`)).body, { status: 'failed', lastError: 'holder_is_not_payer' })
    t.equal((await from.get(`/refunds/${refundId}`)).status, 404)
    await payByBank(to, notaries, refundId)
    t.match((await to.get(`/contracts/${id}`)).body, { status: 'terminated', money: { refundedFen: 100_000, refundPaidFen: 100_000 } })
  })

  t.test('of a term card too, once the holder has said that nothing is held against its days', async (t) => {
    await untilHour(app, 10)
    const to = await newConsumer(app)
    const id = await buy(app, from, await listProduct(app, shop, { kind: 'period' }))
    await advance(app, 49 * hour)
    t.match(await offerTo(from, to, id), { status: 422, body: { code: 'transfer_blocked', because: 'pending' } })
    const { body: offered } = expectStatus(await offerTo(from, to, id, { confirmsReleases: true }), 201)
    await advance(app, 24 * hour)
    t.match(await sign(app, to, offered), { status: 200, body: { standing: { sessions: { used: 3 }, money: { heldFen: 27_000, pendingFen: 0, releasedFen: 3_000 } } } })
    await advance(app, 24 * hour)
    t.match((await to.get(`/contracts/${id}`)).body, { sessions: { used: 4 }, money: { pendingFen: 1_000 } })
  })

  t.test('is signed for as it stands', async (t) => {
    const to = await newConsumer(app)
    const id = await buy(app, from, await listProduct(app, shop, { settlementRule: { release: 'per_session', objectionHours: 0 } }))
    const { body: offered } = expectStatus(await offerTo(from, to, id), 201)
    t.match(await to.post(`/transfers/${offered.id}/accept`, { challengeId: 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code: '000000' }), { status: 409 }, 'not before there is a document')
    const { body: { challengeId } } = expectStatus(await askCode(to, id), 201)
    const code = await codeFor(app, to.phone)
    t.match(await to.post(`/transfers/${offered.id}/accept`, { challengeId, code: '000000' }), { status: 422, body: { code: 'code_invalid' } })
    t.match(await from.post(`/transfers/${offered.id}/accept`, { challengeId, code }), { status: 403 })
    expectStatus(await visit(shop, from, id), 201)
    await advance(app, 61)
    t.match(await to.post(`/transfers/${offered.id}/accept`, { challengeId, code }), { status: 409, body: { code: 'transfer_stale' } })
    t.match(await sign(app, to, offered), { status: 200, body: { standing: { sessions: { left: 9 } } } })
    t.match(await sign(app, to, offered), { status: 409 }, 'once')
  })

  t.test('stays where it is when it is declined, taken back, or not accepted in time', async (t) => {
    const to = await newConsumer(app)
    const id = await buy(app, from, product)
    const { body: first } = expectStatus(await offerTo(from, to, id), 201)
    t.match(await offerTo(from, to, id), { status: 409, body: { code: 'wrong_state', state: 'offered' } })
    t.match(await from.post(`/transfers/${first.id}/decline`), { status: 403 })
    t.match(await to.post(`/transfers/${first.id}/decline`), { status: 200, body: { status: 'declined' } })
    const { body: second } = expectStatus(await offerTo(from, to, id), 201)
    t.match(await to.post(`/transfers/${second.id}/cancel`), { status: 403 })
    t.match(await from.post(`/transfers/${second.id}/cancel`), { status: 200, body: { status: 'cancelled' } })
    t.match(await askCode(to, id), { status: 404 })
    const { body: third } = expectStatus(await offerTo(from, to, id), 201)
    await advance(app, 7 * 24 * hour + 60)
    t.match((await to.get(`/transfers/${third.id}`)).body, { status: 'lapsed' })
    t.match((await from.get(`/contracts/${id}`)).body, { consumerId: from.userId })
  })

  t.test('is not handed over', async (t) => {
    const to = await newConsumer(app)
    const blocked = async (when: string, prepare: (id: string) => Promise<unknown>, as: object) => {
      const id = await buy(app, from, product)
      await prepare(id)
      t.match(await offerTo(from, to, id), as, when)
    }
    await blocked('while money is pending', (id) => visit(shop, from, id), { status: 422, body: { code: 'transfer_blocked', because: 'pending' } })
    await blocked('while an objection is open', async (id) => from.post(`/redemptions/${(await visit(shop, from, id)).body.id}/objection`, { reason: '未到店' }), { status: 422, body: { because: 'objection' } })
    await blocked('while a refund is under way', async (id) => {
      const { body: { id: quoteId } } = await from.post(`/contracts/${id}/refund-quotes`, { reason: 'consumer_choice' })
      expectStatus(await from.post(`/contracts/${id}/refunds`, { quoteId }), 201)
    }, { status: 422, body: { because: 'refund' } })

    const id = await buy(app, from, product)
    t.match(await offerTo(from, from, id), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'phone' }] } }, 'to oneself')
    t.match(await offerTo(to, from, id), { status: 404 }, 'by another than the holder')
    const nobodyYet = newPhone()
    const { body: offered } = expectStatus(await offerTo(from, { phone: nobodyYet }, id), 201)
    const unknown = Object.assign(await signIn(app, { phone: nobodyYet, end: 'consumer' }), { phone: nobodyYet })
    t.match(await askCode(unknown, id), { status: 422, body: { code: 'identity_required' } }, 'to somebody without an identity')
    expectStatus(await from.post(`/transfers/${offered.id}/cancel`), 200)

    const rich = await newConsumer(app)
    const big = await listProduct(app, shop, { priceFen: 1_950_000 })
    await buy(app, rich, big)
    const { body: tooMuch } = expectStatus(await offerTo(from, rich, id), 201)
    t.match(await sign(app, rich, tooMuch), { status: 422, body: { code: 'cap_exceeded', rule: 'balance_amount', value: 2_050_000 } }, 'beyond the cap of the new holder')
  })

  t.test('and the books are in order', (t) => checkBooks(t, app))
})

t.test('whatever is asked of a contract at the same moment, it ends in one way', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notaries = [await maker(app), await checker(app)] as const
  const product = await listProduct(app, shop, { settlementRule: { release: 'per_session', objectionHours: 0 } })

  for (const round of [1, 2, 3]) {
    const [from, to] = [await newConsumer(app), await newConsumer(app)]
    const id = await buy(app, from, product)
    const { body: offered } = expectStatus(await offerTo(from, to, id, { confirmsReleases: true }), 201)
    const { body: { challengeId } } = expectStatus(await askCode(to, id), 201)
    const code = await codeFor(app, to.phone)
    const { body: { id: quoteId } } = expectStatus(await from.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const codes = await Promise.all([1, 2, 3, 4, 5].map(() => from.post(`/contracts/${id}/check-in-codes`)))

    const accept = () => to.post(`/transfers/${offered.id}/accept`, { challengeId, code })
    const refund = () => from.post(`/contracts/${id}/refunds`, { quoteId })
    const redemptions = (round === 1 ? codes.slice(0, 1) : codes).map((one) => () => shop.cashier.post('/redemptions', { code: one.body.code, venueId: shop.venueId }))
    const calls = [accept, refund, ...redemptions, ...[1, 2, 3, 4].flatMap(() => [accept, refund]), ...[1, 2, 3, 4, 5].map(() => () => from.post(`/contracts/${id}/check-in-codes`))]
    // Another one first each round.
    const answers = await Promise.all([...calls.slice(round), ...calls.slice(0, round)].map((call) => call()))
    t.ok(answers.every(({ status }) => [200, 201, 403, 404, 409, 422].includes(status)), JSON.stringify(answers.map(({ status }) => status)))

    const { body: contract } = await notaries[0].get(`/contracts/${id}`)
    const { body: { status } } = await from.get(`/transfers/${offered.id}`)
    const holder = status === 'accepted' ? to : from
    t.equal(contract.consumerId, holder.userId, `round ${round}: ${status}`)
    t.equal((await from.get(`/contracts/${id}`)).status, status === 'accepted' ? 404 : 200)
    const { body: { items: refunds } } = await notaries[0].get(`/refunds?contractId=${id}`)
    t.ok(refunds.length <= 1 && !(refunds.length === 1 && status === 'accepted'), 'one refund, or one handover, or none')
    const accepted = answers.filter(({ body }) => body.status === 'accepted')
    t.equal(accepted.length, status === 'accepted' ? 1 : 0)
    for (const { id: refundId } of refunds) await Promise.all([0, 1, 0].map((i) => notaries[i as 0 | 1].post(`/refunds/${refundId}/approve`)))
    await checkBooks(t, app)
  }
})
