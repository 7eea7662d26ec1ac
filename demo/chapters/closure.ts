import type { Pool } from '../model.js'
import { yuan } from '../print.js'
import type { Story } from '../story.js'

/** 闭店: the pool shuts its doors, and every consumer's money goes back. */

/** Contracts of the pool that still have something to refund. */
const openOnes = async (story: Story, { id }: Pool): Promise<any[]> =>
  (await Promise.all(['active', 'expired'].map((status) => story.maker.get(`/contracts?merchantId=${id}&status=${status}&limit=100`)))).flatMap(({ items }) => items)

const shut = async (story: Story, pool: Pool): Promise<any> => {
  const path = `/merchants/${pool.id}/closure`
  await story.tell({
    zh: '泳馆人去楼空。公证员甲核实后提出进入闭店程序；本人不能复核。',
    en: 'The doors are shut. One notary proposes closure mode, and may not approve it.'
  }, async () => {
    const { status } = await story.maker.post(path, { reason: '经营场所关闭，负责人失联', stoppedOn: await story.today() })
    story.check('a closure that waits for its checker', status, 'proposed')
    story.note((await story.maker.refused('same_person', `${path}/approve`)).detail)
  })
  return story.tell({
    zh: '公证员乙复核通过：即刻停止核销和释放，逐份合同按“非消费者原因”退费，不需商户同意。',
    en: 'Another approves: nothing is redeemed or released any more, and every open contract is refunded without the merchant.'
  }, async () => {
    const approved = await story.checker.post(`${path}/approve`)
    story.check('it runs', approved.status, 'running')
    await story.pass(1)
    const closure = await story.maker.get(path)
    story.check('every contract is ended', [closure.status, closure.done], ['completed', closure.contracts])
    story.note(`进度 · progress: ${closure.done} / ${closure.contracts} 份合同，退还 ${yuan(closure.totalFen)} 元`)
    return closure
  })
}

const compare = async (story: Story, closure: any, open: readonly any[]): Promise<void> => {
  const refunds = await Promise.all(open.map(async ({ id }) =>
    (await story.maker.get(`/refunds?contractId=${id}`)).items.find(({ reason }: { reason: string }) => reason === 'closure')))
  const after = await Promise.all(open.map(({ id }) => story.maker.get(`/contracts/${id}`)))
  for (const { productName, money, sessions } of after) story.note(`${productName}，已用 ${sessions.used} / ${sessions.total}：退还 ${yuan(money.refundedFen)} 元`)
  story.check('one refund a contract, and each has arrived', refunds.map(({ status }) => status), open.map(() => 'paid'))
  story.check('each contract is over, and nothing of it is held', after.map(({ status, money }) => [status, money.heldFen]), open.map(() => ['terminated', 0]))
  story.check('the sum of the refunds is the closure\'s, to the fen', refunds.reduce((total, { refundFen }) => total + refundFen, 0), closure.totalFen)
  story.check('and so is what the ledger booked', closure.differenceFen, 0)
}

export const shutDown = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '闭店', en: 'The pool shuts' })
  const open = await openOnes(story, pool)
  const closure = await shut(story, pool)
  story.check('it is every open contract', closure.contracts, open.length)
  await compare(story, closure, open)
  story.check('the merchant is closed', (await story.maker.get(`/merchants/${pool.id}`)).status, 'closed')
}
