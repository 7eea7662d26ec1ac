import { pino } from 'pino'
import t from 'tap'
import { createApp } from '../../src/app.js'
import { idOf, newId, uuidOf } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, checker, maker, mediator, newConsumer, newPhone, operator, signIn } from '../support/people.js'
import { asRole } from '../support/roles.js'
import { application, expectStatus, newCreditCode, newShop } from '../support/shop.js'

t.test('merchants', async (t) => {
  const app = await startApp(t)
  const { nobody } = app
  const notary = await maker(app)
  const shop = await newShop(app, { name: '甲健身馆', district: '静安区' })
  const other = await newShop(app, { name: '乙瑜伽馆', category: 'yoga' })
  const consumer = await newConsumer(app)

  t.test('the seeded pool is active, with its venue, owner, cashier and four products on sale', async (t) => {
    const { body: { items: [pool] } } = await nobody.get(`/merchants?q=${encodeURIComponent('圣约瀚')}`)
    t.match(pool, { name: '圣约瀚游泳馆', category: 'pool', district: '长宁区', status: 'active', venues: [{ id: /^ven_/, leaseUntil: /^\d{4}-/ }] })
    t.match((await signIn(app, { phone: '13900000001', end: 'merchant' })).user, { merchantId: pool.id, roles: ['owner'] })
    t.match((await signIn(app, { phone: '13900000002', end: 'merchant' })).user, { merchantId: pool.id, roles: ['cashier'] })
    const { body } = await nobody.get(`/products?merchantId=${pool.id}`)
    t.strictSame(body.items.map(({ priceFen }: any) => priceFen).sort((a: number, b: number) => a - b), [100_000, 128_000, 268_000, 1_680_000])
  })

  t.test('an applicant, the owner named and the notary see the application; the public does not, until it is approved', async (t) => {
    const ownerPhone = newPhone()
    const applied = await consumer.post('/merchants', application({ name: '丙舞蹈室', category: 'dance', ownerPhone }))
    t.match(applied, { status: 201, body: { id: /^mer_/, status: 'in_review', venues: [], reason: null } })
    const path = `/merchants/${applied.body.id}`
    const owner = await signIn(app, { phone: ownerPhone, end: 'merchant' })

    t.match(await owner.get(path), { status: 200, body: { status: 'in_review', application: { ownerPhone: `*******${ownerPhone.slice(-4)}`, bankName: '中国工商银行', accountNumber: '************0123' } } })
    t.match(await notary.get(path), { status: 200, body: { application: { accountName: '丙舞蹈室有限公司' } } })
    t.equal((await consumer.get(path)).body.application, undefined)
    for (const stranger of [nobody, await newConsumer(app), shop.owner, await mediator(app)]) t.equal((await stranger.get(path)).status, 404)

    t.match(await notary.post(`${path}/approve`), { status: 200, body: { status: 'active' } })
    const publicly = await nobody.get(path)
    t.match(publicly, { status: 200, body: { status: 'active' } })
    t.equal(publicly.body.application, undefined)
  })

  t.test('the operator applies for a merchant as well, and so may whoever is signed in, but not the bureau, which only reads', async (t) => {
    for (const api of [await operator(app), (await newShop(app)).owner, notary, await mediator(app)]) {
      t.match(await api.post('/merchants', application()), { status: 201, body: { status: 'in_review' } })
    }
  })

  t.test('one key makes one merchant, however often it is sent', async (t) => {
    const body = application()
    const first = await consumer.post('/merchants', body, { key: 'once' })
    const again = await consumer.post('/merchants', body, { key: 'once' })
    t.strictSame(again.body, first.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.match(await consumer.post('/merchants', { ...body, name: '另一家' }, { key: 'once' }), { status: 422, body: { code: 'idempotency_key_reused' } })
  })

  t.test('a credit code is on the books of an office once; a rejected applicant may try again', async (t) => {
    const creditCode = newCreditCode()
    const { body: { id } } = expectStatus(await consumer.post('/merchants', application({ creditCode })), 201)
    t.match(await consumer.post('/merchants', application({ creditCode })), { status: 409, body: { code: 'merchant_exists', creditCode } })
    t.match(await (await newConsumer(app)).post('/merchants', application({ creditCode: creditCode.toLowerCase() })), { status: 409, body: { code: 'merchant_exists' } })
    t.match(await notary.post(`/merchants/${id}/reject`, { reason: '材料不全' }), { status: 200, body: { status: 'rejected', reason: '材料不全' } })
    t.equal((await consumer.get(`/merchants/${id}`)).body.reason, '材料不全')
    t.equal((await consumer.post('/merchants', application({ creditCode }))).status, 201)
  })

  t.test('twenty applications with one credit code at once make one merchant', async (t) => {
    const creditCode = newCreditCode()
    const answers = await Promise.all(Array.from({ length: 20 }, () => consumer.post('/merchants', application({ creditCode }))))
    t.strictSame(answers.map(({ status }) => status).sort((a, b) => a - b), [201, ...Array(19).fill(409)])
  })

  const valid = application()
  const badApplications = [
    { when: 'the credit code has a wrong check character', change: { creditCode: '91330100799655058C' }, path: 'creditCode' },
    { when: 'the credit code has a letter that none has', change: { creditCode: '9133010079965505IB' }, path: 'creditCode' },
    { when: 'the credit code is too short', change: { creditCode: '9133' }, path: 'creditCode' },
    { when: 'the credit code is missing', change: { creditCode: undefined }, path: 'creditCode' },
    { when: 'the name is empty', change: { name: '  ' }, path: 'name' },
    { when: 'the name is longer than a text may be', change: { name: '馆'.repeat(10_001) }, path: 'name' },
    { when: 'the name has a character that cannot be kept', change: { name: '馆\u0000' }, path: 'name' },
    { when: 'the name has half a character', change: { name: '馆\ud800' }, path: 'name' },
    { when: 'the category is none of ours', change: { category: 'casino' }, path: 'category' },
    { when: 'the district is missing', change: { district: undefined }, path: 'district' },
    { when: 'the phone is not a mobile number', change: { ownerPhone: '02162345678' }, path: 'ownerPhone' },
    { when: 'there is no bank account', change: { settlementAccount: undefined }, path: 'settlementAccount' },
    { when: 'the account number is none', change: { settlementAccount: { bankName: '银行', accountName: '名', accountNumber: '账号' } }, path: 'settlementAccount.accountNumber' },
    { when: 'the office id is none', change: { officeId: 'off_1' }, path: 'officeId' }
  ]
  for (const { when, change, path } of badApplications) {
    t.test(`an application is refused when ${when}`, async (t) => {
      t.match(await consumer.post('/merchants', { ...valid, ...change }), { status: 422, body: { code: 'validation_failed', errors: [{ path }] } })
    })
  }

  t.test('an application needs somebody signed in, a key, and an office that exists', async (t) => {
    t.match(await nobody.post('/merchants', valid), { status: 401, body: { code: 'unauthenticated' } })
    t.match(await consumer.post('/merchants', valid, { key: false }), { status: 428 })
    t.match(await consumer.post('/merchants', { ...valid, officeId: newId('off', 0) }), { status: 404 })
    t.match(await (await bureau(app)).post('/merchants', valid), { status: 403, body: { code: 'forbidden' } })
  })

  t.test('a name of ten thousand characters is a name, for a venue too', async (t) => {
    const name = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(0x4e00 + (i * 7919) % 20_000)).join('')
    t.equal((await consumer.post('/merchants', { ...application(), name })).status, 201)
    t.equal((await shop.owner.post(`/merchants/${shop.merchantId}/venues`, { name, address: name, leaseUntil: '2099-12-31' })).status, 201)
  })

  t.test('the notary’s word is taken in the states it is meant for', async (t) => {
    const { body: { id } } = expectStatus(await consumer.post('/merchants', application()), 201)
    const say = (word: string) => notary.post(`/merchants/${id}/${word}`, { reason: '原因' })
    const refused = async (words: string[], state: string) => {
      for (const word of words) t.match(await say(word), { status: 409, body: { code: 'wrong_state', state, allowed: Array } }, `${word} when ${state}`)
    }
    await refused(['suspend', 'resume'], 'in_review')
    t.match(await say('approve'), { status: 200, body: { status: 'active', reason: null } })
    await refused(['approve', 'reject', 'resume'], 'active')
    t.match(await say('suspend'), { status: 200, body: { status: 'suspended', reason: '原因' } })
    await refused(['approve', 'reject', 'suspend'], 'suspended')
    t.match(await say('resume'), { status: 200, body: { status: 'active', reason: null } })
    const facts = await asRole(app, 'worker', {}, 'select fact from evidence_entries where merchant_id = $1 order by id', [uuidOf(id)])
    t.strictSame(facts.map(({ fact }) => fact), ['merchant-applied', 'merchant-approved', 'merchant-suspended', 'merchant-resumed'])
  })

  t.test('twenty approvals at once are one', async (t) => {
    const { body: { id } } = expectStatus(await consumer.post('/merchants', application()), 201)
    const answers = await Promise.all(Array.from({ length: 20 }, () => notary.post(`/merchants/${id}/approve`)))
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    t.equal(answers.filter(({ status, body }) => status === 409 && body.code === 'wrong_state').length, 19)
  })

  t.test('what the notary decides, nobody else does', async (t) => {
    const { body: { id } } = expectStatus(await consumer.post('/merchants', application()), 201)
    for (const word of ['approve', 'reject', 'suspend', 'resume']) {
      for (const [who, api] of Object.entries({ consumer, owner: shop.owner, cashier: shop.cashier, operator: await operator(app), bureau: await bureau(app), mediator: await mediator(app) })) {
        t.match(await api.post(`/merchants/${id}/${word}`, { reason: '原因' }), { status: 403, body: { code: 'forbidden' } }, `${who} ${word}`)
      }
      t.equal((await nobody.post(`/merchants/${id}/${word}`, { reason: '原因' })).status, 401)
      t.equal((await notary.post(`/merchants/${newId('mer', 1)}/${word}`, { reason: '原因' })).status, 404)
      t.equal((await notary.post(`/merchants/${newId('mer', 77)}/${word}`, { reason: '原因' })).status, 404)
      t.equal((await notary.post(`/merchants/nonsense/${word}`, { reason: '原因' })).status, 404)
    }
    for (const word of ['reject', 'suspend']) t.match(await notary.post(`/merchants/${id}/${word}`, {}), { status: 422, body: { errors: [{ path: 'reason' }] } })
  })

  t.test('venues', async (t) => {
    const path = `/merchants/${shop.merchantId}/venues`
    const venue = { name: '二店', address: '静安区南京西路 2 号', leaseUntil: '2030-06-30' }

    t.test('the owner adds one, and the same one again is the one that is there', async (t) => {
      const first = await shop.owner.post(path, venue)
      t.match(first, { status: 201, body: { id: /^ven_/, ...venue } })
      t.strictSame((await shop.owner.post(path, venue)).body, first.body)
      t.match((await nobody.get(`/merchants/${shop.merchantId}`)).body.venues.find(({ id }: any) => id === first.body.id), venue)
    })

    t.test('another of the same name is refused, and the one that is there can be corrected', async (t) => {
      const renewed = { ...venue, leaseUntil: '2035-06-30' }
      t.match(await shop.owner.post(path, renewed), { status: 409, body: { code: 'venue_exists' } })
      const { body: { venues } } = await nobody.get(`/merchants/${shop.merchantId}`)
      const { id } = venues.find(({ name }: any) => name === '二店')
      t.match(await shop.owner.put(`${path}/${id}`, renewed), { status: 200, body: { id, leaseUntil: '2035-06-30' } })
      t.match(await shop.owner.put(`${path}/${id}`, { ...renewed, name: '总店' }), { status: 409, body: { code: 'venue_exists' } })
      t.equal((await shop.owner.put(`${path}/${other.venueId}`, renewed)).status, 404)
    })

    for (const [when, change, wrong] of [
      ['the lease end is no date', { leaseUntil: '2030-02-30' }, 'leaseUntil'], ['the lease end is of no known year', { leaseUntil: '0000-01-01' }, 'leaseUntil'],
      ['the lease end is missing', { leaseUntil: undefined }, 'leaseUntil'], ['the address is empty', { address: '' }, 'address'], ['the name is no text', { name: 1 }, 'name']
    ] as const) {
      t.test(`one is refused when ${when}`, async (t) => {
        t.match(await shop.owner.post(path, { ...venue, name: '三店', ...change }), { status: 422, body: { code: 'validation_failed', errors: [{ path: wrong }] } })
      })
    }

    t.test('a cashier may not, another merchant does not exist, others have no business here', async (t) => {
      t.match(await shop.cashier.post(path, venue), { status: 403, body: { code: 'forbidden' } })
      t.match(await other.owner.post(path, venue), { status: 404, body: { code: 'not_found' } })
      for (const api of [consumer, notary, await operator(app), await bureau(app)]) t.equal((await api.post(path, venue)).status, 403)
      t.equal((await nobody.post(path, venue)).status, 401)
    })
  })

  t.test('staff', async (t) => {
    const path = `/merchants/${shop.merchantId}/staff`
    const phone = newPhone()

    t.test('the owner lets a person work for the merchant, who may then sign in', async (t) => {
      t.match(await shop.owner.post(path, { phone, name: '小王', role: 'cashier' }), { status: 201, body: { id: /^per_/, merchantId: shop.merchantId, role: 'cashier', phone: `*******${phone.slice(-4)}` } })
      t.match((await signIn(app, { phone, end: 'merchant' })).user, { merchantId: shop.merchantId, roles: ['cashier'] })
      t.equal((await shop.owner.post(path, { phone, name: '小王', role: 'cashier' })).status, 201)
    })

    t.test('a cashier may not, another merchant does not exist', async (t) => {
      t.equal((await shop.cashier.post(path, { phone, name: '小王', role: 'owner' })).status, 403)
      t.equal((await other.owner.post(path, { phone, name: '小王', role: 'owner' })).status, 404)
      t.equal((await consumer.post(path, { phone, name: '小王', role: 'owner' })).status, 403)
    })

    for (const [when, body, wrong] of [
      ['the role is none', { phone, name: '小王', role: 'boss' }, 'role'], ['the phone is none', { phone: '123', name: '小王', role: 'cashier' }, 'phone'], ['there is no name', { phone, role: 'cashier' }, 'name']
    ] as const) {
      t.test(`one is refused when ${when}`, async (t) => {
        t.match(await shop.owner.post(path, body), { status: 422, body: { code: 'validation_failed', errors: [{ path: wrong }] } })
      })
    }
  })

  t.test('a merchant that was rejected has no affairs to change', async (t) => {
    const ownerPhone = newPhone()
    const { body: { id } } = expectStatus(await consumer.post('/merchants', application({ ownerPhone })), 201)
    expectStatus(await notary.post(`/merchants/${id}/reject`, { reason: '不符' }), 200)
    const owner = await signIn(app, { phone: ownerPhone, end: 'merchant' })
    t.match(await owner.get(`/merchants/${id}`), { status: 200, body: { status: 'rejected', reason: '不符' } })
    t.match(await owner.post(`/merchants/${id}/venues`, { name: '店', address: '路', leaseUntil: '2030-01-01' }), { status: 409, body: { code: 'wrong_state', state: 'rejected' } })
    t.match(await owner.post(`/merchants/${id}/staff`, { phone: newPhone(), name: '甲', role: 'cashier' }), { status: 409, body: { code: 'wrong_state', state: 'rejected' } })
  })

  t.test('lists filter, page without gaps, and hold what the caller may see', async (t) => {
    const names = async (api: typeof nobody, query: string) => (await api.get(`/merchants?limit=100&${query}`)).body.items.map(({ name }: any) => name)
    t.strictSame(await names(nobody, `district=${encodeURIComponent('静安区')}`), ['甲健身馆'])
    t.ok((await names(nobody, 'category=yoga')).every((name: string) => name === '乙瑜伽馆'))
    t.strictSame(await names(nobody, 'q=%25'), [], 'a percent sign stands for itself')
    t.strictSame(await names(nobody, 'status=in_review'), [])
    t.ok((await names(await checker(app), 'status=in_review')).length > 0)
    t.strictSame(await names(shop.owner, ''), ['甲健身馆'])

    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: any = await notary.get(`/merchants?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.items.map(({ id }: any) => id))
      cursor = body.nextCursor
    }
    const { body } = await notary.get('/merchants?limit=100')
    t.strictSame(seen, body.items.map(({ id }: any) => id))
    t.strictSame(seen, [...seen].sort().reverse())
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=x', 'category=casino', 'status=gone', 'q=', 'q=%00']) {
      t.match(await nobody.get(`/merchants?${query}`), { status: 422, body: { code: 'validation_failed' } }, query)
    }
    t.equal((await nobody.get(`/merchants/${newId('mer', 1)}`)).status, 404)
    t.equal((await nobody.get(`/merchants/${newId('mer', 99)}`)).status, 404)
    t.equal((await nobody.get('/merchants/mer_1')).status, 404)
  })

  t.test('the database itself keeps each role to its own', async (t) => {
    const { body: hidden } = expectStatus(await consumer.post('/merchants', application()), 201)
    const mine = { person: shop.owner.userId, merchant: shop.merchantId }
    const count = async (role: Parameters<typeof asRole>[1], context: object, table: string, where: string) =>
      (await asRole(app, role, context, `select 1 from ${table} where ${where}`)).length

    const isHidden = `id = '${uuidOf(hidden.id)}'`
    t.equal(await count('anyone', {}, 'merchants', isHidden), 0)
    t.equal(await count('consumer', { person: shop.owner.userId }, 'merchants', isHidden), 0)
    t.equal(await count('consumer', { person: consumer.userId }, 'merchants', isHidden), 1)
    t.equal(await count('merchant', mine, 'merchants', isHidden), 0)
    t.equal(await count('notary', {}, 'merchants', isHidden), 1)
    t.equal(await count('notary', { office: 2 }, 'merchants', isHidden), 0)
    t.equal(await count('merchant', mine, 'merchants', 'true'), 1)
    t.equal(await count('merchant', mine, 'settlement_accounts', 'true'), 1)
    for (const role of ['anyone', 'consumer', 'bureau', 'adjudicator', 'redeemer'] as const) {
      await t.rejects(count(role, { person: consumer.userId }, 'settlement_accounts', 'true'), { code: '42501' }, `${role} reads bank accounts`)
    }
    for (const role of ['anyone', 'consumer', 'merchant', 'operator', 'bureau', 'adjudicator', 'redeemer'] as const) {
      await t.rejects(asRole(app, role, mine, "update merchants set status = 'active'"), { code: '42501' }, `${role} approves`)
    }
    t.strictSame(await asRole(app, 'merchant', mine, `update venues set lease_until = '2199-01-01' where id = '${uuidOf(other.venueId)}' returning id`), [])
    await t.rejects(asRole(app, 'merchant', mine, `insert into venues values (1, gen_random_uuid(), '${uuidOf(other.merchantId)}', 'x', 'y', '2030-01-01', now())`), { code: '42501' })
    const sealed = await asRole(app, 'notary', {}, 'select account_number_sealed || account_name_sealed || owner_phone_sealed as text from settlement_accounts')
    t.notMatch(sealed.map(({ text }) => text).join(' '), /1001234567890123|有限公司|1[3-9]\d{9}/)
  })
})

t.test('the seed is made once, and a start that was cut off is completed by the next', async (t) => {
  const app = await startApp(t)
  const everything = () => asRole(app, 'worker', {}, `select m.id, m.status, v.lease_until, p.product_id, p.version, p.status as product_status
    from merchants m join venues v on v.office_id = m.office_id and v.merchant_id = m.id
      join product_versions p on p.office_id = m.office_id and p.merchant_id = m.id order by p.product_id, p.version`)
  const startAgain = async () => {
    const again = await createApp({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' }) })
    await again.close()
  }
  const first = await everything()
  t.equal(first.length, 4)
  await startAgain()
  t.strictSame(await everything(), first)

  await asRole(app, 'worker', {}, "update product_versions set status = 'in_review', listed_at = null where offer->>'kind' = 'period'; commit")
  await startAgain()
  t.strictSame(await everything(), first)

  const owner = await signIn(app, { phone: '13900000001', end: 'merchant' })
  const [{ product_id: productId }] = first
  expectStatus(await owner.post(`/products/${idOf('prd', productId)}/delist`), 200)
  await startAgain()
  t.equal((await everything())[0].product_status, 'delisted', 'what a person has changed stays')
})
