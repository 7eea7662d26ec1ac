import { hash } from 'node:crypto'
import { randomSlice } from '../kernel/random.js'
import { entryVersion, type EvidenceInput } from './model.js'

/** A random 128-bit salt, hex. */
export const newSalt = (): string => randomSlice().toString('hex')

/**
 * RFC 8785 canonical JSON: keys in the order of their UTF-16 code units, strings and numbers as
 * JSON.stringify writes them, nothing undefined. Bigints become decimal strings, dates RFC 3339:
 * what JSON cannot say exactly is text. Ours, because an entry is made for each redemption and the
 * reference library takes ten times as long; it stays in the tests as the oracle.
 */
const canonical = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `"${value}"`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (value instanceof Date) return `"${value.toISOString()}"`
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : canonical(item))).join(',')}]`
  const members = value as Record<string, unknown>
  let text = ''
  for (const key of inOrder(Object.keys(members))) {
    const member = members[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonical(member)}`
  }
  return `{${text}}`
}

/** A string as JSON.stringify writes it; most have nothing to escape. */
const quoted = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text))
const plain = /^[ !#-[\]-~]*$/

/** Keys in order; most come so. */
const inOrder = (keys: string[]): string[] => {
  for (let i = 1; i < keys.length; i++) if ((keys[i] as string) < (keys[i - 1] as string)) return keys.sort()
  return keys
}

/** The entry of an event as canonical JSON; amounts are decimal strings of fen. */
export const entryOf = (office: number, id: string, { fact, subject, contractId, merchantId, occurredAt, payload }: EvidenceInput, salt = newSalt()): string =>
  canonical({ contractId, fact, id, merchantId, occurredAt, office, payload, salt, subject, version: entryVersion })

/** The public leaf of an entry. */
export const leafOf = (entry: string): Buffer => hash('sha256', entry, 'buffer')

/** A salted hash: what the log keeps of a value that must not be public, and a proof can open. */
export const commitment = (salt: string, value: string): string =>
  hash('sha256', `${salt}\n${value}`)
