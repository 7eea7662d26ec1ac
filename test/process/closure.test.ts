import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { seedClosable } from '../../bench/closure-seed.js'
import { databaseForProcesses } from '../support/cluster.js'
import { checker, maker } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { freePort } from '../../demo/service.js'
import { build, overHttp, startService, until } from './support.js'

t.setTimeout(240_000)

const contracts = 500
const killsMax = 5
/** Longer than a delivery that died with its process is kept from the others. */
const leaseSeconds = 120

t.before(build)

t.test('a closure that is killed again and again ends every contract once, and pays every refund once', async (t) => {
  const databaseUrl = await databaseForProcesses(t, `ticun_closure_${process.pid}`)
  const owner = new pg.Client({ connectionString: databaseUrl })
  t.teardown(() => owner.end())

  const start = { port: await freePort(), env: { DATABASE_URL: databaseUrl, TICUN_MODE: 'sandbox' } }
  let service = await startService(t, start)
  const app = overHttp(service.url)
  await owner.connect()
  const { merchantId } = await seedClosable(owner, contracts)
  const one = async (sql: string): Promise<any> => (await owner.query(sql)).rows[0]
  const progress = (): Promise<{ done: number; sent: number; paid: number; due: number }> => one(`
    select (select done from closures) as done, (select count(*)::int from sandbox_refunds) as sent,
      (select count(*)::int from refunds where status = 'paid') as paid,
      (select count(*)::int from outbox where delivered_at is null and due_at <= now()) + (select contracts - done from closures) as due`)

  const [first, second] = [await maker(app), await checker(app)]
  const path = `/merchants/${merchantId}/closure`
  expectStatus(await first.post(path, { reason: '人去楼空', stoppedOn: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10) }), 201)
  t.match(expectStatus(await second.post(`${path}/approve`), 200).body, { status: 'running', contracts, done: 0 })

  let kills = 0
  for (let { done, sent } = await progress(); kills < killsMax && done + sent < 2 * contracts; ({ done, sent } = await progress())) {
    const [ended, paid] = [done, sent]
    // Now while contracts are ended, now between the channel's word and our record of it.
    await until(async () => {
      const now = await progress()
      return now.done > ended || now.sent > paid || now.due === 0
    }, 'the closure to go on')
    await sleep(Math.random() * 200)
    service.process.kill('SIGKILL')
    await service.ended
    kills++
    const struck = await progress()
    t.comment(`killed at ${struck.done} ended, ${struck.sent} paid by the channel, ${struck.paid} recorded`)
    service = await startService(t, start)
    t.match(await app.nobody.get('/sandbox/invariants'), { body: { ok: true } }, 'the books add up after the blow')
    if (struck.due === 0 && struck.done === contracts) break
  }
  t.ok(kills > 1, `it was killed ${kills} times`)
  // What the dead processes had claimed is taken over when their leases are over.
  expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds: leaseSeconds }), 200)

  await until(async () => {
    const [{ paid }, { body }] = [await progress(), await first.get(path)]
    return body.status === 'completed' && paid === contracts
  }, 'the closure to end')
  const closure = expectStatus(await second.get(path), 200).body
  t.match(closure, { contracts, done: contracts, totalFen: contracts * 100_000, differenceFen: 0, shortfallFen: 0 })
  t.same(await one(`
    select count(*)::int as contracts, count(*) filter (where status = 'terminated' and held_fen = 0)::int as ended,
      sum(refunded_fen)::int as refunded, sum(refund_paid_fen)::int as paid from contracts`),
  { contracts, ended: contracts, refunded: closure.totalFen, paid: closure.totalFen })
  t.same(await one(`
    select count(*)::int as refunds, count(distinct contract_id)::int as contracts, count(distinct key)::int as made, sum(s.amount_fen)::int as fen
    from refunds r left join sandbox_refunds s on s.order_id = r.payment_id`),
  { refunds: contracts, contracts, made: contracts, fen: closure.totalFen }, 'one refund a contract, paid once by the channel')
  t.same(await one(`
    select sum(e.amount_fen)::int as fen from entries e join transfers f on f.office_id = e.office_id and f.id = e.transfer_id where f.event = 'refund-confirmed' and e.side = 'D'`),
  { fen: closure.totalFen }, 'and by the ledger')
  t.same(await one('select count(*)::int as left from outbox where delivered_at is null'), { left: 0 }, 'nothing is left to be sent')
  t.match(await app.nobody.get('/sandbox/invariants'), { body: { ok: true } })
  t.equal(await service.stop(), 0)
})
