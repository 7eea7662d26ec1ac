import type { Test } from 'tap'
import { createAdministration } from '../../src/administration.js'
import type { Answer, TestApp } from '../support/app.js'
import { sandboxConfig } from '../support/database.js'
import { arbitrator, bureau, checker, maker, mediator, newConsumer, newPhone, operator, signIn, type Consumer, type Person } from '../support/people.js'
import { makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

/** Everybody who takes part in cases of one shop, which sells ten sessions for ¥2,000. */
export type Court = Readonly<{
  app: TestApp; shop: Shop; productId: string
  operator: Person; mediator: Person; arbitrator: Person; first: Person; second: Person; bureau: Person
}>

export const newCourt = async (app: TestApp, offer: object = {}): Promise<Court> => {
  const shop = await newShop(app)
  const productId = await listProduct(app, shop, { priceFen: 200_000, sessions: 10, ...offer })
  return {
    app, shop, productId, operator: await operator(app), mediator: await mediator(app), arbitrator: await arbitrator(app),
    first: await maker(app), second: await checker(app), bureau: await bureau(app)
  }
}

/** Another shop before the same people. */
export const anotherShop = async (court: Court, offer: object = {}): Promise<Court> => {
  const shop = await newShop(court.app)
  return { ...court, shop, productId: await listProduct(court.app, shop, { priceFen: 200_000, sessions: 10, ...offer }) }
}

export type Member = Readonly<{ consumer: Consumer; id: string }>

/** A new consumer with a paid contract, who accepts arbitration unless told otherwise. */
export const newMember = async ({ app, productId }: Pick<Court, 'app' | 'productId'>, { acceptArbitration = true, consumer }: { acceptArbitration?: boolean; consumer?: Consumer } = {}): Promise<Member> => {
  const who = consumer ?? await newConsumer(app)
  const { id } = await makeContract(who, productId)
  expectStatus(await trySign(app, who, id, { acceptArbitration }), 200)
  await payOrder(app, (await order(who, id)).id)
  return { consumer: who, id }
}

export const redeem = async ({ shop }: Pick<Court, 'shop'>, { consumer, id }: Member): Promise<any> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${id}/check-in-codes`), 201)
  return expectStatus(await shop.cashier.post('/redemptions', { code, venueId: shop.venueId }), 201).body
}

export const tryOpen = (who: Pick<Person, 'post'>, contractId: string, body: object = {}): Promise<Answer> =>
  who.post('/disputes', { contractId, claimFen: 50_000, ground: 'service_not_as_agreed', statement: '教练连续缺课', ...body })

export const openDispute = async (who: Pick<Person, 'post'>, contractId: string, body: object = {}): Promise<any> => expectStatus(await tryOpen(who, contractId, body), 201).body

export const moneyOf = async ({ consumer, id }: Member): Promise<any> => {
  const { status, sessions, money, disputeId } = expectStatus(await consumer.get(`/contracts/${id}`), 200).body
  return { status, left: sessions.left, blocked: sessions.blocked, disputeId, ...money }
}

export const caseOf = async (who: Pick<Person, 'get'>, id: string): Promise<any> => expectStatus(await who.get(`/disputes/${id}`), 200).body

export const assign = async ({ operator }: Pick<Court, 'operator'>, id: string, adjudicator: Person, role: string): Promise<any> =>
  expectStatus(await operator.post(`/disputes/${id}/assignments`, { adjudicatorId: adjudicator.userId, role }), 201).body

export const advance = async ({ nobody }: TestApp, days: number): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/clock', { advanceSeconds: days * 86_400 }), 200)
}

/** To mediation, with the mediator assigned. */
export const toMediation = async (court: Court, who: Pick<Person, 'post'>, id: string): Promise<void> => {
  expectStatus(await who.post(`/disputes/${id}/escalate`), 200)
  await assign(court, id, court.mediator, 'mediator')
}

/** To arbitration, through a proposal that was declined, with the arbitrator assigned. */
export const toArbitration = async (court: Court, who: Pick<Person, 'post'>, id: string): Promise<any> => {
  await toMediation(court, who, id)
  const { body: proposal } = expectStatus(await court.mediator.post(`/disputes/${id}/proposals`, { refundFen: 1, message: '各让一步' }), 201)
  expectStatus(await who.post(`/disputes/${id}/proposals/${proposal.id}/decline`), 200)
  expectStatus(await who.post(`/disputes/${id}/escalate`), 200)
  return assign(court, id, court.arbitrator, 'arbitrator')
}

let awards = 0
export const newAwardNumber = (): string => `沪长仲裁字第 ${++awards} 号`

export const award = (refundFen: number, releaseFen: number, restoreFen = 0, more: object = {}) =>
  ({ awardNumber: newAwardNumber(), refundFen, releaseFen, restoreFen, reasoning: '教练确有缺课，应按未消费部分退还。', ...more })

export const execute = async ({ first, second }: Pick<Court, 'first' | 'second'>, id: string): Promise<any> => {
  expectStatus(await first.post(`/disputes/${id}/execute`), 200)
  return expectStatus(await second.post(`/disputes/${id}/execute`), 200).body
}

export const addsUp = (t: Pick<Test, 'equal'>, { paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen }: any, message = 'the money adds up'): void => {
  t.equal(paidFen, heldFen + disputedFen + pendingFen + releasedFen + refundedFen, message)
}

/** Runs what is due until something that is delivered in the background has come about. */
export const until = async (app: TestApp, isSo: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 100 && !(await isSo()); i++) {
    await app.runDue()
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

export const holds = async (t: Pick<Test, 'same'>, app: TestApp): Promise<void> => {
  const { body } = await app.nobody.get('/sandbox/invariants')
  t.same(body.checks.filter(({ ok }: { ok: boolean }) => !ok), [], 'the invariants hold')
}

/** Somebody new on the office's roster, signed in. */
export const newAdjudicator = async (app: TestApp, roles: readonly string[]): Promise<Person> => {
  const { body: { now } } = expectStatus(await app.nobody.get('/sandbox/clock'), 200)
  const administration = createAdministration({ config: sandboxConfig, serviceUrl: app.database.serviceUrl, isCluster: app.database.isCluster, clock: { now: () => new Date(now) } })
  const phone = newPhone()
  const said = await administration.run(['staff:add', '--phone', phone, '--end', 'adjudicator', '--office', '1', '--roles', roles.join(','), '--name', '仲裁员乙'])
  await administration.close()
  return signIn(app, { phone, end: 'adjudicator', password: said.slice(said.lastIndexOf(' ') + 1) })
}
