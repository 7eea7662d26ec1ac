import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { actorOf, inRole, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Caller } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { forbidden, notFound, validationFailed } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import { AddressRefused, type AddressGuard } from './address.js'
import {
  WebhookDeliveryId, WebhookEvent, type DeliveryDetail, type DeliveryFilter, type DeliveryRecord, type EndpointChange, type EndpointRecord,
  type NewEndpoint, type NewEndpointAnswer, type NewSecret, type Replay, type ReplayAnswer, type WebhookDelivery, type WebhookEndpoint, type WebhookEndpointId
} from './model.js'
import { checkEndpointCount, ownerOf, replayed, rotated } from './rules.js'
import {
  countEndpoints, findDelivery, findEndpoint, insertDeliveries, insertEndpoint, listAttempts, listDeliveries, listEndpoints, lockDead, lockDelivery,
  lockEndpoint, saveCursor, updateDelivery, updateEndpoint
} from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  guard: Pick<AddressGuard, 'checkUrl'>
  /** The size of the office's evidence log. */
  logSize: (tx: Tx) => Promise<number>
}>

export const secretColumn = 'webhook_endpoints.secret'

const secretBytes = 32
/** How many deliveries one call sends again. */
const replayedMax = 1_000

const newSecret = () => `whsec_${randomBytes(secretBytes).toString('base64')}`

const endpointView = ({ id, merchantId, url, events, description, status, failingSince, createdAt }: EndpointRecord): WebhookEndpoint =>
  ({ id, merchantId, url, events: events && [...events], description, status, failingSince, createdAt })

const deliveryView = ({ body: _, nextAttemptAt, ...delivery }: DeliveryRecord): WebhookDelivery =>
  ({ ...delivery, nextAttemptAt: delivery.status === 'pending' ? nextAttemptAt : null })

export const createWebhooks = ({ work, clock, vault, guard, logSize }: Dependencies) => {
  /** @throws validation_failed (422) for an address that may not be called */
  const checkUrl = async (url: string): Promise<void> => {
    await guard.checkUrl(url).catch((error: unknown) => {
      throw error instanceof AddressRefused ? validationFailed({ errors: [{ path: 'url', message: error.text }] }) : error
    })
  }

  const officeOfCaller = ({ office }: Caller): number => {
    if (office === undefined) throw forbidden({})
    return office
  }

  const write = <Result>(caller: Caller, office: number, use: (tx: Tx) => Promise<Result>) => work.write(actorOf(caller), office, use)
  const read = <Result>(caller: Caller, office: number, use: (tx: Tx) => Promise<Result>) => work.read(actorOf(caller), office, use)

  const locked = async (tx: Tx, id: WebhookEndpointId): Promise<EndpointRecord> => {
    const endpoint = await lockEndpoint(tx, id)
    if (!endpoint) throw notFound({})
    return endpoint
  }

  /** An office's first endpoint is told of what happens from now on. */
  const beginReading = (tx: Tx): Promise<void> => inRole(tx, 'worker', async (asWorker) => {
    if (await countEndpoints(asWorker) === 0) await saveCursor(asWorker, await logSize(asWorker))
  })

  /**
   * Registers an address. The secret is told in this answer and never again.
   * @throws forbidden (403), validation_failed, too_many_endpoints (422)
   */
  const create = async (caller: Caller, { url, events, description }: NewEndpoint): Promise<NewEndpointAnswer> => {
    const merchantId = ownerOf(caller)
    await checkUrl(url)
    const secret = newSecret()
    return write(caller, officeOfCaller(caller), async (tx) => {
      checkEndpointCount(await countEndpoints(tx))
      await beginReading(tx)
      const endpoint: EndpointRecord = {
        id: newId('whe', tx.office), merchantId, url, events, description, status: 'active', failingSince: null,
        secretSealed: vault.seal(secret, secretColumn), previousSecretSealed: null, previousUntil: null,
        createdBy: caller.personId, createdAt: clock.now(), deletedAt: null
      }
      await insertEndpoint(tx, endpoint)
      return { ...endpointView(endpoint), secret }
    })
  }

  /** The caller's endpoints, oldest first. @throws forbidden (403) */
  const list = async (caller: Caller): Promise<PageOf<WebhookEndpoint>> => {
    ownerOf(caller)
    return { items: (await read(caller, officeOfCaller(caller), listEndpoints)).map(endpointView), nextCursor: null }
  }

  /** @throws forbidden (403), not_found (404) */
  const find = async (caller: Caller, id: WebhookEndpointId): Promise<WebhookEndpoint> => {
    ownerOf(caller)
    const endpoint = await read(caller, officeOf(id), (tx) => findEndpoint(tx, id))
    if (!endpoint) throw notFound({})
    return endpointView(endpoint)
  }

  /** Changes an endpoint, or switches it on or off. @throws forbidden (403), not_found (404), validation_failed (422) */
  const change = async (caller: Caller, id: WebhookEndpointId, { url, events, description, status }: EndpointChange): Promise<WebhookEndpoint> => {
    await find(caller, id)
    await checkUrl(url)
    return write(caller, officeOf(id), async (tx) => {
      const before = await locked(tx, id)
      const after = { ...before, url, events, description, status, failingSince: status === before.status ? before.failingSince : null }
      await updateEndpoint(tx, after)
      return endpointView(after)
    })
  }

  /** Takes an endpoint away, with what was still to be sent to it. @throws forbidden (403), not_found (404) */
  const remove = (caller: Caller, id: WebhookEndpointId): Promise<void> => {
    ownerOf(caller)
    return write(caller, officeOf(id), async (tx) => updateEndpoint(tx, { ...await locked(tx, id), secretSealed: '', previousSecretSealed: null, deletedAt: clock.now() }))
  }

  /** Makes a new secret; the one before signs as well for a day. @throws forbidden (403), not_found (404) */
  const rotate = (caller: Caller, id: WebhookEndpointId): Promise<NewSecret> => {
    ownerOf(caller)
    const secret = newSecret()
    return write(caller, officeOf(id), async (tx) => {
      const after = rotated(await locked(tx, id), vault.seal(secret, secretColumn), clock.now())
      await updateEndpoint(tx, after)
      return { secret, previousUntil: after.previousUntil }
    })
  }

  /** Has a `ping` sent, to try an endpoint out. @throws forbidden (403), not_found (404) */
  const ping = (caller: Caller, id: WebhookEndpointId): Promise<WebhookDelivery> => {
    ownerOf(caller)
    return write(caller, officeOf(id), async (tx) => {
      const { merchantId } = await locked(tx, id)
      const now = clock.now()
      const event: WebhookEvent = { type: 'ping', timestamp: now, data: { id, fact: 'ping', ...(merchantId === null ? {} : { merchantId }) } }
      const delivery = deliveryOf(tx.office, id, event, now)
      await insertDeliveries(tx, [delivery])
      return deliveryView(delivery)
    })
  }

  /** What was sent to an endpoint, or is to be, newest first. @throws forbidden (403), not_found (404) */
  const deliveries = async (caller: Caller, id: WebhookEndpointId, filter: DeliveryFilter): Promise<PageOf<WebhookDelivery>> => {
    await find(caller, id)
    const rows = await read(caller, officeOf(id), (tx) => listDeliveries(tx, id, filter.status, positionOf(filter, WebhookDeliveryId), filter.limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, (delivery) => delivery.id)
    return { items: items.map(deliveryView), nextCursor }
  }

  /** One that belongs to an endpoint which is still there. */
  const standing = async (tx: Tx, found: DeliveryRecord | undefined): Promise<DeliveryRecord> => {
    if (!found || !(await findEndpoint(tx, found.endpointId))) throw notFound({})
    return found
  }

  /** A delivery with its event and each try. @throws forbidden (403), not_found (404) */
  const delivery = (caller: Caller, id: WebhookDeliveryId): Promise<DeliveryDetail> => {
    ownerOf(caller)
    return read(caller, officeOf(id), async (tx) => {
      const found = await standing(tx, await findDelivery(tx, id))
      return { ...deliveryView(found), event: z.decode(WebhookEvent, JSON.parse(found.body)), tries: await listAttempts(tx, id) }
    })
  }

  /** Sends one delivery again, whatever came of it. @throws forbidden (403), not_found (404) */
  const replay = (caller: Caller, id: WebhookDeliveryId): Promise<WebhookDelivery> => {
    ownerOf(caller)
    return write(caller, officeOf(id), async (tx) => {
      const again = replayed(await standing(tx, await lockDelivery(tx, id)), clock.now())
      await updateDelivery(tx, again)
      return deliveryView(again)
    })
  }

  /** Sends all again that was given up, up to 1,000 at a time, oldest first. @throws forbidden (403), not_found (404) */
  const replayDead = (caller: Caller, id: WebhookEndpointId, { since }: Replay): Promise<ReplayAnswer> => {
    ownerOf(caller)
    return write(caller, officeOf(id), async (tx) => {
      await locked(tx, id)
      const dead = await lockDead(tx, id, since, replayedMax)
      for (const one of dead) await updateDelivery(tx, replayed(one, clock.now()))
      return { replayed: dead.length }
    })
  }

  return { create, list, find, change, remove, rotate, ping, deliveries, delivery, replay, replayDead }
}

/** A delivery of an event to an endpoint, due at once. */
export const deliveryOf = (office: number, endpointId: WebhookEndpointId, event: WebhookEvent, at: Date): DeliveryRecord => ({
  id: newId('whd', office), endpointId, type: event.type, body: JSON.stringify(z.encode(WebhookEvent, event)),
  status: 'pending', attempts: 0, nextAttemptAt: at, createdAt: at, deliveredAt: null, lastError: null
})

export type Webhooks = ReturnType<typeof createWebhooks>
