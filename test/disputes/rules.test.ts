import fc from 'fast-check'
import t from 'tap'
import type { Contract } from '../../src/contracts/model.js'
import { capacityOf, useUnits } from '../../src/contracts/rules.js'
import { newId } from '../../src/kernel/id.js'
import { sum } from '../../src/kernel/money.js'
import type { FreezeLine, Outcome } from '../../src/disputes/model.js'
import { conflictOf, divide, freeze, outcomeOfAgreement, shareLines } from '../../src/disputes/rules.js'
import type { Release } from '../../src/redemptions/model.js'
import { aContract } from '../support/builders.js'

const at = new Date('2026-05-04T09:00:00Z')

const aRelease = (contract: Contract, more: Partial<Release>): Release => ({
  id: newId('red', 1), contractId: contract.id, merchantId: contract.merchantId, kind: 'check_in', state: 'pending', units: 1n, amountFen: 0n, unitsLeft: null,
  date: '2026-05-04', createdAt: at, dueAt: at, venueId: null, cashierId: null, itemId: null, ...more
})

/** A contract with some units used, some of them still pending, some objected to. */
const lived = fc.record({
  priceFen: fc.bigInt({ min: 1n, max: 100_000n }), units: fc.bigInt({ min: 1n, max: 30n }), uses: fc.integer({ min: 0, max: 12 }),
  states: fc.array(fc.constantFrom('pending', 'objected', 'payable'), { minLength: 12, maxLength: 12 })
}).map(({ priceFen, units, uses, states }) => {
  let contract = aContract({ priceFen, units, heldFen: priceFen })
  const releases: Release[] = []
  for (let i = 0; i < uses && contract.unitsUsed < units; i++) {
    const used = useUnits(contract, 1n, at)
    const state = states[i] as Release['state']
    contract = {
      ...used.contract, status: 'active',
      ...(state === 'payable' ? { pendingFen: used.contract.pendingFen - used.amount, releasedFen: used.contract.releasedFen + used.amount } : {}),
      ...(state === 'objected' ? { objectedFen: contract.objectedFen + used.amount } : {})
    }
    releases.push(aRelease(contract, { state, amountFen: used.amount }))
  }
  return { contract, releases }
})

const addsUp = ({ paidFen, heldFen, disputedFen, pendingFen, releasedFen, refundedFen }: Contract): boolean =>
  paidFen === heldFen + disputedFen + pendingFen + releasedFen + refundedFen && [heldFen, disputedFen, pendingFen, releasedFen, refundedFen].every((fen) => fen >= 0n)
const priceIsAccountedFor = ({ priceFen, allocFen, takenFen, heldFen }: Contract): boolean => priceFen === allocFen + takenFen + heldFen

const linesOf = ({ releases, heldFen }: ReturnType<typeof freeze>): FreezeLine[] => [
  ...releases.map(({ release, amountFen }) => ({ id: release.id, source: 'pending' as const, releaseId: release.id, amountFen, byRefund: false })),
  ...(heldFen > 0n ? [{ id: 'held', source: 'held' as const, releaseId: null, amountFen: heldFen, byRefund: false }] : [])
]

/** Some division of an amount into three. */
const outcome = (disputedFen: bigint, a: number, b: number): Outcome => {
  const refundFen = (disputedFen * BigInt(a)) / 100n
  const releaseFen = ((disputedFen - refundFen) * BigInt(b)) / 100n
  return { refundFen, releaseFen, restoreFen: disputedFen - refundFen - releaseFen }
}

const percent = fc.integer({ min: 0, max: 100 })

t.test('a freeze takes what is claimed from named pending releases, then from held, and nothing else moves', async (t) => {
  fc.assert(fc.property(lived, fc.bigInt({ min: 1n, max: 150_000n }), ({ contract, releases }, claimFen) => {
    const frozen = freeze(contract, newId('dsp', 1), claimFen, releases)
    const open = sum(releases.filter(({ state }) => state !== 'payable').map(({ amountFen }) => amountFen))
    return frozen.heldFen + frozen.pendingFen + frozen.beyondReachFen === claimFen &&
      frozen.pendingFen === (claimFen < open ? claimFen : open) && (frozen.heldFen === 0n || frozen.pendingFen === open) &&
      frozen.contract.disputedFen === frozen.heldFen + frozen.pendingFen && frozen.contract.objectedFen <= frozen.contract.pendingFen &&
      addsUp(frozen.contract) && priceIsAccountedFor(frozen.contract) && frozen.contract.unitsUsed === contract.unitsUsed && frozen.contract.allocFen === contract.allocFen
  }))
  t.pass('for every contract and claim')
})

t.test('whatever a dispute froze is divided to the fen, and giving all of it back leaves the contract as it was', async (t) => {
  fc.assert(fc.property(lived, fc.bigInt({ min: 1n, max: 150_000n }), percent, percent, ({ contract, releases }, claimFen, a, b) => {
    const frozen = freeze(contract, newId('dsp', 1), claimFen, releases)
    const lines = linesOf(frozen)
    const disputedFen = frozen.heldFen + frozen.pendingFen
    const wanted = outcome(disputedFen, a, b)
    const divided = divide(frozen.contract, lines, wanted, at)
    const shares = shareLines(lines, wanted)
    const total = (part: keyof Outcome) => sum(shares.map((share) => share[part]))
    const back = divide(frozen.contract, lines, outcomeOfAgreement(0n, disputedFen), at).contract
    return total('refundFen') === wanted.refundFen && total('releaseFen') === wanted.releaseFen && total('restoreFen') === wanted.restoreFen &&
      shares.every(({ line, refundFen, releaseFen, restoreFen }) => refundFen >= 0n && releaseFen >= 0n && restoreFen >= 0n && refundFen + releaseFen + restoreFen === line.amountFen) &&
      addsUp(divided.contract) && priceIsAccountedFor(divided.contract) && divided.contract.disputedFen === 0n &&
      back.heldFen === contract.heldFen && back.pendingFen === contract.pendingFen && back.takenFen === contract.takenFen && capacityOf(back) === capacityOf(contract)
  }))
  t.pass('for every division')
})

t.test('releases take pending money first, refunds held money first', async (t) => {
  const contract = aContract()
  const lines: FreezeLine[] = [
    { id: 'a', source: 'held', releaseId: null, amountFen: 30n, byRefund: false },
    { id: 'b', source: 'pending', releaseId: newId('red', 1), amountFen: 20n, byRefund: false }
  ]
  t.match(shareLines(lines, { refundFen: 30n, releaseFen: 20n, restoreFen: 0n }), [{ line: { id: 'b' }, releaseFen: 20n }, { line: { id: 'a' }, refundFen: 30n }])
  t.match(shareLines(lines, { refundFen: 10n, releaseFen: 25n, restoreFen: 15n }), [{ line: { id: 'b' }, releaseFen: 20n }, { line: { id: 'a' }, refundFen: 10n, releaseFen: 5n, restoreFen: 15n }])
  t.throws(() => shareLines(lines, { refundFen: 30n, releaseFen: 19n, restoreFen: 0n }), { code: 'award_not_balanced' })

  const disputed = { ...contract, heldFen: contract.heldFen - 30n, takenFen: 30n, disputedFen: 30n, disputeId: newId('dsp', 1) }
  const [held] = lines as [FreezeLine]
  const restored = { refundFen: 0n, releaseFen: 0n, restoreFen: 30n }
  t.match(divide(disputed, [held], restored, at), { toHeldFen: 30n, returnedFen: 0n, contract: { takenFen: 0n, disputeId: null } })
  t.match(divide({ ...disputed, frozen: 'refund' }, [held], restored, at), { toHeldFen: 0n, returnedFen: 30n, refundFen: 30n }, 'of a contract that has ended: the consumer\'s')
  t.match(divide({ ...disputed, frozen: 'refund' }, [{ ...held, byRefund: true }], restored, at), { stillFrozenFen: 30n, refundFen: 0n, contract: { disputedFen: 30n } }, 'left open by the refund: its rule divides it')
  t.match(divide(disputed, [held], { refundFen: 10n, releaseFen: 20n, restoreFen: 0n }, at), { awardedFen: 20n, contract: { takenFen: 30n, releasedFen: 20n, refundedFen: 10n } }, 'X stays')
})

const dispute = { id: newId('dsp', 1), consumerId: newId('per', 0), merchantId: newId('mer', 1) }
const somebody = newId('per', 0)
const nothing = { adjudicatorId: somebody, role: 'arbitrator', dispute, assignments: [], since: new Date('2024-05-04'), sinceDate: '2024-05-04', employers: [], declarations: [] } as const

const conflicts = [
  { when: 'nothing ties them', ties: {}, because: undefined },
  { when: 'they are the consumer', ties: { adjudicatorId: dispute.consumerId }, because: 'is_party' },
  { when: 'they mediated the case', ties: { assignments: [{ adjudicatorId: somebody, role: 'mediator', status: 'released' }] }, because: 'mediated_this_case' },
  { when: 'somebody else did', ties: { assignments: [{ adjudicatorId: newId('per', 0), role: 'mediator', status: 'released' }] }, because: undefined },
  { when: 'they work for the merchant', ties: { employers: [{ merchantId: dispute.merchantId, endedAt: null }] }, because: 'employed_by_party' },
  { when: 'they worked for it within two years', ties: { employers: [{ merchantId: dispute.merchantId, endedAt: new Date('2024-05-05') }] }, because: 'employed_by_party' },
  { when: 'they worked for it before', ties: { employers: [{ merchantId: dispute.merchantId, endedAt: new Date('2024-05-03') }] }, because: undefined },
  { when: 'they declared a tie', ties: { declarations: [{ merchantId: dispute.merchantId, disputeId: null, endedOn: '2025-01-01' }] }, because: 'declared' },
  { when: 'the declared tie is old', ties: { declarations: [{ merchantId: dispute.merchantId, disputeId: null, endedOn: '2024-05-04' }] }, because: undefined },
  { when: 'they stepped down', ties: { declarations: [{ merchantId: null, disputeId: dispute.id, endedOn: null }] }, because: 'recused' }
] as const

for (const { when, ties, because } of conflicts) {
  t.test(`a conflict of interest, where ${when}: ${because ?? 'none'}`, async (t) => { t.equal(conflictOf({ ...nothing, ...ties } as never), because) })
}
