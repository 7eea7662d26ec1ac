import type { End } from '../kernel/caller.js'
import { after, type BusinessDate } from '../kernel/calendar.js'
import type { Problem } from '../kernel/problem.js'
import { rateLimited, validationFailed, wrongState } from '../kernel/problems.js'
import { birthDateOf, type ChallengePurpose, type IdNumber, type Place } from './model.js'
import { codeExpired, codeInvalid, signInLocked } from './problems.js'

/*
 * Signing in. A code that went to a phone by SMS proves who holds the phone: it is good once, for
 * five minutes, and five wrong guesses end it. Whoever acts for an office, an authority or the
 * platform needs a password besides (two factors, classified protection level 3); five wrong ones
 * in a row lock sign-in for fifteen minutes. Passwords are asked for only once the code was right,
 * so that a stranger can neither try passwords nor lock somebody out.
 *
 * A sign_contract code is asked for one document, by its hash, and signs no other (E-signature Law
 * Art 13: data solely the signer's, changes detectable).
 */

export const codeLifeMs = 5 * 60_000
const wrongCodesMax = 5
const wrongPasswordsMax = 5
const lockMs = 15 * 60_000

/** Outside the sandbox one phone is sent a code at most once a minute, and so often a day. */
const smsIntervalMs = 60_000
const smsDayMs = 86_400_000
const smsPerDayMax = 20

export const refreshLifeMs = 30 * 86_400_000

type ChallengeState = Readonly<{ purpose: ChallengePurpose; wrongCodes: number; expiresAt: Date; usedAt: Date | null }>

type Judged = Readonly<{ right: true } | { right: false; because: Problem; countsAsWrong: boolean }>

const refused = (because: Problem, countsAsWrong = false): Judged => ({ right: false, because, countsAsWrong })

/** Judges a code against its challenge. A wrong one counts, and the count must be kept although the call is refused. */
export const judgeCode = (challenge: ChallengeState | undefined, { purpose, isRight, now }: { purpose: ChallengePurpose; isRight: boolean; now: Date }): Judged => {
  if (!challenge || challenge.purpose !== purpose) return refused(codeInvalid({}))
  if (challenge.usedAt !== null || challenge.wrongCodes >= wrongCodesMax) return refused(codeInvalid({}))
  if (now >= challenge.expiresAt) return refused(codeExpired({}))
  return isRight ? { right: true } : refused(codeInvalid({}), true)
}

type Signable = Readonly<{ personId: string | null; contractId: string | null; documentSha256: string | null }>

/** Whether a challenge was asked for by this person for this very document. */
export const isBoundTo = (challenge: Signable, { personId, contractId, documentSha256 }: { personId: string; contractId: string; documentSha256: string }): boolean =>
  challenge.personId === personId && challenge.contractId === contractId && challenge.documentSha256 === documentSha256

/** @throws rate_limited (429) when the phone was sent a code within the last minute, or too many within a day. `sent`: newest first */
export const mayBeSentAnother = (sent: readonly Date[], now: Date): void => {
  const [last] = sent
  const oldest = sent[smsPerDayMax - 1]
  const waits = [last && after(last, smsIntervalMs), oldest && after(oldest, smsDayMs)]
    .map((until) => (until ? until.getTime() - now.getTime() : 0))
  const waitMs = Math.max(...waits)
  if (waitMs > 0) throw rateLimited({ retryAfterSeconds: secondsOf(waitMs) })
}

const secondsOf = (ms: number): number => Math.ceil(ms * 0.001)

/** How far back sent codes count. */
export const smsCountedSince = (now: Date): Date => after(now, -smsDayMs)
export const smsCountedMax = smsPerDayMax

const passwordEnds: ReadonlySet<End> = new Set(['notary', 'operator', 'bureau', 'adjudicator'])

/** Whether an end needs the password besides the code. */
export const needsPassword = (end: End): boolean => passwordEnds.has(end)

/** The refusal of a person whose sign-in is locked, if it is. */
export const lockOf = (lockedUntil: Date | null, now: Date): Problem | undefined =>
  lockedUntil !== null && now < lockedUntil ? signInLocked({ retryAfterSeconds: secondsOf(lockedUntil.getTime() - now.getTime()) }) : undefined

/** What one more wrong password makes of a person. After a lock the count begins anew. */
export const afterWrongPassword = ({ failedSignIns }: { failedSignIns: number }, now: Date): { failedSignIns: number; lockedUntil: Date | null } =>
  failedSignIns + 1 >= wrongPasswordsMax
    ? { failedSignIns: 0, lockedUntil: after(now, lockMs) }
    : { failedSignIns: failedSignIns + 1, lockedUntil: null }

/** Whether a membership is one of those the caller may mean. */
export const isMeant = (membership: { office: number | null; merchantId: string | null }, { office, merchantId }: Partial<Omit<Place, 'end'>>): boolean =>
  (office === undefined || membership.office === office) && (merchantId === undefined || membership.merchantId === merchantId)

type SessionState = Readonly<{ revokedAt: Date | null; expiresAt: Date }>

/** Whether a session still lives, so that a refresh token of it may be looked at. */
export const isAlive = (session: SessionState, now: Date): boolean => session.revokedAt === null && now < session.expiresAt

/**
 * A person's ID number is set once. Only the same number may be given again, with a corrected name.
 * @throws validation_failed (422) when the person would be born after `today`
 * @throws wrong_state (409) when another number stands
 */
export const mayHaveIdentity = (current: Buffer | null, wanted: { idNumber: IdNumber; index: Buffer }, today: BusinessDate): void => {
  if (birthDateOf(wanted.idNumber) > today) {
    throw validationFailed({ errors: [{ path: 'idNumber', message: { zh: '出生日期晚于今天', en: 'the birth date is after today' } }] })
  }
  if (current !== null && !current.equals(wanted.index)) throw wrongState({ state: 'identity_set', allowed: ['identity_not_set'] })
}

/** `138****0001` */
export const maskedPhone = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`

/** `张*`, `欧***`: the first character stays. */
export const maskedName = (name: string): string => {
  const [first = '', ...rest] = name
  return first + '*'.repeat(Math.max(1, rest.length))
}

/** `310***********1234` */
export const maskedIdNumber = (idNumber: string): string => `${idNumber.slice(0, 3)}${'*'.repeat(11)}${idNumber.slice(-4)}`
