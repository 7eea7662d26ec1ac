import { checkIn } from '../door.js'
import { buy } from '../purchase.js'
import { stepNotes } from '../refund.js'
import type { Bought, Pool } from '../model.js'
import type { Person } from '../people.js'
import { yuan } from '../print.js'
import type { Story } from '../story.js'

/** 裁决: an objection that nobody answers goes all the way to an award, and the notaries pay from it. */

const zhao = { name: '赵敏', phone: '13700000016', idNumber: '310105199112034426' }

type Disputed = Readonly<{ bought: Bought; id: string; frozenFen: number }>

const caseOf = (who: Person, { id }: Pick<Disputed, 'id'>): Promise<any> => who.get(`/disputes/${id}`)

const object = async (story: Story, pool: Pool): Promise<Disputed> => {
  const bought = await buy(story, pool, zhao, pool.cards.swims)
  await story.tell({
    zh: '赵敏来游了一次;同一天前台又核销了一次,她说那次不是她。',
    en: 'She swims once. A second session is taken off the same day, which she says was not hers.'
  }, async () => {
    await checkIn(pool, bought)
    const { id } = await checkIn(pool, bought)
    await bought.consumer.post(`/redemptions/${id}/objection`, { reason: '当日只入场一次,第二次核销不是本人' })
  })
  const id = await story.tell({
    zh: '商户七日未答复:系统为她提起纠纷,只冻结这一次的款项,其余照常使用。',
    en: 'Seven days of silence: a dispute is opened for her, and only that session\'s money is frozen.'
  }, async () => {
    await story.pass(7 * 86_400)
    const { disputeId, sessions } = await bought.consumer.get(`/contracts/${bought.contractId}`)
    story.check('the rest of the card lives on', sessions.left, 20)
    return disputeId as string
  })
  const { stage, frozenFen } = await caseOf(bought.consumer, { id })
  story.check('the parties negotiate first', stage, 'negotiation')
  return { bought, id, frozenFen }
}

const negotiate = async (story: Story, pool: Pool, { bought, id, frozenFen }: Disputed): Promise<void> => {
  await story.tell({
    zh: '店主提出退 20 元,赵敏不接受,申请调解。',
    en: 'The owner offers 20 yuan; she declines and asks for mediation.'
  }, async () => {
    const offer = await pool.owner.post(`/disputes/${id}/offers`, { refundFen: 2_000, message: '退 20 元了结' })
    await bought.consumer.post(`/disputes/${id}/offers/${offer.id}/decline`)
    await bought.consumer.post(`/disputes/${id}/escalate`)
  })
  const operator = await story.enter('平台运营', { phone: '13800000001', end: 'operator' })
  const mediator = await story.enter('调解员', { phone: '13800000005', end: 'adjudicator' })
  await story.tell({
    zh: `运营指定调解员,调解员建议退 ${yuan(Math.floor(frozenFen / 2))} 元;店主同意,赵敏拒绝。`,
    en: 'A mediator proposes half; the owner accepts, she does not.'
  }, async () => {
    await operator.post(`/disputes/${id}/assignments`, { adjudicatorId: mediator.userId, role: 'mediator' })
    const proposal = await mediator.post(`/disputes/${id}/proposals`, { refundFen: Math.floor(frozenFen / 2), message: '各担一半' })
    await pool.owner.post(`/disputes/${id}/proposals/${proposal.id}/accept`)
    await bought.consumer.post(`/disputes/${id}/proposals/${proposal.id}/decline`)
  })
}

const arbitrate = async (story: Story, { bought, id, frozenFen }: Disputed): Promise<void> => {
  const operator = await story.enter('平台运营', { phone: '13800000001', end: 'operator' })
  const arbitrator = await story.enter('仲裁员', { phone: '13800000006', end: 'adjudicator' })
  await story.tell({
    zh: '赵敏另行同意仲裁(店主上架时已同意),案件进入仲裁;运营指定仲裁员,调解过本案的人不得担任。',
    en: 'She agrees to arbitration, which the merchant did by listing; whoever mediated the case cannot decide it.'
  }, async () => {
    await bought.consumer.post(`/disputes/${id}/arbitration-agreement`)
    await bought.consumer.post(`/disputes/${id}/escalate`)
    await operator.post(`/disputes/${id}/assignments`, { adjudicatorId: arbitrator.userId, role: 'arbitrator' })
    await bought.consumer.post(`/disputes/${id}/statements`, { text: '当日 10 时入场,仅一次' })
  })
  await story.tell({
    zh: '仲裁员在案件页看到各种原因下的应退金额,裁决该次核销不成立,款项退还。',
    en: 'The arbitrator sees what each cause would give back, and decides that the session was not hers.'
  }, async () => {
    const { scenarios } = await caseOf(arbitrator, { id })
    stepNotes(story, scenarios.find(({ cause }: { cause: string }) => cause === 'merchant'))
    const { stage } = await arbitrator.post(`/disputes/${id}/award`, {
      awardNumber: '沪长仲(2026)预付字第 1 号', refundFen: frozenFen, releaseFen: 0, claims: '退还该次核销的款项',
      facts: '当日仅有一次入场记录', reasoning: '掌握记录的一方不能证明第二次服务已经提供,应承担不利后果(法释〔2025〕4号第25条)。'
    })
    story.check('the award is made', stage, 'decided')
  })
  await story.tell({
    zh: '公证员甲经办,公证员乙复核:一笔转账执行裁决,款项退回赵敏。',
    en: 'One notary proposes, another executes: one transfer, straight from the award.'
  }, async () => {
    await story.maker.post(`/disputes/${id}/execute`)
    await story.maker.refused('same_person', `/disputes/${id}/execute`)
    const { stage } = await story.checker.post(`/disputes/${id}/execute`)
    story.check('the award is executed', stage, 'executed')
  })
}

export const goToAward = async (story: Story, pool: Pool): Promise<void> => {
  await story.chapter({ zh: '裁决', en: 'The award' })
  const disputed = await object(story, pool)
  await negotiate(story, pool, disputed)
  await arbitrate(story, disputed)
  const { consumer, contractId } = disputed.bought
  const { money, disputeId, status } = await consumer.get(`/contracts/${contractId}`)
  story.check('it is paid once, and the card goes on', [money.refundedFen, money.refundPaidFen, money.disputedFen, disputeId, status], [disputed.frozenFen, disputed.frozenFen, 0, null, 'active'])
}
