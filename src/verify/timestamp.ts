import { OctetString } from 'asn1js'
import { createHash, X509Certificate } from 'node:crypto'
import { AlgorithmIdentifier, Certificate, ContentInfo, ExtKeyUsage, SignedData, TSTInfo } from 'pkijs'
import { Refused } from './refused.js'

/* RFC 3161 time-stamp tokens, as a reader checks them. */

const oid = {
  signedData: '1.2.840.113549.1.7.2', tstInfo: '1.2.840.113549.1.9.16.1.4', sha256: '2.16.840.1.101.3.4.2.1', extKeyUsage: '2.5.29.37',
  timeStamping: '1.3.6.1.5.5.7.3.8', signingCertificateV2: '1.2.840.113549.1.9.16.2.47', signingCertificate: '1.2.840.113549.1.9.16.2.12'
} as const

const arrayOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** What a token says; `nonce` in hex. */
export type TimestampInfo = Readonly<{ genTime: Date; authority: string; policy: string; nonce: string | undefined }>

type Parsed = Readonly<{ signed: SignedData; info: TSTInfo; signer: Certificate }>

const parse = (token: Uint8Array): Parsed => {
  const content = ContentInfo.fromBER(arrayOf(token))
  if (content.contentType !== oid.signedData) throw new Refused('bad_timestamp')
  const signed = new SignedData({ schema: content.content })
  const { eContentType, eContent } = signed.encapContentInfo
  const [signerInfo] = signed.signerInfos
  if (eContentType !== oid.tstInfo || !(eContent instanceof OctetString) || !signerInfo || signed.signerInfos.length !== 1) throw new Refused('bad_timestamp')
  const info = TSTInfo.fromBER(eContent.getValue())
  const sid = signerInfo.sid as { serialNumber?: { isEqual: (other: unknown) => boolean } }
  const signer = signed.certificates?.find((one): one is Certificate => one instanceof Certificate && sid.serialNumber?.isEqual(one.serialNumber) === true)
  if (!signer) throw new Refused('bad_timestamp', 'without its certificate')
  return { signed, info, signer }
}

const derOf = (certificate: Certificate): Buffer => Buffer.from(certificate.toSchema(true).toBER())

/** The signer may do nothing but stamp times, and the token names this very certificate (RFC 3161 §2.3, RFC 5816). */
const isMadeForTimestamps = ({ signed, signer }: Parsed): boolean => {
  const usage = signer.extensions?.find(({ extnID }) => extnID === oid.extKeyUsage)
  const purposes = usage?.parsedValue instanceof ExtKeyUsage ? usage.parsedValue.keyPurposes : []
  const attributes = signed.signerInfos[0]?.signedAttrs?.attributes ?? []
  const named = (type: string, algorithm: string) => {
    const value = attributes.find((one) => one.type === type)?.values[0] as { toBER: () => ArrayBuffer } | undefined
    return value !== undefined && Buffer.from(value.toBER()).includes(createHash(algorithm).update(derOf(signer)).digest())
  }
  return usage?.critical === true && purposes.length === 1 && purposes[0] === oid.timeStamping &&
    (named(oid.signingCertificateV2, 'sha256') || named(oid.signingCertificate, 'sha1'))
}

const certificatesIn = (pem: string): Buffer[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one).raw)

const inImprint = (info: TSTInfo, data: Uint8Array): boolean => {
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  return (hashAlgorithm as AlgorithmIdentifier).algorithmId === oid.sha256 &&
    createHash('sha256').update(data).digest().equals(Buffer.from(hashedMessage.valueBlock.valueHexView))
}

const isSigned = async ({ signed, info }: Parsed, data: Uint8Array, trusted: readonly Buffer[] | undefined): Promise<boolean> => {
  // The library throws where the signature or the chain is not what it should be.
  const answer: unknown = await signed.verify({
    signer: 0, data: arrayOf(data), checkDate: info.genTime, extendedMode: false,
    ...(trusted ? { checkChain: true, trustedCerts: trusted.map((der) => Certificate.fromBER(arrayOf(der))) } : {})
  }).catch(() => false)
  return answer === true
}

const nameOf = (certificate: Certificate): string =>
  new X509Certificate(derOf(certificate)).subject.split('\n').map((part) => part.replace(/^\w+=/, '')).reverse().join(', ')

/**
 * Checks a token over data: its imprint, its signature, that its certificate is one for
 * time-stamps, and, where roots are trusted, that one of them vouches for it at that time.
 * @param trusted PEM certificates
 * @throws Refused bad_timestamp, timestamp_of_other_data, untrusted_authority
 */
export const checkTimestamp = async (token: Uint8Array, data: Uint8Array, trusted?: string): Promise<TimestampInfo> => {
  try {
    const parsed = parse(token)
    const { info, signer } = parsed
    if (!inImprint(info, data)) throw new Refused('timestamp_of_other_data')
    if (!isMadeForTimestamps(parsed) || !(await isSigned(parsed, data, undefined))) throw new Refused('bad_timestamp')
    if (trusted !== undefined && !(await isSigned(parsed, data, certificatesIn(trusted)))) throw new Refused('untrusted_authority')
    return {
      genTime: info.genTime, authority: nameOf(signer), policy: info.policy,
      nonce: info.nonce && Buffer.from(info.nonce.valueBlock.valueHexView).toString('hex')
    }
  } catch (error) {
    // Whatever the parser trips over is no token.
    throw error instanceof Refused ? error : new Refused('bad_timestamp', 'not a token')
  }
}
