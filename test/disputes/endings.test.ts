import t from 'tap'
import { bookedOtherwise } from '../support/accounting.js'
import { startApp } from '../support/app.js'
import { expectStatus, listProduct } from '../support/shop.js'
import { addsUp, advance, anotherShop, award, caseOf, execute, holds, moneyOf, newCourt, newMember, openDispute, redeem, toArbitration, toMediation, until, type Court, type Member } from './support.js'

t.setTimeout(180_000)

/** A dispute decided by an award over `claimFen`. */
const decided = async (court: Court, member: Member, body: object, claim: object = {}): Promise<any> => {
  const dispute = await openDispute(member.consumer, member.id, claim)
  await toArbitration(court, member.consumer, dispute.id)
  return expectStatus(await court.arbitrator.post(`/disputes/${dispute.id}/award`, body), 201).body
}

const correct = ({ arbitrator }: Court, id: string, refundFen: number, releaseFen: number, restoreFen = 0) =>
  arbitrator.post(`/disputes/${id}/award/corrections`, { refundFen, releaseFen, restoreFen, reasoning: '计算有误，予以补正。' })

t.test('how disputes end', async (t) => {
  const app = await startApp(t)
  const court = await newCourt(app)
  const { shop, arbitrator, first, second } = court

  t.test('in arbitration the parties may still settle, and only the claimant may withdraw', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(shop.owner, member.id, { claimFen: 20_000, ground: 'other', statement: '多次到店未核销' })
    t.match(dispute, { claimant: 'merchant', frozenFen: 20_000 })
    await toArbitration(court, member.consumer, dispute.id)
    t.match(await member.consumer.post(`/disputes/${dispute.id}/withdraw`), { status: 403, body: { code: 'forbidden' } })
    const { body: offer } = expectStatus(await member.consumer.post(`/disputes/${dispute.id}/offers`, { refundFen: 5_000, message: '各担一半' }), 201)
    t.match(await shop.owner.post(`/disputes/${dispute.id}/offers/${offer.id}/accept`), { status: 200, body: { stage: 'settled' } })
    t.match(await moneyOf(member), { heldFen: 195_000, refundedFen: 5_000, disputedFen: 0, left: 9 })

    const again = await openDispute(shop.owner, member.id, { claimFen: 20_000, ground: 'other', statement: '再次主张' })
    t.match(await shop.owner.post(`/disputes/${again.id}/withdraw`), { status: 200, body: { stage: 'withdrawn', disputedFen: 0 } })
    t.match(await moneyOf(member), { heldFen: 195_000, disputeId: null }, 'several disputes, one after another')
    await holds(t, app)
  })

  t.test('silence leads to mediation and, without arbitration agreement, to the certificate; the money waits for the court and then returns', async (t) => {
    const member = await newMember(court, { acceptArbitration: false })
    const dispute = await openDispute(member.consumer, member.id)
    await advance(app, 7)
    t.match(await caseOf(member.consumer, dispute.id), { stage: 'mediation' })
    t.match(await shop.owner.post(`/disputes/${dispute.id}/escalate`), { status: 409, body: { code: 'wrong_state' } }, 'not before it has failed')
    await advance(app, 30)
    t.match(await caseOf(member.consumer, dispute.id), { stage: 'lapsed', disputedFen: 50_000, endedAt: null, documents: [{ kind: 'mediation_failure' }] })
    t.match(await member.consumer.post(`/disputes/${dispute.id}/escalate`), { status: 422, body: { code: 'no_arbitration_agreement' } })
    t.match(await moneyOf(member), { disputedFen: 50_000, heldFen: 150_000, left: 7 })
    await advance(app, 90)
    t.match(await caseOf(member.consumer, dispute.id), { stage: 'lapsed', disputedFen: 0, deadline: null })
    const money = await moneyOf(member)
    t.match(money, { disputedFen: 0, heldFen: 200_000, left: 10, disputeId: null })
    addsUp(t, money)
    const { body: { items } } = await app.nobody.get(`/sandbox/messages?phone=${member.consumer.phone}`)
    t.ok(items.some(({ text }: { text: string }) => /冻结款项已恢复/.test(text)), 'with notice')
    await holds(t, app)
  })

  t.test('a case that lapsed is decided by the court\'s word, or arbitrated once the consumer agrees', async (t) => {
    const member = await newMember(court, { acceptArbitration: false })
    const dispute = await openDispute(member.consumer, member.id)
    await toMediation(court, member.consumer, dispute.id)
    t.match(await court.mediator.post(`/disputes/${dispute.id}/mediation-failure`), { status: 200, body: { stage: 'lapsed' } })
    t.match(await first.post(`/disputes/${dispute.id}/judgment`, { caseNumber: '（2026）沪0105民初1号', refundFen: 10_000, releaseFen: 0, reasoning: '判决如下' }), { status: 422, body: { code: 'award_not_balanced' } })
    t.match(await first.post(`/disputes/${dispute.id}/judgment`, { caseNumber: '（2026）沪0105民初1号', refundFen: 40_000, releaseFen: 10_000, reasoning: '判决如下' }), { status: 201, body: { stage: 'decided' } })
    t.match(await execute(court, dispute.id), { stage: 'executed' })
    t.match(await moneyOf(member), { heldFen: 150_000, refundedFen: 40_000, releasedFen: 10_000, left: 7, blocked: 3 })

    const next = await openDispute(member.consumer, member.id, { claimFen: 10_000 })
    await toMediation(court, member.consumer, next.id)
    expectStatus(await court.mediator.post(`/disputes/${next.id}/mediation-failure`), 200)
    expectStatus(await member.consumer.post(`/disputes/${next.id}/arbitration-agreement`), 200)
    t.match(await shop.owner.post(`/disputes/${next.id}/escalate`), { status: 200, body: { stage: 'arbitration', arbitrationAgreed: true } })
    expectStatus(await member.consumer.post(`/disputes/${next.id}/withdraw`), 200)
    await holds(t, app)
  })

  t.test('a release that an award gives back whole counts as not used in a later refund; one in part stays used', async (t) => {
    const member = await newMember(court)
    const [one] = [await redeem(court, member), await redeem(court, member), await redeem(court, member)]
    const whole = await decided(court, member, award(20_000, 0), { claimFen: 20_000, redemptionIds: [one.id] })
    await execute(court, whole.id)
    t.match((await member.consumer.get(`/redemptions/${one.id}`)).body, { status: 'refunded' })
    t.match(await moneyOf(member), { heldFen: 140_000, pendingFen: 40_000, refundedFen: 20_000, left: 7 })
    const quote = async () => expectStatus(await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'merchant_breach' }), 201).body
    t.match(await quote(), { refundFen: 140_000, merchantFen: 0 }, 'two of ten used')

    const { body: { items: [, second_] } } = await member.consumer.get(`/redemptions?contractId=${member.id}`)
    const part = await decided(court, member, award(5_000, 15_000), { claimFen: 20_000, redemptionIds: [second_.id] })
    await execute(court, part.id)
    t.match(await moneyOf(member), { heldFen: 140_000, pendingFen: 20_000, refundedFen: 25_000, releasedFen: 15_000 })
    t.match(await quote(), { refundFen: 140_000, merchantFen: 0 }, 'the reduction is not taken back')
    await holds(t, app)
  })

  t.test('money awarded to the merchant out of held counts as earned, and its units are gone', async (t) => {
    const member = await newMember(court)
    const dispute = await decided(court, member, award(10_000, 40_000))
    await execute(court, dispute.id)
    t.match(await moneyOf(member), { heldFen: 150_000, releasedFen: 40_000, refundedFen: 10_000, left: 7, blocked: 3 })
    const { body } = await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'merchant_breach' })
    t.match(body, { refundFen: 150_000, merchantFen: 0, shortfallFen: 0 })
    await holds(t, app)
  })

  t.test('the last units in dispute complete the contract, and what is left goes back', async (t) => {
    const member = await newMember(court)
    for (let i = 0; i < 9; i++) await redeem(court, member)
    const dispute = await decided(court, member, award(5_000, 5_000), { claimFen: 10_000 })
    t.match(await moneyOf(member), { heldFen: 10_000, disputedFen: 10_000, left: 0, status: 'active' })
    await execute(court, dispute.id)
    t.match(await moneyOf(member), { status: 'completed' })
    await app.runDue()
    t.match(await moneyOf(member), { heldFen: 0, refundedFen: 15_000, releasedFen: 5_000, pendingFen: 180_000, status: 'completed' })
    await holds(t, app)
  })

  t.test('a correction before execution takes the award\'s place', async (t) => {
    const member = await newMember(court)
    const dispute = await decided(court, member, award(30_000, 20_000))
    expectStatus(await first.post(`/disputes/${dispute.id}/execute`), 200)
    t.match(await correct(court, dispute.id, 35_000, 5_000, 10_000), { status: 201, body: { correction: 1, refundFen: 35_000 } })
    t.match(await second.post(`/disputes/${dispute.id}/execute`), { status: 200, body: { stage: 'decided' } }, 'what was proposed was another sum')
    t.match(await first.post(`/disputes/${dispute.id}/execute`), { status: 200, body: { stage: 'executed' } })
    t.match(await moneyOf(member), { refundedFen: 35_000, releasedFen: 5_000, heldFen: 160_000 })
    await holds(t, app)
  })

  t.test('after execution a correction takes what is payable, and the rest is collected before the next settlement', async (t) => {
    const poor = await anotherShop(court)
    const member = await newMember(poor)
    const dispute = await decided(poor, member, award(30_000, 20_000))
    await execute(poor, dispute.id)
    const draft = async () => (await first.post('/settlements', { merchantIds: [poor.shop.merchantId] }))
    const { body: settlement } = expectStatus(await draft(), 201)
    t.match(settlement.items, [{ grossFen: 20_000 }])
    await advance(app, 2)
    expectStatus(await second.post(`/settlements/${settlement.id}/approve`), 200)

    t.match(await correct(poor, dispute.id, 30_000, 20_000), { status: 201, body: { correction: 1 } })
    t.match(await caseOf(member.consumer, dispute.id), { stage: 'executed' }, 'words only')
    t.match(await correct(poor, dispute.id, 42_000, 8_000), { status: 201, body: { correction: 2 } })
    t.match(await execute(poor, dispute.id), { stage: 'executed' })
    t.match((await poor.shop.owner.get('/claims')).body.items, [{ debtor: 'merchant', amountFen: 12_000, collectedFen: 0, leftFen: 12_000 }], 'nothing is payable')
    t.match(await moneyOf(member), { refundedFen: 30_000, releasedFen: 20_000 })
    await holds(t, app)

    await redeem(poor, member)
    await advance(app, 2)
    t.match((await draft()).body.items, [{ grossFen: 8_000 }], 'collected first')
    t.match((await poor.shop.owner.get('/claims')).body.items, [{ leftFen: 0 }])
    const money = await moneyOf(member)
    t.match(money, { refundedFen: 42_000, releasedFen: 28_000 })
    addsUp(t, money)
    await holds(t, app)
  })

  t.test('a claim is not collected from money that a court holds', async (t) => {
    const held = await anotherShop(court)
    const member = await newMember(held)
    const dispute = await decided(held, member, award(30_000, 20_000))
    await execute(held, dispute.id)
    const { body: hold } = expectStatus(await first.post('/legal-holds', {
      merchantId: held.shop.merchantId, amountFen: 15_000, court: '上海市长宁区人民法院', documentNumber: '（2026）沪0105执保9号', until: new Date(Date.now() + 86_400_000 * 200).toISOString().slice(0, 10)
    }), 201)
    expectStatus(await correct(held, dispute.id, 42_000, 8_000), 201)
    await execute(held, dispute.id)
    t.match((await held.shop.owner.get('/claims')).body.items, [{ amountFen: 12_000, collectedFen: 5_000, leftFen: 7_000 }])
    expectStatus(await first.post(`/legal-holds/${hold.id}/withdraw`), 200)
    t.match((await first.post('/settlements', { merchantIds: [held.shop.merchantId] })).body.items, [{ grossFen: 8_000 }], 'once it is free, the rest is collected first')
    await holds(t, app)
  })

  t.test('a correction of a correction sets off what the former left open, and nothing is paid twice', async (t) => {
    const fickle = await anotherShop(court)
    const member = await newMember(fickle)
    const dispute = await decided(fickle, member, award(30_000, 20_000))
    await execute(fickle, dispute.id)
    const draft = async () => expectStatus(await first.post('/settlements', { merchantIds: [fickle.shop.merchantId] }), 201).body
    const corrected = async (refundFen: number, releaseFen: number): Promise<void> => {
      expectStatus(await correct(fickle, dispute.id, refundFen, releaseFen), 201)
      await execute(fickle, dispute.id)
    }
    const claims = async () => (await member.consumer.get('/claims')).body.items.map(({ debtor, amountFen, leftFen }: any) => ({ debtor, amountFen, leftFen }))
    const { id } = await draft()
    await advance(app, 2)
    expectStatus(await second.post(`/settlements/${id}/approve`), 200)

    await corrected(42_000, 8_000)
    t.same(await claims(), [{ debtor: 'merchant', amountFen: 12_000, leftFen: 12_000 }])
    await corrected(33_000, 17_000)
    t.same(await claims(), [{ debtor: 'merchant', amountFen: 12_000, leftFen: 3_000 }])
    await corrected(25_000, 25_000)
    t.same(await claims(), [{ debtor: 'consumer', amountFen: 5_000, leftFen: 5_000 }, { debtor: 'merchant', amountFen: 12_000, leftFen: 0 }])
    await redeem(fickle, member)
    await advance(app, 2)
    t.match((await draft()).items, [{ grossFen: 20_000 }], 'nothing is collected any more')
    await corrected(32_000, 18_000)
    t.same(await claims(), [{ debtor: 'merchant', amountFen: 2_000, leftFen: 0 }, { debtor: 'consumer', amountFen: 5_000, leftFen: 0 }, { debtor: 'merchant', amountFen: 12_000, leftFen: 0 }])
    t.match(await moneyOf(member), { refundedFen: 32_000 })
    await holds(t, app)
  })

  t.test('a correction that gives back less is only stated once the refund has been sent', async (t) => {
    const member = await newMember(court)
    const dispute = await decided(court, member, award(30_000, 20_000))
    await execute(court, dispute.id)
    t.match(await correct(court, dispute.id, 25_000, 20_000, 5_000), { status: 422, body: { code: 'validation_failed' } }, 'what was restored stays')
    t.match(await correct(court, dispute.id, 25_000, 25_000), { status: 201 })
    await execute(court, dispute.id)
    t.match((await member.consumer.get('/claims')).body.items, [{ debtor: 'consumer', amountFen: 5_000 }])
    t.match(await moneyOf(member), { refundedFen: 30_000, releasedFen: 20_000 })
    await advance(app, 31)
    t.match(await correct(court, dispute.id, 26_000, 24_000), { status: 422, body: { code: 'correction_too_late' } })
    await holds(t, app)
  })

  t.test('what is adjudged beyond the deposit is collected from what the contract has released', async (t) => {
    const member = await newMember(court)
    await redeem(court, member)
    await advance(app, 2)
    const dispute = await openDispute(member.consumer, member.id, { claimFen: 210_000 })
    t.match(dispute, { frozenFen: 180_000, beyondReachFen: 30_000 })
    await toArbitration(court, member.consumer, dispute.id)
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, award(180_000, 0, 0, { beyondDepositFen: 20_001 })), { status: 422, body: { code: 'validation_failed' } })
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/award`, award(180_000, 0, 0, {
      beyondDepositFen: 20_000, interestFen: 312, costs: { totalFen: 500, consumerFen: 0, merchantFen: 500 }, claims: '全额退还', facts: '已停课', dueOn: '2027-01-31'
    })), 201)
    await execute(court, dispute.id)
    t.match(await moneyOf(member), { heldFen: 0, refundedFen: 200_000, releasedFen: 0, status: 'completed' })
    t.match((await caseOf(member.consumer, dispute.id)).awards, [{ beyondDepositFen: 20_000, interestFen: 312, costs: { totalFen: 500 }, documentSha256: /^[0-9a-f]{64}$/ }])
    await holds(t, app)
  })

  t.test('a refund and a dispute never pay the same fen', async (t) => {
    const member = await newMember(court)
    const quote = async () => expectStatus(await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'cooling_off' }), 201).body
    const { body: refund } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refunds`, { quoteId: (await quote()).id }), 201)
    const dispute = await openDispute(member.consumer, member.id)
    t.match(await first.post(`/refunds/${refund.id}/approve`), { status: 409, body: { code: 'quote_stale' } })
    const { body: fresh } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refunds`, { quoteId: (await quote()).id }), 201)
    t.match(fresh, { refundFen: 150_000 })
    expectStatus(await first.post(`/refunds/${fresh.id}/approve`), 200)
    t.match(await moneyOf(member), { heldFen: 0, refundedFen: 150_000, disputedFen: 50_000, status: 'terminated' })
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/withdraw`), 200)
    t.match(await moneyOf(member), { heldFen: 0, refundedFen: 200_000, disputedFen: 0, refundPaidFen: 200_000 }, 'what was frozen from held is the consumer\'s')
    await holds(t, app)
  })

  t.test('what a refund had left contested is divided by its own rule when the claim is given up', async (t) => {
    const discounted = { ...court, productId: await listProduct(app, shop, { priceFen: 200_000, sessions: 10, listPricePerSessionFen: 40_000, listPriceProof: '价目表' }) }
    const member = await newMember(discounted)
    const [one] = [await redeem(court, member), await redeem(court, member), await redeem(court, member)]
    const dispute = await openDispute(member.consumer, member.id, { claimFen: 20_000, redemptionIds: [one.id] })
    const { body: quote } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'consumer_choice' }), 201)
    t.match(quote, { refundFen: 80_000, contestedFen: 20_000, merchantFen: 40_000 })
    const { body: refund } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refunds`, { quoteId: quote.id }), 201)
    expectStatus(await shop.owner.post(`/refunds/${refund.id}/accept`), 200)
    expectStatus(await first.post(`/refunds/${refund.id}/approve`), 200)
    t.match(await caseOf(member.consumer, dispute.id), { frozenFen: 40_000, disputedFen: 40_000 }, 'the dispute holds it too')
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/withdraw`), 200)
    await app.runDue()
    const money = await moneyOf(member)
    t.match(money, { disputedFen: 0, refundedFen: 80_000, pendingFen: 60_000, releasedFen: 60_000 })
    addsUp(t, money)
    await holds(t, app)
  })

  t.test('what a refund leaves contested beside an award is not in the award\'s sums: both are carried out', async (t) => {
    const discounted = { ...court, productId: await listProduct(app, shop, { priceFen: 200_000, sessions: 10, listPricePerSessionFen: 40_000, listPriceProof: '价目表' }) }
    const member = await newMember(discounted)
    const [one] = [await redeem(court, member), await redeem(court, member), await redeem(court, member)]
    const dispute = await decided(court, member, award(20_000, 0), { claimFen: 20_000, redemptionIds: [one.id] })
    const { body: quote } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refund-quotes`, { reason: 'consumer_choice' }), 201)
    t.match(quote, { refundFen: 80_000, contestedFen: 20_000, merchantFen: 40_000 })
    const { body: refund } = expectStatus(await member.consumer.post(`/contracts/${member.id}/refunds`, { quoteId: quote.id }), 201)
    expectStatus(await shop.owner.post(`/refunds/${refund.id}/accept`), 200)
    expectStatus(await first.post(`/refunds/${refund.id}/approve`), 200)
    t.match(await moneyOf(member), { disputedFen: 40_000 })
    t.match(await execute(court, dispute.id), { stage: 'executed' })
    await app.runDue()
    const money = await moneyOf(member)
    t.match(money, { disputedFen: 0, refundedFen: 120_000, pendingFen: 40_000, releasedFen: 40_000 }, 'two of ten used, at the list price')
    addsUp(t, money)
    await holds(t, app)
  })

  t.test('a merchant closes in the middle of a case: the rest goes back, and the case is decided over what is frozen', async (t) => {
    const gone = await anotherShop(court)
    const member = await newMember(gone)
    await redeem(gone, member)
    const dispute = await openDispute(member.consumer, member.id)
    const closure = `/merchants/${gone.shop.merchantId}/closure`
    expectStatus(await first.post(closure, { reason: '人去楼空', stoppedOn: (await app.nobody.get('/sandbox/clock')).body.now.slice(0, 10) }), 201)
    expectStatus(await second.post(`${closure}/approve`), 200)
    await until(app, async () => (await moneyOf(member)).status === 'terminated')
    t.match(await moneyOf(member), { heldFen: 0, disputedFen: 50_000, refundedFen: 130_000, pendingFen: 20_000, status: 'terminated' })
    await toArbitration(gone, member.consumer, dispute.id)
    expectStatus(await arbitrator.post(`/disputes/${dispute.id}/award`, award(40_000, 0, 10_000)), 201)
    await execute(gone, dispute.id)
    t.match(await moneyOf(member), { disputedFen: 0, refundedFen: 180_000 }, 'what is restored has nowhere else to go')
    await holds(t, app)
  })

  t.test('days of a term card that were blocked are released once they are free again', async (t) => {
    const monthly = { ...court, productId: await listProduct(app, shop, { kind: 'period', priceFen: 30_000, periodDays: 30, validDays: 30, sessions: undefined, settlementRule: { release: 'per_day', objectionHours: 24 } }) }
    const member = await newMember(monthly)
    const dispute = await openDispute(member.consumer, member.id, { claimFen: 10_000 })
    await advance(app, 31)
    t.match(await moneyOf(member), { heldFen: 0, disputedFen: 10_000, status: 'active' })
    t.match(await caseOf(member.consumer, dispute.id), { stage: 'mediation' })
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/withdraw`), 200)
    await advance(app, 3)
    t.match(await moneyOf(member), { heldFen: 0, disputedFen: 0, releasedFen: 30_000, status: 'completed' })
    await holds(t, app)
  })

  t.same(await bookedOtherwise(app), [], 'every entry is one of docs/accounting.md')
})
