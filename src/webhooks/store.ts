import { and, asc, count, desc, eq, getTableColumns, gte, inArray, isNull, lt, lte, min } from 'drizzle-orm'
import type { Tx } from '../db/unit-of-work.js'
import { newId } from '../kernel/id.js'
import type { DeliveryAttempt, DeliveryRecord, DeliveryStatus, EndpointRecord, WebhookDeliveryId, WebhookEndpointId } from './model.js'
import { webhookAttempts, webhookCursors, webhookDeliveries, webhookEndpoints } from './table.js'

const { officeId: _, ...endpointColumns } = getTableColumns(webhookEndpoints)
const { officeId: __, ...deliveryColumns } = getTableColumns(webhookDeliveries)

const standing = (office: number) => and(eq(webhookEndpoints.officeId, office), isNull(webhookEndpoints.deletedAt))

export const insertEndpoint = async ({ db, office }: Tx, { events, ...endpoint }: EndpointRecord): Promise<void> => {
  await db.insert(webhookEndpoints).values({ ...endpoint, events: events && [...events], officeId: office })
}

export const updateEndpoint = async ({ db, office }: Tx, { id, events, ...endpoint }: EndpointRecord): Promise<void> => {
  await db.update(webhookEndpoints).set({ ...endpoint, events: events && [...events] }).where(and(eq(webhookEndpoints.officeId, office), eq(webhookEndpoints.id, id)))
}

export const findEndpoint = async ({ db, office }: Tx, id: WebhookEndpointId): Promise<EndpointRecord | undefined> =>
  (await db.select(endpointColumns).from(webhookEndpoints).where(and(standing(office), eq(webhookEndpoints.id, id))))[0]

export const lockEndpoint = async ({ db, office }: Tx, id: WebhookEndpointId): Promise<EndpointRecord | undefined> =>
  (await db.select(endpointColumns).from(webhookEndpoints).where(and(standing(office), eq(webhookEndpoints.id, id))).for('update'))[0]

/** All that the role may see, oldest first. */
export const listEndpoints = ({ db, office }: Tx): Promise<EndpointRecord[]> =>
  db.select(endpointColumns).from(webhookEndpoints).where(standing(office)).orderBy(asc(webhookEndpoints.id))

/** How far the log has been read, locked; undefined where it has not been begun, or another process is at it. */
export const lockCursor = async ({ db, office }: Tx): Promise<number | undefined> =>
  (await db.select().from(webhookCursors).where(eq(webhookCursors.officeId, office)).for('update', { skipLocked: true }))[0]?.nextIndex

export const saveCursor = async ({ db, office }: Tx, nextIndex: number): Promise<void> => {
  await db.insert(webhookCursors).values({ officeId: office, nextIndex }).onConflictDoUpdate({ target: [webhookCursors.officeId], set: { nextIndex } })
}

export const insertDeliveries = async ({ db, office }: Tx, rows: readonly DeliveryRecord[]): Promise<void> => {
  if (rows.length > 0) await db.insert(webhookDeliveries).values(rows.map((row) => ({ ...row, officeId: office })))
}

export const updateDelivery = async ({ db, office }: Tx, { id, ...delivery }: DeliveryRecord): Promise<void> => {
  await db.update(webhookDeliveries).set(delivery).where(and(eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.id, id)))
}

export const findDelivery = async ({ db, office }: Tx, id: WebhookDeliveryId): Promise<DeliveryRecord | undefined> =>
  (await db.select(deliveryColumns).from(webhookDeliveries).where(and(eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.id, id))))[0]

export const lockDelivery = async ({ db, office }: Tx, id: WebhookDeliveryId): Promise<DeliveryRecord | undefined> =>
  (await db.select(deliveryColumns).from(webhookDeliveries).where(and(eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.id, id))).for('update'))[0]

/** Deliveries of an endpoint, newest first. */
export const listDeliveries = ({ db, office }: Tx, endpointId: WebhookEndpointId, status: DeliveryStatus | undefined, before: WebhookDeliveryId | undefined, limit: number): Promise<DeliveryRecord[]> =>
  db.select(deliveryColumns).from(webhookDeliveries)
    .where(and(
      eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.endpointId, endpointId),
      ...(status ? [eq(webhookDeliveries.status, status)] : []), ...(before ? [lt(webhookDeliveries.id, before)] : [])
    ))
    .orderBy(desc(webhookDeliveries.id)).limit(limit)

/** What was given up of an endpoint's deliveries, locked. */
export const lockDead = ({ db, office }: Tx, endpointId: WebhookEndpointId, since: Date | undefined, limit: number): Promise<DeliveryRecord[]> =>
  db.select(deliveryColumns).from(webhookDeliveries)
    .where(and(
      eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.endpointId, endpointId), eq(webhookDeliveries.status, 'dead'),
      ...(since ? [gte(webhookDeliveries.createdAt, since)] : [])
    ))
    .orderBy(asc(webhookDeliveries.id)).limit(limit).for('update')

const due = (office: number, at: Date) => and(eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.status, 'pending'), lte(webhookDeliveries.nextAttemptAt, at))
const toActive = (office: number) => and(standing(office), eq(webhookEndpoints.status, 'active'))
const itsEndpoint = and(eq(webhookEndpoints.officeId, webhookDeliveries.officeId), eq(webhookEndpoints.id, webhookDeliveries.endpointId))

/** Active endpoints that something is due for. */
export const listEndpointsWithDue = async ({ db, office }: Tx, at: Date): Promise<WebhookEndpointId[]> =>
  (await db.selectDistinct({ id: webhookEndpoints.id }).from(webhookDeliveries).innerJoin(webhookEndpoints, itsEndpoint).where(and(due(office, at), toActive(office))))
    .map(({ id }) => id)

/** Claims what is due for an endpoint until `leaseUntil`, so that no two processes send one at the same time. */
export const claimDue = async ({ db, office }: Tx, endpointId: WebhookEndpointId, at: Date, leaseUntil: Date, limit: number): Promise<DeliveryRecord[]> => {
  const rows = await db.select(deliveryColumns).from(webhookDeliveries)
    .where(and(due(office, at), eq(webhookDeliveries.endpointId, endpointId)))
    .orderBy(asc(webhookDeliveries.nextAttemptAt), asc(webhookDeliveries.id)).limit(limit).for('update', { skipLocked: true })
  if (rows.length > 0) await db.update(webhookDeliveries).set({ nextAttemptAt: leaseUntil }).where(and(eq(webhookDeliveries.officeId, office), inArray(webhookDeliveries.id, rows.map(({ id }) => id))))
  return rows
}

export const findNextDue = async ({ db, office }: Tx): Promise<Date | null> =>
  (await db.select({ dueAt: min(webhookDeliveries.nextAttemptAt) }).from(webhookDeliveries).innerJoin(webhookEndpoints, itsEndpoint)
    .where(and(eq(webhookDeliveries.officeId, office), eq(webhookDeliveries.status, 'pending'), toActive(office))))[0]?.dueAt ?? null

export const deleteDeliveriesBefore = async ({ db, office }: Tx, before: Date): Promise<void> => {
  await db.delete(webhookDeliveries).where(and(eq(webhookDeliveries.officeId, office), lt(webhookDeliveries.createdAt, before)))
}

export const insertAttempt = async ({ db, office }: Tx, deliveryId: WebhookDeliveryId, attempt: DeliveryAttempt): Promise<void> => {
  await db.insert(webhookAttempts).values({ ...attempt, officeId: office, id: newId('wha', office), deliveryId })
}

/** Tries of a delivery, oldest first. */
export const listAttempts = ({ db, office }: Tx, deliveryId: WebhookDeliveryId): Promise<DeliveryAttempt[]> =>
  db.select({ attemptedAt: webhookAttempts.attemptedAt, tookMs: webhookAttempts.tookMs, status: webhookAttempts.status, error: webhookAttempts.error })
    .from(webhookAttempts).where(and(eq(webhookAttempts.officeId, office), eq(webhookAttempts.deliveryId, deliveryId))).orderBy(asc(webhookAttempts.id))

export const countEndpoints = async ({ db, office }: Tx): Promise<number> =>
  (await db.select({ standing: count() }).from(webhookEndpoints).where(standing(office)))[0]?.standing ?? 0
