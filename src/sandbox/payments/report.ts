import { stringify } from 'csv-stringify/sync'
import { decimal, type Fen } from '../../kernel/money.js'

/*
 * The sandbox channel's report of a day: what payers paid, what went back, and what was settled with
 * the bank, a line each, as channels' web pages give it. Numbers are guarded by a backtick.
 */

export type ReportedDay = Readonly<{
  payments: readonly Readonly<{ reference: string; orderId: string; amountFen: Fen; at: Date }>[]
  refunds: readonly Readonly<{ key: string; reference: string; orderId: string; amountFen: Fen; at: Date }>[]
  settlements: readonly Readonly<{ reference: string; amountFen: Fen; day: string }>[]
}>

const header = ['交易时间', '交易类型', '渠道单号', '商户单号', '商户退款单号', '金额']

/** Shanghai time, as people read it. */
const local = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

export const reportCsv = ({ payments, refunds, settlements }: ReportedDay): string => stringify([
  header,
  ...payments.map(({ reference, orderId, amountFen, at }) => [local(at), '支付', `\`${reference}`, `\`${orderId}`, '', decimal(amountFen)]),
  ...refunds.map(({ key, reference, orderId, amountFen, at }) => [local(at), '退款', `\`${reference}`, `\`${orderId}`, `\`${key}`, decimal(-amountFen)]),
  ...settlements.map(({ reference, amountFen, day }) => [`${day} 23:59:59`, '结算', `\`${reference}`, '', '', decimal(amountFen)]),
  [`共 ${payments.length} 笔支付、${refunds.length} 笔退款、${settlements.length} 笔结算`]
], { bom: true })
