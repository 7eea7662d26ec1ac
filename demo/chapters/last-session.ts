import { checkIn, codeOf, tryCheckIn } from '../door.js'
import { buy } from '../purchase.js'
import type { Pool } from '../model.js'
import type { Story } from '../story.js'

/** 最后一次: two phones race for one session. */

const zhou = { name: '周琳', phone: '13700000006', idNumber: '310105198509213049' }

export const raceForTheLastSession = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '最后一次', en: 'The last session' })
  const bought = await buy(story, pool, zhou, pool.cards.swims)
  await story.tell({
    zh: '周琳带一队孩子来,一次核销 21 次,只剩 1 次。',
    en: 'A team swims 21 times at once; one session is left.'
  }, async () => {
    const { sessionsLeft } = await checkIn(pool, bought, { sessions: 21 })
    story.check('one is left', sessionsLeft, 1)
  })
  await story.tell({
    zh: '周琳和家人在两个闸机同时扫码,抢最后一次:一人入场,另一人被告知次数已用完。',
    en: 'Two phones at two gates at once: one wins, the other hears that no session is left.'
  }, async () => {
    const codes = [await codeOf(bought), await codeOf(bought)]
    const answers = await Promise.all(codes.map((code) => tryCheckIn(pool, code)))
    story.check('one wins, one is refused', answers.map(({ status, body }) => (status === 201 ? 'in' : body.code)).sort(), ['in', 'no_sessions_left'])
    story.note(answers.find(({ status }) => status !== 201)?.body.detail)
  })
  const { status, sessions, money } = await bought.consumer.get(`/contracts/${bought.contractId}`)
  story.check('the card is used up, and its 22 releases are its price', [status, sessions.left, money.heldFen, money.pendingFen], ['completed', 0, 0, 128_000])
}
