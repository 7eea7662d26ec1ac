import * as asn1js from 'asn1js'
import { createPrivateKey, createSign, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import * as pkijs from 'pkijs'
import { after, dayMs } from '../kernel/calendar.js'
import type { Signer } from './cades.js'

/*
 * The sandbox's certificate authority: made once for an office, it vouches for the certificate that
 * the office seals with, and its own key is then thrown away. A seal by it is valid to whoever
 * chooses to trust its root; in production the office's certificate comes from a licensed authority.
 */

const oids = {
  commonName: '2.5.4.3', organization: '2.5.4.10', country: '2.5.4.6',
  basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15', ecdsaWithSha256: '1.2.840.10045.4.3.2'
}

const lifeMs = 10 * 365 * dayMs
const newKeys = promisify(generateKeyPair)
type Keys = Readonly<{ publicKey: KeyObject; privateKey: KeyObject }>
type Named = Readonly<{ name: string; keys: Keys }>

const nameOf = (commonName: string): pkijs.RelativeDistinguishedNames => new pkijs.RelativeDistinguishedNames({
  typesAndValues: [
    new pkijs.AttributeTypeAndValue({ type: oids.country, value: new asn1js.PrintableString({ value: 'CN' }) }),
    new pkijs.AttributeTypeAndValue({ type: oids.organization, value: new asn1js.Utf8String({ value: 'Ticun' }) }),
    new pkijs.AttributeTypeAndValue({ type: oids.commonName, value: new asn1js.Utf8String({ value: commonName }) })
  ]
})

const extension = (extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension =>
  new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) })

/** RFC 5280 §4.2.1.3: one bit a use, the first being digitalSignature. */
const usage = (bits: number, unused: number): asn1js.BitString => new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits: unused })
const signing = () => usage(0b1100_0000, 6)
const vouching = () => usage(0b0000_0110, 1)

const extensionsOf = (isAuthority: boolean): pkijs.Extension[] => [
  extension(oids.basicConstraints, true, new pkijs.BasicConstraints({ cA: isAuthority }).toSchema()),
  extension(oids.keyUsage, true, isAuthority ? vouching() : signing())
]

/** A certificate of one name's key by another's, DER. */
const certify = async (subject: Named, issuer: Named, isAuthority: boolean, at: Date): Promise<Buffer> => {
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: new Uint8Array([0x40, ...randomBytes(15)]).buffer }),
    subject: nameOf(subject.name),
    issuer: nameOf(issuer.name),
    notBefore: new pkijs.Time({ type: 0, value: after(at, -dayMs) }),
    notAfter: new pkijs.Time({ type: 0, value: after(at, lifeMs) }),
    subjectPublicKeyInfo: pkijs.PublicKeyInfo.fromBER(new Uint8Array(subject.keys.publicKey.export({ type: 'spki', format: 'der' }))),
    extensions: extensionsOf(isAuthority),
    signature: new pkijs.AlgorithmIdentifier({ algorithmId: oids.ecdsaWithSha256 }),
    signatureAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: oids.ecdsaWithSha256 })
  })
  const content = Buffer.from(certificate.encodeTBS().toBER(false))
  certificate.tbsView = new Uint8Array(content)
  certificate.signatureValue = new asn1js.BitString({ valueHex: new Uint8Array(createSign('sha256').update(content).sign(issuer.keys.privateKey)).buffer })
  return Buffer.from(certificate.toSchema(true).toBER(false))
}

/** A signer for an office, by an authority of its own that signs nothing else. */
export const newSigner = async (officeName: string, at: Date): Promise<Signer> => {
  const keys = () => newKeys('ec', { namedCurve: 'P-256' })
  const root: Named = { name: `${officeName} 沙盒根证书（仅供测试）`, keys: await keys() }
  const office: Named = { name: officeName, keys: await keys() }
  return {
    key: createPrivateKey(office.keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    certificates: [await certify(office, root, false, at), await certify(root, root, true, at)]
  }
}
