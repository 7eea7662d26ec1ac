import { credit, debit, type Journal, type OwnAccount } from '../ledger/model.js'
import type { MerchantId } from '../merchants/model.js'
import type { ItemRecord } from './model.js'

/** What is due to a merchant, gross of fee. */
export const payableAccount = (merchantId: MerchantId): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

const inTransitAccount = ({ id, merchantId }: ItemRecord): OwnAccount => ({ kind: 'in_transit', of: id, merchantId })

/** The office's special account at its bank. */
export const bankAccount = (accountNumber: string): OwnAccount => ({ kind: 'bank', of: accountNumber })

const fee: OwnAccount = { kind: 'fee', of: 'payouts' }
/** What the office owes the deposits for fees it took on payouts that came back. */
const dueFromOffice: OwnAccount = { kind: 'due_from_office', of: 'payout_fees' }

const about = ({ id, merchantId, settlementId }: ItemRecord, occurredAt: Date) =>
  ({ reference: id, merchantId, occurredAt, facts: { settlementId } }) as const

/** Dr payable g / Cr in transit g. */
export const settlementApproved = (item: ItemRecord, at: Date): Journal => ({
  ...about(item, at),
  event: 'settlement-approved',
  lines: [debit(payableAccount(item.merchantId), item.grossFen), credit(inTransitAccount(item), item.grossFen)]
})

/** Dr in transit g / Cr bank g−φ, Cr fee φ: the fee is earned by the payout. */
export const payoutConfirmed = (item: ItemRecord, bank: OwnAccount, at: Date): Journal => ({
  ...about(item, at),
  event: 'payout-confirmed',
  lines: [debit(inTransitAccount(item), item.grossFen), credit(bank, item.grossFen - item.feeFen), credit(fee, item.feeFen)]
})

/** Dr fee φ / Cr bank φ: the bank moved it to the office's own account. */
export const feeTaken = (item: ItemRecord, bank: OwnAccount, at: Date): Journal => ({
  ...about(item, at),
  event: 'fee-taken',
  lines: [debit(fee, item.feeFen), credit(bank, item.feeFen)]
})

/** Dr in transit g / Cr payable g. */
export const payoutReturned = (item: ItemRecord, at: Date): Journal => ({
  ...about(item, at),
  event: 'payout-returned',
  lines: [debit(inTransitAccount(item), item.grossFen), credit(payableAccount(item.merchantId), item.grossFen)]
})

/** Dr bank g−φ, Dr due from office φ / Cr payable g: the fee was taken and is owed back. */
export const payoutCameBack = (item: ItemRecord, bank: OwnAccount, at: Date): Journal => ({
  ...about(item, at),
  event: 'payout-returned',
  lines: [
    debit(bank, item.grossFen - item.feeFen), debit(dueFromOffice, item.feeFen),
    credit(payableAccount(item.merchantId), item.grossFen)
  ]
})
