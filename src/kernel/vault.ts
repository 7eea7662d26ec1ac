import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
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

  return {
    seal: (plaintext, about) => {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(Buffer.from(about))
      const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return `${newest.id}.${Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64url')}`
    },
    open: (sealed, about) => {
      const dot = sealed.indexOf('.')
      const key = ring.find(({ id }) => id === sealed.slice(0, dot))?.key
      invariant(key, `the data key ${sealed.slice(0, dot)} is not in the ring`)
      const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength))
        .setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
      return decipher.update(bytes.subarray(nonceLength + tagLength), undefined, 'utf8') + decipher.final('utf8')
    },
    index: (value, about) => createHmac('sha256', indexKey).update(`${about}\n${value}`).digest()
  }
}
