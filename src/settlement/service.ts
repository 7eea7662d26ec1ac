import type { Claims } from '../claims/service.js'
import { actorOf, inRole, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Holds } from '../holds/service.js'
import { dateOf } from '../kernel/calendar.js'
import type { Caller, Command } from '../kernel/caller.js'
import type { Clock } from '../kernel/clock.js'
import { newId, officeOf } from '../kernel/id.js'
import { invariant } from '../kernel/invariant.js'
import { sum } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf, type PageQuery } from '../kernel/page.js'
import { notFound, wrongState } from '../kernel/problems.js'
import type { OwnAccount } from '../ledger/model.js'
import type { Ledger } from '../ledger/service.js'
import type { MerchantId } from '../merchants/model.js'
import type { Merchants } from '../merchants/service.js'
import type { Office } from '../offices/model.js'
import type { Offices } from '../offices/service.js'
import type { Payables } from '../redemptions/payables.js'
import { PayoutFee, Settlement, SettlementId, SettlementItemId, type DraftSettlement, type ItemRecord, type PaidPayout, type Payout, type SettlementItem, type SettlementQuery, type SettlementRecord, type SettlementSummary } from './model.js'
import { pain001Xml } from './pain001.js'
import type { Payouts } from './payouts.js'
import { payableAccount, settlementApproved } from './postings.js'
import { nothingPayable } from './problems.js'
import { approvedAtOf, cancelled, checkApprover, checkMoney, feeOf } from './rules.js'
import { cancelItems, findItem, findSettlement, insertItems, insertSettlement, listItems, listPayouts, listSettlements, lockSettlement, sumItems, updateItems, updateSettlement } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  clock: Clock
  offices: Offices
  merchants: Merchants
  payables: Payables
  claims: Pick<Claims, 'collect'>
  holds: Pick<Holds, 'checkPayouts'>
  ledger: Ledger
  evidence: Evidence
  payouts: Payouts
}>

const itemView = ({ id, merchantId, merchantName, grossFen, feeFen, status, bankReference, returnReason, answeredAt }: ItemRecord): SettlementItem =>
  ({ id, merchantId, merchantName, grossFen, feeFen, amountFen: grossFen - feeFen, status, bankReference, returnReason, answeredAt })

type Totals = Readonly<{ itemCount: number; grossFen: bigint; feeFen: bigint }>

const summaryOf = (settlement: SettlementRecord, { itemCount, grossFen, feeFen }: Totals): SettlementSummary =>
  ({ ...settlement, itemCount, grossFen, feeFen, totalFen: grossFen - feeFen })

const viewOf = (settlement: SettlementRecord, items: readonly ItemRecord[]): Settlement => ({
  ...summaryOf(settlement, {
    itemCount: items.length, grossFen: sum(items.map(({ grossFen }) => grossFen)), feeFen: sum(items.map(({ feeFen }) => feeFen))
  }),
  items: items.map(itemView)
})

const officeOfNotary = ({ office }: Caller): number => {
  invariant(office, 'a notary belongs to an office')
  return office
}

/** Items of a settlement that are booked at a time. */
const bookedTogether = 500

export const createSettlements = ({ work, clock, offices, merchants, payables, claims, holds, ledger, evidence, payouts }: Dependencies) => {
  const lock = async (tx: Tx, id: SettlementId): Promise<SettlementRecord> => {
    const settlement = await lockSettlement(tx, id)
    if (!settlement) throw notFound({})
    return settlement
  }

  const tariffOn = async (tx: Tx, office: Pick<Office, 'id' | 'district'>, at: Date): Promise<number> => {
    const rule = await offices.ruleInForce(tx, 'payout_fee', [office.id, office.district], dateOf(at))
    invariant(rule, 'no payout_fee is in force')
    return PayoutFee.parse(rule.value).basisPoints
  }

  /** @throws not_found (404) for a merchant the office does not know */
  const checkKnown = async (tx: Tx, merchantIds: readonly MerchantId[]): Promise<void> => {
    const known = await merchants.namesOf(tx, merchantIds)
    if (merchantIds.some((id) => !known.has(id))) throw notFound({})
  }

  /** Reserves what is payable to merchants, an item each; one where another draft was faster has none. */
  const reserveItems = async (tx: Tx, settlement: SettlementRecord, merchantIds: readonly MerchantId[]): Promise<ItemRecord[]> => {
    const wanted = merchantIds.map((merchantId) => ({ merchantId, itemId: newId('sti', tx.office) }))
    const [grossFenOf, names] = [await payables.reserve(tx, wanted, settlement.cutoff), await merchants.namesOf(tx, merchantIds)]
    return wanted.flatMap(({ merchantId, itemId }) => {
      const [grossFen, merchantName] = [grossFenOf.get(merchantId), names.get(merchantId)]
      if (grossFen === undefined) return []
      invariant(merchantName !== undefined, `no merchant ${merchantId}`)
      return [{
        id: itemId, settlementId: settlement.id, merchantId, merchantName,
        grossFen, feeFen: feeOf(grossFen, settlement.feeBasisPoints), status: 'draft',
        payeeSealed: null, bankReference: null, returnReason: null, answeredAt: null
      } as const]
    })
  }

  /**
   * Drafts a settlement of what is payable by the cutoff and in no other, one item a merchant. Claims
   * on merchants are collected first; what courts hold is left out.
   * @throws not_found (404) for a merchant the office does not know, nothing_payable (422)
   */
  const draft = async (command: Command, { cutoff, merchantIds }: DraftSettlement): Promise<Settlement> => {
    const office = await offices.byNumber(officeOfNotary(command.caller))
    return work.writeOnce(command, office.number, Settlement, async (tx) => {
      if (merchantIds) await checkKnown(tx, merchantIds)
      const now = clock.now()
      const settlement: SettlementRecord = {
        id: newId('stl', tx.office), status: 'draft', cutoff: cutoff ?? now, feeBasisPoints: await tariffOn(tx, office, now),
        makerId: command.caller.personId, checkerId: null, createdAt: now, approvedAt: null, completedAt: null
      }
      await claims.collect(tx, merchantIds, now)
      const due = await payables.listPayable(tx, { cutoff: settlement.cutoff, merchantIds })
      const items = await reserveItems(tx, settlement, due.filter(({ grossFen }) => grossFen > 0n).map(({ merchantId }) => merchantId))
      if (items.length === 0) throw nothingPayable({ cutoff: settlement.cutoff })

      await insertSettlement(tx, settlement)
      await insertItems(tx, settlement.id, items)
      await evidence.appendFact(tx, {
        fact: 'settlement-drafted', subject: settlement.id, occurredAt: now,
        payload: { cutoff: settlement.cutoff, items: items.map(({ id, merchantId, grossFen, feeFen }) => ({ id, merchantId, grossFen, feeFen })) }
      })
      return viewOf(settlement, items)
    })
  }

  /** Locks the accounts a settlement is paid from, and tells what rules need of them. */
  const lockMoney = async (tx: Tx, items: readonly ItemRecord[], bank: OwnAccount) => {
    const payable = items.map(({ merchantId }) => [merchantId, payableAccount(merchantId)] as const)
    const balances = await ledger.lockBalances(tx, [bank, ...payable.map(([, account]) => account)])
    const balanceOf = ({ kind, of }: OwnAccount) => balances.get(`${kind}:${of}`) ?? 0n
    return {
      payableFen: new Map(payable.map(([merchantId, account]) => [merchantId, balanceOf(account)])),
      bank,
      bankFen: balanceOf(bank),
      committedFen: (await ledger.ownTotals(tx)).get('in_transit') ?? 0n
    }
  }

  /** Takes what items are for out of what is owed to the merchants; what is booked of them is booked together. */
  const approveItems = async (tx: Tx, items: readonly ItemRecord[], at: Date): Promise<ItemRecord[]> => {
    const accounts = await merchants.settlementAccountsOf(tx, items.map(({ merchantId }) => merchantId))
    const approved = items.map((item): ItemRecord => {
      const account = accounts.get(item.merchantId)
      invariant(account, `merchant ${item.merchantId} has no account to be paid to`)
      return { ...item, status: 'approved', payeeSealed: payouts.sealPayee(account) }
    })
    await updateItems(tx, approved)
    await ledger.postAll(tx, approved.map((item) => settlementApproved(item, at)))
    return approved
  }

  /**
   * Another person approves a draft: what it is for leaves what is owed to the merchants, and the
   * payouts are ordered, to the accounts as they are now.
   * @throws not_found (404), wrong_state (409), same_person (403), amounts_moved, money_held (409),
   *   insufficient_funds (422), bank_unavailable (422)
   */
  const approve = async (command: Command, id: SettlementId): Promise<Settlement> => {
    const bank = await payouts.specialAccount(officeOfNotary(command.caller))
    return work.writeOnce(command, officeOf(id), Settlement, async (tx) => {
      const before = await lock(tx, id)
      checkApprover(before, command.caller.personId)
      payouts.checkBank()
      const items = await listItems(tx, id)
      const money = await lockMoney(tx, items, bank)
      checkMoney(items, money)
      await holds.checkPayouts(tx, items.map(({ id: itemId, merchantId, grossFen }) => ({ itemId, merchantId, grossFen, payableFen: money.payableFen.get(merchantId) ?? 0n })))

      const now = clock.now()
      const settlement: SettlementRecord = { ...before, status: 'approved', checkerId: command.caller.personId, approvedAt: now }
      await updateSettlement(tx, settlement)
      const approved: ItemRecord[] = []
      for (let from = 0; from < items.length; from += bookedTogether) approved.push(...await approveItems(tx, items.slice(from, from + bookedTogether), now))
      await payouts.order(tx, approved)
      return viewOf(settlement, approved)
    })
  }

  /**
   * Takes a draft back; what it reserved is free for the next one.
   * @throws not_found (404), wrong_state (409)
   */
  const cancel = (caller: Caller, id: SettlementId): Promise<Settlement> =>
    work.write(actorOf(caller), officeOf(id), async (tx) => {
      const settlement = cancelled(await lock(tx, id))
      const items = await listItems(tx, id)
      await payables.unreserve(tx, items.map((item) => item.id))
      await cancelItems(tx, id)
      await updateSettlement(tx, settlement)
      await evidence.appendFact(tx, { fact: 'settlement-cancelled', subject: id, occurredAt: clock.now(), payload: {} })
      return viewOf(settlement, items.map((item) => ({ ...item, status: 'cancelled' })))
    })

  /** @throws not_found (404) */
  const view = (caller: Caller, id: SettlementId): Promise<Settlement> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const settlement = await findSettlement(tx, id)
      if (!settlement) throw notFound({})
      return viewOf(settlement, await listItems(tx, id))
    })

  /**
   * A settlement's payouts as a file for the bank, with the accounts as they were at approval.
   * @throws not_found (404), wrong_state (409) before it is approved
   */
  const paymentFile = async (caller: Caller, id: SettlementId): Promise<string> => {
    const { bankName, accountName, accountNumber } = await offices.byNumber(officeOfNotary(caller))
    return work.read(actorOf(caller), officeOf(id), async (tx) => {
      const settlement = await findSettlement(tx, id)
      if (!settlement) throw notFound({})
      const approvedAt = approvedAtOf(settlement)
      const items = await listItems(tx, id)
      return pain001Xml({
        settlement, approvedAt, from: { bankName, accountName, accountNumber },
        payouts: items.map((item) => ({ itemId: item.id, to: payouts.payeeOf(item), amountFen: item.grossFen - item.feeFen }))
      })
    })
  }

  /** The office's settlements, newest first. */
  const list = (caller: Caller, query: SettlementQuery): Promise<PageOf<SettlementSummary>> =>
    work.read(actorOf(caller), officeOfNotary(caller), async (tx) => {
      const rows = await listSettlements(tx, query.status, positionOf(query, SettlementId), query.limit + 1)
      const { items, nextCursor } = pageOf(rows, query, ({ id }) => id)
      const totals = new Map((await sumItems(tx, items.map(({ id }) => id))).map((row) => [row.settlementId, row]))
      return { items: items.map((row) => summaryOf(row, totals.get(row.id) ?? { itemCount: 0, grossFen: 0n, feeFen: 0n })), nextCursor }
    })

  /**
   * A merchant's payouts, newest first, for itself and the notary.
   * @throws not_found (404), also for another merchant's
   */
  const payoutsOf = (caller: Caller, merchantId: MerchantId, query: PageQuery): Promise<PageOf<Payout>> => {
    if (caller.end === 'merchant' && caller.merchantId !== merchantId) throw notFound({})
    return work.read(actorOf(caller), officeOf(merchantId), async (tx) => {
      await merchants.find(tx, merchantId)
      const rows = await listPayouts(tx, merchantId, positionOf(query, SettlementItemId), query.limit + 1)
      const { items, nextCursor } = pageOf(rows, query, ({ id }) => id)
      return { items: items.map((item) => ({ ...itemView(item), settlementId: item.settlementId, account: payouts.maskedPayee(item) })), nextCursor }
    })
  }

  /**
   * A payout and what it is made of, for its statement. Whether the caller may see it its own role
   * decides; the settlement it is part of is read in the service's.
   * @throws not_found (404), wrong_state (409) until the bank has confirmed it
   */
  const paidPayout = (caller: Caller, id: SettlementItemId): Promise<PaidPayout> =>
    work.read(actorOf(caller), officeOf(id), async (tx) => {
      const item = await findItem(tx, id)
      if (!item) throw notFound({})
      if (item.status !== 'paid' || item.answeredAt === null) throw wrongState({ state: item.status, allowed: ['paid'] })
      const settlement = await inRole(tx, 'worker', (asWorker) => findSettlement(asWorker, item.settlementId))
      invariant(settlement, `settlement ${item.settlementId} is missing`)
      return {
        payout: { ...itemView(item), settlementId: item.settlementId, account: payouts.maskedPayee(item) },
        cutoff: settlement.cutoff, paidAt: item.answeredAt, lines: await payables.linesOf(tx, id)
      }
    })

  return { draft, approve, cancel, view, paymentFile, list, payoutsOf, paidPayout }
}

export type Settlements = ReturnType<typeof createSettlements>
