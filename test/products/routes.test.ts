import { readFileSync } from 'node:fs'
import t from 'tap'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { startApp } from '../support/app.js'
import { bureau, checker, maker, mediator, newConsumer, operator } from '../support/people.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop, offer } from '../support/shop.js'

t.test('products', async (t) => {
  const app = await startApp(t)
  const { nobody } = app
  const notary = await maker(app)
  const shop = await newShop(app, { name: '甲健身馆', district: '静安区', leaseUntil: '2029-12-31' })
  const other = await newShop(app, { name: '乙瑜伽馆', category: 'yoga' })
  const consumer = await newConsumer(app)
  const { owner } = shop

  t.test('a product goes from draft to listed by merchant and notary, and only then is it public', async (t) => {
    const body = offer({ name: '二十次卡', sessions: 20, bonusSessions: 2, priceFen: 128_000, listPricePerSessionFen: 8_000, listPriceProof: '价目表', venueIds: [shop.venueId] })
    const made = await owner.post('/products', body)
    t.match(made, { status: 201, body: { id: /^prd_/, version: 1, status: 'draft', merchantId: shop.merchantId, merchantName: '甲健身馆', ...body } })
    const path = `/products/${made.body.id}`

    t.equal((await nobody.get(path)).status, 404)
    t.equal((await other.owner.get(path)).status, 404)
    t.match(await owner.get(path), { status: 200, body: { status: 'draft' } })
    t.match(await shop.cashier.get(path), { status: 200, body: { status: 'draft' } })
    t.match(await owner.post(`${path}/submit`), { status: 200, body: { status: 'in_review', version: 1 } })
    t.match(await notary.get(path), { status: 200, body: { status: 'in_review' } })
    t.equal((await nobody.get(path)).status, 404)
    t.match(await notary.post(`${path}/approve`), { status: 200, body: { status: 'listed', listedAt: /Z$/ } })
    for (const api of [nobody, consumer, other.owner, await mediator(app), await bureau(app)]) t.match(await api.get(path), { status: 200, body: { status: 'listed', priceFen: 128_000, sessions: 20 } })
    t.match(await owner.post(`${path}/delist`), { status: 200, body: { status: 'delisted' } })
    t.equal((await nobody.get(path)).status, 404)
    t.match(await nobody.get(`${path}?version=1`), { status: 200, body: { status: 'delisted' } }, 'what was on offer stays readable by its version')

    const facts = await asRole(app, 'worker', {}, 'select fact, entry from evidence_entries where subject = $1 order by id', [made.body.id])
    t.strictSame(facts.map(({ fact }) => fact), ['product-submitted', 'product-approved', 'product-delisted'])
    t.match(JSON.parse(facts[1].entry).payload, { version: 1, status: 'listed', offerSha256: /^[0-9a-f]{64}$/ })
  })

  t.test('one of each kind can be listed', async (t) => {
    for (const kind of ['sessions', 'period', 'stored_value']) {
      const id = await listProduct(app, shop, { kind })
      t.match(await nobody.get(`/products/${id}`), { status: 200, body: { kind, status: 'listed' } })
    }
  })

  const refused: { when: string; change: Record<string, any>; path: string }[] = [
    { when: 'there is no name', change: { name: undefined }, path: 'name' },
    { when: 'the kind is none', change: { kind: 'subscription' }, path: 'kind' },
    { when: 'the price is zero', change: { priceFen: 0 }, path: 'priceFen' },
    { when: 'the price is negative', change: { priceFen: -1 }, path: 'priceFen' },
    { when: 'the price is a fraction', change: { priceFen: 0.5 }, path: 'priceFen' },
    { when: 'the price is text', change: { priceFen: '100' }, path: 'priceFen' },
    { when: 'the price is beyond what a number keeps', change: { priceFen: 2 ** 53 }, path: 'priceFen' },
    { when: 'the sessions are missing', change: { sessions: undefined }, path: 'sessions' },
    { when: 'the sessions are zero', change: { sessions: 0 }, path: 'sessions' },
    { when: 'the gift sessions are negative', change: { bonusSessions: -1 }, path: 'bonusSessions' },
    { when: 'sessions have a term', change: { periodDays: 30 }, path: 'periodDays' },
    { when: 'sessions are released by the month', change: { settlementRule: { release: 'per_month', objectionHours: 24 } }, path: 'settlementRule.release' },
    { when: 'a term is released by the session', change: { kind: 'period', settlementRule: { release: 'per_session', objectionHours: 24 } }, path: 'settlementRule.release' },
    { when: 'a term has no days', change: { kind: 'period', periodDays: undefined }, path: 'periodDays' },
    { when: 'stored value is released by the day', change: { kind: 'stored_value', settlementRule: { release: 'per_day', objectionHours: 24 } }, path: 'settlementRule.release' },
    { when: 'there is no settlement rule', change: { settlementRule: undefined }, path: 'settlementRule' },
    { when: 'the objection window is missing', change: { settlementRule: { release: 'per_session' } }, path: 'settlementRule.objectionHours' },
    { when: 'the objection window is negative', change: { settlementRule: { release: 'per_session', objectionHours: -1 } }, path: 'settlementRule.objectionHours' },
    { when: 'the cooling-off time is shorter than the law has it', change: { coolingOffDays: 6 }, path: 'coolingOffDays' },
    { when: 'it is valid for no day', change: { validDays: 0 }, path: 'validDays' },
    { when: 'there are no terms', change: { terms: '' }, path: 'terms' },
    { when: 'the terms are longer than a text may be', change: { terms: '字'.repeat(10_001) }, path: 'terms' },
    { when: 'the terms have a character that cannot be kept', change: { terms: '字\u0000' }, path: 'terms' },
    { when: 'the terms have half a character', change: { terms: '字\udc00' }, path: 'terms' },
    { when: 'a venue is another merchant’s', change: { venueIds: [shop.venueId, other.venueId] }, path: 'venueIds.1' },
    { when: 'a venue id is none', change: { venueIds: ['ven_1'] }, path: 'venueIds.0' },
    { when: 'no venue is covered', change: { venueIds: [] }, path: 'venueIds' }
  ]
  for (const { when, change, path } of refused) {
    t.test(`a product is refused when ${when}`, async (t) => {
      t.match(await owner.post('/products', offer(change)), { status: 422, body: { code: 'validation_failed', errors: [{ path }] } })
    })
  }

  const source = '沪体规文〔2025〕1号'
  const overCap: { when: string; change: Record<string, any>; facts: object }[] = [
    { when: 'sessions with gifts are more than 60', change: { sessions: 50, bonusSessions: 11 }, facts: { rule: 'sessions_count', limit: 60, value: 61, source } },
    { when: 'sessions cost more than 20,000 yuan', change: { priceFen: 2_000_001 }, facts: { rule: 'sessions_amount', limit: 2_000_000, value: 2_000_001, source } },
    { when: 'a term costs more than 5,000 yuan', change: { kind: 'period', priceFen: 500_001 }, facts: { rule: 'period_amount', limit: 500_000, value: 500_001, source } },
    { when: 'a term is longer than 24 months', change: { kind: 'period', periodDays: 732, validDays: 732 }, facts: { rule: 'period_days', limit: 731, value: 732, source } },
    { when: 'stored value costs more than 5,000 yuan', change: { kind: 'stored_value', priceFen: 500_001 }, facts: { rule: 'stored_value_amount', limit: 500_000, value: 500_001, source } }
  ]
  for (const { when, change, facts } of overCap) {
    t.test(`a product is over the cap when ${when}`, async (t) => {
      const answer = await owner.post('/products', offer(change))
      t.match(answer, { status: 422, body: { code: 'cap_exceeded', ...facts } })
      t.match(answer.body.detail, source)
    })
  }

  t.test('a product may not outlast the lease, nor be without a venue', async (t) => {
    t.match(await owner.post('/products', offer({ validDays: 3_650 })), { status: 422, body: { code: 'outlasts_lease', venueId: shop.venueId, leaseUntil: '2029-12-31', endsOn: /^20/ } })
    const { merchantId } = shop
    const { body: long } = expectStatus(await owner.post(`/merchants/${merchantId}/venues`, { name: '长租店', address: '路', leaseUntil: '2060-01-01' }), 201)
    t.equal((await owner.post('/products', offer({ validDays: 3_650, venueIds: [long.id] }))).status, 201)
    t.equal((await owner.post('/products', offer({ validDays: 3_650 }))).status, 422, 'the earliest lease of all counts')
  })

  t.test('an unfair term is named', async (t) => {
    const answer = await owner.post('/products', offer({ terms: '本卡有效期一年。一经售出,概不退款!可以转让。' }))
    t.match(answer, { status: 422, body: { code: 'unfair_term', sentence: '一经售出,概不退款', rule: 'no_refund', because: '排除消费者退款权利', source: '法释〔2025〕4号 第九条' } })
    t.match(answer.body.detail, '概不退款')
  })

  t.test('a refusal leaves the key free, and one key makes one product', async (t) => {
    t.equal((await owner.post('/products', offer({ priceFen: 2_000_001 }), { key: 'first-try' })).status, 422)
    const answers = await Promise.all(Array.from({ length: 10 }, () => owner.post('/products', offer(), { key: 'first-try' })))
    t.strictSame(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size, 1)
    t.equal(answers[0]!.status, 201)
    t.match(await owner.post('/products', offer(), { key: false }), { status: 428, body: { code: 'idempotency_key_required' } })
  })

  t.test('who may write down a product', async (t) => {
    t.match(await shop.cashier.post('/products', offer()), { status: 403, body: { code: 'forbidden' } })
    for (const api of [consumer, notary, await operator(app), await bureau(app), await mediator(app)]) t.equal((await api.post('/products', offer())).status, 403)
    t.equal((await nobody.post('/products', offer())).status, 401)
  })

  t.test('who may take which step', async (t) => {
    const { body: { id } } = expectStatus(await owner.post('/products', offer()), 201)
    const notFor = async (steps: string[], apis: Record<string, typeof nobody>, status: number) => {
      for (const name of steps) for (const [who, api] of Object.entries(apis)) t.equal((await api.post(`/products/${id}/${name}`, name === 'versions' ? offer() : { reason: '原因' })).status, status, `${who} ${name}`)
    }
    await notFor(['submit', 'delist', 'versions'], { other: other.owner }, 404)
    await notFor(['submit', 'delist', 'versions'], { cashier: shop.cashier }, 403)
    await notFor(['approve', 'reject'], { owner, consumer, operator: await operator(app), bureau: await bureau(app) }, 403)
    await notFor(['submit', 'versions'], { notary, consumer }, 403)
    await notFor(['submit', 'approve', 'reject', 'delist', 'versions'], { nobody }, 401)
    for (const name of ['approve', 'reject', 'delist']) t.equal((await notary.post(`/products/${newId('prd', 1)}/${name}`, { reason: '原因' })).status, 404)
    t.equal((await owner.post(`/products/${newId('prd', 5)}/submit`)).status, 404)
    t.equal((await owner.post('/products/x/submit')).status, 404)
    t.match(await notary.post(`/products/${id}/reject`), { status: 422, body: { errors: [{ path: 'reason' }] } })
  })

  t.test('each step is taken in its state only', async (t) => {
    const { body: { id } } = expectStatus(await owner.post('/products', offer()), 201)
    const take = (name: string) => (name === 'submit' || name === 'delist' ? owner : notary).post(`/products/${id}/${name}`, { reason: '请更正名称' })
    const wrong = async (state: string, ...names: string[]) => {
      for (const name of names) t.match(await take(name), { status: 409, body: { code: 'wrong_state', state } }, `${name} when ${state}`)
    }
    await wrong('draft', 'approve', 'reject', 'delist')
    t.equal((await take('submit')).status, 200)
    await wrong('in_review', 'submit', 'delist')
    t.match(await owner.post(`/products/${id}/versions`, offer({ name: '急改' })), { status: 409, body: { code: 'wrong_state', state: 'in_review' } })
    t.match(await take('reject'), { status: 200, body: { status: 'draft', reason: '请更正名称' } })
    await wrong('draft', 'approve', 'reject', 'delist')
    t.equal((await take('submit')).status, 200)
    t.match(await take('approve'), { status: 200, body: { status: 'listed', reason: null } })
    await wrong('listed', 'submit', 'approve', 'reject')
    t.match(await notary.post(`/products/${id}/delist`), { status: 200, body: { status: 'delisted' } })
    await wrong('delisted', 'submit', 'approve', 'reject', 'delist')
  })

  t.test('a rejected draft is corrected by the next version, which replaces it', async (t) => {
    const { body: { id } } = expectStatus(await owner.post('/products', offer({ name: '错名' })), 201)
    expectStatus(await owner.post(`/products/${id}/submit`), 200)
    expectStatus(await notary.post(`/products/${id}/reject`, { reason: '名称有误' }), 200)
    const second = await owner.post(`/products/${id}/versions`, offer({ name: '正名' }))
    t.match(second, { status: 201, body: { id, version: 2, status: 'draft', name: '正名', reason: null } })
    t.match(await owner.post(`/products/${id}/versions`, offer({ name: '正名' })), { status: 201, body: { version: 2 } }, 'the same again is the one that is there')
    t.match(await owner.get(`/products/${id}?version=1`), { status: 200, body: { status: 'delisted' } })
    expectStatus(await owner.post(`/products/${id}/submit`), 200)
    expectStatus(await notary.post(`/products/${id}/approve`), 200)
    t.match(await nobody.get(`/products/${id}`), { body: { version: 2, name: '正名' } })
    t.equal((await nobody.get(`/products/${id}?version=1`)).status, 404, 'what never was on offer stays the merchant’s own')
  })

  t.test('the next version is made beside the listed one, which sells until the notary lists the other', async (t) => {
    const id = await listProduct(app, shop, { name: '一版' })
    t.match(await owner.post(`/products/${id}/versions`, offer({ name: '二版', priceFen: 90_000 })), { status: 201, body: { id, version: 2, status: 'draft' } })
    t.match(await nobody.get(`/products/${id}`), { body: { version: 1, status: 'listed', name: '一版' } })
    t.match(await owner.get(`/products/${id}`), { body: { version: 2, status: 'draft' } })
    expectStatus(await owner.post(`/products/${id}/submit`), 200)
    t.match(await nobody.get(`/products/${id}`), { body: { version: 1, status: 'listed' } })
    t.match((await owner.post(`/products/${id}/delist`)).body, { version: 1, status: 'delisted' }, 'the listed one may go while another is in review')
    t.match(await notary.post(`/products/${id}/approve`), { status: 200, body: { version: 2, status: 'listed' } })
    t.match(await nobody.get(`/products/${id}`), { body: { version: 2, name: '二版', priceFen: 90_000 } })
    t.match((await owner.get(`/products/${id}?version=1`)).body, { version: 1, status: 'delisted', name: '一版' })
    t.equal((await owner.get(`/products/${id}?version=3`)).status, 404)
    t.match(await owner.get(`/products/${id}?version=x`), { status: 422 })
    t.match(await owner.post(`/products/${id}/versions`, offer({ priceFen: 2_000_001 })), { status: 422, body: { code: 'cap_exceeded' } })
  })

  t.test('approving the next version takes the one before off, even twenty times at once', async (t) => {
    const id = await listProduct(app, shop, { name: '旧版' })
    expectStatus(await owner.post(`/products/${id}/versions`, offer({ name: '新版' })), 201)
    expectStatus(await owner.post(`/products/${id}/submit`), 200)
    const answers = await Promise.all(Array.from({ length: 20 }, () => notary.post(`/products/${id}/approve`)))
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    t.equal(answers.filter(({ body }) => body.code === 'wrong_state').length, 19)
    const versions = await asRole(app, 'worker', {}, 'select version, status from product_versions where product_id = $1 order by version', [uuidOf(id)])
    t.strictSame(versions, [{ version: 1, status: 'delisted' }, { version: 2, status: 'listed' }])
  })

  t.test('caps, lease and terms are examined again at submission and at approval, by the rules of the day', async (t) => {
    const { body: { id } } = expectStatus(await owner.post('/products', offer({ validDays: 200, venueIds: [shop.venueId] })), 201)
    const path = `/merchants/${shop.merchantId}/venues/${shop.venueId}`
    const lease = (leaseUntil: string) => owner.put(path, { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil })
    expectStatus(await lease('2027-01-01'), 200)
    t.match(await owner.post(`/products/${id}/submit`), { status: 422, body: { code: 'outlasts_lease' } })
    expectStatus(await lease('2029-12-31'), 200)
    expectStatus(await owner.post(`/products/${id}/submit`), 200)
    expectStatus(await lease('2027-01-01'), 200)
    t.match(await notary.post(`/products/${id}/approve`), { status: 422, body: { code: 'outlasts_lease' } })
    expectStatus(await lease('2029-12-31'), 200)

    const stricter = async (name: string, value: string) => asRole(app, 'worker', {},
      `insert into rules values ('${name}', '静安区', '2026-01-01', null, ${value}, '新规', true); commit`)
    await stricter('unfair_terms', '\'{"terms":[{"name":"odd","title":{"zh":"奇","en":"odd"},"patterns":["七日"],"fair":[]}]}\'')
    t.match(await notary.post(`/products/${id}/approve`), { status: 422, body: { code: 'unfair_term', source: '新规' } })
    await asRole(app, 'worker', {}, "update rules set valid_from = '2099-01-01' where source = '新规'; commit")
    const [{ caps }] = await asRole(app, 'worker', {}, "select jsonb_set(value, '{sessions,priceFenMax}', '99999')::text as caps from rules where name = 'prepaid_caps'")
    await stricter('prepaid_caps', `'${caps}'`)
    t.match(await notary.post(`/products/${id}/approve`), { status: 422, body: { code: 'cap_exceeded', rule: 'sessions_amount', limit: 99_999, source: '新规' } })
    await asRole(app, 'worker', {}, "update rules set valid_from = '2099-01-01' where source = '新规'; commit")
    t.equal((await notary.post(`/products/${id}/approve`)).status, 200)
  })

  t.test('a suspended merchant lists nothing new, and what it has is not on sale until it is resumed', async (t) => {
    const fresh = await newShop(app, { name: '丙舞蹈室', category: 'dance' })
    const id = await listProduct(app, fresh)
    const { body: { id: next } } = expectStatus(await fresh.owner.post('/products', offer()), 201)
    const onSale = async () => (await nobody.get(`/products?merchantId=${fresh.merchantId}`)).body.items.map((item: any) => item.id)
    t.strictSame(await onSale(), [id])
    expectStatus(await notary.post(`/merchants/${fresh.merchantId}/suspend`, { reason: '投诉较多' }), 200)
    t.strictSame(await onSale(), [])
    t.match(await fresh.owner.post(`/products/${next}/submit`), { status: 422, body: { code: 'merchant_not_active', merchantStatus: 'suspended' } })
    t.equal((await fresh.owner.post(`/products/${id}/versions`, offer({ name: '新' }))).status, 201)
    expectStatus(await notary.post(`/merchants/${fresh.merchantId}/resume`), 200)
    t.strictSame(await onSale(), [id])
  })

  t.test('lists hold what is on sale, filter, and page without gaps', async (t) => {
    const ids = async (api: typeof nobody, query: string) => (await api.get(`/products?limit=100&${query}`)).body.items.map(({ id }: any) => id)
    const yoga = await listProduct(app, other, { name: '晨间流瑜伽' })
    t.strictSame(await ids(nobody, 'category=yoga'), [yoga])
    t.strictSame(await ids(nobody, `q=${encodeURIComponent('流瑜')}`), [yoga])
    t.strictSame(await ids(nobody, `q=${encodeURIComponent('乙瑜伽')}`), [yoga])
    t.strictSame(await ids(nobody, `merchantId=${other.merchantId}`), [yoga])
    t.strictSame(await ids(nobody, `district=${encodeURIComponent('普陀区')}`), [])
    t.strictSame(await ids(nobody, 'q=_'), [])
    const all = await nobody.get('/products?limit=100')
    t.ok(all.body.items.every(({ status, merchantName }: any) => status === 'listed' && merchantName !== ''))
    t.strictSame(await ids(owner, ''), all.body.items.map(({ id }: any) => id), 'on sale is the same for all')

    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: any = await nobody.get(`/products?limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.items.map(({ id }: any) => id))
      cursor = body.nextCursor
    }
    t.strictSame(seen, all.body.items.map(({ id }: any) => id))

    const drafts = (await owner.get('/products?status=draft&limit=100')).body.items
    t.ok(drafts.length > 0 && drafts.every(({ merchantId, status }: any) => merchantId === shop.merchantId && status === 'draft'))
    t.ok((await ids(await checker(app), 'status=draft')).length >= drafts.length)
    for (const api of [nobody, consumer, await mediator(app)]) for (const status of ['draft', 'in_review']) t.strictSame(await ids(api, `status=${status}`), [])
    for (const query of ['limit=0', 'cursor=e30', 'category=x', 'status=x', 'merchantId=mer_x', 'q=%00']) t.equal((await nobody.get(`/products?${query}`)).status, 422, query)
  })

  t.test('the database itself keeps each role to its own', async (t) => {
    const { body: { id } } = expectStatus(await owner.post('/products', offer()), 201)
    const mine = { person: owner.userId, merchant: shop.merchantId }
    const theirs = { person: other.owner.userId, merchant: other.merchantId }
    const seen = async (role: Parameters<typeof asRole>[1], context: object) => (await asRole(app, role, context, 'select 1 from product_versions where product_id = $1', [uuidOf(id)])).length
    t.equal(await seen('merchant', mine), 1)
    t.equal(await seen('merchant', theirs), 0)
    t.equal(await seen('notary', {}), 1)
    t.equal(await seen('notary', { office: 2 }), 0)
    for (const role of ['anyone', 'consumer', 'adjudicator'] as const) t.equal(await seen(role, { person: consumer.userId }), 0, role)
    t.strictSame(await asRole(app, 'merchant', theirs, 'update product_versions set status = \'listed\' where product_id = $1 returning version', [uuidOf(id)]), [])
    for (const role of ['anyone', 'consumer', 'operator', 'bureau', 'adjudicator', 'redeemer'] as const) {
      await t.rejects(asRole(app, role, mine, "update product_versions set status = 'listed'"), { code: '42501' }, role)
    }
    await t.rejects(asRole(app, 'merchant', mine, "update product_versions set status = 'listed' where status = 'draft'"), { code: '42501' }, 'a merchant lists by itself')
    for (const role of ['merchant', 'notary', 'anyone', 'consumer', 'operator'] as const) {
      await t.rejects(asRole(app, role, mine, "update rules set confirmed = true"), { code: '42501' }, `${role} changes a rule`)
    }
  })

  t.test('docs/rules.md lists every dated rule with its source, and no other', async (t) => {
    const rows = await asRole(app, 'anyone', {}, "select name, scope, valid_from, valid_to, source, confirmed from rules where source <> '新规' and source not like '沙箱%'")
    const expected = rows.map(({ name, scope, valid_from: from, valid_to: to, source, confirmed }) =>
      `| \`${name}\` | \`${scope}\` | ${from} | ${to ?? '–'} | ${source} | ${confirmed ? 'yes' : 'no'} |`)
    const documented = readFileSync('docs/rules.md', 'utf8').split('\n').filter((line) => line.startsWith('| `'))
    t.strictSame(documented.sort(), expected.sort())
  })
})
