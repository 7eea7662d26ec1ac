import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import { newId, type Id } from '../kernel/id.js'
import { tracedAnew, type Tracing } from '../kernel/tracing.js'
import type { Vault } from '../kernel/vault.js'
import type { Job } from '../timetable/service.js'
import { claimDue, findNextDue, insertIntents, markDelivered, postpone, type Intent } from './store.js'

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

/** What is to be done on the other side; amounts in the payload are numbers of fen. */
type Message = Readonly<{ topic: string; key: string; payload: object }>

type PayloadOf = (subjects: readonly string[]) => object

/** Subjects of one intent: so few that a slow other side answers all before another process takes the intent over. */
const togetherMax = 50

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

  const write = async (tx: Tx, messages: readonly Message[], dueAt: Date): Promise<Id<'out'>[]> => {
    const intents = messages.map(({ topic, key, payload }) => ({
      id: newId('out', tx.office), topic, key,
      payload: vault.seal(JSON.stringify(payload, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)), about)
    }))
    await insertIntents(tx, intents, clock.now(), dueAt)
    return intents.map(({ id }) => id)
  }

  /** Writes an intent; it is delivered right after the commit, or by the job when that fails. */
  const send = async (tx: Tx, message: Message): Promise<void> => {
    // The sender delivers it first; the job takes over should the sender die before it could.
    const [id] = await write(tx, [message], after(clock.now(), leaseMs))
    tx.afterCommit(async () => {
      const delivered = deliverNext(tx.office, clock.now(), id)
      if (awaitDelivery) await delivered
      else delivered.catch((error: unknown) => { onFailure(message.topic, error) })
    })
  }

  const inGroups = (topic: string, subjects: readonly string[], payloadOf: PayloadOf): Message[] => {
    const messages: Message[] = []
    for (let from = 0; from < subjects.length; from += togetherMax) {
      messages.push({ topic, key: subjects[from] as string, payload: payloadOf(subjects.slice(from, from + togetherMax)) })
    }
    return messages
  }

  /** Writes intents for many subjects, some to an intent, and leaves them to the job from the beginning, so that they do not pile up behind their sender. */
  const leaveTogether = async (tx: Tx, topic: string, subjects: readonly string[], payloadOf: PayloadOf): Promise<void> => {
    if (subjects.length > 0) await write(tx, inGroups(topic, subjects, payloadOf), clock.now())
  }

  /** The same, but where one intent is enough it is delivered as by `send`. */
  const sendTogether = async (tx: Tx, topic: string, subjects: readonly string[], payloadOf: PayloadOf): Promise<void> => {
    if (subjects.length > togetherMax) return leaveTogether(tx, topic, subjects, payloadOf)
    for (const message of inGroups(topic, subjects, payloadOf)) await send(tx, message)
  }

  const job: Job = {
    name: 'outbox',
    nextDue: (office) => work.read(worker, office, findNextDue),
    run: (office, at) => run(office, at)
  }

  return { on, send, sendTogether, leaveTogether, job }
}

export type Outbox = ReturnType<typeof createOutbox>
