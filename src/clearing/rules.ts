import type { Fen } from '../kernel/money.js'
import type { LedgerEvent } from '../ledger/model.js'
import type { ChannelReport, ReportKind, Sums } from './model.js'

/*
 * What a payment channel owes is what it has received less what it has refunded and paid out. It says
 * so twice: by its notifications, which we book, and once a day by a report. The report is not booked:
 * it is compared, kind by kind, with what the books have of that day on the channel's clearing
 * account, and line by line with what they were made of.
 */

/** The events of the ledger that are lines of a kind in a channel's report. */
const eventsOf: Readonly<Record<ReportKind, readonly LedgerEvent[]>> = {
  payment: ['payment-received', 'stray-payment-received'],
  // A refund that was paid twice is found by the channel's word, and is unexplained until two people know.
  refund: ['refund-confirmed', 'debit-unexplained'],
  settlement: ['channel-settled']
}

/** What the books have of each kind, from the debits (above zero) and credits on the clearing account by event. */
export const bookedSums = (moved: ReadonlyMap<LedgerEvent, Fen>): Required<Sums> => {
  const of = (kind: ReportKind): Fen => eventsOf[kind].reduce((total, event) => total + (moved.get(event) ?? 0n), 0n)
  return { payment: of('payment'), refund: -of('refund'), settlement: -of('settlement') }
}

type Compared = Pick<ChannelReport, 'payments' | 'refunds' | 'settlements' | 'differenceFen'>

/** A report's sums against the books'; of kinds that the channel reports. */
export const comparedOf = (kinds: readonly ReportKind[], reported: Sums, booked: Required<Sums>): Compared => {
  const compare = (kind: ReportKind) => {
    if (!kinds.includes(kind)) return null
    const reportFen = reported[kind] ?? 0n
    return { reportFen, booksFen: booked[kind], differenceFen: reportFen - booked[kind] }
  }
  const [payments, refunds, settlements] = [compare('payment'), compare('refund'), compare('settlement')]
  return {
    payments, refunds, settlements,
    differenceFen: (payments?.differenceFen ?? 0n) - (refunds?.differenceFen ?? 0n) - (settlements?.differenceFen ?? 0n)
  }
}
