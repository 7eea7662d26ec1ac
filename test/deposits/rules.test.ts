import t from 'tap'
import type { Contract, ContractStatus } from '../../src/contracts/model.js'
import type { Receipt } from '../../src/deposits/model.js'
import { channelSettled, paymentReceived, strayReceived } from '../../src/deposits/postings.js'
import { cancelled, checkPayable, checkRefusable, isPayable, judge, paidAtOf, statusAfterFailure, statusAfterSuccess, type Received } from '../../src/deposits/rules.js'
import { newId } from '../../src/kernel/id.js'
import { accountName, type Journal } from '../../src/ledger/model.js'
import { balancedLines } from '../../src/ledger/rules.js'
import { aContract } from '../support/builders.js'

const paidAt = new Date('2026-05-04T15:30:00Z') // 23:30 in Shanghai
const day = 86_400_000

const unpaid = (more: Partial<Contract> = {}): Contract =>
  aContract({ status: 'awaiting_payment', paidFen: 0n, heldFen: 0n, paidAt: null, depositedAt: null, coolingOffUntil: null, expiresAt: null, ...more })

const received = (more: Partial<Received> = {}): Received => ({
  contract: unpaid(), payment: { status: 'pending' }, merchantStatus: 'active', offer: { coolingOffDays: 7, validDays: 365 },
  amountFen: 100_000n, paidAt, isCredited: false, ...more
})

t.test('the exact price of a contract that waits for it is its deposit', async (t) => {
  const judgement = judge(received())
  t.match(judgement, {
    purpose: 'deposit',
    contract: {
      status: 'active', paidFen: 100_000n, heldFen: 100_000n, paidAt, depositedAt: null, termStart: null,
      coolingOffUntil: new Date(paidAt.getTime() + 7 * day), expiresAt: new Date(paidAt.getTime() + 365 * day)
    }
  })
  for (const status of ['pending', 'failed'] as const) t.equal(judge(received({ payment: { status } })).purpose, 'deposit')
  t.equal(judge(received({ merchantStatus: 'suspended' })).purpose, 'deposit')
})

t.test('a term begins on the Shanghai day of payment and ends with its last day', async (t) => {
  const judgement = judge(received({ contract: unpaid({ kind: 'period', units: 30n }), offer: { coolingOffDays: 7, validDays: 30, periodDays: 30 } }))
  t.match(judgement, { contract: { termStart: '2026-05-04', expiresAt: new Date('2026-06-02T16:00:00Z') } })
})

t.test('money that comes by bank transfer is deposited when it comes', async (t) => {
  t.match(judge(received({ isCredited: true })), { contract: { depositedAt: paidAt } })
})

t.test('an order is paid between its making and now, whatever the channel\'s clock says', async (t) => {
  const orderedAt = new Date(paidAt.getTime() - 60_000)
  const now = new Date(paidAt.getTime() + 60_000)
  t.equal(paidAtOf(paidAt, orderedAt, now), paidAt)
  t.equal(paidAtOf(new Date(0), orderedAt, now), orderedAt)
  t.equal(paidAtOf(new Date(now.getTime() + day), orderedAt, now), now)
})

const strays: { when: string; received: Partial<Received>; reason: string }[] = [
  { when: 'the contract is cancelled', received: { contract: unpaid({ status: 'cancelled' }) }, reason: 'contract_cancelled' },
  { when: 'it is not signed', received: { contract: unpaid({ status: 'awaiting_signature' }) }, reason: 'not_awaited' },
  ...(['active', 'completed', 'terminated', 'expired'] as ContractStatus[]).map((status) => ({ when: `it is ${status}`, received: { contract: aContract({ status }) }, reason: 'paid_already' })),
  { when: 'the order is paid', received: { payment: { status: 'succeeded' } }, reason: 'paid_already' },
  { when: 'the order is closed', received: { payment: { status: 'closed' } }, reason: 'order_closed' },
  { when: 'it is a fen too little', received: { amountFen: 99_999n }, reason: 'wrong_amount' },
  { when: 'it is a fen too much', received: { amountFen: 100_001n }, reason: 'wrong_amount' },
  { when: 'the merchant is closing', received: { merchantStatus: 'closing' }, reason: 'merchant_closing' },
  { when: 'the merchant is closed', received: { merchantStatus: 'closed' }, reason: 'merchant_closing' }
]

for (const { when, received: more, reason } of strays) {
  t.test(`money is stray when ${when}`, async (t) => { t.same(judge(received(more)), { purpose: 'stray', reason }) })
}

t.test('an order\'s state follows its attempts', async (t) => {
  const deposit = judge(received())
  const stray = judge(received({ amountFen: 1n }))
  t.same((['pending', 'failed'] as const).map((status) => statusAfterSuccess(status, deposit)), ['succeeded', 'succeeded'])
  t.same((['pending', 'failed', 'succeeded', 'closed'] as const).map((status) => statusAfterSuccess(status, stray)), ['failed', 'failed', 'succeeded', 'closed'])
  t.same((['pending', 'failed', 'succeeded', 'closed'] as const).map(statusAfterFailure), ['failed', 'failed', 'succeeded', 'closed'])
  t.same((['pending', 'failed', 'succeeded', 'closed'] as const).map((status) => isPayable({ status })), [true, true, false, false])
})

t.test('a contract is called off only before it is paid', async (t) => {
  for (const status of ['awaiting_signature', 'awaiting_payment'] as const) t.match(cancelled(unpaid({ status }), paidAt), { status: 'cancelled', endedAt: paidAt })
  for (const status of ['active', 'completed', 'terminated', 'expired', 'cancelled'] as const) t.throws(() => cancelled(aContract({ status }), paidAt), { code: 'wrong_state' }, status)
})

t.test('only a signed contract is paid', async (t) => {
  t.doesNotThrow(() => checkPayable(unpaid()))
  for (const status of ['awaiting_signature', 'active', 'completed', 'terminated', 'expired', 'cancelled'] as const) t.throws(() => checkPayable(aContract({ status })), { code: 'wrong_state' }, status)
})

t.test('a deposit may be refused for three days, while it is whole', async (t) => {
  const contract = aContract({ paidAt })
  const last = new Date(paidAt.getTime() + 3 * day)
  t.doesNotThrow(() => checkRefusable(contract, last))
  t.throws(() => checkRefusable(contract, new Date(last.getTime() + 1)), { code: 'refusal_too_late' })
  t.throws(() => checkRefusable({ ...contract, unitsUsed: 1n, heldFen: 90_000n, pendingFen: 10_000n }, last), { code: 'deposit_in_use' })
  t.throws(() => checkRefusable({ ...contract, heldFen: 90_000n, disputedFen: 10_000n }, last), { code: 'deposit_in_use' })
  t.throws(() => checkRefusable({ ...contract, frozen: 'refund' }, last), { code: 'wrong_state' })
  for (const status of ['awaiting_payment', 'completed', 'terminated', 'expired', 'cancelled'] as const) t.throws(() => checkRefusable({ ...contract, status }, last), { code: 'wrong_state' }, status)
  t.throws(() => checkRefusable(unpaid(), last), { code: 'wrong_state' })
})

const lines = (journal: Journal) => balancedLines(journal).map(({ account, side, amount }) => `${side} ${accountName(account)} ${amount}`)

t.test('what it means in money', async (t) => {
  const contract = aContract()
  const receipt: Receipt = {
    id: newId('rcp', 1), channel: 'sandbox', transactionId: 'T1', paymentId: newId('pay', 1), amountFen: 100_000n, purpose: 'deposit', reason: null, paidAt, receivedAt: paidAt
  }
  const source = { channel: 'sandbox', isCredited: false, accountNumber: '1001' } as const
  const refundId = newId('ref', 1)
  t.same(lines(paymentReceived(contract, receipt, source)), ['debit clearing:sandbox 100000', `credit held:${contract.id} 100000`])
  t.same(lines(paymentReceived(contract, receipt, { ...source, isCredited: true })), ['debit bank:1001 100000', `credit held:${contract.id} 100000`])
  t.same(lines(strayReceived(contract, receipt, source, refundId)), ['debit clearing:sandbox 100000', `credit refund_payable:${refundId} 100000`])

  const settled = (grossFen: bigint, feeFen: bigint) => lines(channelSettled({
    id: newId('chs', 1), channel: 'sandbox', accountNumber: '1001',
    notification: { kind: 'settlement', settlementId: 'S1', office: 1, grossFen, feeFen, valueDate: paidAt, transactionIds: [] }
  }))
  t.same(settled(1_000n, 0n), ['debit bank:1001 1000', 'credit clearing:sandbox 1000'])
  t.same(settled(1_000n, 6n), ['debit bank:1001 994', 'debit due_from_office:channel_fees 6', 'credit clearing:sandbox 1000'])
  t.same(settled(-1_000n, 0n), ['credit bank:1001 1000', 'debit clearing:sandbox 1000'])
  t.same(settled(-1_000n, 6n), ['credit bank:1001 1006', 'debit due_from_office:channel_fees 6', 'debit clearing:sandbox 1000'])
  t.same(settled(4n, 6n), ['credit bank:1001 2', 'debit due_from_office:channel_fees 6', 'credit clearing:sandbox 4'])
  t.same(settled(0n, 0n), [])
})
