import { sign } from 'node:crypto'
import { tokenKeysOf } from '../src/app.js'
import { configOf, deriveKey } from '../src/config.js'
import { newId } from '../src/kernel/id.js'

/** Access tokens as the sandbox's service would issue them, for the shops of the seed. */

const keys = tokenKeysOf(deriveKey(configOf({ TICUN_MODE: 'sandbox' }).secret, 'token signing'))

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export const tokenFor = (claims: { sub: string; end: string; roles: string[]; office?: number; merchant?: string }): string => {
  const iat = Math.floor(Date.now() / 1000)
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT', kid: keys.keyId })}.${encode({ ...claims, sid: newId('ses', 0), iss: 'ticun', iat, exp: iat + 86_400 })}`
  return `${signed}.${sign(null, Buffer.from(signed), keys.privatePem).toString('base64url')}`
}
