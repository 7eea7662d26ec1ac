import { hkdfSync } from 'node:crypto'
import { z } from 'zod'
import type { KeyRing } from './kernel/vault.js'

/*
 * The environment, read once by main.ts and frozen. In the sandbox the secrets are well known, so
 * that it starts without any; outside it the service refuses to start with those or with none.
 */

const sandboxSecret = Buffer.from('ticun-sandbox-secret-never-for-real-money')
const sandboxDataKey = Buffer.alloc(32, 'ticun-sandbox-data-key')

const text = z.string().min(1)
const flag = z.enum(['on', 'off'])

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: text.default('127.0.0.1'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TICUN_DATA_DIR: text.default('.ticun'),
  TICUN_MODE: z.enum(['sandbox', 'production']).optional(),
  TICUN_SECRET: z.base64().optional(),
  TICUN_DATA_KEYS: z.string().regex(/^[\w-]+:[A-Za-z0-9+/=]+(,[\w-]+:[A-Za-z0-9+/=]+)*$/).optional(),
  SMS_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  SMS_GATEWAY_KEY: z.base64().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RATE_LIMITS: flag.optional(),
  TRUST_PROXY: flag.default('off'),
  DATABASE_POOL: z.coerce.number().int().min(4).max(200).default(20),
  NODE_ENV: z.string().optional()
})

export type Config = Readonly<{
  port: number
  host: string
  databaseUrl: string | undefined
  databasePool: number
  dataDirectory: string
  mode: 'sandbox' | 'production'
  secret: Buffer
  dataKeys: KeyRing
  smsGateway: Readonly<{ url: string; key: Buffer }> | undefined
  logLevel: string
  rateLimits: boolean
  trustProxy: boolean
}>

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const secretMinBytes = 32

const refuse = (message: string): never => { throw new ConfigError(message) }

/** A key for one purpose, derived from the service's secret (HKDF, RFC 5869). */
export const deriveKey = (secret: Buffer, purpose: string, length = 32): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'ticun', purpose, length))

const dataKeysOf = (list: string): KeyRing => list.split(',').map((item) => {
  const [id = '', key = ''] = item.split(':')
  const bytes = Buffer.from(key, 'base64')
  if (bytes.length !== 32) refuse(`TICUN_DATA_KEYS: the key ${id} must have 32 bytes, base64`)
  if (bytes.equals(sandboxDataKey)) refuse(`TICUN_DATA_KEYS: the key ${id} is the published one of the sandbox`)
  return { id, key: bytes }
})

const productionSecret = (secret: string | undefined): Buffer => {
  const bytes = Buffer.from(secret ?? '', 'base64')
  if (bytes.length < secretMinBytes) refuse(`TICUN_SECRET must be at least ${secretMinBytes} random bytes, base64 (openssl rand -base64 48)`)
  if (new Set(bytes).size < 16) refuse('TICUN_SECRET is too regular to be random')
  if (bytes.equals(sandboxSecret)) refuse('TICUN_SECRET is the published one of the sandbox')
  return bytes
}

/** The key that the gateway checks our calls by. */
const smsGatewayKey = (key: string | undefined): Buffer => {
  const bytes = Buffer.from(key ?? '', 'base64')
  if (bytes.length < secretMinBytes) refuse(`SMS_GATEWAY_KEY must be at least ${secretMinBytes} random bytes, base64, shared with the gateway of SMS_GATEWAY_URL`)
  return bytes
}

/** @throws ConfigError that says which variable is wrong and what it must be */
export const configOf = (env: NodeJS.ProcessEnv): Config => {
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  const e = parsed.data
  const mode = e.TICUN_MODE ?? (e.DATABASE_URL === undefined && e.NODE_ENV !== 'production' ? 'sandbox' : 'production')
  if (mode === 'sandbox' && e.NODE_ENV === 'production') refuse('TICUN_MODE=sandbox is refused when NODE_ENV=production')
  if (mode === 'production' && e.TICUN_DATA_KEYS === undefined) refuse('TICUN_DATA_KEYS is required in production: id:base64 of 32 random bytes, newest first')
  const secret = mode === 'production' ? productionSecret(e.TICUN_SECRET) : e.TICUN_SECRET ? Buffer.from(e.TICUN_SECRET, 'base64') : sandboxSecret
  return Object.freeze({
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    databasePool: e.DATABASE_POOL,
    dataDirectory: e.TICUN_DATA_DIR,
    mode,
    secret,
    dataKeys: e.TICUN_DATA_KEYS === undefined ? [{ id: 'sandbox', key: sandboxDataKey }] : dataKeysOf(e.TICUN_DATA_KEYS),
    smsGateway: e.SMS_GATEWAY_URL === undefined ? undefined : { url: e.SMS_GATEWAY_URL, key: smsGatewayKey(e.SMS_GATEWAY_KEY) },
    logLevel: e.LOG_LEVEL,
    rateLimits: e.RATE_LIMITS === undefined ? mode === 'production' : e.RATE_LIMITS === 'on',
    trustProxy: e.TRUST_PROXY === 'on'
  })
}
