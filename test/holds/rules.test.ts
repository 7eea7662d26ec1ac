import fc from 'fast-check'
import t from 'tap'
import type { ContractId } from '../../src/contracts/model.js'
import type { HoldRecord } from '../../src/holds/model.js'
import { amountsOf, counting, isInForce, leavesEnough, requiredFen, shareConsumerHolds, shareMerchantHolds } from '../../src/holds/rules.js'
import { newId } from '../../src/kernel/id.js'
import { least, sum } from '../../src/kernel/money.js'
import { withheldRows } from '../../src/redemptions/rules.js'
import { withheldRefunds } from '../../src/refunds/rules.js'

const contractIds = [newId('ctr', 1), newId('ctr', 1), newId('ctr', 1)] as const
const merchantId = newId('mer', 1)

const aHold = (more: Partial<HoldRecord> = {}): HoldRecord => ({
  id: newId('lgh', 1), merchantId, contractId: null, against: 'merchant', amountFen: 1n, court: '长宁区人民法院', documentNumber: '1', documentSha256: null,
  until: '2099-12-31', endsAt: new Date('2099-12-31T16:00:00Z'), renews: null, status: 'active', makerId: newId('per', 0), checkerId: newId('per', 0),
  proposedAt: new Date(0), approvedAt: new Date(0), liftDocumentNumber: null, liftDocumentSha256: null, liftMakerId: null, liftCheckerId: null, endedAt: null, ...more
})

const fen = fc.bigInt({ min: 0n, max: 500n })
const contractId = fc.constantFrom<ContractId>(...contractIds)
const rows = fc.array(fc.record({ contractId, amountFen: fen, isDrafted: fc.boolean() }), { maxLength: 14 })
  .map((some) => some.map((row) => ({ ...row, id: newId('red', 1) })))
const holds = fc.array(fc.record({ contractId: fc.option(contractId), amountFen: fc.bigInt({ min: 1n, max: 900n }) }), { minLength: 1, maxLength: 5 })
  .map((some) => some.map((hold) => aHold(hold)))

type Rows = readonly Readonly<{ contractId: ContractId; amountFen: bigint }>[]
const total = (of: Rows): bigint => sum(of.map(({ amountFen }) => amountFen))
const byContract = (of: Rows): bigint[] => contractIds.map((id) => total(of.filter((row) => row.contractId === id)))

/** What is left of each contract when some rows are paid. */
const unsettledBy = (all: Rows, paid: Rows) => contractIds.map((id, i) => ({ contractId: id, beforeFen: byContract(all)[i] as bigint, afterFen: (byContract(all)[i] as bigint) - (byContract(paid)[i] as bigint) }))

t.test('whatever is payable, drafted and collected: a settlement that leaves out the withheld rows leaves what is held', async () => {
  fc.assert(fc.property(rows, holds, fc.bigInt({ min: 0n, max: 3_000n }), (all, some, wanted) => {
    const amounts = amountsOf(some) as NonNullable<ReturnType<typeof amountsOf>>
    const free = all.filter(({ isDrafted }) => !isDrafted)
    const withheld = withheldRows(free, amounts)
    const paid = free.filter(({ id }) => !withheld.has(id))
    const unsettled = unsettledBy(all, paid)
    // Claims have collected some of what is not held.
    const collectedFen = least(wanted, total(all) - requiredFen(total(all), amounts, unsettled))
    const [payableFen, grossFen] = [total(all) - collectedFen, total(paid) - collectedFen]
    return grossFen <= 0n || leavesEnough(payableFen, grossFen, amounts, unsettled)
  }), { numRuns: 500 })
})

t.test('what is withheld is at most one row more than needed, for each contract that is held and for the merchant', async () => {
  fc.assert(fc.property(rows, holds, (all, some) => {
    const amounts = amountsOf(some) as NonNullable<ReturnType<typeof amountsOf>>
    const withheld = withheldRows(all, amounts)
    const kept = all.filter(({ id }) => withheld.has(id))
    const neededFen = requiredFen(total(all), amounts, unsettledBy(all, []))
    const largestFen = all.reduce((most, { amountFen }) => (amountFen > most ? amountFen : most), 0n)
    return total(kept) >= neededFen && total(kept) <= neededFen + largestFen * BigInt(amounts.contractFen.size + 1)
  }), { numRuns: 300 })
})

t.test('a settlement of all that is payable is refused as soon as a fen of it is held', async () => {
  fc.assert(fc.property(rows, holds, (all, some) => {
    const amounts = amountsOf(some) as NonNullable<ReturnType<typeof amountsOf>>
    const heldFen = requiredFen(total(all), amounts, unsettledBy(all, []))
    return leavesEnough(total(all), total(all), amounts, unsettledBy(all, all)) === (heldFen === 0n)
  }), { numRuns: 300 })
})

t.test('what the holds withhold, one by one, is what must stay', async () => {
  fc.assert(fc.property(rows, holds, (all, some) => {
    const amounts = amountsOf(some)
    const unsettled = contractIds.map((id, i) => ({ contractId: id, beforeFen: byContract(all)[i] ?? 0n }))
    const shares = shareMerchantHolds(some, total(all), unsettled)
    return amounts !== undefined && sum(shares.values()) === requiredFen(total(all), amounts, unsettled) && some.every(({ id, amountFen }) => (shares.get(id) ?? 0n) <= amountFen)
  }), { numRuns: 300 })
})

t.test('of two holds on the same money the later one takes what the earlier one leaves', async (t) => {
  const [first, second] = [aHold({ amountFen: 70n }), aHold({ amountFen: 50n })] as const
  t.same([...shareMerchantHolds([first, second], 100n, []).values()], [70n, 30n])
  t.same([...shareConsumerHolds([first, second], 100n).values()], [70n, 30n])
})

t.test('a refund waits whole, the oldest first, until what waits comes to the amount', async (t) => {
  const [contract, other] = contractIds
  const refunds = [100n, 50n, 30n].map((refundFen) => ({ id: newId('ref', 1), contractId: contract, refundFen }))
  const elsewhere = { id: newId('ref', 1), contractId: other, refundFen: 1n }
  const waiting = (heldFen: bigint) => refunds.map(({ id }) => withheldRefunds([...refunds, elsewhere], new Map([[contract, heldFen]])).has(id))
  t.same(waiting(1n), [true, false, false])
  t.same(waiting(100n), [true, false, false])
  t.same(waiting(101n), [true, true, false])
  t.notOk(withheldRefunds([...refunds, elsewhere], new Map([[contract, 1_000n]])).has(elsewhere.id))
})

t.test('a hold withholds from its first day to the end of its last, and one that is to take its place waits until it is approved', async (t) => {
  const until = new Date('2026-12-01T16:00:00Z')
  const hold = aHold({ endsAt: until })
  t.ok(isInForce(hold, new Date(until.getTime() - 1)))
  t.notOk(isInForce(hold, until))
  for (const status of ['proposed', 'lift_proposed'] as const) t.ok(isInForce({ ...hold, status }, new Date(0)), status)
  for (const status of ['withdrawn', 'lifted', 'renewed', 'lapsed'] as const) t.notOk(isInForce({ ...hold, status }, new Date(0)), status)
  const renewal = aHold({ status: 'proposed', renews: hold.id, amountFen: 5n })
  t.same(counting([hold, renewal]), [hold])
  t.same(counting([renewal]), [renewal], 'once the other has lapsed')
})
