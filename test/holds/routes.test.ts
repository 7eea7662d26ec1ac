import t from 'tap'
import { addDays } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { bureau, newConsumer, newPhone, operator } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct } from '../support/shop.js'
import { today } from '../bank/support.js'
import { approveAndView, draftFor, earn, newEarner, notariesOf, settle, violated } from '../settlement/support.js'
import { advance } from '../support/clock.js'

const session = 10_000

t.test('money that courts hold', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const earner = await newEarner(app, 0)
  const { merchantId, owner, contractId } = earner
  const until = addDays(await today(app), 30)
  const aHold = (more: object = {}) => ({ merchantId, amountFen: 15_000, court: '上海市长宁区人民法院', documentNumber: '（2026）沪0105执保1号', until, ...more })
  const enter = async (more: object = {}): Promise<any> => expectStatus(await first.post('/legal-holds', aHold(more)), 201).body
  const place = async (more: object = {}): Promise<any> => expectStatus(await second.post(`/legal-holds/${(await enter(more)).id}/approve`), 200).body
  const lift = async (id: string): Promise<any> => {
    expectStatus(await first.post(`/legal-holds/${id}/lifting`, { documentNumber: '（2026）沪0105执保1号之一' }), 201)
    return expectStatus(await second.post(`/legal-holds/${id}/lifting/approve`), 200).body
  }
  const showing = async (id: string, who = owner): Promise<any> => expectStatus(await who.get(`/legal-holds/${id}`), 200).body
  const balances = async (): Promise<any> => expectStatus(await owner.get(`/merchants/${merchantId}/balances`), 200).body
  const tryDraft = () => first.post('/settlements', { merchantIds: [merchantId] })

  t.test('are left out of settlements from the moment one person enters it, and the merchant sees why its money waits', async (t) => {
    for (let i = 0; i < 3; i++) await earn(app, earner, 1)
    const before = await draftFor(app, earner)
    t.equal(before.grossFen, 3 * session)
    const hold = await enter()
    t.match(hold, { status: 'proposed', merchantId, contractId: null, amountFen: 15_000, until, makerId: first.userId, checkerId: null })
    t.match(await second.post(`/settlements/${before.id}/approve`), { status: 409, body: { code: 'money_held', merchants: [{ merchantId, grossFen: 30_000, withheldFen: 15_000 }] } })
    t.match(await first.post(`/legal-holds/${hold.id}/approve`), { status: 403, body: { code: 'same_person' } })
    t.match(await second.post(`/legal-holds/${hold.id}/approve`), { status: 200, body: { status: 'active', checkerId: second.userId } })
    t.match(await second.post(`/legal-holds/${hold.id}/approve`), { status: 409, body: { code: 'wrong_state', state: 'active' } })
    t.match((await app.nobody.get(`/sandbox/messages?phone=${earner.ownerPhone}`)).body.items[0].text, /长宁区人民法院已冻结应付贵商户的款项 ¥150\.00/)

    expectStatus(await first.post(`/settlements/${before.id}/cancel`), 200)
    t.match(await settle(app, earner), { items: [{ grossFen: session, status: 'paid' }] }, 'two sessions stay: a row is paid whole')
    t.match(await balances(), { payableFen: 2 * session, legalHoldFen: 15_000 })
    t.match(await tryDraft(), { status: 422, body: { code: 'nothing_payable' } })
    t.match((await owner.get('/legal-holds')).body.items, [{ id: hold.id, court: '上海市长宁区人民法院', documentNumber: '（2026）沪0105执保1号', makerId: null, checkerId: null }])
    t.match(await showing(hold.id), { withheldFen: 15_000 })
    t.same(await violated(app), [])
  })

  t.test('several holds add up, and of two on the same money the later one waits', async (t) => {
    const [one] = (await owner.get('/legal-holds')).body.items
    const two = await place({ amountFen: 12_000, documentNumber: '（2026）沪0105执2号' })
    t.match([await showing(one.id), await showing(two.id)], [{ withheldFen: 15_000 }, { withheldFen: 5_000 }])
    await earn(app, earner, 1)
    t.match(await showing(two.id), { withheldFen: 12_000 })
    t.match(await tryDraft(), { status: 422, body: { code: 'nothing_payable' } }, 'three sessions for 27,000')
    await earn(app, earner, 1)
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    t.match(await balances(), { payableFen: 3 * session, legalHoldFen: 27_000 })
    const { body: overview } = expectStatus(await (await bureau(app)).get('/audit/overview'), 200)
    t.match(overview, { legalHolds: 2, legalHoldFen: 27_000, agree: true })
    t.match((await (await bureau(app)).get('/audit/overview?at=2026-01-01T00:00:00Z')).body, { legalHolds: 0 })
    t.same(await violated(app), [])
  })

  t.test('two people lift a hold; until then it holds, and what it held is paid by the next settlement', async (t) => {
    const [two] = (await owner.get('/legal-holds')).body.items
    expectStatus(await first.post(`/legal-holds/${two.id}/lifting`, { documentNumber: '解1' }), 201)
    t.match(await first.post(`/legal-holds/${two.id}/lifting/approve`), { status: 403, body: { code: 'same_person' } })
    t.match(await showing(two.id), { status: 'lift_proposed', withheldFen: 12_000 })
    t.match(await second.post(`/legal-holds/${two.id}/withdraw`), { status: 200, body: { status: 'active', liftDocumentNumber: null } })
    t.match(await second.post(`/legal-holds/${two.id}/lifting/approve`), { status: 409 })
    t.match(await lift(two.id), { status: 'lifted', liftDocumentNumber: '（2026）沪0105执保1号之一' })
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    t.match(await showing(two.id), { withheldFen: 0 })
    t.same(await violated(app), [])
  })

  t.test('another hold takes the place of one by two people, and never of more money than the court says', async (t) => {
    const { items } = (await owner.get('/legal-holds?status=active')).body
    const [one] = items
    const renewal = await enter({ renews: one.id, amountFen: 9_000, documentNumber: '续1' })
    t.match([await showing(one.id), await showing(renewal.id)], [{ withheldFen: 15_000 }, { withheldFen: 0 }], 'one person frees nothing')
    expectStatus(await second.post(`/legal-holds/${renewal.id}/approve`), 200)
    t.match([await showing(one.id), await showing(renewal.id)], [{ status: 'renewed', withheldFen: 0 }, { status: 'active', withheldFen: 9_000 }])
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    t.match(await first.post('/legal-holds', aHold({ renews: one.id })), { status: 422, body: { errors: [{ path: 'renews' }] } })
  })

  t.test('a hold lapses at the end of its last day', async (t) => {
    await advance(app, 31 * 86_400)
    t.match((await owner.get('/legal-holds?status=lapsed')).body.items, [{ amountFen: 9_000 }])
    t.match(await balances(), { payableFen: session, legalHoldFen: 0 })
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    t.same(await violated(app), [])
  })

  t.test('a hold on a contract leaves other contracts\' money alone', async (t) => {
    const other = await newConsumer(app)
    const bought = await buy(app, other, await listProduct(app, earner, { settlementRule: { release: 'per_session', objectionHours: 0 } }))
    await earn(app, earner, 1)
    await earn(app, { ...earner, consumer: other, contractId: bought }, 1)
    const late = addDays(await today(app), 5)
    const hold = await place({ merchantId: undefined, contractId, amountFen: 50_000, until: late })
    t.match(hold, { merchantId, contractId })
    t.match(await showing(hold.id), { withheldFen: session })
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    await earn(app, { ...earner, consumer: other, contractId: bought }, 1)
    await earn(app, earner, 1)
    t.match(await settle(app, earner), { items: [{ grossFen: session }] })
    t.match(await showing(hold.id), { withheldFen: 2 * session })
    await lift(hold.id)
    t.match(await settle(app, earner), { items: [{ grossFen: 2 * session }] })
    t.same(await violated(app), [])
  })

  t.test('whichever comes first, the hold or the approval, the other finds it', async (t) => {
    const outcomes: string[] = []
    for (let round = 0; round < 4; round++) {
      await earn(app, { ...earner, contractId: await buy(app, earner.consumer, await listProduct(app, earner, { settlementRule: { release: 'per_session', objectionHours: 0 } })) }, 1)
      const draft = await draftFor(app, earner)
      const [held, approved] = await Promise.all([first.post('/legal-holds', aHold({ until: addDays(await today(app), 1) })), second.post(`/settlements/${draft.id}/approve`)])
      expectStatus(held, 201)
      const { withheldFen } = await showing(held.body.id)
      outcomes.push(`${approved.status} ${withheldFen}`)
      expectStatus(await first.post(`/legal-holds/${held.body.id}/withdraw`), 200)
      if (approved.status !== 200) await approveAndView(app, draft.id)
    }
    t.same(outcomes.filter((outcome) => outcome !== '200 0' && outcome !== `409 ${session}`), [], 'never both paid and held')
    t.same(await violated(app), [])
  })

  t.test('against a consumer it keeps the refunds of the contract, and sets them free when it is lifted', async (t) => {
    const consumer = await newConsumer(app)
    const bought = await buy(app, consumer, await listProduct(app, earner))
    const hold = await place({ merchantId: undefined, contractId: bought, against: 'consumer', amountFen: 3_000, until: addDays(await today(app), 30) })
    t.match((await app.nobody.get(`/sandbox/messages?phone=${consumer.phone}`)).body.items[0].text, /应退还您的款项 ¥30\.00/)
    t.match(await consumer.post(`/contracts/${bought}/transfers`, { phone: newPhone() }), { status: 422, body: { code: 'transfer_blocked' } })
    const { body: quote } = expectStatus(await consumer.post(`/contracts/${bought}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: { id } } = expectStatus(await consumer.post(`/contracts/${bought}/refunds`, { quoteId: quote.id }), 201)
    expectStatus(await second.post(`/refunds/${id}/approve`), 200)
    const refund = async () => (await consumer.get(`/refunds/${id}`)).body
    t.match(await refund(), { status: 'approved', lastError: 'legal_hold', attempts: 0 })
    t.match(await showing(hold.id, consumer as never), { withheldFen: 3_000 })
    t.match(await owner.get(`/legal-holds/${hold.id}`), { status: 404 }, 'it is not the merchant\'s to know')
    await lift(hold.id)
    t.match(await refund(), { status: 'paid', lastError: null })
    t.match((await consumer.get(`/contracts/${bought}`)).body, { status: 'terminated', money: { refundPaidFen: 100_000 } })
    t.same(await violated(app), [])
  })

  t.test('one that lapses sets refunds free too, and one against the merchant stops none', async (t) => {
    const consumer = await newConsumer(app)
    const bought = await buy(app, consumer, await listProduct(app, earner))
    const again = await buy(app, consumer, await listProduct(app, earner))
    const tomorrow = addDays(await today(app), 1)
    await place({ merchantId: undefined, contractId: bought, against: 'consumer', until: tomorrow })
    await place({ amountFen: 9_000_000, until: tomorrow })
    const refunded = async (contract: string) => {
      const { body: quote } = expectStatus(await consumer.post(`/contracts/${contract}/refund-quotes`, { reason: 'cooling_off' }), 201)
      const { body: { id } } = expectStatus(await consumer.post(`/contracts/${contract}/refunds`, { quoteId: quote.id }), 201)
      expectStatus(await second.post(`/refunds/${id}/approve`), 200)
      return async () => (await consumer.get(`/refunds/${id}`)).body.status
    }
    const [held, free] = [await refunded(bought), await refunded(again)]
    t.same([await held(), await free()], ['approved', 'paid'])
    await advance(app, 2 * 86_400)
    t.equal(await held(), 'paid')
    t.same(await violated(app), [])
  })

  t.test('every step leaves a leaf, and what does not make sense is refused', async (t) => {
    const facts = await asRole(app, 'notary', { person: first.userId }, "select fact, count(*)::int as n from evidence_entries where fact like 'legal-hold-%' group by fact")
    t.same(facts.map(({ fact }) => fact).sort(), [
      'legal-hold-approved', 'legal-hold-lapsed', 'legal-hold-lifted', 'legal-hold-lifting-proposed', 'legal-hold-lifting-withdrawn',
      'legal-hold-proposed', 'legal-hold-renewed', 'legal-hold-withdrawn'
    ])
    const day = await today(app)
    const refusals = [
      { when: 'nobody is named', body: { merchantId: undefined }, path: 'contractId' },
      { when: 'both are named', body: { contractId }, path: 'contractId' },
      { when: 'a consumer without a contract', body: { against: 'consumer' }, path: 'contractId' },
      { when: 'it is over', body: { until: addDays(day, -1) }, path: 'until' },
      { when: 'it is longer than a court may', body: { until: addDays(day, 1_097) }, path: 'until' },
      { when: 'nothing is held', body: { amountFen: 0, until: day }, path: 'amountFen' }
    ]
    for (const { when, body, path } of refusals) t.match(await first.post('/legal-holds', aHold({ until: day, ...body })), { status: 422, body: { code: 'validation_failed', errors: [{ path }] } }, when)
    t.match(await first.post('/legal-holds', aHold({ until: day, merchantId: newId('mer', 1) })), { status: 404 })
  })

  t.test('who may not, may not, and the database says so too', async (t) => {
    const stranger = await newEarner(app, 0)
    const [{ id }] = (await first.get('/legal-holds')).body.items
    const consumer = await newConsumer(app)
    for (const api of [owner, consumer, await operator(app), await bureau(app)]) t.match(await api.post('/legal-holds', aHold()), { status: 403 })
    t.match(await stranger.owner.get(`/legal-holds/${id}`), { status: 404 })
    t.match(await consumer.get(`/legal-holds/${id}`), { status: 404 })
    for (const api of [stranger.owner, consumer]) t.same((await api.get('/legal-holds?limit=100')).body.items, [])
    t.same(await asRole(app, 'merchant', { merchant: stranger.merchantId }, 'select id from legal_holds'), [])
    t.same((await asRole(app, 'merchant', { merchant: merchantId }, "select id from legal_holds where against = 'consumer'")), [])
    await t.rejects(asRole(app, 'bureau', {}, 'select id from legal_holds'), { code: '42501' })
    await t.rejects(asRole(app, 'merchant', { merchant: merchantId }, "update legal_holds set status = 'lifted'"), { code: '42501' })
    t.ok((await asRole(app, 'bureau', {}, 'select amount_fen from legal_hold_sums')).length > 0)
    t.same(await asRole(app, 'bureau', { office: 2 }, 'select amount_fen from legal_hold_sums'), [])
  })
})
