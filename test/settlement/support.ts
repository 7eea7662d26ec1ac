import { createSandboxBank } from '../../src/sandbox/bank/service.js'
import { createUnitOfWork, type UnitOfWork } from '../../src/db/unit-of-work.js'
import { createEvidence } from '../../src/evidence/service.js'
import { clockAt } from '../../src/kernel/clock.js'
import { createLedger } from '../../src/ledger/service.js'
import { createOffices } from '../../src/offices/service.js'
import type { TestApp } from '../support/app.js'
import { advance } from '../support/clock.js'
import { checker, maker, newConsumer, type Consumer, type Person } from '../support/people.js'
import { buy } from '../support/purchase.js'
import { expectStatus, listProduct, newShop, type Shop } from '../support/shop.js'

/** Takes sessions of a contract at the door; the money is pending after it. */
export const visit = async (consumer: Consumer, { cashier, venueId }: Shop, contractId: string, sessions = 1): Promise<any> => {
  const { body: { code } } = expectStatus(await consumer.post(`/contracts/${contractId}/check-in-codes`), 201)
  return expectStatus(await cashier.post('/redemptions', { code, venueId, sessions }), 201).body
}

export type Earning = Shop & Readonly<{ consumer: Consumer; contractId: string }>

/** A new shop to which some sessions of a card of ten, ¥100 each, have become payable; all over HTTP. */
export const newEarner = async (app: TestApp, sessions = 1): Promise<Earning> => {
  const shop = await newShop(app)
  const productId = await listProduct(app, shop, { settlementRule: { release: 'per_session', objectionHours: 0 } })
  const consumer = await newConsumer(app)
  const contractId = await buy(app, consumer, productId)
  const earning = { ...shop, consumer, contractId }
  if (sessions > 0) await earn(app, earning, sessions)
  return earning
}

/** More sessions taken, and their windows over. */
export const earn = async (app: TestApp, { consumer, contractId, ...shop }: Earning, sessions = 1): Promise<void> => {
  await visit(consumer, shop as Shop, contractId, sessions)
  await advance(app, 120)
}

/** Services of our own on the app's database: for what no call does yet. */
export const ownServices = async (app: TestApp) => {
  const clock = clockAt(new Date((await app.nobody.get('/sandbox/clock')).body.now))
  const work: UnitOfWork = createUnitOfWork({ pool: app.pool, clock, onAfterCommitError: () => undefined })
  const evidence = createEvidence({ clock })
  const offices = createOffices({ work, clock })
  return { clock, work, offices, ledger: createLedger({ clock, evidence }), sandboxBank: createSandboxBank({ work, clock, offices }) }
}

/** Which invariants are violated, with the offending rows: none, if all is well. */
export const violated = async ({ nobody }: TestApp): Promise<any[]> =>
  (await nobody.get('/sandbox/invariants')).body.checks.filter(({ ok }: { ok: boolean }) => !ok)

const notaries = new WeakMap<TestApp, Promise<Readonly<{ first: Person; second: Person }>>>()

/** Two notaries, signed in once: the first makes, the second checks. */
export const notariesOf = (app: TestApp): Promise<Readonly<{ first: Person; second: Person }>> => {
  const known = notaries.get(app) ?? (async () => ({ first: await maker(app), second: await checker(app) }))()
  notaries.set(app, known)
  return known
}

/** Drafts a settlement of one merchant. */
export const draftFor = async (app: TestApp, { merchantId }: Pick<Earning, 'merchantId'>): Promise<any> =>
  expectStatus(await (await notariesOf(app)).first.post('/settlements', { merchantIds: [merchantId] }), 201).body

/** Approves it, and reads it as it is after the bank's answers. */
export const approveAndView = async (app: TestApp, id: string): Promise<any> => {
  const { second } = await notariesOf(app)
  expectStatus(await second.post(`/settlements/${id}/approve`), 200)
  return expectStatus(await second.get(`/settlements/${id}`), 200).body
}

export const settle = async (app: TestApp, earner: Pick<Earning, 'merchantId'>): Promise<any> => approveAndView(app, (await draftFor(app, earner)).id)

/** Sets what the bank answers to payouts, of one merchant or of all. */
export const answerPayouts = async ({ nobody }: TestApp, outcome: string, merchantId?: string): Promise<void> => {
  expectStatus(await nobody.post('/sandbox/bank/payouts', { outcome, ...(merchantId ? { merchantId } : {}) }), 200)
}
