import fc from 'fast-check'
import t from 'tap'
import { compare, decimalText, minus, over, parseDecimal, plus, ratio, roundHalfUp, times } from '../../src/kernel/rational.js'

t.test('a half goes up, also below zero', async (t) => {
  for (const [n, d, rounded] of [[5n, 2n, 3n], [-5n, 2n, -2n], [7n, 3n, 2n], [-7n, 3n, -2n], [8n, 3n, 3n], [-8n, 3n, -3n], [6n, 3n, 2n], [-6n, 3n, -2n], [0n, 9n, 0n], [1n, -2n, 0n], [-1n, 2n, 0n]] as const) {
    t.equal(roundHalfUp(ratio(n, d)), rounded, `${n}/${d}`)
  }
})

t.test('rounding is never further than half away', async () => {
  fc.assert(fc.property(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.bigInt(1n, 10n ** 9n), (n, d) => {
    const distance = minus(ratio(n, d), ratio(roundHalfUp(ratio(n, d))))
    return compare(distance, ratio(-1n, 2n)) >= 0n && compare(distance, ratio(1n, 2n)) < 0n
  }))
})

t.test('fractions obey the laws of fractions', async () => {
  const any = fc.tuple(fc.bigInt(-1_000_000n, 1_000_000n), fc.bigInt(1n, 1_000n)).map(([n, d]) => ratio(n, d))
  const equal = (a: ReturnType<typeof ratio>, b: ReturnType<typeof ratio>) => compare(a, b) === 0n
  fc.assert(fc.property(any, any, any, (a, b, c) =>
    equal(plus(a, b), plus(b, a)) && equal(times(a, plus(b, c)), plus(times(a, b), times(a, c))) &&
    equal(minus(plus(a, b), b), a) && (b.n === 0n || equal(times(over(a, b), b), a))))
})

t.test('decimals are read and written as people do', async (t) => {
  for (const text of ['0', '17', '17.5', '0.25', '120.05']) t.equal(decimalText(parseDecimal(text)!), text)
  t.equal(decimalText(ratio(1n, 3n)), '1/3')
  for (const text of ['', '.5', '5.', '-1', '1e3', '1,5', ' 1', '17.5a', '1.2345678']) t.equal(parseDecimal(text), undefined, text)
})
