import { BitString, Integer, ObjectIdentifier, OctetString, Sequence, UTCTime, Utf8String } from 'asn1js'
import { createHash, createPrivateKey, randomBytes, webcrypto, type KeyObject } from 'node:crypto'
import { AttributeTypeAndValue, Attribute, BasicConstraints, Certificate, ContentInfo, EncapsulatedContentInfo, Extension, ExtKeyUsage, IssuerAndSerialNumber, PKIStatusInfo, SignedAndUnsignedAttributes, SignedData, SignerInfo, TimeStampReq, TimeStampResp, TSTInfo } from 'pkijs'
import { after, dayMs } from '../kernel/calendar.js'

/*
 * A time-stamping authority of our own (RFC 3161): what a deployment has until it names another.
 * It shows readers and tests the whole way, and it binds whoever does not hold its key. It is no
 * witness against the office itself, whose service holds it: for that, name an outside authority.
 */

const oid = {
  commonName: '2.5.4.3', basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15', extKeyUsage: '2.5.29.37', timeStamping: '1.3.6.1.5.5.7.3.8',
  tstInfo: '1.2.840.113549.1.9.16.1.4', contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4', signingTime: '1.2.840.113549.1.9.5',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47', signedData: '1.2.840.113549.1.7.2'
} as const

/** Of our own authority: an arc for what has none registered (ITU-T X.667), made once for Ticun. */
const policy = '2.25.70707834946269153359713619237170855810'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
const validYears = 30

const bytesOf = (view: Uint8Array): ArrayBuffer => new Uint8Array(view).buffer

const pemOf = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${(Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`

const positive = (): Integer => new Integer({ valueHex: bytesOf(Buffer.concat([Buffer.of(1), randomBytes(15)])) })

type CertificateRequest = Readonly<{ subject: string; issuer: string; keys: webcrypto.CryptoKeyPair; signer: webcrypto.CryptoKey; now: Date; extensions: Extension[] }>

const certificateOf = async ({ subject, issuer, keys, signer, now, extensions }: CertificateRequest): Promise<Certificate> => {
  const named = (name: string) => new AttributeTypeAndValue({ type: oid.commonName, value: new Utf8String({ value: name }) })
  const certificate = new Certificate()
  certificate.version = 2
  certificate.serialNumber = positive()
  certificate.issuer.typesAndValues.push(named(issuer))
  certificate.subject.typesAndValues.push(named(subject))
  certificate.notBefore.value = after(now, -dayMs)
  // GeneralizedTime, as RFC 5280 wants it from 2050 on: without fractions of a second.
  certificate.notAfter.value = after(new Date(Math.floor(now.getTime() / 1000) * 1000), validYears * 365 * dayMs)
  certificate.notAfter.type = 1
  certificate.extensions = extensions
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  await certificate.sign(signer, 'SHA-256')
  return certificate
}

const keyUsage = (bits: number, unused: number) =>
  new Extension({ extnID: oid.keyUsage, critical: true, extnValue: new BitString({ valueHex: bytesOf(Buffer.of(bits)), unusedBits: unused }).toBER() })

/** An authority's key, PKCS#8 PEM, and its certificate with its issuer's, PEM. */
export type AuthorityKeys = Readonly<{ privatePem: string; certificates: string }>

/** Makes an authority. The key of its issuer is thrown away once it has signed, so that there is no second one. */
export const newAuthority = async (name: string, now: Date): Promise<AuthorityKeys> => {
  const [root, own] = await Promise.all([0, 1].map(() => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))) as [webcrypto.CryptoKeyPair, webcrypto.CryptoKeyPair]
  const issuer = `${name} root`
  const rootCertificate = await certificateOf({
    subject: issuer, issuer, keys: root, signer: root.privateKey, now,
    extensions: [
      new Extension({ extnID: oid.basicConstraints, critical: true, extnValue: new BasicConstraints({ cA: true }).toSchema().toBER() }),
      keyUsage(0b0000_0110, 1)
    ]
  })
  const certificate = await certificateOf({
    subject: name, issuer, keys: own, signer: root.privateKey, now,
    extensions: [keyUsage(0b1000_0000, 7), new Extension({ extnID: oid.extKeyUsage, critical: true, extnValue: new ExtKeyUsage({ keyPurposes: [oid.timeStamping] }).toSchema().toBER() })]
  })
  return {
    privatePem: pemOf('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', own.privateKey)),
    certificates: [certificate, rootCertificate].map((one) => pemOf('CERTIFICATE', one.toSchema().toBER())).join('')
  }
}

const derOfPem = (pem: string): ArrayBuffer => bytesOf(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))

const signingKeyOf = (key: KeyObject): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign'])

const sha256 = (bytes: ArrayBuffer): ArrayBuffer => bytesOf(createHash('sha256').update(Buffer.from(bytes)).digest())

const attribute = (type: string, value: object) => new Attribute({ type, values: [value] })

/** Answers RFC 3161 requests with the authority's key. */
export const createAuthority = async ({ privatePem, certificates }: AuthorityKeys) => {
  const key = await signingKeyOf(createPrivateKey(privatePem))
  const own = derOfPem(certificates.split(/(?<=-----END CERTIFICATE-----\n)/)[0] as string)
  const certificate = Certificate.fromBER(own)

  const tokenOf = async (request: TimeStampReq, at: Date): Promise<ContentInfo> => {
    const info = new TSTInfo({
      version: 1, policy, messageImprint: request.messageImprint, serialNumber: positive(), genTime: at,
      ...(request.nonce ? { nonce: request.nonce } : {})
    }).toSchema().toBER()
    const content = new EncapsulatedContentInfo({ eContentType: oid.tstInfo })
    content.eContent = new OctetString({ valueHex: info })
    const signed = new SignedData({
      version: 3, encapContentInfo: content, certificates: [certificate],
      signerInfos: [new SignerInfo({
        version: 1, sid: new IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            attribute(oid.contentType, new ObjectIdentifier({ value: oid.tstInfo })),
            attribute(oid.signingTime, new UTCTime({ valueDate: at })),
            attribute(oid.messageDigest, new OctetString({ valueHex: sha256(info) })),
            // ESSCertIDv2: the certificate by its SHA-256, the default of its algorithm.
            attribute(oid.signingCertificateV2, new Sequence({ value: [new Sequence({ value: [new Sequence({ value: [new OctetString({ valueHex: sha256(own) })] })] })] }))
          ]
        })
      })]
    })
    await signed.sign(key, 0, 'SHA-256')
    return new ContentInfo({ contentType: oid.signedData, content: signed.toSchema(true) })
  }

  /** @param request TimeStampReq, DER @returns TimeStampResp, DER */
  const answer = async (request: Buffer, at: Date): Promise<Buffer> => {
    const token = await tokenOf(TimeStampReq.fromBER(bytesOf(request)), at)
    return Buffer.from(new TimeStampResp({ status: new PKIStatusInfo({ status: 0 }), timeStampToken: token }).toSchema().toBER())
  }

  return { answer }
}

export type Authority = Awaited<ReturnType<typeof createAuthority>>
