import { yuan } from '../print.js'
import type { Pool } from '../model.js'
import type { Story } from '../story.js'

/** 结算: one notary drafts, another approves, the bank pays, and says so. */

/** A bank that has not answered is asked again soon after. */
const minutesUntilAsked = 5

const draft = (story: Story, pool: Pool) => story.maker.post('/settlements', { merchantIds: [pool.id] })

const answerPayouts = ({ nobody }: Story, outcome: 'paid' | 'returned' | 'unknown') => nobody.post('/sandbox/bank/payouts', { outcome })

const prepare = async (story: Story, pool: Pool): Promise<any> => {
  const settlement = await story.tell({
    zh: '公证员甲编制结算单:到期应付款,按收费标准扣除手续费。编制不动款。',
    en: 'The maker drafts a settlement; a draft moves nothing.'
  }, async () => {
    const made = await draft(story, pool)
    story.note(`应付 ${yuan(made.grossFen)} 元,手续费 ${yuan(made.feeFen)} 元,实付 ${yuan(made.totalFen)} 元`)
    return made
  })
  await story.tell({
    zh: '公证员甲不能复核自己编制的结算单。',
    en: 'The maker may not check it.'
  }, async () => { story.note((await story.maker.refused('same_person', `/settlements/${settlement.id}/approve`)).detail) })
  return settlement
}

const approve = async (story: Story, id: string): Promise<any> => {
  await story.checker.post(`/settlements/${id}/approve`)
  return story.maker.get(`/settlements/${id}`)
}

const returned = async (story: Story, { id }: { id: string }): Promise<void> => {
  await story.tell({
    zh: '公证员乙复核通过,出款指令发往银行;银行尚未答复,款项列为在途。',
    en: 'The checker approves and the bank is ordered to pay; until it answers, the money is in transit.'
  }, async () => {
    await answerPayouts(story, 'unknown')
    const { status, items: [item] } = await approve(story, id)
    story.check('a settlement at the bank', [status, item.status], ['submitted', 'submitted'])
  })
  await story.tell({
    zh: '银行退汇:款项仍为应付商户,不收手续费。',
    en: 'The bank returns it: it is payable again, and no fee is taken.'
  }, async () => {
    await answerPayouts(story, 'returned')
    await story.pass(minutesUntilAsked * 60)
    const { status, items: [item] } = await story.maker.get(`/settlements/${id}`)
    story.check('a settlement whose payout came back', [status, item.status], ['completed', 'returned'])
    story.note(`银行答复 · the bank said: ${item.returnReason}`)
  })
}

const paid = (story: Story, pool: Pool): Promise<any> => story.tell({
  zh: '银行查明后,公证员甲重新编制,公证员乙复核,银行付讫,手续费一次收取。',
  en: 'Drafted and approved anew, it is paid; the fee is taken once.'
}, async () => {
  await answerPayouts(story, 'paid')
  const { status, items: [item] } = await approve(story, (await draft(story, pool)).id)
  story.check('a settlement that is paid', [status, item.status], ['completed', 'paid'])
  return item
})

/** Closing balance in fen of a camt.053 statement. */
const closingFen = (xml: string): number => {
  const [, balance = ''] = xml.split('<Cd>CLBD</Cd>')
  const [, yuanText = 'NaN'] = /<Amt Ccy="CNY">([\d.]+)<\/Amt>/.exec(balance) ?? []
  return Math.round(Number(yuanText) * 100)
}

const compare = (story: Story): Promise<void> => story.tell({
  zh: '核对银行对账单(camt.053):银行余额与账上提存专户余额一分不差。',
  en: 'The bank\'s own statement agrees with the ledger, to the fen.'
}, async () => {
  const { body: xml } = await story.nobody.call('GET', '/sandbox/bank/statement')
  const { bankFen } = await story.maker.get('/audit/overview')
  story.check('the bank\'s closing balance', closingFen(xml), bankFen)
  story.note(`银行 ${yuan(closingFen(xml))} 元 = 账面 ${yuan(bankFen)} 元`)
})

export const settle = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '结算', en: 'Settlement' })
  const settlement = await prepare(story, pool)
  await returned(story, settlement)
  const item = await paid(story, pool)
  story.check('what was returned is what was paid', [item.grossFen, item.feeFen, item.amountFen], [settlement.grossFen, settlement.feeFen, settlement.totalFen])
  await compare(story)
}
