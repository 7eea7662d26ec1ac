import { randomUUID } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import t from 'tap'
import pg from 'pg'
import { pino } from 'pino'
import { worker } from '../../src/db/unit-of-work.js'
import { addDays, dateOf } from '../../src/kernel/calendar.js'
import { newId } from '../../src/kernel/id.js'
import { credit, debit } from '../../src/ledger/model.js'
import { createApp } from '../../src/app.js'
import { startApp, type TestApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { bureau, newConsumer, operator } from '../support/people.js'
import { asRole } from '../support/roles.js'
import { expectStatus } from '../support/shop.js'
import { answerPayouts, draftFor, earn, newEarner, notariesOf, ownServices, settle, violated, type Earning } from './support.js'
import { advance } from '../support/clock.js'

const session = 10_000
const feeOf = (gross: number) => Math.floor(gross * 20 / 10_000)

const approve = async (app: TestApp, id: string): Promise<any> =>
  expectStatus(await (await notariesOf(app)).second.post(`/settlements/${id}/approve`), 200).body

const view = async (app: TestApp, id: string): Promise<any> => expectStatus(await (await notariesOf(app)).first.get(`/settlements/${id}`), 200).body
const balances = async ({ owner, merchantId }: Earning): Promise<any> => expectStatus(await owner.get(`/merchants/${merchantId}/balances`), 200).body
/** The lines of the bank's own book of today and yesterday whose end-to-end reference begins so: the test's clock may just have passed midnight. */
const bankLines = async ({ nobody }: TestApp, reference: string): Promise<any[]> => {
  const today = dateOf(new Date((await nobody.get('/sandbox/clock')).body.now))
  const statements = await Promise.all([addDays(today, -1), today].map((date) => nobody.get(`/sandbox/bank/statement?date=${date}`)))
  return statements.flatMap(({ body, headers }) => {
    if (!/^application\/xml/.test(headers['content-type'])) throw new Error(`not XML: ${body}`)
    const { Document: { BkToCstmrStmt: { Stmt } } } = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'Ntry', parseTagValue: false }).parse(body)
    return (Stmt.Ntry ?? []).filter((entry: any) => entry.NtryDtls.TxDtls.Refs.EndToEndId.startsWith(reference))
  })
}

const asOwner = async <Result>({ database }: TestApp, use: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const countTransfers = (app: TestApp, reference: string, event: string): Promise<number> => asOwner(app, async (client) =>
  (await client.query('select count(*)::int as times from transfers where reference = $1 and event = $2', [reference, event])).rows[0].times)

t.test('settlement', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)

  t.test('one drafts, another approves, the bank pays, and the fee is taken once', async (t) => {
    const earner = await newEarner(app, 3)
    const gross = 3 * session
    t.match(await balances(earner), { payableFen: gross, releasedFen: gross, inTransitFen: 0, paidOutFen: 0, feeFen: 0, claimsFen: 0, heldFen: 7 * session })

    const draft = await draftFor(app, earner)
    t.match(draft, {
      status: 'draft', itemCount: 1, grossFen: gross, feeFen: feeOf(gross), totalFen: gross - feeOf(gross), makerId: first.userId, checkerId: null,
      items: [{ merchantId: earner.merchantId, merchantName: '测试健身馆', grossFen: gross, feeFen: feeOf(gross), amountFen: gross - feeOf(gross), status: 'draft' }]
    })
    t.match(await balances(earner), { payableFen: gross, inTransitFen: 0 }, 'a draft moves nothing')

    const approved = await approve(app, draft.id)
    t.match(approved, { status: 'approved', checkerId: second.userId, items: [{ status: 'approved' }] })
    const settled = await view(app, draft.id)
    t.match(settled, { status: 'completed', items: [{ status: 'paid', bankReference: /.+/, returnReason: null }] })
    t.match(await balances(earner), { payableFen: 0, inTransitFen: 0, paidOutFen: gross - feeOf(gross), feeFen: feeOf(gross), releasedFen: gross })

    const lines = await bankLines(app, settled.items[0].id)
    t.same(lines.map(({ Amt, CdtDbtInd }) => [Amt['#text'], Amt['@_Ccy'], CdtDbtInd]), [['299.40', 'CNY', 'DBIT'], ['0.60', 'CNY', 'DBIT']], 'the bank\'s own book agrees')
    t.match((await earner.owner.get(`/merchants/${earner.merchantId}/payouts`)).body, {
      items: [{ id: settled.items[0].id, settlementId: draft.id, amountFen: gross - feeOf(gross), status: 'paid', account: '****0123' }], nextCursor: null
    })
    const leaves = await asOwner(app, async (client) => (await client.query(
      'select fact, merchant_id is not null as is_of_merchant from evidence_entries where subject = any($1) order by id', [[draft.id, settled.items[0].id]])).rows)
    t.same(leaves, [
      { fact: 'settlement-drafted', is_of_merchant: false }, { fact: 'settlement-approved', is_of_merchant: true },
      { fact: 'payout-confirmed', is_of_merchant: true }, { fact: 'fee-taken', is_of_merchant: true }
    ], 'each step has its leaf')
    t.same(await violated(app), [])
  })

  t.test('a second draft takes only what the first has not; a cancelled one sets it free', async (t) => {
    const earner = await newEarner(app, 2)
    const one = await draftFor(app, earner)
    t.match(await first.post('/settlements', { merchantIds: [earner.merchantId] }), { status: 422, body: { code: 'nothing_payable' } })
    await earn(app, earner, 1)
    const two = await draftFor(app, earner)
    t.equal(two.items[0].grossFen, session)
    t.same(await violated(app), [])

    t.match(await second.post(`/settlements/${one.id}/cancel`), { status: 200, body: { status: 'cancelled', items: [{ status: 'cancelled' }] } })
    t.match(await first.post(`/settlements/${one.id}/cancel`), { status: 409, body: { code: 'wrong_state', state: 'cancelled' } })
    t.match(await second.post(`/settlements/${one.id}/approve`), { status: 409, body: { code: 'wrong_state', allowed: ['draft'] } })
    t.equal((await draftFor(app, earner)).items[0].grossFen, 2 * session)
    t.same(await violated(app), [])
  })

  t.test('of drafts made at once each takes what the others have not', async (t) => {
    const earner = await newEarner(app, 2)
    const answers = await Promise.all(Array.from({ length: 4 }, () => first.post('/settlements', { merchantIds: [earner.merchantId] })))
    t.same(answers.map(({ status }) => status).sort(), [201, 422, 422, 422])
    t.same(await violated(app), [])
  })

  t.test('the cutoff leaves out what falls due after it', async (t) => {
    const earner = await newEarner(app, 1)
    const { body: { now } } = await app.nobody.get('/sandbox/clock')
    await advance(app, 60)
    await earn(app, earner, 2)
    const draft = expectStatus(await first.post('/settlements', { merchantIds: [earner.merchantId], cutoff: now }), 201).body
    t.match(draft, { cutoff: now, grossFen: session })
  })

  t.test('without merchants named, all with something payable are in it', async (t) => {
    const earners = [await newEarner(app, 1), await newEarner(app, 2)]
    const { body, status } = await first.post('/settlements')
    t.equal(status, 201)
    t.same(earners.map(({ merchantId }) => body.items.find((item: any) => item.merchantId === merchantId)?.grossFen), [session, 2 * session])
    t.match(await approve(app, body.id), { status: 'approved' })
    t.match(await view(app, body.id), { status: 'completed' })
    t.same(await violated(app), [])
  })

  t.test('who may not, may not', async (t) => {
    const earner = await newEarner(app, 1)
    const draft = await draftFor(app, earner)
    const unknown = newId('stl', 1)
    const consumer = await newConsumer(app)

    const refusals: [string, Promise<any>, number, string][] = [
      ['the maker approves', first.post(`/settlements/${draft.id}/approve`), 403, 'same_person'],
      ['a merchant drafts', earner.owner.post('/settlements'), 403, 'forbidden'],
      ['the bureau drafts', (await bureau(app)).post('/settlements'), 403, 'forbidden'],
      ['the operator approves', (await operator(app)).post(`/settlements/${draft.id}/approve`), 403, 'forbidden'],
      ['a merchant reads a settlement', earner.owner.get(`/settlements/${draft.id}`), 403, 'forbidden'],
      ['nobody drafts', app.nobody.post('/settlements'), 401, 'unauthenticated'],
      ['a draft without a key', first.post('/settlements', {}, { key: false }), 428, 'idempotency_key_required'],
      ['an approval without a key', second.post(`/settlements/${draft.id}/approve`, {}, { key: false }), 428, 'idempotency_key_required'],
      ['an unknown settlement is approved', second.post(`/settlements/${unknown}/approve`), 404, 'not_found'],
      ['an unknown settlement is cancelled', second.post(`/settlements/${unknown}/cancel`), 404, 'not_found'],
      ['another office\'s settlement is read', second.get(`/settlements/${newId('stl', 2)}`), 404, 'not_found'],
      ['an id that is none', second.get('/settlements/1'), 404, 'not_found'],
      ['an unknown merchant is drafted for', first.post('/settlements', { merchantIds: [newId('mer', 1)] }), 404, 'not_found'],
      ['another office\'s merchant is drafted for', first.post('/settlements', { merchantIds: [newId('mer', 2)] }), 404, 'not_found'],
      ['no merchant is named', first.post('/settlements', { merchantIds: [] }), 422, 'validation_failed'],
      ['the cutoff is no instant', first.post('/settlements', { cutoff: 'yesterday' }), 422, 'validation_failed'],
      ['an unknown status is listed', first.get('/settlements?status=lost'), 422, 'validation_failed'],
      ['a cursor of another list', first.get('/settlements?cursor=abc'), 422, 'validation_failed'],
      ['a consumer reads payouts', consumer.get(`/merchants/${earner.merchantId}/payouts`), 403, 'forbidden'],
      ['the bureau reads payouts', (await bureau(app)).get(`/merchants/${earner.merchantId}/payouts`), 403, 'forbidden'],
      ['payouts of an unknown merchant', first.get(`/merchants/${newId('mer', 1)}/payouts`), 404, 'not_found']
    ]
    for (const [when, call, status, code] of refusals) t.match(await call, { status, body: { code } }, when)
    t.match(await view(app, draft.id), { status: 'draft' })
  })

  t.test('a merchant sees its own payouts and balances and no other\'s, whatever the route does', async (t) => {
    const one = await newEarner(app, 1)
    const other = await newEarner(app, 1)
    await settle(app, one)
    for (const what of ['payouts', 'balances']) {
      t.match(await other.owner.get(`/merchants/${one.merchantId}/${what}`), { status: 404, body: { code: 'not_found' } })
      t.match(await one.owner.get(`/merchants/${one.merchantId}/${what}`), { status: 200 })
      t.match(await first.get(`/merchants/${one.merchantId}/${what}`), { status: 200 })
    }
    const seen = await asRole(app, 'merchant', { merchant: other.merchantId }, 'select merchant_id from settlement_items union all select merchant_id from merchant_totals where held_fen >= 0')
    t.equal(seen.length, 1)
    await t.rejects(asRole(app, 'merchant', { merchant: other.merchantId }, 'select * from settlements'), { code: '42501' })
    await t.rejects(asRole(app, 'consumer', {}, 'select * from settlement_items'), { code: '42501' })
    t.same(await asRole(app, 'notary', { office: 2 }, 'select * from settlement_items'), [])
  })

  t.test('the lists go page by page, newest first', async (t) => {
    const earner = await newEarner(app, 0)
    const made: string[] = []
    for (let i = 0; i < 3; i++) {
      await earn(app, earner, 1)
      made.unshift((await settle(app, earner)).items[0].id)
    }
    const page = (await earner.owner.get(`/merchants/${earner.merchantId}/payouts?limit=2`)).body
    const rest = (await earner.owner.get(`/merchants/${earner.merchantId}/payouts?limit=2&cursor=${page.nextCursor}`)).body
    t.same([...page.items, ...rest.items].map(({ id }) => id), made)
    t.equal(rest.nextCursor, null)

    const list = (await first.get('/settlements?status=completed&limit=1')).body
    t.match(list.items, [{ status: 'completed', itemCount: 1, grossFen: session, totalFen: session - feeOf(session) }])
    t.notOk('items' in list.items[0])
    t.match((await first.get(`/settlements?status=completed&limit=1&cursor=${list.nextCursor}`)).body.items.length, 1)
  })

  t.test('one key has one effect, and gives the answer as it was', async (t) => {
    const earner = await newEarner(app, 1)
    const key = randomUUID()
    const drafts = await Promise.all(Array.from({ length: 5 }, () => first.post('/settlements', { merchantIds: [earner.merchantId] }, { key })))
    t.same(new Set(drafts.map(({ body }) => body.id)).size, 1)
    const { id } = drafts[0]!.body
    const approvalKey = randomUUID()
    const once = await second.post(`/settlements/${id}/approve`, {}, { key: approvalKey })
    const again = await second.post(`/settlements/${id}/approve`, {}, { key: approvalKey })
    t.same(again.body, once.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.match(await second.post(`/settlements/${id}/cancel`), { status: 409 })
    t.match(await second.post('/settlements', {}, { key: approvalKey }), { status: 422, body: { code: 'idempotency_key_reused' } })
  })

  t.test('of approvals made at once one pays', async (t) => {
    const earner = await newEarner(app, 1)
    const draft = await draftFor(app, earner)
    const answers = await Promise.all(Array.from({ length: 5 }, () => second.post(`/settlements/${draft.id}/approve`)))
    t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409])
    t.equal(await countTransfers(app, draft.items[0].id, 'settlement-approved'), 1)
    t.equal((await bankLines(app, draft.items[0].id)).length, 2)
    t.same(await violated(app), [])
  })

  t.test('a returned payout is payable again, and paid by the next settlement', async (t) => {
    const earner = await newEarner(app, 2)
    await answerPayouts(app, 'returned', earner.merchantId)
    const returned = await settle(app, earner)
    t.match(returned, { status: 'completed', items: [{ status: 'returned', returnReason: /.+/ }] })
    t.match(await balances(earner), { payableFen: 2 * session, inTransitFen: 0, paidOutFen: 0, feeFen: 0 })
    t.same(await bankLines(app, returned.items[0].id), [])
    t.same(await violated(app), [])

    await answerPayouts(app, 'paid', earner.merchantId)
    const paid = await settle(app, earner)
    t.match(paid, { status: 'completed', items: [{ status: 'paid', grossFen: 2 * session }] })
    t.match(await balances(earner), { payableFen: 0, paidOutFen: 2 * session - feeOf(2 * session), feeFen: feeOf(2 * session) })
    t.same((await earner.owner.get(`/merchants/${earner.merchantId}/payouts`)).body.items.map(({ status }: any) => status), ['paid', 'returned'])
    t.same(await violated(app), [])
  })

  t.test('an unknown payout stays in transit and is asked for until the bank knows, and is paid once', async (t) => {
    const earner = await newEarner(app, 1)
    await answerPayouts(app, 'unknown', earner.merchantId)
    const sent = await settle(app, earner)
    t.match(sent, { status: 'submitted', completedAt: null, items: [{ status: 'submitted', answeredAt: null }] })
    await advance(app, 86_400)
    t.match(await balances(earner), { payableFen: 0, inTransitFen: session, paidOutFen: 0 })
    t.match(await first.post('/settlements', { merchantIds: [earner.merchantId] }), { status: 422 }, 'it is not drafted a second time')
    t.match(await second.post(`/settlements/${sent.id}/cancel`), { status: 409, body: { code: 'wrong_state', state: 'submitted' } })
    t.same(await violated(app), [])

    await answerPayouts(app, 'paid', earner.merchantId)
    await advance(app, 6 * 3_600)
    t.match(await view(app, sent.id), { status: 'completed', items: [{ status: 'paid' }] })
    t.equal((await bankLines(app, sent.items[0].id)).length, 2)
    t.equal(await countTransfers(app, sent.items[0].id, 'payout-confirmed'), 1)
    t.same(await violated(app), [])
  })

  t.test('an unknown payout that turns out to be returned is payable again', async (t) => {
    const earner = await newEarner(app, 1)
    await answerPayouts(app, 'unknown', earner.merchantId)
    const sent = await settle(app, earner)
    await answerPayouts(app, 'returned', earner.merchantId)
    await advance(app, 120)
    t.match(await view(app, sent.id), { status: 'completed', items: [{ status: 'returned' }] })
    t.match(await balances(earner), { payableFen: session, inTransitFen: 0 })
    t.same(await violated(app), [])
  })

  t.test('a payout the bank made and sent back is owed again, whole; its fee is charged once', async (t) => {
    const earner = await newEarner(app, 1)
    const { items: [item] } = await settle(app, earner)
    const before = (await first.get('/audit/overview')).body

    t.match(await app.nobody.post('/sandbox/bank/returns', { itemId: item.id }), { status: 200 })
    t.match(await app.nobody.post('/sandbox/bank/returns', { itemId: item.id }), { status: 200 }, 'a second notice changes nothing')
    t.match(await balances(earner), { payableFen: session, paidOutFen: 0, feeFen: 0 })
    const after = (await first.get('/audit/overview')).body
    t.equal(after.bankFen - before.bankFen, session - feeOf(session))
    t.equal(after.dueFromOfficeFen - before.dueFromOfficeFen, feeOf(session))
    t.equal(after.coverFen, before.coverFen - feeOf(session), 'what the office owes is not hidden')
    t.equal(await countTransfers(app, item.id, 'payout-returned'), 1)
    t.same(await violated(app), [])

    t.match(await settle(app, earner), { status: 'completed', items: [{ status: 'paid', feeFen: feeOf(session) }] })
    t.match(await balances(earner), { payableFen: 0, paidOutFen: session - feeOf(session), feeFen: feeOf(session) })
    t.same(await violated(app), [])
  })

  t.test('only what the bank has paid comes back', async (t) => {
    const earner = await newEarner(app, 1)
    await answerPayouts(app, 'unknown', earner.merchantId)
    const { items: [item] } = await settle(app, earner)
    t.match(await app.nobody.post('/sandbox/bank/returns', { itemId: item.id }), { status: 409, body: { code: 'wrong_state' } })
    t.match(await app.nobody.post('/sandbox/bank/returns', { itemId: newId('sti', 1) }), { status: 404 })
    t.match(await app.nobody.post('/sandbox/bank/payouts', { outcome: 'lost' }), { status: 422 })
  })

  t.test('a payout comes back before we heard that it was made', async (t) => {
    const earner = await newEarner(app, 1)
    await answerPayouts(app, 'unknown', earner.merchantId)
    const { id, items: [item] } = await settle(app, earner)
    await answerPayouts(app, 'paid', earner.merchantId)
    await (await ownServices(app)).sandboxBank.bank.query(item.id)
    t.match(await app.nobody.post('/sandbox/bank/returns', { itemId: item.id }), { status: 200 })
    t.match(await view(app, id), { status: 'completed', items: [{ status: 'returned' }] })
    await advance(app, 3_600)
    t.match(await balances(earner), { payableFen: session, inTransitFen: 0, paidOutFen: 0 })
    t.same(await violated(app), [])
  })

  t.test('a bank that cannot be reached, and one that paid before we died, is asked again under the same key', async (t) => {
    const earner = await newEarner(app, 1)
    const draft = await draftFor(app, earner)
    const [item] = draft.items
    await asOwner(app, (client) => client.query('alter table sandbox_bank_orders rename to out_of_reach'))
    await approve(app, draft.id)
    t.match(await view(app, draft.id), { status: 'approved', items: [{ status: 'approved' }] })
    await asOwner(app, (client) => client.query('alter table out_of_reach rename to sandbox_bank_orders'))
    t.same(await violated(app), [])

    // The bank gets the order and pays, and nothing is recorded of it: as if the process had died in between.
    const { sandboxBank: { bank } } = await ownServices(app)
    const { body: { items: [{ amountFen, feeFen }] } } = await first.get(`/settlements/${draft.id}`)
    const account = { bankName: '', accountName: '泳馆', accountNumber: '1001242119000000001' }
    const order = { key: item.id, from: account, to: account, amountFen: BigInt(amountFen), feeFen: BigInt(feeFen), payeeId: earner.merchantId, remittance: '' }
    t.match(await bank.pay(order), { outcome: 'paid' })
    t.match(await balances(earner), { inTransitFen: session })

    await advance(app, 600)
    t.match(await view(app, draft.id), { status: 'completed', items: [{ status: 'paid' }] })
    t.equal((await bankLines(app, item.id)).length, 2)
    t.equal(await countTransfers(app, item.id, 'payout-confirmed'), 1)
    t.same(await violated(app), [])
  })

  t.test('a claim that came between is seen at approval', async (t) => {
    const earner = await newEarner(app, 2)
    const draft = await draftFor(app, earner)
    const { work, ledger } = await ownServices(app)
    const payable = { kind: 'payable', of: earner.merchantId, merchantId: earner.merchantId as never } as const
    const claim = { kind: 'refund_payable', of: newId('ref', 1) } as const
    const move = (lines: readonly [ReturnType<typeof debit>, ReturnType<typeof credit>]) =>
      work.write(worker, 1, (tx) => ledger.post(tx, { event: 'debit-unexplained', reference: draft.id, occurredAt: new Date(), lines }))

    await move([debit(payable, 1n), credit(claim, 1n)])
    t.match(await second.post(`/settlements/${draft.id}/approve`), {
      status: 409, body: { code: 'amounts_moved', merchants: [{ merchantId: earner.merchantId, grossFen: 2 * session, payableFen: 2 * session - 1 }] }
    })
    t.match(await view(app, draft.id), { status: 'draft' })
    await move([debit(claim, 1n), credit(payable, 1n)])
    t.match(await second.post(`/settlements/${draft.id}/approve`), { status: 200 })
  })

  t.test('without a bank nothing is approved, and nothing changes', async (t) => {
    const earner = await newEarner(app, 1)
    const draft = await draftFor(app, earner)
    const live = await createApp({ config: { ...sandboxConfig, mode: 'production' }, serviceUrl: app.database.serviceUrl, logger: pino({ level: 'silent' }) })
    const liveToken = second.token
    const call = (method: 'GET' | 'POST', url: string) =>
      live.app.inject({ method, url, headers: { authorization: `Bearer ${liveToken}`, 'idempotency-key': randomUUID() } })
    try {
      const refused = await call('POST', `/v1/settlements/${draft.id}/approve`)
      t.match(refused.json(), { status: 422, code: 'bank_unavailable' })
      for (const path of ['bank/statement', 'invariants']) t.equal((await call('GET', `/v1/sandbox/${path}`)).statusCode, 404, path)
      t.equal((await call('POST', '/v1/sandbox/bank/payouts')).statusCode, 404)
    } finally {
      await live.close()
    }
    t.match(await view(app, draft.id), { status: 'draft', items: [{ status: 'draft' }] })
    t.match(await approve(app, draft.id), { status: 'approved' })
  })

  t.test('only credited money is paid out, and no fen of it twice', async (t) => {
    const earner = await newEarner(app, 1)
    const other = await newEarner(app, 1)
    await answerPayouts(app, 'unknown', other.merchantId)
    const { work, ledger, offices } = await ownServices(app)
    const { accountNumber } = await offices.byNumber(1)
    const bank = { kind: 'bank', of: accountNumber } as const
    const elsewhere = { kind: 'clearing', of: 'sandbox' } as const
    const { bankFen, inTransitFen } = (await first.get('/audit/overview')).body

    // All but what is in transit, and one session, is with the channel, not with the bank.
    const away = BigInt(bankFen - inTransitFen - session)
    const move = (lines: readonly [ReturnType<typeof debit>, ReturnType<typeof credit>]) =>
      work.write(worker, 1, (tx) => ledger.post(tx, { event: 'channel-settled', reference: 'test', occurredAt: new Date(), lines }))
    await move([debit(elsewhere, away), credit(bank, away)])

    const one = await draftFor(app, other)
    const two = await draftFor(app, earner)
    await approve(app, one.id)
    t.match(await second.post(`/settlements/${two.id}/approve`), {
      status: 422, body: { code: 'insufficient_funds', neededFen: session, availableFen: 0 }
    }, 'the payout under way will need it')
    t.match(await view(app, two.id), { status: 'draft' })
    t.same(await violated(app), [])

    await move([debit(bank, away), credit(elsewhere, away)])
    t.match(await second.post(`/settlements/${two.id}/approve`), { status: 200 })
  })
})
