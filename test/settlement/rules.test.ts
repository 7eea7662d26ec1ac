import fc from 'fast-check'
import t from 'tap'
import { newId } from '../../src/kernel/id.js'
import type { Fen } from '../../src/kernel/money.js'
import { assetKinds, type Journal } from '../../src/ledger/model.js'
import { balancedLines } from '../../src/ledger/rules.js'
import type { ItemRecord, SettlementRecord } from '../../src/settlement/model.js'
import { bankAccount, feeTaken, payoutCameBack, payoutConfirmed, payoutReturned, settlementApproved } from '../../src/settlement/postings.js'
import { advanced, answered, askAgainAt, cameBack, cancelled, checkApprover, checkMoney, feeOf } from '../../src/settlement/rules.js'

const now = new Date('2026-05-04T09:00:00Z')
const maker = newId('per', 0)
const checker = newId('per', 0)
const merchantId = newId('mer', 1)
const bank = bankAccount('1001')

const aSettlement = (differs: Partial<SettlementRecord> = {}): SettlementRecord => ({
  id: newId('stl', 1), status: 'draft', cutoff: now, feeBasisPoints: 20, makerId: maker, checkerId: null,
  createdAt: now, approvedAt: null, completedAt: null, ...differs
})

const anItem = (differs: Partial<ItemRecord> = {}): ItemRecord => ({
  id: newId('sti', 1), settlementId: newId('stl', 1), merchantId, merchantName: '泳馆', grossFen: 10_000n, feeFen: 20n, status: 'approved',
  payeeSealed: null, bankReference: null, returnReason: null, answeredAt: null, ...differs
})

t.test('the fee is rounded down once and always leaves something to pay', async () => {
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.integer({ min: 0, max: 9_999 }), (gross, basisPoints) => {
    const fee = feeOf(gross, basisPoints)
    return fee >= 0n && fee < gross && fee * 10_000n <= gross * BigInt(basisPoints) && (fee + 1n) * 10_000n > gross * BigInt(basisPoints)
  }))
})

t.test('the maker may not approve, and only a draft is approved', async (t) => {
  t.throws(() => checkApprover(aSettlement(), maker), { code: 'same_person' })
  t.doesNotThrow(() => checkApprover(aSettlement(), checker))
  for (const status of ['approved', 'submitted', 'completed', 'cancelled'] as const) {
    t.throws(() => checkApprover(aSettlement({ status }), checker), { code: 'wrong_state' }, status)
    t.throws(() => cancelled(aSettlement({ status })), { code: 'wrong_state' }, status)
  }
})

const money = (differs: Partial<Parameters<typeof checkMoney>[1]> = {}) =>
  ({ payableFen: new Map([[merchantId, 10_000n]]), bank, bankFen: 10_000n, committedFen: 0n, ...differs })

const refusals = [
  { when: 'a correction has taken a fen from what is payable', differs: { payableFen: new Map([[merchantId, 9_999n]]) }, as: 'amounts_moved' },
  { when: 'nothing is payable any more', differs: { payableFen: new Map<typeof merchantId, Fen>() }, as: 'amounts_moved' },
  { when: 'the bank is a fen short', differs: { bankFen: 9_999n }, as: 'insufficient_funds' },
  { when: 'payouts under way need a fen of it', differs: { committedFen: 1n }, as: 'insufficient_funds' }
] as const

t.test('a settlement is paid from what is payable and credited, to the fen', async (t) => {
  t.doesNotThrow(() => checkMoney([anItem()], money()))
  for (const { when, differs, as } of refusals) t.throws(() => checkMoney([anItem()], money(differs)), { code: as }, when)
})

t.test('the bank\'s first final answer stands', async (t) => {
  const paid = answered(anItem(), { outcome: 'paid', reference: 'B1' }, now)
  t.match(paid, { status: 'paid', bankReference: 'B1', answeredAt: now })
  t.match(answered(anItem(), { outcome: 'returned', reference: 'B1', reason: '户名不符' }, now), { status: 'returned', returnReason: '户名不符' })
  for (const outcome of ['submitted', 'unknown'] as const) {
    t.match(answered(anItem({ status: 'submitted', bankReference: 'B1' }), { outcome, reference: null }, now), { status: 'submitted', bankReference: 'B1', answeredAt: null })
  }
  for (const status of ['paid', 'returned'] as const) {
    for (const outcome of ['paid', 'returned', 'unknown'] as const) t.equal(answered(anItem({ status }), { outcome, reference: null }, now), undefined, `${status}, then ${outcome}`)
  }
})

t.test('only a paid payout comes back, and only once', async (t) => {
  t.match(cameBack(anItem({ status: 'paid' }), '已销户', now), { status: 'returned', returnReason: '已销户' })
  for (const status of ['draft', 'approved', 'submitted', 'returned', 'cancelled'] as const) t.equal(cameBack(anItem({ status }), '', now), undefined, status)
})

t.test('a settlement is submitted when all is sent, and completed when all is answered', async (t) => {
  const approved = aSettlement({ status: 'approved' })
  t.equal(advanced(approved, 1, 1, now), approved)
  t.equal(advanced(approved, 0, 1, now).status, 'submitted')
  t.match(advanced(approved, 0, 0, now), { status: 'completed', completedAt: now })
  const completed = aSettlement({ status: 'completed', completedAt: now })
  t.equal(advanced(completed, 0, 0, new Date()), completed)
})

t.test('the bank is asked again later and later, within a minute and six hours', async (t) => {
  const minutes = (at: Date) => (askAgainAt(now, at).getTime() - at.getTime()) / 60_000
  t.equal(minutes(now), 1)
  t.equal(minutes(new Date(now.getTime() + 10 * 60_000)), 10)
  t.equal(minutes(new Date(now.getTime() + 30 * 86_400_000)), 360)
})

/** What each kind of account gains, in its own direction. */
const movements = (...journals: Journal[]): Record<string, bigint> => {
  const total: Record<string, bigint> = {}
  for (const journal of journals) {
    for (const { account: { kind }, side, amount } of balancedLines(journal)) {
      total[kind] = (total[kind] ?? 0n) + ((side === 'debit') === assetKinds.has(kind) ? amount : -amount)
    }
  }
  return Object.fromEntries(Object.entries(total).filter(([, amount]) => amount !== 0n))
}

t.test('the postings of a payout', async (t) => {
  const item = anItem()
  t.same(movements(settlementApproved(item, now)), { payable: -10_000n, in_transit: 10_000n })
  t.same(movements(settlementApproved(item, now), payoutConfirmed(item, bank, now)), { payable: -10_000n, bank: -9_980n, fee: 20n })
  t.same(movements(settlementApproved(item, now), payoutConfirmed(item, bank, now), feeTaken(item, bank, now)), { payable: -10_000n, bank: -10_000n })
  t.same(movements(settlementApproved(item, now), payoutReturned(item, now)), {}, 'a returned payout leaves nothing behind')
  t.same(
    movements(settlementApproved(item, now), payoutConfirmed(item, bank, now), feeTaken(item, bank, now), payoutCameBack(item, bank, now)),
    { bank: -20n, due_from_office: 20n },
    'of one that came back, the fee is owed by the office'
  )
})

t.test('without a fee no fee is booked', async (t) => {
  t.same(balancedLines(feeTaken(anItem({ feeFen: 0n }), bank, now)), [])
})
