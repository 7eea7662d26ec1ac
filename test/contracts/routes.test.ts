import t from 'tap'
import { createHash, randomUUID } from 'node:crypto'
import { startApp, type TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { checker, codeFor, maker, newConsumer, newIdNumber, newPhone, operator, signIn, type Consumer } from '../support/people.js'
import { textIn } from '../support/pdf.js'
import { buy, makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

const hourSeconds = 3_600
const daySeconds = 24 * hourSeconds


const factsOf = async (app: TestApp, contractId: string): Promise<string[]> =>
  (await asRole(app, 'notary', {}, 'select fact from evidence_entries where subject = $1 order by id', [contractId])).map(({ fact }) => fact)

t.test('contracts', async (t) => {
  const app = await startApp(t)
  const shop = await newShop(app, { name: '清波游泳馆' })
  const { owner, notary } = shop
  const sessions = await listProduct(app, shop, { sessions: 20, bonusSessions: 2, priceFen: 128_000, name: '20 次卡（赠 2 次）' })
  const consumer = await newConsumer(app, { legalName: '李雷' })

  t.test('a consumer agrees, reads, signs and pays, and the price is held', async (t) => {
    const made = await makeContract(consumer, sessions)
    t.match(made, {
      status: 'awaiting_signature', merchantName: '清波游泳馆', productName: '20 次卡（赠 2 次）', kind: 'sessions', priceFen: 128_000,
      sessions: { total: 22, used: 0, left: 22, blocked: 0 }, money: { paidFen: 0, heldFen: 0 }, acceptArbitration: null, paidAt: null
    })

    const document = await consumer.get(`/contracts/${made.id}/document`)
    t.equal(document.headers['content-type'], 'application/pdf')
    const served = document.bytes!
    t.equal(createHash('sha256').update(served).digest('hex'), made.documentSha256, 'the hash is of the bytes served')
    t.ok(served.length < 300_000, `${served.length} bytes`)
    const text = textIn(served)
    for (const part of ['李雷', consumer.idNumber, '清波游泳馆', '付费 20 次，赠送 2 次', '¥1,280.00（人民币壹仟贰佰捌拾元整）', '7 日内', '¥20,000.00']) {
      t.ok(text.includes(part), `the document says ${part}`)
    }
    for (const condition of ['按次消费', '期限已经经过', '仲裁裁决', '和解协议', '调解协议', '法律意义', '五年', '仲裁条款']) {
      t.ok(text.includes(condition), `the document speaks of ${condition}`)
    }

    const signed = expectStatus(await trySign(app, consumer, made.id, { acceptArbitration: true }), 200).body
    t.match(signed, { status: 'awaiting_payment', acceptArbitration: true, documentSha256: made.documentSha256 })
    t.ok(signed.signedAt)

    const payment = await order(consumer, made.id)
    t.match(payment, { status: 'pending', amountFen: 128_000, channel: 'sandbox', action: { type: 'sandbox', url: `/v1/sandbox/payments/${payment.id}/pay` } })
    t.match(await payOrder(app, payment.id), { payment: { status: 'succeeded' }, purpose: 'deposit', reason: null })

    const { body: paid } = await consumer.get(`/contracts/${made.id}`)
    t.match(paid, { status: 'active', money: { paidFen: 128_000, heldFen: 128_000, disputedFen: 0, pendingFen: 0, releasedFen: 0, refundedFen: 0, refundPayableFen: 0 } })
    t.equal(Date.parse(paid.coolingOffUntil) - Date.parse(paid.paidAt), 7 * daySeconds * 1000)
    t.equal(Date.parse(paid.expiresAt) - Date.parse(paid.paidAt), 365 * daySeconds * 1000)
    t.ok(paid.depositedAt, 'the channel has settled it with the bank')

    t.same(await factsOf(app, made.id), ['contract-made', 'legal-meaning-told', 'contract-signed', 'deposit-credited'])
    const sealed = (await consumer.get(`/contracts/${made.id}/document`)).bytes!
    t.ok(sealed.subarray(0, served.length).equals(served), 'the seal stands behind the bytes that were signed, which never change')
    t.match(sealed.subarray(served.length).toString('latin1'), /\/SubFilter \/ETSI\.CAdES\.detached/)
    t.ok((await consumer.get(`/contracts/${made.id}/document`)).bytes!.equals(sealed), 'and is made once')
    const { body: { items: documents } } = await consumer.get(`/contracts/${made.id}/documents`)
    t.match(documents, [{ kind: 'contract', status: 'sealed', documentSha256: made.documentSha256, sealedSha256: createHash('sha256').update(sealed).digest('hex'), reason: null }])
  })

  t.test('the statement shows every line with the running held balance', async (t) => {
    const [{ id }] = (await consumer.get('/contracts?status=active')).body.items
    for (const party of [consumer, owner, notary]) {
      const { status, body } = await party.get(`/contracts/${id}/statement`)
      t.equal(status, 200)
      t.match(body, { nextCursor: null, items: [{ event: 'payment-received', account: `held:${id}`, side: 'credit', amountFen: 128_000, balanceAfterFen: 128_000, heldAfterFen: 128_000 }] })
    }
  })

  t.test('each kind counts its own units', async (t) => {
    const stored = await listProduct(app, shop, { kind: 'stored_value', priceFen: 100_000, bonusFen: 20_000 })
    const period = await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30 })
    const buyer = await newConsumer(app)

    const { body: card } = await buyer.get(`/contracts/${await buy(app, buyer, stored)}`)
    t.match(card, { kind: 'stored_value', sessions: { total: 120_000, left: 120_000 }, termStart: null })

    const { body: term } = await buyer.get(`/contracts/${await buy(app, buyer, period)}`)
    const today = new Date(Date.parse(term.paidAt) + 8 * hourSeconds * 1000).toISOString().slice(0, 10)
    t.match(term, { kind: 'period', sessions: { total: 30, left: 30 }, termStart: today })
    t.equal(term.expiresAt, new Date(Date.parse(`${today}T00:00:00+08:00`) + 30 * daySeconds * 1000).toISOString(), 'the term ends with its last day')
  })

  t.test('a beneficiary stands in the document and nowhere else', async (t) => {
    const child = { legalName: '李小雷', idNumber: newIdNumber() }
    const made = await makeContract(consumer, sessions, { beneficiary: child })
    const { bytes } = await consumer.get(`/contracts/${made.id}/document`)
    t.ok(textIn(bytes!).includes(`实际使用人：李小雷，公民身份号码 ${child.idNumber}`))
    t.notOk(JSON.stringify(made).includes(child.idNumber))
    await consumer.post(`/contracts/${made.id}/cancel`)
  })

  t.test('a contract is refused', async (t) => {
    const unnamed = await signIn(app, { phone: newPhone(), end: 'consumer' })
    const draft = expectStatus(await owner.post('/products', { ...(await owner.get(`/products/${sessions}`)).body, venueIds: undefined }), 201).body.id
    const delisted = await listProduct(app, shop)
    expectStatus(await notary.post(`/products/${delisted}/delist`), 200)
    const idNumber = newIdNumber()
    const wrongIdNumber = idNumber.slice(0, 17) + (idNumber.endsWith('1') ? '2' : '1')

    const refusals: { when: string; by?: { post: Consumer['post'] }; body: object; options?: object; status: number; code: string }[] = [
      { when: 'the buyer has not entered an identity', by: unnamed, body: { productId: sessions }, status: 422, code: 'identity_required' },
      { when: 'the product was delisted', body: { productId: delisted }, status: 422, code: 'product_not_listed' },
      { when: 'the product was never listed', body: { productId: draft }, status: 422, code: 'product_not_listed' },
      { when: 'there is no such product', body: { productId: 'prd_01k0vb4c9hfkbt9t9a6x2n8001' }, status: 404, code: 'not_found' },
      { when: 'there is no such office', body: { productId: 'prd_01k0vb4c9hfkbt9t9a6x2n8g7m' }, status: 404, code: 'not_found' },
      { when: 'the product is missing', body: {}, status: 422, code: 'validation_failed' },
      { when: 'the product id is not one', body: { productId: 'ctr_01k0vb4c9hfkbt9t9a6x2n8001' }, status: 422, code: 'validation_failed' },
      { when: 'the beneficiary\'s ID number is wrong', body: { productId: sessions, beneficiary: { legalName: '李', idNumber: wrongIdNumber } }, status: 422, code: 'validation_failed' },
      { when: 'the beneficiary has no name', body: { productId: sessions, beneficiary: { legalName: ' ', idNumber } }, status: 422, code: 'validation_failed' },
      { when: 'a merchant asks', by: owner, body: { productId: sessions }, status: 403, code: 'forbidden' },
      { when: 'a notary asks', by: notary, body: { productId: sessions }, status: 403, code: 'forbidden' },
      { when: 'nobody is signed in', by: app.nobody, body: { productId: sessions }, status: 401, code: 'unauthenticated' },
      { when: 'the key is missing', body: { productId: sessions }, options: { key: false }, status: 428, code: 'idempotency_key_required' }
    ]
    for (const { when, by = consumer, body, options, status, code } of refusals) {
      t.match(await by.post('/contracts', body, options), { status, body: { code } }, `when ${when}`)
    }
  })

  t.test('a suspended merchant sells nothing, and takes no new payment', async (t) => {
    const other = await newShop(app)
    const product = await listProduct(app, other)
    const signed = await buy(app, consumer, product, { pay: false })
    expectStatus(await notary.post(`/merchants/${other.merchantId}/suspend`, { reason: '投诉核查' }), 200)
    t.match(await consumer.post('/contracts', { productId: product }), { status: 422, body: { code: 'merchant_not_active' } })
    t.match(await consumer.post(`/contracts/${signed}/payments`, { channel: 'sandbox' }), { status: 422, body: { code: 'merchant_not_active' } })
    expectStatus(await notary.post(`/merchants/${other.merchantId}/resume`), 200)
    t.match(await consumer.post(`/contracts/${signed}/payments`, { channel: 'sandbox' }), { status: 201 })
  })

  t.test('a contract does not outlast the lease, as it is on the day of purchase', async (t) => {
    const other = await newShop(app)
    const product = await listProduct(app, other)
    const soon = new Date(Date.now() + 200 * daySeconds * 1000).toISOString().slice(0, 10)
    expectStatus(await other.owner.put(`/merchants/${other.merchantId}/venues/${other.venueId}`, { name: '总店', address: '上海', leaseUntil: soon }), 200)
    t.match(await consumer.post('/contracts', { productId: product }), { status: 422, body: { code: 'outlasts_lease', venueId: other.venueId } })
  })

  t.test('a key makes one contract, however often it comes', async (t) => {
    const key = randomUUID()
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => consumer.post('/contracts', { productId: sessions }, { key })))
    t.equal(first!.status, 201)
    for (const answer of others) t.same(answer.body, first!.body)
    t.match(await consumer.post('/contracts', { productId: sessions, beneficiary: { legalName: '甲', idNumber: newIdNumber() } }, { key }), { status: 422, body: { code: 'idempotency_key_reused' } })
    await consumer.post(`/contracts/${first!.body.id}/cancel`)
    t.match(await consumer.post('/contracts', { productId: sessions }, { key }), { status: 201, body: { status: 'awaiting_signature' }, headers: { 'idempotency-replayed': 'true' } }, 'the answer is as it was then')
  })

  t.test('the cap', async (t) => {
    const other = await newShop(app)
    const big = await listProduct(app, other, { priceFen: 500_000 })
    const idNumber = newIdNumber()
    const buyer = await newConsumer(app, { idNumber })

    t.test('ten purchases at once cannot pass it together', async (t) => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => buyer.post('/contracts', { productId: big })))
      t.equal(answers.filter(({ status }) => status === 201).length, 4, 'four of ¥5,000 make ¥20,000')
      const refused = answers.filter(({ status }) => status !== 201)
      t.equal(refused.length, 6)
      for (const { status, body } of refused) t.match({ status, body }, { status: 422, body: { code: 'cap_exceeded', rule: 'balance_amount', limit: 2_000_000, value: 2_500_000 } })
    })

    t.test('it counts the person, not the phone', async (t) => {
      const second = await newConsumer(app, { idNumber })
      t.match(await second.post('/contracts', { productId: big }), { status: 422, body: { code: 'cap_exceeded' } })
      const { body: { items } } = await buyer.get(`/contracts?merchantId=${other.merchantId}`)
      expectStatus(await buyer.post(`/contracts/${items[0].id}/cancel`), 200)
      const { id } = await makeContract(second, big)
      t.match(await buyer.post('/contracts', { productId: big }), { status: 422, body: { code: 'cap_exceeded' } }, 'the place is taken again')
      expectStatus(await second.post(`/contracts/${id}/cancel`), 200)
    })

    t.test('what is paid counts, another merchant does not', async (t) => {
      const { body: { items } } = await buyer.get(`/contracts?merchantId=${other.merchantId}&status=awaiting_signature`)
      expectStatus(await trySign(app, buyer, items[0].id), 200)
      await payOrder(app, (await order(buyer, items[0].id)).id)
      await makeContract(buyer, big)
      t.match(await buyer.post('/contracts', { productId: big }), { status: 422, body: { code: 'cap_exceeded' } })
      t.match(await buyer.post('/contracts', { productId: sessions }), { status: 201 })
    })
  })

  t.test('signing', async (t) => {
    const buyer = await newConsumer(app)
    const stranger = await newConsumer(app)
    const challengeFor = async (contractId: string) =>
      ({ challengeId: expectStatus(await buyer.post('/auth/challenges', { phone: buyer.phone, purpose: 'sign_contract', contractId }), 201).body.challengeId, code: await codeFor(app, buyer.phone) })

    t.test('needs the code of a challenge for this very document', async (t) => {
      const { id } = await makeContract(buyer, sessions)
      const other = await makeContract(buyer, sessions)
      const { challengeId, code } = await challengeFor(id)
      const wrong = code === '000000' ? '000001' : '000000'
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId, code: wrong }), { status: 422, body: { code: 'code_invalid' } })
      t.match(await buyer.post(`/contracts/${other.id}/signature`, { challengeId, code }), { status: 422, body: { code: 'code_invalid' } }, 'not for another contract')
      t.match(await stranger.post(`/contracts/${id}/signature`, { challengeId, code }), { status: 404, body: { code: 'not_found' } })
      t.match(await owner.post(`/contracts/${id}/signature`, { challengeId, code }), { status: 403 })
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId }), { status: 422, body: { code: 'validation_failed' } })
      t.match((await buyer.get(`/contracts/${id}`)).body, { status: 'awaiting_signature' })
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId, code }), { status: 200, body: { status: 'awaiting_payment', acceptArbitration: false } })
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId, code }), { status: 409, body: { code: 'wrong_state', state: 'awaiting_payment', allowed: ['awaiting_signature'] } })
      t.match(await buyer.post('/auth/challenges', { phone: buyer.phone, purpose: 'sign_contract', contractId: id }), { status: 409, body: { code: 'wrong_state' } })
      t.match(await buyer.post('/auth/challenges', { phone: stranger.phone, purpose: 'sign_contract', contractId: other.id }), { status: 422 })
      t.match(await stranger.post('/auth/challenges', { phone: stranger.phone, purpose: 'sign_contract', contractId: other.id }), { status: 404 })
    })

    t.test('a login code does not sign', async (t) => {
      const { id } = await makeContract(buyer, sessions)
      const { body: { challengeId } } = await buyer.post('/auth/challenges', { phone: buyer.phone, purpose: 'login' })
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId, code: await codeFor(app, buyer.phone) }), { status: 422, body: { code: 'code_invalid' } })
    })

    t.test('five wrong codes end the challenge', async (t) => {
      const { id } = await makeContract(buyer, sessions)
      const { challengeId, code } = await challengeFor(id)
      const wrong = code === '000000' ? '000001' : '000000'
      for (let i = 0; i < 5; i++) await buyer.post(`/contracts/${id}/signature`, { challengeId, code: wrong })
      t.match(await buyer.post(`/contracts/${id}/signature`, { challengeId, code }), { status: 422, body: { code: 'code_invalid' } })
    })

    t.test('two signatures at once are one', async (t) => {
      const { id } = await makeContract(buyer, sessions)
      const signature = await challengeFor(id)
      const answers = await Promise.all([1, 2, 3].map(() => buyer.post(`/contracts/${id}/signature`, signature)))
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      t.equal((await factsOf(app, id)).filter((fact) => fact === 'contract-signed').length, 1)
    })
  })

  t.test('a contract is called off before it is paid, and not after', async (t) => {
    const buyer = await newConsumer(app)
    const { id: unsigned } = await makeContract(buyer, sessions)
    t.match(await owner.post(`/contracts/${unsigned}/cancel`), { status: 403 })
    t.match(await consumer.post(`/contracts/${unsigned}/cancel`), { status: 404 })
    t.match(await buyer.post(`/contracts/${unsigned}/cancel`), { status: 200, body: { status: 'cancelled', sessions: { left: 0 } } })
    t.match(await buyer.post(`/contracts/${unsigned}/cancel`), { status: 409, body: { code: 'wrong_state', state: 'cancelled' } })
    t.match(await buyer.post(`/contracts/${unsigned}/payments`, { channel: 'sandbox' }), { status: 409, body: { code: 'wrong_state' } })

    const signed = await buy(app, buyer, sessions, { pay: false })
    t.match(await buyer.post(`/contracts/${signed}/cancel`), { status: 200, body: { status: 'cancelled' } })
    const paid = await buy(app, buyer, sessions)
    t.match(await buyer.post(`/contracts/${paid}/cancel`), { status: 409, body: { code: 'wrong_state', state: 'active', allowed: ['awaiting_signature', 'awaiting_payment'] } })
  })

  t.test('what an end may not see does not exist for it', async (t) => {
    const buyer = await newConsumer(app)
    const stranger = await newConsumer(app)
    const otherShop = await newShop(app)
    const id = await buy(app, buyer, sessions)

    for (const path of ['', '/document', '/statement', '/payments']) {
      for (const [who, other] of [['another consumer', stranger], ['another merchant', otherShop.owner]] as const) {
        t.match(await other.get(`/contracts/${id}${path}`), { status: 404, body: { code: 'not_found' } }, `${who} gets no ${path || 'contract'}`)
      }
      for (const party of [buyer, owner, shop.cashier, notary]) t.equal((await party.get(`/contracts/${id}${path}`)).status, 200)
      t.match(await (await operator(app)).get(`/contracts/${id}${path}`), { status: 403 })
      t.match(await app.nobody.get(`/contracts/${id}${path}`), { status: 401 })
    }
    t.match(await buyer.get('/contracts/ctr_nonsense'), { status: 404 })
    t.match(await buyer.get('/contracts/ctr_01k0vb4c9hfkbt9t9a6x2n8001'), { status: 404 })

    const uuidColumn: Record<string, string> = { contracts: 'id', contract_terms: 'contract_id', payments: 'contract_id', entries: 'contract_id', evidence_entries: 'contract_id' }
    for (const [table, column] of Object.entries(uuidColumn)) {
      const rows = async (role: 'consumer' | 'merchant' | 'notary', context: object) =>
        (await asRole(app, role, context, `select 1 from ${table} where ${column} is not null`)).length
      t.equal(await rows('consumer', { person: stranger.userId }), 0, `the database shows a stranger nothing of ${table}`)
      t.equal(await rows('merchant', { merchant: otherShop.merchantId }), 0, `nor another merchant`)
      t.ok(await rows('consumer', { person: buyer.userId }) > 0)
      t.ok(await rows('merchant', { merchant: shop.merchantId }) > 0)
      t.equal(await rows('notary', { office: 2 }), 0, 'nor another office')
    }
    t.equal((await asRole(app, 'consumer', { person: stranger.userId }, 'select 1 from receipts')).length, 0)
  })

  t.test('the published contract knows these calls', async (t) => {
    const paths = (await app.app.inject('/openapi.json')).json().paths
    t.match(paths['/v1/contracts/{id}/document'].get.responses['200'], { content: { 'application/pdf': { schema: { type: 'string' } } } })
    t.match(paths['/v1/contracts'].post.responses, { 201: {}, 422: {} })
    t.ok(paths['/v1/channels/{channel}/notifications'].post)
    t.ok(paths['/v1/sandbox/payments/{id}/pay'].post)
  })

  t.test('lists go by page, filter and party', async (t) => {
    const other = await newShop(app)
    const product = await listProduct(app, other, { priceFen: 1_000 })
    const buyer = await newConsumer(app)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await makeContract(buyer, product)).id)
    ids.push(await buy(app, buyer, sessions))
    const all = [...ids].reverse()

    const collect = async (path: string) => {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const { body }: any = await buyer.get(`${path}${cursor ? `&cursor=${cursor}` : ''}`)
        seen.push(...body.items.map((item: { id: string }) => item.id))
        cursor = body.nextCursor
      } while (cursor)
      return seen
    }
    t.same(await collect('/contracts?limit=2'), all)
    t.same(await collect('/contracts?status=active&limit=2'), [all[0]])
    t.same(await collect(`/contracts?merchantId=${other.merchantId}&limit=3`), all.slice(1))
    t.equal((await other.owner.get('/contracts')).body.items.length, 5)
    t.equal((await (await checker(app)).get(`/contracts?merchantId=${other.merchantId}`)).body.items.length, 5)
    t.match(await buyer.get('/contracts?cursor=nonsense'), { status: 422, body: { code: 'validation_failed' } })
    t.match(await buyer.get('/contracts?status=lost'), { status: 422, body: { code: 'validation_failed' } })
  })
})

t.test('time', async (t) => {
  const app = await startApp(t)
  const shop: Shop = await newShop(app)
  const product = await listProduct(app, shop, { validDays: 10 })
  const consumer = await newConsumer(app)

  t.test('a contract nobody signs or pays for 24 hours is cancelled', async (t) => {
    const { id: unsigned } = await makeContract(consumer, product)
    await advance(app, 23 * hourSeconds)
    const signed = await buy(app, consumer, product, { pay: false })
    const { id: ordered } = await order(consumer, signed)
    await advance(app, hourSeconds)
    t.match((await consumer.get(`/contracts/${unsigned}`)).body, { status: 'cancelled' })
    t.match((await consumer.get(`/contracts/${signed}`)).body, { status: 'awaiting_payment' })
    await advance(app, 23 * hourSeconds)
    t.match((await consumer.get(`/contracts/${signed}`)).body, { status: 'cancelled' })
    t.match((await consumer.get(`/contracts/${signed}/payments`)).body.items, [{ id: ordered, status: 'closed' }])
    t.same(await factsOf(app, unsigned), ['contract-made', 'contract-cancelled'])
  })

  t.test('a counted card expires with its money held; a paid one is not cancelled', async (t) => {
    const id = await buy(app, consumer, product)
    await advance(app, 9 * daySeconds)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'active' })
    await advance(app, daySeconds)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'expired', money: { heldFen: 100_000 } })
    t.ok((await factsOf(app, id)).includes('contract-expired'))
    t.match(await (await maker(app)).get(`/contracts/${id}`), { body: { status: 'expired' } })
  })

  t.test('a card used up and brought back by a void after its time expires all the same', async (t) => {
    const short = await listProduct(app, shop, { sessions: 1, validDays: 10, settlementRule: { release: 'per_session', objectionHours: 720 } })
    const id = await buy(app, consumer, short)
    const { body: { code } } = await consumer.post(`/contracts/${id}/check-in-codes`)
    const { body: redemption } = expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
    await advance(app, 11 * daySeconds)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'completed', money: { pendingFen: 100_000 } })
    expectStatus(await shop.owner.post(`/redemptions/${redemption.id}/void`, { reason: '重复核销' }), 200)
    await advance(app, daySeconds)
    t.match((await consumer.get(`/contracts/${id}`)).body, { status: 'expired', sessions: { left: 1 }, money: { heldFen: 100_000, pendingFen: 0 } })
  })
})
