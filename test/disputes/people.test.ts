import t from 'tap'
import { startApp } from '../support/app.js'
import { newConsumer } from '../support/people.js'
import { asRole } from '../support/roles.js'
import { expectStatus } from '../support/shop.js'
import { advance, anotherShop, assign, award, caseOf, execute, holds, moneyOf, newAdjudicator, newCourt, newMember, openDispute, toArbitration, toMediation, tryOpen } from './support.js'

t.setTimeout(180_000)

t.test('who takes part in disputes', async (t) => {
  const app = await startApp(t)
  const court = await newCourt(app)
  const { shop, operator, mediator, arbitrator, first, second, bureau } = court
  const adjudicator = (roles: string[]) => newAdjudicator(app, roles)

  t.test('an adjudicator with a tie to a party is refused, and one who decided another case of the merchant is disclosed', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    const tryAssign = (adjudicatorId: string, role: string) => operator.post(`/disputes/${dispute.id}/assignments`, { adjudicatorId, role })
    t.match(await tryAssign(mediator.userId, 'mediator'), { status: 409, body: { code: 'wrong_state', state: 'negotiation' } })
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/escalate`), 200)
    t.match(await tryAssign(arbitrator.userId, 'arbitrator'), { status: 409, body: { code: 'wrong_state' } })
    t.match(await tryAssign(arbitrator.userId, 'mediator'), { status: 422, body: { code: 'not_on_roster' } })
    t.match(await tryAssign(member.consumer.userId, 'mediator'), { status: 422, body: { code: 'conflict_of_interest' } }, 'a party')
    t.match(await tryAssign(shop.owner.userId, 'mediator'), { status: 422, body: { code: 'conflict_of_interest', because: 'employed_by_party' } })

    const tied = await adjudicator(['mediator'])
    expectStatus(await tied.post(`/adjudicators/${tied.userId}/declarations`, { merchantId: shop.merchantId, relation: 'acted_for', note: '曾任常年法律顾问' }), 201)
    t.match(await tied.post(`/adjudicators/${mediator.userId}/declarations`, { merchantId: shop.merchantId, relation: 'other', note: '别人的' }), { status: 403 })
    t.match(await tryAssign(tied.userId, 'mediator'), { status: 422, body: { code: 'conflict_of_interest', because: 'declared' } })
    const past = await adjudicator(['mediator', 'arbitrator'])
    expectStatus(await operator.post(`/adjudicators/${past.userId}/declarations`, { merchantId: shop.merchantId, relation: 'employed', endedOn: '2020-12-31', note: '早年曾任职' }), 201)
    const { body: assignment } = expectStatus(await tryAssign(past.userId, 'mediator'), 201)
    t.match(assignment, { role: 'mediator', status: 'accepted', disclosures: [] })
    t.match(await tryAssign(mediator.userId, 'mediator'), { status: 409 }, 'one mediator')

    expectStatus(await past.post(`/disputes/${dispute.id}/assignments/${assignment.id}/recuse`, { reason: '与消费者系亲属' }), 200)
    t.equal((await past.get(`/disputes/${dispute.id}`)).status, 404, 'the case is no longer theirs to see')
    t.match(await tryAssign(past.userId, 'mediator'), { status: 422, body: { because: 'recused' } })
    await assign(court, dispute.id, mediator, 'mediator')
    const { body: proposal } = expectStatus(await mediator.post(`/disputes/${dispute.id}/proposals`, { refundFen: 1, message: '试试' }), 201)
    expectStatus(await shop.owner.post(`/disputes/${dispute.id}/proposals/${proposal.id}/decline`), 200)
    expectStatus(await shop.owner.post(`/disputes/${dispute.id}/escalate`), 200)
    t.match(await tryAssign(mediator.userId, 'arbitrator'), { status: 422, body: { code: 'conflict_of_interest', because: 'mediated_this_case' } })
    await assign(court, dispute.id, arbitrator, 'arbitrator')
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/award`, award(50_000, 0)), 201)
    await execute(court, dispute.id)

    const next = await newMember(court)
    const other = await openDispute(next.consumer, next.id)
    t.match(await toArbitration(court, next.consumer, other.id), { disclosures: [{ kind: 'decided_another_case', disputeId: dispute.id }] })
    t.match((await operator.get('/adjudicators')).body.items.find(({ id }: { id: string }) => id === arbitrator.userId), { name: '仲裁员', roles: ['arbitrator'], openCases: 1 })
  })

  t.test('an arbitrator accepts, refuses, or lets the time pass; statements and notes come within their time', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    const { id: assignment } = await toArbitration(court, member.consumer, dispute.id)
    t.match(await arbitrator.post(`/disputes/${dispute.id}/assignments/${assignment}/refuse`, { reason: '档期冲突' }), { status: 200, body: { status: 'refused' } })
    const again = await assign(court, dispute.id, arbitrator, 'arbitrator')
    await advance(app, 5)
    t.match((await caseOf(operator, dispute.id)).assignments.find(({ id }: { id: string }) => id === again.id), { status: 'lapsed' })
    const third = await assign(court, dispute.id, arbitrator, 'arbitrator')
    t.match(await arbitrator.post(`/disputes/${dispute.id}/assignments/${third.id}/accept`), { status: 200, body: { status: 'accepted' } })

    const now = new Date((await app.nobody.get('/sandbox/clock')).body.now).getTime()
    t.match(await arbitrator.post(`/disputes/${dispute.id}/evidence-period`, { until: new Date(now - 1).toISOString() }), { status: 422, body: { code: 'validation_failed' } })
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/evidence-period`, { until: new Date(now + 86_400_000).toISOString() }), 200)
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/statements`, { text: '教练自三月起缺课四次' }), 201)
    t.match(await first.post(`/disputes/${dispute.id}/statements`, { text: '旁人' }), { status: 403 })
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/hearing-notes`, { text: '双方到庭' }), 201)
    await advance(app, 2)
    t.match(await shop.owner.post(`/disputes/${dispute.id}/statements`, { text: '迟了' }), { status: 409, body: { code: 'wrong_state' } })
    t.match((await caseOf(shop.owner, dispute.id)).messages, [{ kind: 'statement', author: 'consumer' }, { kind: 'hearing_note', author: 'arbitrator' }])
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/award`, award(50_000, 0)), 201)
  })

  t.test('of three arbitrators a majority makes the award, and nobody else sees it before', async (t) => {
    const [two, three] = [await adjudicator(['arbitrator']), await adjudicator(['arbitrator'])]
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    await toMediation(court, member.consumer, dispute.id)
    const { body: proposal } = expectStatus(await mediator.post(`/disputes/${dispute.id}/proposals`, { refundFen: 1, message: '试试' }), 201)
    expectStatus(await shop.owner.post(`/disputes/${dispute.id}/proposals/${proposal.id}/decline`), 200)
    t.match(await shop.owner.post(`/disputes/${dispute.id}/escalate`, { arbitrators: 3 }), { status: 200, body: { arbitrators: 3 } })
    await assign(court, dispute.id, arbitrator, 'arbitrator')
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, award(50_000, 0)), { status: 409 }, 'not alone')
    for (const one of [two, three]) await assign(court, dispute.id, one, 'arbitrator')
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, award(50_000, 0)), { status: 201, body: { stage: 'arbitration' } })
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award/concurrence`), { status: 403 })
    t.same((await caseOf(member.consumer, dispute.id)).awards, [])
    t.match((await caseOf(two, dispute.id)).awards, [{ status: 'proposed', refundFen: 50_000 }])
    t.same(await asRole(app, 'consumer', { person: member.consumer.userId }, 'select * from awards where status <> $1', ['made']), [])
    t.match(await three.post(`/disputes/${dispute.id}/award`, award(20_000, 30_000)), { status: 201 }, 'a newer one takes its place')
    t.match(await two.post(`/disputes/${dispute.id}/award/concurrence`), { status: 200, body: { stage: 'decided', outcome: { refundFen: 20_000, releaseFen: 30_000 } } })
    await execute(court, dispute.id)
    t.match(await moneyOf(member), { refundedFen: 20_000, releasedFen: 30_000 })
    await holds(t, app)
  })

  t.test('each end sees its own cases, and the database gives it nothing else', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    const stranger = await newConsumer(app)
    const other = await anotherShop(court)
    for (const [name, who, status] of [
      ['the consumer', member.consumer, 200], ['the merchant', shop.owner, 200], ['a notary', first, 200], ['the operator', operator, 200],
      ['another consumer', stranger, 404], ['another merchant', other.shop.owner, 404], ['a mediator without the case', mediator, 404], ['the bureau', bureau, 403]
    ] as const) {
      t.equal((await who.get(`/disputes/${dispute.id}`)).status, status, name)
      if (status !== 403) t.equal((await who.get(`/disputes?contractId=${member.id}`)).body.items.length, status === 200 ? 1 : 0, `${name} in the list`)
    }
    t.match(await stranger.post(`/disputes/${dispute.id}/withdraw`), { status: 404 })
    t.match(await tryOpen(stranger, member.id), { status: 404 })
    await toMediation(court, member.consumer, dispute.id)
    t.equal((await mediator.get(`/disputes/${dispute.id}`)).status, 200, 'the mediator of the case')

    const tables = ['disputes', 'dispute_offers', 'dispute_proposals', 'dispute_messages', 'dispute_assignments', 'awards', 'dispute_executions', 'dispute_payments', 'dispute_documents', 'dispute_timeline', 'dispute_redemptions']
    for (const table of tables) {
      const [key, among] = [table === 'disputes' ? 'id' : 'dispute_id', `from ${table}`]
      const seen = async (role: 'consumer' | 'merchant' | 'adjudicator' | 'notary' | 'operator', context: object): Promise<number> => (await asRole(app, role, context, `select ${key} ${among}`)).length
      const all = (await asRole(app, 'worker', {}, `select ${key} ${among}`)).length
      t.equal(await seen('consumer', { person: stranger.userId }), 0, `${table}: another consumer`)
      t.equal(await seen('merchant', { merchant: other.shop.merchantId }), 0, `${table}: another merchant`)
      t.equal(await seen('adjudicator', { person: stranger.userId }), 0, `${table}: another adjudicator`)
      t.equal(await seen('notary', { office: 2 }), 0, `${table}: another office`)
      t.ok(await seen('notary', {}) <= all && await seen('consumer', { person: member.consumer.userId }) <= all, table)
      await t.rejects(asRole(app, 'consumer', { person: member.consumer.userId }, `update ${table} set office_id = office_id`), /permission denied/, `${table}: nobody but the service writes`)
    }
    await t.rejects(asRole(app, 'bureau', {}, 'select * from disputes'), /permission denied/)
  })

  t.test('signs of claims in series are counts, for operator and bureau', async (t) => {
    const consumer = await newConsumer(app)
    for (const ground of ['price_or_terms', 'misleading_sale', 'other']) {
      const member = await newMember(court, { consumer })
      const dispute = await openDispute(consumer, member.id, { ground, claimFen: 10_000 })
      expectStatus(await consumer.post(`/disputes/${dispute.id}/withdraw`), 200)
      expectStatus(await consumer.post(`/contracts/${member.id}/refunds`, { quoteId: expectStatus(await consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'cooling_off' }), 201).body.id }), 201)
    }
    const { body: { items } } = expectStatus(await operator.get('/dispute-signals'), 200)
    t.match(items.find(({ consumerId }: { consumerId: string }) => consumerId === consumer.userId), {
      disputes: 3, merchants: 1, contracts: 3, aboutSaleOrPrice: 2, withdrawnOrLapsed: 3, claimedFen: 30_000, refundedFen: 0
    })
    t.ok((await bureau.get('/dispute-signals')).body.items.every(({ consumerId }: { consumerId: string | null }) => consumerId === null))
    t.equal((await shop.owner.get('/dispute-signals')).status, 403)
  })

  t.test('an award is paid once, however it is asked for', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    await toArbitration(court, member.consumer, dispute.id)
    const wanted = award(30_000, 20_000)
    const made = await Promise.all([1, 2, 3].map(() => arbitrator.post(`/disputes/${dispute.id}/award`, wanted)))
    t.same(made.map(({ status }) => status).sort(), [201, 409, 409], 'the same award under three keys')
    const executed = await Promise.all([first, second, first, second, second].map((notary) => notary.post(`/disputes/${dispute.id}/execute`)))
    t.same(executed.filter(({ status, body }) => status === 200 && body.stage === 'executed').length, 1)
    t.match(await moneyOf(member), { refundedFen: 30_000, refundPaidFen: 30_000, releasedFen: 20_000, disputedFen: 0 })

    const next = await newMember(court)
    const other = await openDispute(next.consumer, next.id)
    await toArbitration(court, next.consumer, other.id)
    t.match(await arbitrator.post(`/disputes/${other.id}/award`, wanted), { status: 422, body: { code: 'award_number_used' } })
    await holds(t, app)
  })
})
