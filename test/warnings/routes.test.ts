import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import t from 'tap'
import { createApp } from '../../src/app.js'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { Indicator } from '../../src/warnings/model.js'
import { startApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, newConsumer, type Consumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asOwner, asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'
import { answerPayouts, draftFor, notariesOf, visit } from '../settlement/support.js'
import { startReceiver } from '../webhooks/receiver.js'
import { day, livePast } from './support.js'
import { advance, untilHour } from '../support/clock.js'

t.setTimeout(300_000)

t.test('lines, early warning and alerts', async (t) => {
  const app = await startApp(t, { webhookLoopback: true })
  const inspector = await bureau(app)
  const { first: notary, second: checker } = await notariesOf(app)
  const get = async (path: string, by: Pick<Consumer, 'get'> = inspector): Promise<any> => expectStatus(await by.get(path), 200).body
  const now = async (): Promise<Date> => new Date((await app.nobody.get('/sandbox/clock')).body.now)
  const lineIn = ({ indicators }: any, indicator: string): any => indicators.find((one: any) => one.indicator === indicator)

  const receiver = await startReceiver(t)
  expectStatus(await inspector.post('/webhook-endpoints', { url: `${receiver.url}/bureau`, events: ['alert.opened', 'alert.changed'] }), 201)

  const shop: Shop = await newShop(app, { name: '将倾游泳馆' })
  const other = await newShop(app, { name: '平安游泳馆' })
  const productId = await listProduct(app, shop, { priceFen: 100_000, settlementRule: { release: 'per_session', objectionHours: 0 } })
  const consumer = await newConsumer(app)
  const contractIds: string[] = []
  for (let i = 0; i < 8; i++) contractIds.push(await buy(app, consumer, productId))
  const someone = await newConsumer(app)
  await buy(app, someone, await listProduct(app, other))

  t.test('before the first day is over there is nothing to say', async (t) => {
    t.match(await inspector.get(`/merchants/${shop.merchantId}/portrait`), { status: 404, body: { code: 'no_figures_yet' } })
    t.match(await get('/audit/indicator-values'), { items: [] })
  })

  await untilHour(app, 23)
  for (let i = 0; i < 21; i++) await visit(consumer, shop, contractIds[i % 8] as string)
  const { body: { items: [{ id: redemptionId }] } } = await consumer.get('/redemptions?limit=1')
  for (const contractId of contractIds.slice(0, 2)) {
    await answerPayouts(app, 'returned', shop.merchantId)
    await advance(app, 60)
    expectStatus(await checker.post(`/settlements/${(await draftFor(app, shop)).id}/approve`), 200)
    await answerPayouts(app, 'paid', shop.merchantId)
    await visit(consumer, shop, contractId)
  }
  // For 56 days: 2 sales and 8 visits a day, then 3 and 3; refunds and disputes in the last days only.
  await livePast(app, { contractId: contractIds[0] as string, redemptionId }, await now(), (ago) => ({
    sales: ago <= 27 ? 3 : 2, visits: ago <= 27 ? 3 : 8, refunds: ago <= 12 ? 1 : 0, disputes: ago <= 5 ? 1 : 0
  }), 56)
  await untilHour(app, 1)

  let portrait: any

  t.test('the figures of a day are there when it is over, each with its level', async (t) => {
    portrait = await get(`/merchants/${shop.merchantId}/portrait`)
    t.same(portrait.indicators.map((one: any) => one.indicator).sort(), [...Indicator.options].sort())
    const value = (indicator: string) => lineIn(portrait, indicator).now
    t.match(value('cap_balance'), { figures: { persons: 1, capFen: 2_000_000 }, level: 'normal' })
    t.equal(value('cap_balance').figures.largestBalanceFen, lineIn(portrait, 'balance_line').now.figures.balanceFen, 'one consumer has it all')
    t.match(value('lease_end'), { level: 'normal', figures: { contracts: 8 }, about: { leaseUntil: '2099-12-31' } })
    t.match(value('odd_hours'), { level: 'alert', figures: { oddCheckIns: 23 } })
    t.match(value('door_speed'), { level: 'alert' })
    t.ok(value('door_speed').value >= 20)
    t.match(value('shared_phone'), { level: 'alert', value: 8, figures: { contracts: 8 } })
    t.match(value('returned_payouts'), { level: 'alert', value: 2 })
    const [sales, before, visits, visitsBefore] = [27 * 3 + 8, 28 * 2, 27 * 3 + 23, 28 * 8]
    t.match(value('sales_surge'), { level: 'alert', figures: { salesFen: sales * 100_000, salesBeforeFen: before * 100_000, checkIns: visits, checkInsBefore: visitsBefore } })
    t.equal(value('sales_surge').value, Math.floor(Math.min((sales - before) / before, (visitsBefore - visits) / visitsBefore) * 10_000))
    t.match(value('refund_rate'), { figures: { refunds: 12 }, level: 'alert' })
    t.match(value('dispute_rate'), { figures: { disputes: 5 }, level: 'alert' })
    const calm = await get(`/merchants/${other.merchantId}/portrait`)
    t.same(calm.indicators.filter((one: any) => !['normal', 'too_few'].includes(one.now.level)), [])
    t.match(calm, { openAlerts: [] })
  })

  t.test('each figure is counted again from the rows behind it, and tells of no person', async (t) => {
    for (const { indicator, figures, setting } of (await get('/audit/indicators')).items) {
      t.ok(setting.watchLine !== undefined)
      for (const { name, traced } of figures) {
        const path = `/merchants/${shop.merchantId}/indicators/${indicator}/sources?figure=${name}`
        if (!traced) {
          t.match(await inspector.get(path), { status: 422, body: { code: 'validation_failed' } }, `${indicator} ${name} is a dated rule`)
          continue
        }
        const page = await get(`${path}&limit=100`)
        t.equal(page.agree, true, `${indicator} ${name}: ${page.value}, ${page.recounted}`)
        const rows = [...page.items]
        for (let next = page.nextCursor; next !== null;) {
          const { items, nextCursor } = await get(`${path}&limit=100&cursor=${next}`)
          rows.push(...items)
          next = nextCursor
        }
        t.equal(new Set(rows.map(({ id }) => id)).size, rows.length, 'each once')
        const ofRows = /Fen$/.test(name) ? rows.reduce((sum, { amountFen }) => sum + amountFen, 0)
          : indicator === 'shared_phone' ? new Set(rows.map(({ contractId }) => contractId)).size
            : indicator === 'cap_balance' ? new Set(rows.map(({ phone }) => phone)).size : name === 'daysLeft' ? page.value : rows.length
        t.equal(ofRows, page.value, `${indicator} ${name} is what its rows add up to`)
        t.notMatch(JSON.stringify(rows), new RegExp(`per_|${consumer.userId}|${consumer.phone}|${consumer.idNumber}|张三`))
      }
    }
    t.match(await inspector.get(`/merchants/${shop.merchantId}/indicators/refund_rate/sources?day=2020-01-01`), { status: 404, body: { code: 'no_figures_yet' } })
  })

  t.test('made once: a second run, another process, a late one', async (t) => {
    const rowsOf = (): Promise<any[]> => asOwner(app, 'select day, count(*)::int as n from indicator_values group by day order by day')
    const before = await rowsOf()
    await app.runDue()
    t.same(await rowsOf(), before)
    const second = await createApp({ config: { ...sandboxConfig, dataDirectory: app.dataDirectory }, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' }) })
    t.teardown(() => second.close())
    await asOwner(app, "update sandbox_clock set offset_ms = offset_ms + 2 * 86400000; select pg_notify('ticun_clock', offset_ms::text) from sandbox_clock")
    await new Promise((resolve) => { setTimeout(resolve, 200) })
    await Promise.all([app.runDue(), second.runDue(), app.runDue(), second.runDue()])
    const after = await rowsOf()
    t.equal(after.length, before.length + 2, 'both days, late')
    t.same(after.map(({ n }) => n).slice(-2), [before.at(-1).n, before.at(-1).n])
    t.same(await asOwner(app, 'select merchant_id, indicator from alerts where closed_at is null group by 1, 2 having count(*) > 1'), [])
    t.same(await asOwner(app, 'select v.merchant_id from indicator_values v left join warning_days d on d.office_id = v.office_id and d.day = v.day where d.day is null'), [])
    const late = (await get(`/merchants/${shop.merchantId}/indicators/returned_payouts/sources`))
    t.equal(late.agree, true)
  })

  t.test('a portrait says what moved since another day, and why', async (t) => {
    const first = portrait.day
    const later = await get(`/merchants/${shop.merchantId}/portrait?against=${first}`)
    t.match(later, { against: first, name: '将倾游泳馆', status: 'active' })
    const surge = lineIn(later, 'sales_surge')
    t.ok(surge.moved.length > 0 && surge.moved.every((one: any) => one.then !== one.now))
    t.equal(surge.change, surge.now.value - surge.then.value)
    t.same(surge.then.figures, lineIn(portrait, 'sales_surge').now.figures, 'the day then is as it was')
    t.same(lineIn(later, 'shared_phone').moved, [])
    const series = await get(`/merchants/${shop.merchantId}/indicators/shared_phone?limit=2`)
    t.equal(series.items[0].day, later.day)
    t.ok(series.items.every(({ value, ruleFrom, alertLine }: any) => value === 8 && ruleFrom === '2026-01-01' && alertLine === 8))
    t.ok(series.nextCursor)
    t.match((await get(`/audit/indicator-values?level=alert&indicator=shared_phone`)).items.map((one: any) => one.merchantId), [shop.merchantId])
  })

  const alertOf = async (indicator: string, query = ''): Promise<any> => (await get(`/alerts?merchantId=${shop.merchantId}&indicator=${indicator}${query}`)).items[0]

  t.test('the merchant is told first, and sees its own alerts only', async (t) => {
    const alert = await alertOf('returned_payouts')
    t.match(alert, { state: 'open', isFirstMinor: true, closedAt: null, outcome: null })
    t.match(await alertOf('sales_surge'), { state: 'open', isFirstMinor: false }, 'after three days in a row')
    t.match(await alertOf('shared_phone'), { state: 'open', isFirstMinor: false })
    const { body: { items: messages } } = await app.nobody.get(`/sandbox/messages?phone=${shop.ownerPhone}`)
    t.ok(messages.some(({ text }: any) => text.includes('「出款被退回」达到预警线')))
    t.same((await get('/alerts', shop.owner)).items.length, (await get(`/alerts?merchantId=${shop.merchantId}`)).items.length)
    t.same((await get('/alerts', other.owner)).items, [])
    t.match(await get(`/alerts/${alert.id}`, shop.owner), { may: ['explain', 'rectify'], opened: { value: 2 }, moves: [{ event: 'open', by: 'service', to: 'open', value: 2 }] })
    t.same((await get(`/alerts/${alert.id}`)).may, ['close'], 'not to be taken further in its time')
    t.match(await other.owner.get(`/alerts/${alert.id}`), { status: 404 })
    t.match(await other.owner.post(`/alerts/${alert.id}/explain`, { text: '不是我' }), { status: 404 })
    for (const path of [`/alerts/${alert.id}`, '/alerts', `/merchants/${shop.merchantId}/portrait`]) t.match(await shop.cashier.get(path), { status: 403 }, path)
    for (const path of ['portrait', 'indicators/lease_end', 'indicators/lease_end/sources']) t.match(await other.owner.get(`/merchants/${shop.merchantId}/${path}`), { status: 404 }, path)
    t.match(await consumer.get('/alerts'), { status: 403 })
    t.match(await shop.cashier.post(`/alerts/${alert.id}/explain`, { text: '我来说' }), { status: 403 })
    t.match(await inspector.get(`/alerts/${newId('alr', 1)}`), { status: 404 })
  })

  t.test('a first minor fault is not taken further while it may be put right, and then it closes by itself', async (t) => {
    const { id } = await alertOf('odd_hours')
    t.match(await inspector.post(`/alerts/${id}/escalate`, { text: '立案' }), { status: 409, body: { code: 'rectification_open' } })
    t.match(expectStatus(await shop.owner.post(`/alerts/${id}/rectify`, { text: '前台改为当场扫码,监控可查' }), 200).body, { state: 'rectified', may: [] })
    t.match(await shop.owner.post(`/alerts/${id}/rectify`, { text: '再说一次' }), { status: 409, body: { code: 'wrong_state' } })
    await advance(app, 11 * day)
    t.match(await get(`/alerts/${id}`), {
      state: 'rectified', outcome: 'rectified', may: [],
      moves: [{ event: 'open' }, { event: 'rectify', by: 'merchant', text: '前台改为当场扫码,监控可查' }, { event: 'back', by: 'service', to: 'rectified', outcome: 'rectified' }]
    })
    t.match(await alertOf('door_speed'), { state: 'open', outcome: 'eased' }, 'what came back by itself closes too')
    t.match(await inspector.post(`/alerts/${id}/close`, { text: '结案' }), { status: 409, body: { code: 'wrong_state', state: 'closed' } })
  })

  t.test('what is not answered in its time goes the normal way; the bureau closes it', async (t) => {
    const { id } = await alertOf('sales_surge')
    t.match(await get(`/alerts/${id}`), { state: 'escalated', moves: [{ event: 'open' }, { event: 'not_answered', by: 'service', from: 'open', to: 'escalated' }] })
    t.match(await inspector.post(`/alerts/${id}/send-back`, { text: '再答' }), { status: 409, body: { code: 'wrong_state' } })
    t.match(expectStatus(await shop.owner.post(`/alerts/${id}/explain`, { text: '年卡促销' }), 200).body, { state: 'escalated' }, 'it may still be heard')
    t.match(expectStatus(await inspector.post(`/alerts/${id}/close`, { text: '已约谈' }), 200).body, { state: 'escalated', outcome: 'dealt_with' })
  })

  t.test('an explanation is sent back or accepted; the same figures open no other alert in the quiet days; a second fault is no first one', async (t) => {
    // What was paid back is asked again after the bank has answered the same twice more.
    const { id } = await alertOf('returned_payouts')
    expectStatus(await shop.owner.post(`/alerts/${id}/explain`, { text: '银行系统问题' }), 200)
    t.match(expectStatus(await inspector.post(`/alerts/${id}/send-back`, { text: '请附银行说明' }), 200).body, { state: 'open', moves: [{}, {}, { event: 'send_back', text: '请附银行说明' }] })
    expectStatus(await shop.owner.post(`/alerts/${id}/explain`, { text: '附件编号 7' }), 200)
    t.match(expectStatus(await inspector.post(`/alerts/${id}/close`, { text: '属实' }), 200).body, { state: 'explained', outcome: 'accepted' })
    await advance(app, 20 * day)
    t.equal((await alertOf('returned_payouts')).id, id, 'quiet')
    await advance(app, 10 * day)
    const again = await alertOf('returned_payouts')
    t.not(again.id, id, 'the figure stands where it was, and the quiet days are over')
    t.equal(again.isFirstMinor, false)
    t.match(expectStatus(await inspector.post(`/alerts/${again.id}/escalate`, { text: '再次发生' }), 200).body, { state: 'escalated' })
  })

  t.test('a lease near its end: the merchant enters the new one', async (t) => {
    const lease = async (leaseUntil: string) => expectStatus(await shop.owner.put(`/merchants/${shop.merchantId}/venues/${shop.venueId}`, { name: '总店', address: '上海市长宁区延安西路 1 号', leaseUntil }), 200)
    await lease(new Date((await now()).getTime() + 20 * 86_400_000).toISOString().slice(0, 10))
    await advance(app, day)
    const { id, answerBy } = await alertOf('lease_end')
    t.ok(Date.parse(answerBy) - (await now()).getTime() > 28 * 86_400_000)
    await lease('2099-12-31')
    expectStatus(await shop.owner.post(`/alerts/${id}/rectify`, { text: '已续租,合同编号 2026-9' }), 200)
    await advance(app, 5 * day)
    t.match(await get(`/alerts/${id}`), { outcome: 'rectified', now: { level: 'normal' } })
  })

  t.test('each move has its leaf and its webhook', async (t) => {
    await advance(app, 1)
    const facts = await asOwner(app, "select fact, entry from evidence_entries where fact like 'alert-%' order by id")
    const moves = await asOwner(app, 'select event from alert_moves order by id')
    t.equal(facts.length, moves.length)
    t.ok(facts.length > 12)
    t.notMatch(facts.map(({ entry }) => entry).join(), /银行系统|当场扫码/, 'what was said is not in the log')
    const sent = receiver.received.filter(({ path }) => path === '/bureau').map(({ body }) => body)
    t.equal(sent.length, facts.length)
    t.same([...new Set(sent.map(({ type }) => type))].sort(), ['alert.changed', 'alert.opened'])
    t.ok(sent.every(({ data }) => data.merchantId === shop.merchantId && data.id.startsWith('alr_')))
  })

  t.test('the database shows each end its own, and lets nobody write but the service', async (t) => {
    const mine = { merchant: shop.merchantId, person: shop.owner.userId }
    const theirs = { merchant: other.merchantId, person: other.owner.userId }
    for (const table of ['indicator_values', 'alerts', 'alert_moves']) {
      const countFor = async (role: any, context: object): Promise<number> => (await asRole(app, role, context, `select count(*)::int as n from ${table} where merchant_id = $1`, [uuidOf(shop.merchantId)]))[0].n
      t.ok(await countFor('merchant', mine) > 0, table)
      t.equal(await countFor('merchant', theirs), 0, table)
      t.ok(await countFor('bureau', {}) > 0)
      t.equal(await countFor('bureau', { office: 2 }), 0)
      for (const role of ['consumer', 'operator', 'adjudicator', 'anyone', 'redeemer'] as const) await t.rejects(asRole(app, role, {}, `select from ${table}`), { code: '42501' }, `${role} ${table}`)
      for (const role of ['bureau', 'merchant', 'notary'] as const) await t.rejects(asRole(app, role, mine, `delete from ${table}`), { code: '42501' }, `${role} ${table}`)
    }
    for (const view of ['warning_check_ins', 'warning_sales', 'warning_refunds', 'warning_disputes', 'warning_payout_returns', 'warning_contracts', 'warning_movements']) {
      t.ok((await asRole(app, 'merchant', mine, `select from ${view}`)).length > 0, view)
      t.same((await asRole(app, 'merchant', theirs, `select from ${view} where merchant_id = $1`, [uuidOf(shop.merchantId)])), [], view)
      t.same(await asRole(app, 'bureau', { office: 2 }, `select from ${view}`), [], view)
      // In a cluster a view is read with the caller's rights to the tables under it: a consumer's own rows, and nothing of a shop where she has none.
      if (app.database.isCluster) {
        const strange = asRole(app, 'consumer', { person: someone.userId }, `select from ${view} where merchant_id = $1`, [uuidOf(shop.merchantId)])
        t.same(await strange.catch(({ code }: { code: string }) => code), view === 'warning_payout_returns' ? '42501' : [], view)
      } else {
        await t.rejects(asRole(app, 'consumer', { person: consumer.userId }, `select from ${view}`), { code: '42501' }, view)
      }
    }
    await t.rejects(asRole(app, 'worker', {}, 'update indicator_values set value = 0'), { code: '42501' })
    await t.rejects(asRole(app, 'bureau', {}, 'update alerts set state = \'escalated\''), { code: '42501' })
    t.match(await notary.post(`/alerts/${(await alertOf('shared_phone')).id}/close`, { text: '结案' }, { key: randomUUID() }), { status: 403 }, 'the notary looks on')
  })
})
