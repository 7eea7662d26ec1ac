import * as asn1js from 'asn1js'
import { createHash, createSign, type KeyObject } from 'node:crypto'
import * as pkijs from 'pkijs'

/*
 * The signature itself: CMS SignedData (RFC 5652) over a detached content, with what CAdES asks for
 * beyond it (ETSI EN 319 122-1): the signer's certificate is named by its hash inside what is
 * signed (signing-certificate-v2, RFC 5035), and a time-stamp over the signature's value stands
 * beside it.
 */

/** Whose seal it is: the certificate that vouches for the key first, then those that vouch for it. */
export type Signer = Readonly<{ key: KeyObject; certificates: readonly Buffer[] }>

/** Asks an RFC 3161 authority to stamp some bytes. @returns a TimeStampToken, DER */
export type Timestamper = (bytes: Buffer) => Promise<Buffer>

const oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  signatureTimeStamp: '1.2.840.113549.1.9.16.2.14',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2'
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
const octets = (bytes: Buffer) => new asn1js.OctetString({ valueHex: new Uint8Array(bytes).buffer })
const attribute = (type: string, value: asn1js.BaseBlock) => new pkijs.Attribute({ type, values: [value] })
const der = (block: asn1js.BaseBlock): Buffer => Buffer.from(block.toBER(false))

/** SigningCertificateV2 with one ESSCertIDv2, whose hash is SHA-256 by default. */
const signingCertificate = (certificate: Buffer): asn1js.Sequence =>
  new asn1js.Sequence({ value: [new asn1js.Sequence({ value: [new asn1js.Sequence({ value: [octets(sha256(certificate))] })] })] })

const signatureAlgorithmOf = ({ asymmetricKeyType }: KeyObject): pkijs.AlgorithmIdentifier => {
  switch (asymmetricKeyType) {
    case 'rsa': return new pkijs.AlgorithmIdentifier({ algorithmId: oids.rsaEncryption, algorithmParams: new asn1js.Null() })
    case 'ec': return new pkijs.AlgorithmIdentifier({ algorithmId: oids.ecdsaWithSha256 })
    default: throw new Error(`a seal's key must be RSA or EC, not ${asymmetricKeyType}`)
  }
}

/** A detached signature over the content of a SHA-256 digest, as DER of its ContentInfo. */
export const signedDataOf = async (digest: Buffer, { key, certificates }: Signer, timestamp: Timestamper): Promise<Buffer> => {
  const [own] = certificates
  if (!own) throw new Error('a seal needs its certificate')
  const chain = certificates.map((bytes) => pkijs.Certificate.fromBER(new Uint8Array(bytes)))
  const [{ issuer, serialNumber }] = chain as [pkijs.Certificate]
  const signedAttributes = new pkijs.SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      attribute(oids.contentType, new asn1js.ObjectIdentifier({ value: oids.data })),
      attribute(oids.messageDigest, octets(digest)),
      attribute(oids.signingCertificateV2, signingCertificate(own))
    ]
  })
  const signature = createSign('sha256').update(setOf(signedAttributes)).sign(key)
  const token = await timestamp(signature)
  const signerInfo = new pkijs.SignerInfo({
    version: 1,
    sid: new pkijs.IssuerAndSerialNumber({ issuer, serialNumber }),
    digestAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: oids.sha256 }),
    signedAttrs: signedAttributes,
    signatureAlgorithm: signatureAlgorithmOf(key),
    signature: octets(signature),
    unsignedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 1, attributes: [attribute(oids.signatureTimeStamp, asn1js.fromBER(new Uint8Array(token)).result)] })
  })
  const signedData = new pkijs.SignedData({
    version: 1,
    digestAlgorithms: [new pkijs.AlgorithmIdentifier({ algorithmId: oids.sha256 })],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: oids.data }),
    certificates: chain,
    signerInfos: [signerInfo]
  })
  return der(new pkijs.ContentInfo({ contentType: oids.signedData, content: signedData.toSchema(true) }).toSchema())
}

/** What is signed is the attributes as a SET OF in DER, sorted (RFC 5652 §5.4), not with the tag they are sent with. */
const setOf = (attributes: pkijs.SignedAndUnsignedAttributes): Buffer => {
  attributes.attributes.sort((a, b) => Buffer.compare(der(a.toSchema()), der(b.toSchema())))
  return der(new asn1js.Set({ value: attributes.attributes.map((one) => one.toSchema()) }))
}
