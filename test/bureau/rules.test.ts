import fc from 'fast-check'
import t from 'tap'
import { overviewOf, sidesOf, trialBalanceOf } from '../../src/bureau/rules.js'
import { AccountKind, assetKinds } from '../../src/ledger/model.js'

const at = new Date('2026-05-04T09:00:00Z')
const amount = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n })
const someBalances = fc.dictionary(fc.constantFrom(...AccountKind.options), amount)
  .map((record) => new Map(Object.entries(record) as [AccountKind, bigint][]))

const sums = {
  merchants: 1, contracts: 1, openContracts: 1, paidFen: 0n, heldFen: 0n, disputedFen: 0n, pendingFen: 0n, releasedFen: 0n, refundedFen: 0n,
  payableFen: 0n, inTransitFen: 0n, unclaimedFen: 0n, paidOutFen: 0n, feeFen: 0n, legalHolds: 0, legalHoldFen: 0n
}

t.test('a trial balance\'s two sides are the sums of its lines', async () => {
  fc.assert(fc.property(someBalances, (balances) => {
    const { accounts, debitFen, creditFen } = trialBalanceOf(at, 'booking', balances, balances)
    const side = (wanted: string) => accounts.filter(({ kind }) => kind === wanted).reduce((sum, { balanceFen }) => sum + balanceFen, 0n)
    return debitFen === side('asset') && creditFen === side('liability') && accounts.length === AccountKind.options.length
      && accounts.every(({ account, kind }) => (kind === 'asset') === assetKinds.has(account))
  }))
})

t.test('the overview says so when the two ways of adding up differ', async (t) => {
  const balanced = new Map<AccountKind, bigint>([['bank', 70n], ['clearing', 20n], ['due_from_office', 10n], ['held', 60n], ['payable', 40n]])
  t.match(overviewOf(at, 'booking', sums, balanced, balanced), { agree: true, coverFen: -10n, bankFen: 70n, payableFen: 40n })
  t.match(overviewOf(at, 'booking', sums, balanced, new Map([...balanced, ['held', 61n]])), { agree: false })
  t.match(overviewOf(at, 'booking', sums, new Map([...balanced, ['held', 61n], ['payable', 39n]]), balanced), { agree: false }, 'also where the totals are equal')
  const unbalanced = new Map([...balanced, ['held', 61n] as const])
  t.match(overviewOf(at, 'booking', sums, unbalanced, unbalanced), { agree: false }, 'and where assets and liabilities are not')
})

t.test('nothing on the books is zero on both sides', async (t) => {
  t.same(sidesOf(new Map()), { assetsFen: 0n, liabilitiesFen: 0n })
})
