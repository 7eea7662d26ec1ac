import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { newId } from '../../src/kernel/id.js'
import { bookedOtherwise } from '../support/accounting.js'
import { startApp, type TestApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer, operator, type Person } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

/** As the years would: the test moves the deposits into the past, because no clock of a test runs for five. */
const age = async ({ database }: TestApp, years: number): Promise<void> => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  // By UTC: Citus refuses an update by what depends on the session's time zone.
  const earlier = (column: string) => `${column} = (${column} at time zone 'UTC' - interval '${years} years') at time zone 'UTC'`
  await client.query(`update contracts set ${earlier('paid_at')}, ${earlier('deposited_at')}`)
  await client.query(`update refunds set ${earlier('created_at')}`)
  await client.end()
}

const asOwner = async ({ database }: TestApp, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query(sql)
  await client.end()
}

const holds = async (t: Pick<Test, 'same'>, app: TestApp): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the invariants hold')
}

/** A call with a key: its first answer comes again, and the key serves no other request. */
const once = async (t: Pick<Test, 'match' | 'same'>, { post }: Pick<Person, 'post'>, path: string, body: object, other: Readonly<{ path?: string; body?: object }>) => {
  const key = randomUUID()
  const answer = await post(path, body, { key })
  t.match(await post(other.path ?? path, other.body ?? body, { key }), { status: 422, body: { code: 'idempotency_key_reused' } }, path)
  const again = await post(path, body, { key })
  t.same([again.status, again.body, again.headers['idempotency-replayed']], [answer.status, answer.body, 'true'], path)
  return answer
}

const account = { bankName: '中国银行', accountName: '张三', accountNumber: '6217000012345678' }

t.test('money that nobody has claimed in five years', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app)
  const [first, second, auditor] = [await maker(app), await checker(app), await bureau(app)]
  const product = await listProduct(app, shop, { priceFen: 200_000, sessions: 10 })
  const [kept, owed] = [await newConsumer(app), await newConsumer(app)]
  const keptId = await buy(app, kept, product)
  const owedId = await buy(app, owed, product)

  // Two sessions of 200 yuan become payable, and no settlement takes them.
  for (let i = 0; i < 2; i++) {
    const { body: { code } } = expectStatus(await kept.post(`/contracts/${keptId}/check-in-codes`), 201)
    expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  }
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 2 * 86_400 }), 200)
  // A refund that its channel refuses for good.
  await asOwner(app, 'update sandbox_transactions set amount_fen = 1 where order_id in (select p.id from payments p where p.contract_id = (select max(id::text)::uuid from contracts))')
  const { body: quote } = expectStatus(await owed.post(`/contracts/${owedId}/refund-quotes`, { reason: 'cooling_off' }), 201)
  const { body: refund } = expectStatus(await owed.post(`/contracts/${owedId}/refunds`, { quoteId: quote.id }), 201)
  expectStatus(await first.post(`/refunds/${refund.id}/approve`), 200)
  t.match((await first.get(`/refunds/${refund.id}`)).body, { status: 'failed', refundFen: 200_000 })

  const listed = async (query = ''): Promise<any[]> => expectStatus(await first.get(`/unclaimed${query}`), 200).body.items
  const amounts = (items: any[]) => Object.fromEntries(items.map(({ kind, subject, amountFen, nextStep }) => [kind, [subject, amountFen, nextStep]]))
  const propose = (kind: string, subject: string) => first.post('/unclaimed/items', { kind, subject, reason: '五年无人领取' })

  await t.test('is not on the list while its five years are far', async (t) => {
    t.same(await listed(), [])
    t.match(await propose('held', keptId), { status: 422, body: { code: 'not_lapsed' } })
    t.match((await auditor.get('/unclaimed/totals')).body, { near: { held: { count: 0 } }, setAside: { count: 0, amountFen: 0 } })
  })

  await t.test('is listed half a year before, and nothing can be done with it yet', async (t) => {
    await age(app, 4)
    t.same(amounts(await listed('?withinDays=400')), {
      held: [keptId, 160_000, 'wait'], refund: [refund.id, 200_000, 'wait'], payable: [shop.merchantId, 40_000, 'wait']
    })
    t.match(await propose('refund', refund.id), { status: 422, body: { code: 'not_lapsed' } })
  })

  await age(app, 1)

  await t.test('is seen by notaries, and in sums by the bureau', async (t) => {
    t.same(amounts(await listed()), {
      held: [keptId, 160_000, 'refund'], refund: [refund.id, 200_000, 'set_aside'], payable: [shop.merchantId, 40_000, 'set_aside']
    })
    t.same((await listed('?kind=refund')).length, 1)
    const { body: page } = await first.get('/unclaimed?limit=2')
    t.equal(page.items.length, 2)
    t.equal((await first.get(`/unclaimed?limit=2&cursor=${page.nextCursor}`)).body.items.length, 1)
    t.match((await auditor.get('/unclaimed/totals')).body, {
      lapsed: { held: { count: 1, amountFen: 160_000 }, refund: { count: 1, amountFen: 200_000 }, payable: { count: 1, amountFen: 40_000 } }
    })
    for (const person of [auditor, await operator(app), shop.owner, kept]) t.equal((await person.get('/unclaimed')).status, 403)
    for (const person of [await operator(app), shop.owner, kept]) t.equal((await person.get('/unclaimed/totals')).status, 403)
    t.same(await asRole(app, 'bureau', {}, 'select kind, amount_fen::int as fen from unclaimed_candidates order by 1'), [
      { kind: 'held', fen: 160_000 }, { kind: 'payable', fen: 40_000 }, { kind: 'refund', fen: 200_000 }
    ])
    t.same(await asRole(app, 'notary', { office: 2 }, 'select * from unclaimed_candidates'), [], 'another office sees nothing')
    for (const role of ['consumer', 'merchant', 'operator', 'adjudicator', 'anyone'] as const) {
      await t.rejects(asRole(app, role, {}, 'select * from unclaimed_candidates'), { code: '42501' }, role)
      await t.rejects(asRole(app, role, {}, 'select * from unclaimed_items'), { code: '42501' }, role)
    }
    await t.rejects(asRole(app, 'bureau', {}, 'select * from unclaimed_items'), { code: '42501' }, 'the bureau sees no item')
  })

  await t.test('what is held goes back to the consumer first, by two notaries', async (t) => {
    const { body: item } = expectStatus(await once(t, first, '/unclaimed/items', { kind: 'held', subject: keptId, reason: '五年无人领取' }, { body: { kind: 'held', subject: owedId, reason: '五年无人领取' } }), 201)
    t.match(item, { status: 'proposed', kind: 'held', subject: keptId, amountFen: 160_000, refundId: null })
    t.match(await propose('held', keptId), { status: 404 }, 'it is off the list')
    t.match(await first.post(`/unclaimed/items/${item.id}/approve`), { status: 403, body: { code: 'same_person' } })
    const { body: done } = expectStatus(await once(t, second, `/unclaimed/items/${item.id}/approve`, {}, { path: `/unclaimed/items/${newId('unc', 1)}/approve` }), 200)
    t.equal(done.status, 'refunded')
    t.match((await kept.get(`/contracts/${keptId}`)).body, { status: 'terminated', money: { heldFen: 0, refundedFen: 160_000, refundPaidFen: 160_000 } })
    t.match((await kept.get(`/refunds/${done.refundId}`)).body, { status: 'paid', reason: 'remainder' })
    t.match(await second.post(`/unclaimed/items/${item.id}/approve`), { status: 409, body: { code: 'wrong_state' } })
    await holds(t, app)
  })

  await t.test('a proposal can be taken back, and one on money that has moved comes to nothing', async (t) => {
    const { body: item } = expectStatus(await propose('payable', shop.merchantId), 201)
    t.match(await first.post('/settlements', { merchantIds: [shop.merchantId] }), { status: 422, body: { code: 'nothing_payable' } }, 'what is proposed is in no settlement')
    t.match(await first.post(`/unclaimed/items/${item.id}/cancel`), { status: 200, body: { status: 'cancelled' } })
    t.match(await second.post(`/unclaimed/items/${item.id}/approve`), { status: 409 })
    const { body: again } = expectStatus(await propose('refund', refund.id), 201)
    expectStatus(await owed.put(`/refunds/${refund.id}/account`, account), 200)
    expectStatus(await first.post(`/refunds/${refund.id}/bank-transfer`), 201)
    t.match(await second.post(`/unclaimed/items/${again.id}/approve`), { status: 409, body: { code: 'wrong_state' } }, 'a bank transfer came first')
    expectStatus(await first.post(`/refunds/${refund.id}/bank-transfer/cancel`), 200)
    expectStatus(await first.post(`/unclaimed/items/${again.id}/cancel`), 200)
    await holds(t, app)
  })

  await t.test('a refund is set aside, and paid by the bank when it is claimed after all', async (t) => {
    const { body: item } = expectStatus(await propose('refund', refund.id), 201)
    expectStatus(await second.post(`/unclaimed/items/${item.id}/approve`), 200)
    t.match((await auditor.get('/unclaimed/totals')).body, { setAside: { count: 1, amountFen: 200_000 }, lapsed: { refund: { count: 0 } } })
    t.match((await first.get('/audit/trial-balance')).body.accounts.find(({ account }: { account: string }) => account === 'unclaimed'), { kind: 'liability', balanceFen: 200_000 })
    t.match(await owed.put(`/refunds/${refund.id}/account`, account), { status: 409 })
    t.match(await first.post(`/refunds/${refund.id}/bank-transfer`), { status: 409 })
    expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 86_400 }), 200)
    t.match((await first.get(`/refunds/${refund.id}`)).body, { status: 'failed' }, 'it is not sent again')
    await holds(t, app)

    const path = `/unclaimed/items/${item.id}/claim`
    t.match(await first.post(path, { grounds: '本人持身份证申领' }), { status: 422, body: { code: 'validation_failed' } })
    t.match(expectStatus(await once(t, first, path, { grounds: '本人持身份证申领', account }, { body: { grounds: '另一人', account } }), 200).body, { status: 'claim_proposed' })
    t.match(await first.post(`${path}/approve`), { status: 403, body: { code: 'same_person' } })
    t.match(expectStatus(await once(t, second, `${path}/approve`, {}, { path: `/unclaimed/items/${newId('unc', 1)}/claim/approve` }), 200).body, { status: 'claimed' })
    t.match((await first.get(`/refunds/${refund.id}`)).body, { status: 'paid', byBank: true })
    t.match((await owed.get(`/contracts/${owedId}`)).body, { status: 'terminated', money: { refundedFen: 200_000, refundPaidFen: 200_000 } })
    t.match(await second.post(`${path}/approve`), { status: 409 }, 'and once')
    t.notMatch(JSON.stringify((await first.get('/unclaimed/items')).body), account.accountNumber, 'the list shows no account')
    await holds(t, app)
  })

  await t.test('what is payable is set aside, and settled when the merchant claims it', async (t) => {
    const { body: item } = expectStatus(await propose('payable', shop.merchantId), 201)
    expectStatus(await second.post(`/unclaimed/items/${item.id}/approve`), 200)
    t.match((await first.get(`/merchants/${shop.merchantId}/balances`)).body, { payableFen: 0, unclaimedFen: 40_000, releasedFen: 40_000 })
    await holds(t, app)
    expectStatus(await first.post(`/unclaimed/items/${item.id}/claim`, { grounds: '商户清算组申领' }), 200)
    t.match(expectStatus(await second.post(`/unclaimed/items/${item.id}/cancel`), 200).body, { status: 'set_aside' }, 'a claim can be taken back')
    expectStatus(await second.post(`/unclaimed/items/${item.id}/claim`, { grounds: '商户清算组申领' }), 200)
    expectStatus(await first.post(`/unclaimed/items/${item.id}/claim/approve`), 200)
    const { body: settlement } = expectStatus(await first.post('/settlements', { merchantIds: [shop.merchantId] }), 201)
    expectStatus(await second.post(`/settlements/${settlement.id}/approve`), 200)
    t.match((await first.get(`/settlements/${settlement.id}`)).body, { status: 'completed', items: [{ status: 'paid', grossFen: 40_000 }] })
    t.match((await first.get(`/merchants/${shop.merchantId}/balances`)).body, { payableFen: 0, unclaimedFen: 0, releasedFen: 40_000 })
    t.same(await listed(), [])
    await holds(t, app)
    t.same(await bookedOtherwise(app), [], 'every entry is one of docs/accounting.md')
  })
})
