import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Audit } from '../audit/service.js'
import { smsTopic, type SmsPayload } from '../channels/sms/sms.js'
import { actorOf, identity as identityRole, inRole, worker, type Actor, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after, dateOf, dayMs } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { idOf, newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import type { PageOf } from '../kernel/page.js'
import { Problem } from '../kernel/problem.js'
import { forbidden, notFound, unauthenticated, validationFailed, wrongState } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { OfficeId } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import type { Outbox } from '../outbox/service.js'
import type { Job } from '../timetable/service.js'
import type {
  Challenge, Enrolment, EnrolSecondFactor, FactorProof, Me, NewChallenge, NewIdentity, NewPassword, PersonId, RecoveryCodes, Refresh, SecondFactor, SessionId, SignIn, SignInFilter,
  SigningAttempt, SignInRecord, StepUp, SteppedUp, User
} from './model.js'
import type { Passwords } from './passwords.js'
import { columns, type People } from './people.js'
import { chooseMembership, codeInvalid, credentialsInvalid, signInLocked, smsUnavailable } from './problems.js'
import type { Revocations } from './revocations.js'
import {
  afterWrongPassword, codeLifeMs, freshUntil, isAlive, isBoundTo, isMeant, judgeCode, lockOf, maskedIdNumber, maskedName, maskedPhone,
  mayBeSentAnother, mayHaveIdentity, mustBeFresh, needsPassword, sessionLifeMs, smsCountedMax, smsCountedSince, type StepUpRule
} from './rules.js'
import type { SecondFactors } from './second-factors.js'
import { codeHashOf, isPassword, isSame, newCode, newRefreshToken, refreshHashOf, sessionOfRefreshToken } from './secrets.js'
import type { SignIns } from './sign-ins.js'
import {
  countWrongCode, deleteLoginChallenges, findMembership, findPerson, findSession, insertChallenge, insertSession, listMemberships, listSessions,
  lockChallenge, lockPerson, lockSent, lockSession, markChallengeUsed, updatePerson, updateSession,
  type ChallengeRow, type MembershipRow, type PersonRow, type SessionRow
} from './store.js'

const StepUpValue = z.object({ minutes: z.int(), demandedOf: z.enum(['all', 'enrolled']) })
const SessionValue = z.object({ staffIdleMinutes: z.int() })
const RetentionValue = z.object({ signInDays: z.int() })

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  outbox: Outbox
  audit: Audit
  offices: Offices
  people: People
  secondFactors: SecondFactors
  signIns: SignIns
  passwords: Passwords
  revocations: Revocations
  keys: Readonly<{ codes: Buffer; refreshTokens: Buffer }>
  /** Whether there is a gateway that takes messages. */
  smsIsAvailable: boolean
  /** Whether a phone must wait between codes. */
  smsIsLimited: boolean
}>

/** What a contract to be signed is, told by the feature that owns it. @throws not_found, wrong_state */
export type DocumentOf = (caller: Caller, contractId: NonNullable<NewChallenge['contractId']>) => Promise<{ documentSha256: string }>

/** Who asked for a code, and what is signed by it. */
type Signing = Readonly<{ personId: PersonId; contractId?: NonNullable<NewChallenge['contractId']>; documentSha256?: string }>

/** What an access token says; http/authentication.ts signs it. */
export type TokenClaims = Readonly<{
  sub: Caller['personId']; end: Caller['end']; roles: string[]; office?: number; merchant?: NonNullable<Caller['merchantId']>; sid: SessionId
}>

/** A session that has just begun or gone on: what its access token is to say, and the next refresh token. */
export type Granted = Readonly<{ claims: TokenClaims; refreshToken: string }>

type KnownOffice = Awaited<ReturnType<Offices['list']>>[number]

type PlaceOf = Readonly<Pick<MembershipRow, 'office' | 'merchantId' | 'roles'>>

/** The id of no person. */
const nobody: PersonId = idOf('per', '00000000-0000-0000-0000-000000000000')

const consumerPlace: PlaceOf = { office: null, merchantId: null, roles: [] }
const challengesKeptMs = dayMs
const smsRetrySeconds = 3_600

/** Longer than any refusal of a sign-in takes to be found, on a service that is not overrun. */
const refusedAfterMs = 100

/**
 * Gives a refusal after the same time, whatever had to be looked up for it: how long it takes must
 * not tell a stranger whose telephone number it is, and that its owner uses a second factor.
 */
const refusedEvenly = async <Result>(run: () => Promise<Result>): Promise<Result> => {
  const begun = performance.now()
  try {
    return await run()
  } catch (error) {
    await sleep(Math.max(0, refusedAfterMs - (performance.now() - begun)))
    throw error
  }
}

const asIdentity = (caller: Caller): Actor => ({ role: 'identity', personId: caller.personId, caller })
const officeOfCaller = (caller: Caller): number => caller.office ?? 0

const claimsOf = ({ id, personId, end, office, merchantId, roles }: Pick<SessionRow, 'id' | 'personId' | 'end' | 'office' | 'merchantId' | 'roles'>): TokenClaims => ({
  sub: personId, end, roles, sid: id, ...(office === null ? {} : { office }), ...(merchantId === null ? {} : { merchant: merchantId })
})

const deviceMax = 200

/** What a client says it is, as it is kept. */
export const deviceOf = (userAgent: string | undefined): string => (userAgent ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, deviceMax)

/** Refusals that must not undo what the transaction wrote (a count, a revocation) are returned by it, and thrown here, after its commit. */
const orThrow = <Result>(outcome: Result | Problem): Result => {
  if (outcome instanceof Problem) throw outcome
  return outcome
}

export const createIdentity = ({
  work, clock, vault, outbox, audit, offices, people, secondFactors, signIns, passwords, revocations, keys, smsIsAvailable, smsIsLimited
}: Dependencies) => {
  const { lockOrMake, addMember, endMember, personOf, idNumberIndexOf } = people

  /** A dated rule of the office, or of all. */
  const ruleOf = async <Schema extends z.ZodType>(tx: Tx, name: string, schema: Schema, office: number | null | undefined): Promise<z.output<Schema>> => {
    const officeId = await officeIdOf(office ?? undefined)
    const rule = await offices.ruleInForce(tx, name, officeId === undefined ? [] : [officeId], dateOf(clock.now()))
    invariant(rule, `there is no rule ${name}`)
    return schema.parse(rule.value)
  }

  const textOf = (code: string, purpose: NewChallenge['purpose'], signing: Signing | undefined): string => {
    if (purpose === 'step_up') return `【提存】验证码 ${code},用于确认涉及资金的操作,5 分钟内有效。非本人操作请立即联系安全管理员,请勿转告他人。`
    return signing?.documentSha256 !== undefined
      ? `【提存】验证码 ${code},用于签署合同(文件指纹 ${signing.documentSha256.slice(0, 12)}),5 分钟内有效。签署即同意合同全部内容,请勿转告他人。`
      : `【提存】登录验证码 ${code},5 分钟内有效,请勿转告他人。`
  }

  /** What a challenge other than to sign in is bound to. */
  const signingOf = async (asked: NewChallenge, caller: Caller | undefined, documentOf: DocumentOf): Promise<Signing | undefined> => {
    if (asked.purpose === 'login') return undefined
    if (caller === undefined) throw unauthenticated({})
    if (asked.purpose === 'step_up' ? !needsPassword(caller.end) : caller.end !== 'consumer') throw forbidden({})
    const person = await work.read(actorOf(caller), 0, (tx) => personOf(tx, caller.personId))
    if (person.phone !== asked.phone) {
      throw validationFailed({ errors: [{ path: 'phone', message: { zh: '须为本人登录所用的手机号码', en: 'must be the number you signed in with' } }] })
    }
    if (asked.purpose === 'step_up' || asked.contractId === undefined) return { personId: caller.personId }
    const { documentSha256 } = await documentOf(caller, asked.contractId)
    return { personId: caller.personId, contractId: asked.contractId, documentSha256 }
  }

  /**
   * Sends a code by SMS. Whether the phone is known makes no difference: nobody looks.
   * @throws sms_unavailable (503) before anything is written; rate_limited (429) outside the sandbox
   */
  const challenge = async (asked: NewChallenge, caller: Caller | undefined, documentOf: DocumentOf): Promise<Challenge> => {
    if (!smsIsAvailable) throw smsUnavailable({ retryAfterSeconds: smsRetrySeconds })
    const signing = await signingOf(asked, caller, documentOf)
    const challengeId = newId('chl', 0)
    const code = newCode()
    const phoneIndex = vault.index(asked.phone, columns.phone)
    return work.write(identityRole, 0, async (tx) => {
      const sent = smsIsLimited ? await lockSent(tx, vault.indexes(asked.phone, columns.phone), smsCountedSince(clock.now()), smsCountedMax) : []
      // Whoever waited for another's code comes after it.
      const now = clock.now()
      mayBeSentAnother(sent, now)
      const expiresAt = after(now, codeLifeMs)
      await insertChallenge(tx, {
        id: challengeId, purpose: asked.purpose, phoneIndex, phoneSealed: vault.seal(asked.phone, columns.challengePhone),
        codeHash: codeHashOf(keys.codes, challengeId, code), createdAt: now, expiresAt, ...signing
      })
      const payload: SmsPayload = { phone: asked.phone, text: textOf(code, asked.purpose, signing), code, uselessAfter: expiresAt.toISOString() }
      await outbox.send(tx, { topic: smsTopic, key: challengeId, payload })
      return { challengeId, expiresAt }
    })
  }

  /** Locks a challenge and judges a code against it; a wrong one is counted in this transaction. */
  const judge = async (tx: Tx, { challengeId, code }: Pick<SignIn, 'challengeId' | 'code'>, purpose: NewChallenge['purpose']): Promise<ChallengeRow | Problem> => {
    const found = await lockChallenge(tx, challengeId)
    const isRight = isSame(codeHashOf(keys.codes, challengeId, code), found?.codeHash ?? Buffer.alloc(0))
    const judged = judgeCode(found, { purpose, isRight, now: clock.now() })
    if (!judged.right && judged.countsAsWrong) await countWrongCode(tx, challengeId)
    return judged.right ? found as ChallengeRow : judged.because
  }

  /** The password of those who need one; a wrong one is counted in this transaction. */
  const refusalOfPassword = async (tx: Tx, person: PersonRow, password: string | undefined): Promise<Problem | undefined> => {
    const now = clock.now()
    const locked = lockOf(person.lockedUntil, now)
    if (locked) return locked
    if (password === undefined) return credentialsInvalid({})
    const isUsable = person.passwordHash !== null && (person.passwordExpiresAt === null || now < person.passwordExpiresAt)
    if (isUsable && await isPassword(password, person.passwordHash as string)) return undefined
    await updatePerson(tx, person.id, afterWrongPassword(person, now))
    return credentialsInvalid({})
  }

  const choiceOf = (fitting: readonly MembershipRow[], known: readonly KnownOffice[]): Problem => chooseMembership({
    memberships: fitting.map(({ office, merchantId, placeName }) => {
      const place = known.find(({ number }) => number === office)
      return { ...(place ? { officeId: place.id } : {}), ...(merchantId === null ? {} : { merchantId }), name: placeName || (place?.name ?? '') }
    })
  })

  const wantedPlace = ({ officeId, merchantId }: Pick<SignIn, 'officeId' | 'merchantId'>) =>
    ({ office: officeId === undefined ? undefined : officeOf(officeId), merchantId })

  const sessionLife = async (tx: Tx, end: Caller['end'], office: number | null): Promise<number> =>
    sessionLifeMs(end, needsPassword(end) ? await ruleOf(tx, 'session_policy', SessionValue, office) : { staffIdleMinutes: 0 })

  /** Where a person signs in to: one membership of the end, proven by the password where the end asks for it. */
  const placeOf = async (tx: Tx, person: PersonRow, attempt: SignIn, known: readonly KnownOffice[]): Promise<PlaceOf | Problem> => {
    if (attempt.end === 'consumer') return consumerPlace
    const fitting = (await listMemberships(tx, person.id, attempt.end)).filter((membership) => isMeant(membership, wantedPlace(attempt)))
    const [only] = fitting
    if (!only) return forbidden({})
    const refusal = needsPassword(attempt.end) ? await refusalOfPassword(tx, person, attempt.password) : undefined
    if (refusal) return refusal
    return fitting.length === 1 ? only : choiceOf(fitting, known)
  }

  const beginSession = async (tx: Tx, person: PersonRow, { end }: SignIn, { office, merchantId, roles }: PlaceOf, request: Caller['request']): Promise<Granted> => {
    const now = clock.now()
    const id = newId('ses', 0)
    const refreshToken = newRefreshToken(keys.refreshTokens, id)
    const session = { id, personId: person.id, end, office, merchantId, roles }
    await insertSession(tx, {
      ...session, refreshHash: refreshHashOf(refreshToken), address: request.address,
      createdAt: now, refreshedAt: now, provenAt: now, expiresAt: after(now, await sessionLife(tx, end, office))
    })
    if (person.failedSignIns > 0 || person.lockedUntil !== null) await updatePerson(tx, person.id, { failedSignIns: 0, lockedUntil: null })
    await signIns.record(tx, { personId: person.id, end, office, outcome: 'signed_in', request })
    await audit.record(tx, { personId: person.id, end, roles, office: office ?? undefined, merchantId: merchantId ?? undefined, sessionId: id, request })
    return { claims: claimsOf(session), refreshToken }
  }

  /** A code that proves whoever signs in, and what uses it up. */
  type ProvenSignIn = Readonly<{ person: PersonRow; use: () => Promise<void> }>

  /** By the SMS code. Whoever has no account yet gets one. */
  const provenBySms = async (tx: Tx, attempt: SignIn): Promise<ProvenSignIn | Problem> => {
    const found = await judge(tx, attempt, 'login')
    if (found instanceof Problem) return found
    const person = await lockOrMake(tx, vault.open(found.phoneSealed, columns.challengePhone))
    return { person, use: () => markChallengeUsed(tx, found.id, clock.now()) }
  }

  /** By the code of the second factor the person enrolled; undefined where there is none. A wrong one counts against the challenge too. */
  const provenByFactor = async (tx: Tx, attempt: SignIn, request: Caller['request']): Promise<ProvenSignIn | Problem | undefined> => {
    const found = await lockChallenge(tx, attempt.challengeId)
    if (!needsPassword(attempt.end) || !found || found.phoneSealed === '') return undefined
    const person = await people.findByPhone(tx, vault.open(found.phoneSealed, columns.challengePhone))
    // Looked for also where there is nobody, so that a number that is known asks no more of the database than one that is not.
    const factor = await secondFactors.active(tx, person?.id ?? nobody)
    if (!person || !factor) return undefined
    const unlooked = judgeCode(found, { purpose: 'login', isRight: true, now: clock.now() })
    if (!unlooked.right) return unlooked.because
    const { verdict, use } = await secondFactors.prove(tx, person.id, attempt.code)
    if (verdict === 'right') {
      return {
        person,
        use: async () => {
          await use()
          await markChallengeUsed(tx, found.id, clock.now())
        }
      }
    }
    await countWrongCode(tx, found.id)
    await signIns.record(tx, { personId: person.id, end: attempt.end, office: null, outcome: verdict, request })
    return codeInvalid({})
  }

  const outcomeOf = ({ code }: Problem): 'locked' | 'wrong_password' | undefined =>
    ({ [signInLocked.code]: 'locked' as const, [credentialsInvalid.code]: 'wrong_password' as const })[code]

  /**
   * Signs a person in at one end. Consumers register by it. At the staff's ends the code of a second
   * factor that was enrolled takes the SMS code's place.
   * @throws code_invalid, code_expired (422); then forbidden (403) without a membership at the end,
   * credentials_invalid (401), sign_in_locked (429), choose_membership (422): these leave the code usable
   */
  const signIn = (attempt: SignIn, request: Caller['request']): Promise<Granted> =>
    (needsPassword(attempt.end) ? refusedEvenly(() => signInNow(attempt, request)) : signInNow(attempt, request))

  const signInNow = async (attempt: SignIn, request: Caller['request']): Promise<Granted> => {
    // Read beforehand: a transaction that waits for a second connection could wait for itself.
    const known = attempt.end === 'consumer' ? [] : await offices.list()
    return orThrow(await work.write(identityRole, 0, async (tx) => {
      const proven = await provenByFactor(tx, attempt, request) ?? await provenBySms(tx, attempt)
      if (proven instanceof Problem) return proven
      const { person } = proven
      const place = await placeOf(tx, person, attempt, known)
      if (place instanceof Problem) {
        const outcome = outcomeOf(place)
        if (outcome) await signIns.record(tx, { personId: person.id, end: attempt.end, office: null, outcome, request })
        return place
      }
      await proven.use()
      return beginSession(tx, person, attempt, place, request)
    }))
  }

  /** The roles a session still has; undefined when its membership has ended. */
  const rolesOf = async (tx: Tx, { personId, end, office, merchantId }: SessionRow): Promise<string[] | undefined> =>
    end === 'consumer'
      ? consumerPlace.roles
      : (await findMembership(tx, personId, { end, office: office ?? undefined, merchantId: merchantId ?? undefined }))?.roles

  /**
   * Gives the next pair of tokens. A refresh token is good once: an old one used again may have
   * been stolen, so it ends the whole session.
   * @throws unauthenticated (401)
   */
  const refresh = async ({ refreshToken }: Refresh): Promise<Granted> => {
    const sessionId = sessionOfRefreshToken(keys.refreshTokens, refreshToken)
    if (sessionId === undefined) throw unauthenticated({})
    await offices.list()
    return orThrow(await work.write(identityRole, 0, async (tx) => {
      const session = await lockSession(tx, sessionId)
      const now = clock.now()
      if (!session || !isAlive(session, now)) return unauthenticated({})
      const isReused = !isSame(session.refreshHash, refreshHashOf(refreshToken))
      const roles = await rolesOf(tx, session)
      if (isReused || roles === undefined) {
        await revocations.revoke(tx, [sessionId], isReused ? 'refresh token used again' : 'membership ended')
        return unauthenticated({})
      }
      const next = newRefreshToken(keys.refreshTokens, sessionId)
      await updateSession(tx, sessionId, { roles, refreshHash: refreshHashOf(next), refreshedAt: now, expiresAt: after(now, await sessionLife(tx, session.end, session.office)) })
      return { claims: claimsOf({ ...session, roles }), refreshToken: next }
    }))
  }

  /** Ends the caller's session: both its tokens are dead when this returns. */
  const signOut = (caller: Caller): Promise<void> =>
    work.write(asIdentity(caller), officeOfCaller(caller), (tx) => revocations.revoke(tx, [caller.sessionId], 'signed out'))

  const officeIdOf = async (office: number | undefined): Promise<OfficeId | undefined> =>
    office === undefined ? undefined : (await offices.byNumber(office)).id

  /** Who a token is for, in the words of the wire. */
  const userOf = async ({ sub, end, roles, office, merchant }: TokenClaims): Promise<User> => {
    const officeId = await officeIdOf(office)
    return { id: sub, end, roles, ...(officeId ? { officeId } : {}), ...(merchant ? { merchantId: merchant } : {}) }
  }

  /** The caller, with personal data masked. */
  const me = async (caller: Caller): Promise<Me> => {
    const { personId, end, roles, office, merchantId, sessionId } = caller
    const { phone, legalName, idNumber, passwordExpiresAt } = await work.read(actorOf(caller), officeOfCaller(caller), async (tx) =>
      ({ ...await personOf(tx, personId), passwordExpiresAt: needsPassword(end) ? (await findPerson(tx, personId))?.passwordExpiresAt ?? null : null }))
    const user = await userOf({ sub: personId, end, roles: [...roles], sid: sessionId, ...(office === undefined ? {} : { office }), ...(merchantId ? { merchant: merchantId } : {}) })
    return {
      ...user,
      phone: maskedPhone(phone),
      legalName: legalName === undefined ? null : maskedName(legalName),
      idNumber: idNumber === undefined ? null : maskedIdNumber(idNumber),
      identityVerified: idNumber !== undefined,
      passwordExpiresAt
    }
  }

  const locked = async (tx: Tx, caller: Caller): Promise<PersonRow> => {
    const person = await lockPerson(tx, caller.personId)
    if (!person) throw notFound({})
    return person
  }

  /**
   * Records the caller's legal name and ID number, sealed.
   * @throws validation_failed, guardian_required (422), wrong_state (409) when another ID number stands
   */
  const setIdentity = async (caller: Caller, wanted: NewIdentity): Promise<Me> => {
    await work.write(asIdentity(caller), officeOfCaller(caller), async (tx) => {
      const person = await locked(tx, caller)
      mayHaveIdentity((await personOf(tx, person.id)).idNumber, wanted.idNumber, dateOf(clock.now()))
      await people.setParticulars(tx, person, wanted)
    })
    return me(caller)
  }

  /**
   * Changes the caller's password, and ends every other session of theirs.
   * @throws credentials_invalid (401), sign_in_locked (429), validation_failed (422) for a weak one
   */
  const changePassword = async (caller: Caller, { password, newPassword }: NewPassword): Promise<void> => {
    orThrow(await work.write(asIdentity(caller), officeOfCaller(caller), async (tx) => {
      const person = await locked(tx, caller)
      const refusal = await refusalOfPassword(tx, person, password)
      if (refusal) return refusal
      const { phone, legalName = '' } = await personOf(tx, person.id)
      const expiresAt = await passwords.check(tx, newPassword, { isOld: password === newPassword, known: [phone, legalName].filter(Boolean) })
      await people.setPassword(tx, person.id, newPassword, { oneTime: false, expiresAt })
      const others = (await listSessions(tx, person.id)).filter((id) => id !== caller.sessionId)
      await revocations.revoke(tx, others, 'password changed')
      return undefined
    }))
  }

  const asSelf = <Result>(caller: Caller, use: (tx: Tx, person: PersonRow) => Promise<Result | Problem>): Promise<Result> =>
    work.write(asIdentity(caller), officeOfCaller(caller), async (tx) => use(tx, await locked(tx, caller))).then(orThrow)

  const secondFactor = (caller: Caller): Promise<SecondFactor> =>
    work.read(asIdentity(caller), officeOfCaller(caller), (tx) => secondFactors.show(tx, caller.personId))

  /** A code of the active second factor, used up; a refusal otherwise, whose count stays. */
  const refusalOfFactor = async (tx: Tx, personId: PersonId, code: string | undefined): Promise<Problem | undefined> => {
    if (code === undefined) return codeInvalid({})
    const { verdict, use } = await secondFactors.prove(tx, personId, code)
    if (verdict !== 'right') return codeInvalid({})
    await use()
    return undefined
  }

  /**
   * Begins the enrolment of an authenticator application. It takes the SMS code's place from its
   * first right code on; one that was there before ends with its code, which is asked for here.
   * @throws credentials_invalid (401), sign_in_locked (429), code_invalid (422) without a code of the one it replaces
   */
  const enrolSecondFactor = (caller: Caller, { password, code }: EnrolSecondFactor): Promise<Enrolment> => asSelf(caller, async (tx, person) => {
    const refusal = await refusalOfPassword(tx, person, password) ??
      (await secondFactors.active(tx, person.id) ? await refusalOfFactor(tx, person.id, code) : undefined)
    return refusal ?? secondFactors.begin(tx, person.id, maskedPhone((await personOf(tx, person.id)).phone))
  })

  /** @throws wrong_state (409), code_invalid (422) @returns the recovery codes, this once */
  const confirmSecondFactor = (caller: Caller, { code }: FactorProof): Promise<RecoveryCodes> => asSelf(caller, async (tx, { id }) => {
    const recoveryCodes = await secondFactors.confirm(tx, id, code)
    await revocations.revoke(tx, (await listSessions(tx, id)).filter((session) => session !== caller.sessionId), 'second factor enrolled')
    return { recoveryCodes }
  })

  const needsActive = async (tx: Tx, personId: PersonId): Promise<void> => {
    if (!(await secondFactors.active(tx, personId))) throw wrongState({ state: 'none', allowed: ['active'] })
  }

  /** @throws wrong_state (409), code_invalid (422) */
  const renewRecoveryCodes = (caller: Caller, { code }: FactorProof): Promise<RecoveryCodes> => asSelf(caller, async (tx, { id }) => {
    await needsActive(tx, id)
    return await refusalOfFactor(tx, id, code) ?? { recoveryCodes: await secondFactors.renewCodes(tx, id) }
  })

  /** The SMS code is asked for again. @throws wrong_state (409), code_invalid (422) */
  const removeSecondFactor = (caller: Caller, { code }: FactorProof): Promise<SecondFactor> => asSelf(caller, async (tx, { id }) => {
    await needsActive(tx, id)
    const refusal = await refusalOfFactor(tx, id, code)
    if (refusal) return refusal
    await secondFactors.remove(tx, id)
    return secondFactors.show(tx, id)
  })

  const stepUpRule = (tx: Tx, caller: Caller): Promise<StepUpRule> => ruleOf(tx, 'step_up', StepUpValue, caller.office)

  /** By SMS, where nothing else is enrolled. */
  const refusalOfStepUpCode = async (tx: Tx, personId: PersonId, { challengeId, code }: StepUp): Promise<Problem | undefined> => {
    if (challengeId === undefined) return codeInvalid({})
    const found = await judge(tx, { challengeId, code }, 'step_up')
    if (found instanceof Problem) return found
    if (found.personId !== personId) return codeInvalid({})
    await markChallengeUsed(tx, found.id, clock.now())
    return undefined
  }

  /**
   * The caller proves the second factor anew, for acts on money. @throws code_invalid, code_expired (422)
   */
  const stepUp = async (caller: Caller, given: StepUp): Promise<SteppedUp> => {
    await offices.list()
    return asSelf(caller, async (tx, { id }) => {
      const refusal = await secondFactors.active(tx, id) ? await refusalOfFactor(tx, id, given.code) : await refusalOfStepUpCode(tx, id, given)
      if (refusal) return refusal
      const now = clock.now()
      await updateSession(tx, caller.sessionId, { provenAt: now })
      return { freshUntil: freshUntil(now, await stepUpRule(tx, caller)) }
    })
  }

  /** Whether the caller's proof of the second factor is fresh enough for an act on money. @throws step_up_required (403) */
  const checkFresh = async (caller: Caller): Promise<void> => {
    if (!needsPassword(caller.end)) return
    await offices.list()
    await work.read(asIdentity(caller), officeOfCaller(caller), async (tx) => {
      const rule = await stepUpRule(tx, caller)
      const isEnrolled = (await secondFactors.active(tx, caller.personId)) !== undefined
      mustBeFresh({ provenAt: (await findSession(tx, caller.sessionId))?.provenAt ?? null, isEnrolled }, rule, clock.now())
    })
  }

  /** The caller's own sign-ins, newest first. */
  const mySignIns = (caller: Caller, filter: SignInFilter): Promise<PageOf<SignInRecord>> =>
    work.read(actorOf(caller), officeOfCaller(caller), (tx) => signIns.list(tx, { ...filter, personId: caller.personId }))

  const judgeSigning = async (tx: Tx, attempt: SigningAttempt): Promise<ChallengeRow | Problem> => {
    const found = await judge(tx, attempt, 'sign_contract')
    if (found instanceof Problem || isBoundTo(found, attempt)) return found
    return codeInvalid({})
  }

  /**
   * The first half of signing, before the signature's own transaction: checks the code and leaves
   * it unused. It runs in a transaction of its own, so that a wrong code counts although the
   * signature is refused. Follow it with `useSigning` in the signature's transaction.
   * @throws code_invalid, code_expired (422), also for a challenge of another person, contract or document
   */
  const verifySigning = async (attempt: SigningAttempt): Promise<void> => {
    orThrow(await work.write(identityRole, 0, (tx) => judgeSigning(tx, attempt)))
  }

  /**
   * The second half: uses the code up, in the transaction that records the signature, of any role.
   * It checks everything again under the challenge's lock, so of two signatures at once one is
   * refused; rolled back with its transaction, it leaves the code usable.
   * @throws code_invalid, code_expired (422)
   */
  const useSigning = (tx: Tx, attempt: SigningAttempt): Promise<void> =>
    inRole(tx, 'identity', async (tx) => {
      const found = orThrow(await judgeSigning(tx, attempt))
      await markChallengeUsed(tx, found.id, clock.now())
    })

  let cleanedAt = 0
  const cleaning: Job = {
    name: 'sign-in codes',
    nextDue: () => Promise.resolve(null),
    run: async (office, at) => {
      if (office !== 0 || at.getTime() - cleanedAt < dayMs) return
      cleanedAt = at.getTime()
      await work.write(identityRole, 0, async (tx) => {
        await deleteLoginChallenges(tx, after(at, -challengesKeptMs))
        const { signInDays } = await ruleOf(tx, 'retention_policy', RetentionValue, null)
        await signIns.forget(tx, after(at, -signInDays * dayMs))
      })
      await work.write(worker, 0, (tx) => people.eraseLapsed(tx, at))
    }
  }

  return {
    challenge, signIn, refresh, signOut, userOf, me, setIdentity, changePassword, verifySigning, useSigning,
    secondFactor, enrolSecondFactor, confirmSecondFactor, renewRecoveryCodes, removeSecondFactor, stepUp, checkFresh, mySignIns,
    addMember, endMember, personOf, idNumberIndexOf, job: cleaning
  }
}

export type Identity = ReturnType<typeof createIdentity>
