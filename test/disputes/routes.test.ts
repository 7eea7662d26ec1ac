import t, { type Test } from 'tap'
import { startApp, type Api } from '../support/app.js'
import { textIn } from '../support/pdf.js'
import { newConsumer } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import { addsUp, advance, award, caseOf, holds, moneyOf, newCourt, newMember, openDispute, redeem, toArbitration, toMediation, tryOpen } from './support.js'

t.setTimeout(120_000)

type Reader = Pick<Api, 'get'>

/** A case's newest document goes, as a sealed PDF, to those who take part in it and to nobody else. */
const servesPdf = async (t: Test, id: string, readers: readonly Reader[], stranger: Reader, says: RegExp): Promise<void> => {
  const { pdfId } = (await caseOf(readers[0] as never, id)).documents.at(-1)
  for (const reader of readers) {
    const { status, bytes } = await reader.get(`/documents/${pdfId}`)
    t.equal(status, 200)
    t.match(textIn(bytes!), says)
    t.match(bytes!.toString('latin1'), /ETSI\.CAdES\.detached/)
  }
  t.equal((await stranger.get(`/documents/${pdfId}`)).status, 404)
}

t.test('disputes', async (t) => {
  const app = await startApp(t)
  const court = await newCourt(app)
  const { shop, mediator, arbitrator, first, second } = court

  t.test('opening one freezes what is claimed and blocks the units it would have paid for', async (t) => {
    const member = await newMember(court)
    for (let i = 0; i < 3; i++) await redeem(court, member)
    const { status, body } = await tryOpen(member.consumer, member.id)
    t.equal(status, 201)
    t.match(body, { stage: 'negotiation', frozenFen: 50_000, beyondReachFen: 0, disputedFen: 50_000, claimant: 'consumer', outcome: null })
    const money = await moneyOf(member)
    t.match(money, { heldFen: 90_000, disputedFen: 50_000, pendingFen: 60_000, left: 4, blocked: 3, disputeId: body.id })
    addsUp(t, money)
    t.match(await tryOpen(member.consumer, member.id), { status: 409, body: { code: 'wrong_state' } }, 'one at a time')
    t.match(await caseOf(shop.owner, body.id), { statement: '教练连续缺课', allowed: ['offer', 'accept_offer', 'decline_offer', 'message', 'accept_arbitration', 'withdraw', 'escalate'] })
    await holds(t, app)
  })

  t.test('redemptions that are named are frozen first, whole or in part, and what cannot be reached is told', async (t) => {
    const member = await newMember(court)
    const [one, two] = [await redeem(court, member), await redeem(court, member)]
    const dispute = await openDispute(member.consumer, member.id, { claimFen: 250_000, redemptionIds: [one.id, two.id] })
    t.match(dispute, { frozenFen: 200_000, beyondReachFen: 50_000 })
    t.match(await moneyOf(member), { heldFen: 0, disputedFen: 200_000, pendingFen: 0, left: 0 })
    expectStatus(await member.consumer.post(`/disputes/${dispute.id}/withdraw`), 200)
    t.match(await moneyOf(member), { heldFen: 160_000, disputedFen: 0, pendingFen: 40_000, left: 8, status: 'active', disputeId: null })

    const part = await openDispute(member.consumer, member.id, { claimFen: 30_000, redemptionIds: [one.id, two.id] })
    t.match(await moneyOf(member), { heldFen: 160_000, disputedFen: 30_000, pendingFen: 10_000, left: 8 })
    await holds(t, app)
    expectStatus(await member.consumer.post(`/disputes/${part.id}/withdraw`), 200)
    await advance(app, 2)
    t.match(await moneyOf(member), { heldFen: 160_000, disputedFen: 0, pendingFen: 0, releasedFen: 40_000 }, 'and the windows go on')
    await holds(t, app)
  })

  t.test('an offer that the other side accepts settles: a part goes back, the rest is restored', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    const { status, body: offer } = await shop.owner.post(`/disputes/${dispute.id}/offers`, { refundFen: 20_000, message: '退两次课' })
    t.equal(status, 201)
    t.match(offer, { status: 'open', side: 'merchant', refundFen: 20_000 })
    t.match(await shop.owner.post(`/disputes/${dispute.id}/offers/${offer.id}/accept`), { status: 403 }, 'not one\'s own')
    const better = (await shop.owner.post(`/disputes/${dispute.id}/offers`, { refundFen: 30_000, message: '退三次课' })).body
    t.match(await member.consumer.post(`/disputes/${dispute.id}/offers/${offer.id}/accept`), { status: 409 }, 'the first was replaced')
    const counter = (await member.consumer.post(`/disputes/${dispute.id}/offers`, { refundFen: 45_000, message: '退四次半' })).body
    t.match(await shop.owner.post(`/disputes/${dispute.id}/offers/${counter.id}/decline`), { status: 200, body: { stage: 'negotiation' } })
    t.match(await member.consumer.post(`/disputes/${dispute.id}/offers/${better.id}/accept`), {
      status: 200, body: { stage: 'settled', disputedFen: 0, outcome: { refundFen: 30_000, releaseFen: 0, restoreFen: 20_000 } }
    })
    const money = await moneyOf(member)
    t.match(money, { heldFen: 170_000, disputedFen: 0, refundedFen: 30_000, refundPaidFen: 30_000, left: 8, disputeId: null, status: 'active' })
    addsUp(t, money)
    await app.runDue()
    const done = await caseOf(member.consumer, dispute.id)
    t.match(done, { stage: 'executed', documents: [{ kind: 'settlement_agreement', sha256: /^[0-9a-f]{64}$/ }] })
    t.same(done.timeline.map(({ fact }: { fact: string }) => fact), [
      'dispute-opened', 'dispute-offer-made', 'dispute-offer-made', 'dispute-offer-made', 'dispute-offer-declined', 'dispute-settled', 'dispute-executed'
    ])
    await holds(t, app)
  })

  t.test('a proposal that both sides accept settles in mediation', async (t) => {
    const member = await newMember(court)
    const dispute = await openDispute(member.consumer, member.id)
    await toMediation(court, shop.owner, dispute.id)
    const { status, body: proposal } = await mediator.post(`/disputes/${dispute.id}/proposals`, { refundFen: 50_000, message: '全部退还' })
    t.equal(status, 201)
    t.match(proposal, { status: 'open' })
    t.match(await shop.owner.post(`/disputes/${dispute.id}/proposals/${proposal.id}/accept`), { status: 200, body: { stage: 'mediation' } })
    t.match(await member.consumer.post(`/disputes/${dispute.id}/proposals/${proposal.id}/accept`), { status: 200, body: { stage: 'settled' } })
    t.match(await moneyOf(member), { heldFen: 150_000, refundedFen: 50_000, disputedFen: 0 })
    t.match(await caseOf(mediator, dispute.id), { proposals: [{ status: 'accepted' }], documents: [{ kind: 'mediation_agreement', pdfId: /^doc_/ }] })
    await servesPdf(t, dispute.id, [member.consumer, shop.owner, mediator, first], await newConsumer(app), /调解协议[^]*全部退还/)
    await holds(t, app)
  })

  t.test('an award refunds, releases and restores in one transfer of two notaries', async (t) => {
    const member = await newMember(court)
    for (let i = 0; i < 3; i++) await redeem(court, member)
    const dispute = await openDispute(member.consumer, member.id)
    await toArbitration(court, member.consumer, dispute.id)
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, award(30_000, 0, 10_000)), { status: 422, body: { code: 'award_not_balanced', disputedFen: 50_000, dividedFen: 40_000 } })
    const wanted = award(30_000, 0, 20_000)
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, wanted), { status: 201, body: { stage: 'decided', disputedFen: 50_000 } })
    t.match(await arbitrator.post(`/disputes/${dispute.id}/award`, wanted), { status: 409, body: { code: 'wrong_state' } }, 'the same under a new key')
    t.match(await moneyOf(member), { disputedFen: 50_000 }, 'decided is not executed')
    await servesPdf(t, dispute.id, [member.consumer, shop.owner, arbitrator, first], mediator, /仲裁裁决书[^]*¥300\.00/)
    const { body: receipt } = expectStatus(await member.consumer.get(`/disputes/${dispute.id}/receipt`), 200)
    t.ok(receipt.entries.some(({ entry }: { entry: string }) => JSON.parse(entry).fact === 'award-made'), 'its receipt holds the award')

    t.match(await first.post(`/disputes/${dispute.id}/execute`), { status: 200, body: { stage: 'decided' } })
    t.match(await first.post(`/disputes/${dispute.id}/execute`), { status: 403, body: { code: 'same_person' } })
    t.match(await second.post(`/disputes/${dispute.id}/execute`), { status: 200, body: { stage: 'executed', disputedFen: 0 } })
    t.match(await second.post(`/disputes/${dispute.id}/execute`), { status: 409, body: { code: 'wrong_state' } })
    const money = await moneyOf(member)
    t.match(money, { heldFen: 110_000, disputedFen: 0, refundedFen: 30_000, left: 5, blocked: 2, disputeId: null })
    addsUp(t, money)
    const { body: { items } } = await member.consumer.get(`/contracts/${member.id}/statement`)
    const executed = items.filter(({ event }: { event: string }) => event === 'dispute-executed')
    t.same(executed.map(({ account, side, amountFen }: any) => [account.split(':')[0], side, amountFen]), [
      ['disputed', 'debit', 50_000], ['refund_payable', 'credit', 30_000], ['held', 'credit', 20_000]
    ])
    await holds(t, app)
  })
})
