import fc from 'fast-check'
import t from 'tap'
import type { Contract } from '../../src/contracts/model.js'
import { capacityOf, completedIfUsedUp, countUnits, earnedBy, giveBackUnits, releaseOf, useUnits } from '../../src/contracts/rules.js'
import { aContract } from '../support/builders.js'

const now = new Date('2026-05-04T00:00:00Z')

/** U by its definition: the largest k ≤ n with S(k) ≤ P − X. */
const capacityByDefinition = ({ priceFen, units, takenFen }: Contract): bigint => {
  let k = 0n
  while (k < units && (priceFen * (k + 1n)) / units <= priceFen - takenFen) k += 1n
  return k
}

const price = fc.bigInt({ min: 1n, max: 3_000n })
const count = fc.bigInt({ min: 1n, max: 400n })

t.test('the capacity is the largest number of units the money left can pay for', async () => {
  fc.assert(fc.property(price, count, fc.bigInt({ min: 0n, max: 3_000n }), (priceFen, units, taken) => {
    const contract = aContract({ priceFen, units, takenFen: taken % (priceFen + 1n) })
    return capacityOf(contract) === capacityByDefinition(contract)
  }), { numRuns: 2_000 })
})

t.test('the examples of the accounting rules', async (t) => {
  // P 2000, n 10, u 3, freeze 500 → U 7, left 4, held 900.
  const frozen = aContract({ priceFen: 2_000n, units: 10n, unitsUsed: 3n, allocFen: 600n, pendingFen: 600n, takenFen: 500n, disputedFen: 500n, heldFen: 900n })
  t.equal(capacityOf(frozen), 7n)
  t.same(countUnits(frozen), { total: 10n, used: 3n, left: 4n, blocked: 3n })
  // Award: refund 300, restore 200 → X 300, U 8, left 5, held 1100.
  const awarded = { ...frozen, takenFen: 300n, disputedFen: 0n, heldFen: 1_100n, refundedFen: 300n }
  t.equal(capacityOf(awarded), 8n)
  t.equal(countUnits(awarded).left, 5n)
  // P 10, n 3: 3, 3, 4; void the first, and the next asks for what is held, no more.
  let card = aContract({ priceFen: 10n, units: 3n })
  const amounts = []
  for (let i = 0; i < 3; i++) {
    const { contract, amount } = useUnits(card, 1n, now)
    amounts.push(amount)
    card = contract
  }
  t.same(amounts, [3n, 3n, 4n])
  t.equal(card.status, 'completed')
  const back = giveBackUnits(card, 1n, 3n)
  t.match(back, { status: 'active', unitsUsed: 2n, heldFen: 3n, endedAt: null })
  t.equal(releaseOf(back, 1n), 3n)
})

type Step =
  | { do: 'use'; units: bigint }
  | { do: 'void'; which: number }
  | { do: 'freeze'; part: number }
  | { do: 'restore'; part: number }
  | { do: 'refund'; part: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('use' as const), units: fc.bigInt({ min: 1n, max: 30n }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void' as const), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), part: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), part: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refund' as const), part: fc.nat(100) }) }
)

type World = { contract: Contract; releases: { units: bigint; amount: bigint }[] }

const share = (total: bigint, part: number): bigint => (total * BigInt(part)) / 100n

/** What may be done is done; what may not is left out, as a service would refuse it. */
const take = ({ contract, releases }: World, step: Step): World => {
  switch (step.do) {
    case 'use': {
      if (contract.status !== 'active' || step.units > countUnits(contract).left) return { contract, releases }
      const used = useUnits(contract, step.units, now)
      return { contract: used.contract, releases: [...releases, { units: step.units, amount: used.amount }] }
    }
    case 'void': {
      const release = releases[step.which % Math.max(1, releases.length)]
      if (!release) return { contract, releases }
      return { contract: giveBackUnits(contract, release.units, release.amount), releases: releases.filter((other) => other !== release) }
    }
    case 'freeze': {
      const amount = share(contract.heldFen, step.part)
      return { contract: { ...contract, heldFen: contract.heldFen - amount, disputedFen: contract.disputedFen + amount, takenFen: contract.takenFen + amount }, releases }
    }
    case 'restore': {
      const amount = share(contract.disputedFen, step.part)
      return { contract: { ...contract, heldFen: contract.heldFen + amount, disputedFen: contract.disputedFen - amount, takenFen: contract.takenFen - amount }, releases }
    }
    case 'refund': {
      const amount = share(contract.disputedFen, step.part)
      return { contract: { ...contract, disputedFen: contract.disputedFen - amount, refundedFen: contract.refundedFen + amount }, releases }
    }
  }
}

const broken = ({ contract, releases }: World): string | undefined => {
  const { priceFen, units, unitsUsed, allocFen, takenFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen, paidFen } = contract
  const { total, used, left, blocked } = countUnits(contract)
  if (allocFen + takenFen + heldFen !== priceFen) return 'alloc + X + held = P'
  if (paidFen !== heldFen + disputedFen + pendingFen + releasedFen + refundedFen) return 'paid adds up'
  for (const amount of [heldFen, disputedFen, pendingFen, allocFen, takenFen, unitsUsed, left, blocked]) if (amount < 0n) return 'nothing below zero'
  if (allocFen !== releases.reduce((sum, { amount }) => sum + amount, 0n)) return 'alloc is what stands released'
  if (unitsUsed !== releases.reduce((sum, release) => sum + release.units, 0n)) return 'u is what stands used'
  if (capacityOf(contract) !== capacityByDefinition(contract)) return 'capacity by its definition'
  if (total !== units || used !== unitsUsed || blocked !== units - capacityOf(contract)) return 'units are counted'
  if (contract.status === 'active' && left > 0n && releaseOf(contract, left) > heldFen) return 'what is left can be paid for'
  if (takenFen === 0n && unitsUsed === units && heldFen !== 0n) return 'the last unit sweeps all rounding'
  if (takenFen === 0n && allocFen > earnedBy(contract, unitsUsed) && releases.length === 0) return 'nothing is released without a release'
  return undefined
}

t.test('whatever is used, voided, frozen, restored and refunded, the money is accounted for', async (t) => {
  const run = fc.check(fc.property(price, count, fc.array(step, { minLength: 1, maxLength: 60 }), (priceFen, units, steps) => {
    let world: World = { contract: aContract({ priceFen, units }), releases: [] }
    for (const next of steps) {
      world = take(world, next)
      const what = broken(world)
      if (what) throw new Error(what)
    }
  }), { numRuns: 3_000 })
  t.notOk(run.failed, fc.defaultReportMessage(run) ?? 'no counterexample')
})

t.test('used up in any portions, all releases add up to the price', async (t) => {
  const run = fc.check(fc.property(price, count, fc.array(fc.bigInt({ min: 1n, max: 50n }), { minLength: 1, maxLength: 40 }), (priceFen, units, portions) => {
    let contract = aContract({ priceFen, units })
    for (let i = 0; contract.status === 'active'; i++) {
      const { left } = countUnits(contract)
      const wanted = portions[i % portions.length] as bigint
      contract = useUnits(contract, wanted < left ? wanted : left, now).contract
    }
    return contract.status === 'completed' && contract.pendingFen === priceFen && contract.heldFen === 0n && contract.endedAt === now
  }), { numRuns: 500 })
  t.notOk(run.failed, fc.defaultReportMessage(run) ?? 'no counterexample')
})

t.test('a contract with something frozen that could come back is not completed', async (t) => {
  const used = aContract({ units: 10n, unitsUsed: 5n, allocFen: 50_000n, pendingFen: 50_000n, heldFen: 0n, takenFen: 50_000n, disputedFen: 50_000n })
  t.equal(countUnits(used).left, 0n)
  t.equal(completedIfUsedUp(used, now).status, 'active')
  t.match(completedIfUsedUp({ ...used, disputedFen: 0n, refundedFen: 50_000n }, now), { status: 'completed', endedAt: now })
})
