import { buy } from '../purchase.js'
import { checkRefund, quote, quoteNotes, requestRefund } from '../refund.js'
import type { Pool } from '../model.js'
import type { Story } from '../story.js'

/** 冷静期: bought in haste, given back whole. */

const sun = { name: '孙浩', phone: '13700000005', idNumber: '310105199807041198' }

export const coolOff = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '冷静期', en: 'Cooling off' })
  const bought = await buy(story, pool, sun, pool.cards.swims)
  const refund = await story.tell({
    zh: '次日孙浩改变主意,一次未用,申请冷静期退款:无须商户同意。',
    en: 'The next day he thinks better of it; within seven days nobody\'s consent is needed.'
  }, async () => {
    await story.pass(86_400)
    const quoted = await quote(bought, 'cooling_off')
    story.check('an unused card goes back whole', [quoted.refundFen, quoted.merchantFen, quoted.rule], [128_000, 0, 'R1'])
    quoteNotes(story, quoted)
    return requestRefund(bought, quoted)
  })
  story.check('it waits for the notary alone', refund.status, 'awaiting_approval')
  await story.tell({
    zh: '公证员甲审批,1,280 元原路退回孙浩,合同终止。',
    en: 'The notary approves: all of it goes back the way it came.'
  }, async () => { await story.maker.post(`/refunds/${refund.id}/approve`) })
  await checkRefund(story, bought, refund.id, { refundedFen: 128_000, releasedFen: 0 })
}
