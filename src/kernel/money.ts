import { z } from 'zod'

/** An amount of money in fen (1/100 yuan). Never a float. */
export type Fen = bigint

// What is no amount stops there: what compares amounts is never told a number.
const wire = z.int({ abort: true }).meta({ description: 'Integer fen (1/100 yuan)' })

const codec = (schema: z.ZodNumber) => z.codec(schema, z.bigint(), {
  decode: (number) => BigInt(number),
  encode: (fen) => Number(fen)
})

/** An amount on the wire: a safe integer outside, a bigint inside; 0 or more. */
export const Fen = codec(wire.min(0, { abort: true }))

/** An amount of at least one fen. */
export const PositiveFen = codec(wire.min(1, { abort: true }))

/** A difference of two amounts, which may be negative. */
export const SignedFen = codec(wire)

/**
 * What is due of `total` once `used` of `count` units are used: `floor(total · used / count)`.
 * The differences of successive values add up to the whole, to the fen.
 */
export const cumulative = (total: Fen, used: bigint, count: bigint): Fen => (total * used) / count

export const sum = (amounts: Iterable<Fen>): Fen => {
  let total = 0n
  for (const amount of amounts) total += amount
  return total
}

export const least = (a: Fen, b: Fen): Fen => (a < b ? a : b)
export const most = (a: Fen, b: Fen): Fen => (a > b ? a : b)

/** Yuan with two decimals, for texts that people read: `¥1,280.00`. */
export const yuan = (fen: Fen): string => {
  const abs = fen < 0n ? -fen : fen
  const whole = (abs / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ',')
  return `${fen < 0n ? '-' : ''}¥${whole}.${(abs % 100n).toString().padStart(2, '0')}`
}

/** Yuan with two decimals and nothing else, for machines: `1280.00`. */
export const decimal = (fen: Fen): string => {
  const abs = fen < 0n ? -fen : fen
  return `${fen < 0n ? '-' : ''}${abs / 100n}.${(abs % 100n).toString().padStart(2, '0')}`
}
