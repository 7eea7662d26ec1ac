import { createHash } from 'node:crypto'
import { checkInclusion, hashOf, leafOfEntry, type HashName } from './merkle.js'
import { checkCosignature, noteOf, openCheckpoint, type Checkpoint, type VerifierKey } from './note.js'
import { Refused } from './refused.js'
import { checkTimestamp } from './timestamp.js'

/* A receipt, checked offline: nothing is fetched, and nothing is believed but the keys that the reader brought. */

type Openings = Readonly<Record<string, Readonly<{ salt: string; amountFen: string }>>>

type ReceiptFile = Readonly<{
  about: string
  log: Readonly<{ origin: string; key: string }>
  entries: readonly Readonly<{ leafIndex: number; entry: string; inclusionProof: readonly string[]; openings?: Openings }>[]
  from?: number
  next?: number
  checkpoint: string
  cosignatures?: readonly string[]
  timestamp: Readonly<{ token: string; authority: string; certificates: string | null }> | null
  anchors: readonly Readonly<{ chain: string; reference: string }>[]
}>

/** What an entry says, as far as a reader needs it. */
export type Entry = Readonly<{
  fact: string
  subject: string
  occurredAt: string
  contractId?: string
  merchantId?: string
  payload: Readonly<Record<string, unknown> & { lines?: readonly Readonly<{ account: string; side: string; amountFen?: string; commitment?: string }>[] }>
}>

export type CheckedEntry = Readonly<{ leafIndex: number; entry: Entry; opened: readonly Readonly<{ contractId: string; amountFen: string }>[] }>

/** What a receipt that passed every check proves. */
export type Proven = Readonly<{
  about: string
  checkpoint: Checkpoint
  entries: readonly CheckedEntry[]
  /** whether the receipt says that it is a part, with more before or after it */
  isPart: boolean
  timestamp: Readonly<{ at: Date; authority: string; /** whether an authority that the reader brought vouches for it */ isTrusted: boolean }> | undefined
  cosignatures: readonly Readonly<{ witness: string; at: Date }>[]
  /** whose lines it carries besides, for which the reader brought no key */
  uncheckedWitnesses: readonly string[]
  anchors: readonly Readonly<{ chain: string; reference: string }>[]
}>

/** What the reader brings: the office's key, and, if wanted, authorities (PEM) and witnesses. */
export type Trust = Readonly<{ key: VerifierKey; authorities?: string | undefined; witnesses?: readonly VerifierKey[] | undefined }>

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)

const isPlace = (value: unknown): boolean => value === undefined || Number.isSafeInteger(value)

const isEntryWithProof = (value: unknown): boolean =>
  isObject(value) && Number.isSafeInteger(value.leafIndex) && isText(value.entry) && isTexts(value.inclusionProof) && (value.openings === undefined || isObject(value.openings))

/** @throws Refused not_a_receipt */
export const receiptOf = (json: string): ReceiptFile => {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new Refused('not_a_receipt', 'not JSON')
  }
  const isReceipt = isObject(value) && value.format === 'ticun-receipt/1' && isText(value.about) && isObject(value.log) && isText(value.log.origin) && isText(value.log.key) &&
    Array.isArray(value.entries) && value.entries.length > 0 && value.entries.every(isEntryWithProof) && isText(value.checkpoint) && (value.cosignatures === undefined || isTexts(value.cosignatures)) && isPlace(value.from) && isPlace(value.next) &&
    (value.timestamp === null || (isObject(value.timestamp) && isText(value.timestamp.token))) && Array.isArray(value.anchors) &&
    value.anchors.every((one) => isObject(one) && isText(one.chain) && isText(one.reference))
  if (!isReceipt) throw new Refused('not_a_receipt')
  return value as ReceiptFile
}

/** @throws Refused bad_entry */
const entryOf = (text: string): Entry => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refused('bad_entry')
  }
  const isEntry = isObject(value) && value.version === 1 && isText(value.fact) && isText(value.subject) && isText(value.occurredAt) && isObject(value.payload) &&
    (value.payload.lines === undefined || (Array.isArray(value.payload.lines) && value.payload.lines.every(isObject)))
  if (!isEntry) throw new Refused('bad_entry')
  return value as Entry
}

/** Each opening must be that of a commitment in the entry: the SHA-256 of salt, contract and amount, a line each. @throws Refused bad_opening */
const openedBy = ({ payload }: Entry, openings: Openings = {}) => {
  const commitments = new Set((payload.lines ?? []).map(({ commitment }) => commitment).filter(isText))
  return Object.entries(openings).map(([contractId, { salt, amountFen }]) => {
    if (!commitments.has(createHash('sha256').update(`${salt}\n${contractId}\n${amountFen}`).digest('hex'))) throw new Refused('bad_opening', contractId)
    return { contractId, amountFen }
  })
}

const bytesOf = (hash: HashName, text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== hashOf(hash).length) throw new Refused('not_included')
  return bytes
}

/** @throws Refused, whose `code` names what is wrong */
export const checkReceipt = async (json: string, { key, authorities, witnesses = [] }: Trust): Promise<Proven> => {
  const receipt = receiptOf(json)
  const checkpoint = openCheckpoint(receipt.checkpoint, key)
  if (receipt.log.origin !== checkpoint.origin) throw new Refused('wrong_log')
  const { hash, size, root } = checkpoint

  const entries = receipt.entries.map(({ leafIndex, entry: text, inclusionProof, openings }) => {
    checkInclusion(hash, leafOfEntry(hash, text), leafIndex, size, inclusionProof.map((one) => bytesOf(hash, one)), root)
    const entry = entryOf(text)
    return { leafIndex, entry, opened: openedBy(entry, openings) }
  })
  // A later part may hold only what belongs to the thing, such as the payouts of a settlement.
  if (receipt.from === undefined && !entries.some(({ entry }) => entry.subject === receipt.about)) throw new Refused('bad_entry', `none is about ${receipt.about}`)

  // The time-stamp is over the checkpoint as the office signed it; witnesses' lines come behind it.
  const note = noteOf(receipt.checkpoint + (receipt.cosignatures ?? []).join(''))
  const cosignatures = witnesses.map((witness) => ({ witness: witness.name, at: checkCosignature(note, witness) }))
  const uncheckedWitnesses = note.signatures.filter(({ name, id }) => ![key, ...witnesses].some((known) => known.name === name && known.id.equals(id))).map(({ name }) => name)
  const stamp = receipt.timestamp && await checkTimestamp(Buffer.from(receipt.timestamp.token, 'base64'), Buffer.from(receipt.checkpoint), authorities)
  return {
    about: receipt.about, checkpoint, entries, isPart: receipt.from !== undefined || receipt.next !== undefined, cosignatures, uncheckedWitnesses, anchors: receipt.anchors,
    timestamp: stamp ? { at: stamp.genTime, authority: stamp.authority, isTrusted: authorities !== undefined } : undefined
  }
}
