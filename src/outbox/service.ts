import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { tracedAnew, type Tracing } from '../kernel/tracing.js'
import type { Vault } from '../kernel/vault.js'
import type { Job } from '../timetable/service.js'
import { claimDue, findNextDue, insertIntent, markDelivered, postpone, type Intent } from './store.js'

/**
 * Delivers one intent. It may be called again with the same key after a crash, so the other side,
 * or what is recorded of its answer, must make a repeat harmless. Throwing means: try again later.
 */
export type Delivery<Payload = never> = (intent: { office: number; key: string; payload: Payload }) => Promise<void>

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  /** The sandbox waits for deliveries before it answers, so that an SMS can be read at once. */
  awaitDelivery: boolean
  onFailure: (topic: string, error: unknown) => void
  tracing?: Tracing | undefined
}>

const about = 'outbox.payload'
const leaseMs = 60_000
/** How long one run goes on before it lets other jobs run. */
const runMs = 10_000
const retryAfterMs = (attempts: number) => Math.min(3_600_000, 2_000 * 2 ** attempts)

export const createOutbox = ({ work, clock, vault, awaitDelivery, onFailure, tracing }: Dependencies) => {
  const deliveries = new Map<string, Delivery<never>>()

  /** Says how intents of a topic are delivered; the composition root calls this once for each. */
  const on = <Payload>(topic: string, delivery: Delivery<Payload>): void => { deliveries.set(topic, delivery as Delivery<never>) }

  const deliver = async (office: number, intent: Intent, at: Date): Promise<void> => {
    const delivery = deliveries.get(intent.topic)
    try {
      if (!delivery) throw new Error(`nothing delivers ${intent.topic}`)
      await tracedAnew(tracing, `deliver ${intent.topic}`, { kind: 'client', attributes: { 'ticun.office': office, 'ticun.attempt': intent.attempts + 1 } }, () =>
        delivery({ office, key: intent.key, payload: JSON.parse(vault.open(intent.payload, about)) as never }))
      await work.write(worker, office, (tx) => markDelivered(tx, intent.id, clock.now()))
    } catch (error) {
      onFailure(intent.topic, error)
      await work.write(worker, office, (tx) => postpone(tx, intent, after(at, retryAfterMs(intent.attempts)), error instanceof Error ? error.message : String(error)))
    }
  }

  /** Claims and delivers one that is due, or the one its sender delivers. @returns whether there was one */
  const deliverNext = async (office: number, at: Date, only?: Id<'out'>): Promise<boolean> => {
    const intent = await work.write(worker, office, (tx) => claimDue(tx, at, after(at, leaseMs), only))
    if (intent) await deliver(office, intent, at)
    return intent !== undefined
  }

  /** Delivers what is due until there is no more, or its time is over: the rest is for the next run. */
  const run = async (office: number, at: Date): Promise<void> => {
    const until = performance.now() + runMs
    while (await deliverNext(office, at)) if (performance.now() >= until) return
  }

  /**
   * Writes an intent; it is delivered right after the commit, or by the job when that fails. Amounts
   * in the payload are numbers of fen. `isDeferred`: it is left to the job from the beginning, so
   * that many do not pile up behind their sender.
   */
  const send = async (tx: Tx, { topic, key, payload, isDeferred = false }: { topic: string; key: string; payload: object; isDeferred?: boolean }): Promise<void> => {
    const id = newId('out', tx.office)
    const now = clock.now()
    await insertIntent(tx, {
      officeId: tx.office, id, topic, key,
      payload: vault.seal(JSON.stringify(payload, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)), about),
      // The sender delivers it first; the job takes over should the sender die before it could.
      createdAt: now, dueAt: isDeferred ? now : after(now, leaseMs)
    })
    if (isDeferred) return
    tx.afterCommit(async () => {
      const delivered = deliverNext(tx.office, clock.now(), id)
      if (awaitDelivery) await delivered
      else delivered.catch((error: unknown) => { onFailure(topic, error) })
    })
  }

  const job: Job = {
    name: 'outbox',
    nextDue: (office) => work.read(worker, office, findNextDue),
    run: (office, at) => run(office, at)
  }

  return { on, send, job }
}

export type Outbox = ReturnType<typeof createOutbox>
