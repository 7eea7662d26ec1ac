import fc from 'fast-check'
import t, { type Test } from 'tap'
import { bookedOtherwise } from '../support/accounting.js'
import { startApp, type TestApp } from '../support/app.js'
import { bureau, checker, maker, newConsumer, type Person } from '../support/people.js'
import { expectStatus } from '../support/shop.js'
import * as model from './model.js'
import { newWorld, open, run, storm, type World } from './player.js'
import { atOnce, program, tours, type Step } from './program.js'

/*
 * Random programs against the real database, over HTTP. To play longer, or one again:
 *
 *   TICUN_PROPERTY_RUNS=200 TICUN_PROPERTY_SEED=123 npx tap test/properties/books.test.ts
 */
const runs = Number(process.env.TICUN_PROPERTY_RUNS ?? 2)
const seed = Number(process.env.TICUN_PROPERTY_SEED ?? Date.now() % 2 ** 31)
const path = process.env.TICUN_PROPERTY_PATH

/** Checks a property with the seed and the number of runs asked for; a failure says how to play it again. */
const holds = async <Args extends [unknown, ...unknown[]]>(t: Test, property: fc.IAsyncProperty<Args>, numRuns: number, { tally }: World, examples: Args[] = []): Promise<void> => {
  const result = await fc.check(property, { numRuns: numRuns + examples.length, examples, seed, ...(path ? { path } : {}), endOnFailure: true })
  for (const [kind, { done, refused }] of Object.entries(tally).sort()) t.comment(`${kind}: ${done} done, ${refused} refused`)
  t.notOk(result.failed, result.failed
    ? `${(result.errorInstance as Error).message}\nTICUN_PROPERTY_SEED=${seed} TICUN_PROPERTY_RUNS=${runs} TICUN_PROPERTY_PATH=${result.counterexamplePath}\n${fc.stringify(result.counterexample)}`
    : `${result.numRuns} programs with TICUN_PROPERTY_SEED=${seed} came out right`)
}

t.setTimeout(Math.max(240_000, runs * 20_000))

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

  await holds(t, fc.asyncProperty(program, async (program) => {
    const stage = await open(app, world, program, people)
    await run(stage, program.steps)
    await compareBooks(auditor, world)
    await checkInvariants(app)
  }), runs, world, tours.map((tour) => [tour]))
  t.same(await bookedOtherwise(app), [], 'every entry is one of docs/accounting.md')
})

t.test('whatever happens at the same moment as the jobs of the hours to come, nothing acknowledged is lost and the books add up', async (t) => {
  const app = await startApp(t)
  const world = await newWorld(app)
  const people = { notaries: { first: await maker(app), second: await checker(app) } }
  const opening = fc.array(atOnce, { minLength: 4, maxLength: 8, size: 'max' })
  const crowd = fc.array(atOnce, { minLength: 6, maxLength: 12, size: 'max' })
  const seconds = fc.constantFrom(3_600, 86_400, 9 * 86_400)
  const first: Step = { do: 'redeem', contract: 0, units: 0, isDoubled: false }

  await holds(t, fc.asyncProperty(program, opening, crowd, seconds, async ({ offers }, opening, crowd, seconds) => {
    const stage = await open(app, world, { offers, steps: [] }, { ...people, consumer: await newConsumer(app) })
    await run(stage, [first, ...opening])
    await storm(stage, crowd, seconds)
    await checkInvariants(app)
    // Nobody foresees what is due now: the next storm is over another shop.
    world.shops.pop()
    world.offsetMs = (await newWorld(app)).offsetMs
  }), Math.ceil(runs / 2), world)
  t.same(await bookedOtherwise(app), [], 'every entry is one of docs/accounting.md')
})
