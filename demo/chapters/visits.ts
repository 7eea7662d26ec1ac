import { randomUUID } from 'node:crypto'
import { checkIn, codeOf, tryCheckIn } from '../door.js'
import type { Pool, Sold } from '../model.js'
import type { Story } from '../story.js'

/** 到店核销: what is used is released, session by session; mistakes are taken back. */

const swim = async (story: Story, pool: Pool, { swims }: Sold): Promise<void> => {
  await story.tell({
    zh: '李婷到店,出示一次性核销码,前台扫码:一次的钱(1,280 ÷ 22,含赠送)从提存转为待释放。',
    en: 'One swim: a 22nd of the price (gifts count) is pending now.'
  }, async () => {
    const { releasedFen, sessionsLeft } = await checkIn(pool, swims)
    story.check('a 22nd of 1,280 yuan, cut to the fen', [releasedFen, sessionsLeft], [5_818, 21])
  })
  await story.tell({
    zh: '第二次到店,前台网络不好,同一请求发了两遍:只核销一次。用过的码再扫,不予受理。',
    en: 'The cashier\'s phone sends one request twice: one effect. A used code is refused.'
  }, async () => {
    const [code, key] = [await codeOf(swims), randomUUID()]
    const [once, again] = [await tryCheckIn(pool, code, key), await tryCheckIn(pool, code, key)]
    story.check('the second is the first answer again', [again.body, again.headers.get('idempotency-replayed')], [once.body, 'true'])
    const { body } = await tryCheckIn(pool, code)
    story.check('a code works once', body.code, 'code_used')
    story.note(body.detail)
  })
}

const takeBack = async (story: Story, pool: Pool, { swims }: Sold): Promise<void> => {
  const mistake = await story.tell({
    zh: '前台误给李婷多扫了一次。',
    en: 'The cashier takes one swim too many.'
  }, () => checkIn(pool, swims))
  await story.tell({
    zh: '前台撤销该次核销:次数和钱都回到提存。',
    en: 'It is voided: session and money are back.'
  }, async () => {
    const { status } = await pool.cashier.post(`/redemptions/${mistake.id}/void`, { reason: '前台误操作,多核销一次' })
    story.check('a redemption that was taken back', status, 'voided')
  })
}

const learn = (story: Story, pool: Pool, { lessons }: Sold): Promise<void> => story.tell({
  zh: '王建国上了 6 节私教课,每节 420 元。',
  en: 'Six lessons of 420 yuan each.'
}, async () => {
  for (let lesson = 1; lesson <= 6; lesson++) await checkIn(pool, lessons)
  const { sessions, money } = await lessons.consumer.get(`/contracts/${lessons.contractId}`)
  story.check('six of forty', [sessions.used, sessions.left, money.pendingFen], [6, 34, 252_000])
})

const comeIn = (story: Story, pool: Pool, { year }: Sold): Promise<void> => story.tell({
  zh: '陈晓持年卡入场:只登记到店,不释放款项——年卡按日释放。',
  en: 'A term card\'s visit is recorded and releases nothing: days do.'
}, async () => {
  const { status, releasedFen, sessionsLeft } = await checkIn(pool, year)
  story.check('a visit on a term card', [status, releasedFen, sessionsLeft], ['recorded', 0, null])
})

const spend = async (story: Story, pool: Pool, { stored }: Sold): Promise<void> => {
  const { id } = await story.tell({
    zh: '赵敏用储值卡消费 120 元面值:面值含六分之一赠送,释放实付的 100 元。',
    en: '120 yuan of face value, a sixth of it a gift: 100 yuan of the price.'
  }, async () => {
    const redemption = await checkIn(pool, stored, { amountFen: 12_000 })
    story.check('the price\'s share of 120 yuan', redemption.releasedFen, 10_000)
    return redemption
  })
  await story.tell({
    zh: '赵敏提出异议:“只游了一场,怎么扣 120?”该笔异议期停止计时,不会付给商户。',
    en: 'She objects: the window stops, and the money waits.'
  }, async () => {
    const { status } = await stored.consumer.post(`/redemptions/${id}/objection`, { reason: '只游了一场,怎么扣了 120 元' })
    story.check('a redemption under an objection', status, 'objected')
    const { money } = await stored.consumer.get(`/contracts/${stored.contractId}`)
    story.check('of pending, under an objection', money.objectedFen, 10_000)
  })
  await story.tell({
    zh: '前台出示明细(两人票),赵敏撤回异议,异议期继续计时。',
    en: 'The bill was for two; she withdraws, and the window goes on.'
  }, async () => {
    const { status } = await stored.consumer.post(`/redemptions/${id}/objection/withdraw`)
    story.check('an objection withdrawn', status, 'pending')
  })
}

export const useTheCards = async (story: Story, pool: Pool, sold: Sold): Promise<void> => {
  await story.chapter({ zh: '到店核销', en: 'At the door' })
  await swim(story, pool, sold)
  await takeBack(story, pool, sold)
  await learn(story, pool, sold)
  await comeIn(story, pool, sold)
  await spend(story, pool, sold)
}
