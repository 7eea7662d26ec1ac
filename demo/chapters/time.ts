import type { Pool, Sold } from '../model.js'
import type { Story } from '../story.js'

/** 时间: days of a term are released as they pass, and windows close. */

/** What a term's days release together: `floor(price · days / term)`. */
const earned = (priceFen: number, days: number, term: number): number => Number((BigInt(priceFen) * BigInt(days)) / BigInt(term))

export const letTimePass = async (story: Story, pool: Pool, { year, swims, lessons, stored }: Sold): Promise<void> => {
  await story.chapter({ zh: '时间', en: 'Time' })
  await story.tell({
    zh: '过了三天。异议期(24 小时)届满且无异议的,转为应付商户;年卡每过一日释放一日。',
    en: 'Three days pass: windows close, and the term card is released by the day.'
  }, () => story.pass(3 * 86_400))

  const { sessions, money, termStart } = await year.consumer.get(`/contracts/${year.contractId}`)
  story.check('days of the term released', sessions.used, (Date.parse(await story.today()) - Date.parse(termStart)) / 86_400_000)
  story.check('what three days of 365 release', money.pendingFen + money.releasedFen, earned(year.card.priceFen, sessions.used, 365))

  const released = await Promise.all([swims, lessons, stored].map(async ({ consumer, contractId }) =>
    (await consumer.get(`/contracts/${contractId}`)).money.releasedFen))
  story.check('what was used is due: two swims, six lessons, 120 of 1,200 yuan', released, [11_636, 252_000, 10_000])
  const { payableFen, releasedFen } = await pool.owner.get(`/merchants/${pool.id}/balances`)
  story.check('all of it is payable', [payableFen, releasedFen], [273_636 + money.releasedFen, 273_636 + money.releasedFen])
}
