import { counterparty, type SandboxChannel } from '../../channels/sandbox/channel.js'
import { worker, type UnitOfWork } from '../../db/unit-of-work.js'
import type { PaymentId } from '../../deposits/model.js'
import type { Deposits } from '../../deposits/service.js'
import { addDays, dateOf, startOf } from '../../kernel/calendar.js'
import type { Clock } from '../../kernel/clock.js'
import { officeOf } from '../../kernel/id.js'
import type { Offices } from '../../offices/service.js'
import type { SandboxBank } from '../bank/service.js'
import type { PayerDoes, PayerDone, ReportQuery } from './model.js'
import { reportCsv } from './report.js'

type Dependencies = Readonly<{ work: UnitOfWork; clock: Clock; offices: Pick<Offices, 'resolve'>; channel: SandboxChannel; bank: Pick<SandboxBank, 'settledBy'>; deposits: Deposits }>

export const createSandboxPayments = ({ work, clock, offices, channel, bank, deposits }: Dependencies) => {
  /**
   * The payer finishes an attempt. The sandbox channel sends its signed notification; when this
   * answers, the money is booked.
   * @throws not_found (404) for an order the sandbox channel never opened
   */
  const pay = async (orderId: PaymentId, does: PayerDoes): Promise<PayerDone> => {
    const transactionId = await channel.attempt({ orderId, ...does })
    return work.read(worker, officeOf(orderId), async (tx) => {
      const receipt = await deposits.findReceipt(tx, 'sandbox', transactionId)
      return {
        payment: await deposits.findOrder(tx, orderId), transactionId,
        purpose: receipt?.purpose ?? null, reason: receipt?.reason ?? null
      }
    })
  }

  /** The channel's own report of a day, as CSV. @throws office_required (422) */
  const report = async ({ date, officeId }: ReportQuery): Promise<string> => {
    const { number, accountNumber } = await offices.resolve(officeId, undefined)
    const day = date ?? dateOf(clock.now())
    return reportCsv({ ...await channel.movedWithin(number, startOf(day), startOf(addDays(day, 1))), settlements: await bank.settledBy(accountNumber, day, counterparty) })
  }

  return { pay, report }
}

export type SandboxPayments = ReturnType<typeof createSandboxPayments>
