import { z } from 'zod'
import type { Id } from './id.js'

/** The six ends (端) of the trade a person may sign in at, and that of who administers the deployment. A token is for exactly one. */
export const End = z.enum(['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'administrator'])
export type End = z.infer<typeof End>

/** Who calls: a person, at one end, within at most one office and one merchant. */
export type Caller = Readonly<{
  personId: Id<'per'>
  end: End
  roles: readonly string[]
  /** The office's number; undefined for consumers and others who belong to no single office. */
  office: number | undefined
  merchantId: Id<'mer'> | undefined
  sessionId: Id<'ses'>
  /** The HTTP request behind the call, for the audit log. */
  request: Readonly<{ id: string; operation: string; address: string; /** what the client says it is; at sign-in */ device?: string }>
  /** Tells the HTTP layer how far what is read for the call lies behind, in milliseconds. */
  noteLag?: (lagMs: number) => void
}>

/**
 * One call that makes an obligation or moves money: who, and the idempotency key it came with.
 * `requestHash` is SHA-256 over method, path and body as parsed. `markReplayed` tells the HTTP
 * layer that the answer is the stored one.
 */
export type Command = Readonly<{
  caller: Caller
  key: string
  requestHash: Buffer
  markReplayed: () => void
}>
