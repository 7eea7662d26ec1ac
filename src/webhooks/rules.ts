import { after, dayMs, hourMs } from '../kernel/calendar.js'
import type { Caller } from '../kernel/caller.js'
import { sum } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import { checkOwner } from '../merchants/rules.js'
import type { DeliveryRecord, EndpointRecord, LoggedEntry, WebhookEvent, WebhookEventType } from './model.js'
import { tooManyEndpoints } from './problems.js'

/*
 * A merchant's owner and the bureau may have events sent to addresses of theirs: a merchant what
 * concerns it, the bureau what concerns any merchant of the office. An event is an entry of the
 * evidence log, so that what is sent was written in the transaction that made it so, nothing is
 * sent that did not happen, and whoever receives it can check it against the log. It names things
 * by their ids and tells nothing of people.
 *
 * What cannot be delivered is tried again, later and later, for three days; then it is dead until
 * its owner has it sent again. An endpoint that nothing reached for five days is disabled. Events
 * are kept for thirty days.
 */

export const endpointsMax = 10
export const keptMs = 30 * dayMs
const disabledAfterMs = 5 * dayMs
const rotationMs = dayMs

/** How long after each try that failed the next one comes. */
const waitsMs = [5_000, 5 * 60_000, 30 * 60_000, 2 * hourMs, 5 * hourMs, 10 * hourMs, 14 * hourMs, 20 * hourMs, 24 * hourMs]

/** Whose endpoints a caller's are: a merchant's, or the bureau's (null). @throws forbidden (403) for a cashier */
export const ownerOf = (caller: Caller): MerchantId | null => {
  if (caller.end === 'bureau') return null
  checkOwner(caller, caller.merchantId)
  return caller.merchantId as MerchantId
}

/** @throws too_many_endpoints (422) */
export const checkEndpointCount = (count: number): void => {
  if (count >= endpointsMax) throw tooManyEndpoints({ max: endpointsMax })
}

type Line = Readonly<{ account: string; side: string; amountFen?: string }>
type Entry = Readonly<{ id: string; fact: string; subject: string; contractId?: string; merchantId?: string; occurredAt: string; payload: Readonly<{ kind?: string; lines?: readonly Line[] }> }>

const types: Readonly<Record<string, WebhookEventType>> = {
  'payment-received': 'contract.activated', 'contract-cancelled': 'contract.cancelled', 'contract-expired': 'contract.expired', 'contract-reactivated': 'contract.reactivated',
  'session-recorded': 'redemption.created', 'release-voided': 'redemption.voided', 'objection-made': 'objection.made', 'objection-withdrawn': 'objection.withdrawn',
  'settlement-approved': 'settlement.approved', 'payout-confirmed': 'settlement.paid', 'payout-returned': 'settlement.returned',
  'refund-requested': 'refund.requested', 'refund-consented': 'refund.consented', 'refund-declined': 'refund.declined', 'refund-rejected': 'refund.rejected',
  'refund-approved': 'refund.approved', 'refund-sent': 'refund.sent', 'refund-confirmed': 'refund.paid', 'refund-failed': 'refund.failed', 'refund-returned': 'refund.failed',
  'alert-opened': 'alert.opened', 'alert-explained': 'alert.changed', 'alert-rectified': 'alert.changed', 'alert-sent-back': 'alert.changed', 'alert-escalated': 'alert.changed', 'alert-closed': 'alert.changed'
}

const typeOf = ({ fact, subject, payload }: Entry): WebhookEventType | undefined => {
  // Units are released by a visit, which is an event to a merchant, or by time, which is not.
  if (fact === 'units-released') return payload.kind === 'check_in' ? 'redemption.created' : undefined
  return subject.startsWith('dsp_') ? 'dispute.changed' : types[fact]
}

/** Where only a part of what moved is the event's amount: what goes to the consumer, what reaches the merchant. */
const counted: Readonly<Record<string, (line: Line) => boolean>> = {
  'refund-approved': ({ account }) => account.startsWith('refund_payable:'),
  'payout-confirmed': ({ account }) => account.startsWith('bank:')
}

const amountOf = ({ fact, payload: { lines } }: Entry): bigint | undefined =>
  lines && sum(lines.filter(counted[fact] ?? (({ side }) => side === 'debit')).map(({ amountFen }) => BigInt(amountFen ?? 0)))

/** The event that an entry of the log is to the outside; undefined for what is nobody's to be told. */
export const eventOf = ({ leafIndex, entry }: LoggedEntry): WebhookEvent | undefined => {
  const logged = JSON.parse(entry) as Entry
  const type = typeOf(logged)
  if (type === undefined) return undefined
  const { id: entryId, subject, fact, contractId, merchantId, occurredAt } = logged
  const amount = amountOf(logged)
  return {
    type,
    timestamp: new Date(occurredAt),
    data: {
      // A contract begins with its payment: to those outside it is the contract's event.
      id: type === 'contract.activated' && contractId !== undefined ? contractId : subject, fact,
      ...(contractId === undefined ? {} : { contractId }), ...(merchantId === undefined ? {} : { merchantId }),
      ...(amount === undefined ? {} : { amountFen: amount }),
      evidence: { entryId, leafIndex }
    }
  }
}

/** Whether an endpoint is to be told of an event. */
export const isFor = ({ merchantId, events }: Pick<EndpointRecord, 'merchantId' | 'events'>, { type, data }: WebhookEvent): boolean =>
  (merchantId === null || merchantId === data.merchantId) && (events === null || events.includes(type))

/** What came of a try. `status`: of HTTP, where an answer came. */
export type Outcome = Readonly<{ status: number | null; error: string | null }>

const gone = 410

export const isDelivered = ({ status }: Outcome): boolean => status !== null && status >= 200 && status < 300

/** A delivery after a try. */
export const tried = (delivery: DeliveryRecord, outcome: Outcome, at: Date): DeliveryRecord => {
  const attempts = delivery.attempts + 1
  if (isDelivered(outcome)) return { ...delivery, attempts, status: 'delivered', deliveredAt: at, lastError: null }
  const wait = outcome.status === gone ? undefined : waitsMs[attempts - 1]
  const failed = { ...delivery, attempts, lastError: outcome.error ?? `HTTP ${outcome.status}` }
  return wait === undefined ? { ...failed, status: 'dead' } : { ...failed, nextAttemptAt: after(at, wait) }
}

/** An endpoint after a try of one of its deliveries: 410 Gone means that nothing more is wanted there. */
export const endpointAfter = (endpoint: EndpointRecord, outcome: Outcome, at: Date): EndpointRecord => {
  if (isDelivered(outcome)) return { ...endpoint, failingSince: null }
  const failingSince = endpoint.failingSince ?? at
  const isDisabled = outcome.status === gone || at >= after(failingSince, disabledAfterMs)
  return { ...endpoint, failingSince, status: isDisabled ? 'disabled' : endpoint.status }
}

/** A delivery that is to be sent again, as if for the first time. */
export const replayed = (delivery: DeliveryRecord, at: Date): DeliveryRecord =>
  ({ ...delivery, status: 'pending', attempts: 0, nextAttemptAt: at, deliveredAt: null })

/** The endpoint with a new secret; the one before goes on signing for a day. */
export const rotated = (endpoint: EndpointRecord, secretSealed: string, at: Date): EndpointRecord & Readonly<{ previousUntil: Date }> =>
  ({ ...endpoint, secretSealed, previousSecretSealed: endpoint.secretSealed, previousUntil: after(at, rotationMs) })

/** The secrets that sign a call at a moment, sealed. */
export const signingSecrets = ({ secretSealed, previousSecretSealed, previousUntil }: EndpointRecord, at: Date): string[] =>
  [secretSealed, ...(previousSecretSealed !== null && previousUntil !== null && at < previousUntil ? [previousSecretSealed] : [])]
