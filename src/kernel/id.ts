import { v7 } from 'uuid'
import { randomFillSync } from 'node:crypto'
import { z } from 'zod'

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
const valueOf = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) valueOf[alphabet.charCodeAt(i)] = i

const suffixLength = 26
const officeMax = 0xffff

const suffixOf = (hex: string): string => {
  // 130 bits: two zero bits, then the 128 of the UUID, five at a time.
  let suffix = ''
  let bits = 2
  let pending = 0
  for (let i = 0; i < hex.length; i++) {
    pending = (pending << 4) | Number.parseInt(hex[i] as string, 16)
    bits += 4
    if (bits >= 5) {
      bits -= 5
      suffix += alphabet[(pending >> bits) & 31]
      pending &= (1 << bits) - 1
    }
  }
  return suffix
}

const hexOf = (suffix: string): string | undefined => {
  if (suffix.length !== suffixLength) return undefined
  let hex = ''
  let bits = -2
  let pending = 0
  for (let i = 0; i < suffixLength; i++) {
    const code = suffix.charCodeAt(i)
    const value = code < 128 ? (valueOf[code] as number) : -1
    if (value < 0 || (i === 0 && value > 7)) return undefined
    pending = (pending << 5) | value
    bits += 5
    while (bits >= 4) {
      bits -= 4
      hex += ((pending >> bits) & 15).toString(16)
      pending &= (1 << bits) - 1
    }
  }
  return hex
}

const dashed = (hex: string) =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`

const pool = new Uint8Array(16 * 256)
let poolAt = pool.length

const randomBytes = () => {
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  return pool.subarray(poolAt, (poolAt += 16))
}

let lastMs = 0
let sequence = 0

/** A new id, later in sort order than every id this process made before. `office`: 0 for none. */
export const newId = <Prefix extends string>(prefix: Prefix, office: number): Id<Prefix> => {
  const random = randomBytes()
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
  return `${prefix}_${suffixOf(Buffer.from(bytes).toString('hex'))}`
}

/** The database's form of an id. */
export const uuidOf = (id: string): string => {
  const hex = hexOf(id.slice(id.lastIndexOf('_') + 1))
  if (hex === undefined) throw new TypeError(`not an id: ${id}`)
  return dashed(hex)
}

/** The wire's form of a UUID of the database. */
export const idOf = <Prefix extends string>(prefix: Prefix, uuid: string): Id<Prefix> =>
  `${prefix}_${suffixOf(uuid.replaceAll('-', ''))}`

/** The number of the notary office an id belongs to; 0 for none. */
export const officeOf = (id: string): number => {
  const hex = hexOf(id.slice(id.lastIndexOf('_') + 1))
  return hex === undefined ? 0 : Number.parseInt(hex.slice(-4), 16)
}

export const isId = <Prefix extends string>(prefix: Prefix, text: string): text is Id<Prefix> =>
  text.startsWith(`${prefix}_`) && hexOf(text.slice(prefix.length + 1)) !== undefined

/** The schema of the ids of one kind of thing, as they stand on the wire. */
export const idSchema = <Prefix extends string>(prefix: Prefix) =>
  z.custom<Id<Prefix>>((value) => typeof value === 'string' && isId(prefix, value), {
    error: `must be an id that begins with ${prefix}_`
  }).meta({ type: 'string', pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`, examples: [`${prefix}_01k0vb4c9hfkbt9t9a6x2n8g7m`] })

/** Office numbers that fit into an id. */
export const OfficeNumber = z.int().min(1).max(officeMax)
