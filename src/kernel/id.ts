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
/** The highest number an office can have. */
export const officeMax = 0xffff

const valueOf = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) valueOf[alphabet.charCodeAt(i)] = i

// Texts are written into these and read out at once: joining pieces would leave a string of strings
// behind for each id, and an id is made or turned about a dozen times a redemption.
const letters = Buffer.from(alphabet, 'latin1')
const digits = Buffer.from('0123456789abcdef', 'latin1')
const suffixText = Buffer.alloc(26)
const uuidText = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1')

/** The suffix of 128 bits in four words: 130 bits, two zeros first, five at a time. */
const suffixOf = (a: number, b: number, c: number, d: number): string => {
  const text = suffixText
  text[0] = letters[a >>> 29] as number
  text[1] = letters[(a >>> 24) & 31] as number
  text[2] = letters[(a >>> 19) & 31] as number
  text[3] = letters[(a >>> 14) & 31] as number
  text[4] = letters[(a >>> 9) & 31] as number
  text[5] = letters[(a >>> 4) & 31] as number
  text[6] = letters[((a & 15) << 1) | (b >>> 31)] as number
  text[7] = letters[(b >>> 26) & 31] as number
  text[8] = letters[(b >>> 21) & 31] as number
  text[9] = letters[(b >>> 16) & 31] as number
  text[10] = letters[(b >>> 11) & 31] as number
  text[11] = letters[(b >>> 6) & 31] as number
  text[12] = letters[(b >>> 1) & 31] as number
  text[13] = letters[((b & 1) << 4) | (c >>> 28)] as number
  text[14] = letters[(c >>> 23) & 31] as number
  text[15] = letters[(c >>> 18) & 31] as number
  text[16] = letters[(c >>> 13) & 31] as number
  text[17] = letters[(c >>> 8) & 31] as number
  text[18] = letters[(c >>> 3) & 31] as number
  text[19] = letters[((c & 7) << 2) | (d >>> 30)] as number
  text[20] = letters[(d >>> 25) & 31] as number
  text[21] = letters[(d >>> 20) & 31] as number
  text[22] = letters[(d >>> 15) & 31] as number
  text[23] = letters[(d >>> 10) & 31] as number
  text[24] = letters[(d >>> 5) & 31] as number
  text[25] = letters[d & 31] as number
  return text.toString('latin1')
}

/** Where the sixteen bytes of a UUID stand in its text. */
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

const putWord = (word: number, first: number): void => {
  for (let i = 0; i < 4; i++) {
    const byte = (word >>> (24 - 8 * i)) & 255
    const at = uuidPlaces[first + i] as number
    uuidText[at] = digits[byte >>> 4] as number
    uuidText[at + 1] = digits[byte & 15] as number
  }
}

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

const newBytes = Buffer.alloc(16)
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
  v7({ msecs: lastMs, seq: sequence, random }, newBytes)
  newBytes.writeUInt16BE(office, 14)
  return `${prefix}_${suffixOf(newBytes.readUInt32BE(0), newBytes.readUInt32BE(4), newBytes.readUInt32BE(8), newBytes.readUInt32BE(12))}`
}

const suffixIn = (id: string): string => id.slice(id.lastIndexOf('_') + 1)

/** The database's form of an id. */
export const uuidOf = (id: string): string => {
  const suffix = suffixIn(id)
  if (!isSuffix(suffix)) throw new TypeError(`not an id: ${id}`)
  const [a, b, c, d] = wordsOf(suffix)
  putWord(a, 0)
  putWord(b, 4)
  putWord(c, 8)
  putWord(d, 12)
  return uuidText.toString('latin1')
}

/** The same, where there may be none. */
export const uuidOrNull = (id: string | null): string | null => (id === null ? null : uuidOf(id))

const digitOf = new Uint8Array(128)
for (const hex of ['0123456789abcdef', '0123456789ABCDEF']) for (let i = 0; i < 16; i++) digitOf[hex.charCodeAt(i)] = i

/** Eight hex digits of a UUID's text from a place on, over a dash if there is one. */
const wordAt = (text: string, at: number): number => {
  let value = 0
  for (let i = at, left = 8; left > 0; i++) {
    const code = text.charCodeAt(i)
    if (code === dash) continue
    value = value << 4 | digitOf[code & 127] as number
    left -= 1
  }
  return value
}
const dash = 0x2d

/** The wire's form of a UUID of the database, with or without its dashes; lower case, as the database writes it. */
export const idOf = <Prefix extends string>(prefix: Prefix, uuid: string): Id<Prefix> => {
  const [b, c, d] = uuid.length === 36 ? [9, 19, 28] as const : [8, 16, 24] as const
  return `${prefix}_${suffixOf(wordAt(uuid, 0), wordAt(uuid, b), wordAt(uuid, c), wordAt(uuid, d))}`
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
