import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { invariant } from './invariant.js'

/*
 * Personal data at rest: sealed by a ring of keys (the newest seals, all open; the key's id stands
 * in the ciphertext), and a keyed hash by which a value can be looked up without being readable
 * (blind index), with a ring of its own. Each key belongs to one suite: AES-256-GCM with SHA-256,
 * or the Chinese ones, SM4 (GB/T 32907) with SM3 (GB/T 32905). OpenSSL 3.0 has no sm4-gcm, so SM4
 * runs in counter mode and HMAC-SM3 over context, nonce and ciphertext authenticates it
 * (encrypt-then-MAC), with two keys derived from the one given (HKDF, RFC 5869).
 */

export type Cipher = 'aes-256-gcm' | 'sm4'
/** Newest first; each key 32 bytes. `cipher`: AES-256-GCM unless said. */
export type KeyRing = readonly Readonly<{ id: string; key: Buffer; cipher?: Cipher }>[]

export type IndexHash = 'sha256' | 'sm3'
/** Newest first. A key without an id is the one from before there were several: its indexes carry no tag. */
export type IndexRing = readonly Readonly<{ id: string | undefined; key: Buffer; hash?: IndexHash }>[]

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
  /** Keyed hash of a value in its canonical form, by the newest key; the same value gives the same index. */
  index: (value: string, about: string) => Buffer
  /** By every key of the ring, newest first: what is looked up by, so that rows of before a rotation are found. */
  indexes: (value: string, about: string) => Buffer[]
  /** The ids of the keys that seal and index now. */
  newest: Readonly<{ sealing: string; index: string | undefined }>
}>

/** One running sealing or opening: `finish` ends it, and of an opening proves the tag. */
type Sealing = Readonly<{ update: (plain: Uint8Array) => Buffer; finish: () => Readonly<{ rest: Buffer; tag: Buffer }> }>
type Opening = Readonly<{ update: (ciphertext: Uint8Array) => Buffer; finish: (tag: Buffer) => Buffer }>

type Suite = Readonly<{
  nonceLength: number
  tagLength: number
  sealing: (nonce: Buffer, about: string) => Sealing
  opening: (nonce: Buffer, about: string) => Opening
}>

const aesGcm = (key: Buffer): Suite => ({
  nonceLength: 12,
  tagLength: 16,
  sealing: (nonce, about) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
    return {
      update: (plain) => cipher.update(plain),
      finish: () => {
        const rest = cipher.final()
        return { rest, tag: cipher.getAuthTag() }
      }
    }
  },
  opening: (nonce, about) => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
    return { update: (ciphertext) => decipher.update(ciphertext), finish: (tag) => decipher.setAuthTag(tag).final() }
  }
})

const sm4KeyLength = 16
const sm3Length = 32

/** SM4-CTR, then HMAC-SM3 over the length of the context, the context, the nonce and the ciphertext. */
const sm4Ctr = (key: Buffer): Suite => {
  const derived = Buffer.from(hkdfSync('sm3', key, 'ticun', 'sm4-ctr then hmac-sm3', sm4KeyLength + sm3Length))
  const [cipherKey, macKey] = [derived.subarray(0, sm4KeyLength), derived.subarray(sm4KeyLength)]
  const macOver = (nonce: Buffer, about: string) => {
    const context = Buffer.from(about)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(context.length)
    return createHmac('sm3', macKey).update(length).update(context).update(nonce)
  }
  return {
    nonceLength: 16,
    tagLength: sm3Length,
    sealing: (nonce, about) => {
      const cipher = createCipheriv('sm4-ctr', cipherKey, nonce)
      const mac = macOver(nonce, about)
      const authenticated = (ciphertext: Buffer): Buffer => {
        mac.update(ciphertext)
        return ciphertext
      }
      return {
        update: (plain) => authenticated(cipher.update(plain)),
        finish: () => {
          const rest = authenticated(cipher.final())
          return { rest, tag: mac.digest() }
        }
      }
    },
    opening: (nonce, about) => {
      const decipher = createDecipheriv('sm4-ctr', cipherKey, nonce)
      const mac = macOver(nonce, about)
      return {
        update: (ciphertext) => {
          mac.update(ciphertext)
          return decipher.update(ciphertext)
        },
        finish: (tag) => {
          if (!timingSafeEqual(mac.digest(), tag)) throw new Error('the sealed bytes are not authentic')
          return decipher.final()
        }
      }
    }
  }
}

const suiteOf = { 'aes-256-gcm': aesGcm, sm4: sm4Ctr } as const

const tagLength = 4

/** What an index made by a key begins with, so that it can be told which indexes are still to be made anew. */
export const indexTagOf = (keyId: string | undefined): Buffer =>
  keyId === undefined ? Buffer.alloc(0) : createHash('sha256').update(`index key ${keyId}`).digest().subarray(0, tagLength)

/** @param ring newest key first; each 32 bytes @param indexRing newest first; a bare key is one without an id */
export const createVault = (ring: KeyRing, indexRing: IndexRing | Buffer): Vault => {
  const [newest] = ring
  invariant(newest, 'the key ring is empty')
  invariant(ring.every(({ key }) => key.length === 32), 'a data key must have 32 bytes')
  const suites = new Map(ring.map(({ id, key, cipher = 'aes-256-gcm' }) => [id, suiteOf[cipher](key)]))
  const indexKeys: IndexRing = Buffer.isBuffer(indexRing) ? [{ id: undefined, key: indexRing }] : indexRing
  const [newestIndex] = indexKeys
  invariant(newestIndex, 'the ring of index keys is empty')

  const suiteFor = (keyId: string): Suite => {
    const suite = suites.get(keyId)
    invariant(suite, `the data key ${keyId} is not in the ring`)
    return suite
  }
  const sealingSuite = suiteFor(newest.id)

  const encrypt = (plain: Uint8Array, about: string): Buffer => {
    const nonce = randomBytes(sealingSuite.nonceLength)
    const sealing = sealingSuite.sealing(nonce, about)
    const ciphertext = sealing.update(plain)
    const { rest, tag } = sealing.finish()
    return Buffer.concat([nonce, tag, ciphertext, rest])
  }

  const decrypt = (keyId: string, bytes: Buffer, about: string): Buffer => {
    const { nonceLength, tagLength, opening: openingOf } = suiteFor(keyId)
    invariant(bytes.length >= nonceLength + tagLength, 'sealed bytes are cut short')
    const opening = openingOf(bytes.subarray(0, nonceLength), about)
    const plain = opening.update(bytes.subarray(nonceLength + tagLength))
    return Buffer.concat([plain, opening.finish(bytes.subarray(nonceLength, nonceLength + tagLength))])
  }

  const indexBy = ({ id, key, hash = 'sha256' }: IndexRing[number], value: string, about: string): Buffer =>
    Buffer.concat([indexTagOf(id), createHmac(hash, key).update(`${about}\n${value}`).digest()])

  return {
    newest: { sealing: newest.id, index: newestIndex.id },
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
      const nonce = randomBytes(sealingSuite.nonceLength)
      const sealing = sealingSuite.sealing(nonce, about)
      yield Buffer.concat([Buffer.from(`${newest.id}.`), nonce])
      for await (const chunk of plain) yield sealing.update(chunk)
      const { rest, tag } = sealing.finish()
      yield Buffer.concat([rest, tag])
    },
    openStream: async function * (sealed, about) {
      let opened: Readonly<{ opening: Opening; tagLength: number }> | undefined
      let waiting: Buffer = Buffer.alloc(0)
      for await (const chunk of sealed) {
        waiting = Buffer.concat([waiting, chunk])
        if (opened === undefined) {
          const nonceAt = waiting.indexOf('.') + 1
          if (nonceAt === 0) continue
          const { nonceLength, tagLength, opening } = suiteFor(waiting.subarray(0, nonceAt - 1).toString())
          if (waiting.length < nonceAt + nonceLength) continue
          opened = { opening: opening(waiting.subarray(nonceAt, nonceAt + nonceLength), about), tagLength }
          waiting = waiting.subarray(nonceAt + nonceLength)
        }
        if (waiting.length <= opened.tagLength) continue
        yield opened.opening.update(waiting.subarray(0, -opened.tagLength))
        waiting = waiting.subarray(-opened.tagLength)
      }
      invariant(opened && waiting.length === opened.tagLength, 'sealed bytes are cut short')
      opened.opening.finish(waiting)
    },
    index: (value, about) => indexBy(newestIndex, value, about),
    indexes: (value, about) => indexKeys.map((key) => indexBy(key, value, about))
  }
}
