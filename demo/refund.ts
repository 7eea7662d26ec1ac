import type { Bought } from './model.js'
import { yuan } from './print.js'
import type { Story } from './story.js'

/** A contract's money back: quoted with its steps and articles, asked for, and paid. */

export const quote = ({ consumer, contractId }: Bought, reason: string): Promise<any> =>
  consumer.post(`/contracts/${contractId}/refund-quotes`, { reason })

export const requestRefund = ({ consumer, contractId }: Bought, { id }: { id: string }): Promise<any> =>
  consumer.post(`/contracts/${contractId}/refunds`, { quoteId: id })

/** The steps of a sum, and what they rest on. */
export const stepNotes = (story: Story, { steps, lawRefs }: any): void => {
  for (const { text, amountFen } of steps) story.note(`${text}:${yuan(amountFen)} 元`)
  story.note(`依据 · by: ${lawRefs.join('、')}`)
}

/** The same of a quote, with how the held money is divided. */
export const quoteNotes = (story: Story, quoted: any): void => {
  stepNotes(story, quoted)
  const { heldFen, refundFen, merchantFen } = quoted
  story.note(`提存余额 ${yuan(heldFen)} 元 = 退消费者 ${yuan(refundFen)} 元 + 付商户 ${yuan(merchantFen)} 元`)
}

/** A refund is paid, its contract ended, and nothing of it held any more. */
export const checkRefund = async (story: Story, { consumer, contractId }: Bought, refundId: string, wanted: Readonly<{ refundedFen: number; releasedFen: number }>): Promise<void> => {
  const { status: refundStatus } = await consumer.get(`/refunds/${refundId}`)
  const { status, money: { heldFen, refundedFen, refundPaidFen, releasedFen } } = await consumer.get(`/contracts/${contractId}`)
  story.check('the refund is paid and the contract is over', [refundStatus, status, heldFen], ['paid', 'terminated', 0])
  story.check('what went back, and what was the merchant\'s', { refundedFen, releasedFen }, wanted)
  story.check('all that was committed has arrived', refundPaidFen, refundedFen)
}
