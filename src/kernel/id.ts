import { v7 } from 'uuid'
import { z } from 'zod'
import { randomSlice } from './random.js'

/*
 * An id is a TypeID: a prefix that says what it names, and a UUIDv7. The last 16 bits of the
 * UUID carry the number of the notary office the thing belongs to (a node id, RFC 9562 §6.4), so
 * that a request finds its office, and with it its shard, without a look-up. Number 0 is for
 * things that belong to no office, such as people.
 *
 * The base32 codec is ours because the reference library takes 4 to 7 µs a call, a large part of
 * the time a redemption has; it stays in the tests as the oracle.
 */

export type Id<Prefix extends string> = `${Prefix}_${string}`

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const officeMax = 0xffff

/** Every pair of letters, by the ten bits it stands for. */
const pairs = Array.from({ length: 1024 }, (_, i) => `${alphabet[i >> 5]}${alphabet[i & 31]}`)
const valueOf = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) valueOf[alphabet.charCodeAt(i)] = i

/** The suffix of 128 bits in four words: 130 bits, two zeros first, ten at a time. */
const suffixOf = (a: number, b: number, c: number, d: number): string =>
  pairs[a >>> 24] as string + pairs[(a >>> 14) & 1023] + pairs[(a >>> 4) & 1023] + pairs[((a & 15) << 6) | (b >>> 26)] +
  pairs[(b >>> 16) & 1023] + pairs[(b >>> 6) & 1023] + pairs[((b & 63) << 4) | (c >>> 28)] + pairs[(c >>> 18) & 1023] +
  pairs[(c >>> 8) & 1023] + pairs[((c & 255) << 2) | (d >>> 30)] + pairs[(d >>> 20) & 1023] + pairs[(d >>> 10) & 1023] + pairs[d & 1023]

const hexOfByte = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

const hexOfWord = (word: number): string =>
  hexOfByte[word >>> 24] as string + hexOfByte[(word >>> 16) & 255] + hexOfByte[(word >>> 8) & 255] + hexOfByte[word & 255]

/** The five bits that a letter of a suffix stands for; -1 for what is no such letter. */
const bitsAt = (suffix: string, i: number): number => valueOf[suffix.charCodeAt(i) & 127] as number

/** Five letters, 25 bits. */
const five = (suffix: string, at: number): number =>
  bitsAt(suffix, at) << 20 | bitsAt(suffix, at + 1) << 15 | bitsAt(suffix, at + 2) << 10 | bitsAt(suffix, at + 3) << 5 | bitsAt(suffix, at + 4)

const suffixPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** The four words of a suffix: its letters are 1 + 25 times five bits, of which the first two are zero. */
const wordsOf = (suffix: string): readonly [number, number, number, number] => {
  const first = bitsAt(suffix, 0)
  const [b, c, d, e, f] = [five(suffix, 1), five(suffix, 6), five(suffix, 11), five(suffix, 16), five(suffix, 21)]
  // 3 + 25 + 4 · 21 + 11 · 14 + 18 · 7 + 25 bits
  return [first << 29 | b << 4 | c >>> 21, c << 11 | d >>> 14, d << 18 | e >>> 7, e << 25 | f]
}

const isSuffix = (suffix: string): boolean => suffixPattern.test(suffix)

let lastMs = 0
let sequence = 0

/** A new id, later in sort order than every id this process made before. `office`: 0 for none. */
export const newId = <Prefix extends string>(prefix: Prefix, office: number): Id<Prefix> => {
  const random = randomSlice()
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    sequence = ((random[6] as number) << 20) | ((random[7] as number) << 12) | ((random[8] as number) << 4)
  } else {
    sequence += 1
  }
  const bytes = v7({ msecs: lastMs, seq: sequence, random }, new Uint8Array(16))
  bytes[14] = office >> 8
  bytes[15] = office & 0xff
  const words = new DataView(bytes.buffer, bytes.byteOffset)
  return `${prefix}_${suffixOf(words.getUint32(0), words.getUint32(4), words.getUint32(8), words.getUint32(12))}`
}

const suffixIn = (id: string): string => id.slice(id.lastIndexOf('_') + 1)

/** The database's form of an id. */
export const uuidOf = (id: string): string => {
  const suffix = suffixIn(id)
  if (!isSuffix(suffix)) throw new TypeError(`not an id: ${id}`)
  const [a, b, c, d] = wordsOf(suffix)
  const [second, third] = [hexOfWord(b), hexOfWord(c)]
  return `${hexOfWord(a)}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${hexOfWord(d)}`
}

const word = (hex: string) => Number.parseInt(hex, 16)

/** The wire's form of a UUID of the database, with or without its dashes. */
export const idOf = <Prefix extends string>(prefix: Prefix, uuid: string): Id<Prefix> => {
  const hex = uuid.replaceAll('-', '')
  return `${prefix}_${suffixOf(word(hex.slice(0, 8)), word(hex.slice(8, 16)), word(hex.slice(16, 24)), word(hex.slice(24)))}`
}

/** The number of the notary office an id belongs to; 0 for none. */
export const officeOf = (id: string): number => {
  const suffix = suffixIn(id)
  return isSuffix(suffix) ? wordsOf(suffix)[3] & officeMax : 0
}

export const isId = <Prefix extends string>(prefix: Prefix, text: string): text is Id<Prefix> =>
  text.startsWith(`${prefix}_`) && isSuffix(text.slice(prefix.length + 1))

/** The schema of the ids of one kind of thing, as they stand on the wire. */
export const idSchema = <Prefix extends string>(prefix: Prefix) =>
  z.custom<Id<Prefix>>((value) => typeof value === 'string' && isId(prefix, value), {
    error: `must be an id that begins with ${prefix}_`
  }).meta({ type: 'string', pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`, examples: [`${prefix}_01k0vb4c9hfkbt9t9a6x2n8g7m`] })

/** Office numbers that fit into an id. */
export const OfficeNumber = z.int().min(1).max(officeMax)
