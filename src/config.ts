import { hkdfSync } from 'node:crypto'
import { z } from 'zod'
import type { EvmOptions } from './evidence/evm.js'
import { witnessKeysOf, type WitnessKeys } from './evidence/witness-keys.js'
import type { IndexRing, KeyRing } from './kernel/vault.js'
import type { S3Options } from './storage/s3.js'

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
  DATABASE_READ_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TICUN_DATA_DIR: text.default('.ticun'),
  TICUN_ARCHIVE: text.optional(),
  TICUN_ARCHIVE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  TICUN_MODE: z.enum(['sandbox', 'production']).optional(),
  TICUN_SECRET: z.base64().optional(),
  TICUN_DATA_KEYS: z.string().regex(/^[\w-]+:(sm4:)?[A-Za-z0-9+/=]+(,[\w-]+:(sm4:)?[A-Za-z0-9+/=]+)*$/).optional(),
  TICUN_INDEX_KEYS: z.string().regex(/^(secret|[\w-]+:(sm3:)?[A-Za-z0-9+/=]+)(,(secret|[\w-]+:(sm3:)?[A-Za-z0-9+/=]+))*$/).optional(),
  SMS_GATEWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  SMS_GATEWAY_KEY: z.base64().optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: text.default('us-east-1'),
  S3_BUCKET: text.optional(),
  S3_ACCESS_KEY_ID: text.optional(),
  S3_SECRET_ACCESS_KEY: text.optional(),
  S3_PATH_STYLE: flag.default('off'),
  CLAMAV_URL: z.url({ protocol: /^tcp$/ }).optional(),
  WEBHOOK_LOOPBACK: flag.default('off'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  SEAL_FILES: z.string().regex(/^\d+:[^,]+(,\d+:[^,]+)*$/).optional(),
  SEAL_PASSWORD: text.optional(),
  TSA_URL: z.url({ protocol: /^https?$/ }).optional(),
  TSA_CA_FILE: text.optional(),
  TSA_POLICY: z.string().regex(/^[0-2](\.\d+)+$/).optional(),
  TSA_SECONDS: z.coerce.number().int().min(1).default(60),
  EVIDENCE_WITNESSES: text.optional(),
  ANCHOR_EVM_URL: z.url({ protocol: /^https?$/ }).optional(),
  ANCHOR_EVM_CHAIN_ID: z.coerce.number().int().min(1).optional(),
  ANCHOR_EVM_KEY: z.string().regex(/^0x[0-9a-fA-F]{64}$/).optional(),
  ANCHOR_EVM_CONFIRMATIONS: z.coerce.number().int().min(1).max(100).default(3),
  METRICS_TOKEN: z.string().min(32).regex(/^[\w~+/.=-]+$/).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_SERVICE_NAME: text.default('ticun'),
  OTEL_SDK_DISABLED: text.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RATE_LIMITS: flag.optional(),
  TRUST_PROXY: flag.default('off'),
  DATABASE_POOL: z.coerce.number().int().min(4).max(200).default(20),
  REQUESTS_MAX: z.coerce.number().int().min(1).max(100_000).default(512),
  REDEMPTIONS_MAX: z.coerce.number().int().min(1).max(100_000).default(512),
  NODE_ENV: z.string().optional()
})

export type Config = Readonly<{
  port: number
  host: string
  databaseUrl: string | undefined
  /** A streaming replica that the bureau's reads go to; undefined: they go where all go. */
  databaseReadUrl: string | undefined
  databasePool: number
  /**
   * Requests that may be at work at once, and redemptions: how long the queues inside can be, for
   * connections to the database about half a second's worth, for batches about a second's.
   */
  requestsAtWork: Readonly<{ usual: number; redemptions: number }>
  dataDirectory: string
  /** Where the embedded database's log and every file are kept a second time, as they come (docs/restore.md); undefined: nowhere. */
  archive: Readonly<{ directory: string; timeoutSeconds: number }> | undefined
  mode: 'sandbox' | 'production'
  secret: Buffer
  dataKeys: KeyRing
  /** the keys of blind indexes, newest first */
  indexKeys: IndexRing
  smsGateway: Readonly<{ url: string; key: Buffer }> | undefined
  /** Where files are kept; undefined: in a folder of the data directory. */
  s3: S3Options | undefined
  /** The ClamAV daemon that looks into what is uploaded; undefined: nothing is scanned, and says so. */
  clamav: Readonly<{ host: string; port: number }> | undefined
  /** Webhooks may go to this machine itself: for development, in the sandbox only. */
  webhookLoopback: boolean
  /** the address people reach the service at, without a slash at its end */
  publicUrl: string
  /** PKCS#12 files of the seals that offices were given, by the office's number */
  seals: Readonly<{ files: ReadonlyMap<number, string>; password: string }>
  /** Whose cosignatures on checkpoints are kept. */
  witnesses: WitnessKeys
  /** An outside time-stamping authority; undefined: each office's own. */
  tsa: Readonly<{ url: string; caFile: string; policy: string | undefined; pauseMs: number }> | undefined
  /** The chain that checkpoints are anchored in. */
  evmAnchor: EvmOptions | undefined
  /** Who may read /metrics. */
  metricsAccess: 'open' | 'closed' | Readonly<{ token: string }>
  /** Where traces are sent; undefined: none are made. */
  tracing: Readonly<{ url: string; serviceName: string }> | undefined
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

/** `id:key` or `id:suite:key` of a list of keys: what is before the last colon, and the key's bytes. */
const keyItemsOf = (variable: string, list: string) => {
  const items = list.split(',').map((item) => {
    const [id = '', ...rest] = item.split(':')
    return { id, suite: rest.length > 1 ? rest[0] : undefined, key: Buffer.from(rest.at(-1) ?? '', 'base64') }
  })
  const [twice] = items.filter(({ id }, i) => items.findIndex((other) => other.id === id) !== i)
  if (twice) refuse(`${variable}: the key ${twice.id} is named twice`)
  for (const { id, key } of items.filter((item) => item.id !== derivedIndexKey || variable !== 'TICUN_INDEX_KEYS')) {
    if (key.length !== 32) refuse(`${variable}: the key ${id} must have 32 bytes, base64`)
    if (key.equals(sandboxDataKey)) refuse(`${variable}: the key ${id} is the published one of the sandbox`)
  }
  return items
}

const dataKeysOf = (list: string): KeyRing =>
  keyItemsOf('TICUN_DATA_KEYS', list).map(({ id, suite, key }) => ({ id, key, ...(suite === 'sm4' ? { cipher: 'sm4' as const } : {}) }))

/** The index key that is derived from the service's secret, by its name in a list. */
const derivedIndexKey = 'secret'

const indexKeysOf = (list: string, secret: Buffer): IndexRing =>
  keyItemsOf('TICUN_INDEX_KEYS', list).map(({ id, suite, key }) => id === derivedIndexKey
    ? { id: undefined, key: deriveKey(secret, 'blind index') }
    : { id, key, ...(suite === 'sm3' ? { hash: 'sm3' as const } : {}) })

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

const s3Of = (e: z.output<typeof Environment>): S3Options | undefined => {
  if (e.S3_ENDPOINT === undefined) return undefined
  const [bucket, accessKeyId, secretAccessKey] = [e.S3_BUCKET, e.S3_ACCESS_KEY_ID, e.S3_SECRET_ACCESS_KEY]
  if (!bucket || !accessKeyId || !secretAccessKey) return refuse('S3_ENDPOINT also needs S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY')
  return { endpoint: e.S3_ENDPOINT, region: e.S3_REGION, bucket, accessKeyId, secretAccessKey, pathStyle: e.S3_PATH_STYLE === 'on' }
}

const sealsOf = ({ SEAL_FILES = '', SEAL_PASSWORD }: z.output<typeof Environment>): Config['seals'] => {
  const files = new Map(SEAL_FILES.split(',').filter(Boolean).map((item): [number, string] => [Number(item.slice(0, item.indexOf(':'))), item.slice(item.indexOf(':') + 1)]))
  if (files.size > 0 && SEAL_PASSWORD === undefined) refuse('SEAL_FILES also needs SEAL_PASSWORD, the password of the PKCS#12 files')
  return { files, password: SEAL_PASSWORD ?? '' }
}

const witnessesOf = (e: z.output<typeof Environment>): Config['witnesses'] => witnessKeysOf(e.EVIDENCE_WITNESSES) ?? refuse('EVIDENCE_WITNESSES: must be verifier keys of witnesses (name+hash+base64, C2SP tlog-cosignature), separated by commas')

const tsaOf = (e: z.output<typeof Environment>): Config['tsa'] => {
  if (e.TSA_URL === undefined) return undefined
  if (e.TSA_CA_FILE === undefined) return refuse('TSA_URL also needs TSA_CA_FILE: the PEM certificates that vouch for the authority')
  return { url: e.TSA_URL, caFile: e.TSA_CA_FILE, policy: e.TSA_POLICY, pauseMs: e.TSA_SECONDS * 1000 }
}

const evmAnchorOf = (e: z.output<typeof Environment>): Config['evmAnchor'] => {
  if (e.ANCHOR_EVM_URL === undefined) return undefined
  if (e.ANCHOR_EVM_CHAIN_ID === undefined || e.ANCHOR_EVM_KEY === undefined) return refuse('ANCHOR_EVM_URL also needs ANCHOR_EVM_CHAIN_ID and ANCHOR_EVM_KEY')
  return { url: e.ANCHOR_EVM_URL, chainId: e.ANCHOR_EVM_CHAIN_ID, privateKey: e.ANCHOR_EVM_KEY as `0x${string}`, confirmations: e.ANCHOR_EVM_CONFIRMATIONS }
}

/** By the variables of the OpenTelemetry specification: the one for traces is taken as it is, the general one is a base. */
const tracingOf = (e: z.output<typeof Environment>): Config['tracing'] => {
  const url = e.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (e.OTEL_EXPORTER_OTLP_ENDPOINT && `${e.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`)
  return url === undefined || e.OTEL_SDK_DISABLED?.toLowerCase() === 'true' ? undefined : { url, serviceName: e.OTEL_SERVICE_NAME }
}

const clamavOf = ({ hostname, port }: URL) => ({ host: hostname, port: port === '' ? 3310 : Number(port) })

/** @throws ConfigError that says which variable is wrong and what it must be */
export const configOf = (env: NodeJS.ProcessEnv): Config => {
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  const e = parsed.data
  const mode = e.TICUN_MODE ?? (e.DATABASE_URL === undefined && e.NODE_ENV !== 'production' ? 'sandbox' : 'production')
  if (mode === 'sandbox' && e.NODE_ENV === 'production') refuse('TICUN_MODE=sandbox is refused when NODE_ENV=production')
  if (mode === 'production' && e.WEBHOOK_LOOPBACK === 'on') refuse('WEBHOOK_LOOPBACK=on is for the sandbox: in production a webhook must not reach this machine')
  if (mode === 'production' && e.TICUN_DATA_KEYS === undefined) refuse('TICUN_DATA_KEYS is required in production: id:base64 of 32 random bytes, newest first')
  const secret = mode === 'production' ? productionSecret(e.TICUN_SECRET) : e.TICUN_SECRET ? Buffer.from(e.TICUN_SECRET, 'base64') : sandboxSecret
  return Object.freeze({
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    databaseReadUrl: e.DATABASE_READ_URL,
    databasePool: e.DATABASE_POOL,
    requestsAtWork: { usual: e.REQUESTS_MAX, redemptions: e.REDEMPTIONS_MAX },
    dataDirectory: e.TICUN_DATA_DIR,
    archive: e.TICUN_ARCHIVE === undefined ? undefined : { directory: e.TICUN_ARCHIVE, timeoutSeconds: e.TICUN_ARCHIVE_SECONDS },
    mode,
    secret,
    dataKeys: e.TICUN_DATA_KEYS === undefined ? [{ id: 'sandbox', key: sandboxDataKey }] : dataKeysOf(e.TICUN_DATA_KEYS),
    indexKeys: indexKeysOf(e.TICUN_INDEX_KEYS ?? derivedIndexKey, secret),
    smsGateway: e.SMS_GATEWAY_URL === undefined ? undefined : { url: e.SMS_GATEWAY_URL, key: smsGatewayKey(e.SMS_GATEWAY_KEY) },
    s3: s3Of(e),
    clamav: e.CLAMAV_URL === undefined ? undefined : clamavOf(new URL(e.CLAMAV_URL)),
    webhookLoopback: e.WEBHOOK_LOOPBACK === 'on',
    publicUrl: (e.PUBLIC_URL ?? `http://${e.HOST}:${e.PORT}`).replace(/\/+$/, ''),
    seals: sealsOf(e),
    tsa: tsaOf(e),
    witnesses: witnessesOf(e),
    evmAnchor: evmAnchorOf(e),
    metricsAccess: e.METRICS_TOKEN !== undefined ? { token: e.METRICS_TOKEN } : mode === 'production' ? 'closed' : 'open',
    tracing: tracingOf(e),
    logLevel: e.LOG_LEVEL,
    rateLimits: e.RATE_LIMITS === undefined ? mode === 'production' : e.RATE_LIMITS === 'on',
    trustProxy: e.TRUST_PROXY === 'on'
  })
}
