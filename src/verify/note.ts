import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { HashName } from './merkle.js'
import { Refused } from './refused.js'

/* Signed notes (C2SP signed-note), checkpoints (C2SP tlog-checkpoint) and cosignatures (C2SP tlog-cosignature), as a reader sees them. */

export const algorithms = { ed25519: 1, cosignature: 4 } as const

/** A key that a note is checked with. */
export type VerifierKey = Readonly<{ name: string; id: Buffer; algorithm: number; publicKey: KeyObject; text: string }>

const spkiOf = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' })

/** The id of a key: what its signature lines begin with. */
export const keyIdOf = (name: string, algorithm: number, raw: Uint8Array): Buffer =>
  createHash('sha256').update(`${name}\n`).update(Buffer.of(algorithm)).update(raw).digest().subarray(0, 4)

/** Reads `name+hash+base64`. @throws Refused bad_key */
export const verifierKeyOf = (given: string): VerifierKey => {
  const text = given.trim()
  const [, name = '', hash = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  const algorithm = bytes[0] ?? 0
  const raw = bytes.subarray(1)
  const id = keyIdOf(name, algorithm, raw)
  if (raw.length !== 32 || (algorithm !== algorithms.ed25519 && algorithm !== algorithms.cosignature) || id.toString('hex') !== hash) throw new Refused('bad_key')
  return { name, id, algorithm, publicKey: spkiOf(raw), text }
}

type SignatureLine = Readonly<{ name: string; id: Buffer; signature: Buffer }>

/** A note taken apart; nothing is checked yet. */
export type Note = Readonly<{ text: string; signatures: readonly SignatureLine[] }>

/** @throws Refused bad_note */
export const noteOf = (bytes: string): Note => {
  const end = bytes.lastIndexOf('\n\n')
  const lines = bytes.slice(end + 2).split('\n')
  if (end < 0 || lines.pop() !== '' || lines.length === 0) throw new Refused('bad_note')
  const signatures = lines.map((line) => {
    const [, name = '', encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? []
    const decoded = Buffer.from(encoded, 'base64')
    if (decoded.length < 5) throw new Refused('bad_note')
    return { name, id: decoded.subarray(0, 4), signature: decoded.subarray(4) }
  })
  return { text: bytes.slice(0, end + 1), signatures }
}

const linesBy = ({ signatures }: Note, { name, id }: VerifierKey) => signatures.filter((line) => line.name === name && line.id.equals(id))

/** @throws Refused bad_signature where the key did not sign the note, or not this text */
export const checkSignature = (note: Note, key: VerifierKey): void => {
  const lines = key.algorithm === algorithms.ed25519 ? linesBy(note, key) : []
  if (!lines.some(({ signature }) => verify(null, Buffer.from(note.text), key.publicKey, signature))) throw new Refused('bad_signature')
}

/** What a witness signs: that it has seen no other history of this log, at a time. */
export const cosignedText = (text: string, seconds: bigint): Buffer => Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)

/** When a witness cosigned a note. @throws Refused no_cosignature, bad_cosignature */
export const checkCosignature = (note: Note, key: VerifierKey): Date => {
  const [line] = key.algorithm === algorithms.cosignature ? linesBy(note, key) : []
  if (!line) throw new Refused('no_cosignature', key.name)
  if (line.signature.length !== 72) throw new Refused('bad_cosignature', key.name)
  const seconds = line.signature.readBigUInt64BE()
  if (!verify(null, cosignedText(note.text, seconds), key.publicKey, line.signature.subarray(8))) throw new Refused('bad_cosignature', key.name)
  return new Date(Number(seconds) * 1000)
}

export type Checkpoint = Readonly<{ origin: string; size: number; root: Buffer; hash: HashName; note: string }>

/** @throws Refused bad_note */
export const checkpointOf = (note: string): Checkpoint => {
  const [origin = '', size = '', root = '', ...extensions] = noteOf(note).text.slice(0, -1).split('\n')
  const bytes = Buffer.from(root, 'base64')
  const isSound = origin !== '' && /^(0|[1-9]\d{0,15})$/.test(size) && bytes.length === 32 && bytes.toString('base64') === root && extensions.every(Boolean)
  if (!isSound) throw new Refused('bad_note')
  return { origin, size: Number(size), root: bytes, hash: extensions.includes('hash sm3') ? 'sm3' : 'sha256', note }
}

/** A checkpoint of the key's own log, signed with it. @throws Refused bad_note, bad_signature, wrong_log */
export const openCheckpoint = (note: string, key: VerifierKey): Checkpoint => {
  checkSignature(noteOf(note), key)
  const checkpoint = checkpointOf(note)
  if (checkpoint.origin !== key.name) throw new Refused('wrong_log')
  return checkpoint
}
