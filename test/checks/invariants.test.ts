import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { checkInvariants } from '../../src/checks/store.js'
import { checks } from '../../src/checks/statements.js'
import { startApp, type TestApp } from '../support/app.js'
import { notInCluster } from '../support/cluster.js'
import { codeFor, newConsumer } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct } from '../support/shop.js'
import { answerPayouts, draftFor, earn, newEarner, notariesOf, settle, visit } from '../settlement/support.js'
import { advance } from '../support/clock.js'

const run = promisify(execFile)

/** Money in every place it can be in: held, pending, objected, disputed, payable, drafted, in transit, paid, returned, refunded. */
const aWorldWithMoneyEverywhere = async (app: TestApp): Promise<void> => {
  const earner = await newEarner(app, 1)
  await settle(app, earner)
  await earn(app, earner, 1)
  await answerPayouts(app, 'returned', earner.merchantId)
  await settle(app, earner)
  await answerPayouts(app, 'unknown', earner.merchantId)
  await settle(app, earner)
  await earn(app, earner, 1)
  await draftFor(app, earner)
  await earn(app, earner, 1)

  const productId = await listProduct(app, earner, { settlementRule: { release: 'per_session', objectionHours: 240 } })
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, productId)
  const object = async () => {
    const { id } = await visit(consumer, earner, contractId)
    expectStatus(await consumer.post(`/redemptions/${id}/objection`, { reason: '未提供服务' }), 200)
  }
  await object()
  await advance(app, 8 * 86_400)
  await object()
  const { id } = await visit(consumer, earner, contractId)
  expectStatus(await earner.cashier.post(`/redemptions/${id}/void`, { reason: '点错了' }), 200)
  await visit(consumer, earner, contractId)

  await buy(app, consumer, await listProduct(app, earner, { kind: 'period' }))
  const taker = await newConsumer(app)
  const { body: handover } = expectStatus(await consumer.post(`/contracts/${await buy(app, consumer, productId)}/transfers`, { phone: taker.phone }), 201)
  const { body: { challengeId } } = expectStatus(await taker.post('/auth/challenges', { phone: taker.phone, purpose: 'sign_contract', contractId: handover.contractId }), 201)
  expectStatus(await taker.post(`/transfers/${handover.id}/accept`, { challengeId, code: await codeFor(app, taker.phone) }), 200)

  const leaver = await newConsumer(app)
  const unused = await buy(app, leaver, productId)
  const { body: quote } = expectStatus(await leaver.post(`/contracts/${unused}/refund-quotes`, { reason: 'cooling_off' }), 201)
  const { body: refund } = expectStatus(await leaver.post(`/contracts/${unused}/refunds`, { quoteId: quote.id }), 201)
  expectStatus(await (await notariesOf(app)).second.post(`/refunds/${refund.id}/approve`), 200)
}

const first = (table: string, where = 'true') => (table === 'entries'
  ? `(transfer_id, line) = {select transfer_id, line from entries where ${where} limit 1}`
  : `id = {select id from ${table} where ${where} limit 1}`)
const another = '{select gen_random_uuid()}'
const later = (column: string, time: string) => `${column} = (${column} at time zone 'UTC' + interval '${time}') at time zone 'UTC'`

/**
 * What somebody with the owner's rights could do to the books, by the check that must see it. What
 * stands in braces is asked before, and its answer stands in its place: a cluster takes no update by
 * what is read elsewhere or made anew for each row.
 */
const faults: Readonly<Record<string, readonly string[]>> = {
  'transfer-balances': [
    `update entries set amount_fen = amount_fen + 1 where ${first('entries')}`,
    `delete from entries where (office_id, transfer_id) = {select office_id, id from transfers limit 1}`
  ],
  'ledger-balances-at-every-moment': [
    `update entries set ${later('booked_at', '1 hour')} where ${first('entries', 'line = 1')}`
  ],
  'nothing-below-zero': [
    'alter table accounts drop constraint accounts_not_below_zero; update accounts set balance_fen = -1 where kind = \'payable\'',
    'alter table entries drop constraint entries_not_below_zero; update entries set balance_after_fen = -1 where kind = \'held\'',
    'alter table contracts drop constraint contracts_money_not_below_zero, drop constraint contracts_price_is_accounted_for; update contracts set held_fen = -held_fen, paid_fen = paid_fen - 2 * held_fen'
  ],
  'account-equals-its-entries': [
    'update accounts set balance_fen = balance_fen + 1 where kind = \'bank\'',
    'delete from accounts where kind = \'in_transit\'',
    `update entries set account_id = {select id from accounts where kind = 'bank'} where kind = 'payable'`
  ],
  'contract-equals-its-entries': [
    'alter table contracts drop constraint contracts_price_is_accounted_for; update contracts set held_fen = held_fen + 1, paid_fen = paid_fen + 1',
    'update contracts set pending_fen = pending_fen - 1, released_fen = released_fen + 1 where pending_fen > objected_fen'
  ],
  'running-balances-continue': [
    `update entries set balance_after_fen = balance_after_fen + 5 where ${first('entries', 'kind = \'bank\'')}`,
    `update entries set balance_after_fen = balance_after_fen + 5 where ${first('entries', 'kind = \'held\'')}`,
    `delete from entries where (office_id, transfer_id) = {select office_id, id from transfers where event = 'units-released' limit 1}`
  ],
  'books-are-covered': ['update accounts set balance_fen = balance_fen + 1 where kind = \'clearing\''],
  'journal-totals-add-up': [
    `insert into journal_totals select office_id, gen_random_uuid(), id, 'held', date_trunc('hour', booked_at, 'UTC'), date_trunc('hour', occurred_at, 'UTC'), 1, 0 from transfers limit 1`
  ],
  'movement-totals-add-up': [
    `insert into movement_totals select office_id, gen_random_uuid(), id, merchant_id, 'sessions', 'held', event, 1, 1, booked_at, booked_at, occurred_at, occurred_at from transfers where merchant_id is not null limit 1`
  ],
  'one-leaf-per-transfer': [
    `delete from evidence_entries where ${first('evidence_entries', 'transfer_id is not null')}`,
    `insert into evidence_entries select office_id, gen_random_uuid(), fact, subject, transfer_id, contract_id, merchant_id, entry, openings, created_at from evidence_entries where ${first('evidence_entries', 'transfer_id is not null')}`,
    `update evidence_entries set transfer_id = ${another} where ${first('evidence_entries', 'transfer_id is null')}`,
    `update evidence_entries set fact = 'fee-taken' where ${first('evidence_entries', 'transfer_id is not null and fact <> \'fee-taken\'')}`
  ],
  'entries-have-places': [
    `insert into evidence_entries select office_id, '01900000-0000-7000-8000-000000000001', fact, subject, null, contract_id, merchant_id, entry, openings, created_at from evidence_entries limit 1`
  ],
  'places-have-no-gap': [
    'delete from evidence_positions where leaf_index = 3',
    'delete from evidence_positions where leaf_index = {select max(leaf_index) from evidence_positions}',
    `update evidence_positions set entry_id = ${another} where leaf_index = 3`
  ],
  'contract-money-adds-up': ['alter table contracts drop constraint contracts_money_adds_up; update contracts set released_fen = released_fen + 1'],
  'paid-came-in': ['update contracts set paid_fen = paid_fen + 1, released_fen = released_fen + 1'],
  'price-is-accounted-for': ['alter table contracts drop constraint contracts_price_is_accounted_for; update contracts set taken_fen = taken_fen + 1 where status = \'active\''],
  'released-once': [
    `update releases set amount_fen = amount_fen + 1 where ${first('releases', 'state = \'payable\'')}`,
    `update releases set state = 'payable' where state = 'voided'`,
    'update contracts set units_used = units_used - 1 where units_used > 0'
  ],
  'pending-equals-releases': [
    'update releases set state = \'payable\' where state = \'pending\'',
    'update contracts set objected_fen = objected_fen - 1 where objected_fen > 0'
  ],
  'disputed-equals-freezes': [
    'update freeze_lines set amount_fen = amount_fen + 1',
    'update freeze_lines set ended_at = now()'
  ],
  'term-ends-by-its-days': [
    `update contracts set ${later('expires_at', '1 day')} where kind = 'period'`,
    `insert into pauses select office_id, gen_random_uuid(), id, merchant_id, 'outage', 'ended', 'merchant', consumer_id, term_start, term_start, now() from contracts where kind = 'period'`
  ],
  'holder-took-over': [`update contracts set consumer_id = ${another} where id in {select contract_id from handovers where status = 'accepted'}`],
  'payable-equals-releases': [
    'update releases set state = \'voided\' where state = \'payable\' and item_id is null',
    `update releases set item_id = {select id from settlement_items where status = 'paid' limit 1} where state = 'payable' and item_id is null`
  ],
  'item-equals-its-releases': [
    `update settlement_items set gross_fen = gross_fen + 1 where status = 'draft'`,
    `update releases set item_id = {select id from settlement_items where status = 'returned' limit 1} where item_id is null and state = 'payable'`,
    `update releases set item_id = ${another} where item_id is null and state = 'payable'`,
    `update releases set item_id = null where item_id = {select id from settlement_items where status = 'paid' limit 1}`
  ],
  'in-transit-equals-items': [
    `update settlement_items set status = 'paid' where status = 'submitted'`,
    `update settlement_items set status = 'approved' where status = 'paid'`
  ],
  'released-is-paid-or-owed': [
    'update contracts set released_fen = released_fen + 1, paid_fen = paid_fen + 1',
    `update settlement_items set status = 'returned' where status = 'paid'`
  ],
  'refund-is-owed-until-paid': [
    `update refunds set status = 'failed' where status = 'paid'`,
    `update accounts set balance_fen = balance_fen + 1 where kind = 'refund_payable'`
  ],
  'refunded-equals-refunds': [
    `update refunds set refund_fen = refund_fen + 1 where status = 'paid'`,
    `update contracts set refund_paid_fen = refund_paid_fen - 1 where refund_paid_fen > 0`,
    `update contracts set refunded_fen = refunded_fen + 1, paid_fen = paid_fen + 1 where status = 'active'`
  ],
  'held-money-stays': [
    `insert into legal_holds (office_id, id, merchant_id, against, amount_fen, court, document_number, until, ends_at, status, maker_id, checker_id, proposed_at, approved_at)
     select office_id, gen_random_uuid(), merchant_id, 'merchant', 100000, '法院', '1', '2099-12-31', '2099-12-31', 'active', gen_random_uuid(), gen_random_uuid(), '2020-01-01', '2020-01-01'
     from settlement_items where status = 'paid' limit 1`,
    `insert into legal_holds (office_id, id, merchant_id, contract_id, against, amount_fen, court, document_number, until, ends_at, status, maker_id, checker_id, proposed_at, approved_at)
     select office_id, gen_random_uuid(), merchant_id, contract_id, 'merchant', 100000, '法院', '1', '2099-12-31', '2099-12-31', 'active', gen_random_uuid(), gen_random_uuid(), '2020-01-01', '2020-01-01'
     from releases where item_id in (select id from settlement_items where status = 'paid') limit 1`,
    `insert into legal_holds (office_id, id, merchant_id, contract_id, against, amount_fen, court, document_number, until, ends_at, status, maker_id, checker_id, proposed_at, approved_at)
     select office_id, gen_random_uuid(), merchant_id, contract_id, 'consumer', 1, '法院', '1', '2099-12-31', '2099-12-31', 'active', gen_random_uuid(), gen_random_uuid(), '2020-01-01', '2020-01-01'
     from refunds where status = 'paid' and purpose = 'principal' limit 1`
  ],
  'suspense-equals-items': [
    "insert into accounts (office_id, id, kind, of, balance_fen, version) values (1, gen_random_uuid(), 'suspense', 'sus_01k0vb4c9hfkbt9t9a6x2n8g7m', 5, 1)"
  ],
  'unclaimed-equals-items': [
    "insert into accounts (office_id, id, kind, of, balance_fen, version) values (1, gen_random_uuid(), 'unclaimed', 'unc_01k0vb4c9hfkbt9t9a6x2n8g7m', 5, 1)",
    `insert into unclaimed_items (office_id, id, kind, subject, merchant_id, amount_fen, status, reason, maker_id, created_at)
     select office_id, gen_random_uuid(), 'payable', id, id, 5, 'set_aside', '五年无人领取', gen_random_uuid(), now() from merchants limit 1`
  ],
  'statement-lines-are-booked': [
    `insert into bank_statements (office_id, id, account_number, reference, format, imported_by, imported_at) values (1, gen_random_uuid(), '1', '1', 'csv', gen_random_uuid(), now());
     insert into bank_entries (office_id, id, statement_id, account_number, entry_reference, end_to_end_id, side, amount_fen, booked_on, value_on, code, status, transfer_id, details_sealed)
     select 1, gen_random_uuid(), id, '1', '1', '', 'C', 1, '2026-05-04', '2026-05-04', '', 'matched', (select id from transfers limit 1), '' from bank_statements`
  ],
  'closed-days-stand': [
    `insert into day_closings (office_id, day, status, maker_id, proposed_at, snapshot, entries, moved_fen)
     select 1, (booked_at at time zone 'Asia/Shanghai')::date, 'closed', gen_random_uuid(), now(), '0', 0, 0 from entries limit 1`
  ],
  'idempotency-keys-unique': ['alter table idempotency_keys drop constraint idempotency_keys_pk; insert into idempotency_keys select * from idempotency_keys limit 1'],
  'append-only': [
    'grant update on entries to ticun_worker', 'grant update (amount_fen) on entries to ticun_redeemer', 'grant delete on transfers to ticun_notary',
    'grant truncate on evidence_entries to ticun_worker', 'grant update on audit_log to public', 'grant delete on receipts to ticun_service'
  ],
  'office-leads-every-key': [
    'alter table contracts add constraint stray unique (id)', 'create unique index stray on releases (id, office_id)',
    'create table stray (office_id integer, id uuid primary key)', 'create table stray (office_id integer, id uuid)',
    'create table stray (office_id integer primary key, merchant_id uuid, foreign key (merchant_id, office_id) references merchants (id, office_id))',
    'create table stray (office_id integer primary key, person_id uuid references people (id))'
  ],
  'row-level-security-is-on': ['alter table contracts disable row level security', 'create table stray (id uuid)', 'alter role ticun_bureau bypassrls']
}

/** A statement with the answers to what stands in its braces: one row's columns, or one column's rows. */
const answered = async (owner: pg.Client, statement: string): Promise<string> => {
  let text = statement
  for (const [whole, question] of statement.matchAll(/\{([^{}]+)\}/g)) {
    const { rows } = await owner.query<unknown[]>({ text: question as string, rowMode: 'array' })
    text = text.replace(whole, `(${rows.flat().map((value) => pg.escapeLiteral(String(value))).join(', ')})`)
  }
  return text
}

const refusedByCluster: Readonly<Record<string, string>> = { 'office-leads-every-key': 'Citus itself refuses such keys' }

t.test('the invariants of the books', async (t) => {
  const app = await startApp(t)
  const owner = new pg.Client({ connectionString: app.database.ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  await aWorldWithMoneyEverywhere(app)
  await app.keepEvidence()

  t.test('they hold where nobody has meddled, and the sandbox says so', async (t) => {
    t.same((await checkInvariants(owner)).filter(({ ok }) => !ok), [])
    const { status, body } = await app.nobody.get('/sandbox/invariants')
    t.equal(status, 200)
    t.match(body, { ok: true, cover: [{ office: 1, coverFen: 0 }] })
    t.same(body.checks.map(({ name }: { name: string }) => name), checks.map(({ name }) => name))
  })

  t.test('every check has its faults here', async (t) => {
    t.same(Object.keys(faults).sort(), checks.map(({ name }) => name).sort())
  })

  for (const [name, statements] of Object.entries(faults)) {
    const refused = refusedByCluster[name]
    t.test(`${name} sees it`, refused === undefined ? {} : notInCluster(refused), async (t) => {
      for (const statement of statements) {
        const commands = (await answered(owner, statement)).split(';')
        await owner.query('begin')
        try {
          let changed: number | null = null
          for (const command of commands) changed = (await owner.query(command)).rowCount
          t.not(changed, 0, 'the fault is really there')
          const result = (await checkInvariants(owner)).find((check) => check.name === name)
          t.match(result, { ok: false }, statement)
          t.ok((result?.violations.length ?? 0) > 0)
        } finally {
          await owner.query('rollback')
        }
      }
    })
  }

  t.test('from the command line: the lines, and the exit code', async (t) => {
    const check = (env: Record<string, string>) => run(process.execPath, ['--import', 'tsx', 'src/checks/main.ts'], { env: { PATH: process.env.PATH ?? '', ...env } })
      .then(({ stdout }) => ({ code: 0, stdout, stderr: '' }), (error: { code: number; stdout: string; stderr: string }) => error)

    const holds = await check({ DATABASE_URL: app.database.ownerUrl })
    t.equal(holds.code, 0)
    t.match(holds.stdout, new RegExp(`All ${checks.length} invariants hold`))
    t.match(holds.stdout, /cover {5}office 1: ¥0\.00/)

    await owner.query('update accounts set balance_fen = balance_fen + 1 where kind = \'bank\'')
    const violated = await check({ DATABASE_URL: app.database.ownerUrl })
    t.equal(violated.code, 1)
    t.match(violated.stdout, /VIOLATED {2}account-equals-its-entries.*\n +\{.*"kind": ?"bank"/)
    t.match((await app.nobody.get('/sandbox/invariants')).body, { ok: false })

    const elsewhere = new URL(app.database.ownerUrl)
    elsewhere.pathname = '/postgres'
    t.match(await check({ DATABASE_URL: elsewhere.href }), { code: 2, stderr: /no books of Ticun/ })
  })
})
