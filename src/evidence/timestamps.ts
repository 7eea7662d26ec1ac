import { Integer, OctetString } from 'asn1js'
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { AlgorithmIdentifier, MessageImprint, PKIStatus, TimeStampReq, TimeStampResp } from 'pkijs'
import { anyone, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { invariant } from '../kernel/invariant.js'
import type { Vault } from '../kernel/vault.js'
import { checkTimestamp } from '../verify/timestamp.js'
import { createAuthority, newAuthority, type Authority } from './authority.js'
import type { Timestamp } from './model.js'
import { findCheckpoint, findCosignedCheckpoint, findKey, findTimestamp, insertKey, insertTimestamp } from './store.js'

/*
 * Time-stamps on checkpoints (RFC 3161). Which checkpoint still needs one is read from the tables,
 * so nothing is lost by a crash, and an answer that came twice is kept once. What comes in is
 * checked before it is kept: that it was granted, is over these bytes, answers this very request,
 * under the policy asked for, at this time, and signed by an authority that is trusted.
 */

/** Who answers requests. */
export type Tsa = Readonly<{
  /** How far apart stamps lie at least; checkpoints in between are covered by the next one. */
  pauseMs: number
  /** PEM certificates that vouch for it; undefined: whoever signs. */
  trustedFor: (office: number) => Promise<string | undefined>
  policy: string | undefined
  /** @param request TimeStampReq, DER @returns TimeStampResp, DER */
  ask: (office: number, request: Buffer, at: Date) => Promise<Buffer>
}>

/** What an authority answered is not what it was asked for; `code` says how. What is wrong with the token itself is told by the verifier's Refused. */
export class TimestampRefused extends Error {
  override readonly name = 'TimestampRefused'
  readonly code: 'unreachable' | 'not_granted' | 'other_request' | 'other_policy' | 'other_time'

  constructor (code: TimestampRefused['code'], message: string) {
    super(`${code}: ${message}`)
    this.code = code
  }
}

const keyAbout = 'evidence_keys.timestamps'
const answerMaxBytes = 65_536
const timeoutMs = 15_000
const clockDifferenceMaxMs = 300_000

type LocalDependencies = Readonly<{ work: UnitOfWork; clock: Clock; vault: Vault; nameOf: (office: number) => Promise<string> }>

/** Each office's own authority, made when it is first asked. */
export const createLocalTsa = ({ work, clock, vault, nameOf }: LocalDependencies) => {
  const authorities = new Map<number, { authority: Authority; certificates: string }>()

  const authorityOf = async (office: number) => {
    const known = authorities.get(office)
    if (known) return known
    const find = () => work.read(worker, office, (tx) => findKey(tx, 'timestamps'))
    if (!(await find())) {
      const { privatePem, certificates } = await newAuthority(`${await nameOf(office)} TSA`, clock.now())
      await work.write(worker, office, (tx) => insertKey(tx, { purpose: 'timestamps', keySealed: vault.seal(privatePem, keyAbout), certificates, createdAt: clock.now() }))
    }
    // Another process may have been first: what counts is what is kept.
    const kept = await find()
    invariant(kept?.certificates, `office ${office} has no time-stamping authority`)
    const { certificates } = kept
    const authority = await createAuthority({ privatePem: vault.open(kept.keySealed, keyAbout), certificates })
    authorities.set(office, { authority, certificates })
    return { authority, certificates }
  }

  const tsa: Tsa = {
    pauseMs: 0,
    policy: undefined,
    trustedFor: async (office) => (await authorityOf(office)).certificates,
    ask: async (office, request, at) => (await authorityOf(office)).authority.answer(request, at)
  }

  /** The chain of an office's own authority, PEM, if it has one of this name. */
  const certificatesOf = async (office: number, authority: string): Promise<string | undefined> => {
    const kept = await work.read(worker, office, (tx) => findKey(tx, 'timestamps'))
    return kept?.certificates && new X509Certificate(kept.certificates).subject === `CN=${authority}` ? kept.certificates : undefined
  }

  return { tsa, certificatesOf }
}

type RemoteOptions = Readonly<{ url: string; policy: string | undefined; certificates: string | undefined; pauseMs: number }>

/** An answer, no longer than one can be. */
const answerOf = async ({ body }: Response): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > answerMaxBytes) throw new TimestampRefused('unreachable', 'the authority answered too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Any authority by its URL (RFC 3161 §3.4). */
export const createRemoteTsa = ({ url, policy, certificates, pauseMs }: RemoteOptions): Tsa => ({
  pauseMs, policy,
  trustedFor: async () => certificates,
  ask: async (_, request) => {
    const response = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/timestamp-query' }, body: new Uint8Array(request), redirect: 'error', signal: AbortSignal.timeout(timeoutMs)
    }).catch((error: Error) => { throw new TimestampRefused('unreachable', error.message) })
    if (!response.ok) throw new TimestampRefused('unreachable', `the authority answered ${response.status}`)
    return answerOf(response)
  }
})

const arrayOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** A nonce that is positive and has no leading zeros, so that its form is the same wherever it is written. */
const newNonce = (): Buffer => Buffer.concat([Buffer.of(1), randomBytes(7)])

const requestFor = (data: Buffer, nonce: Buffer, policy: string | undefined): Buffer => Buffer.from(new TimeStampReq({
  version: 1, certReq: true, nonce: new Integer({ valueHex: arrayOf(nonce) }), ...(policy === undefined ? {} : { reqPolicy: policy }),
  messageImprint: new MessageImprint({
    hashAlgorithm: new AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1' }),
    hashedMessage: new OctetString({ valueHex: arrayOf(createHash('sha256').update(data).digest()) })
  })
}).toSchema().toBER())

const responseIn = (answer: Buffer): TimeStampResp => {
  try {
    return TimeStampResp.fromBER(arrayOf(answer))
  } catch {
    // Whatever the parser trips over is no answer.
    throw new TimestampRefused('not_granted', 'the authority\'s answer is not one')
  }
}

const tokenIn = (answer: Buffer): Buffer => {
  const { status, timeStampToken } = responseIn(answer)
  const isGranted = status.status === PKIStatus.granted || status.status === PKIStatus.grantedWithMods
  if (!isGranted || !timeStampToken) throw new TimestampRefused('not_granted', `status ${status.status} ${status.statusStrings?.map(({ valueBlock }) => valueBlock.value).join(' ') ?? ''}`)
  return Buffer.from(timeStampToken.toSchema().toBER())
}

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; tsa: Tsa }>

export const createTimestamper = ({ work, clock, tsa }: Dependencies) => {
  /** Asks for a token over some bytes and checks it. @throws when it is not what was asked for */
  const tokenOver = async (office: number, data: Buffer): Promise<Omit<Timestamp, 'treeSize'>> => {
    const nonce = newNonce()
    const now = clock.now()
    const token = tokenIn(await tsa.ask(office, requestFor(data, nonce, tsa.policy), now))
    const { genTime, authority, policy, nonce: answered } = await checkTimestamp(token, data, await tsa.trustedFor(office))
    if (answered !== nonce.toString('hex')) throw new TimestampRefused('other_request', 'the time-stamp answers another request')
    if (tsa.policy !== undefined && policy !== tsa.policy) throw new TimestampRefused('other_policy', `the time-stamp is under the policy ${policy}`)
    if (Math.abs(genTime.getTime() - now.getTime()) > clockDifferenceMaxMs) throw new TimestampRefused('other_time', `the time-stamp says ${genTime.toISOString()}`)
    return { authority, token, genTime }
  }

  /** The newest checkpoint that a witness cosigned, if it has no time-stamp yet, so that receipts can have both; else the newest of all. */
  const nextCheckpoint = async (tx: Tx) => {
    const cosigned = await findCosignedCheckpoint(tx)
    return cosigned && !(await findTimestamp(tx, cosigned.treeSize)) ? cosigned : findCheckpoint(tx)
  }

  /** Time-stamps the checkpoint whose turn it is, unless it is already, or the last stamp is too new. */
  const run = async (office: number): Promise<void> => {
    const [checkpoint, last] = await work.read(anyone, office, async (tx) => [await nextCheckpoint(tx), await findTimestamp(tx)] as const)
    if (!checkpoint || checkpoint.treeSize === last?.treeSize || (last && clock.now() < after(last.genTime, tsa.pauseMs))) return
    const timestamp = await tokenOver(office, Buffer.from(checkpoint.note))
    await work.write(worker, office, (tx) => insertTimestamp(tx, { ...timestamp, treeSize: checkpoint.treeSize }))
  }

  return { run, tokenOver, trustedFor: tsa.trustedFor }
}

export type Timestamper = ReturnType<typeof createTimestamper>
