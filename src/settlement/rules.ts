import { after, hourMs } from '../kernel/calendar.js'
import type { Id } from '../kernel/id.js'
import { sum, type Fen } from '../kernel/money.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import { accountName, type OwnAccount } from '../ledger/model.js'
import { insufficientFunds } from '../ledger/problems.js'
import type { MerchantId } from '../merchants/model.js'
import type { ItemRecord, SettlementItemStatus, SettlementRecord } from './model.js'
import { amountsMoved } from './problems.js'

/*
 * What is due to merchants is paid in settlements. One person of the office drafts it, which only
 * reserves what it is for; another person approves it, which takes the money out of what is owed to
 * the merchants and orders the payouts. Only money the bank has credited is paid out, never what a
 * payment channel still owes, and never what payouts under way will need.
 *
 * Money that a court holds is not paid (src/holds/rules.ts): a draft leaves it out, and one that was
 * made before the hold is not approved.
 *
 * The bank's word ends each payout: paid, or returned and then payable again. As long as it does
 * not know, the payout stays in transit and the bank is asked again, later and later; nothing is
 * sent a second time under another name.
 *
 * The office's fee is a share of each payout, rounded down once, earned when the bank has paid. A
 * payout that comes back after that is owed to the merchant whole; its fee is then owed by the
 * office, and charged when it is paid again: once in all.
 */

/** The office's fee on a payout: `floor(gross · basisPoints / 10,000)`. */
export const feeOf = (grossFen: Fen, basisPoints: number): Fen => (grossFen * BigInt(basisPoints)) / 10_000n

/** @throws wrong_state (409): the accounts to be paid to are those of the approval */
export const approvedAtOf = ({ status, approvedAt }: SettlementRecord): Date => {
  if (approvedAt === null) throw wrongState({ state: status, allowed: ['approved', 'submitted', 'completed'] })
  return approvedAt
}

/** @throws wrong_state (409), same_person (403) when the maker would check */
export const checkApprover = ({ status, makerId }: SettlementRecord, personId: Id<'per'>): void => {
  if (status !== 'draft') throw wrongState({ state: status, allowed: ['draft'] })
  if (makerId === personId) throw samePerson({})
}

type Money = Readonly<{
  /** what is owed to each merchant, in no approved settlement */
  payableFen: ReadonlyMap<MerchantId, Fen>
  bank: OwnAccount
  bankFen: Fen
  /** of the bank's balance: what payouts under way will take */
  committedFen: Fen
}>

/** @throws amounts_moved (409), insufficient_funds (422) */
export const checkMoney = (items: readonly ItemRecord[], { payableFen, bank, bankFen, committedFen }: Money): void => {
  const moved = items
    .map(({ merchantId, grossFen }) => ({ merchantId, grossFen, payableFen: payableFen.get(merchantId) ?? 0n }))
    .filter((merchant) => merchant.payableFen < merchant.grossFen)
  if (moved.length > 0) throw amountsMoved({ merchants: moved })

  const neededFen = sum(items.map(({ grossFen }) => grossFen))
  const availableFen = bankFen - committedFen
  if (availableFen < neededFen) throw insufficientFunds({ account: accountName(bank), neededFen, availableFen })
}

/** @throws wrong_state (409): once approved, only the bank decides */
export const cancelled = (settlement: SettlementRecord): SettlementRecord => {
  if (settlement.status !== 'draft') throw wrongState({ state: settlement.status, allowed: ['draft'] })
  return { ...settlement, status: 'cancelled' }
}

const underWay: ReadonlySet<SettlementItemStatus> = new Set(['approved', 'submitted'])

export const isUnderWay = ({ status }: Pick<ItemRecord, 'status'>): boolean => underWay.has(status)

type Answer = Readonly<{ outcome: 'paid' | 'returned' | 'submitted' | 'unknown'; reference: string | null; reason?: string | undefined }>

/** The item after the bank's answer; undefined where it has had a final one, which a repeat does not change. */
export const answered = (item: ItemRecord, { outcome, reference, reason }: Answer, at: Date): ItemRecord | undefined => {
  if (!isUnderWay(item)) return undefined
  const bankReference = reference ?? item.bankReference
  if (outcome === 'paid') return { ...item, status: 'paid', bankReference, answeredAt: at }
  if (outcome === 'returned') return { ...item, status: 'returned', bankReference, returnReason: reason ?? null, answeredAt: at }
  return { ...item, status: 'submitted', bankReference }
}

/** The item after its money came back although the bank had paid it; undefined where it is not paid. */
export const cameBack = (item: ItemRecord, reason: string, at: Date): ItemRecord | undefined =>
  item.status === 'paid' ? { ...item, status: 'returned', returnReason: reason, answeredAt: at } : undefined

/** How far a settlement is, by how many of its items wait to be sent and for the bank's word. */
export const advanced = (settlement: SettlementRecord, unsent: number, unanswered: number, at: Date): SettlementRecord => {
  if (settlement.status === 'completed' || unsent > 0) return settlement
  if (unanswered > 0) return { ...settlement, status: 'submitted' }
  return { ...settlement, status: 'completed', completedAt: at }
}

const askSoonestMs = 60_000
const askLatestMs = 6 * hourMs

/** When the bank is asked again: after as long as it has taken so far, within a minute and six hours. */
export const askAgainAt = (approvedAt: Date, now: Date): Date =>
  after(now, Math.min(askLatestMs, Math.max(askSoonestMs, now.getTime() - approvedAt.getTime())))

/** The last four characters of an account number. */
export const maskedAccount = (accountNumber: string): string => `****${accountNumber.slice(-4)}`

/**
 * The name of an order in a bank's messages, which take 35 characters and often only letters and
 * digits: the id in capitals without its underscore. It leads back to the id.
 */
export const endToEndIdOf = (id: string): string => id.replace('_', '').toUpperCase()
