import { z } from 'zod'
import { Instant } from '../kernel/calendar.js'
import { idSchema, type Id } from '../kernel/id.js'
import { Fen } from '../kernel/money.js'
import { PageQuery } from '../kernel/page.js'
import { MerchantId } from '../merchants/model.js'

export const WebhookEndpointId = idSchema('whe')
export type WebhookEndpointId = z.infer<typeof WebhookEndpointId>
export const WebhookDeliveryId = idSchema('whd')
export type WebhookDeliveryId = z.infer<typeof WebhookDeliveryId>

/** What an endpoint can be told of. `ping` is only ever sent when its owner asks. */
export const WebhookEventType = z.enum([
  'contract.activated', 'contract.cancelled', 'contract.expired', 'contract.reactivated',
  'redemption.created', 'redemption.voided', 'objection.made', 'objection.withdrawn',
  'settlement.approved', 'settlement.paid', 'settlement.returned',
  'refund.requested', 'refund.consented', 'refund.declined', 'refund.rejected', 'refund.approved', 'refund.sent', 'refund.paid', 'refund.failed',
  'dispute.changed',
  'alert.opened', 'alert.changed',
  'ping'
])
export type WebhookEventType = z.infer<typeof WebhookEventType>

/** The body of a call (Standard Webhooks 1.0): what happened and to what, nothing about people. */
export const WebhookEvent = z.object({
  type: WebhookEventType,
  timestamp: Instant.meta({ description: 'When it happened' }),
  data: z.object({
    id: z.string().meta({ description: 'What it happened to: ask for it by its id for all there is to know' }),
    fact: z.string().meta({ description: 'The name of the event in the evidence log' }),
    contractId: z.string().optional(),
    merchantId: z.string().optional(),
    amountFen: Fen.optional(),
    evidence: z.object({ entryId: z.string(), leafIndex: z.int() }).optional().meta({ description: 'Its leaf in the office\'s evidence log' })
  })
}).meta({ id: 'WebhookEvent' })
export type WebhookEvent = z.output<typeof WebhookEvent>

/** `disabled`: by its owner, or because nothing reached it for days; what happens meanwhile is kept for 30 days. */
export const EndpointStatus = z.enum(['active', 'disabled'])
export type EndpointStatus = z.infer<typeof EndpointStatus>

const Events = z.array(WebhookEventType.exclude(['ping'])).min(1).max(50).nullable()
const Url = z.string().max(2_000)

export const NewEndpoint = z.object({
  url: Url.meta({ description: 'https, and not inside a private network' }),
  events: Events.default(null).meta({ description: 'null: all there are, and all there will be' }),
  description: z.string().trim().max(200).default('')
})
export type NewEndpoint = z.output<typeof NewEndpoint>

export const EndpointChange = NewEndpoint.extend({ status: EndpointStatus.default('active') })
export type EndpointChange = z.output<typeof EndpointChange>

export const WebhookEndpoint = z.object({
  id: WebhookEndpointId,
  merchantId: MerchantId.nullable().meta({ description: 'null: the bureau\'s' }),
  url: z.string(),
  events: z.array(WebhookEventType).nullable(),
  description: z.string(),
  status: EndpointStatus,
  failingSince: Instant.nullable().meta({ description: 'Since when nothing has reached it' }),
  createdAt: Instant
}).meta({ id: 'WebhookEndpoint' })
export type WebhookEndpoint = z.output<typeof WebhookEndpoint>

/** The secret is told once, and again only by making a new one. */
const Secret = z.string().meta({ description: '`whsec_` and base64: what signatures are made with; told only this once' })

export const NewEndpointAnswer = WebhookEndpoint.extend({ secret: Secret }).meta({ id: 'NewWebhookEndpoint' })
export type NewEndpointAnswer = z.output<typeof NewEndpointAnswer>

export const NewSecret = z.object({
  secret: Secret,
  previousUntil: Instant.meta({ description: 'Until then calls are signed with the one before as well' })
}).meta({ id: 'WebhookSecret' })
export type NewSecret = z.output<typeof NewSecret>

/** `dead`: given up after the last try, until its owner has it sent again. */
export const DeliveryStatus = z.enum(['pending', 'delivered', 'dead'])
export type DeliveryStatus = z.infer<typeof DeliveryStatus>

export const WebhookDelivery = z.object({
  id: WebhookDeliveryId.meta({ description: 'The `webhook-id` of each try: what has it was seen before' }),
  endpointId: WebhookEndpointId,
  type: WebhookEventType,
  status: DeliveryStatus,
  attempts: z.int(),
  nextAttemptAt: Instant.nullable(),
  createdAt: Instant,
  deliveredAt: Instant.nullable(),
  lastError: z.string().nullable()
}).meta({ id: 'WebhookDelivery' })
export type WebhookDelivery = z.output<typeof WebhookDelivery>

export const DeliveryAttempt = z.object({
  attemptedAt: Instant,
  tookMs: z.int(),
  status: z.int().nullable().meta({ description: 'The HTTP status; null where none came' }),
  error: z.string().nullable()
}).meta({ id: 'WebhookAttempt' })
export type DeliveryAttempt = z.output<typeof DeliveryAttempt>

export const DeliveryDetail = WebhookDelivery.extend({ event: WebhookEvent, tries: z.array(DeliveryAttempt) }).meta({ id: 'WebhookDeliveryDetail' })
export type DeliveryDetail = z.output<typeof DeliveryDetail>

export const DeliveryFilter = PageQuery.extend({ status: DeliveryStatus.optional() })
export type DeliveryFilter = z.output<typeof DeliveryFilter>

export const Replay = z.object({ since: Instant.optional().meta({ description: 'Only those made since' }) }).prefault({})
export type Replay = z.output<typeof Replay>
export const ReplayAnswer = z.object({ replayed: z.int() })
export type ReplayAnswer = z.output<typeof ReplayAnswer>

/** An endpoint as it is recorded. */
export type EndpointRecord = Readonly<{
  id: WebhookEndpointId
  /** null: the bureau's */
  merchantId: MerchantId | null
  url: string
  events: readonly WebhookEventType[] | null
  description: string
  status: EndpointStatus
  failingSince: Date | null
  secretSealed: string
  previousSecretSealed: string | null
  previousUntil: Date | null
  createdBy: Id<'per'>
  createdAt: Date
  deletedAt: Date | null
}>

/** A delivery as it is recorded. */
export type DeliveryRecord = Readonly<{
  id: WebhookDeliveryId
  endpointId: WebhookEndpointId
  type: WebhookEventType
  /** the exact bytes that are sent */
  body: string
  status: DeliveryStatus
  attempts: number
  nextAttemptAt: Date
  createdAt: Date
  deliveredAt: Date | null
  lastError: string | null
}>

/** An entry of the evidence log, as far as an event is made of it. */
export type LoggedEntry = Readonly<{ leafIndex: number; entry: string }>
