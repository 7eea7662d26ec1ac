import { createCipheriv, createDecipheriv, createHmac, randomBytes, type DecipherGCM } from 'node:crypto'
import { invariant } from './invariant.js'

/*
 * Personal data at rest: AES-256-GCM with a ring of keys (the newest seals, all open; the key's id
 * stands in the ciphertext), and a keyed hash by which a value can be looked up without being
 * readable (blind index).
 */

export type KeyRing = readonly Readonly<{ id: string; key: Buffer }>[]

export type Vault = Readonly<{
  /** `keyId.base64url(nonce ‖ tag ‖ ciphertext)`. `about` binds it to its column, so that it opens nowhere else. */
  seal: (plaintext: string, about: string) => string
  /** @throws when the ciphertext was altered, moved to another column, or its key is gone */
  open: (sealed: string, about: string) => string
  /** The same for bytes: the key's id and a dot in front of the sealed bytes. */
  sealBytes: (plain: Uint8Array, about: string) => Buffer
  openBytes: (sealed: Buffer, about: string) => Buffer
  /** The same for what is too large to hold: the key's id, a dot, the nonce, the ciphertext, the tag. */
  sealStream: (plain: AsyncIterable<Uint8Array>, about: string) => AsyncIterable<Buffer>
  /** Passes on what it has opened before it knows that all of it is in order: then it throws. */
  openStream: (sealed: AsyncIterable<Uint8Array>, about: string) => AsyncIterable<Buffer>
  /** HMAC-SHA256 of a value in its canonical form; the same value gives the same index. */
  index: (value: string, about: string) => Buffer
}>

const nonceLength = 12
const tagLength = 16

/** @param ring newest key first; each 32 bytes */
export const createVault = (ring: KeyRing, indexKey: Buffer): Vault => {
  const [newest] = ring
  invariant(newest, 'the key ring is empty')
  invariant(ring.every(({ key }) => key.length === 32), 'a data key must have 32 bytes')

  const encrypt = (plain: Uint8Array, about: string): Buffer => {
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(Buffer.from(about))
    const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
  }

  const keyOf = (keyId: string): Buffer => {
    const key = ring.find(({ id }) => id === keyId)?.key
    invariant(key, `the data key ${keyId} is not in the ring`)
    return key
  }

  const decrypt = (keyId: string, bytes: Buffer, about: string): Buffer => {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), bytes.subarray(0, nonceLength))
      .setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
    return Buffer.concat([decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()])
  }

  return {
    seal: (plaintext, about) => `${newest.id}.${encrypt(Buffer.from(plaintext), about).toString('base64url')}`,
    open: (sealed, about) => {
      const dot = sealed.indexOf('.')
      return decrypt(sealed.slice(0, dot), Buffer.from(sealed.slice(dot + 1), 'base64url'), about).toString()
    },
    sealBytes: (plain, about) => Buffer.concat([Buffer.from(`${newest.id}.`), encrypt(plain, about)]),
    openBytes: (sealed, about) => {
      const dot = sealed.indexOf('.')
      return decrypt(sealed.subarray(0, dot).toString(), sealed.subarray(dot + 1), about)
    },
    sealStream: async function * (plain, about) {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(Buffer.from(about))
      yield Buffer.concat([Buffer.from(`${newest.id}.`), nonce])
      for await (const chunk of plain) yield cipher.update(chunk)
      yield Buffer.concat([cipher.final(), cipher.getAuthTag()])
    },
    openStream: async function * (sealed, about) {
      let decipher: DecipherGCM | undefined
      let waiting: Buffer = Buffer.alloc(0)
      for await (const chunk of sealed) {
        waiting = Buffer.concat([waiting, chunk])
        if (decipher === undefined) {
          const nonceAt = waiting.indexOf('.') + 1
          if (nonceAt === 0 || waiting.length < nonceAt + nonceLength) continue
          const nonce = waiting.subarray(nonceAt, nonceAt + nonceLength)
          decipher = createDecipheriv('aes-256-gcm', keyOf(waiting.subarray(0, nonceAt - 1).toString()), nonce).setAAD(Buffer.from(about))
          waiting = waiting.subarray(nonceAt + nonceLength)
        }
        if (waiting.length <= tagLength) continue
        yield decipher.update(waiting.subarray(0, -tagLength))
        waiting = waiting.subarray(-tagLength)
      }
      invariant(decipher && waiting.length === tagLength, 'sealed bytes are cut short')
      decipher.setAuthTag(waiting).final()
    },
    index: (value, about) => createHmac('sha256', indexKey).update(`${about}\n${value}`).digest()
  }
}
