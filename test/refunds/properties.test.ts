import t, { type Test } from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { checker, codeFor, maker, newConsumer, type Consumer, type Person } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

/*
 * Random histories of redemptions, voids, objections, quotes, refunds, transfers, pauses and a
 * closure, over HTTP, with the books checked on the way. The seed is printed; RANDOM_SEED plays a history again.
 */

const seed = Number(process.env.RANDOM_SEED ?? Date.now() % 1_000_000)
let state = seed + 1
const random = (below: number): number => {
  state = (state * 48_271) % 2_147_483_647
  return state % below
}
const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item

/** `consumer`: who holds it now. */
type Card = { consumer: Consumer; readonly id: string; readonly kind: string }
type World = Readonly<{ app: TestApp; shop: Shop; notaries: Person[]; consumers: Consumer[]; cards: Card[] }>

const advance = async ({ nobody }: TestApp, hours: number): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds: hours * 3_600 }), 200)
}

const redeemSome = async ({ shop }: World, { consumer, id, kind }: Card) => {
  const { status, body } = await consumer.post(`/contracts/${id}/check-in-codes`)
  if (status === 201) await shop.cashier.post('/redemptions', { code: body.code, venueId: shop.venueId, ...(kind === 'stored_value' ? { amountFen: 1 + random(20_000) } : {}) })
}

const someRelease = async ({ consumer, id }: Card): Promise<any> => {
  const { body: { items } } = await consumer.get(`/redemptions?contractId=${id}&limit=20`)
  return items.length === 0 ? undefined : pick(items)
}

const steps: Record<string, (world: World, card: Card) => Promise<unknown>> = {
  redeem: redeemSome,
  redeemAgain: redeemSome,
  void: async ({ shop }, card) => {
    const release = await someRelease(card)
    if (release) await shop.owner.post(`/redemptions/${release.id}/void`, { reason: '误操作' })
  },
  object: async (_, card) => {
    const release = await someRelease(card)
    if (release) await card.consumer.post(`/redemptions/${release.id}/objection`, { reason: '未到店' })
  },
  withdraw: async (_, card) => {
    const release = await someRelease(card)
    if (release) await card.consumer.post(`/redemptions/${release.id}/objection/withdraw`)
  },
  ask: async ({ shop }, { consumer, id }) => {
    const side = pick([consumer, consumer, shop.owner])
    const reason = pick(['cooling_off', 'consumer_choice', 'merchant_breach', 'force_majeure', 'mutual'])
    const quoted = await side.post(`/contracts/${id}/refund-quotes`, { reason, ...(reason === 'mutual' ? { agreedFen: random(100_000) } : {}) })
    if (quoted.status === 201) await side.post(`/contracts/${id}/refunds`, { quoteId: quoted.body.id })
  },
  answer: async ({ shop }, { consumer, id }) => {
    const { body: { items } } = await consumer.get(`/refunds?contractId=${id}&status=awaiting_consent`)
    for (const refund of items) await pick([shop.owner, consumer]).post(`/refunds/${refund.id}/${pick(['accept', 'accept', 'decline'])}`, { reason: '不同意' })
  },
  decide: async ({ notaries }, { consumer, id }) => {
    const { body: { items } } = await consumer.get(`/refunds?contractId=${id}&status=awaiting_approval`)
    for (const refund of items) {
      await Promise.all([0, 1].map(() => pick(notaries).post(`/refunds/${refund.id}/${pick(['approve', 'approve', 'approve', 'reject'])}`, { reason: '材料不符' })))
    }
  },
  handOver: async ({ app, consumers }, card) => {
    const [from, to] = [card.consumer, pick(consumers)]
    const offered = await from.post(`/contracts/${card.id}/transfers`, { phone: to.phone, confirmsReleases: random(3) > 0 })
    if (offered.status !== 201) return
    const challenge = await to.post('/auth/challenges', { phone: to.phone, purpose: 'sign_contract', contractId: card.id })
    const code = challenge.status === 201 ? await codeFor(app, to.phone) : '000000'
    const { status } = await to.post(`/transfers/${offered.body.id}/accept`, { challengeId: challenge.body.challengeId ?? 'chl_01k0vb4c9hfkbt9t9a6x2n8g7m', code })
    if (status === 200) card.consumer = to
    else await from.post(`/transfers/${offered.body.id}/cancel`)
  },
  pause: async ({ app, shop }, { consumer, id }) => {
    const { body: { now } } = await app.nobody.get('/sandbox/clock')
    const dateIn = (days: number) => new Date(Date.parse(now) + (8 + 24 * days) * 3_600_000).toISOString().slice(0, 10)
    const begins = random(3)
    const ground = pick(['health', 'outage'])
    const { status, body } = await (ground === 'outage' ? shop.owner : consumer).post(`/contracts/${id}/pauses`, { ground, startsOn: dateIn(begins), endsOn: dateIn(begins + random(5)) })
    if (status === 201 && ground !== 'outage') await shop.owner.post(`/pauses/${body.id}/${pick(['accept', 'accept', 'decline'])}`)
  },
  resume: async ({ shop }, { consumer, id }) => {
    const { body: { items } } = await consumer.get(`/contracts/${id}/pauses`)
    for (const { id } of items.slice(0, 1)) await pick([shop.owner, consumer]).post(`/pauses/${id}/end`)
  },
  rush: async (world, card) => { await Promise.all([steps.redeem!(world, card), steps.ask!(world, card), steps.decide!(world, card), steps.void!(world, card), steps.handOver!(world, card)]) },
  wait: async ({ app }) => { await advance(app, 1 + random(40)) }
}

const checkBooks = async (t: Pick<Test, 'same' | 'ok'>, { app, notaries, cards }: World, when: string): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], `${when}: the invariants hold`)
  for (const { id } of cards) {
    const { body: { money } } = await notaries[0]!.get(`/contracts/${id}`)
    t.ok(money.refundedFen <= money.paidFen && money.refundPaidFen <= money.refundedFen, `${when}: nobody gets more than was paid`)
  }
}

/** What goes back to a holder who did not pay goes by bank transfer, to an account the holder gives. */
const payByBank = async ({ notaries, cards }: World): Promise<void> => {
  for (const { consumer, id } of cards) {
    const { body: { items } } = await notaries[0]!.get(`/refunds?contractId=${id}&status=failed`)
    for (const refund of items) {
      expectStatus(await consumer.put(`/refunds/${refund.id}/account`, { bankName: '中国工商银行', accountName: consumer.legalName, accountNumber: '6222020200112233445' }), 200)
      expectStatus(await notaries[0]!.post(`/refunds/${refund.id}/bank-transfer`), 201)
      expectStatus(await notaries[1]!.post(`/refunds/${refund.id}/bank-transfer/approve`), 200)
    }
  }
}

t.test(`any history leaves the books in order (seed ${seed})`, { timeout: 110_000 }, async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const notaries = [await maker(app), await checker(app)]
  const products = {
    sessions: await listProduct(app, shop, { sessions: 7, bonusSessions: 2, listPricePerSessionFen: 20_000, listPriceProof: '价目表' }),
    stored_value: await listProduct(app, shop, { kind: 'stored_value', bonusFen: 33_333 }),
    period: await listProduct(app, shop, { kind: 'period', priceFen: 99_999, periodDays: 31, validDays: 31 })
  }
  const cards: Card[] = []
  for (const kind of ['sessions', 'sessions', 'stored_value', 'stored_value', 'period', 'period'] as const) {
    const consumer = await newConsumer(app)
    cards.push({ consumer, id: await buy(app, consumer, products[kind]), kind })
  }
  const consumers = cards.map(({ consumer }) => consumer)
  const world = { app, shop, notaries, consumers, cards }

  for (let i = 1; i <= 120; i++) {
    await steps[pick(Object.keys(steps))]!(world, pick(cards))
    if (i % 40 === 0) await checkBooks(t, world, `after ${i} steps`)
  }

  const { body: { items: handovers } } = await notaries[0]!.get('/transfers?status=accepted&limit=100')
  const pauses = await Promise.all(cards.map(async ({ id }) => (await notaries[0]!.get(`/contracts/${id}/pauses`)).body.items))
  t.comment(`${handovers.length} handed over, ${pauses.flat().filter(({ answeredAt }) => answeredAt !== null).length} pauses answered`)

  const { body: { now } } = await app.nobody.get('/sandbox/clock')
  expectStatus(await notaries[0]!.post(`/merchants/${shop.merchantId}/closure`, { reason: '停业', stoppedOn: new Date(Date.parse(now) + 8 * 3_600_000).toISOString().slice(0, 10) }), 201)
  expectStatus(await notaries[1]!.post(`/merchants/${shop.merchantId}/closure/approve`), 200)
  await advance(app, 24 * 3)
  t.match((await notaries[0]!.get(`/merchants/${shop.merchantId}/closure`)).body, { status: 'completed', differenceFen: 0 })
  await payByBank(world)
  await checkBooks(t, world, 'after the closure')
  for (const { id, kind } of cards) {
    const { body: { status, money } } = await notaries[0]!.get(`/contracts/${id}`)
    t.equal(money.heldFen, 0, `${kind} ${status}: nothing is held at the end`)
    t.equal(money.paidFen, money.refundedFen + money.releasedFen + money.disputedFen + money.pendingFen, `${kind}: paid = refunded + released, but for what is contested`)
    t.equal(money.refundedFen, money.refundPaidFen, `${kind}: what was refunded was paid`)
  }
})
