import { checkRefund, quote, quoteNotes, requestRefund, stepNotes } from '../refund.js'
import type { Pool, Sold } from '../model.js'
import type { Story } from '../story.js'

/** 搬家: the consumer leaves by choice; what was used counts at the list price, and each step names its article. */

/** A published award, 安徽新闻网 2025-07-14: 40 lessons for 16,800 yuan, 6 used, the merchant's cause. */
const publishedCase = { kind: 'sessions', paidFen: 1_680_000, paidSessions: 40, bonusSessions: 0, usedSessions: '6', cause: 'merchant' }

export const moveAway = async (story: Story, pool: Pool, { lessons }: Sold): Promise<void> => {
  await story.chapter({ zh: '搬家', en: 'Moving away' })
  const refund = await story.tell({
    zh: '王建国搬去外地,课上了 6 节,自愿退课:已上的课按公示原价 500 元扣除。',
    en: 'He moves away after six lessons: by his own choice they count at the list price.'
  }, async () => {
    const quoted = await quote(lessons, 'consumer_choice')
    story.check('16,800 less six lessons at 500', [quoted.rule, quoted.refundFen, quoted.merchantFen, quoted.shortfallFen], ['R3', 1_380_000, 48_000, 0])
    quoteNotes(story, quoted)
    return requestRefund(lessons, quoted)
  })
  story.check('the other side is asked', refund.status, 'awaiting_consent')
  await story.tell({
    zh: '店主同意(5 个工作日内不答复亦视为同意)。',
    en: 'The owner agrees; five working days of silence would have been consent too.'
  }, async () => {
    const { status } = await pool.owner.post(`/refunds/${refund.id}/accept`)
    story.check('agreed, it waits for the notary', status, 'awaiting_approval')
  })
  await story.tell({
    zh: '公证员甲审批:13,800 元退回王建国,480 元付商户,合同终止。',
    en: 'The notary approves: one transfer divides what was held.'
  }, async () => { await story.maker.post(`/refunds/${refund.id}/approve`) })
  await checkRefund(story, lessons, refund.id, { refundedFen: 1_380_000, releasedFen: 300_000 })

  await story.tell({
    zh: '对照一件公开裁决:同样 16,800 元 40 节上了 6 节,因商户原因退课,应退 14,280 元。',
    en: 'A published award on the same package, by the merchant\'s cause, as the calculator has it.'
  }, async () => {
    const sum = await lessons.consumer.post('/refund-calculations', publishedCase)
    story.check('what the award gave', [sum.rule, sum.refundFen], ['R2', 1_428_000])
    stepNotes(story, sum)
  })
}
