import { createHash } from 'node:crypto'
import t from 'tap'
import { checkInvariants } from '../../src/checks/store.js'
import { databaseRoles } from '../../src/db/policies.js'
import { worker } from '../../src/db/unit-of-work.js'
import { newId, uuidOf, type Id } from '../../src/kernel/id.js'
import { credit, debit, type Journal, type OwnAccount } from '../../src/ledger/model.js'
import { insertTransfers } from '../../src/ledger/store.js'
import { openBooks, type Books } from './support.js'

const bank: OwnAccount = { kind: 'bank', of: '1001' }
const clearing: OwnAccount = { kind: 'clearing', of: 'sandbox' }
const suspense: OwnAccount = { kind: 'suspense', of: 'item' }
const at = new Date('2026-05-04T08:00:00Z')

const move = (from: OwnAccount, to: OwnAccount, amount: bigint, more: Partial<Journal> = {}): Journal => ({
  event: 'payment-received', reference: 'pay_1', occurredAt: at, lines: [debit(from, amount), credit(to, amount)], ...more
})

/** The checks of the books that do not hold, by the owner's own look at them. */
const violated = async ({ owner }: Books) => (await checkInvariants(owner as never)).filter(({ ok }) => !ok)

t.test('a transfer', async (t) => {
  const books = await openBooks(t)
  const { work, ledger, owner } = books
  const post = (journal: Journal) => work.write(worker, 1, (tx) => ledger.post(tx, journal))
  const count = async (table: string) => (await owner.query(`select count(*)::int as n from ${table}`)).rows[0].n

  t.test('books its entries with the balances after them, and one leaf', async (t) => {
    const contractId = newId('ctr', 1)
    const id = await post({
      ...move(clearing, suspense, 5n), contractId, merchantId: newId('mer', 1), facts: { channel: 'sandbox' },
      lines: [debit(clearing, 500n, contractId), credit({ kind: 'held', contractId, balanceAfter: 500n }, 500n)]
    })
    t.match(id, /^trf_/)
    const { rows: entries } = await owner.query('select line, kind, side, amount_fen, balance_after_fen from entries where transfer_id = $1 order by line', [uuidOf(id!)])
    t.same(entries, [
      { line: 1, kind: 'clearing', side: 'D', amount_fen: 500n, balance_after_fen: 500n },
      { line: 2, kind: 'held', side: 'C', amount_fen: 500n, balance_after_fen: 500n }
    ])
    const { rows: [transfer] } = await owner.query('select debit_fen, credit_fen, occurred_at, booked_at from transfers where id = $1', [uuidOf(id!)])
    t.same(transfer, { debit_fen: 500n, credit_fen: 500n, occurred_at: at, booked_at: books.clock.now() })

    const { rows: leaves } = await owner.query('select fact, subject, entry, openings from evidence_entries where transfer_id = $1', [uuidOf(id!)])
    t.equal(leaves.length, 1)
    t.match(leaves[0], { fact: 'payment-received', subject: 'pay_1', openings: null })
    const entry = JSON.parse(leaves[0].entry)
    t.match(entry, { version: 1, office: 1, fact: 'payment-received', contractId, payload: { transferId: id, channel: 'sandbox', lines: [{ account: 'clearing:sandbox', side: 'debit', amountFen: '500' }, { account: `held:${contractId}`, amountFen: '500' }] } })
    t.match(entry.salt, /^[0-9a-f]{32}$/)
  })

  t.test('of nothing is none', async (t) => {
    const before = [await count('transfers'), await count('evidence_entries')]
    t.equal(await post(move(clearing, suspense, 0n)), undefined)
    t.same([await count('transfers'), await count('evidence_entries')], before)
  })

  t.test('over many contracts keeps each contract\'s part to itself', async (t) => {
    const contracts: Id<'ctr'>[] = [newId('ctr', 1), newId('ctr', 1)]
    const merchantId = newId('mer', 1)
    const id = await post({
      event: 'window-closed', reference: 'run_1', merchantId, occurredAt: at,
      lines: [...contracts.map((contractId, i) => debit({ kind: 'pending', contractId, balanceAfter: 0n }, 100n + BigInt(i))), credit({ kind: 'payable', of: merchantId, merchantId }, 201n)]
    })
    const { rows: [{ entry, openings }] } = await owner.query('select entry, openings from evidence_entries where transfer_id = $1', [uuidOf(id!)])
    for (const contractId of contracts) t.notOk(entry.includes(contractId), 'the leaf names no contract')
    contracts.forEach((contractId, i) => {
      const { salt, amountFen } = openings[contractId]
      t.equal(amountFen, String(100 + i))
      t.equal(JSON.parse(entry).payload.lines[i].commitment, createHash('sha256').update(`${salt}\n${contractId}\n${amountFen}`).digest('hex'), 'and a contract\'s part can be proved')
    })
  })

  t.test('that does not balance is refused by the code', async (t) => {
    const before = await count('transfers')
    await t.rejects(post({ ...move(clearing, suspense, 5n), lines: [debit(clearing, 5n), credit(suspense, 4n)] }), { name: 'InvariantViolation' })
    await t.rejects(post({ ...move(clearing, suspense, 5n), lines: [debit(clearing, 5n)] }), { name: 'InvariantViolation' })
    t.equal(await count('transfers'), before)
  })

  t.test('that does not balance is refused by the database, when the statement is called behind the code\'s back', async (t) => {
    const before = [await count('transfers'), await count('entries')]
    const account = newId('acc', 1)
    const insert = (amounts: readonly (readonly ['D' | 'C', bigint])[], more: object = {}) => () => work.write(worker, 1, (tx) => insertTransfers(tx, [{
      id: newId('trf', 1), event: 'payment-received', reference: 'x', contractId: null, merchantId: null, occurredAt: at,
      entries: amounts.map(([side, amountFen], i) => ({ line: i + 1, kind: 'bank', accountId: account, contractId: null, side, amountFen, balanceAfterFen: 1n, ...more }))
    }], at))
    const refusals: [string, () => Promise<unknown>, string][] = [
      ['one side is more', insert([['D', 5n], ['C', 4n]]), 'transfers_balance'],
      ['there is one side', insert([['D', 5n]]), 'transfers_balance'],
      ['there is nothing', insert([]), 'transfers_balance'],
      ['a line is below nothing', insert([['D', -5n], ['C', -5n]]), 'entries_amount_positive'],
      ['a line is of nothing', insert([['D', 5n], ['C', 5n], ['D', 0n]]), 'entries_amount_positive'],
      ['a balance goes below zero', insert([['D', 5n], ['C', 5n]], { balanceAfterFen: -1n }), 'entries_not_below_zero'],
      ['a line is of no account', insert([['D', 5n], ['C', 5n]], { accountId: null }), 'entries_of_something'],
      ['a contract\'s account has none', insert([['D', 5n], ['C', 5n]], { kind: 'held', accountId: null }), 'entries_of_something'],
      ['a side is neither', insert([['D', 5n], ['C', 5n]], { side: 'X' }), 'entries_side']
    ]
    // A cluster books the transfers before it comes to their entries, and a shard's constraint has a number behind its name.
    for (const [when, call, constraint] of refusals) await t.rejects(call(), { message: new RegExp(books.database.isCluster ? `"(transfers_balance|${constraint})(_\\d+)?"` : `"${constraint}"`) }, when)
    t.same([await count('transfers'), await count('entries')], before)
  })

  t.test('is booked with others at once, in their order, each from the balance the one before left', async (t) => {
    const books = await openBooks(t)
    const { work, ledger, owner } = books
    const count = async (table: string) => (await owner.query(`select count(*)::int as n from ${table}`)).rows[0].n
    const before = await count('transfers')
    const of = newId('sti', 1)
    const account: OwnAccount = { kind: 'suspense', of }
    const ids = await work.write(worker, 1, (tx) => ledger.postAll(tx, [move(bank, account, 5n), move(bank, account, 0n), move(account, bank, 2n)]))
    t.same(ids.map((id) => id !== undefined), [true, false, true], 'nothing is not booked')
    t.equal(await count('transfers'), before + 2)
    t.equal(await work.read(worker, 1, (tx) => ledger.balanceOf(tx, account)), 3n)
    const tooMuch = [move(bank, account, 1n), move(account, bank, 9n)]
    await t.rejects(work.write(worker, 1, (tx) => ledger.postAll(tx, tooMuch)), { code: 'insufficient_funds' }, 'one that cannot be booked fails all')
    t.equal(await work.read(worker, 1, (tx) => ledger.balanceOf(tx, account)), 3n)
    t.same(await violated(books), [])
  })

  t.test('of money that is not there is refused, and leaves nothing behind', async (t) => {
    const before = [await count('transfers'), await count('entries'), await count('evidence_entries')]
    const spend = move({ kind: 'payable', of: newId('mer', 1) }, suspense, 1n)
    await t.rejects(post(spend), { code: 'insufficient_funds', facts: { neededFen: 1n, availableFen: 0n } })
    await t.rejects(post(move(suspense, bank, 1n)), { code: 'insufficient_funds' }, 'a debit of an empty liability')
    t.same([await count('transfers'), await count('entries'), await count('evidence_entries')], before)
  })

  t.test('goes as a whole with the transaction it is in', async (t) => {
    const before = await count('transfers')
    await t.rejects(work.write(worker, 1, async (tx) => {
      await ledger.post(tx, move(clearing, suspense, 5n))
      throw new Error('something else went wrong')
    }), { message: 'something else went wrong' })
    t.equal(await count('transfers'), before)
  })

  t.test('is of one office: another office\'s accounts of the same name are others', async (t) => {
    await work.write(worker, 2, (tx) => ledger.post(tx, move({ kind: 'clearing', of: 'only-here' }, { kind: 'suspense', of: 'only-here' }, 9n)))
    t.equal(await work.read(worker, 2, (tx) => ledger.balanceOf(tx, { kind: 'clearing', of: 'only-here' })), 9n)
    t.equal(await work.read(worker, 1, (tx) => ledger.balanceOf(tx, { kind: 'clearing', of: 'only-here' })), 0n)
  })
})

t.test('transfers at once', async (t) => {
  const books = await openBooks(t)
  const { work, ledger } = books

  t.test('keep every running balance right, on accounts that none of them had seen before', async (t) => {
    const amounts = Array.from({ length: 60 }, (_, i) => BigInt(i + 1))
    await Promise.all(amounts.map((amount, i) => work.write(worker, 1, (tx) => ledger.post(tx,
      move(...(i % 2 === 0 ? [clearing, suspense] as const : [bank, clearing] as const), amount)))))
    const { rows } = await books.owner.query('select a.kind, a.version, a.balance_fen, count(*)::int as entries from accounts a join entries e on e.office_id = a.office_id and e.account_id = a.id group by a.kind, a.version, a.balance_fen order by a.kind')
    t.same(rows, [
      { kind: 'bank', version: 30, balance_fen: 930n, entries: 30 },
      { kind: 'clearing', version: 60, balance_fen: -30n, entries: 60 },
      { kind: 'suspense', version: 30, balance_fen: 900n, entries: 30 }
    ])
    t.same(await violated(books), [])
  })

  t.test('cannot both spend the same fen', async (t) => {
    const purse: OwnAccount = { kind: 'interest', of: 'm' }
    await work.write(worker, 1, (tx) => ledger.post(tx, move(clearing, purse, 10n)))
    const spent = await Promise.allSettled(Array.from({ length: 20 }, () => work.write(worker, 1, (tx) => ledger.post(tx, move(purse, suspense, 3n)))))
    t.equal(spent.filter(({ status }) => status === 'fulfilled').length, 3)
    for (const result of spent) if (result.status === 'rejected') t.match(result.reason, { code: 'insufficient_funds' })
    t.equal(await work.read(worker, 1, (tx) => ledger.balanceOf(tx, purse)), 1n)
    t.same(await violated(books), [])
  })

  t.test('that touch the same accounts in any order do not lock each other out', async (t) => {
    const names = ['a', 'b', 'c', 'd'].map((of): OwnAccount => ({ kind: 'clearing', of }))
    const pairs = Array.from({ length: 40 }, (_, i) => [names[i % 4]!, names[(i + 1 + (i >> 2)) % 4]!] as const).filter(([from, to]) => from !== to)
    await Promise.all(pairs.map(([from, to]) => work.write(worker, 1, (tx) => ledger.post(tx, move(from, to, 2n)))))
    const total = await Promise.all(names.map((account) => work.read(worker, 1, (tx) => ledger.balanceOf(tx, account))))
    t.equal(total.reduce((a, b) => a + b), 0n)
    t.same(await violated(books), [])
  })
})

t.test('what is written stays written', async (t) => {
  const books = await openBooks(t)
  const { pool } = books
  await books.work.write(worker, 1, (tx) => books.ledger.post(tx, move(clearing, suspense, 5n)))

  for (const role of databaseRoles) {
    t.test(`${role} can neither change nor delete it`, async (t) => {
      for (const table of ['transfers', 'entries', 'evidence_entries']) {
        for (const statement of [`update ${table} set office_id = office_id`, `delete from ${table}`, `truncate ${table}`]) {
          const client = await pool.connect()
          try {
            await client.query(`begin; set local role ticun_${role}; set local ticun.office = '1'`)
            await t.rejects(client.query(statement), { code: '42501' }, statement)
          } finally {
            await client.query('rollback')
            client.release()
          }
        }
      }
    })
  }

  t.test('the service\'s own login can do nothing at all without naming a role', async (t) => {
    for (const table of ['transfers', 'entries', 'evidence_entries', 'contracts', 'people']) await t.rejects(pool.query(`select * from ${table}`), { code: '42501' })
  })
})
