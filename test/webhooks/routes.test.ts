import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { startApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { startReceiver, type Received } from './receiver.js'

t.setTimeout(120_000)

t.test('webhooks', async (t) => {
  const app = await startApp(t, { webhookLoopback: true })
  const advance = async (advanceSeconds: number) => expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds }), 200)
  const shop = await newShop(app)
  const { owner, cashier, merchantId, venueId } = shop
  const other = await newShop(app)
  const theBureau = await bureau(app)
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, shop)
  const register = async (who: typeof owner, url: string, body = {}) => expectStatus(await who.post('/webhook-endpoints', { url, ...body }), 201).body
  const typesAt = (received: readonly Received[]) => received.map(({ body }) => body.type)
  const deliveriesOf = async (id: string, query = '') => expectStatus(await owner.get(`/webhook-endpoints/${id}/deliveries${query}`), 200).body.items

  t.test('tell a merchant, the bureau and nobody else what happens, signed, and each once', async (t) => {
    const [mine, bureaus, others, only] = [await startReceiver(t), await startReceiver(t), await startReceiver(t), await startReceiver(t)]
    const { id, secret, ...shown } = await register(owner, mine.url)
    t.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
    t.match(shown, { merchantId, url: mine.url, events: null, status: 'active', failingSince: null })
    const { secret: bureauSecret, merchantId: ofBureau } = await register(theBureau, bureaus.url)
    t.equal(ofBureau, null)
    await register(other.owner, others.url)
    await register(owner, only.url, { events: ['settlement.paid'] })
    const told = (await owner.get(`/webhook-endpoints/${id}`)).body
    t.notOk('secret' in told, 'the secret is told once')

    const contractId = await buy(app, consumer, productId)
    const code = async () => (await consumer.post(`/contracts/${contractId}/check-in-codes`)).body.code
    const redeemed = expectStatus(await cashier.post('/redemptions', { code: await code(), venueId }), 201).body
    const doubtful = expectStatus(await cashier.post('/redemptions', { code: await code(), venueId }), 201).body
    expectStatus(await consumer.post(`/redemptions/${doubtful.id}/objection`, { reason: '没有上课' }), 200)
    expectStatus(await cashier.post(`/redemptions/${doubtful.id}/void`, { reason: '录入有误' }), 200)
    await advance(25 * 3_600)
    const { body: settlement } = expectStatus(await (await maker(app)).post('/settlements', { merchantIds: [merchantId] }), 201)
    expectStatus(await (await checker(app)).post(`/settlements/${settlement.id}/approve`), 200)
    const { body: quote } = expectStatus(await consumer.post(`/contracts/${contractId}/refund-quotes`, { reason: 'cooling_off' }), 201)
    const { body: refund } = expectStatus(await consumer.post(`/contracts/${contractId}/refunds`, { quoteId: quote.id }), 201)
    expectStatus(await (await maker(app)).post(`/refunds/${refund.id}/approve`), 200)
    await advance(1)

    const expected = [
      'contract.activated', 'redemption.created', 'redemption.created', 'objection.made', 'redemption.voided', 'settlement.approved', 'settlement.paid',
      'refund.requested', 'refund.approved', 'refund.sent', 'refund.paid'
    ]
    t.same(typesAt(mine.received).sort(), [...expected].sort())
    t.same(typesAt(bureaus.received).sort(), [...expected].sort(), 'the bureau is told of every merchant')
    t.same(others.received, [], 'another merchant is told nothing')
    t.same(typesAt(only.received), ['settlement.paid'], 'and an endpoint only what it asked for')

    const of = (type: string) => mine.received.find(({ body }) => body.type === type) as Received
    t.match(of('contract.activated').body.data, { id: contractId, contractId, merchantId, amountFen: 100_000 })
    t.match(of('redemption.created').body.data, { id: redeemed.id, contractId, amountFen: redeemed.releasedFen })
    t.match(of('settlement.paid').body.data, { merchantId, amountFen: settlement.items[0].amountFen }, 'what reaches the merchant')
    t.match(of('refund.approved').body.data, { id: refund.id, amountFen: quote.refundFen })
    for (const [received, key] of [[mine.received, secret], [bureaus.received, bureauSecret]] as const) {
      for (const { raw, headers, body } of received) {
        t.same(new Webhook(key).verify(raw, headers as Record<string, string>), body, 'its signature is good')
        t.throws(() => new Webhook(key).verify(raw.replace('"type"', '"typo"'), headers as Record<string, string>))
      }
    }
    t.equal(new Set(mine.received.map(({ headers }) => headers['webhook-id'])).size, expected.length, 'every delivery has an id of its own')
    const sent = mine.received.map(({ raw }) => raw).join()
    for (const personal of [consumer.phone, consumer.legalName, consumer.idNumber, consumer.userId, '没有上课']) t.notOk(sent.includes(personal), 'nothing is told of people')

    const { data: { evidence: { entryId, leafIndex } } } = of('redemption.created').body
    const entry = expectStatus(await owner.get(`/evidence/entries/${leafIndex}`), 200).body
    t.match(typeof entry === 'string' ? JSON.parse(entry) : entry, { id: entryId, subject: redeemed.id }, 'and each can be looked up in the log')
    for (const endpoint of (await owner.get('/webhook-endpoints')).body.items) expectStatus(await owner.delete(`/webhook-endpoints/${endpoint.id}`), 204)
    for (const endpoint of (await theBureau.get('/webhook-endpoints')).body.items) expectStatus(await theBureau.delete(`/webhook-endpoints/${endpoint.id}`), 204)
  })

  t.test('that cannot be delivered are tried again for three days, are dead then, and are sent again when their owner says so', async (t) => {
    const receiver = await startReceiver(t)
    const { id } = await register(owner, receiver.url)
    receiver.state.answer = 500
    const ping = expectStatus(await owner.post(`/webhook-endpoints/${id}/ping`), 201).body
    t.match(ping, { type: 'ping', status: 'pending', attempts: 0 })
    await advance(0)
    t.match(await deliveriesOf(id), [{ status: 'pending', attempts: 1, lastError: 'HTTP 500' }])
    await advance(4)
    t.equal(receiver.received.length, 1, 'not before its time')
    await advance(1)
    t.equal(receiver.received.length, 2)
    await advance(4 * 86_400)
    t.match(await deliveriesOf(id, '?status=dead'), [{ id: ping.id, status: 'dead', attempts: 10, nextAttemptAt: null }])
    t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1, 'the same id each time')
    t.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1)

    receiver.state.answer = 200
    t.same(expectStatus(await owner.post(`/webhook-endpoints/${id}/replay`, { since: '2099-01-01T00:00:00Z' }), 200).body, { replayed: 0 })
    t.same(expectStatus(await owner.post(`/webhook-endpoints/${id}/replay`), 200).body, { replayed: 1 })
    await advance(0)
    t.match(await deliveriesOf(id), [{ status: 'delivered', attempts: 1, lastError: null }])
    const { body: detail } = expectStatus(await owner.get(`/webhook-deliveries/${ping.id}`), 200)
    t.same(detail.tries.map(({ status }: any) => status), [...Array(10).fill(500), 200], 'the log has each try')
    t.match(detail.event, receiver.received[0]?.body)
    expectStatus(await owner.post(`/webhook-deliveries/${ping.id}/replay`), 200)
    await advance(0)
    t.equal(receiver.received.length, 12, 'and one that arrived can be sent again')
    t.equal((await owner.get(`/webhook-endpoints/${id}`)).body.failingSince, null)
    expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
  })

  t.test('are not sent on to where a receiver redirects, and stop at one that is gone', async (t) => {
    const [receiver, elsewhere] = [await startReceiver(t), await startReceiver(t)]
    const { id } = await register(owner, receiver.url)
    Object.assign(receiver.state, { answer: 307, location: elsewhere.url })
    await owner.post(`/webhook-endpoints/${id}/ping`)
    await advance(0)
    t.match(await deliveriesOf(id), [{ status: 'pending', lastError: 'HTTP 307' }])
    t.same(elsewhere.received, [])
    receiver.state.answer = 410
    await advance(5)
    t.match(await deliveriesOf(id), [{ status: 'dead' }])
    t.match((await owner.get(`/webhook-endpoints/${id}`)).body, { status: 'disabled' })

    await owner.post(`/webhook-endpoints/${id}/ping`)
    await advance(60)
    t.equal(receiver.received.length, 2, 'a disabled endpoint is left alone')
    receiver.state.answer = 200
    expectStatus(await owner.put(`/webhook-endpoints/${id}`, { url: `${receiver.url}/new` }), 200)
    await advance(0)
    t.match(receiver.received.at(-1), { path: '/new', body: { type: 'ping' } }, 'what came meanwhile is sent once it is active again')
    expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
  })

  t.test('to an endpoint that nothing reaches for five days stop, and lose nothing', async (t) => {
    const receiver = await startReceiver(t)
    const { id } = await register(owner, receiver.url)
    receiver.state.answer = 503
    for (const days of [0, 2, 2, 2]) {
      await advance(days * 86_400)
      await owner.post(`/webhook-endpoints/${id}/ping`)
      await advance(0)
    }
    t.match((await owner.get(`/webhook-endpoints/${id}`)).body, { status: 'disabled', failingSince: String })
    t.ok((await deliveriesOf(id)).some(({ status }: any) => status === 'pending'), 'what was not given up is kept')
    await advance(31 * 86_400)
    t.same(await deliveriesOf(id), [], 'for thirty days')
    expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
  })

  t.test('are signed with a new secret, and with the one before for a day', async (t) => {
    const receiver = await startReceiver(t)
    const { id, secret: first } = await register(owner, receiver.url)
    const { secret: second } = expectStatus(await owner.post(`/webhook-endpoints/${id}/secret`), 200).body
    const isSignedWith = (secret: string) => {
      const { raw, headers } = receiver.received.at(-1) as Received
      try {
        return Boolean(new Webhook(secret).verify(raw, headers as Record<string, string>))
      } catch {
        return false
      }
    }
    await owner.post(`/webhook-endpoints/${id}/ping`)
    await advance(0)
    t.same([isSignedWith(first), isSignedWith(second)], [true, true])
    await advance(86_400)
    await owner.post(`/webhook-endpoints/${id}/ping`)
    await advance(0)
    t.same([isSignedWith(first), isSignedWith(second)], [false, true])
    const client = new pg.Client({ connectionString: app.database.ownerUrl })
    await client.connect()
    const { rows } = await client.query('select secret_sealed from webhook_endpoints ')
    await client.end()
    t.ok(rows.length > 0 && rows.every(({ secret_sealed: sealed }) => !sealed.includes(second.slice(6))), 'secrets are sealed')
    expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
  })

  t.test('are the business of a merchant\'s owner and the bureau', async (t) => {
    const receiver = await startReceiver(t)
    const { id } = await register(owner, receiver.url)
    const { id: deliveryId } = expectStatus(await owner.post(`/webhook-endpoints/${id}/ping`), 201).body
    const calls = (who: typeof owner) => [
      who.get(`/webhook-endpoints/${id}`), who.put(`/webhook-endpoints/${id}`, { url: receiver.url }), who.delete(`/webhook-endpoints/${id}`),
      who.post(`/webhook-endpoints/${id}/secret`), who.post(`/webhook-endpoints/${id}/ping`), who.get(`/webhook-endpoints/${id}/deliveries`),
      who.post(`/webhook-endpoints/${id}/replay`), who.get(`/webhook-deliveries/${deliveryId}`), who.post(`/webhook-deliveries/${deliveryId}/replay`)
    ]
    for (const call of [...calls(cashier), cashier.post('/webhook-endpoints', { url: receiver.url }), cashier.get('/webhook-endpoints')]) t.match(await call, { status: 403, body: { code: 'forbidden' } })
    for (const stranger of [other.owner, theBureau]) {
      for (const call of calls(stranger)) t.match(await call, { status: 404, body: { code: 'not_found' } })
      t.same((await stranger.get('/webhook-endpoints')).body.items.filter((one: any) => one.id === id), [])
    }
    for (const who of [consumer, shop.notary]) t.equal((await who.get('/webhook-endpoints')).status, 403)
    t.equal((await app.nobody.get('/webhook-endpoints')).status, 401)
    expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
    for (const call of [owner.get(`/webhook-endpoints/${id}`), owner.delete(`/webhook-endpoints/${id}`), owner.get(`/webhook-deliveries/${deliveryId}`)]) t.match(await call, { status: 404 }, 'once taken away it is not there')
  })

  t.test('go to no more than ten endpoints of one owner', async (t) => {
    const receiver = await startReceiver(t)
    const ids: string[] = []
    for (let i = 0; i < 10; i++) ids.push((await register(owner, receiver.url)).id)
    t.match(await owner.post('/webhook-endpoints', { url: receiver.url }), { status: 422, body: { code: 'too_many_endpoints', max: 10 } })
    for (const id of ids) expectStatus(await owner.delete(`/webhook-endpoints/${id}`), 204)
  })

  t.test('are registered with what is in order only', async (t) => {
    const refusals: [string, object, string][] = [
      ['no address', {}, 'url'], ['no URL', { url: 'over there' }, 'url'], ['a file', { url: 'file:///etc/passwd' }, 'url'],
      ['a private address', { url: 'https://10.0.0.1/' }, 'url'], ['a password', { url: 'https://user:secret@127.0.0.1/' }, 'url'],
      ['an event nobody knows', { url: 'https://127.0.0.1/', events: ['contract.exploded'] }, 'events.0'],
      ['ping, which is asked for', { url: 'https://127.0.0.1/', events: ['ping'] }, 'events.0'],
      ['no event at all', { url: 'https://127.0.0.1/', events: [] }, 'events']
    ]
    for (const [what, body, path] of refusals) t.match(await owner.post('/webhook-endpoints', body), { status: 422, body: { code: 'validation_failed', errors: [{ path }] } }, what)
  })
})

t.test('without leave for this machine, nothing leads to it', async (t) => {
  const app = await startApp(t)
  const { owner } = await newShop(app)
  const receiver = await startReceiver(t)
  for (const url of [receiver.url, receiver.url.replace('http:', 'https:'), 'https://localhost/', 'https://[::1]/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::ffff:127.0.0.1]/', 'https://169.254.169.254/latest/meta-data']) {
    t.match(await owner.post('/webhook-endpoints', { url }), { status: 422, body: { code: 'validation_failed', errors: [{ path: 'url' }] } }, url)
  }
  t.same(receiver.received, [])
})
