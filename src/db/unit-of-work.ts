import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { z } from 'zod'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { uuidOf, type Id } from '../kernel/id.js'
import { idempotencyInProgress, idempotencyKeyReused, notFound, unavailable } from '../kernel/problems.js'
import { traced, type Tracing } from '../kernel/tracing.js'
import { databaseError, type Client, type Pool, type Row } from './client.js'
import type { DatabaseRole } from './policies.js'
import type { Replica } from './replica.js'

/*
 * One way to write: every use case runs `load → decide → record` in one unit of work, which owns
 * the transaction, the database role of the caller's end, the idempotency key, the retry of
 * serialization failures and deadlocks, and what happens after commit.
 *
 * READ COMMITTED with explicit locks in one fixed order (contract → payment → caps row → merchant
 * → accounts); SERIALIZABLE would only retry hot accounts for nothing.
 */

/** In whose name a transaction runs. */
export type Actor = Readonly<{
  role: DatabaseRole
  personId?: Id<'per'> | undefined
  merchantId?: Id<'mer'> | undefined
  caller?: Caller | undefined
}>

/** A running transaction. Money and evidence move only with one of these in hand. */
export type Tx = Readonly<{
  db: NodePgDatabase
  client: Client
  /** The office's number; 0 where the work concerns no office. */
  office: number
  actor: Actor
  /** How far the data lies behind, in milliseconds, at most: 0 unless it is read from a replica. */
  lagMs: number
  /** Runs after the commit is durable, in order; a failure there is logged, never undone. */
  afterCommit: (task: () => Promise<void>) => void
}>

export const worker: Actor = { role: 'worker' }
export const identity: Actor = { role: 'identity' }
export const anyone: Actor = { role: 'anyone' }

export const actorOf = (caller: Caller): Actor => ({
  role: caller.end,
  personId: caller.personId,
  merchantId: caller.merchantId,
  caller
})

/**
 * Does one thing of a running transaction as another role: the narrow door for a service that
 * guards tables which the caller's end may not write, and has checked what it does itself.
 */
export const inRole = async <Result>(tx: Tx, role: DatabaseRole, use: (tx: Tx) => Promise<Result>): Promise<Result> => {
  if (tx.actor.role === role) return use(tx)
  await tx.client.query(`set local role ticun_${role}`)
  try {
    return await use({ ...tx, actor: { ...tx.actor, role } })
  } finally {
    // In a transaction that failed this fails too, and nothing but a rollback can follow.
    await tx.client.query(`set local role ticun_${tx.actor.role}`).catch(() => undefined)
  }
}

type Dependencies = Readonly<{
  pool: Pool
  clock: Clock
  /** Called in every transaction that a person writes in: the audit log's place. */
  onWrite?: (tx: Tx, caller: Caller) => Promise<void>
  onAfterCommitError: (error: unknown) => void
  tracing?: Tracing | undefined
}>

const attemptsMax = 6
/** serialization_failure, deadlock_detected, unique_violation of a race that the retry will see */
const retried = new Set(['40001', '40P01'])
const lockNotAvailable = '55P03'
/** connection failures, shutdowns, too many connections, statement timeout */
const faults = /^(08|57P0|53|58)/

export const keyHashOf = ({ caller, key }: Command): Buffer =>
  hash('sha256', `${caller.personId}\n${caller.end}\n${key}`, 'buffer')

export const beginStatement = (actor: Actor, office: number, readOnly = false): string => [
  readOnly ? 'begin read only' : 'begin',
  `set local role ticun_${actor.role}`,
  `set local ticun.office = '${office}'`,
  ...(actor.personId ? [`set local ticun.person = '${uuidOf(actor.personId)}'`] : []),
  ...(actor.merchantId ? [`set local ticun.merchant = '${uuidOf(actor.merchantId)}'`] : [])
].join('; ')

/** What an error says, and whatever a driver layer has wrapped it around. */
const messagesOf = (error: unknown): string => (error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : '')

/** Turns a fault of the database into the refusal a caller can act on; anything else stays as it is. */
export const asRefusal = (error: unknown): unknown => {
  const code = databaseError(error)?.code
  if (code === lockNotAvailable || (code !== undefined && faults.test(code)) || retried.has(code ?? '')) return unavailable({ retryAfterSeconds: 1 })
  if (code === undefined && /ECONNREFUSED|ECONNRESET|EPIPE|Connection terminated|timeout exceeded when trying to connect|not queryable/.test(messagesOf(error))) return unavailable({ retryAfterSeconds: 2 })
  return error
}

export const createUnitOfWork = ({ pool, clock, onWrite, onAfterCommitError, tracing }: Dependencies) => {
  const transact = async <Result>(actor: Actor, office: number, readOnly: boolean, use: (tx: Tx) => Promise<Result>, replica?: Replica): Promise<Result> => {
    // Staff and merchants belong to one office: what another office holds does not exist for them.
    if (actor.caller?.office !== undefined && actor.caller.office !== office) throw notFound({})
    const client = await traced(tracing, 'wait for a connection', {}, () => (replica?.pool ?? pool).connect())
    const tasks: (() => Promise<void>)[] = []
    let broken: Error | undefined
    try {
      const lagMs = await replica?.lagOf(client) ?? 0
      if (actor.role === 'bureau') actor.caller?.noteLag?.(lagMs)
      await client.query(beginStatement(actor, office, readOnly))
      const tx: Tx = {
        db: drizzle({ client }), client, office, actor, lagMs,
        afterCommit: (task) => { tasks.push(task) }
      }
      const result = await use(tx)
      if (!readOnly && actor.caller && onWrite) await onWrite(tx, actor.caller)
      await traced(tracing, 'commit', {}, () => client.query('commit'))
      return result
    } catch (error) {
      tasks.length = 0
      await client.query('rollback').catch((rollbackError: Error) => { broken = rollbackError })
      throw error
    } finally {
      client.release(broken)
      for (const task of tasks) await task().catch(onAfterCommitError)
    }
  }

  const once = <Result>(actor: Actor, office: number, readOnly: boolean, use: (tx: Tx) => Promise<Result>, replica?: Replica): Promise<Result> =>
    traced(tracing, 'transaction', { 'db.system.name': 'postgresql', 'ticun.role': actor.role, 'ticun.office': office, 'ticun.read_only': readOnly },
      () => transact(actor, office, readOnly, use, replica))

  const retrying = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run()
      } catch (error) {
        if (attempt === attemptsMax || !retried.has(databaseError(error)?.code ?? '')) throw asRefusal(error)
        await sleep(Math.random() * 10 * 2 ** attempt)
      }
    }
  }

  /** A reading transaction: one snapshot a statement, as the actor's role. */
  const read = <Result>(actor: Actor, office: number, use: (tx: Tx) => Promise<Result>): Promise<Result> =>
    retrying(() => once(actor, office, true, use))

  /** A writing transaction without an idempotency key: safe to call again by its state. */
  const write = <Result>(actor: Actor, office: number, use: (tx: Tx) => Promise<Result>): Promise<Result> =>
    retrying(() => once(actor, office, false, use))

  /**
   * A writing transaction that takes effect once per idempotency key. The answer is stored, in
   * its wire form, in the same transaction; the same request again is given it as it was then.
   * The key is looked at before any rule.
   * @throws idempotency_key_reused (422) when the key came with another request
   * @throws idempotency_in_progress (409) when the first one is still running after 20 s
   */
  const writeOnce = <Schema extends z.ZodType>(
    command: Command, office: number, answer: Schema, use: (tx: Tx) => Promise<z.output<Schema>>
  ): Promise<z.output<Schema>> => {
    if (office === 0) return Promise.reject(notFound({}))
    const keyHash = keyHashOf(command)
    return write(actorOf(command.caller), office, async (tx) => {
      await tx.client.query(`set local ticun.key = '${keyHash.toString('hex')}'; select pg_advisory_xact_lock(${keyHash.readBigInt64BE()})`).catch((error: unknown) => {
        throw databaseError(error)?.code === lockNotAvailable ? idempotencyInProgress({}) : error
      })
      const { rows: [stored] } = await tx.client.query<{ request_hash: Buffer; answer: string }>({
        name: 'find_idempotency_key',
        text: 'select request_hash, answer from idempotency_keys where office_id = $1 and key_hash = $2',
        values: [office, keyHash]
      })
      if (stored) {
        if (!stored.request_hash.equals(command.requestHash)) throw idempotencyKeyReused({})
        command.markReplayed()
        return z.decode(answer, JSON.parse(stored.answer))
      }
      const result = await use(tx)
      await tx.client.query({
        name: 'insert_idempotency_key',
        text: 'insert into idempotency_keys (office_id, key_hash, request_hash, answer, created_at) values ($1, $2, $3, $4, $5)',
        values: [office, keyHash, command.requestHash, JSON.stringify(z.encode(answer, result)), clock.now()]
      })
      return result
    })
  }

  /**
   * One statement without parameters as the actor's role, there and back once: for a look-up that
   * costs less than its way.
   */
  const glance = <Result extends Row>(actor: Actor, office: number, statement: string): Promise<Result[]> => retrying(async () => {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      const results = await client.query(`${beginStatement(actor, office, true)}; ${statement}; commit`) as unknown as { rows: Result[] }[]
      return results.at(-2)?.rows ?? []
    } catch (error) {
      await client.query('rollback').catch((rollbackError: Error) => { broken = rollbackError })
      throw error
    } finally {
      client.release(broken)
    }
  })

  const work = { read, write, writeOnce, glance }

  return {
    ...work,
    /** The same, but what the bureau reads is read from a replica. Unavailable (503) while that is gone: its weight must not fall on the primary just when a server was lost. */
    supervisedBy: (replica: Replica): typeof work => ({
      ...work,
      read: (actor, office, use) => (actor.role === 'bureau' ? retrying(() => once(actor, office, true, use, replica)) : read(actor, office, use))
    })
  }
}

export type UnitOfWork = Pick<ReturnType<typeof createUnitOfWork>, 'read' | 'write' | 'writeOnce' | 'glance'>
