import { invariant } from './invariant.js'

/*
 * Exact fractions of bigints: what a court computes with before it rounds. A sum of money is
 * rounded once, at the end, half-up to the fen.
 */

/** A fraction with a denominator above zero. Not reduced: equality is `compare(a, b) === 0`. */
export type Rational = Readonly<{ n: bigint; d: bigint }>

export const ratio = (n: bigint, d = 1n): Rational => {
  invariant(d !== 0n, 'a fraction over zero')
  return d < 0n ? { n: -n, d: -d } : { n, d }
}

export const plus = (a: Rational, b: Rational): Rational => ratio(a.n * b.d + b.n * a.d, a.d * b.d)
export const minus = (a: Rational, b: Rational): Rational => ratio(a.n * b.d - b.n * a.d, a.d * b.d)
export const times = (a: Rational, b: Rational): Rational => ratio(a.n * b.n, a.d * b.d)
export const over = (a: Rational, b: Rational): Rational => ratio(a.n * b.d, a.d * b.n)

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export const compare = (a: Rational, b: Rational): bigint => a.n * b.d - b.n * a.d

export const atLeast = (a: Rational, floor: Rational): Rational => (compare(a, floor) < 0n ? floor : a)

/** The nearest whole number; a half goes up (towards +∞). */
export const roundHalfUp = ({ n, d }: Rational): bigint => {
  const doubled = 2n * n + d
  const divisor = 2n * d
  const quotient = doubled / divisor
  // Division of bigints truncates; below zero the floor is one lower unless it is exact.
  return doubled % divisor < 0n ? quotient - 1n : quotient
}

const decimal = /^(\d{1,12})(?:\.(\d{1,6}))?$/

/** A decimal number of 0 or more as people write it (`17.5`), or undefined where the text is none. */
export const parseDecimal = (text: string): Rational | undefined => {
  const [, whole, fraction = ''] = decimal.exec(text) ?? []
  if (whole === undefined) return undefined
  return ratio(BigInt(whole + fraction), 10n ** BigInt(fraction.length))
}

/** A fraction as a decimal text where it is one of at most two places, else as `n/d`. */
export const decimalText = ({ n, d }: Rational): string => {
  const hundredths = n * 100n
  if (hundredths % d !== 0n) return `${n}/${d}`
  const value = hundredths / d
  const cents = (value % 100n).toString().padStart(2, '0').replace(/0+$/, '')
  return cents === '' ? (value / 100n).toString() : `${value / 100n}.${cents}`
}
