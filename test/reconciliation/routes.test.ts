import { createHash, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { addDays } from '../../src/kernel/calendar.js'
import { leafNode, parentNode, pathOf, sumTree } from '../../src/reconciliation/rules.js'
import { startApp } from '../support/app.js'
import { asRole } from '../support/roles.js'
import { bureau, newConsumer } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { moveAtBank, send, statementOfToday, today } from '../bank/support.js'
import { earn, newEarner, notariesOf, settle, violated, visit } from '../settlement/support.js'
import { advance } from '../support/clock.js'

const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

/** The root that a proof leads to, as anyone can compute it. */
const rootOf = ({ owner, nonce, balanceFen, path }: any) => path.reduce((node: any, { side, hash, sumFen }: any) => {
  const other = { hash: Buffer.from(hash, 'hex'), sumFen: BigInt(sumFen) }
  return side === 'left' ? parentNode(sha256, other, node) : parentNode(sha256, node, other)
}, leafNode(sha256, { owner, nonce: Buffer.from(nonce, 'hex'), balanceFen: BigInt(balanceFen) }))

t.test('every leaf of a sum tree leads to its root and total, and a changed one does not', async () => {
  fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 15n }), { minLength: 1, maxLength: 40 }), (balances) => {
    const leaves = balances.map((balanceFen, i) => ({ owner: `per_${i}`, nonce: Buffer.alloc(16, i), balanceFen }))
    const levels = sumTree(sha256, leaves.map((leaf) => leafNode(sha256, leaf)))
    const root = levels.at(-1)?.[0]
    return root?.sumFen === balances.reduce((a, b) => a + b, 0n) && leaves.every((leaf, position) => {
      const path = pathOf(position, leaves.length).map(({ level, at, side }) => ({ side, hash: levels[level]?.[at]?.hash.toString('hex'), sumFen: levels[level]?.[at]?.sumFen }))
      const proof = { ...leaf, nonce: leaf.nonce.toString('hex'), path }
      return rootOf(proof).hash.equals(root.hash) && rootOf(proof).sumFen === root.sumFen && !rootOf({ ...proof, balanceFen: leaf.balanceFen + 1n }).hash.equals(root.hash)
    })
  }), { numRuns: 60 })
})

t.test('the reconciliation of a day', async (t) => {
  const app = await startApp(t)
  const { first, second } = await notariesOf(app)
  const inspector = await bureau(app)
  const earner = await newEarner(app, 3)
  await settle(app, earner)
  const day = await today(app)
  const get = async (date = day, who = inspector): Promise<any> => expectStatus(await who.get(`/reconciliations/${date}`), 200).body
  const importToday = async () => expectStatus(await send(app, first, await statementOfToday(app)), 201).body

  t.test('without a statement there is nothing to compare with; with one, all agrees', async (t) => {
    t.match(await get(), { bankFen: 0, statementOn: null, ledgerBankFen: 70_000, unmatched: [], closing: { status: 'open' } })
    await importToday()
    t.match(await get(), {
      date: day, bankFen: 70_000, statementOn: day, ledgerBankFen: 70_000, differenceFen: 0, liabilitiesFen: 70_000, booksDifferenceFen: 0, coverFen: 0,
      channels: [{ channel: 'sandbox', reportedFen: 0, clearingFen: 0, differenceFen: 0 }], unmatched: [], differences: []
    })
    t.same(await get(day, first), await get())
  })

  t.test('what does not agree is shown without names, and a difference is an item until it is gone', async (t) => {
    await moveAtBank(app, { side: 'CRDT', amountFen: 5_000n, counterparty: '神秘人' })
    await importToday()
    const { differenceFen, unmatched } = await get()
    t.equal(differenceFen, 0, 'suspense is in the books')
    t.match(unmatched, [{ source: 'statement', side: 'C', amountFen: 5_000, status: 'suspense', date: day }])
    t.notMatch(JSON.stringify(unmatched), /神秘人/)
    await t.rejects(asRole(app, 'bureau', { person: inspector.userId }, 'select * from bank_entries'), { code: '42501' })
    t.equal((await asRole(app, 'bureau', { person: inspector.userId }, 'select * from unmatched_bank_lines')).length, 1)
    t.same(await asRole(app, 'bureau', { office: 2, person: inspector.userId }, 'select * from unmatched_bank_lines'), [])
  })

  t.test('two people close a day that is over, and its books stand', async (t) => {
    t.match(await first.post(`/reconciliations/${day}/close`), { status: 422, body: { code: 'day_not_over' } })
    await advance(app, 86_400)
    t.match(await second.post(`/reconciliations/${day}/close/approve`), { status: 409, body: { code: 'wrong_state', state: 'open' } })
    expectStatus(await first.post(`/reconciliations/${day}/close`), 201)
    t.match(await first.post(`/reconciliations/${day}/close/approve`), { status: 403, body: { code: 'same_person' } })

    await visit(earner.consumer, earner, earner.contractId, 1)
    let key = randomUUID()
    const close = () => second.post(`/reconciliations/${day}/close/approve`, {}, { key })
    let closed = await close()
    for (let tries = 0; closed.status === 503 && tries < 20; tries++) {
      await new Promise((resolve) => { setTimeout(resolve, 250) })
      key = randomUUID()
      closed = await close()
    }
    t.match(closed, { status: 200, body: { closing: { status: 'closed', makerId: first.userId, checkerId: second.userId, liabilityTotalFen: 75_000, liabilityRoot: /^[0-9a-f]{64}$/ } } })
    t.same((await close()).body, closed.body, 'the same request: the first answer')
    t.match(await second.post(`/reconciliations/${addDays(day, -1)}/close/approve`, {}, { key }), { status: 422, body: { code: 'idempotency_key_reused' } })
    t.match(await first.post(`/reconciliations/${day}/close`), { status: 409, body: { code: 'wrong_state', state: 'closed' } })

    const entries = (await get()).closing.entries
    t.ok(entries > 10)
    await earn(app, earner, 1)
    t.equal((await get()).closing.entries, entries, 'what is booked later lies on the day it is booked on')
    t.same(await violated(app), [])
  })

  t.test('what happened on a closed day and is booked later keeps both times', async (t) => {
    const xml = (await first.get(`/sandbox/bank/statement?date=${day}`)).body
    await moveAtBank(app, { side: 'CRDT', amountFen: 40n, counterparty: '', remittance: '结息' })
    const before = await get()
    const late = xml
      .replace(/<Stmt>\s*<Id>[^<]*/, '<Stmt><Id>late')
      .replace(/<AcctSvcrRef>SBX(\d+)/g, '<AcctSvcrRef>LATE$1')
      .replace(/<EndToEndId>[^<]*/g, '<EndToEndId>NOTPROVIDED')
      .replace(/<Ntry>[\s\S]*<\/Ntry>/, (all: string) => (all.match(/<Ntry>[\s\S]*?<\/Ntry>/g) ?? []).at(-1) ?? '')
      .replace(/<Cd>OPBD<\/Cd>([\s\S]*?)<Amt Ccy="CNY">[\d.]+/, '<Cd>OPBD</Cd>$1<Amt Ccy="CNY">700.00')
    t.match(expectStatus(await send(app, first, late), 201).body, { lines: 1, unmatched: 1 })
    const after = await get()
    t.equal(after.ledgerBankFen - before.ledgerBankFen, 5_000, 'by the time it happened it is of that day')
    t.equal(after.closing.entries, before.closing.entries, 'by the time it was booked it is not')
    t.match(after.differences, [{ kind: 'bank', differenceFen: -5_000, settledAt: null }])
    t.same(await violated(app), [])
  })

  t.test('a consumer finds her own balance under the root, and nobody else\'s', async (t) => {
    const proof = expectStatus(await earner.consumer.get(`/liability-proofs/${day}`), 200).body
    t.match(proof, { owner: earner.consumer.userId, balanceFen: 70_000, totalFen: 75_000 })
    const { hash, sumFen } = rootOf(proof)
    t.equal(hash.toString('hex'), proof.root)
    t.equal(Number(sumFen), proof.totalFen)
    t.equal(proof.root, (await get()).closing.liabilityRoot)
    const other = await newConsumer(app)
    t.match(await other.get(`/liability-proofs/${day}`), { status: 404 })
    t.match(await earner.consumer.get(`/liability-proofs/${addDays(day, 1)}`), { status: 404 })
    t.match(await first.get(`/liability-proofs/${day}`), { status: 403 })
    t.same(await asRole(app, 'consumer', { person: other.userId }, 'select * from liability_leaves'), [])
  })

  t.test('who may not, may not', async (t) => {
    for (const api of [earner.owner, earner.consumer]) t.match(await api.get(`/reconciliations/${day}`), { status: 403 })
    t.match(await inspector.post(`/reconciliations/${day}/close`), { status: 403 })
    t.match(await first.get('/reconciliations/yesterday'), { status: 404 })
  })
})
