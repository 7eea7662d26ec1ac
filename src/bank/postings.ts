import type { Fen } from '../kernel/money.js'
import { credit, debit, type Journal, type Line, type OwnAccount } from '../ledger/model.js'
import type { BankEntry, SuspenseItemId } from './model.js'

/** The office's special account at its bank. */
export const bankAccount = (accountNumber: string): OwnAccount => ({ kind: 'bank', of: accountNumber })

/** One account for each receipt nobody can explain yet. */
export const suspenseAccount = (id: SuspenseItemId): OwnAccount => ({ kind: 'suspense', of: id })

/** One account for each debit nobody can explain yet. */
export const unexplainedAccount = (id: SuspenseItemId): OwnAccount => ({ kind: 'unexplained_debit', of: id })

const bankCharges: OwnAccount = { kind: 'due_from_office', of: 'bank_charges' }
const interest: OwnAccount = { kind: 'interest', of: 'bank' }

type Entry = Pick<BankEntry, 'id' | 'accountNumber' | 'amountFen' | 'entryReference' | 'bookedOn'>

const factsOf = ({ id, entryReference, bookedOn }: Entry) => ({ bankEntryId: id, entryReference, bookedOn })

/** A receipt nobody can explain: Dr bank / Cr suspense. A debit: Dr unexplained_debit / Cr bank. */
export const unexplained = (entry: Entry & Pick<BankEntry, 'side'>, itemId: SuspenseItemId, at: Date): Journal => {
  const { side, amountFen, accountNumber } = entry
  const lines = side === 'C'
    ? [debit(bankAccount(accountNumber), amountFen), credit(suspenseAccount(itemId), amountFen)]
    : [debit(unexplainedAccount(itemId), amountFen), credit(bankAccount(accountNumber), amountFen)]
  return { event: side === 'C' ? 'receipt-unexplained' : 'debit-unexplained', reference: itemId, occurredAt: at, lines, facts: factsOf(entry) }
}

/** The bank took a charge, which the office owes: Dr due_from_office / Cr bank. */
export const bankChargeTaken = (entry: Entry, at: Date): Journal => ({
  event: 'bank-charge-taken', reference: entry.id, occurredAt: at, facts: factsOf(entry),
  lines: [debit(bankCharges, entry.amountFen), credit(bankAccount(entry.accountNumber), entry.amountFen)]
})

/** The bank paid interest, not attributed yet: Dr bank / Cr interest. */
export const interestCredited = (entry: Entry, at: Date): Journal => ({
  event: 'interest-credited', reference: entry.id, occurredAt: at, facts: factsOf(entry),
  lines: [debit(bankAccount(entry.accountNumber), entry.amountFen), credit(interest, entry.amountFen)]
})

/** Parts of an amount, each on an account the office owes. */
export type Parts = readonly Readonly<{ account: OwnAccount; amountFen: Fen }>[]

const madeGood = (parts: Parts): Line[] => parts.map(({ account, amountFen }) => credit(account, amountFen))

/** The office made good what it owes: Dr bank / Cr due_from_office. */
export const officeToppedUp = (entry: Entry, parts: Parts, at: Date): Journal => ({
  event: 'office-topped-up', reference: entry.id, occurredAt: at, facts: factsOf(entry),
  lines: [debit(bankAccount(entry.accountNumber), entry.amountFen), ...madeGood(parts)]
})

type Item = Readonly<{ id: SuspenseItemId; amountFen: Fen }>

const receiptResolved = ({ id, amountFen }: Item, lines: readonly Line[], facts: Journal['facts'], at: Date): Journal =>
  ({ event: 'receipt-resolved', reference: id, occurredAt: at, facts, lines: [debit(suspenseAccount(id), amountFen), ...lines] })

/** The receipt was the office's own money: Dr suspense / Cr due_from_office. */
export const receiptWasTopUp = (item: Item, parts: Parts, at: Date): Journal => receiptResolved(item, madeGood(parts), { as: 'office' }, at)

/** The receipt was interest: Dr suspense / Cr interest. */
export const receiptWasInterest = (item: Item, at: Date): Journal => receiptResolved(item, [credit(interest, item.amountFen)], { as: 'interest' }, at)

/** The same money was booked another way: Dr suspense / Cr bank. */
export const receiptWasBooked = (item: Item, accountNumber: string, transferId: string, at: Date): Journal =>
  receiptResolved(item, [credit(bankAccount(accountNumber), item.amountFen)], { as: 'booked', transferId }, at)

/** It went back to its payer by bank: Dr suspense / Cr bank. */
export const receiptReturned = ({ id, amountFen }: Item, orderId: string, accountNumber: string, reference: string | null, at: Date): Journal => ({
  event: 'receipt-returned', reference: orderId, occurredAt: at, facts: { itemId: id, bankReference: reference },
  lines: [debit(suspenseAccount(id), amountFen), credit(bankAccount(accountNumber), amountFen)]
})

const debitResolved = ({ id, amountFen }: Item, from: OwnAccount, facts: Journal['facts'], at: Date): Journal => ({
  event: 'debit-resolved', reference: id, occurredAt: at, facts,
  lines: [debit(from, amountFen), credit(unexplainedAccount(id), amountFen)]
})

/** The office owes what was taken: Dr due_from_office / Cr unexplained_debit. */
export const debitWasOffice = (item: Item, at: Date): Journal => debitResolved(item, bankCharges, { as: 'office' }, at)

/** The same money was booked another way: Dr bank / Cr unexplained_debit. */
export const debitWasBooked = (item: Item, accountNumber: string, transferId: string, at: Date): Journal =>
  debitResolved(item, bankAccount(accountNumber), { as: 'booked', transferId }, at)

/** The bank gave it back: Dr suspense of the receipt / Cr unexplained_debit. */
export const debitWasReversed = (item: Item, receiptItemId: SuspenseItemId, at: Date): Journal =>
  debitResolved(item, suspenseAccount(receiptItemId), { as: 'reversed', receiptItemId }, at)
