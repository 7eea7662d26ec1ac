import { sign } from 'node:crypto'
import type pg from 'pg'
import { tokenKeysOf } from '../src/app.js'
import { configOf, deriveKey } from '../src/config.js'
import { newId, uuidOf } from '../src/kernel/id.js'
import { office } from './seed.js'

/** Access tokens as the sandbox's service would issue them, for the shops of the seed. */

const keys = tokenKeysOf(deriveKey(configOf({ TICUN_MODE: 'sandbox' }).secret, 'token signing'))

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export const tokenFor = (claims: { sub: string; end: string; roles: string[]; office?: number; merchant?: string; sid?: string }): string => {
  const iat = Math.floor(Date.now() / 1000)
  const signed = `${encode({ alg: 'EdDSA', typ: 'JWT', kid: keys.keyId })}.${encode({ sid: newId('ses', 0), ...claims, iss: 'ticun', iat, exp: iat + 86_400 })}`
  return `${signed}.${sign(null, Buffer.from(signed), keys.privatePem).toString('base64url')}`
}

/** The token of a notary who has just proven to hold the second factor, as acts on money ask for. */
export const tokenOfNotary = async (client: pg.Client): Promise<string> => {
  const [sub, sid] = [newId('per', 0), newId('ses', 0)]
  await client.query("insert into people (id, phone_index, phone_sealed, created_at) values ($1, $2, '', now())", [uuidOf(sub), Buffer.from(sub)])
  await client.query(`insert into sessions (id, person_id, "end", office, roles, refresh_hash, address, created_at, refreshed_at, proven_at, expires_at)
    values ($1, $2, 'notary', $3, '{notary}', $4, '127.0.0.1', now(), now(), now(), now() + interval '1 day')`, [uuidOf(sid), uuidOf(sub), office, Buffer.from(sid)])
  return tokenFor({ sub, sid, end: 'notary', roles: ['notary'], office })
}
