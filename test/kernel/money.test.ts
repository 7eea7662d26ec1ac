import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { cumulative, Fen, least, most, PositiveFen, SignedFen, sum, yuan } from '../../src/kernel/money.js'

const safe = BigInt(Number.MAX_SAFE_INTEGER)

t.test('what is due after each of n units rises and ends at the whole', async () => {
  fc.assert(fc.property(fc.bigInt(0n, safe), fc.bigInt(1n, 400n), (total, count) => {
    let before = 0n
    let paid = 0n
    for (let used = 0n; used <= count; used++) {
      const due = cumulative(total, used, count)
      if (due < before || due > total) return false
      paid += due - before
      before = due
    }
    return paid === total
  }), { numRuns: 300 })
})

t.test('no part of equal parts differs from another by more than a fen', async () => {
  fc.assert(fc.property(fc.bigInt(0n, 10_000_000n), fc.bigInt(1n, 100n), (total, count) => {
    const parts = Array.from({ length: Number(count) }, (_, i) => cumulative(total, BigInt(i + 1), count) - cumulative(total, BigInt(i), count))
    return parts.every((part) => part === total / count || part === total / count + 1n)
  }))
})

t.test('the examples of published cases', async (t) => {
  // 6,000 yuan for 20 + 1 sessions, 12 used: 2,571.43 is left.
  t.equal(600_000n - cumulative(600_000n, 12n, 21n), 257_143n)
  t.equal(cumulative(10n, 1n, 3n), 3n)
  t.equal(cumulative(10n, 2n, 3n), 6n)
  t.equal(cumulative(10n, 3n, 3n), 10n)
})

t.test('on the wire an amount is a safe integer, and comes back as it was', async (t) => {
  fc.assert(fc.property(fc.bigInt(0n, safe), (fen) => z.decode(Fen, z.encode(Fen, fen)) === fen))
  const refused = { Fen: [-1], PositiveFen: [0, -1], SignedFen: [] }
  for (const [name, schema] of Object.entries({ Fen, PositiveFen, SignedFen })) {
    for (const bad of [1.5, Number.NaN, Infinity, 2 ** 53, 1e300, '100', null, true, [], {}, 10n, ...refused[name as keyof typeof refused]]) {
      t.notOk(z.safeDecode(schema as typeof Fen, bad as number).success, `${name} ${String(bad)}`)
    }
  }
  t.equal(z.decode(SignedFen, -5), -5n)
})

t.test('sums and bounds', async (t) => {
  t.equal(sum([]), 0n)
  t.equal(sum([1n, 2n, 3n]), 6n)
  t.equal(sum(new Set([7n])), 7n)
  t.equal(least(-1n, 2n), -1n)
  t.equal(most(-1n, 2n), 2n)
})

t.test('amounts are read in yuan', async (t) => {
  for (const [fen, text] of [[0n, '¥0.00'], [5n, '¥0.05'], [128_000n, '¥1,280.00'], [123_456_789_01n, '¥123,456,789.01'], [-50n, '-¥0.50'], [99_999n, '¥999.99'], [100_000n, '¥1,000.00']] as const) {
    t.equal(yuan(fen), text)
  }
})

t.test('what compares amounts is not asked about what is no amount', async (t) => {
  const shares = z.object({ whole: Fen, part: PositiveFen }).refine(({ whole, part }) => whole - part >= 0n)
  for (const part of [-1, 0, 1.5, 2 ** 53, 'x', null]) t.match(shares.safeParse({ whole: 2, part }), { success: false, error: { issues: [{ path: ['part'] }] } }, String(part))
  t.equal(shares.safeParse({ whole: 2, part: 3 }).success, false)
})
