import t, { type Test } from 'tap'
import { startApp, type Answer, type TestApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const discounted = { priceFen: 200_000, sessions: 10, listPricePerSessionFen: 40_000, listPriceProof: '前台价目表第 1 项' }

const redeem = async (shop: Shop, consumer: Consumer, contractId: string, body: object = {}): Promise<any> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId, ...body }), 201).body
}

const quote = async (person: Pick<Consumer, 'post'>, contractId: string, reason: string, more: object = {}): Promise<any> =>
  expectStatus(await person.post(`/contracts/${contractId}/refund-quotes`, { reason, ...more }), 201).body

const tryRefund = async (person: Pick<Consumer, 'post'>, contractId: string, reason: string, more: object = {}): Promise<Answer> =>
  person.post(`/contracts/${contractId}/refunds`, { quoteId: (await quote(person, contractId, reason, more)).id })

const refund = async (person: Pick<Consumer, 'post'>, contractId: string, reason: string, more: object = {}): Promise<any> =>
  expectStatus(await tryRefund(person, contractId, reason, more), 201).body

const contractOf = async (person: Pick<Consumer, 'get'>, id: string): Promise<any> => expectStatus(await person.get(`/contracts/${id}`), 200).body

const advance = async (app: TestApp, days: number): Promise<void> => {
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)
}

const addsUp = (t: Pick<Test, 'equal'>, { money }: { money: Record<string, number> }, message: string): void => {
  const { paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen } = money as Record<string, number>
  t.equal(paidFen, heldFen! + disputedFen! + pendingFen! + releasedFen! + refundedFen!, message)
}

const holds = async (t: Pick<Test, 'same'>, app: TestApp): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the invariants hold')
}

t.test('the bare calculator', async (t) => {
  const app = await startApp(t)
  const consumer = await newConsumer(app)
  const body = { kind: 'sessions', paidFen: 600_000, paidSessions: 20, bonusSessions: 1, usedSessions: '12', cause: 'merchant' }

  t.test('answers with the sum, its rule, its steps and its articles', async (t) => {
    const { status, body: answer } = await consumer.post('/refund-calculations', body, { key: false })
    t.equal(status, 200)
    t.match(answer, { refundFen: 257_143, merchantFen: 342_857, rule: 'R2', lawRefs: ['法释〔2025〕4号第18条'] })
    t.same(answer.steps.map(({ amountFen }: { amountFen: number }) => amountFen), [600_000, 342_857, 257_143])
    t.match(answer.steps[0].text, '已付价款')
  })

  t.test('speaks the language that is asked for', async (t) => {
    const { body: answer } = await consumer.post('/refund-calculations', body, { headers: { 'accept-language': 'en' } })
    t.match(answer.steps[0], { text: 'Price paid', texts: { 'zh-CN': '已付价款', en: 'Price paid' } })
  })

  t.test('is for those who are signed in', async (t) => {
    t.equal((await app.nobody.post('/refund-calculations', body)).status, 401)
  })

  t.test('refuses nonsense', async (t) => {
    for (const more of [{ usedSessions: '22' }, { usedSessions: 12 }, { paidFen: -1 }, { cause: 'none' }, { kind: 'period', termDays: 3, elapsedDays: 4 }]) {
      t.match(await consumer.post('/refund-calculations', { ...body, ...more }), { status: 422, body: { code: 'validation_failed' } }, JSON.stringify(more))
    }
  })
})

t.test('refunds', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notary = await maker(app)
  const productId = await listProduct(app, shop, discounted)
  const bought = async () => {
    const consumer = await newConsumer(app)
    return { consumer, id: await buy(app, consumer, productId) }
  }

  t.test('an unused contract goes back whole within the cooling-off time', async (t) => {
    const { consumer, id } = await bought()
    const quoted = await quote(consumer, id, 'cooling_off')
    t.match(quoted, { refundFen: 200_000, merchantFen: 0, contestedFen: 0, heldFen: 200_000, shortfallFen: 0, rule: 'R1', lawRefs: ['法释〔2025〕4号第14条'] })

    const { status, body: asked } = await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })
    t.equal(status, 201)
    t.match(asked, { status: 'awaiting_approval', consentBy: null, isLate: false })

    t.match(await notary.post(`/refunds/${asked.id}/approve`), { status: 200, body: { status: 'approved' } })
    t.match((await consumer.get(`/refunds/${asked.id}`)).body, { status: 'paid', refundFen: 200_000, quote: { rule: 'R1' }, interest: null })
    const contract = await contractOf(consumer, id)
    t.match(contract, { status: 'terminated', sessions: { left: 0 }, money: { heldFen: 0, refundedFen: 200_000, refundPaidFen: 200_000, refundPayableFen: 0 } })
    addsUp(t, contract, 'after the refund')
  })

  t.test('what was used in the cooling-off time is deducted at the contract\'s price', async (t) => {
    const { consumer, id } = await bought()
    for (let i = 0; i < 3; i++) await redeem(shop, consumer, id)
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    await notary.post(`/refunds/${refundId}/approve`)
    const contract = await contractOf(consumer, id)
    t.match(contract, { status: 'terminated', money: { heldFen: 0, refundedFen: 140_000, pendingFen: 60_000 } })
    addsUp(t, contract, 'after the refund')
  })

  t.test('a consumer who leaves pays the list price of what was used, and the merchant gets the rest of what is held', async (t) => {
    const { consumer, id } = await bought()
    for (let i = 0; i < 3; i++) await redeem(shop, consumer, id)
    const quoted = await quote(consumer, id, 'consumer_choice')
    t.match(quoted, { refundFen: 80_000, merchantFen: 60_000, contestedFen: 0, heldFen: 140_000, rule: 'R3' })
    const { id: refundId, status } = (await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })).body
    t.equal(status, 'awaiting_consent')
    t.match(await shop.owner.post(`/refunds/${refundId}/accept`), { status: 200, body: { status: 'awaiting_approval' } })
    await notary.post(`/refunds/${refundId}/approve`)
    const contract = await contractOf(consumer, id)
    t.match(contract, { status: 'terminated', money: { heldFen: 0, refundedFen: 80_000, pendingFen: 60_000, releasedFen: 60_000 } })
    addsUp(t, contract, 'after the refund')

    const { body: { items } } = await consumer.get(`/contracts/${id}/statement`)
    const approved = items.filter(({ event }: { event: string }) => event === 'refund-approved')
    t.equal(new Set(approved.map(({ transferId }: { transferId: string }) => transferId)).size, 1, 'one transfer')
    t.same(approved.map(({ account, side, amountFen }: any) => [account.split(':')[0], side, amountFen]), [
      ['held', 'debit', 140_000], ['refund_payable', 'credit', 80_000], ['payable', 'credit', 60_000]
    ])
  })

  t.test('contested sessions stay frozen by what is at stake', async (t) => {
    const { consumer, id } = await bought()
    const [first] = [await redeem(shop, consumer, id), await redeem(shop, consumer, id), await redeem(shop, consumer, id)]
    expectStatus(await consumer.post(`/redemptions/${first.id}/objection`, { reason: '当日未到店' }), 200)
    t.match(await quote(consumer, id, 'consumer_choice'), { refundFen: 80_000, contestedFen: 20_000, merchantFen: 40_000, heldFen: 140_000 })
    const { id: refundId } = await refund(consumer, id, 'consumer_choice')
    await shop.owner.post(`/refunds/${refundId}/accept`)
    expectStatus(await notary.post(`/refunds/${refundId}/approve`), 200)
    const contract = await contractOf(consumer, id)
    t.match(contract, { status: 'terminated', money: { heldFen: 0, disputedFen: 20_000, refundedFen: 80_000, releasedFen: 40_000, pendingFen: 60_000, objectedFen: 20_000 } })
    addsUp(t, contract, 'after the refund')
    await holds(t, app)

    expectStatus(await shop.owner.post(`/redemptions/${first.id}/void`, { reason: '确未到店' }), 200)
    await app.runDue()
    t.match(await contractOf(consumer, id), { money: { disputedFen: 0, refundedFen: 120_000, refundPaidFen: 120_000, releasedFen: 40_000, pendingFen: 40_000 } }, 'all that was at stake is the consumer\'s')
    await holds(t, app)
  })

  t.test('what was at stake is the merchant\'s when the objection is taken back', async (t) => {
    const { consumer, id } = await bought()
    const [first, second] = [await redeem(shop, consumer, id), await redeem(shop, consumer, id), await redeem(shop, consumer, id)]
    for (const { id: redemptionId } of [first, second]) expectStatus(await consumer.post(`/redemptions/${redemptionId}/objection`, { reason: '当日未到店' }), 200)
    t.match(await quote(consumer, id, 'consumer_choice'), { refundFen: 80_000, contestedFen: 40_000, merchantFen: 20_000 })
    const { id: refundId } = await refund(consumer, id, 'consumer_choice')
    await shop.owner.post(`/refunds/${refundId}/accept`)
    expectStatus(await notary.post(`/refunds/${refundId}/approve`), 200)
    expectStatus(await consumer.post(`/redemptions/${first.id}/objection/withdraw`), 200)
    await app.runDue()
    t.match(await contractOf(consumer, id), { money: { disputedFen: 20_000, refundedFen: 80_000, releasedFen: 40_000 } })
    await holds(t, app)
    await advance(app, 8)
    const contract = await contractOf(consumer, id)
    t.match(contract, { money: { disputedFen: 40_000, refundedFen: 80_000 } }, 'the other becomes a dispute over all that is at stake')
    t.not(contract.disputeId, null)
    await holds(t, app)
  })

  t.test('the merchant\'s breach gives the share of what is left', async (t) => {
    const { consumer, id } = await bought()
    for (let i = 0; i < 3; i++) await redeem(shop, consumer, id)
    t.match(await quote(consumer, id, 'merchant_breach'), { refundFen: 140_000, merchantFen: 0, rule: 'R2' })
    t.match(await quote(shop.owner, id, 'merchant_breach'), { refundFen: 140_000 })
    const offered = await refund(shop.owner, id, 'merchant_breach')
    t.equal(offered.status, 'awaiting_approval', 'a merchant that gives as much as the law needs no consent')
  })

  t.test('a merchant\'s offer below that needs the consumer\'s consent, and silence is none', async (t) => {
    const { consumer, id } = await bought()
    await redeem(shop, consumer, id)
    const offered = await refund(shop.owner, id, 'consumer_choice')
    t.equal(offered.status, 'awaiting_consent')
    t.match(await shop.owner.post(`/refunds/${offered.id}/accept`), { status: 403, body: { code: 'forbidden' } })
    t.match(await consumer.post(`/refunds/${offered.id}/decline`, { reason: '金额不对' }), { status: 200, body: { status: 'declined', note: '金额不对' } })
    t.match(await consumer.post(`/refunds/${offered.id}/accept`), { status: 409, body: { code: 'wrong_state' } })
  })

  t.test('both sides agree on their own sum', async (t) => {
    const { consumer, id } = await bought()
    t.match(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'mutual' }), { status: 422, body: { code: 'validation_failed' } })
    t.match(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'mutual', agreedFen: 200_001 }), { status: 422 })
    t.match(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'consumer_choice', agreedFen: 1 }), { status: 422 })
    const { id: refundId, status } = await refund(shop.owner, id, 'mutual', { agreedFen: 150_000 })
    t.equal(status, 'awaiting_consent')
    await consumer.post(`/refunds/${refundId}/accept`)
    await notary.post(`/refunds/${refundId}/approve`)
    t.match(await contractOf(consumer, id), { status: 'terminated', money: { refundedFen: 150_000, releasedFen: 50_000 } })
  })

  t.test('gifts already taken count as the notary decides, who says why', async (t) => {
    const { consumer, id } = await bought()
    const gifts = { valueFen: 50_000, treatment: 'share', reason: '已领取泳镜一副,按比例折算' }
    t.match(await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'merchant_breach', gifts }), { status: 403, body: { code: 'forbidden' } })
    const quoted = await quote(notary, id, 'merchant_breach', { gifts })
    t.match(quoted, { refundFen: 160_000, merchantFen: 40_000, lawRefs: ['法释〔2025〕4号第18条', '法释〔2025〕4号第21条'] })
    const { status, body } = await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })
    t.equal(status, 201)
    await shop.owner.post(`/refunds/${body.id}/accept`)
    expectStatus(await notary.post(`/refunds/${body.id}/approve`), 200)
    t.match(await contractOf(consumer, id), { status: 'terminated', money: { refundedFen: 160_000, releasedFen: 40_000 } })
  })

  t.test('a refund of nothing still ends the contract', async (t) => {
    const { consumer, id } = await bought()
    for (let i = 0; i < 5; i++) await redeem(shop, consumer, id)
    t.match(await quote(consumer, id, 'consumer_choice'), { refundFen: 0, merchantFen: 100_000 })
    const { id: refundId } = await refund(consumer, id, 'consumer_choice')
    await shop.owner.post(`/refunds/${refundId}/accept`)
    t.match(await notary.post(`/refunds/${refundId}/approve`), { status: 200, body: { status: 'paid', refundFen: 0 } })
    t.match(await contractOf(consumer, id), { status: 'terminated', money: { heldFen: 0, releasedFen: 100_000 } })
  })

  t.test('a quote is refused when the facts have moved', async (t) => {
    const { consumer, id } = await bought()
    const quoted = await quote(consumer, id, 'consumer_choice')
    await redeem(shop, consumer, id)
    t.match(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), { status: 409, body: { code: 'quote_stale' } })

    const { id: refundId } = await refund(consumer, id, 'consumer_choice')
    await shop.owner.post(`/refunds/${refundId}/accept`)
    await redeem(shop, consumer, id)
    t.match(await notary.post(`/refunds/${refundId}/approve`), { status: 409, body: { code: 'quote_stale' } })
    const newer = await refund(consumer, id, 'consumer_choice')
    t.equal(newer.status, 'awaiting_consent', 'a newer request takes the place of the stale one')
    t.match((await consumer.get(`/refunds/${refundId}`)).body, { status: 'rejected' })
  })

  t.test('one refund of a contract is open at a time', async (t) => {
    const { consumer, id } = await bought()
    await refund(consumer, id, 'consumer_choice')
    t.match(await tryRefund(consumer, id, 'cooling_off'), { status: 409, body: { code: 'wrong_state' } })
    t.match(await tryRefund(shop.owner, id, 'merchant_breach'), { status: 409, body: { code: 'wrong_state' } })
  })

  t.test('from the approval on nothing can be redeemed, and before it can', async (t) => {
    const { consumer, id } = await bought()
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    await redeem(shop, consumer, id)
    t.match(await notary.post(`/refunds/${refundId}/approve`), { status: 409, body: { code: 'quote_stale' } })
    const { id: newer } = await refund(consumer, id, 'cooling_off')
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    await notary.post(`/refunds/${newer}/approve`)
    const refused = await shop.cashier.post('/redemptions', { code, venueId: shop.venueId })
    t.ok([409, 422].includes(refused.status), refused.body.code)
  })

  t.test('the notary may refuse', async (t) => {
    const { consumer, id } = await bought()
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    t.match(await notary.post(`/refunds/${refundId}/reject`, { reason: '材料不符' }), { status: 200, body: { status: 'rejected', note: '材料不符' } })
    t.match(await notary.post(`/refunds/${refundId}/approve`), { status: 409, body: { code: 'wrong_state' } })
    t.match(await contractOf(consumer, id), { status: 'active', frozen: null, money: { heldFen: 200_000 } })
  })

  t.test('what is not one\'s own does not exist', async (t) => {
    const { consumer, id } = await bought()
    const stranger = await newConsumer(app)
    const quoted = await quote(consumer, id, 'cooling_off')
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    t.equal((await stranger.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' })).status, 404)
    t.equal((await stranger.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })).status, 404)
    t.equal((await stranger.get(`/refunds/${refundId}`)).status, 404)
    t.same((await stranger.get('/refunds')).body.items, [])
    t.equal((await stranger.post(`/refunds/${refundId}/accept`)).status, 404)
    t.equal((await consumer.post(`/refunds/${refundId}/approve`)).status, 403)
    const other = await bought()
    t.equal((await other.consumer.post(`/contracts/${other.id}/refunds`, { quoteId: quoted.id })).status, 404, 'a quote of another contract')
  })

  t.test('lists are filtered and paged', async (t) => {
    const { body: paid } = await notary.get('/refunds?status=paid&limit=1')
    t.equal(paid.items.length, 1)
    const { body: next } = await notary.get(`/refunds?status=paid&limit=1&cursor=${paid.nextCursor}`)
    t.not(next.items[0].id, paid.items[0].id)
    t.equal((await notary.get('/refunds?status=nothing')).status, 422)
    t.same((await notary.get('/refunds?late=true')).body.items, [])
  })

  t.test('approving twice under two keys pays once', async (t) => {
    const { consumer, id } = await bought()
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    const second = await checker(app)
    const answers = await Promise.all([notary, second, notary, second].map((person) => person.post(`/refunds/${refundId}/approve`)))
    t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409])
    t.match(await contractOf(consumer, id), { status: 'terminated', money: { refundedFen: 200_000, refundPaidFen: 200_000 } })
  })

  t.test('twenty requests at once make one refund, and one key one effect', async (t) => {
    const { consumer, id } = await bought()
    const quoted = await quote(consumer, id, 'cooling_off')
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }, i < 10 ? { key: 'the-same' } : {})))
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id))
    t.equal(made.size, 1)
    t.ok(answers.every(({ status, body }) => status === 201 || (status === 409 && body.code === 'wrong_state')))
  })

  t.test('twenty refunds and redemptions at once end consistent', async (t) => {
    const { consumer, id } = await bought()
    const codes = await Promise.all(Array.from({ length: 10 }, async () => (await consumer.post(`/contracts/${id}/check-in-codes`)).body.code))
    const attempts = Array.from({ length: 20 }, async (_, i): Promise<Answer> => {
      if (i % 2 === 0) return shop.cashier.post('/redemptions', { code: codes[i / 2], venueId: shop.venueId })
      const quoted = await consumer.post(`/contracts/${id}/refund-quotes`, { reason: 'cooling_off' })
      if (quoted.status !== 201) return quoted
      const asked = await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.body.id })
      return asked.status === 201 ? notary.post(`/refunds/${asked.body.id}/approve`) : asked
    })
    const answers = await Promise.all(attempts)
    t.ok(answers.every(({ status }) => [200, 201, 409, 422].includes(status)), JSON.stringify(answers.map(({ status, body }) => [status, body.code])))
    const contract = await contractOf(consumer, id)
    addsUp(t, contract, 'whatever came first')
    const { sessions, money, status } = contract
    t.ok(status !== 'terminated' || money.refundedFen === 200_000 - sessions.used * 20_000, `${status}, ${sessions.used} used, ${money.refundedFen} back`)
  })

  t.test('time decides where a side is silent', async (t) => {
    const leaving = await bought()
    const wronged = await bought()
    await redeem(shop, leaving.consumer, leaving.id)
    const byChoice = await refund(leaving.consumer, leaving.id, 'consumer_choice')
    const byBreach = await refund(wronged.consumer, wronged.id, 'merchant_breach')
    await advance(app, 12)
    t.match((await leaving.consumer.get(`/refunds/${byChoice.id}`)).body, { status: 'awaiting_approval' })
    t.match((await wronged.consumer.get(`/refunds/${byBreach.id}`)).body, { status: 'declined' })
    t.match(await wronged.consumer.post(`/contracts/${wronged.id}/refund-quotes`, { reason: 'cooling_off' }), { status: 422, body: { code: 'cooling_off_over' } })
    expectStatus(await notary.post(`/refunds/${byChoice.id}/approve`), 200)
    t.match(await contractOf(leaving.consumer, leaving.id), { status: 'terminated', money: { refundedFen: 160_000, releasedFen: 40_000 } })
  })

  t.test('a quote has its time', async (t) => {
    const { consumer, id } = await bought()
    const quoted = await quote(consumer, id, 'consumer_choice')
    await advance(app, 1)
    t.match(await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id }), { status: 409, body: { code: 'quote_stale' } })
  })

  t.test('one that is not paid in time shows as late', async (t) => {
    const { consumer, id } = await bought()
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    await advance(app, 20)
    t.ok((await notary.get('/refunds?late=true')).body.items.some(({ id }: { id: string }) => id === refundId))
    await holds(t, app)
  })
})

t.test('refunds of term cards', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notary = await maker(app)
  const productId = await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30, settlementRule: { release: 'per_day', objectionHours: 0 } })
  const bought = async () => {
    const consumer = await newConsumer(app)
    return { consumer, id: await buy(app, consumer, productId) }
  }
  const [unvisited, visited, leaving] = [await bought(), await bought(), await bought()]
  await redeem(shop, visited.consumer, visited.id)
  await advance(app, 3)
  t.match(await contractOf(unvisited.consumer, unvisited.id), { money: { heldFen: 27_000, pendingFen: 0, releasedFen: 3_000 } })

  t.test('a card nobody used goes back whole within the cooling-off time: its days are taken back', async (t) => {
    const { consumer, id } = unvisited
    t.match(await quote(consumer, id, 'cooling_off'), { refundFen: 30_000, merchantFen: 0, heldFen: 30_000, rule: 'R1' })
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    await advance(app, 1)
    expectStatus(await notary.post(`/refunds/${refundId}/approve`), 200)
    const contract = await contractOf(consumer, id)
    t.match(contract, { status: 'terminated', money: { refundedFen: 30_000, refundPaidFen: 30_000, heldFen: 0, pendingFen: 0, releasedFen: 0 } })
    addsUp(t, contract, 'after the refund')
    await holds(t, app)
  })

  t.test('one that was used pays for the days that passed', async (t) => {
    const { consumer, id } = visited
    const quoted = await quote(consumer, id, 'cooling_off')
    t.match(quoted, { refundFen: 26_000, merchantFen: 0, rule: 'R1' })
  })

  t.test('it ends on the day it was asked for, however long the answers take', async (t) => {
    const { consumer, id } = leaving
    const quoted = await quote(consumer, id, 'consumer_choice')
    t.match(quoted, { refundFen: 26_000, rule: 'R6' })
    const { body: { id: refundId } } = await consumer.post(`/contracts/${id}/refunds`, { quoteId: quoted.id })
    await advance(app, 2)
    await shop.owner.post(`/refunds/${refundId}/accept`)
    t.match(await contractOf(consumer, id), { money: { heldFen: 24_000 } })
    expectStatus(await notary.post(`/refunds/${refundId}/approve`), 200)
    t.match(await contractOf(consumer, id), { status: 'terminated', sessions: { used: 4 }, money: { refundedFen: 26_000, releasedFen: 4_000, pendingFen: 0 } })
    await holds(t, app)
  })

  t.test('the bureau sees refunds without what people wrote', async (t) => {
    const { consumer, id } = visited
    const { id: refundId } = await refund(consumer, id, 'cooling_off')
    expectStatus(await notary.post(`/refunds/${refundId}/reject`, { reason: '张三手机号 13800138000' }), 200)
    const watcher = await bureau(app)
    const { status, body: { items } } = await watcher.get('/refunds')
    t.equal(status, 200)
    t.match(items.find((item: { id: string }) => item.id === refundId), { status: 'rejected', note: null, refundFen: 24_000 })
    t.equal((await watcher.get('/refunds?late=true')).status, 200)
    t.equal((await watcher.get(`/refunds/${refundId}`)).status, 403)
  })
})
