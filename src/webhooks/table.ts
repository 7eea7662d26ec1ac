import { sql } from 'drizzle-orm'
import { bigint, check, foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant, officeId } from '../db/columns.js'
import { allow, allowAll, context, ofMerchant, ofOffice } from '../db/policies.js'
import type { DeliveryStatus, EndpointStatus, WebhookEventType } from './model.js'

const ofBureau = sql`office_id = ${context.office} and merchant_id is null`
/** What hangs on an endpoint is seen by those who see the endpoint (its policies apply inside). */
const ofVisible = (table: string, column: string, parent: string) =>
  sql.raw(`exists (select 1 from ${parent} p where p.office_id = ${table}.office_id and p.id = ${table}.${column})`)

/** Addresses that merchants and the bureau have events sent to. */
export const webhookEndpoints = pgTable('webhook_endpoints', {
  officeId: officeId(),
  id: id('id', 'whe').notNull(),
  /** null: the bureau's */
  merchantId: id('merchant_id', 'mer'),
  url: text('url').notNull(),
  /** null: all */
  events: text('events').array().$type<WebhookEventType[]>(),
  description: text('description').notNull(),
  status: text('status').$type<EndpointStatus>().notNull(),
  failingSince: instant('failing_since'),
  secretSealed: text('secret_sealed').notNull(),
  previousSecretSealed: text('previous_secret_sealed'),
  previousUntil: instant('previous_until'),
  createdBy: id('created_by', 'per').notNull(),
  createdAt: instant('created_at').notNull(),
  deletedAt: instant('deleted_at')
}, (t) => [
  primaryKey({ name: 'webhook_endpoints_pk', columns: [t.officeId, t.id] }),
  check('webhook_endpoints_status', sql`${t.status} in ('active', 'disabled')`),
  ...allowAll('webhook_endpoints', ['select', 'insert', 'update'], ['merchant'], ofMerchant),
  ...allowAll('webhook_endpoints', ['select', 'insert', 'update'], ['bureau'], ofBureau),
  ...allowAll('webhook_endpoints', ['select', 'update'], ['worker'], ofOffice)
])

/** How far the evidence log has been read for events. */
export const webhookCursors = pgTable('webhook_cursors', {
  officeId: officeId(),
  nextIndex: bigint('next_index', { mode: 'number' }).notNull()
}, (t) => [
  primaryKey({ name: 'webhook_cursors_pk', columns: [t.officeId] }),
  ...allowAll('webhook_cursors', ['select', 'insert', 'update'], ['worker'], ofOffice)
])

/** Events on their way to endpoints, and those that arrived or were given up; for 30 days. */
export const webhookDeliveries = pgTable('webhook_deliveries', {
  officeId: officeId(),
  id: id('id', 'whd').notNull(),
  endpointId: id('endpoint_id', 'whe').notNull(),
  type: text('type').$type<WebhookEventType>().notNull(),
  /** the exact bytes that are sent */
  body: text('body').notNull(),
  status: text('status').$type<DeliveryStatus>().notNull(),
  attempts: integer('attempts').notNull().default(0),
  nextAttemptAt: instant('next_attempt_at').notNull(),
  createdAt: instant('created_at').notNull(),
  deliveredAt: instant('delivered_at'),
  lastError: text('last_error')
}, (t) => [
  primaryKey({ name: 'webhook_deliveries_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'webhook_deliveries_endpoint', columns: [t.officeId, t.endpointId], foreignColumns: [webhookEndpoints.officeId, webhookEndpoints.id] }),
  index('webhook_deliveries_of_endpoint').on(t.officeId, t.endpointId, t.id),
  index('webhook_deliveries_due').on(t.officeId, t.endpointId, t.nextAttemptAt).where(sql`${t.status} = 'pending'`),
  check('webhook_deliveries_status', sql`${t.status} in ('pending', 'delivered', 'dead')`),
  ...allowAll('webhook_deliveries', ['select', 'insert', 'update'], ['merchant', 'bureau'], ofVisible('webhook_deliveries', 'endpoint_id', 'webhook_endpoints')),
  ...allowAll('webhook_deliveries', ['select', 'insert', 'update', 'delete'], ['worker'], ofOffice)
])

/** The log of tries. */
export const webhookAttempts = pgTable('webhook_attempts', {
  officeId: officeId(),
  id: id('id', 'wha').notNull(),
  deliveryId: id('delivery_id', 'whd').notNull(),
  attemptedAt: instant('attempted_at').notNull(),
  tookMs: integer('took_ms').notNull(),
  status: integer('status'),
  error: text('error')
}, (t) => [
  primaryKey({ name: 'webhook_attempts_pk', columns: [t.officeId, t.id] }),
  foreignKey({ name: 'webhook_attempts_delivery', columns: [t.officeId, t.deliveryId], foreignColumns: [webhookDeliveries.officeId, webhookDeliveries.id] }).onDelete('cascade'),
  index('webhook_attempts_of_delivery').on(t.officeId, t.deliveryId, t.id),
  allow('webhook_attempts', 'select', ['merchant', 'bureau'], ofVisible('webhook_attempts', 'delivery_id', 'webhook_deliveries')),
  ...allowAll('webhook_attempts', ['select', 'insert'], ['worker'], ofOffice)
])
