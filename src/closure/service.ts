import { ContractId, type Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Deposits } from '../deposits/service.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { togetherOrAlone } from '../kernel/batch.js'
import { startOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { sum } from '../kernel/money.js'
import { notFound } from '../kernel/problems.js'
import type { Ledger } from '../ledger/service.js'
import type { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import { closureDeadline } from '../redemptions/model.js'
import type { Refunds } from '../refunds/service.js'
import type { Job, Timetable } from '../timetable/service.js'
import { Closure, type ClosureRecord, type NewClosure } from './model.js'
import { approved, cancelledClosure, checkProposable, isToCancel, isToRefund } from './rules.js'
import { countDone, findClosureOf, findNextRunning, insertClosure, listRunning, lockClosureOf, updateClosure, type Ended } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  contracts: Pick<Contracts, 'lock' | 'lockMany' | 'freezeOf' | 'listToClose' | 'countToClose'>
  merchants: Pick<Merchants, 'find' | 'lock' | 'setClosure'>
  deposits: Pick<Deposits, 'cancelAwaited'>
  refunds: Pick<Refunds, 'closeContracts'>
  ledger: Ledger
  evidence: Evidence
  timetable: Timetable
  onFailure: (contractId: string, error: unknown) => void
}>

/** Contracts that are ended by one commit. */
const batchMax = 200
/** How long one run goes on before it lets other jobs run. */
const runMs = 10_000

/** Closure mode of a merchant (rules.ts). */
export const createClosures = ({ work, clock, contracts, merchants, deposits, refunds, ledger, evidence, timetable, onFailure }: Dependencies) => {
  const append = (tx: Tx, fact: Fact, { id, merchantId, ...closure }: ClosureRecord, at: Date): Promise<void> => evidence.appendFact(tx, {
    fact, subject: id, merchantId, occurredAt: at,
    payload: { stoppedOn: closure.stoppedOn, contracts: closure.contracts, done: closure.done, totalFen: closure.totalFen, shortfallFen: closure.shortfallFen }
  })

  /** A notary proposes closure mode. @throws not_found (404), wrong_state (409), validation_failed (422) */
  const propose = (command: Command, merchantId: MerchantId, body: NewClosure): Promise<Closure> =>
    work.writeOnce(command, officeOf(merchantId), Closure, async (tx) => {
      const { status } = await merchants.lock(tx, merchantId)
      const now = clock.now()
      checkProposable(status, await findClosureOf(tx, merchantId), body, now)
      const closure: ClosureRecord = {
        ...body, id: newId('clo', tx.office), merchantId, status: 'proposed', makerId: command.caller.personId, checkerId: null, createdAt: now,
        approvedAt: null, completedAt: null, contracts: 0, done: 0, totalFen: 0n, shortfallFen: 0n, differenceFen: null
      }
      await insertClosure(tx, closure)
      await append(tx, 'closure-proposed', closure, now)
      return closure
    })

  const lock = async (tx: Tx, merchantId: MerchantId): Promise<ClosureRecord> => {
    await merchants.lock(tx, merchantId)
    const closure = await lockClosureOf(tx, merchantId)
    if (!closure) throw notFound({})
    return closure
  }

  /**
   * Another notary approves: from here nothing of the merchant's contracts moves but by the closure.
   * @throws not_found (404), same_person (403), wrong_state (409)
   */
  const approve = (caller: Caller, merchantId: MerchantId): Promise<Closure> =>
    work.write(actorOf(caller), officeOf(merchantId), async (tx) => {
      const proposed = await lock(tx, merchantId)
      const now = clock.now()
      approved(proposed, caller.personId, 0, now)
      await merchants.setClosure(tx, merchantId, 'closing')
      await contracts.freezeOf(tx, merchantId)
      const closure = approved(proposed, caller.personId, await contracts.countToClose(tx, merchantId), now)
      await updateClosure(tx, closure)
      await append(tx, 'closure-approved', closure, now)
      return closure
    })

  /** A proposal is taken back. @throws not_found (404), wrong_state (409) */
  const cancel = (caller: Caller, merchantId: MerchantId): Promise<Closure> =>
    work.write(actorOf(caller), officeOf(merchantId), async (tx) => {
      const closure = cancelledClosure(await lock(tx, merchantId))
      await updateClosure(tx, closure)
      await append(tx, 'closure-cancelled', closure, clock.now())
      return closure
    })

  /** How far it is. @throws not_found (404) */
  const find = (caller: Caller, merchantId: MerchantId): Promise<Closure> =>
    work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      const closure = await findClosureOf(tx, merchantId)
      if (!closure) throw notFound({})
      return closure
    })

  /** Ends contracts that are locked, but those ended before. @returns how many, and what went back */
  const endLocked = async (tx: Tx, locked: readonly Contract[], { checkerId, stoppedOn }: ClosureRecord, at: Date): Promise<Ended> => {
    invariant(checkerId, 'a closure that runs was approved')
    const unpaid = locked.filter(isToCancel)
    for (const contract of unpaid) await deposits.cancelAwaited(tx, contract, 'closure', at)
    const closed = await refunds.closeContracts(tx, locked.filter(isToRefund), { approvedBy: checkerId, stoppedAt: startOf(stoppedOn), at })
    return {
      contracts: unpaid.length + closed.length, refundFen: sum(closed.map(({ refundFen }) => refundFen)), shortfallFen: sum(closed.map(({ shortfallFen }) => shortfallFen))
    }
  }

  /** Ends contracts and counts them, all or nothing. */
  const endContracts = (office: number, closure: ClosureRecord, ids: readonly ContractId[], at: Date): Promise<void> => work.write(worker, office, async (tx) => {
    const locked = await contracts.lockMany(tx, ids)
    await countDone(tx, closure.id, await endLocked(tx, [...locked.values()], closure, at))
  })

  /** When every contract has been ended: the merchant is closed, and the sum is compared with the ledger's. */
  const complete = (office: number, { merchantId }: ClosureRecord, at: Date): Promise<void> => work.write(worker, office, async (tx) => {
    const closure = await lock(tx, merchantId)
    if (closure.status !== 'running' || await contracts.countToClose(tx, merchantId) > 0) return
    const bookedFen = await ledger.creditedBy(tx, { event: 'refund-approved', kind: 'refund_payable', merchantId, since: closure.approvedAt ?? at })
    const completed: ClosureRecord = { ...closure, status: 'completed', completedAt: at, differenceFen: closure.totalFen - bookedFen }
    await updateClosure(tx, completed)
    await merchants.setClosure(tx, merchantId, 'closed')
    await append(tx, 'closure-completed', completed, at)
  })

  /**
   * Goes through what is left, a batch at a time, until it is done or its time is over. A contract
   * that cannot be ended does not hold the others: it is tried again by the next run.
   */
  const go = async (office: number, closure: ClosureRecord, at: Date, until: number): Promise<void> => {
    let position: ContractId | undefined
    do {
      if (performance.now() >= until) return
      const ids = await work.read(worker, office, (tx) => contracts.listToClose(tx, closure.merchantId, position, batchMax))
      await togetherOrAlone(ids, (some) => endContracts(office, closure, some, at), onFailure)
      position = ids.length === batchMax ? ids.at(-1) : undefined
    } while (position !== undefined)
    await complete(office, closure, at)
  }

  // A release that was voided gave money back to a contract the closure had passed by.
  timetable.on(closureDeadline, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const contract = await contracts.lock(tx, ContractId.parse(subject))
    const closure = await findClosureOf(tx, contract.merchantId)
    if (!(await take(tx)) || !closure) return
    const ended = await endLocked(tx, [contract], closure, at)
    await countDone(tx, closure.id, ended, closure.status === 'completed' ? ended.contracts : 0)
  }))

  const job: Job = {
    name: 'closures',
    nextDue: (office) => (office === 0 ? Promise.resolve(null) : work.read(worker, office, findNextRunning)),
    run: async (office, at) => {
      if (office === 0) return
      const until = performance.now() + runMs
      for (const closure of await work.read(worker, office, listRunning)) await go(office, closure, at, until)
    }
  }

  return { propose, approve, cancel, find, job }
}

export type Closures = ReturnType<typeof createClosures>
