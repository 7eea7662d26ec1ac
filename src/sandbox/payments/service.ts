import type { SandboxChannel } from '../../channels/sandbox/channel.js'
import { worker, type UnitOfWork } from '../../db/unit-of-work.js'
import type { PaymentId } from '../../deposits/model.js'
import type { Deposits } from '../../deposits/service.js'
import { officeOf } from '../../kernel/id.js'
import type { PayerDoes, PayerDone } from './model.js'

type Dependencies = Readonly<{ work: UnitOfWork; channel: SandboxChannel; deposits: Deposits }>

export const createSandboxPayments = ({ work, channel, deposits }: Dependencies) => {
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

  return { pay }
}

export type SandboxPayments = ReturnType<typeof createSandboxPayments>
