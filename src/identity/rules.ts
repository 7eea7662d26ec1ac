import type { End } from '../kernel/caller.js'
import { after, dayMs, hourMs, type BusinessDate } from '../kernel/calendar.js'
import type { Problem } from '../kernel/problem.js'
import { rateLimited, validationFailed, wrongState } from '../kernel/problems.js'
import { birthDateOf, isUnder14, type ChallengePurpose, type IdNumber, type Oddity, type Place } from './model.js'
import { codeExpired, codeInvalid, dutiesApart, guardianRequired, signInLocked, stepUpRequired } from './problems.js'

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
const smsDayMs = dayMs
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

const passwordEnds: ReadonlySet<End> = new Set(['notary', 'operator', 'bureau', 'adjudicator', 'administrator'])

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
 * @throws guardian_required (422) for a child under 14
 * @throws wrong_state (409) when another number stands
 */
export const mayHaveIdentity = (current: IdNumber | undefined, wanted: IdNumber, today: BusinessDate): void => {
  if (birthDateOf(wanted) > today) {
    throw validationFailed({ errors: [{ path: 'idNumber', message: { zh: '出生日期晚于今天', en: 'the birth date is after today' } }] })
  }
  if (isUnder14(wanted, today)) throw guardianRequired({})
  if (current !== undefined && current !== wanted) throw wrongState({ state: 'identity_set', allowed: ['identity_not_set'] })
}

/** Wrong codes of an authenticator application in a row, over all challenges, that end in a lock. */
const wrongFactorCodesMax = 10

/** What one more wrong code makes of a second factor. After a lock the count begins anew. */
export const afterWrongFactorCode = ({ wrongCodes }: { wrongCodes: number }, now: Date): { wrongCodes: number; lockedUntil: Date | null } =>
  wrongCodes + 1 >= wrongFactorCodesMax ? { wrongCodes: 0, lockedUntil: after(now, lockMs) } : { wrongCodes: wrongCodes + 1, lockedUntil: null }

/** How far back sign-ins are looked at to tell what is usual for a person, and from how many on hours count. */
const usualForMs = 90 * dayMs
const usualHoursFrom = 10
const nearHours = 2
export const usualSince = (now: Date): Date => after(now, -usualForMs)

type Seen = Readonly<{ address: string; device: string; at: Date }>

const hourOf = (at: Date): number => after(at, shanghaiMs).getUTCHours()
const shanghaiMs = 8 * hourMs

const hoursApart = (a: number, b: number): number => Math.min((a - b + 24) % 24, (b - a + 24) % 24)

/** How a sign-in differs from the successful ones before it; the first one of all differs in nothing. */
export const odditiesOf = (before: readonly Seen[], { address, device, at }: Seen): Oddity[] => {
  if (before.length === 0) return []
  const isUsualHour = before.length < usualHoursFrom || before.some((one) => hoursApart(hourOf(one.at), hourOf(at)) <= nearHours)
  return [
    ...(before.some((one) => one.device === device) ? [] : ['new_device' as const]),
    ...(before.some((one) => one.address === address) ? [] : ['new_address' as const]),
    ...(isUsualHour ? [] : ['unusual_hour' as const])
  ]
}

/** Rules of passwords (dated rule `password_policy`): at level 3 of classified protection they are complex, and changed from time to time. */
export type PasswordPolicy = Readonly<{ lengthMin: number; kindsMin: number; kindsWaivedFrom: number; scoreMin: number; ageDaysMax: number | null }>

const kindsOf = (password: string): number => [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u, /\p{Lo}/u].filter((kind) => kind.test(password)).length

/**
 * @param score how hard it is to guess, 0 to 4, known passwords and the person's own particulars being the first guesses
 * @throws validation_failed (422) that says what is wrong
 */
export const mayBePassword = (password: string, { isOld, score, policy }: { isOld: boolean; score: number; policy: PasswordPolicy }): void => {
  const length = [...password].length
  const wrong = [
    ...(isOld ? [{ zh: '与现用口令相同', en: 'is the one in use' }] : []),
    ...(length < policy.lengthMin ? [{ zh: `至少 ${policy.lengthMin} 个字符`, en: `must have at least ${policy.lengthMin} characters` }] : []),
    ...(kindsOf(password) < policy.kindsMin && length < policy.kindsWaivedFrom
      ? [{ zh: `须含大写字母、小写字母、数字、符号、汉字中的 ${policy.kindsMin} 类，或者不少于 ${policy.kindsWaivedFrom} 个字符`, en: `must mix ${policy.kindsMin} of capitals, small letters, digits, signs and Chinese characters, or have ${policy.kindsWaivedFrom} characters` }]
      : []),
    ...(score < policy.scoreMin ? [{ zh: '属于常见、已泄露或容易猜到的口令', en: 'is a well-known password, or easily guessed' }] : [])
  ]
  if (wrong.length > 0) throw validationFailed({ errors: wrong.map((message) => ({ path: 'newPassword', message })) })
}

/** When acts on money need a fresh proof of the second factor (dated rule `step_up`): of everybody, or of those who enrolled one of their own. */
export type StepUpRule = Readonly<{ minutes: number; demandedOf: 'all' | 'enrolled' }>

/** Until when a proof is fresh. */
export const freshUntil = (provenAt: Date, { minutes }: StepUpRule): Date => after(provenAt, minutes * 60_000)

/** @throws step_up_required (403) */
export const mustBeFresh = ({ provenAt, isEnrolled }: { provenAt: Date | null; isEnrolled: boolean }, rule: StepUpRule, now: Date): void => {
  if (rule.demandedOf === 'enrolled' && !isEnrolled) return
  if (provenAt === null || now >= freshUntil(provenAt, rule)) throw stepUpRequired({ minutes: rule.minutes })
}

/** How long a session of the staff lives without being used (dated rule `session_policy`); others' live as long as a refresh token. */
export type SessionPolicy = Readonly<{ staffIdleMinutes: number }>

export const sessionLifeMs = (end: End, { staffIdleMinutes }: SessionPolicy): number => (passwordEnds.has(end) ? staffIdleMinutes * 60_000 : refreshLifeMs)

export type Duty = Readonly<{ end: End; roles: readonly string[] }>

/**
 * System, security and audit administrators are three people, and none of them works at another end
 * of the staff (classified protection level 3).
 * @throws duties_apart (409)
 */
export const mayTakeOn = (held: readonly Duty[], wanted: Duty): void => {
  const staffHeld = held.filter(({ end }) => passwordEnds.has(end))
  const clash = staffHeld.find((duty) => (duty.end === 'administrator') !== (wanted.end === 'administrator') ||
    (duty.end === 'administrator' && !duty.roles.every((role) => wanted.roles.includes(role))))
  if (clash && passwordEnds.has(wanted.end)) throw dutiesApart({ held: clash.end, roles: [...clash.roles] })
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
