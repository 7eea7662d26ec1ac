import fc from 'fast-check'
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer, type Person } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import * as model from './model.js'
import { newWorld, open, run, type World } from './player.js'
import { program } from './program.js'

/*
 * Random programs against the real database, over HTTP. To play longer, or one again:
 *
 *   TICUN_PROPERTY_RUNS=200 TICUN_PROPERTY_SEED=123 npx tap test/properties/books.test.ts
 */
const runs = Number(process.env.TICUN_PROPERTY_RUNS ?? 6)
const seed = Number(process.env.TICUN_PROPERTY_SEED ?? Date.now() % 2 ** 31)
const path = process.env.TICUN_PROPERTY_PATH

t.setTimeout(Math.max(120_000, runs * 20_000))

/** Every account's total by the trial balance, against the sum of all that was acknowledged. */
const compareBooks = async (auditor: Person, { shops }: World): Promise<void> => {
  const { body: { accounts, debitFen, creditFen } } = expectStatus(await auditor.get('/audit/trial-balance'), 200)
  const balance = (name: string): number => accounts.find(({ account }: { account: string }) => account === name)?.balanceFen ?? 0
  const contracts = shops.flatMap((shop) => shop.contracts)
  const balances = shops.map(model.balancesOf)
  const cash = shops.map(model.cashOf)
  const expected: Record<string, number> = {
    held: Number(model.sum(contracts, ({ held }) => held)),
    disputed: Number(model.sum(contracts, ({ disputed }) => disputed)),
    pending: Number(model.sum(contracts, ({ pending }) => pending)),
    payable: balances.reduce((total, { payableFen }) => total + payableFen, 0),
    in_transit: balances.reduce((total, { inTransitFen }) => total + inTransitFen, 0),
    refund_payable: 0, refund_in_transit: 0, fee: 0, suspense: 0, unclaimed: 0, unexplained_debit: 0,
    due_from_office: Number(model.sum(cash, ({ dueFromOffice }) => dueFromOffice))
  }
  for (const [name, amount] of Object.entries(expected)) if (balance(name) !== amount) throw new Error(`${name} is ${balance(name)}, and should be ${amount}`)
  const money = balance('bank') + balance('clearing')
  if (money !== Number(model.sum(cash, (one) => one.cash))) throw new Error(`bank and clearing are ${money}, and should be ${model.sum(cash, (one) => one.cash)}`)
  if (debitFen !== creditFen) throw new Error(`debits ${debitFen}, credits ${creditFen}`)
}

const checkInvariants = async ({ nobody }: TestApp): Promise<void> => {
  const { body } = expectStatus(await nobody.get('/sandbox/invariants'), 200)
  if (!body.ok) throw new Error(`violated: ${JSON.stringify(body.checks.filter(({ ok }: { ok: boolean }) => !ok))}`)
}

t.test('whatever is bought, used, disputed, settled and refunded, in whatever order and at once, the books are what the model says', async (t) => {
  const app = await startApp(t)
  const world = await newWorld(app)
  const people = { consumer: await newConsumer(app), notaries: { first: await maker(app), second: await checker(app) } }
  const auditor = await bureau(app)
  // Money of somebody else, so that a payout is never short of cash for a fee that the office owes.
  await open(app, world, { offers: [{ kind: 'sessions', price: 1_900_000n, units: 10n, bonus: 0, release: 'per_session', objectionHours: 24, validDays: 365 }], steps: [] }, { ...people, consumer: await newConsumer(app) })

  t.comment(`TICUN_PROPERTY_SEED=${seed} TICUN_PROPERTY_RUNS=${runs}`)
  const result = await fc.check(fc.asyncProperty(program, async (program) => {
    const stage = await open(app, world, program, people)
    try {
      await run(stage, program.steps)
      await compareBooks(auditor, world)
      await checkInvariants(app)
    } catch (error) {
      // What the model no longer knows must not fail the shorter programs that are tried next.
      world.shops.splice(world.shops.indexOf(stage.shop), 1)
      throw error
    }
  }), { numRuns: runs, seed, ...(path ? { path } : {}), endOnFailure: process.env.TICUN_PROPERTY_SHRINK !== '1' })
  t.notOk(result.failed, result.failed ? `TICUN_PROPERTY_SEED=${result.seed} TICUN_PROPERTY_PATH=${result.counterexamplePath} ${fc.defaultReportMessage(result)}` : 'every program came out right')
})
