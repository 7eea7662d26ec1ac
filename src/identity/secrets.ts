import { createHash, createHmac, randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto'
import { idOf, uuidOf } from '../kernel/id.js'
import type { ChallengeId, SessionId } from './model.js'

/*
 * What signs a person in, and the form it is kept in: SMS codes as a keyed hash, passwords by
 * scrypt, refresh tokens as SHA-256. None can be read back from the database.
 */

/** Six digits, each code equally likely. */
export const newCode = (): string => randomInt(1_000_000).toString().padStart(6, '0')

/** A million codes are soon tried, so the hash needs the service's own key. */
export const codeHashOf = (key: Buffer, challengeId: ChallengeId, code: string): Buffer =>
  createHmac('sha256', key).update(`${challengeId}\n${code}`).digest()

export const keyedHashOf = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

export const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

type ScryptCost = Readonly<{ N: number; r: number; p: number }>

/** OWASP's recommendation of 2023: 128 MiB a hash. */
const standardCost: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }
/** For passwords that are published anyway. */
export const publishedPasswordCost: ScryptCost = { N: 2 ** 12, r: 8, p: 1 }

const hashLength = 32

const scryptOf = (password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> => new Promise((resolve, reject) => {
  scrypt(password.normalize('NFKC'), salt, hashLength, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) => {
    if (error) reject(error)
    else resolve(key)
  })
})

/** `scrypt$N$r$p$salt$hash`, so that the cost can rise and old hashes still be checked. */
export const hashPassword = async (password: string, cost: ScryptCost = standardCost): Promise<string> => {
  const salt = randomBytes(16)
  const hash = await scryptOf(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

export const isPassword = async (password: string, kept: string): Promise<boolean> => {
  const [, N, r, p, salt = '', hash = ''] = kept.split('$')
  const tried = await scryptOf(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) })
  return isSame(tried, Buffer.from(hash, 'base64url'))
}

/** A password to be handed over once: 120 random bits, in groups that can be read aloud. */
export const newPassword = (): string =>
  (randomBytes(15).toString('hex').match(/.{6}/g) as string[]).join('-')

const idLength = 16
const randomLength = 32
const macLength = 16

const macOf = (key: Buffer, body: Buffer): Buffer => createHmac('sha256', key).update(body).digest().subarray(0, macLength)

/**
 * A refresh token of a session: its id, 256 random bits, and a code that shows the service made
 * it. So a token that is not the session's present one is an old one of it, never a guess, and
 * nobody can end another's session by inventing one.
 */
export const newRefreshToken = (key: Buffer, sessionId: SessionId): string => {
  const body = Buffer.concat([Buffer.from(uuidOf(sessionId).replaceAll('-', ''), 'hex'), randomBytes(randomLength)])
  return Buffer.concat([body, macOf(key, body)]).toString('base64url')
}

/** The session a refresh token is of; undefined when the service did not make it. */
export const sessionOfRefreshToken = (key: Buffer, token: string): SessionId | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== idLength + randomLength + macLength || bytes.toString('base64url') !== token) return undefined
  const body = bytes.subarray(0, idLength + randomLength)
  return isSame(macOf(key, body), bytes.subarray(idLength + randomLength)) ? idOf('ses', body.subarray(0, idLength).toString('hex')) : undefined
}

export const refreshHashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
