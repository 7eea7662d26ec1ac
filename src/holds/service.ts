import type { ContractId } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, inRole, worker, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf, type Id } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { yuan, type Fen } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { notFound } from '../kernel/problems.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Notices } from '../notices/service.js'
import type { Offices } from '../offices/service.js'
import type { Timetable } from '../timetable/service.js'
import { HoldId, HoldRule, LegalHold, type HeldAmounts, type HeldPayout, type HoldQuery, type HoldRecord, type LegalHoldDetail, type NewHold, type NewLifting, type Unsettled } from './model.js'
import { moneyHeld } from './problems.js'
import {
  amountsOf, approvedHold, checkTarget, counting, isInForce, lapsedHold, leavesEnough, liftedHold, liftProposed, proposedHold, renewedHold, requiredFen,
  shareConsumerHolds, shareMerchantHolds, withdrawnHold
} from './rules.js'
import { findHold, insertHold, listAgainstConsumers, listAgainstMerchants, listHolds, lockHold, updateHold } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Pick<Offices, 'byNumber' | 'ruleInForce'>
  contracts: Pick<Contracts, 'lock' | 'find'>
  merchants: Pick<Merchants, 'find'>
  ledger: Pick<Ledger, 'lockBalances' | 'balanceOf'>
  evidence: Evidence
  timetable: Timetable
  notices: Notices
  /** What is payable to a merchant out of each contract and in no approved settlement, and what of it is left once an item is paid. */
  unsettledOf: (tx: Tx, merchantId: MerchantId, itemId?: Id<'sti'>) => Promise<Unsettled[]>
  /** What goes back to the consumer of a contract and has not been sent, in fen. */
  unsentOf: (tx: Tx, contractId: ContractId) => Promise<Fen>
  /** Sends the refunds of a contract that waited. */
  resumeRefunds: (tx: Tx, contractId: ContractId) => Promise<void>
}>

const lapse = 'legal-hold-lapse'

const payableAccount = (merchantId: MerchantId): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

/** Money that courts hold (rules.ts). */
export const createHolds = ({ work, clock, offices, contracts, merchants, ledger, evidence, timetable, notices, unsettledOf, unsentOf, resumeRefunds }: Dependencies) => {
  const viewFor = ({ end }: Pick<Caller, 'end'>, { endsAt: _, liftDocumentSha256: __, liftMakerId: ___, liftCheckerId: ____, makerId, checkerId, ...hold }: HoldRecord): LegalHold =>
    ({ ...hold, makerId: end === 'notary' ? makerId : null, checkerId: end === 'notary' ? checkerId : null })

  /** A leaf; whose money is held sees it, and the other party does not. */
  const append = (tx: Tx, fact: Fact, hold: HoldRecord, at: Date): Promise<void> => {
    const { id, merchantId, contractId, against, amountFen, court, documentNumber, documentSha256, until, status, renews, liftDocumentNumber, liftDocumentSha256 } = hold
    return evidence.appendFact(tx, {
      fact, subject: id, occurredAt: at, ...(against === 'merchant' ? { merchantId } : { contractId: contractId ?? undefined }),
      payload: { against, contractId, amountFen, court, documentNumber, documentSha256, until, status, renews, liftDocumentNumber, liftDocumentSha256 }
    })
  }

  const lock = async (tx: Tx, id: HoldId): Promise<HoldRecord> => {
    const hold = await lockHold(tx, id)
    if (!hold) throw notFound({})
    return hold
  }

  const tell = async (tx: Tx, hold: HoldRecord, text: string): Promise<void> => {
    const notice = { key: `${hold.id}:${hold.status}`, text }
    if (hold.against === 'merchant') return notices.tellMerchant(tx, hold.merchantId, notice)
    invariant(hold.contractId, 'a hold against a consumer is on a contract')
    const { consumerId } = await contracts.find(tx, hold.contractId)
    return notices.tellPerson(tx, consumerId, notice)
  }

  /** Locks what decides whether money may go: the contract of a consumer's refunds, and the account merchants are paid from. */
  const lockMoney = async (tx: Tx, { contractId, merchantId: named, against }: NewHold): Promise<MerchantId> => {
    const merchantId = contractId ? (await contracts.lock(tx, contractId)).merchantId : named
    if (!merchantId) throw notFound({})
    await merchants.find(tx, merchantId)
    if (against === 'merchant') await ledger.lockBalances(tx, [payableAccount(merchantId)])
    return merchantId
  }

  /**
   * One person of the office enters a court's hold. It withholds from here: whoever orders money to
   * be paid waits for the same locks, and finds it.
   * @throws not_found (404), validation_failed (422)
   */
  const propose = async (command: Command, asked: NewHold): Promise<LegalHold> => {
    checkTarget(asked)
    const office = await offices.byNumber(command.caller.office ?? 0)
    return work.writeOnce(command, office.number, LegalHold, async (tx) => {
      const merchantId = await lockMoney(tx, asked)
      const now = clock.now()
      const rule = await offices.ruleInForce(tx, 'legal_hold', [office.id, office.district], dateOf(now))
      invariant(rule, 'no legal_hold is in force')
      const hold = proposedHold(asked, {
        id: newId('lgh', tx.office), merchantId, renewed: asked.renews && await findHold(tx, asked.renews), makerId: command.caller.personId,
        daysMax: HoldRule.parse(rule.value).daysMax, today: dateOf(now), now
      })
      await insertHold(tx, hold)
      await timetable.set(tx, lapse, hold.id, hold.endsAt)
      await append(tx, 'legal-hold-proposed', hold, now)
      return viewFor(command.caller, hold)
    })
  }

  /** Ends the hold whose place another takes. */
  const endRenewed = async (tx: Tx, { renews }: HoldRecord, at: Date): Promise<void> => {
    if (renews === null) return
    const before = await lock(tx, renews)
    const after = renewedHold(before, at)
    if (after === before) return
    await updateHold(tx, after)
    await timetable.lift(tx, lapse, renews)
    await append(tx, 'legal-hold-renewed', after, at)
  }

  /** Refunds that waited for a hold go on, as far as no other one stands. */
  const setFree = async (tx: Tx, { against, contractId }: HoldRecord): Promise<void> => {
    if (against === 'consumer' && contractId !== null) await inRole(tx, 'worker', (asWorker) => resumeRefunds(asWorker, contractId))
  }

  /** Another person approves it. @throws not_found (404), wrong_state (409), same_person (403) */
  const approve = (command: Command, id: HoldId): Promise<LegalHold> =>
    work.writeOnce(command, officeOf(id), LegalHold, async (tx) => {
      const now = clock.now()
      const hold = approvedHold(await lock(tx, id), command.caller.personId, now)
      await endRenewed(tx, hold, now)
      await updateHold(tx, hold)
      await append(tx, 'legal-hold-approved', hold, now)
      if (hold.renews !== null) await setFree(tx, hold)
      await tell(tx, hold, `${hold.court}已冻结${hold.against === 'merchant' ? '应付贵商户的款项' : `合同 ${hold.contractId} 应退还您的款项`} ${yuan(hold.amountFen)}(${hold.documentNumber}),至 ${hold.until} 止。如有异议,请向该法院提出。`)
      return viewFor(command.caller, hold)
    })

  /** What one person entered is taken back: the hold, or its lifting. @throws not_found (404), wrong_state (409) */
  const withdraw = (caller: Caller, id: HoldId): Promise<LegalHold> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const now = clock.now()
      const before = await lock(tx, id)
      const hold = withdrawnHold(before, now)
      await updateHold(tx, hold)
      await append(tx, before.status === 'proposed' ? 'legal-hold-withdrawn' : 'legal-hold-lifting-withdrawn', hold, now)
      if (before.status === 'proposed') {
        await timetable.lift(tx, lapse, id)
        await setFree(tx, hold)
      }
      return viewFor(caller, hold)
    })

  /** One person enters the court's word that lifts a hold. @throws not_found (404), wrong_state (409) */
  const proposeLifting = (command: Command, id: HoldId, lifting: NewLifting): Promise<LegalHold> =>
    work.writeOnce(command, officeOf(id), LegalHold, async (tx) => {
      const hold = liftProposed(await lock(tx, id), lifting, command.caller.personId)
      await updateHold(tx, hold)
      await append(tx, 'legal-hold-lifting-proposed', hold, clock.now())
      return viewFor(command.caller, hold)
    })

  /** Another person approves the lifting: the money is free. @throws not_found (404), wrong_state (409), same_person (403) */
  const approveLifting = (command: Command, id: HoldId): Promise<LegalHold> =>
    work.writeOnce(command, officeOf(id), LegalHold, async (tx) => {
      const now = clock.now()
      const hold = liftedHold(await lock(tx, id), command.caller.personId, now)
      await updateHold(tx, hold)
      await timetable.lift(tx, lapse, id)
      await append(tx, 'legal-hold-lifted', hold, now)
      await setFree(tx, hold)
      await tell(tx, hold, `${hold.court}的冻结(${hold.documentNumber})已解除。`)
      return viewFor(command.caller, hold)
    })

  timetable.on(lapse, ({ office, subject, at, take }) => work.write(worker, office, async (tx) => {
    const before = await lock(tx, HoldId.parse(subject))
    if (!(await take(tx))) return
    const hold = lapsedHold(before)
    if (!hold) return
    await updateHold(tx, hold)
    await append(tx, 'legal-hold-lapsed', hold, at)
    await setFree(tx, hold)
  }))

  /** Holds against merchants that count at this moment, the earliest first. */
  const againstMerchants = async (tx: Tx, merchantIds: readonly MerchantId[]): Promise<HoldRecord[]> =>
    counting(await inRole(tx, 'worker', (asWorker) => listAgainstMerchants(asWorker, merchantIds, clock.now())))

  const againstConsumer = async (tx: Tx, contractIds: readonly ContractId[]): Promise<HoldRecord[]> =>
    counting(await inRole(tx, 'worker', (asWorker) => listAgainstConsumers(asWorker, contractIds, clock.now())))

  /** What holds against merchants must leave in place; a merchant without is missing. */
  const heldAmounts = async (tx: Tx, merchantIds: readonly MerchantId[]): Promise<ReadonlyMap<MerchantId, HeldAmounts>> => {
    const holdsOf = new Map<MerchantId, HoldRecord[]>()
    for (const hold of await againstMerchants(tx, merchantIds)) holdsOf.set(hold.merchantId, [...holdsOf.get(hold.merchantId) ?? [], hold])
    return new Map([...holdsOf].map(([merchantId, holds]) => [merchantId, amountsOf(holds)]))
  }

  const requiredOf = async (tx: Tx, merchantId: MerchantId, payableFen: Fen): Promise<Fen> => {
    const amounts = (await heldAmounts(tx, [merchantId])).get(merchantId)
    return amounts ? requiredFen(payableFen, amounts, await inRole(tx, 'worker', (asWorker) => unsettledOf(asWorker, merchantId))) : 0n
  }

  /** What of a merchant's payable is not held. The caller holds the lock of the account whose balance it names. */
  const freeOf = async (tx: Tx, merchantId: MerchantId, payableFen: Fen): Promise<Fen> => payableFen - await requiredOf(tx, merchantId, payableFen)

  /** What holds withhold of what is payable to a merchant now, in fen; in a transaction of any role. */
  const withheldOf = (tx: Tx, merchantId: MerchantId): Promise<Fen> =>
    inRole(tx, 'worker', async (asWorker) => requiredOf(asWorker, merchantId, await ledger.balanceOf(asWorker, payableAccount(merchantId))))

  /**
   * Whether each of these payouts leaves what is held, once the accounts of their merchants are
   * locked: a hold that is entered after that waits for them.
   * @throws money_held (409)
   */
  const checkPayouts = async (tx: Tx, payouts: readonly HeldPayout[]): Promise<void> => {
    const refused: { merchantId: MerchantId; grossFen: Fen; withheldFen: Fen }[] = []
    const amountsOfEach = await heldAmounts(tx, payouts.map(({ merchantId }) => merchantId))
    for (const { merchantId, itemId, grossFen, payableFen } of payouts) {
      const amounts = amountsOfEach.get(merchantId)
      if (!amounts) continue
      const unsettled = await unsettledOf(tx, merchantId, itemId)
      if (!leavesEnough(payableFen, grossFen, amounts, unsettled)) refused.push({ merchantId, grossFen, withheldFen: requiredFen(payableFen, amounts, unsettled) })
    }
    if (refused.length > 0) throw moneyHeld({ merchants: refused })
  }

  /** Up to how much of the refunds of these contracts is held, by contract; those without are missing. */
  const heldOfRefunds = async (tx: Tx, contractIds: readonly ContractId[]): Promise<ReadonlyMap<ContractId, Fen>> =>
    amountsOf(await againstConsumer(tx, contractIds)).contractFen

  const withheldBy = async (tx: Tx, hold: HoldRecord): Promise<Fen> => {
    if (!isInForce(hold, clock.now())) return 0n
    if (hold.against === 'merchant') {
      const holds = await againstMerchants(tx, [hold.merchantId])
      const payableFen = await ledger.balanceOf(tx, payableAccount(hold.merchantId))
      return shareMerchantHolds(holds, payableFen, await unsettledOf(tx, hold.merchantId)).get(hold.id) ?? 0n
    }
    invariant(hold.contractId, 'a hold against a consumer is on a contract')
    return shareConsumerHolds(await againstConsumer(tx, [hold.contractId]), await unsentOf(tx, hold.contractId)).get(hold.id) ?? 0n
  }

  /** One hold, and what it withholds now; for the office, and for whose money it is. @throws not_found (404) */
  const find = (caller: Caller, id: HoldId): Promise<LegalHoldDetail> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const hold = await findHold(tx, id)
      if (!hold) throw notFound({})
      return { ...viewFor(caller, hold), withheldFen: await inRole(tx, 'worker', (asWorker) => withheldBy(asWorker, hold)) }
    })

  /** Holds the caller may see, newest first. */
  const list = async (caller: Caller, query: HoldQuery): Promise<PageOf<LegalHold>> => {
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) => listHolds(tx, caller.office, query, positionOf(query, HoldId), query.limit + 1))
    const { items, nextCursor } = pageOf(rows, query, ({ id }) => id)
    return { items: items.map((hold) => viewFor(caller, hold)), nextCursor }
  }

  return { propose, approve, withdraw, proposeLifting, approveLifting, find, list, heldAmounts, freeOf, withheldOf, checkPayouts, heldOfRefunds }
}

export type Holds = ReturnType<typeof createHolds>
