import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import * as pkijs from 'pkijs'
import type { Signer } from './cades.js'

/*
 * An office's certificate and key as a licensed authority hands them out: one PKCS#12 file
 * (RFC 7292) with a password, encrypted the modern way (PBES2 with AES, as OpenSSL 3 writes it).
 */

const bags = { key: '1.2.840.113549.1.12.10.1.1', shroudedKey: '1.2.840.113549.1.12.10.1.2', certificate: '1.2.840.113549.1.12.10.1.3' }

const encryptedData = '1.2.840.113549.1.7.6'

const der = (thing: { toSchema: () => { toBER: (sizeOnly: boolean) => ArrayBuffer } }): Buffer => Buffer.from(thing.toSchema().toBER(false))

const safeBagsOf = async (file: Buffer, password: ArrayBuffer): Promise<pkijs.SafeBag[]> => {
  const pfx = pkijs.PFX.fromBER(new Uint8Array(file))
  await pfx.parseInternalValues({ password, checkIntegrity: true })
  const safe = pfx.parsedValue?.authenticatedSafe
  if (!safe) throw new Error('it holds nothing')
  await safe.parseInternalValues({ safeContents: safe.safeContents.map(({ contentType }) => (contentType === encryptedData ? { password } : {})) })
  const contents = safe.parsedValue as { safeContents: { value: pkijs.SafeContents }[] }
  return contents.safeContents.flatMap(({ value }) => value.safeBags)
}

const keyOf = async ({ bagId, bagValue }: pkijs.SafeBag, password: ArrayBuffer): Promise<KeyObject | undefined> => {
  if (bagId === bags.key) return createPrivateKey({ key: der(bagValue as pkijs.PrivateKeyInfo), format: 'der', type: 'pkcs8' })
  if (bagId !== bags.shroudedKey) return undefined
  const shrouded = bagValue as pkijs.PKCS8ShroudedKeyBag & { parseInternalValues: (parameters: { password: ArrayBuffer }) => Promise<void> }
  await shrouded.parseInternalValues({ password })
  return createPrivateKey({ key: der(shrouded.parsedValue as pkijs.PrivateKeyInfo), format: 'der', type: 'pkcs8' })
}

const certificateOf = ({ bagId, bagValue }: pkijs.SafeBag): Buffer | undefined =>
  (bagId === bags.certificate ? der((bagValue as pkijs.CertBag).parsedValue as pkijs.Certificate) : undefined)

const publicDer = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

/**
 * Opens a PKCS#12 file.
 * @throws Error when the password is wrong, or the file does not hold one key and its certificate
 */
export const signerIn = async (file: Buffer, password: string): Promise<Signer> => {
  const secret = new Uint8Array(Buffer.from(password)).buffer
  const all = await safeBagsOf(file, secret)
  const keys = (await Promise.all(all.map((bag) => keyOf(bag, secret)))).filter((key) => key !== undefined)
  const certificates = all.map(certificateOf).filter((certificate) => certificate !== undefined)
  const [key] = keys
  if (!key || keys.length > 1) throw new Error(`it holds ${keys.length} private keys in place of one`)
  const own = certificates.find((bytes) => publicDer(new X509Certificate(bytes).publicKey) === publicDer(createPublicKey(key)))
  if (!own) throw new Error('it holds no certificate of its key')
  return { key, certificates: [own, ...certificates.filter((bytes) => bytes !== own)] }
}
