import pg from 'pg'
import t from 'tap'
import { newId, uuidOf } from '../../src/kernel/id.js'
import { AccountKind } from '../../src/ledger/model.js'
import { startApp } from '../support/app.js'
import { bureau, newConsumer, operator } from '../support/people.js'
import { asRole } from '../support/roles.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop } from '../support/shop.js'
import { earn, newEarner, notariesOf, settle, violated, visit } from '../settlement/support.js'
import { advance } from '../support/clock.js'

const session = 10_000

t.test('the audit', async (t) => {
  const app = await startApp(t)
  const { first } = await notariesOf(app)
  const inspector = await bureau(app)
  const now = async (): Promise<string> => (await app.nobody.get('/sandbox/clock')).body.now
  const get = async (path: string): Promise<any> => expectStatus(await inspector.get(path), 200).body
  const balanceOf = (trial: any, account: string): number => trial.accounts.find((line: any) => line.account === account).balanceFen

  const opened = await now()
  await advance(app, 60)
  const earner = await newEarner(app, 0)
  const paid = await now()
  await advance(app, 60)
  await earn(app, earner, 3)
  const released = await now()
  await advance(app, 60)
  await settle(app, earner)
  await visit(earner.consumer, earner, earner.contractId, 2)

  t.test('the overview adds the books up twice, and both agree', async (t) => {
    const overview = await get('/audit/overview')
    t.match(overview, {
      contracts: 1, openContracts: 1, paidFen: 10 * session, heldFen: 5 * session, pendingFen: 2 * session, disputedFen: 0,
      payableFen: 0, inTransitFen: 0, paidOutFen: 29_940, feeFen: 60, refundedFen: 0, bankFen: 7 * session, clearingFen: 0, coverFen: 0, agree: true
    })
    t.same(overview.fromEntries, overview.fromBalances)
    t.same(overview.fromEntries, { assetsFen: 7 * session, liabilitiesFen: 7 * session })
    t.same((await first.get('/audit/overview')).body.fromEntries, overview.fromEntries, 'the notary sees the same')
    t.same(await violated(app), [])
  })

  t.test('the trial balance has a line for each kind of account, at any past moment', async (t) => {
    const trial = await get('/audit/trial-balance')
    t.same(trial.accounts.map(({ account }: any) => account).sort(), [...AccountKind.options].sort())
    t.same(trial.accounts.filter(({ kind }: any) => kind === 'asset').map(({ account }: any) => account), ['bank', 'clearing', 'due_from_office', 'unexplained_debit'])
    t.match(trial, { debitFen: 7 * session, creditFen: 7 * session })
    t.same([balanceOf(trial, 'bank'), balanceOf(trial, 'held'), balanceOf(trial, 'pending')], [7 * session, 5 * session, 2 * session])

    const past = [
      { at: opened, bank: 0, held: 0, payable: 0 },
      { at: paid, bank: 10 * session, held: 10 * session, payable: 0 },
      { at: released, bank: 10 * session, held: 7 * session, payable: 3 * session }
    ]
    for (const { at, bank, held, payable } of past) {
      const then = await get(`/audit/trial-balance?at=${at}`)
      t.same([balanceOf(then, 'bank'), balanceOf(then, 'held'), balanceOf(then, 'payable')], [bank, held, payable], at)
      t.equal(then.debitFen, then.creditFen)
      t.equal(then.at, at)
    }
    const future = await get('/audit/trial-balance?at=2999-01-01T00:00:00%2B08:00')
    t.ok(future.at < '2999', 'what is to come is not told: now is')
    t.same(future.accounts, trial.accounts)
  })

  t.test('a line a merchant, page by page, which adds up', async (t) => {
    const others = [await newShop(app), await newShop(app)]
    const lines: any[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: any = await get(`/audit/merchants?limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      lines.push(...page.items)
      cursor = page.nextCursor
    }
    const ids = lines.map(({ merchantId }) => merchantId)
    t.same(ids, [...new Set(ids)].sort().reverse(), 'newest first, each once')
    for (const { merchantId } of others) t.match(lines.find((line) => line.merchantId === merchantId), { contracts: 0, heldFen: 0, releasedFen: 0 })
    const line = lines.find(({ merchantId }) => merchantId === earner.merchantId)
    t.match(line, { name: '测试健身馆', category: 'gym', district: '长宁区', status: 'active', contracts: 1, openContracts: 1, paidFen: 10 * session, heldFen: 5 * session, pendingFen: 2 * session })
    t.equal(line.releasedFen, line.payableFen + line.inTransitFen + line.paidOutFen + line.feeFen + line.unclaimedFen)
    t.notOk('officeId' in line)
    t.match(await get(`/merchants/${earner.merchantId}/balances`), { heldFen: line.heldFen, paidOutFen: line.paidOutFen, claimsFen: 0 })
  })

  t.test('by district, category and kind of contract, now and then, each line added up twice', async (t) => {
    const pool = await newShop(app, { district: '静安区', category: 'pool' })
    await buy(app, await newConsumer(app), await listProduct(app, pool, { kind: 'period' }))
    const { heldFen, pendingFen, payableFen, inTransitFen } = await get('/audit/overview')
    const owedFen = heldFen + pendingFen + payableFen + inTransitFen

    const districts = await get('/audit/groups?per=district')
    t.match(districts, { per: 'district', by: 'booking', agree: true, fromEntriesFen: owedFen, fromBalancesFen: owedFen })
    t.match(districts.groups, [
      { key: '长宁区', contracts: 1, openContracts: 1, paidFen: 10 * session, heldFen: 5 * session, pendingFen: 2 * session, paidOutFen: 29_940, feeFen: 60, agree: true },
      { key: '静安区', merchants: 1, contracts: 1, paidFen: 30_000, heldFen: 30_000, payableFen: 0, fromEntriesFen: 30_000, fromBalancesFen: 30_000, agree: true }
    ])
    t.match((await get('/audit/groups?per=category')).groups, [{ key: 'gym', agree: true }, { key: 'pool', heldFen: 30_000, agree: true }])
    t.match(await get('/audit/groups?per=kind'), {
      agree: true,
      groups: [{ key: 'period', heldFen: 30_000, payableFen: null, agree: true }, { key: 'sessions', heldFen: 5 * session, releasedFen: 3 * session, paidOutFen: null, agree: true }]
    })
    t.match((await get('/audit/groups?per=district&kind=sessions')).groups, [{ key: '长宁区', heldFen: 5 * session }])
    t.match((await get(`/audit/groups?per=kind&district=${encodeURIComponent('静安区')}`)).groups, [{ key: 'period' }])
    t.match((await get(`/audit/groups?merchantId=${pool.merchantId}`)).groups, [{ key: '静安区' }])
    t.match(await get('/audit/groups?category=yoga'), { groups: [], fromEntriesFen: 0, fromBalancesFen: 0, agree: true })

    for (const by of ['booking', 'event']) {
      const then = await get(`/audit/groups?per=district&at=${paid}&by=${by}`)
      t.match(then, { at: paid, by, agree: true, fromEntriesFen: 10 * session, fromBalancesFen: 10 * session }, by)
      t.match(then.groups.find(({ key }: any) => key === '长宁区'), { heldFen: 10 * session, releasedFen: 0, paidOutFen: 0, contracts: 1, agree: true })
      t.match((await get(`/audit/groups?per=kind&at=${released}&by=${by}`)).groups, [{ key: 'period', paidFen: 0 }, { key: 'sessions', heldFen: 7 * session, releasedFen: 3 * session }])
      t.match((await get(`/audit/merchants?merchantId=${earner.merchantId}&at=${released}&by=${by}`)).items, [{ payableFen: 3 * session, fromEntriesFen: 10 * session, fromBalancesFen: 10 * session, agree: true }])
    }
    t.match((await get(`/audit/merchants?district=${encodeURIComponent('静安区')}`)).items, [{ merchantId: pool.merchantId, agree: true }])
    t.match((await get('/audit/merchants?category=pool')).items, [{ merchantId: pool.merchantId }])
  })

  t.test('a line whose balances are not those of its entries says so', async (t) => {
    const owner = new pg.Client({ connectionString: app.database.ownerUrl })
    await owner.connect()
    await owner.query("update contracts set pending_fen = pending_fen + 1, released_fen = released_fen - 1 where kind = 'sessions'")
    const line = async () => (await get(`/audit/merchants?merchantId=${earner.merchantId}`)).items[0]
    t.match(await line(), { agree: false, heldFen: 5 * session })
    t.match((await get('/audit/groups?per=kind')), { agree: false, groups: [{ key: 'period', agree: true }, { key: 'sessions', agree: false }] })
    await owner.query("update contracts set pending_fen = pending_fen - 1, released_fen = released_fen + 1 where kind = 'sessions'")
    await owner.end()
    t.match(await line(), { agree: true })
  })

  t.test('who may not, may not', async (t) => {
    const consumer = await newConsumer(app)
    for (const path of ['/audit/overview', '/audit/merchants', '/audit/groups', '/audit/trial-balance']) {
      for (const [who, api] of Object.entries({ consumer, merchant: earner.owner, operator: await operator(app) })) {
        t.match(await api.get(path), { status: 403, body: { code: 'forbidden' } }, `${who} ${path}`)
      }
      t.match(await app.nobody.get(path), { status: 401, body: { code: 'unauthenticated' } })
      t.match(await inspector.get(`${path}?officeId=${newId('off', 2)}`), { status: 404, body: { code: 'not_found' } })
      t.match(await inspector.get(`${path}?officeId=1`), { status: 422, body: { code: 'validation_failed' } })
    }
    t.match(await inspector.get('/audit/trial-balance?at=today'), { status: 422, body: { code: 'validation_failed' } })
    t.match(await inspector.get('/audit/merchants?cursor=x'), { status: 422, body: { code: 'validation_failed' } })
    t.match(await inspector.get(`/merchants/${newId('mer', 1)}/balances`), { status: 404 })
    t.match(await inspector.get(`/merchants/${newId('mer', 7)}/balances`), { status: 404 })
    t.match(await consumer.get(`/merchants/${earner.merchantId}/balances`), { status: 403 })
  })

  t.test('the bureau\'s role reads sums and the ledger, and no contract, person or document', async (t) => {
    const asBureau = (sql: string, office = 1) => asRole(app, 'bureau', { office, person: inspector.userId }, sql)
    for (const table of ['contracts', 'contract_terms', 'releases', 'settlement_items', 'settlement_accounts', 'refunds', 'payments', 'receipts', 'evidence_entries', 'check_in_codes']) {
      await t.rejects(asBureau(`select * from ${table}`), { code: '42501' }, table)
    }
    t.same(await asBureau('select id from people'), [{ id: uuidOf(inspector.userId) }], 'of people only itself')
    for (const table of ['transfers', 'entries', 'accounts', 'merchant_totals']) {
      t.ok((await asBureau(`select * from ${table}`)).length > 0, table)
      t.same(await asBureau(`select * from ${table}`, 2), [], `${table} of another office`)
    }
    for (const change of ['delete from transfers', 'update entries set amount_fen = 1', 'update accounts set balance_fen = 0', 'insert into entries (office_id) values (1)']) {
      await t.rejects(asBureau(change), { code: '42501' }, change)
    }
  })

  t.test('the sums are for those they are meant for', async (t) => {
    const { owner, merchantId } = earner
    t.same((await asRole(app, 'merchant', { merchant: merchantId, person: owner.userId }, 'select merchant_id from merchant_totals')).length, 1)
    t.same(await asRole(app, 'merchant', { merchant: newId('mer', 1) }, 'select merchant_id from merchant_totals'), [])
    t.same(await asRole(app, 'merchant', { office: 2, merchant: merchantId }, 'select merchant_id from merchant_totals'), [])
    for (const role of ['consumer', 'operator', 'adjudicator', 'anyone', 'identity', 'redeemer'] as const) {
      await t.rejects(asRole(app, role, {}, 'select * from merchant_totals'), { code: '42501' }, role)
    }
  })
})
