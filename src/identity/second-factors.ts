import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { inRole, type Tx } from '../db/unit-of-work.js'
import type { Clock } from '../kernel/clock.js'
import { wrongState } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Enrolment, PersonId, SecondFactor } from './model.js'
import { codeInvalid } from './problems.js'
import { afterWrongFactorCode } from './rules.js'
import { keyedHashOf } from './secrets.js'
import { deleteFactor, findFactor, listFactors, lockFactor, updateFactor, upsertFactor, type FactorRow } from './store.js'

/*
 * Authenticator applications (TOTP, RFC 6238: SHA-1, six digits, thirty seconds, the step before
 * and the step after taken too), and the recovery codes for when the telephone is lost. Each code
 * is taken once: of TOTP none of a step that is not later than the last one taken (RFC 6238 §5.2).
 */

const issuer = 'Ticun'
const periodSeconds = 30
const secretBytes = 20
const recoveryCodesCount = 10

const totpOf = (secret: string, label = ''): TOTP =>
  new TOTP({ issuer, label, algorithm: 'SHA1', digits: 6, period: periodSeconds, secret: Secret.fromBase32(secret) })

/** 80 random bits, in groups that can be read aloud. */
const newRecoveryCode = (): string => (randomBytes(10).toString('hex').match(/.{5}/g) as string[]).join('-')

const plainCode = (code: string): string => code.toLowerCase().replace(/[^0-9a-f]/g, '')

/** What was proven, and what becomes of the factor by it. */
type Proof = Readonly<Pick<FactorRow, 'lastStep' | 'recoveryHashes'>>

/** How a code was judged, and what uses a right one up. */
export type Proven = Readonly<{ verdict: 'right' | 'wrong_second_factor' | 'locked'; use: () => Promise<void> }>

const unproven = (): Promise<void> => Promise.reject(new Error('a code that is not right cannot be used'))

const about = 'second_factors.secret'

type Dependencies = Readonly<{ clock: Clock; vault: Vault; /** keys the hashes of recovery codes */ key: Buffer }>

export const createSecondFactors = ({ clock, vault, key }: Dependencies) => {
  const hashOf = (personId: PersonId, code: string): string => keyedHashOf(key, `recovery ${personId} ${plainCode(code)}`).toString('base64url')

  const proofOf = (factor: FactorRow, code: string, now: Date): Proof | undefined => {
    const { personId, recoveryHashes, lastStep } = factor
    const delta = /^\d{6}$/.test(code) ? totpOf(vault.open(factor.secretSealed, about)).validate({ token: code, timestamp: now.getTime(), window: 1 }) : null
    const step = delta === null ? undefined : Math.floor(now.getTime() / (periodSeconds * 1000)) + delta
    if (step !== undefined && step > lastStep) return { lastStep: step, recoveryHashes }
    const hash = hashOf(personId, code)
    return recoveryHashes.includes(hash) ? { lastStep, recoveryHashes: recoveryHashes.filter((one) => one !== hash) } : undefined
  }

  /** The second factor that a person is asked for, if they enrolled one. Identity role. */
  const active = async (tx: Tx, personId: PersonId): Promise<FactorRow | undefined> => {
    const factor = await findFactor(tx, personId)
    return factor?.confirmedAt ? factor : undefined
  }

  const isLocked = ({ lockedUntil }: FactorRow, now: Date): boolean => lockedUntil !== null && now < lockedUntil

  /**
   * Proves a code of a person's second factor, which stays locked in this transaction. A wrong one
   * is counted here, and too many in a row lock it for a while: then none is right. A right one is
   * used up by `use`, in the same transaction. Identity role.
   */
  const prove = async (tx: Tx, personId: PersonId, code: string): Promise<Proven> => {
    const factor = await lockFactor(tx, personId)
    const now = clock.now()
    if (!factor) return { verdict: 'wrong_second_factor', use: unproven }
    if (isLocked(factor, now)) return { verdict: 'locked', use: unproven }
    const proof = proofOf(factor, code.trim(), now)
    if (proof) return { verdict: 'right', use: () => updateFactor(tx, personId, { ...proof, wrongCodes: 0, lockedUntil: null }) }
    await updateFactor(tx, personId, afterWrongFactorCode(factor, now))
    return { verdict: 'wrong_second_factor', use: unproven }
  }

  /** Begins an enrolment; what was begun before and not confirmed lapses. Identity role. */
  const begin = async (tx: Tx, personId: PersonId, label: string): Promise<Enrolment> => {
    const secret = new Secret({ buffer: new Uint8Array(randomBytes(secretBytes)).buffer }).base32
    await upsertFactor(tx, {
      personId, secretSealed: vault.seal(secret, about), createdAt: clock.now(), confirmedAt: null, lastStep: 0, wrongCodes: 0, lockedUntil: null, recoveryHashes: []
    })
    return { secret, uri: totpOf(secret, label).toString() }
  }

  const newCodes = async (tx: Tx, personId: PersonId, changes: Partial<FactorRow>): Promise<string[]> => {
    const codes = Array.from({ length: recoveryCodesCount }, newRecoveryCode)
    await updateFactor(tx, personId, { ...changes, recoveryHashes: codes.map((code) => hashOf(personId, code)) })
    return codes
  }

  /** The first right code makes the factor the one that is asked for. @throws wrong_state (409), code_invalid (422) Identity role. */
  const confirm = async (tx: Tx, personId: PersonId, code: string): Promise<string[]> => {
    const factor = await lockFactor(tx, personId)
    if (!factor || factor.confirmedAt) throw wrongState({ state: factor ? 'active' : 'none', allowed: ['pending'] })
    const now = clock.now()
    const proof = proofOf(factor, code, now)
    if (!proof) throw codeInvalid({})
    return newCodes(tx, personId, { lastStep: proof.lastStep, confirmedAt: now })
  }

  /** New recovery codes in place of all that are left. Identity role. */
  const renewCodes = (tx: Tx, personId: PersonId): Promise<string[]> => newCodes(tx, personId, {})

  /** Takes a second factor away; whether there was one. Works in a transaction of any role. */
  const remove = (tx: Tx, personId: PersonId): Promise<boolean> => inRole(tx, 'identity', (tx) => deleteFactor(tx, personId))

  /** Lifts a lock. Works in a transaction of any role. */
  const unlock = (tx: Tx, personId: PersonId): Promise<void> =>
    inRole(tx, 'identity', (tx) => updateFactor(tx, personId, { wrongCodes: 0, lockedUntil: null }))

  const show = async (tx: Tx, personId: PersonId): Promise<SecondFactor> => {
    const factor = await findFactor(tx, personId)
    if (!factor) return { totp: 'none', since: null, recoveryCodesLeft: 0 }
    return { totp: factor.confirmedAt ? 'active' : 'pending', since: factor.confirmedAt, recoveryCodesLeft: factor.recoveryHashes.length }
  }

  /** Who of several people has one, and whether it is locked. Works in a transaction of any role. */
  const statesOf = (tx: Tx, personIds: readonly PersonId[]): Promise<Map<PersonId, { isLocked: boolean }>> => inRole(tx, 'identity', async (tx) => {
    const now = clock.now()
    const factors = (await listFactors(tx, personIds)).filter(({ confirmedAt }) => confirmedAt)
    return new Map(factors.map((factor) => [factor.personId, { isLocked: isLocked(factor, now) }]))
  })

  return { active, prove, begin, confirm, renewCodes, remove, unlock, show, statesOf }
}

export type SecondFactors = ReturnType<typeof createSecondFactors>
