import { randomUUID } from 'node:crypto'
import t from 'tap'
import { addDays } from '../../src/kernel/calendar.js'
import { startApp, type Answer } from '../support/app.js'
import { bureau, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { asRole } from '../support/roles.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { send, statementOfToday, today } from '../bank/support.js'
import { notariesOf, violated } from '../settlement/support.js'
import { advance } from '../support/clock.js'

t.test('a payment channel\'s report of a day', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const inspector = await bureau(app)
  const shop = await newShop(app)
  const productId = await listProduct(app, shop)
  const consumer = await newConsumer(app)
  const day = await today(app)
  await buy(app, consumer, productId)
  const left = await buy(app, consumer, productId)
  const { body: quote } = expectStatus(await consumer.post(`/contracts/${left}/refund-quotes`, { reason: 'cooling_off' }), 201)
  const { body: { id: refundId } } = expectStatus(await consumer.post(`/contracts/${left}/refunds`, { quoteId: quote.id }), 201)
  expectStatus(await second.post(`/refunds/${refundId}/approve`), 200)

  const sandboxReport = async (date = day): Promise<string> => expectStatus(await app.nobody.get(`/sandbox/channel/report?date=${date}`), 200).body
  const importReport = async (payload: string | Buffer, { channel = 'sandbox', key = randomUUID() as string, date = day, who = first } = {}): Promise<Omit<Answer, 'bytes'>> => {
    await who.get('/me')
    const response = await app.app.inject({
      method: 'POST', url: `/v1/channels/${channel}/reports/${date}`, payload, headers: { 'content-type': 'text/csv', 'idempotency-key': key, authorization: `Bearer ${who.token ?? ''}` }
    })
    return { status: response.statusCode, body: response.json(), headers: response.headers }
  }
  const channelOf = async (date = day): Promise<any> => expectStatus(await inspector.get(`/reconciliations/${date}`), 200).body.channels.find(({ channel }: any) => channel === 'sandbox')

  t.test('agrees with the clearing account, kind by kind, and the same file again changes nothing', async (t) => {
    t.equal((await channelOf()).report, null)
    const csv = await sandboxReport()
    t.match(csv, new RegExp(`退款.*\`${refundId}`))
    const { body } = expectStatus(await importReport(csv, { key: 'once' }), 201)
    t.match(body, {
      channel: 'sandbox', date: day, lines: 6, differenceFen: 0, unmatched: [],
      payments: { reportFen: 200_000, booksFen: 200_000, differenceFen: 0 }, refunds: { reportFen: 100_000, booksFen: 100_000 }, settlements: { reportFen: 100_000, booksFen: 100_000 }
    })
    t.same(expectStatus(await importReport(csv, { key: 'once' }), 201).headers['idempotency-replayed'], 'true')
    t.same((await importReport(csv, { who: second })).body, body, 'another person: the same report')
    t.same((await first.get(`/channels/sandbox/reports/${day}`)).body, body)
    t.same((await inspector.get(`/channels/sandbox/reports/${day}`)).body, body)
    t.match(await channelOf(), { differenceFen: 0, report: { reportFen: 0, booksFen: 0, differenceFen: 0, unmatched: 0 } })
  })

  t.test('with a line the books do not have is a difference, shown by its number, until the books have it', async (t) => {
    const [header, ...lines] = (await sandboxReport()).trimEnd().split('\n') as [string, ...string[]]
    const ghost = `${day} 10:00:00,支付,\`GHOST-1,\`x,,12.34`
    t.match((await importReport([header, ...lines, ghost].join('\n'))).body, {
      lines: 7, differenceFen: 1_234, payments: { differenceFen: 1_234 }, unmatched: [{ source: 'report', kind: 'payment', reference: 'GHOST-1', amountFen: 1_234 }]
    })
    const { body } = expectStatus(await inspector.get(`/reconciliations/${day}`), 200)
    t.match(body.differences.find(({ kind }: any) => kind === 'channel_report'), { of: 'sandbox', differenceFen: 1_234, settledAt: null })
    t.match(await importReport([header, ghost.replace('12.34', '12.35')].join('\n')), { status: 422, body: { code: 'report_contradicts', reference: 'GHOST-1' } })
    t.match((await first.get(`/channels/sandbox/reports/${day}`)).body, { lines: 7 }, 'nothing of it was kept')
  })

  t.test('that lacks a line the books have says so', async (t) => {
    const tomorrow = addDays(day, 1)
    await advance(app, 86_400)
    await buy(app, consumer, productId)
    const [header, ...lines] = (await sandboxReport(tomorrow)).trimEnd().split('\n') as [string, ...string[]]
    t.match((await importReport([header, ...lines.filter((line) => !line.includes('支付,'))].join('\n'), { date: tomorrow })).body, {
      date: tomorrow, lines: 1, differenceFen: -100_000, unmatched: [{ source: 'books', kind: 'payment', amountFen: 100_000 }]
    })
    t.match((await importReport(await sandboxReport(tomorrow), { date: tomorrow })).body, { lines: 2, differenceFen: 0, unmatched: [] }, 'the whole file adds what was missing')
    const { body } = expectStatus(await inspector.get(`/reconciliations/${tomorrow}`), 200)
    t.match(body.differences.filter(({ kind }: any) => kind === 'channel_report'), [{ differenceFen: -100_000, settledAt: /20/ }], 'the item is settled')
  })

  t.test('is part of the day\'s close: a difference needs a reason', async (t) => {
    expectStatus(await send(app, first, (await app.nobody.get(`/sandbox/bank/statement?date=${day}`)).body), 201)
    t.match((await inspector.get(`/reconciliations/${day}`)).body, { differenceFen: 0 }, 'the bank agrees')
    t.match(await first.post(`/reconciliations/${day}/close`), { status: 422, body: { code: 'difference_unexplained', channels: [{ channel: 'sandbox', differenceFen: 1_234, unmatched: 1 }] } })
    t.match(await first.post(`/reconciliations/${day}/close`, { reason: '已向渠道查询' }), { status: 201, body: { closing: { status: 'proposed' } } })
    t.ok(await statementOfToday(app))
  })

  t.test('that makes no sense is refused, and nothing of it is kept', async (t) => {
    const header = '交易时间,交易类型,渠道单号,商户单号,商户退款单号,金额'
    const refusals = [
      { when: 'a column is missing', csv: '交易时间,交易类型\n', code: 'statement_unreadable' },
      { when: 'a kind is not known', csv: `${header}\n2026-01-05 10:00:00,打赏,1,,,1.00`, code: 'statement_unreadable' },
      { when: 'an amount is none', csv: `${header}\n2026-01-05 10:00:00,支付,1,,,一元`, code: 'statement_unreadable' },
      { when: 'it is of two days', csv: `${header}\n2026-01-05 10:00:00,支付,1,,,1.00\n2026-01-06 10:00:00,支付,2,,,1.00`, code: 'report_of_another_day' },
      { when: 'it is of another day than was named', csv: `${header}\n2026-01-06 10:00:00,支付,1,,,1.00`, code: 'report_of_another_day' },
      { when: 'the encoding is another', csv: Buffer.from([0xbd, 0xbb, 0xd2, 0xd7, 0xca, 0xb1, 0xbc, 0xe4]), code: 'statement_unreadable' },
      { when: 'the channel has no reports', csv: header, channel: 'bank_transfer', code: 'channel_unavailable' }
    ]
    for (const { when, csv, code, ...more } of refusals) t.match(await importReport(csv, { date: '2026-01-05', ...more }), { status: 422, body: { code } }, when)
    t.match(await first.get('/channels/sandbox/reports/2026-01-05'), { status: 404 })
    t.match(await importReport(`${header}\n`, { date: '2026-01-08' }), { status: 201, body: { date: '2026-01-08', lines: 0, differenceFen: 0 } }, 'a day without a transaction')
    t.same(await violated(app), [])
  })

  t.test('is the office\'s and the bureau\'s to see, and nobody else\'s', async (t) => {
    for (const api of [shop.owner, consumer]) t.match(await api.get(`/channels/sandbox/reports/${day}`), { status: 403 })
    t.match(await importReport('', { who: consumer as never }), { status: 403 })
    t.ok((await asRole(app, 'bureau', {}, 'select reference from channel_report_lines')).length > 0)
    t.same(await asRole(app, 'bureau', { office: 2 }, 'select reference from channel_report_lines'), [])
    await t.rejects(asRole(app, 'merchant', {}, 'select reference from unmatched_channel_lines'), { code: '42501' })
    await t.rejects(asRole(app, 'notary', {}, 'update channel_report_lines set amount_fen = 1'), { code: '42501' })
  })
})
