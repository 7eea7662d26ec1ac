import fc from 'fast-check'
import t from 'tap'
import { newId } from '../../src/kernel/id.js'
import { accountName, AccountKind, assetKinds, credit, debit, isContractKind, mayGoNegative, OwnAccountKind, type Journal, type Line, type OwnAccount } from '../../src/ledger/model.js'
import { balanceAfter, balancedLines, effectOf } from '../../src/ledger/rules.js'

const contractId = newId('ctr', 1)
const own = (kind: OwnAccountKind): OwnAccount => ({ kind, of: 'x' })
const journal = (lines: readonly Line[]): Journal => ({ event: 'payment-received', reference: 'pay', occurredAt: new Date(0), lines })

const amount = fc.bigInt(0n, 10n ** 12n)
const kind = fc.constantFrom(...OwnAccountKind.options)
const line = fc.tuple(kind, amount, fc.boolean()).map(([kind, amount, isDebit]) => (isDebit ? debit(own(kind), amount) : credit(own(kind), amount)))

const difference = (lines: readonly Line[]): bigint => lines.reduce((sum, { side, amount }) => sum + (side === 'debit' ? amount : -amount), 0n)

t.test('a journal passes exactly where its debits equal its credits, and loses only its empty lines', async () => {
  fc.assert(fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, isBalanced) => {
    const rest = difference(lines)
    const closed = isBalanced && rest !== 0n
      ? [...lines, rest > 0n ? credit(own('suspense'), rest) : debit(own('suspense'), -rest)]
      : lines
    if (difference(closed) !== 0n) {
      try {
        balancedLines(journal(closed))
        return false
      } catch (error) {
        return (error as Error).name === 'InvariantViolation'
      }
    }
    const kept = balancedLines(journal(closed))
    return kept.every(({ amount }) => amount > 0n) && difference(kept) === 0n && kept.length === closed.filter(({ amount }) => amount !== 0n).length
  }), { numRuns: 500 })
})

t.test('a line below nothing is a fault of ours, whatever balances it', async (t) => {
  t.throws(() => balancedLines(journal([debit(own('bank'), -5n), credit(own('fee'), -5n)])), { name: 'InvariantViolation' })
  t.throws(() => balancedLines(journal([debit(own('bank'), -5n), debit(own('bank'), 5n)])), { name: 'InvariantViolation' })
  t.same(balancedLines(journal([debit(own('bank'), 0n), credit(own('fee'), 0n)])), [])
})

t.test('an asset grows by debit, a liability by credit', async (t) => {
  for (const kind of AccountKind.options) {
    const account = isContractKind(kind) ? { kind, contractId, balanceAfter: 0n } : own(kind)
    const grows = assetKinds.has(kind)
    t.equal(effectOf(debit(account, 7n)), grows ? 7n : -7n, `debit ${kind}`)
    t.equal(effectOf(credit(account, 7n)), grows ? -7n : 7n, `credit ${kind}`)
  }
})

t.test('no account goes below zero but a channel\'s, and the refusal says how much there is', async (t) => {
  fc.assert(fc.property(kind, amount, line, (kind, balance, { side, amount }) => {
    const entry: Line = { account: own(kind), side, amount }
    const after = balance + effectOf(entry)
    try {
      return balanceAfter(own(kind), balance, entry) === after && (after >= 0n || mayGoNegative.has(kind))
    } catch (error) {
      const { code, facts } = error as { code: string; facts: { neededFen: bigint; availableFen: bigint } }
      return code === 'insufficient_funds' && after < 0n && !mayGoNegative.has(kind) && facts.neededFen === amount && facts.availableFen === balance
    }
  }), { numRuns: 1_000 })
  t.same([...mayGoNegative], ['clearing'])
})

t.test('any sequence of balanced journals keeps assets equal to liabilities', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(kind, kind, amount), { maxLength: 40 }), (moves) => {
    const balances = new Map<OwnAccountKind, bigint>()
    for (const [from, to, amount] of moves) {
      const lines = balancedLines(journal([debit(own(from), amount), credit(own(to), amount)]))
      try {
        const next = new Map(balances)
        for (const entry of lines) next.set(entry.account.kind as OwnAccountKind, balanceAfter(entry.account as OwnAccount, next.get(entry.account.kind as OwnAccountKind) ?? 0n, entry))
        for (const [kind, balance] of next) balances.set(kind, balance)
      } catch {
        // The whole journal is refused, as in a transaction.
      }
    }
    let [assets, liabilities] = [0n, 0n]
    for (const [kind, balance] of balances) {
      if (assetKinds.has(kind)) assets += balance
      else liabilities += balance
    }
    return assets === liabilities
  }), { numRuns: 300 })
})

t.test('accounts have the names that reports show', async (t) => {
  t.equal(accountName({ kind: 'bank', of: '1001' }), 'bank:1001')
  t.equal(accountName({ kind: 'held', contractId, balanceAfter: 0n }), `held:${contractId}`)
})
