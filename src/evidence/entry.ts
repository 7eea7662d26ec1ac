import canonicalize from 'canonicalize'
import { createHash } from 'node:crypto'
import { invariant } from '../kernel/invariant.js'
import { randomSlice } from '../kernel/random.js'
import { entryVersion, type EvidenceInput } from './model.js'

/** A random 128-bit salt, hex. */
export const newSalt = (): string => randomSlice().toString('hex')

/** Bigints become decimal strings, dates RFC 3339: what JSON cannot say exactly is text. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, plain(item)]))
  }
  return value
}

/** The entry of an event as RFC 8785 canonical JSON; amounts are decimal strings of fen. */
export const entryOf = (office: number, id: string, { fact, subject, contractId, merchantId, occurredAt, payload }: EvidenceInput, salt = newSalt()): string => {
  const text = canonicalize(plain({ version: entryVersion, office, id, fact, subject, contractId, merchantId, occurredAt, payload, salt }))
  invariant(text, 'an entry that is not JSON')
  return text
}

/** The public leaf of an entry. */
export const leafOf = (entry: string): Buffer => createHash('sha256').update(entry).digest()

/** A salted hash: what the log keeps of a value that must not be public, and a proof can open. */
export const commitment = (salt: string, value: string): string =>
  createHash('sha256').update(`${salt}\n${value}`).digest('hex')
