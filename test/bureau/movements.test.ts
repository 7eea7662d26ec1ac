import pg from 'pg'
import t from 'tap'
import { createMovementTotals } from '../../src/bureau/totals.js'
import { createPool } from '../../src/db/client.js'
import { createUnitOfWork } from '../../src/db/unit-of-work.js'
import { clockAt } from '../../src/kernel/clock.js'
import { startApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { bureau, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { answerPayouts, draftFor, earn, newEarner, notariesOf, settle, violated, visit } from '../settlement/support.js'

const office = 1

/** What each kind of contract comes to by its entries one by one, straight from the tables. */
const plainly = `
  select contract_kind as key, (count(*) filter (where held_lines > 0))::int as contracts, (count(*) filter (where owed > 0))::int as "openContracts",
    sum(held)::int as "heldFen", sum(disputed)::int as "disputedFen", sum(pending)::int as "pendingFen"
  from (
    select c.kind as contract_kind, c.id, count(*) filter (where e.kind = 'held' and before) as held_lines, coalesce(sum(fen) filter (where before), 0) as owed,
      coalesce(sum(fen) filter (where before and e.kind = 'held'), 0) as held, coalesce(sum(fen) filter (where before and e.kind = 'disputed'), 0) as disputed,
      coalesce(sum(fen) filter (where before and e.kind = 'pending'), 0) as pending
    from contracts c
    join (
      select e.*, case e.side when 'C' then e.amount_fen else -e.amount_fen end as fen, case $2 when 'booking' then e.booked_at else t.occurred_at end <= $1 as before
      from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
    ) e on e.office_id = c.office_id and e.contract_id = c.id and e.kind in ('held', 'disputed', 'pending')
    group by c.kind, c.id) per_contract
  group by contract_kind order by 1`

t.test('what was moved for merchants is the same at any moment, however much of the journal is summed', async (t) => {
  const app = await startApp(t)
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  const pool = createPool({ connectionString: app.database.serviceUrl, isCluster: app.database.isCluster, max: 4, onError: () => undefined })
  t.teardown(async () => { await pool.end(); await owner.end() })
  const work = createUnitOfWork({ pool, clock: clockAt(new Date()), onAfterCommitError: () => undefined })
  const inspector = await bureau(app)
  const get = async (path: string): Promise<any> => expectStatus(await inspector.get(path), 200).body
  const now = async (): Promise<string> => (await app.nobody.get('/sandbox/clock')).body.now
  const moments: string[] = [await now()]
  const then = async (): Promise<void> => { moments.push(await now()); await advance(app, 7_200) }

  const earner = await newEarner(app, 1)
  await then()
  await settle(app, earner)
  await then()
  await earn(app, earner, 1)
  await answerPayouts(app, 'returned', earner.merchantId)
  await then()
  await settle(app, earner)
  await earn(app, earner, 2)
  await draftFor(app, earner)
  const pool2 = await newShop(app, { district: '静安区', category: 'pool' })
  const consumer = await newConsumer(app)
  const productId = await listProduct(app, pool2, { settlementRule: { release: 'per_session', objectionHours: 240 } })
  const contractId = await buy(app, consumer, productId)
  await then()
  const { id } = await visit(consumer, pool2, contractId)
  expectStatus(await consumer.post(`/redemptions/${id}/objection`, { reason: '未提供服务' }), 200)
  await buy(app, consumer, await listProduct(app, pool2, { kind: 'period' }))
  await then()
  const leaver = await newConsumer(app)
  const unused = await buy(app, leaver, productId)
  await then()
  const { body: quote } = expectStatus(await leaver.post(`/contracts/${unused}/refund-quotes`, { reason: 'cooling_off' }), 201)
  const { body: refund } = expectStatus(await leaver.post(`/contracts/${unused}/refunds`, { quoteId: quote.id }), 201)
  expectStatus(await (await notariesOf(app)).second.post(`/refunds/${refund.id}/approve`), 200)
  await advance(app, 86_400)
  await then()

  // Payments that were told of hours after they happened.
  for (const { id, occurred_at: at } of (await owner.query<{ id: string; occurred_at: Date }>("select id, occurred_at from transfers where event = 'payment-received'")).rows) {
    await owner.query('update transfers set occurred_at = $3 where office_id = $1 and id = $2', [office, id, new Date(at.getTime() - 3 * 3_600_000)])
  }
  const paths = ['/audit/overview?', '/audit/merchants?', '/audit/groups?per=kind&', '/audit/groups?per=district&']
    .flatMap((path) => ['booking', 'event'].flatMap((by) => moments.map((at) => `${path}by=${by}&at=${at}`)))
    .concat('/audit/overview', '/audit/merchants', '/audit/groups?per=kind')
  const withoutNow = ({ at: _, ...answer }: any) => answer
  const answers = async () => {
    const all = []
    for (const path of paths) all.push({ path, ...withoutNow(await get(path)) })
    return all
  }

  const byEntries = await answers()
  t.same(byEntries.filter(({ agree, items }) => (items ?? [{ agree }]).some((line: any) => !line.agree)), [], 'all agree with the balances')
  for (const by of ['booking', 'event']) {
    for (const at of moments) {
      const { rows } = await owner.query(plainly, [at, by])
      const { groups } = await get(`/audit/groups?per=kind&by=${by}&at=${at}`)
      t.same(groups.map(({ key, contracts, openContracts, heldFen, disputedFen, pendingFen }: any) => ({ key, contracts, openContracts, heldFen, disputedFen, pendingFen })), rows, `${at} by ${by}`)
    }
  }

  const stretches = async () => Number((await owner.query('select count(distinct until_id) as n from movement_totals')).rows[0].n)
  const transfers = Number((await owner.query('select count(*) as n from transfers')).rows[0].n)
  const half = Math.floor(transfers / 2)
  await createMovementTotals({ work, settledMs: -60_000, stretch: half }).run(office)
  t.equal(await stretches(), 1)
  t.same(await answers(), byEntries, 'one long stretch, which most moments fall into')
  const small = createMovementTotals({ work, settledMs: -60_000, stretch: 3 })
  for (let n = 0; n < transfers; n++) await small.run(office)
  t.equal(await stretches(), 1 + Math.floor((transfers - half) / 3), 'as many as are whole')
  t.same(await answers(), byEntries, 'many short ones')
  const broken = async () => (await violated(app)).map(({ name }) => name).filter((name) => name === 'movement-totals-add-up')
  t.same(await broken(), [])

  t.test('and a sum that is not that of its entries is told of', async (t) => {
    const { rows: [first] } = await owner.query('select until_id from movement_totals order by until_id limit 1')
    await owner.query("update movement_totals set credit_fen = credit_fen + 1 where office_id = $1 and kind = 'held' and until_id = $2", [office, first.until_id])
    t.match(await get('/audit/groups?per=district'), { agree: false })
    t.same(await broken(), ['movement-totals-add-up'])
  })
})
