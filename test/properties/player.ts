import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Answer, TestApp } from '../support/app.js'
import type { Consumer, Person } from '../support/people.js'
import { makeContract, order, payOrder, trySign } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'
import * as model from './model.js'
import type { Program, Step } from './program.js'

/*
 * Plays programs over HTTP and on the model side by side. The model says of every call what must
 * come of it; where calls are made at once, some order of them must explain all their answers.
 */

/** The whole deployment: every shop's model, and the service's clock as this process knows it. */
export type World = {
  shops: model.Shop[]
  offsetMs: number
  /** How often each kind of call did what it should, and was refused as it should be. */
  tally: Record<string, { done: number; refused: number }>
}

export type Stage = Readonly<{
  app: TestApp
  world: World
  shop: model.Shop
  place: Shop
  consumer: Consumer
  notaries: Readonly<{ first: Person; second: Person }>
  products: readonly Readonly<{ id: string; offer: model.Offer }>[]
  /** other calls are made at the same moment */
  isCrowded?: true
}>

/** A call that is ready: what it asks for, and how the model judges the answer, changing itself by it. */
type Call = Readonly<{ kind: string; name: string; fire: () => Promise<Answer>; judge: (shop: model.Shop, answer: Answer) => string | undefined }>

export const nowOf = ({ offsetMs }: World): number => Date.now() + offsetMs

const readClock = async ({ nobody }: TestApp): Promise<number> => Date.parse(expectStatus(await nobody.get('/sandbox/clock'), 200).body.now) - Date.now()

export const newWorld = async (app: TestApp): Promise<World> => ({ shops: [], offsetMs: await readClock(app), tally: {} })

/** The same instant, but for the time that calls take. */
const isNear = (one: number, other: number): boolean => Math.abs(one - other) < 60_000

const at = <Of>(list: readonly Of[], index: number): Of | undefined => list[index % Math.max(1, list.length)]

/** Most often one with which it can be done, if there is any; now and then just any. */
const pick = <Of>(list: readonly Of[], isLikely: (one: Of) => boolean, which: number): Of | undefined =>
  at(which % 5 > 0 ? list.filter(isLikely) : list, Math.floor(which / 5))

const shown = ({ status, body }: Answer): string => `${status} ${JSON.stringify(body).slice(0, 300)}`

const count = ({ tally }: World, kind: string, { status }: Answer): void => {
  const counted = tally[kind] ??= { done: 0, refused: 0 }
  if (status < 400) counted.done += 1
  else counted.refused += 1
}

/** Compares an answer with the outcome the model foresees: a refusal's code, or success. */
const mismatch = (answer: Answer, refused: string | undefined, status: number): string | undefined => {
  if (refused === undefined) return answer.status === status ? undefined : `should have succeeded: ${shown(answer)}`
  return answer.status >= 400 && answer.body.code === refused ? undefined : `should have been refused with ${refused}: ${shown(answer)}`
}

/**
 * The same request twice at once with one key has one effect and one answer. A refusal leaves the
 * key free, so that among other calls, and only there, one of the two may be refused.
 */
const twice = async (fire: (key: string) => Promise<Answer>, isCrowded = false): Promise<Answer> => {
  const key = randomUUID()
  const [one, other] = await Promise.all([fire(key), fire(key)])
  if (one.status >= 500 || other.status >= 500) throw new Error(`a fault: ${shown(one)} and ${shown(other)}`)
  if (!isCrowded && one.status < 400 !== other.status < 400) throw new Error(`one key, two outcomes: ${shown(one)} and ${shown(other)}`)
  if (one.status >= 400) return other
  if (other.status >= 400) return one
  if (one.status !== other.status || !isDeepStrictEqual(one.body, other.body)) throw new Error(`one key, two answers: ${shown(one)} and ${shown(other)}`)
  if ((one.headers['idempotency-replayed'] === 'true') === (other.headers['idempotency-replayed'] === 'true')) throw new Error('one of two answers is the replay')
  return one
}

const once = (isDoubled: boolean, isCrowded: true | undefined, fire: (key: string) => Promise<Answer>) => () => (isDoubled ? twice(fire, isCrowded) : fire(randomUUID()))

// ---- what each step asks for

const rowsOf = ({ contracts }: model.Shop) => contracts.flatMap((contract, c) => contract.releases.map((release, r) => ({ contract, release, c, r })))

/** Releases by time and those of a refund are made by the service: their ids are asked for. */
const learnIds = async ({ consumer }: Stage, contract: model.Contract): Promise<void> => {
  const { body } = expectStatus(await consumer.get(`/redemptions?contractId=${contract.id}&limit=100`), 200)
  for (const release of contract.releases) {
    release.id ??= body.items.find(({ id, kind, date, releasedFen }: any) =>
      kind === release.kind && date === release.date && releasedFen === Number(release.amount) && !contract.releases.some((other) => other.id === id))?.id
  }
}

const redeem = async (stage: Stage, { contract: which, units: wanted, isDoubled }: Extract<Step, { do: 'redeem' }>): Promise<Call | undefined> => {
  const { consumer, place, world, shop } = stage
  const contract = pick(shop.contracts, (one) => model.unusable(one, nowOf(world)) === undefined && (one.offer.kind !== 'period' || which % 3 === 0), which)
  if (!contract) return undefined
  const index = shop.contracts.indexOf(contract)
  const code = await consumer.post(`/contracts/${contract.id}/check-in-codes`)
  const refused = model.unusable(contract, nowOf(world))
  const wrong = mismatch(code, refused, 201)
  if (wrong) throw new Error(`check-in code: ${wrong}`)
  if (refused) return undefined
  const { kind, units: n } = contract.offer
  const units = kind === 'sessions' ? BigInt(1 + wanted % 3) : kind === 'stored_value' ? 1n + BigInt(wanted) % n : 0n
  const body = { sessions: { sessions: Number(units) }, stored_value: { amountFen: Number(units) }, period: {} }[kind]
  return {
    kind: `redeem ${kind}`,
    name: `redeem ${units} of contract ${index}`,
    fire: once(isDoubled, stage.isCrowded, (key) => place.cashier.post('/redemptions', { code: code.body.code, venueId: place.venueId, ...body }, { key })),
    judge: (shop, answer) => {
      const contract = shop.contracts[index] as model.Contract
      const outcome = model.redeem(contract, units, nowOf(world))
      if ('refused' in outcome) return mismatch(answer, outcome.refused, 201)
      const wrong = mismatch(answer, undefined, 201)
      if (wrong) return wrong
      const left = kind === 'period' ? null : Number(model.leftOf(contract))
      if (answer.body.releasedFen !== Number(outcome.amount) || answer.body.sessionsLeft !== left) return `should have released ${outcome.amount} and left ${left}: ${shown(answer)}`
      const dueAt = Date.parse(answer.body.objectionUntil)
      const expected = outcome.release.dueAt
      Object.assign(outcome.release, { id: answer.body.id, dueAt })
      return isNear(dueAt, expected) ? undefined : `should be open to objection until ${new Date(expected).toISOString()}: ${shown(answer)}`
    }
  }
}

const aboutRelease = async (stage: Stage, { do: what, release: which, isDoubled }: Extract<Step, { release: number }>): Promise<Call | undefined> => {
  const { consumer, place, world, shop } = stage
  const likely = { void: ['pending', 'objected'], object: ['pending'], withdraw: ['objected'] }[what]
  const target = pick(rowsOf(shop), ({ release: { state } }) => likely.includes(state), which)
  if (!target) return undefined
  if (target.release.id === undefined) await learnIds(stage, target.contract)
  const { c, r, release: { id } } = target
  if (id === undefined) throw new Error(`release ${r} of contract ${c} is not listed`)
  const path = `/redemptions/${id}`
  const fires: Record<typeof what, (key: string) => Promise<Answer>> = {
    void: (key) => place.cashier.post(`${path}/void`, { reason: '录入有误' }, { key }),
    object: (key) => consumer.post(`${path}/objection`, { reason: '没有上课' }, { key }),
    withdraw: () => consumer.post(`${path}/objection/withdraw`)
  }
  return {
    kind: what,
    name: `${what} release ${r} of contract ${c}`,
    fire: once(isDoubled && what !== 'withdraw', stage.isCrowded, fires[what]),
    judge: (shop, answer) => {
      const contract = shop.contracts[c] as model.Contract
      const release = contract.releases[r] as model.Release
      const now = nowOf(world)
      const refused = what === 'void' ? model.voidRelease(contract, release, now) : what === 'object' ? model.object(release, now) : model.withdraw(contract, release, now)
      if (refused !== undefined || what !== 'withdraw' || answer.status !== 200) return mismatch(answer, refused, 200)
      const [dueAt, expected] = [Date.parse(answer.body.objectionUntil), release.dueAt]
      release.dueAt = dueAt
      return isNear(dueAt, expected) ? undefined : `should go on until ${new Date(expected).toISOString()}: ${shown(answer)}`
    }
  }
}

const draft = ({ notaries, place, isCrowded, shop: { settlements } }: Stage, { isDoubled }: Extract<Step, { do: 'draft' }>): Call => ({
  kind: 'draft',
  name: `draft settlement ${settlements.length}`,
  fire: once(isDoubled, isCrowded, (key) => notaries.first.post('/settlements', { merchantIds: [place.merchantId] }, { key })),
  judge: (shop, answer) => {
    const rows = model.reservable(shop)
    const gross = model.sum(rows, ({ amount }) => amount)
    if (gross === 0n) return mismatch(answer, 'nothing_payable', 201)
    const wrong = mismatch(answer, undefined, 201)
    if (wrong) return wrong
    const { id, items: [{ id: itemId, grossFen, feeFen }], feeBasisPoints } = answer.body
    const fee = (gross * BigInt(feeBasisPoints)) / 10_000n
    if (grossFen !== Number(gross) || feeFen !== Number(fee)) return `should be of ${gross} less ${fee}: ${shown(answer)}`
    for (const row of rows) row.item = itemId
    shop.settlements.push({ id, item: { id: itemId, gross, fee, status: 'draft', cameBack: false, approvedAt: 0, nextAsk: 0 } })
    return undefined
  }
})

const aboutSettlement = ({ app, notaries, world, shop, isCrowded }: Stage, step: Extract<Step, { settlement: number }>): Call | undefined => {
  const target = pick(shop.settlements, ({ item: { status } }) => status === (step.do === 'send-back' ? 'paid' : 'draft'), step.settlement)
  if (!target) return undefined
  const index = shop.settlements.indexOf(target)
  const itemOf = (shop: model.Shop) => (shop.settlements[index] as model.Settlement).item
  const name = `${step.do} settlement ${index}`
  const kind = step.do
  switch (step.do) {
    case 'approve': return {
      kind,
      name: step.byMaker ? `${name} by its maker` : name,
      fire: once(step.isDoubled, isCrowded, (key) => (step.byMaker ? notaries.first : notaries.second).post(`/settlements/${target.id}/approve`, {}, { key })),
      judge: (shop, answer) => {
        const item = itemOf(shop)
        const refused = item.status !== 'draft' ? 'wrong_state' : step.byMaker ? 'same_person' : undefined
        if (refused === undefined) {
          const now = nowOf(world)
          model.answer(shop, item)
          Object.assign(item, { approvedAt: now, nextAsk: now + 60_000 })
        }
        return mismatch(answer, refused, 200)
      }
    }
    case 'cancel': return {
      kind,
      name,
      fire: () => notaries.second.post(`/settlements/${target.id}/cancel`),
      judge: (shop, answer) => {
        const item = itemOf(shop)
        if (item.status !== 'draft') return mismatch(answer, 'wrong_state', 200)
        item.status = 'cancelled'
        model.release(shop, item.id)
        return mismatch(answer, undefined, 200)
      }
    }
    case 'send-back': return {
      kind,
      name,
      fire: () => app.nobody.post('/sandbox/bank/returns', { itemId: target.item.id }),
      judge: (shop, answer) => {
        const item = itemOf(shop)
        if (item.cameBack) return undefined
        if (item.status !== 'paid') return mismatch(answer, item.status === 'draft' || item.status === 'cancelled' ? 'not_found' : 'wrong_state', 200)
        Object.assign(item, { status: 'returned', cameBack: true })
        model.release(shop, item.id)
        return mismatch(answer, undefined, 200)
      }
    }
  }
}

const refundsOf = ({ contracts }: model.Shop) => contracts.flatMap((contract, c) => contract.refunds.map((refund, r) => ({ refund, c, r })))

const aboutRefund = ({ notaries, world, shop, isCrowded }: Stage, step: Extract<Step, { refund: number }>): Call | undefined => {
  const target = pick(refundsOf(shop), ({ refund: { status } }) => status === 'awaiting_approval', step.refund)
  if (!target) return undefined
  const { c, r, refund: { id } } = target
  const isApproval = step.do === 'approve-refund'
  return {
    kind: step.do,
    name: `${step.do} ${r} of contract ${c}`,
    fire: once(isApproval && step.isDoubled, isCrowded, (key) => notaries.second.post(`/refunds/${id}/${isApproval ? 'approve' : 'reject'}`, isApproval ? {} : { reason: '材料不全' }, { key })),
    judge: (shop, answer) => {
      const contract = shop.contracts[c] as model.Contract
      const refund = contract.refunds[r] as model.Refund
      if (isApproval) return mismatch(answer, model.approveRefund(contract, refund, nowOf(world)), 200)
      if (refund.status !== 'awaiting_approval') return mismatch(answer, 'wrong_state', 200)
      refund.status = 'rejected'
      return mismatch(answer, undefined, 200)
    }
  }
}

/** What can also be done at once with others. */
const prepare = (stage: Stage, step: Step): Promise<Call | undefined> | Call | undefined => {
  switch (step.do) {
    case 'redeem': return redeem(stage, step)
    case 'void': case 'object': case 'withdraw': return aboutRelease(stage, step)
    case 'draft': return draft(stage, step)
    case 'approve': case 'cancel': case 'send-back': return aboutSettlement(stage, step)
    case 'approve-refund': case 'reject-refund': return aboutRefund(stage, step)
    default: return undefined
  }
}

// ---- what is only done one after the other

const fail = (message: string): never => { throw new Error(message) }

const pay = async ({ app, consumer, world }: Stage, contract: model.Contract, how: Extract<Step, { do: 'pay' }>['how']): Promise<void> => {
  const attempt = await consumer.post(`/contracts/${contract.id}/payments`, { channel: 'sandbox' })
  const refused = contract.status === 'awaiting_payment' ? undefined : 'wrong_state'
  const wrong = mismatch(attempt, refused, 201)
  if (wrong) fail(`order: ${wrong}`)
  count(world, `pay ${how}`, attempt)
  if (refused) return
  const { id } = attempt.body
  const expectPurpose = async (orderId: string, purpose: string | null, reason: string | null, body: object = {}): Promise<void> => {
    const paid = await payOrder(app, orderId, body)
    if (paid.purpose !== purpose || paid.reason !== reason) fail(`paid money should be ${purpose} (${reason}): ${JSON.stringify(paid)}`)
  }
  switch (how) {
    case 'failure': return expectPurpose(id, null, null, { outcome: 'failure' })
    case 'wrong': return expectPurpose(id, 'stray', 'wrong_amount', { amountFen: Number(contract.offer.price) + 1 })
    case 'old':
      await order(consumer, contract.id)
      return expectPurpose(id, 'stray', 'order_closed')
    case 'exact': await expectPurpose(id, 'deposit', null); break
    case 'repeat': await expectPurpose(id, 'deposit', null, { repeat: 3 }); break
    case 'twice':
      await expectPurpose(id, 'deposit', null)
      await expectPurpose(id, 'stray', 'paid_already')
  }
  const { paidAt, coolingOffUntil, expiresAt } = expectStatus(await consumer.get(`/contracts/${contract.id}`), 200).body
  model.deposit(contract, Date.parse(paidAt))
  if (!isNear(Date.parse(paidAt), nowOf(world))) fail(`paid at ${paidAt}?`)
  if (Date.parse(coolingOffUntil) !== contract.coolingOffUntil || Date.parse(expiresAt) !== contract.expiresAt) fail(`cooling off until ${coolingOffUntil}, good until ${expiresAt}?`)
}

const buy = async (stage: Stage, which: number, pays: boolean): Promise<void> => {
  const { app, consumer, products, shop, world } = stage
  const product = at(products, which)
  if (!product) return
  const { id } = await makeContract(consumer, product.id)
  expectStatus(await trySign(app, consumer, id), 200)
  const contract = model.newContract(id, product.offer, nowOf(world))
  shop.contracts.push(contract)
  if (pays) await pay(stage, contract, 'exact')
}

const requestRefund = async ({ consumer, world }: Stage, contract: model.Contract, isDoubled: boolean): Promise<void> => {
  const quote = await consumer.post(`/contracts/${contract.id}/refund-quotes`, { reason: 'cooling_off' })
  const now = nowOf(world)
  const refused = model.unquotable(contract, now)
  const wrong = mismatch(quote, refused, 201)
  if (wrong) fail(`quote: ${wrong}`)
  count(world, 'quote', quote)
  if (refused) return
  const { held, refund, merchant, contested, shortfall } = model.wouldDivide(contract, now)
  const { heldFen, refundFen, merchantFen, contestedFen, shortfallFen } = quote.body
  if (!isDeepStrictEqual([heldFen, refundFen, merchantFen, contestedFen, shortfallFen], [held, refund, merchant, contested, shortfall].map(Number))) {
    fail(`the quote should be ${[held, refund, merchant, contested, shortfall].join('/')}: ${shown(quote)}`)
  }
  const answer = await once(isDoubled, undefined, (key) => consumer.post(`/contracts/${contract.id}/refunds`, { quoteId: quote.body.id }, { key }))()
  const refusedNow = model.requestRefund(contract, nowOf(world))
  const wrongAnswer = mismatch(answer, refusedNow, 201)
  if (wrongAnswer) fail(`request: ${wrongAnswer}`)
  count(world, 'request refund', answer)
  if (refusedNow) return
  const made = contract.refunds.at(-1) as model.Refund
  Object.assign(made, { id: answer.body.id, createdAt: Date.parse(answer.body.createdAt) })
}

const cancelContract = async ({ consumer }: Stage, contract: model.Contract): Promise<void> => {
  const answer = await consumer.post(`/contracts/${contract.id}/cancel`)
  const refused = contract.status === 'awaiting_payment' ? undefined : 'wrong_state'
  const wrong = mismatch(answer, refused, 200)
  if (wrong) fail(`cancel: ${wrong}`)
  if (!refused) contract.status = 'cancelled'
}

/** What changes a contract's state and is answered with the contract. */
const change = async ({ consumer, notaries, world }: Stage, contract: model.Contract, what: 'reactivate' | 'refuse-deposit'): Promise<void> => {
  const now = nowOf(world)
  const [answer, refused] = what === 'reactivate'
    ? [await consumer.post(`/contracts/${contract.id}/reactivate`), model.reactivate(contract, now)]
    : [await notaries.first.post(`/contracts/${contract.id}/deposit/refuse`, { reason: '材料不全' }), model.refuseDeposit(contract, now)]
  const wrong = mismatch(answer, refused, 200)
  if (wrong) fail(`${what}: ${wrong}`)
  count(world, what, answer)
  if (what === 'reactivate' && refused === undefined) {
    if (!isNear(Date.parse(answer.body.expiresAt), contract.expiresAt)) fail(`active until ${answer.body.expiresAt}?`)
    contract.expiresAt = Date.parse(answer.body.expiresAt)
    contract.nextLook = contract.expiresAt
  }
}

/** Moves the clock: everything due is done, here and there. */
export const advance = async (app: TestApp, world: World, advanceSeconds: number): Promise<void> => {
  const { now } = expectStatus(await app.nobody.post('/sandbox/clock', { advanceSeconds }), 200).body
  world.offsetMs = Date.parse(now) - Date.now()
  for (const shop of world.shops) model.passTime(shop, Date.parse(now))
}

const setBank = async ({ app, place, shop }: Stage, outcome: model.Shop['bank']): Promise<void> => {
  expectStatus(await app.nobody.post('/sandbox/bank/payouts', { outcome, merchantId: place.merchantId }), 200)
  shop.bank = outcome
}

// ---- several at once

const orders = <Of>(list: readonly Of[]): Of[][] =>
  list.length <= 1 ? [[...list]] : list.flatMap((first, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]))

const replace = (shop: model.Shop, by: model.Shop): void => {
  shop.contracts.splice(0, Infinity, ...by.contracts)
  shop.settlements.splice(0, Infinity, ...by.settlements)
}

const prepareAll = async (stage: Stage, steps: readonly Step[]): Promise<Call[]> => {
  const calls: Call[] = []
  for (const step of steps) {
    const call = await prepare({ ...stage, isCrowded: true }, step)
    if (call) calls.push(call)
  }
  return calls
}

const together = async (stage: Stage, steps: readonly Step[]): Promise<void> => {
  const calls = await prepareAll(stage, steps)
  const answered = await Promise.all(calls.map(async (call) => ({ call, answer: await call.fire() })))
  for (const { call: { kind }, answer } of answered) count(stage.world, `${kind}, at once with others`, answer)
  const explanation = orders(answered).map((order) => {
    const shop = structuredClone(stage.shop)
    return order.every(({ call, answer }) => call.judge(shop, answer) === undefined) ? shop : undefined
  }).find((shop) => shop !== undefined)
  if (!explanation) fail(`no order explains: ${answered.map(({ call, answer }) => `${call.name} → ${shown(answer)}`).join('; ')}`)
  else replace(stage.shop, explanation)
}

type Answered = Readonly<{ kind: string; answer: Answer }>

/** While the clock is moved a token may run out, and the code to sign in anew with it: such a call was never made. */
const sentIfSignedIn = <Of>(call: Promise<Of>): Promise<Of | undefined> =>
  call.catch((error: Error) => (/cannot sign in/.test(error.message) ? undefined : Promise.reject(error)))

/**
 * Everything at the same moment, the jobs of hours to come included. No order can be foreseen, so
 * what was acknowledged is looked for afterwards, and sums and bounds must hold.
 */
export const storm = async (stage: Stage, steps: readonly Step[], advanceSeconds: number): Promise<void> => {
  const { app, consumer, place, shop, notaries } = stage
  const contract = at(shop.contracts, steps.length) as model.Contract
  await buy(stage, steps.length, false)
  const payment = await order(consumer, (shop.contracts.at(-1) as model.Contract).id)
  const calls = await prepareAll(stage, steps)
  const [sent] = await Promise.all([
    Promise.all(calls.map(async (call) => ({ kind: call.kind, answer: await sentIfSignedIn(call.fire()) }))),
    app.nobody.post('/sandbox/clock', { advanceSeconds }).then((answer) => expectStatus(answer, 200)),
    payOrder(app, payment.id),
    sentIfSignedIn(consumer.post(`/contracts/${contract.id}/refund-quotes`, { reason: 'cooling_off' })
      .then(({ body }) => consumer.post(`/contracts/${contract.id}/refunds`, { quoteId: body.id ?? contract.id }))
      .then(({ body }) => (body.status === 'awaiting_approval' ? notaries.second.post(`/refunds/${body.id}/approve`) : undefined)))
  ])
  const answers = sent.filter((one): one is Answered => one.answer !== undefined)
  for (const { kind, answer } of answers) {
    count(stage.world, `${kind}, in a storm`, answer)
    if (answer.status >= 500) fail(`${kind}: ${shown(answer)}`)
  }
  const acknowledged = (kind: RegExp) => answers.filter((one) => kind.test(one.kind) && one.answer.status < 400).map(({ answer }) => answer.body)
  const rows = new Map<string, any>()
  let held = 0
  for (const { id } of shop.contracts) {
    const { money, sessions, status } = expectStatus(await consumer.get(`/contracts/${id}`), 200).body
    const { items } = expectStatus(await consumer.get(`/redemptions?contractId=${id}&limit=100`), 200).body
    const sumOf = (amount: string, ...states: string[]): number => items.filter((row: any) => states.includes(row.status)).reduce((total: number, row: any) => total + row[amount], 0)
    for (const row of items) rows.set(row.id, row)
    held += money.heldFen
    const holds: Record<string, boolean> = {
      'paid adds up': money.paidFen === money.heldFen + money.disputedFen + money.pendingFen + money.releasedFen + money.refundedFen,
      'used units are those of the rows': sessions.used === sumOf('units', 'pending', 'objected', 'disputed', 'payable'),
      'pending is that of the rows': money.pendingFen === sumOf('releasedFen', 'pending', 'objected'),
      'released is that of the rows': money.releasedFen === sumOf('releasedFen', 'payable'),
      'nothing beyond what there is': sessions.used <= sessions.total && sessions.left >= 0 && Math.min(...Object.values(money as Record<string, number>)) >= 0,
      'nothing held once terminated': status !== 'terminated' || money.heldFen === 0
    }
    for (const [what, isSo] of Object.entries(holds)) if (!isSo) fail(`${what}, no: ${JSON.stringify({ money, sessions, status, items })}`)
  }
  for (const { id, releasedFen } of acknowledged(/^redeem/)) if (rows.get(id)?.releasedFen !== releasedFen) fail(`redemption ${id} was acknowledged with ${releasedFen}: ${JSON.stringify(rows.get(id))}`)
  for (const { id } of acknowledged(/^void/)) if (rows.get(id)?.status !== 'voided') fail(`the void of ${id} was acknowledged: ${JSON.stringify(rows.get(id))}`)
  const { heldFen } = expectStatus(await place.owner.get(`/merchants/${place.merchantId}/balances`), 200).body
  if (heldFen !== held) fail(`the merchant's held money is ${heldFen}, that of its contracts ${held}`)
}

// ---- a whole program

const play = async (stage: Stage, step: Step): Promise<void> => {
  const { app, shop, world } = stage
  switch (step.do) {
    case 'buy': return buy(stage, step.offer, step.pays)
    case 'advance': return advance(app, world, step.seconds)
    case 'bank': return setBank(stage, step.outcome)
    case 'together': return together(stage, step.steps)
    case 'pay': case 'cancel-contract': case 'refund': case 'reactivate': case 'refuse-deposit': {
      const likely = { pay: 'awaiting_payment', 'cancel-contract': 'awaiting_payment', refund: 'active', reactivate: 'expired', 'refuse-deposit': 'active' }[step.do]
      const contract = pick(shop.contracts, ({ status }) => status === likely, step.contract)
      if (!contract) return
      if (step.do === 'pay') return pay(stage, contract, step.how)
      if (step.do === 'refund') return requestRefund(stage, contract, step.isDoubled)
      return step.do === 'cancel-contract' ? cancelContract(stage, contract) : change(stage, contract, step.do)
    }
    default: {
      const call = await prepare(stage, step)
      if (!call) return
      const answer = await call.fire()
      count(world, call.kind, answer)
      const wrong = call.judge(shop, answer)
      if (wrong) fail(`${call.name} ${wrong}`)
    }
  }
}

/** Compares every contract of a shop, and the merchant's balances, with the model. */
export const compare = async ({ shop, consumer, place }: Pick<Stage, 'shop' | 'consumer' | 'place'>): Promise<void> => {
  for (const [index, contract] of shop.contracts.entries()) {
    const broken = model.brokenIdentity(contract)
    if (broken) fail(`the model itself: ${broken}, contract ${index}`)
    const { body: { status, frozen, sessions, money, disputeId } } = expectStatus(await consumer.get(`/contracts/${contract.id}`), 200)
    const actual = { status, frozen, sessions, money, hasDispute: disputeId !== null }
    const expected = model.viewOf(contract)
    if (!isDeepStrictEqual(actual, expected)) fail(`contract ${index} (${contract.offer.kind}) is ${JSON.stringify(actual)}, and should be ${JSON.stringify(expected)}`)
  }
  const { body } = expectStatus(await place.owner.get(`/merchants/${place.merchantId}/balances`), 200)
  for (const [name, expected] of Object.entries(model.balancesOf(shop))) if (body[name] !== expected) fail(`the merchant's ${name} is ${body[name]}, and should be ${expected}`)
}

/** Opens a shop with the program's offers, and sells one of each. */
export const open = async (app: TestApp, world: World, { offers }: Program, people: Pick<Stage, 'consumer' | 'notaries'>): Promise<Stage> => {
  const place = await newShop(app)
  const shop = model.newShop()
  world.shops.push(shop)
  const products: { id: string; offer: model.Offer }[] = []
  for (const offer of offers) {
    const { kind, price, units, bonus, release, objectionHours, validDays } = offer
    const fields = {
      sessions: { sessions: Number(units) - bonus, ...(bonus > 0 ? { bonusSessions: bonus } : {}) },
      stored_value: bonus > 0 ? { bonusFen: bonus } : {},
      period: { periodDays: Number(units) }
    }[kind]
    const id = await listProduct(app, place, { kind, priceFen: Number(price), sessions: undefined, periodDays: undefined, ...fields, validDays, settlementRule: { release, objectionHours } })
    products.push({ id, offer })
  }
  const stage: Stage = { app, world, shop, place, products, ...people }
  for (const index of products.keys()) await buy(stage, index, true)
  return stage
}

/** Plays a program to its end, and compares after every step. @throws where the service and the model part ways, saying at which step */
export const run = async (stage: Stage, steps: readonly Step[]): Promise<void> => {
  for (const [index, step] of steps.entries()) {
    try {
      await play(stage, step)
      await compare(stage)
    } catch (error) {
      throw new Error(`step ${index} ${JSON.stringify(step)}: ${(error as Error).message}`, { cause: error })
    }
  }
}
