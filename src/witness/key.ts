import { createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { algorithms, cosignedText, keyIdOf, type Note } from '../verify/note.js'
import { Refused } from '../verify/refused.js'

/* A witness's key, in the form of Go's note package: `PRIVATE+KEY+name+hash+base64`, of C2SP's type for cosignatures. */

export type WitnessKey = Readonly<{ name: string; id: Buffer; privateKey: KeyObject; verifierKey: string }>

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' })

const keyOf = (name: string, seed: Uint8Array): WitnessKey => {
  const privateKey = privateKeyOf(seed)
  const raw = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
  const id = keyIdOf(name, algorithms.cosignature, raw)
  return { name, id, privateKey, verifierKey: `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.of(algorithms.cosignature), raw]).toString('base64')}` }
}

/** A new key, as it is kept. */
export const newWitnessKey = (name: string): string => {
  const seed = randomBytes(32)
  return `PRIVATE+KEY+${name}+${keyOf(name, seed).id.toString('hex')}+${Buffer.concat([Buffer.of(algorithms.cosignature), seed]).toString('base64')}\n`
}

/** @throws Refused bad_key */
export const witnessKeyOf = (text: string): WitnessKey => {
  const [, name = '', hash = '', encoded = ''] = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length !== 33 || bytes[0] !== algorithms.cosignature) throw new Refused('bad_key')
  const key = keyOf(name, bytes.subarray(1))
  if (key.id.toString('hex') !== hash) throw new Refused('bad_key')
  return key
}

/** The line by which a witness says that it saw this checkpoint, and none that contradicts it, at a time. */
export const cosignatureLine = ({ text }: Note, { name, id, privateKey }: WitnessKey, at: Date): string => {
  const seconds = BigInt(Math.floor(at.getTime() / 1000))
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(seconds)
  return `— ${name} ${Buffer.concat([id, time, sign(null, cosignedText(text, seconds), privateKey)]).toString('base64')}\n`
}
