import { addDays, after, dateOf, daysBetween, startOf } from '../kernel/calendar.js'
import { isId, type Id } from '../kernel/id.js'
import { least, type Fen } from '../kernel/money.js'
import type { Text } from '../kernel/problem.js'
import { samePerson, wrongState } from '../kernel/problems.js'
import type { OwnAccount } from '../ledger/model.js'
import type { BankEntry, Candidate, Claim, ProposeResolution, StatementHead, StatementLine, StatementSetting, SuspenseRecord } from './model.js'
import { resolutionDoesNotFit, statementNotBalanced } from './problems.js'

/*
 * The bank's word against ours. Each line of a statement is looked for in the books: by the name of
 * the order it answers, then by amount, counterparty and date, and only if one movement alone fits.
 * A line that answers an order which nobody has heard of yet is the bank's word on it. Charges,
 * interest and the office's own money are booked by their kind, if it is the bank or the office
 * that moved it. All else goes to suspense, an item each, until two people have found out.
 */

const orderName = /^(STI|BNR|SRT)([0-9A-HJKMNP-TV-Z]{26})(FEE|RTN)?$/

/** An order of ours at the bank: a payout, a refund, or the return of a receipt to its payer. */
export type OrderId = Id<'sti'> | Id<'bnr'> | Id<'srt'>

/** The order of ours that a reference names, its fee, or its return. */
export const orderNamed = (reference: string): Readonly<{ id: OrderId; about: 'order' | 'fee' | 'return' }> | undefined => {
  const match = orderName.exec(reference.replace(/[^0-9A-Za-z]/g, '').toUpperCase())
  const [, prefix = '', suffix = '', mark] = match ?? []
  const id = `${prefix.toLowerCase()}_${suffix.toLowerCase()}`
  if (!isId('sti', id) && !isId('bnr', id) && !isId('srt', id)) return undefined
  return { id, about: mark === 'FEE' ? 'fee' : mark === 'RTN' ? 'return' : 'order' }
}

export type Known = Readonly<{
  /** channel settlements by the channel's number */
  settlements: ReadonlyMap<string, Id<'chs'>>
  /** refunds by the bank transfer that pays them */
  refunds: ReadonlyMap<Id<'bnr'>, Id<'ref'>>
}>

/** The movement in the books that a line names; undefined where it names none we know. */
export const claimOf = ({ endToEndId, side }: Pick<StatementLine, 'endToEndId' | 'side'>, { settlements, refunds }: Known): Claim | undefined => {
  const named = orderNamed(endToEndId)
  if (!named) {
    const settlement = settlements.get(endToEndId)
    return settlement && { event: 'channel-settled', reference: settlement }
  }
  if (isId('bnr', named.id)) {
    const refund = refunds.get(named.id)
    return refund && { event: side === 'D' ? 'refund-confirmed' : 'refund-returned', reference: refund }
  }
  // What went back to a payer and came again is a receipt nobody can explain, as it was before.
  if (isId('srt', named.id)) return side === 'D' ? { event: 'receipt-returned', reference: named.id } : undefined
  if (side === 'C') return { event: 'payout-returned', reference: named.id }
  return { event: named.about === 'fee' ? 'fee-taken' : 'payout-confirmed', reference: named.id }
}

/** A line's side in the books: what comes in is a debit of the bank account. */
export const bookedSideOf = ({ side }: Pick<StatementLine, 'side'>): 'D' | 'C' => (side === 'C' ? 'D' : 'C')

export const signedFen = ({ side, amountFen }: Pick<StatementLine, 'side' | 'amountFen'>): Fen => (side === 'C' ? amountFen : -amountFen)

/** @throws statement_not_balanced (422) where opening and lines do not come to closing */
export const checkBalanced = ({ openingFen, closingFen }: StatementHead, movedFen: Fen): void => {
  if (openingFen === undefined || closingFen === undefined || openingFen + movedFen === closingFen) return
  throw statementNotBalanced({ openingFen, movedFen, closingFen })
}

/** When what a statement tells happened: within the day it names, and not later than now. */
export const eventTimeOf = (bookedOn: string, now: Date): Date => {
  const end = after(startOf(addDays(bookedOn, 1)), -1)
  return end < now ? end : now
}

const plain = (name: string): string => name.normalize('NFKC').replace(/[\s()（）]/gu, '').toLowerCase()

/** Whether two names are of the same party, brackets and blanks aside. */
export const isSameParty = (a: string, b: string): boolean => plain(a) !== '' && plain(a) === plain(b)

export type Decision =
  | Readonly<{ as: 'answers'; orderId: OrderId; outcome: 'paid' | 'returned'; reason: string }>
  | Readonly<{ as: 'matched'; transferId: Id<'trf'>; reason: string }>
  | Readonly<{ as: 'charge' | 'interest'; reason: string }>
  | Readonly<{ as: 'top_up'; parts: readonly { account: OwnAccount; amountFen: Fen }[]; reason: string }>
  | Readonly<{ as: 'suspense'; reason: string }>

export type Circumstances = Readonly<{
  /** orders the bank may still speak of */
  openOrders: ReadonlySet<OrderId>
  candidates: readonly Candidate[]
  setting: StatementSetting
  /** the name of the bank itself */
  bankName: string
  /** what the office owes, by account, oldest names first */
  dueFromOffice: readonly Readonly<{ account: OwnAccount; balanceFen: Fen }>[]
}>

const answer = (entry: BankEntry, { openOrders }: Circumstances): Decision | undefined => {
  const named = orderNamed(entry.endToEndId)
  if (!named || !openOrders.has(named.id)) return undefined
  return {
    as: 'answers', orderId: named.id, outcome: entry.side === 'C' ? 'returned' : 'paid',
    reason: '凭证号一致:银行对指令的答复 / the reference names an order: the bank\'s answer to it'
  }
}

const likeness = (entry: BankEntry, { candidates, setting }: Circumstances): Decision | undefined => {
  const alike = candidates.filter(({ parties, occurredOn }) =>
    Math.abs(daysBetween(occurredOn, entry.bookedOn)) <= setting.matchDays && parties.some((party) => isSameParty(party, entry.counterparty)))
  const [only] = alike
  if (!only) return undefined
  if (alike.length > 1) return { as: 'suspense', reason: `有 ${alike.length} 笔账簿记录金额与对方户名均相同,无法区分 / ${alike.length} bookings have this amount and counterparty` }
  return {
    as: 'matched', transferId: only.transferId,
    reason: `金额、对方户名一致,日期相差 ${Math.abs(daysBetween(only.occurredOn, entry.bookedOn))} 天 / amount and counterparty agree, ${Math.abs(daysBetween(only.occurredOn, entry.bookedOn))} days apart`
  }
}

const includesOne = (text: string, words: readonly string[]): boolean => words.some((word) => text.includes(word))

/** Parts of a top-up over what the office owes; undefined where it is more than that. */
export const partsOf = (amountFen: Fen, due: Circumstances['dueFromOffice']): { account: OwnAccount; amountFen: Fen }[] | undefined => {
  const parts: { account: OwnAccount; amountFen: Fen }[] = []
  let restFen = amountFen
  for (const { account, balanceFen } of due) {
    const partFen = least(restFen, balanceFen)
    if (partFen > 0n) parts.push({ account, amountFen: partFen })
    restFen -= partFen
  }
  return restFen > 0n ? undefined : parts
}

const kindOf = (entry: BankEntry, { setting, bankName, dueFromOffice }: Circumstances): Decision | undefined => {
  const isOfBank = entry.counterparty === '' || isSameParty(entry.counterparty, bankName)
  if (entry.side === 'D') {
    const isCharge = isOfBank && (entry.code === 'CHRG' || entry.code === 'FEES' || includesOne(entry.remittance, setting.chargeWords))
    return isCharge ? { as: 'charge', reason: '银行手续费 / a bank charge' } : undefined
  }
  if (isOfBank && (entry.code === 'INTR' || includesOne(entry.remittance, setting.interestWords))) return { as: 'interest', reason: '银行利息 / bank interest' }
  if (!setting.ownAccountNumbers.includes(entry.counterpartyAccount)) return undefined
  const parts = partsOf(entry.amountFen, dueFromOffice)
  return parts && { as: 'top_up', parts, reason: '公证处自有账户补足 / from the office\'s own account' }
}

/** What a line is that its reference did not explain. */
export const decide = (entry: BankEntry, circumstances: Circumstances): Decision =>
  answer(entry, circumstances) ?? likeness(entry, circumstances) ?? kindOf(entry, circumstances) ??
  { as: 'suspense', reason: '账簿中没有与之对应的记录 / nothing in the books is like it' }

/** How many days an item has been open. */
export const ageOf = ({ openedAt, resolvedAt }: Pick<SuspenseRecord, 'openedAt' | 'resolvedAt'>, now: Date): number =>
  daysBetween(dateOf(openedAt), dateOf(resolvedAt ?? now))

const doesNotFit = (zh: string, en: string) => resolutionDoesNotFit({ because: { zh, en } satisfies Text })

const targets: Readonly<Record<ProposeResolution['kind'], 'contractId' | 'transferId' | 'itemId' | undefined>> = {
  deposit: 'contractId', refund: 'contractId', booked: 'transferId', reversed: 'itemId', payer: undefined, office: undefined, interest: undefined
}

const ofSide: Readonly<Record<SuspenseRecord['side'], readonly ProposeResolution['kind'][]>> = {
  C: ['deposit', 'refund', 'payer', 'booked', 'office', 'interest'],
  D: ['office', 'booked', 'reversed']
}

/** An item with what one person proposes to do with it. @throws wrong_state (409), resolution_does_not_fit (422) */
export const proposed = (item: SuspenseRecord, { kind, reason, ...named }: ProposeResolution, makerId: Id<'per'>, payeeSealed: string | null): SuspenseRecord => {
  if (item.status !== 'open') throw wrongState({ state: item.status, allowed: ['open'] })
  if (!ofSide[item.side].includes(kind)) throw doesNotFit(`${item.side === 'C' ? '收款' : '支出'}项只能以 ${ofSide[item.side].join('、')} 处理`, `An item of this side can be ${ofSide[item.side].join(', ')}`)
  const target = targets[kind]
  const value = target && named[target]
  if (target && value === undefined) throw doesNotFit(`须给出 ${target}`, `${target} must be given`)
  return { ...item, status: 'proposed', kind, target: value ?? null, reason, makerId, payeeSealed }
}

/** The account a receipt goes back to: of the one who paid it, as the bank's line names him. @throws resolution_does_not_fit (422) */
export const payerAccount = ({ kind, account }: ProposeResolution, { counterparty, counterpartyAccount }: Pick<BankEntry, 'counterparty' | 'counterpartyAccount'>): ProposeResolution['account'] => {
  if (kind !== 'payer') return undefined
  if (account === undefined) throw doesNotFit('退回付款人须给出其收款账户(account)', 'The account of the payer must be given (account)')
  if (!isSameParty(account.accountName, counterparty)) throw doesNotFit('收款账户户名与流水的付款人不一致', 'The account is not in the name of the payer that the line names')
  const digits = (text: string): string => text.replace(/\D/g, '')
  if (digits(counterpartyAccount) !== '' && digits(counterpartyAccount) !== digits(account.accountNumber)) throw doesNotFit('收款账号与流水的付款账号不一致', 'The account is not the one that the line names')
  return account
}

/** What another person approved goes back to its payer: the bank is told so. */
export const orderedReturn = (item: SuspenseRecord, checkerId: Id<'per'>, orderId: Id<'srt'>, at: Date): SuspenseRecord => ({ ...item, status: 'ordered', checkerId, orderId, orderedAt: at })

/** An item after the bank's word on its return: resolved, or open again; undefined where the bank has not decided, or has spoken before. */
export const afterReturn = (item: SuspenseRecord, outcome: 'paid' | 'returned' | 'submitted' | 'unknown', at: Date): SuspenseRecord | undefined => {
  if (item.status !== 'ordered') return undefined
  if (outcome === 'paid') return { ...item, status: 'resolved', resolvedAt: at }
  return outcome === 'returned' ? { ...reopenedItem(item), checkerId: null, orderId: null, orderedAt: null } : undefined
}

const reopenedItem = (item: SuspenseRecord): SuspenseRecord => ({ ...item, status: 'open', kind: null, target: null, reason: null, makerId: null, payeeSealed: null })

const minuteMs = 60_000
const longestMs = 6 * 3_600_000

/** When the bank is asked again about a return: after as long as it has taken so far, within a minute and six hours. */
export const askReturnAgainAt = (orderedAt: Date, now: Date): Date => after(now, Math.min(longestMs, Math.max(minuteMs, now.getTime() - orderedAt.getTime())))

/** @throws wrong_state (409), same_person (403) */
export const checkResolver = ({ status, makerId }: SuspenseRecord, personId: Id<'per'>): void => {
  if (status !== 'proposed') throw wrongState({ state: status, allowed: ['proposed'] })
  if (makerId === personId) throw samePerson({})
}

/** The item as it was before the proposal. @throws wrong_state (409) */
export const reopened = (item: SuspenseRecord): SuspenseRecord => {
  if (item.status !== 'proposed') throw wrongState({ state: item.status, allowed: ['proposed'] })
  return reopenedItem(item)
}

export const cannotResolve = doesNotFit

/** The wire's id of a transfer that a proposal names. */
export const transferOf = ({ target }: SuspenseRecord): Id<'trf'> | undefined =>
  target !== null && isId('trf', target) ? target : undefined

