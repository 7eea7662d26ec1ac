import type { Pool, Sold } from '../model.js'
import { buy } from '../purchase.js'
import type { Story } from '../story.js'

/** 四张卡: four consumers buy, and the notary holds their money. */

const buyers = {
  li: { name: '李婷', phone: '13700000001', idNumber: '310105198803162027' },
  wang: { name: '王建国', phone: '13700000002', idNumber: '310105197908221033' },
  chen: { name: '陈晓', phone: '13700000003', idNumber: '310105199501094422' },
  zhao: { name: '赵敏', phone: '13700000004', idNumber: '310105199105305865' }
}

export const sellFourCards = async (story: Story, pool: Pool): Promise<Sold> => {
  await story.chapter({ zh: '四张卡', en: 'Four cards' })
  const { swims, lessons, year, stored } = pool.cards
  return {
    swims: await buy(story, pool, buyers.li, swims),
    lessons: await buy(story, pool, buyers.wang, lessons),
    year: await buy(story, pool, buyers.chen, year),
    stored: await buy(story, pool, buyers.zhao, stored, { repeat: 3, aside: { zh: '渠道通知了三遍,只入账一次。', en: ' The channel said so three times; it is booked once.' } })
  }
}
