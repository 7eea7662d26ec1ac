import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { moveAtBank, send, statementOfToday } from '../bank/support.js'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { configOf } from '../../src/config.js'
import { startApp } from '../support/app.js'
import { isInCluster } from '../support/cluster.js'
import { maker, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'

t.setTimeout(isInCluster() ? 240_000 : 120_000)

/** Samples of an exposition, by name and labels as they stand there. */
const samplesOf = (payload: string): Map<string, number> =>
  new Map(payload.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))

t.test('what operators watch', async (t) => {
  const app = await startApp(t, { processes: 1 })
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  const shop = await newShop(app)
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, shop)
  const contractId = await buy(app, consumer, productId)
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201)
  await app.keepEvidence()

  // A statement with a receipt and a debit that nobody knows of.
  await moveAtBank(app, { side: 'CRDT', amountFen: 4_200n })
  await moveAtBank(app, { side: 'DBIT', amountFen: 300n })
  expectStatus(await send(app, await maker(app), await statementOfToday(app)), 201)
  // What a build left behind that knew more kinds than this one: tried again and again, and seen.
  const now = new Date(Date.parse((await app.nobody.get('/sandbox/clock')).body.now))
  await owner.query("insert into deadlines (office_id, id, kind, subject, due_at) values (1, $1, 'of-another-build', 'x', $2)", [uuidOf(newId('ddl', 1)), now])
  await owner.query("insert into outbox (office_id, id, topic, key, payload, created_at, due_at) values (1, $1, 'of-another-build', 'x', '', $2, $2)", [uuidOf(newId('out', 1)), now])
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: 6 * 3_600 }), 200)
  const late = new Date(Date.parse((await app.nobody.get('/sandbox/clock')).body.now) - 600_000)
  await owner.query("insert into deadlines (office_id, id, kind, subject, due_at) values (1, $1, 'late', 'x', $2)", [uuidOf(newId('ddl', 1)), late])

  await buy(app, await newConsumer(app), productId)

  const scrape = () => app.app.inject('/metrics')
  let scraped = await scrape()
  // What takes longer to count than a scrape waits is in the next: in a cluster, where each statement is planned anew.
  for (let i = 0; isInCluster() && i < 10 && !scraped.payload.includes('\nticun_job_overdue_seconds{'); i++) scraped = await scrape()
  const { statusCode, headers, payload } = scraped
  const samples = samplesOf(payload)
  const of = (sample: string): number => samples.get(sample) ?? NaN
  t.match({ statusCode, type: headers['content-type'] }, { statusCode: 200, type: /^text\/plain; version=0\.0\.4/ })

  t.equal(of('ticun_database_up'), 1)
  t.equal(of('ticun_storage_up'), 1)
  t.equal(of('ticun_redemption_queue_depth'), 0)
  t.equal(of('ticun_redemption_batch_size_sum'), 1)
  t.ok(of('ticun_redemption_batch_duration_seconds_sum') > of('ticun_redemption_commit_duration_seconds_sum'), 'a commit is part of its batch')
  t.ok(of('ticun_redemption_commit_duration_seconds_sum') > 0)
  t.equal(of('ticun_redemption_commit_duration_seconds_count'), 1)
  t.ok(of('ticun_evidence_waiting_entries{office="1"}') > 0, 'what was booked since the log last grew')
  t.ok(of('ticun_evidence_lag_seconds{office="1"}') > 0 && of('ticun_evidence_lag_seconds{office="1"}') < 60)
  t.equal(of('ticun_deadlines_failing{office="1"}'), 1)
  t.equal(of('ticun_outbox_stuck{office="1"}'), 1)
  t.ok(of('ticun_outbox_undelivered{office="1"}') >= 1)
  t.ok(of('ticun_outbox_oldest_seconds{office="1"}') >= 6 * 3_600)
  t.ok(of('ticun_job_overdue_seconds{job="deadlines"}') >= 600, `${of('ticun_job_overdue_seconds{job="deadlines"}')} s late`)
  t.equal(of('ticun_job_overdue_seconds{job="closures"}'), 0)
  t.ok(of('ticun_job_last_success_timestamp_seconds{job="outbox"}') * 1000 > Date.now() - 60_000)
  t.equal(of('ticun_suspense_open_fen{office="1",side="credit"}'), 4_200)
  t.equal(of('ticun_suspense_open_fen{office="1",side="debit"}'), 300)
  t.ok(of('ticun_suspense_oldest_seconds{office="1"}') >= 6 * 3_600)
  t.ok(samples.has('ticun_bank_statement_age_seconds{office="1"}'))
  t.equal(of('ticun_ledger_difference_fen{office="1"}'), 0, 'the books balance')
  t.equal(of('ticun_ledger_uncovered_fen{office="1",kind="unexplained_debit"}'), 300)
  t.ok(of('ticun_database_pool_connections{pool="requests",state="idle"}') > 0)
  t.equal(of('ticun_database_pool_waiting{pool="requests"}'), 0)

  const labels = new Map<string, Set<string>>()
  for (const sample of samples.keys()) for (const [, name = '', value = ''] of sample.matchAll(/(\w+)="([^"]*)"/g)) labels.set(name, (labels.get(name) ?? new Set()).add(value))
  t.same([...labels.keys()].filter((name) => !['method', 'route', 'status', 'le', 'quantile', 'office', 'job', 'lane', 'topic', 'pool', 'state', 'check', 'kind', 'side', 'version', 'part', 'space', 'type', 'major', 'minor', 'patch'].includes(name)), [])
  t.notMatch(payload, new RegExp([consumer.phone, contractId, shop.merchantId, '张三'].join('|')), 'nobody is in it')
  t.ok([...labels.get('route') ?? []].every((route) => !/_[0-9a-z]{26}/.test(route)), 'routes are templates')
})

t.test('who may scrape', async (t) => {
  const secret = randomUUID() + randomUUID()
  const app = await startApp(t, { metricsAccess: { token: secret } })
  const scrape = async (authorization?: string) => (await app.app.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } })).statusCode
  t.same([await scrape(), await scrape('Bearer wrong'), await scrape(`Basic ${secret}`), await scrape(`Bearer ${secret}`)], [401, 401, 401, 200])

  const production = { DATABASE_URL: 'postgres://x/y', TICUN_SECRET: Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 37) % 256)).toString('base64'), TICUN_DATA_KEYS: `k:${Buffer.alloc(32, 9).toString('base64')}` }
  t.equal(configOf(production).metricsAccess, 'closed', 'in production nobody, unless a token is set')
  t.same(configOf({ ...production, METRICS_TOKEN: secret }).metricsAccess, { token: secret })
  t.throws(() => configOf({ ...production, METRICS_TOKEN: 'short' }), /METRICS_TOKEN/)
  t.equal(configOf({}).metricsAccess, 'open', 'in the sandbox anybody')

  const closed = await startApp(t, { metricsAccess: 'closed' })
  t.match(await closed.app.inject('/metrics'), { statusCode: 404 })
})
