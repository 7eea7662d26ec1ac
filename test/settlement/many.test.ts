import pg from 'pg'
import t from 'tap'
import { dueFen, seedPayable } from '../../bench/settlement.js'
import { deriveKey } from '../../src/config.js'
import { createVault } from '../../src/kernel/vault.js'
import { startApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { sandboxConfig } from '../support/database.js'
import { expectStatus } from '../support/shop.js'
import { answerPayouts, newEarner, notariesOf, settle, violated } from './support.js'

/** More than go to the bank in one delivery, so that the rest is left to the job. */
const merchants = 120

/** Makes writing some rows of a table fail, until it is mended. */
const breakRows = async (owner: pg.Client, table: string, which: string): Promise<() => Promise<void>> => {
  await owner.query(`alter table ${table} add constraint broken_for_a_test check (not (${which}))`)
  return async () => { await owner.query(`alter table ${table} drop constraint broken_for_a_test`) }
}

t.test('a settlement of many merchants', async (t) => {
  const app = await startApp(t)
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  await seedPayable(owner, merchants)
  const { first, second } = await notariesOf(app)

  const draft = expectStatus(await first.post('/settlements', {}), 201).body
  t.match(draft, { itemCount: merchants, grossFen: merchants * dueFen, status: 'draft' })
  t.equal(new Set(draft.items.map(({ merchantId }: any) => merchantId)).size, merchants, 'an item for each')
  expectStatus(await first.post('/settlements', {}), 422)

  const [returned, unknown, unpaid, unrecorded] = draft.items
  await answerPayouts(app, 'returned', returned.merchantId)
  await answerPayouts(app, 'unknown', unknown.merchantId)
  const mendBank = await breakRows(owner, 'sandbox_bank_orders', `key = '${unpaid.id}'`)
  const mendRecord = await breakRows(owner, 'settlement_items', `bank_reference = 'SBX-${unrecorded.id}'`)

  const view = async (): Promise<any> => expectStatus(await first.get(`/settlements/${draft.id}`), 200).body
  const count = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {}
    for (const { status } of (await view()).items) counts[status] = (counts[status] ?? 0) + 1
    return counts
  }

  t.match(expectStatus(await second.post(`/settlements/${draft.id}/approve`), 200).body, { status: 'approved', totalFen: draft.totalFen })
  await advance(app, 1)
  t.match(await view(), { status: 'approved' })
  t.same(await count(), { paid: merchants - 4, returned: 1, submitted: 1, approved: 2 }, 'what cannot be paid, or not recorded, does not hold the others')

  await mendBank()
  await mendRecord()
  await answerPayouts(app, 'paid', unknown.merchantId)
  await advance(app, 7_200)
  t.match(await view(), { status: 'completed' })
  t.same(await count(), { paid: merchants - 1, returned: 1 })
  const { rows } = await owner.query("select event, count(*)::int as times from transfers where event in ('settlement-approved', 'payout-confirmed', 'payout-returned', 'fee-taken') group by event order by event")
  t.same(rows, [
    { event: 'fee-taken', times: merchants - 1 }, { event: 'payout-confirmed', times: merchants - 1 },
    { event: 'payout-returned', times: 1 }, { event: 'settlement-approved', times: merchants }
  ], 'each booked once')
  t.same((await owner.query("select count(*)::int as lines, count(distinct reference)::int as payouts from sandbox_bank_entries where reference like 'sti_%' and reference not like '%:fee'")).rows, [{ lines: merchants - 1, payouts: merchants - 1 }], 'each paid once by the bank')
  t.match(expectStatus(await first.post('/settlements', {}), 201).body, { itemCount: 1, items: [{ merchantId: returned.merchantId, grossFen: dueFen }] }, 'what came back is payable again')
  t.same(await violated(app), [])
})

t.test('a payout that was ordered by itself, as they once were, is made', async (t) => {
  const app = await startApp(t)
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  const mendBank = await breakRows(owner, 'sandbox_bank_orders', 'true')
  const { id, items: [item] } = await settle(app, await newEarner(app))
  const vault = createVault(sandboxConfig.dataKeys, deriveKey(sandboxConfig.secret, 'blind index'))
  const { rowCount } = await owner.query("update outbox set payload = $1 where topic = 'bank.payout' and key = $2 and delivered_at is null", [vault.seal(JSON.stringify({ itemId: item.id }), 'outbox.payload'), item.id])
  t.equal(rowCount, 1)
  await mendBank()
  await advance(app, 120)
  t.match(expectStatus(await (await notariesOf(app)).first.get(`/settlements/${id}`), 200).body, { status: 'completed', items: [{ status: 'paid' }] })
})
