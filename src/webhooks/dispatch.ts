import { worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import { after, hourMs } from '../kernel/calendar.js'
import type { Clock } from '../kernel/clock.js'
import type { Vault } from '../kernel/vault.js'
import type { Job } from '../timetable/service.js'
import type { DeliveryRecord, EndpointRecord, LoggedEntry, WebhookEndpointId } from './model.js'
import { endpointAfter, eventOf, isFor, keptMs, signingSecrets, tried, type Outcome } from './rules.js'
import type { Send } from './sender.js'
import { deliveryOf, secretColumn } from './service.js'
import { claimDue, deleteDeliveriesBefore, findEndpoint, findNextDue, insertAttempt, insertDeliveries, listEndpoints, listEndpointsWithDue, lockCursor, lockDelivery, lockEndpoint, saveCursor, updateDelivery, updateEndpoint } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  send: Send
  /** Entries of the office's evidence log from a place on, in its order. */
  entriesFrom: (tx: Tx, leafIndex: number, limit: number) => Promise<readonly LoggedEntry[]>
  /** Has the log take in what was committed: where a run must not leave to the next one what is just being written. */
  catchUp: ((office: number) => Promise<void>) | undefined
  /** Whether a run waits for the receivers: the sandbox's does, so that all that is due has been sent when its clock has moved. */
  awaitDelivery: boolean
  timeoutMs: number
  onFailure: (error: unknown) => void
}>

const readMax = 500
/** Calls to one receiver at the same time; a slow one holds up nobody but itself. */
const lanes = 4
/** Longer than a call may take. */
const leaseMs = 60_000

/**
 * Makes deliveries of the events in the evidence log, and sends what is due. The log is read once,
 * by whichever process holds the cursor; a delivery is sent at least once. Receivers are called
 * beside the jobs, a few calls at a time for each, so that a slow one holds no tick.
 */
export const createDispatch = ({ work, clock, vault, send, entriesFrom, catchUp, awaitDelivery, timeoutMs, onFailure }: Dependencies) => {
  const stopping = new AbortController()
  const running = new Map<WebhookEndpointId, Promise<void>>()
  const sweptAt = new Map<number, Date>()

  /** @returns how many entries were read */
  const readOn = (office: number, at: Date): Promise<number> => work.write(worker, office, async (tx) => {
    const endpoints = await listEndpoints(tx)
    if (endpoints.length === 0) return 0
    const next = await lockCursor(tx)
    if (next === undefined) return 0
    const entries = await entriesFrom(tx, next, readMax)
    const last = entries.at(-1)
    if (last === undefined) return 0
    const events = entries.flatMap((entry) => eventOf(entry) ?? [])
    await insertDeliveries(tx, events.flatMap((event) => endpoints.filter((endpoint) => isFor(endpoint, event)).map(({ id }) => deliveryOf(office, id, event, at))))
    await saveCursor(tx, last.leafIndex + 1)
    return entries.length
  })

  /** Records a try, unless the delivery or its endpoint is gone meanwhile. */
  const record = (office: number, { id, endpointId }: DeliveryRecord, outcome: Outcome, tookMs: number, at: Date): Promise<void> => work.write(worker, office, async (tx) => {
    const endpoint = await lockEndpoint(tx, endpointId)
    const delivery = await lockDelivery(tx, id)
    if (!endpoint || !delivery) return
    const after = endpointAfter(endpoint, outcome, at)
    await updateDelivery(tx, tried(delivery, outcome, at))
    if (after.status !== endpoint.status || after.failingSince !== endpoint.failingSince) await updateEndpoint(tx, after)
    await insertAttempt(tx, id, { attemptedAt: at, tookMs, ...outcome })
  })

  const attempt = async (office: number, endpoint: EndpointRecord, delivery: DeliveryRecord, at: Date): Promise<void> => {
    const secrets = signingSecrets(endpoint, clock.now()).map((sealed) => vault.open(sealed, secretColumn))
    const begun = Date.now()
    // The receiver compares the time of the signature with its own clock.
    const outcome = await send({
      id: delivery.id, url: endpoint.url, body: delivery.body, secrets, at: new Date(begun),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
    })
    if (!stopping.signal.aborted) await record(office, delivery, outcome, Date.now() - begun, at)
  }

  const drain = async (office: number, id: WebhookEndpointId, at: Date): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { endpoint, claimed } = await work.write(worker, office, async (tx) => ({
        endpoint: await findEndpoint(tx, id), claimed: await claimDue(tx, id, at, after(at, leaseMs), lanes)
      }))
      if (endpoint?.status !== 'active' || claimed.length === 0) return
      await Promise.all(claimed.map((delivery) => attempt(office, endpoint, delivery, at)))
    }
  }

  const sendDue = async (office: number, at: Date): Promise<void> => {
    for (const id of await work.read(worker, office, (tx) => listEndpointsWithDue(tx, at))) {
      if (running.has(id)) continue
      running.set(id, drain(office, id, at).catch(onFailure).finally(() => { running.delete(id) }))
    }
    if (awaitDelivery) await Promise.all(running.values())
  }

  const sweep = async (office: number, at: Date): Promise<void> => {
    const last = sweptAt.get(office)
    if (last !== undefined && at < after(last, hourMs)) return
    sweptAt.set(office, at)
    await work.write(worker, office, (tx) => deleteDeliveriesBefore(tx, after(at, -keptMs)))
  }

  const job: Job = {
    name: 'webhooks',
    nextDue: (office) => work.read(worker, office, findNextDue),
    run: async (office, at) => {
      if (office === 0) return
      await catchUp?.(office)
      let read: number
      do read = await readOn(office, at)
      while (read === readMax)
      await sendDue(office, at)
      await sweep(office, at)
    }
  }

  return {
    job,
    /** Breaks off what is being sent; it will be sent again. */
    stop: async (): Promise<void> => {
      stopping.abort()
      await Promise.all(running.values())
    }
  }
}

export type Dispatch = ReturnType<typeof createDispatch>
