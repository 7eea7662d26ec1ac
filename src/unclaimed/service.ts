import { actorOf, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Fact } from '../evidence/model.js'
import type { Evidence } from '../evidence/service.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import { forbidden, notFound } from '../kernel/problems.js'
import type { Vault } from '../kernel/vault.js'
import type { Ledger } from '../ledger/service.js'
import { SettlementAccount } from '../merchants/model.js'
import type { Payables } from '../redemptions/payables.js'
import type { BankRefunds } from '../refunds/bank-refunds.js'
import type { Refunds } from '../refunds/service.js'
import {
  Subject, UnclaimedId, UnclaimedItem,
  type ItemQuery, type ItemRecord, type NewClaim, type NewUnclaimed, type UnclaimedKind, type UnclaimedMoney, type UnclaimedQuery, type UnclaimedTotals
} from './model.js'
import { putBack, setAside } from './postings.js'
import { checkLapsed, claimed, claimProposed, decided, moneyView, nearBy, withdrawn } from './rules.js'
import { insertItem, listCandidates, listItems, listLapsedContracts, lockItem, sumCandidates, sumSetAside, updateItem } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  vault: Vault
  ledger: Ledger
  evidence: Evidence
  payables: Pick<Payables, 'reserveContracts' | 'unreserveContracts'>
  refunds: Pick<Refunds, 'returnHeld'>
  bankRefunds: Pick<BankRefunds, 'setAside' | 'payClaimed'>
}>

const about = 'unclaimed_items.account'
const never = new Date('9999-12-31T00:00:00Z')
const noMoney = { count: 0, amountFen: 0n }

/** Money that nobody has claimed (rules.ts). */
export const createUnclaimed = ({ work, clock, vault, ledger, evidence, payables, refunds, bankRefunds }: Dependencies) => {
  const append = (tx: Tx, fact: Fact, { id, merchantId, kind, subject, amountFen }: ItemRecord, at: Date): Promise<void> =>
    evidence.appendFact(tx, { fact, subject: id, merchantId, occurredAt: at, payload: { kind, of: subject, amountFen } })

  const officeFor = ({ office }: Caller): number => {
    if (office === undefined) throw forbidden({})
    return office
  }

  /** Money near five years after its deposit, and past them. */
  const list = async (caller: Caller, query: UnclaimedQuery): Promise<PageOf<UnclaimedMoney>> => {
    const now = clock.now()
    const rows = await work.read(actorOf(caller), officeFor(caller), (tx) => listCandidates(tx, {
      lapsesBy: nearBy(now, query.withinDays), kind: query.kind, after: positionOf(query, Subject), limit: query.limit + 1
    }))
    const { items, nextCursor } = pageOf(rows, query, ({ subject }) => subject)
    return { items: items.map((candidate) => moneyView(candidate, now)), nextCursor }
  }

  const countsOf = (rows: Awaited<ReturnType<typeof sumCandidates>>): UnclaimedTotals['near'] => {
    const of = (wanted: UnclaimedKind) => {
      const { count, amountFen } = rows.find(({ kind }) => kind === wanted) ?? noMoney
      return { count, amountFen }
    }
    return { held: of('held'), refund: of('refund'), payable: of('payable') }
  }

  /** How much it is, in sums. */
  const totals = (caller: Caller, { withinDays }: Readonly<{ withinDays: number }>): Promise<UnclaimedTotals> =>
    work.read(actorOf(caller), officeFor(caller), async (tx) => {
      const now = clock.now()
      return { near: countsOf(await sumCandidates(tx, nearBy(now, withinDays))), lapsed: countsOf(await sumCandidates(tx, now)), setAside: await sumSetAside(tx) }
    })

  /** Items that notaries have taken in hand, newest first. */
  const items = async (caller: Caller, query: ItemQuery): Promise<PageOf<UnclaimedItem>> => {
    const rows = await work.read(actorOf(caller), officeFor(caller), (tx) => listItems(tx, query.status, positionOf(query, UnclaimedId), query.limit + 1))
    return pageOf(rows, query, ({ id }) => id)
  }

  /** What is taken of a merchant's payable: all that has lapsed by now, reserved to the item. */
  const reserve = async (tx: Tx, item: ItemRecord, now: Date): Promise<bigint> =>
    payables.reserveContracts(tx, await listLapsedContracts(tx, item.merchantId, now), item.id)

  /**
   * A notary proposes to take money in hand that nobody has claimed in five years.
   * @throws not_found (404) for what is not on the list, not_lapsed (422)
   */
  const propose = (command: Command, { kind, subject, reason }: NewUnclaimed): Promise<UnclaimedItem> =>
    work.writeOnce(command, officeOf(subject), UnclaimedItem, async (tx) => {
      const now = clock.now()
      const [found] = await listCandidates(tx, { lapsesBy: never, kind, subject, limit: 1 })
      if (!found) throw notFound({})
      checkLapsed(found, now)
      const made: ItemRecord = {
        id: newId('unc', tx.office), kind, subject, merchantId: found.merchantId, amountFen: found.amountFen, status: 'proposed', reason,
        refundId: kind === 'refund' ? subject as `ref_${string}` : null, makerId: command.caller.personId, checkerId: null, createdAt: now, decidedAt: null,
        grounds: null, accountSealed: null, claimMakerId: null, claimCheckerId: null, claimedAt: null
      }
      const item = kind === 'payable' ? { ...made, amountFen: await reserve(tx, made, now) } : made
      await insertItem(tx, item)
      await append(tx, 'unclaimed-proposed', item, now)
      return item
    })

  const lock = async (tx: Tx, id: UnclaimedId): Promise<ItemRecord> => {
    const item = await lockItem(tx, id)
    if (!item) throw notFound({})
    return item
  }

  /** What a decision does to the money. @returns the refund that it is, or became */
  const carryOut = async (tx: Tx, item: ItemRecord, at: Date): Promise<ItemRecord> => {
    if (item.kind === 'held') return { ...item, refundId: await refunds.returnHeld(tx, item.subject as `ctr_${string}`, item.amountFen, at) }
    if (item.kind === 'refund') await bankRefunds.setAside(tx, item.subject as `ref_${string}`)
    await ledger.post(tx, setAside(item, at))
    return item
  }

  /**
   * Another notary approves: what was held is refunded; a refund, or what is payable, is set aside.
   * @throws not_found (404), same_person (403), wrong_state (409) also where the money has moved, insufficient_funds (422)
   */
  const approve = (command: Command, id: UnclaimedId): Promise<UnclaimedItem> =>
    work.writeOnce(command, officeOf(id), UnclaimedItem, async (tx) => {
      const now = clock.now()
      const item = await carryOut(tx, decided(await lock(tx, id), command.caller.personId, now), now)
      await updateItem(tx, item)
      await append(tx, item.kind === 'held' ? 'unclaimed-refunded' : 'unclaimed-approved', item, now)
      return item
    })

  /** A proposal is taken back, of an item or of a claim to it. @throws not_found (404), wrong_state (409) */
  const cancel = (caller: Caller, id: UnclaimedId): Promise<UnclaimedItem> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const item = withdrawn(await lock(tx, id))
      if (item.status === 'cancelled') await payables.unreserveContracts(tx, id)
      await updateItem(tx, item)
      await append(tx, 'unclaimed-withdrawn', item, clock.now())
      return item
    })

  /** Somebody claims it, and a notary is satisfied. @throws not_found (404), wrong_state (409), validation_failed (422) */
  const proposeClaim = (command: Command, id: UnclaimedId, claim: NewClaim): Promise<UnclaimedItem> =>
    work.writeOnce(command, officeOf(id), UnclaimedItem, async (tx) => {
      const sealed = claim.account === undefined ? null : vault.seal(JSON.stringify(claim.account), about)
      const item = claimProposed(await lock(tx, id), claim, command.caller.personId, sealed)
      await updateItem(tx, item)
      await append(tx, 'unclaimed-claim-proposed', item, clock.now())
      return item
    })

  /**
   * Another notary agrees: the money is owed again as it was, and a refund is ordered at the bank by
   * these two; what is payable is paid by the merchant's next settlement.
   * @throws not_found (404), same_person (403), wrong_state (409), bank_unavailable (422)
   */
  const approveClaim = (command: Command, id: UnclaimedId): Promise<UnclaimedItem> =>
    work.writeOnce(command, officeOf(id), UnclaimedItem, async (tx) => {
      const now = clock.now()
      const item = claimed(await lock(tx, id), command.caller.personId, now)
      await updateItem(tx, item)
      await ledger.post(tx, putBack(item, now))
      await append(tx, 'unclaimed-claim-approved', item, now)
      if (item.kind === 'payable') await payables.unreserveContracts(tx, id)
      else await payRefund(tx, item, now)
      return item
    })

  const payRefund = (tx: Tx, { refundId, accountSealed, claimMakerId, claimCheckerId }: ItemRecord, at: Date): Promise<void> => {
    invariant(refundId && accountSealed && claimMakerId && claimCheckerId, 'a claimed refund has two people and an account')
    const account = SettlementAccount.parse(JSON.parse(vault.open(accountSealed, about)))
    return bankRefunds.payClaimed(tx, refundId, { account, makerId: claimMakerId, checkerId: claimCheckerId, at })
  }

  return { list, totals, items, propose, approve, cancel, proposeClaim, approveClaim }
}

export type Unclaimed = ReturnType<typeof createUnclaimed>
