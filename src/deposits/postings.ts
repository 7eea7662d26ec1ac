import type { ChannelName, SettlementNotification } from '../channels/model.js'
import type { Contract } from '../contracts/model.js'
import type { Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import { credit, debit, type Journal, type OwnAccount } from '../ledger/model.js'
import type { Receipt } from './model.js'

/** Where a channel's money is: on the special account already, or owed by the channel until it settles. */
export type Source = Readonly<{ channel: ChannelName; isCredited: boolean; accountNumber: string }>

const bankAccount = (accountNumber: string): OwnAccount => ({ kind: 'bank', of: accountNumber })
const clearingAccount = (channel: ChannelName): OwnAccount => ({ kind: 'clearing', of: channel })
/** What the office owes the deposits for fees that channels took out of them. */
const channelFees: OwnAccount = { kind: 'due_from_office', of: 'channel_fees' }

const sourceAccount = ({ channel, isCredited, accountNumber }: Source): OwnAccount =>
  isCredited ? bankAccount(accountNumber) : clearingAccount(channel)

const factsOf = ({ id, paymentId, transactionId, channel }: Receipt) => ({ receiptId: id, paymentId, channel, transactionId })

/** The exact price is in: Dr clearing / Cr held. `contract`: as it is after it. */
export const paymentReceived = (contract: Contract, receipt: Receipt, source: Source): Journal => ({
  event: 'payment-received',
  reference: receipt.paymentId,
  contractId: contract.id,
  merchantId: contract.merchantId,
  occurredAt: receipt.paidAt,
  lines: [
    debit(sourceAccount(source), receipt.amountFen),
    credit({ kind: 'held', contractId: contract.id, balanceAfter: contract.heldFen }, receipt.amountFen)
  ],
  facts: factsOf(receipt)
})

/** Money that is not the price is in, and is owed to the payer: Dr clearing / Cr refund_payable. */
export const strayReceived = (contract: Contract, receipt: Receipt, source: Source, refundId: Id<'ref'>): Journal => ({
  event: 'stray-payment-received',
  reference: receipt.paymentId,
  contractId: contract.id,
  merchantId: contract.merchantId,
  occurredAt: receipt.paidAt,
  lines: [
    debit(sourceAccount(source), receipt.amountFen),
    credit({ kind: 'refund_payable', of: refundId, merchantId: contract.merchantId }, receipt.amountFen, contract.id)
  ],
  facts: { ...factsOf(receipt), reason: receipt.reason }
})

/** A receipt in suspense turns out to be the price: Dr suspense / Cr held. `contract`: as it is after it. */
export const receiptDeposited = (contract: Contract, receipt: Receipt, suspense: OwnAccount): Journal => ({
  event: 'receipt-resolved',
  reference: receipt.transactionId,
  contractId: contract.id,
  merchantId: contract.merchantId,
  occurredAt: receipt.paidAt,
  lines: [
    debit(suspense, receipt.amountFen),
    credit({ kind: 'held', contractId: contract.id, balanceAfter: contract.heldFen }, receipt.amountFen)
  ],
  facts: factsOf(receipt)
})

/** A receipt in suspense is owed to its payer: Dr suspense / Cr refund_payable. */
export const receiptSentBack = (contract: Contract, receipt: Receipt, suspense: OwnAccount, refundId: Id<'ref'>): Journal => ({
  event: 'receipt-resolved',
  reference: receipt.transactionId,
  contractId: contract.id,
  merchantId: contract.merchantId,
  occurredAt: receipt.receivedAt,
  lines: [
    debit(suspense, receipt.amountFen),
    credit({ kind: 'refund_payable', of: refundId, merchantId: contract.merchantId }, receipt.amountFen, contract.id)
  ],
  facts: { ...factsOf(receipt), reason: receipt.reason }
})

type Settled = Readonly<{ id: Id<'chs'>; channel: ChannelName; accountNumber: string; notification: SettlementNotification }>

/** A line on one side, or on the other where the amount is below zero. */
const moved = (account: OwnAccount, amount: Fen, side: 'debit' | 'credit') =>
  amount >= 0n === (side === 'debit') ? debit(account, amount < 0n ? -amount : amount) : credit(account, amount < 0n ? -amount : amount)

/**
 * The channel pays out what it owes, less its fee: Dr bank, Dr due_from_office / Cr clearing. Where
 * refunds exceed payments it is the other way round.
 */
export const channelSettled = ({ id, channel, accountNumber, notification: { settlementId, grossFen, feeFen, valueDate } }: Settled): Journal => ({
  event: 'channel-settled',
  reference: id,
  occurredAt: valueDate,
  lines: [
    moved(bankAccount(accountNumber), grossFen - feeFen, 'debit'),
    debit(channelFees, feeFen),
    moved(clearingAccount(channel), grossFen, 'credit')
  ],
  facts: { channel, settlementId, grossFen, feeFen }
})
