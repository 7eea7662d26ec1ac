import type { Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { ChannelName, Notification, PayerAction } from './model.js'
import { channelUnavailable } from './problems.js'

/*
 * A payment channel, as the service sees it. What a channel can do stands in one table, and code
 * asks the table, never the name.
 */

export type Capabilities = Readonly<{
  /** the money arrives on the special account itself; else the channel owes it (clearing) until it settles */
  creditsBankDirectly: boolean
  /** pays back to the payer on the original order */
  canRefund: boolean
  /** days after the payment in which it still does; null: no limit */
  refundWindowDays: number | null
  /** takes its fee out of what it settles */
  netsFee: boolean
  /** an order not yet paid can be closed, so that it cannot be paid any more */
  canClose: boolean
}>

/** Refund windows: a year at WeChat Pay and, by the usual agreement, at Alipay. */
export const capabilitiesOf: Readonly<Record<ChannelName, Capabilities>> = {
  sandbox: { creditsBankDirectly: false, canRefund: true, refundWindowDays: null, netsFee: true, canClose: true },
  wechatpay: { creditsBankDirectly: false, canRefund: true, refundWindowDays: 365, netsFee: true, canClose: true },
  alipay: { creditsBankDirectly: false, canRefund: true, refundWindowDays: 365, netsFee: true, canClose: true },
  bank_transfer: { creditsBankDirectly: true, canRefund: false, refundWindowDays: 0, netsFee: false, canClose: false }
}

export type Order = Readonly<{ orderId: Id<'pay'>; amountFen: Fen; subject: string; expiresAt: Date }>

export type RefundRequest = Readonly<{
  /** the service's own key: the channel refunds once for it, however often it is asked */
  key: string
  /** the paid order the money goes back on */
  orderId: Id<'pay'>
  amountFen: Fen
}>

/** `pending`: ask again by the key; `failed`: surely not paid. */
export type RefundAnswer = Readonly<{ outcome: 'done' | 'pending' | 'failed'; reference: string; reason?: string | undefined }>

export type Headers = Readonly<Record<string, string | string[] | undefined>>

export type Channel = Readonly<{
  /** Opens an order, or finds it open: the same order gives the same action. */
  open: (order: Order) => Promise<PayerAction>
  /** Closes an order so that it cannot be paid any more; one that is paid or closed stays as it is. */
  close: (orderId: Id<'pay'>) => Promise<void>
  /** @throws channel_signature_invalid (401), validation_failed (422) where it is signed and makes no sense */
  verify: (rawBody: Buffer, headers: Headers) => Notification
  /** Pays back. Throwing means that the outcome is unknown: ask `queryRefund` before trying again with the same key. */
  refund: (request: RefundRequest) => Promise<RefundAnswer>
  /** What became of a refund; null where the channel was never asked. */
  queryRefund: (request: Pick<RefundRequest, 'key' | 'orderId'>) => Promise<RefundAnswer | null>
}>

/** The channels that are configured. */
export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>

/** @throws channel_unavailable (422) where the channel is not configured */
export const channelOf = (channels: Channels, name: ChannelName): Channel => {
  const channel = channels[name]
  if (!channel) throw channelUnavailable({ channel: name, available: Object.keys(channels) })
  return channel
}
