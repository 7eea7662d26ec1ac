import { checkIn } from '../door.js'
import type { Pool } from '../model.js'
import type { Person } from '../people.js'
import { yuan } from '../print.js'
import { buy } from '../purchase.js'
import type { Story } from '../story.js'

/** 预警: the pool begins to fail, and the bureau sees it while there is time. */

const buyers = {
  wu: { name: '吴桐', phone: '13700000031', idNumber: '310105199203114018' },
  zheng: { name: '郑洁', phone: '13700000032', idNumber: '31010519871205002X' }
}

const leaseDaysLeft = 20
const daySeconds = 86_400

const dayAfter = (date: string, days: number): string => new Date(Date.parse(date) + days * daySeconds * 1000).toISOString().slice(0, 10)

const sellTheLastCards = async (story: Story, pool: Pool): Promise<void> => {
  await buy(story, pool, buyers.wu, pool.cards.swims)
  const used = await buy(story, pool, buyers.zheng, pool.cards.swims)
  await story.tell({
    zh: '郑洁当天游了两次：这是最后一次核销。',
    en: 'Two swims on the same day: the last there will be.'
  }, () => checkIn(pool, used, { sessions: 2 }))
}

const loseTheLease = (story: Story, { id, venueId, owner }: Pool): Promise<any> => story.tell({
  zh: `房东不再续租，店主如实登记：门店租期只剩 ${leaseDaysLeft} 天。次日凌晨系统按登记计算十项指标。`,
  en: 'The landlord does not renew, and the owner enters it. The day\'s ten indicators are counted from what is on record.'
}, async () => {
  await owner.put(`/merchants/${id}/venues/${venueId}`, { name: '古北馆', address: '上海市长宁区古北路 18 号', leaseUntil: dayAfter(await story.today(), leaseDaysLeft) })
  await story.pass(daySeconds)
})

const seeIt = (story: Story, { id }: Pool, bureau: Person): Promise<any> => story.tell({
  zh: '监管端收到“租期将满”预警：指标、门槛、所依据的每一行都查得到，没有黑箱评分。',
  en: 'The bureau sees an alert: the figure, its threshold, and every row behind it. There is no score.'
}, async () => {
  const { items } = await bureau.get(`/alerts?merchantId=${id}&closed=false&indicator=lease_end`)
  story.check('one alert, of the lease', items.map(({ indicator, state }: any) => [indicator, state]), [['lease_end', 'open']])
  const alert = await bureau.get(`/alerts/${items[0].id}`)
  const { value, alertLine, figures } = alert.opened
  story.note(`剩 ${value} 天（门槛 ${alertLine} 天）· 未履行合同 ${figures.contracts} 份，余额 ${yuan(figures.balanceFen)} 元`)
  for (const figure of ['contracts', 'balanceFen']) {
    const { value: written, recounted, agree } = await bureau.get(`/merchants/${id}/indicators/lease_end/sources?figure=${figure}`)
    story.check(`${figure} is what its rows add up to`, [agree, recounted], [true, written])
  }
  return alert
})

const answerIt = (story: Story, { owner }: Pool, bureau: Person, { id }: any): Promise<void> => story.tell({
  zh: '商户先于监管得知并说明；首次轻微问题给足整改时间，期满前不得升级处理。',
  en: 'The pool was told first, and explains itself. A first minor fault has its time to be put right, and is not taken further before.'
}, async () => {
  const { items } = await owner.get('/alerts?closed=false')
  story.check('the pool reads its own alert', items.map((alert: any) => alert.id), [id])
  const { state } = await owner.post(`/alerts/${id}/explain`, { text: '正在与新场地洽谈，签约后登记新租期' })
  story.check('it has answered', state, 'explained')
  story.note((await bureau.refused('rectification_open', `/alerts/${id}/escalate`, { text: '租期将满，余额较大' })).detail)
})

export const warnOfThePool = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '预警', en: 'The bureau sees it coming' })
  const bureau = await story.enter('监管人员', { phone: '13800000004', end: 'bureau' })
  await sellTheLastCards(story, pool)
  await loseTheLease(story, pool)
  const alert = await seeIt(story, pool, bureau)
  await answerIt(story, pool, bureau, alert)
}
