import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { HashName } from './model.js'

/*
 * Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note): what the log says of itself
 * at one size, signed by the office's Ed25519 key under the office's origin as its name.
 */

const ed25519 = Buffer.of(1)

const rawPublicKey = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32)

const keyIdOf = (name: string, publicKey: Buffer): Buffer =>
  createHash('sha256').update(`${name}\n`).update(ed25519).update(publicKey).digest().subarray(0, 4)

/** A key that signs notes; its public half is told as `name+hash+base64`. */
export type NoteKey = Readonly<{ name: string; privateKey: KeyObject; verifierKey: string }>

export const newPrivateKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

export const noteKeyOf = (name: string, privatePem: string): NoteKey => {
  const privateKey = createPrivateKey(privatePem)
  const publicKey = rawPublicKey(privateKey)
  return {
    name, privateKey,
    verifierKey: `${name}+${keyIdOf(name, publicKey).toString('hex')}+${Buffer.concat([ed25519, publicKey]).toString('base64')}`
  }
}

/** The text of a checkpoint. A log that does not use SHA-256 says so in an extension line, so that it is signed with the rest. */
export const checkpointText = (origin: string, size: number, root: Buffer, hash: HashName): string =>
  [origin, String(size), root.toString('base64'), ...(hash === 'sha256' ? [] : [`hash ${hash}`]), ''].join('\n')

export const signNote = (text: string, { name, privateKey }: NoteKey): string => {
  const signature = Buffer.concat([keyIdOf(name, rawPublicKey(privateKey)), sign(null, Buffer.from(text), privateKey)])
  return `${text}\n— ${name} ${signature.toString('base64')}\n`
}
