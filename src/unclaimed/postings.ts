import { credit, debit, type Journal, type OwnAccount } from '../ledger/model.js'
import type { ItemRecord } from './model.js'

const unclaimed = ({ id, kind, merchantId }: ItemRecord): OwnAccount =>
  // Only a merchant's own money counts to what the merchant earned.
  ({ kind: 'unclaimed', of: id, ...(kind === 'payable' ? { merchantId } : {}) })

/** Where the money of an item is owed before it is set aside, and again once it is claimed. */
const source = ({ kind, subject, merchantId }: ItemRecord): OwnAccount => ({ kind: kind === 'payable' ? 'payable' : 'refund_payable', of: subject, merchantId })

const moved = (event: Journal['event'], item: ItemRecord, from: OwnAccount, to: OwnAccount, at: Date): Journal => ({
  event, reference: item.id, merchantId: item.merchantId, occurredAt: at, facts: { kind: item.kind, subject: item.subject },
  lines: [debit(from, item.amountFen), credit(to, item.amountFen)]
})

/** Nobody claimed it: Dr payable or refund_payable / Cr unclaimed. */
export const setAside = (item: ItemRecord, at: Date): Journal => moved('unclaimed-set-aside', item, source(item), unclaimed(item), at)

/** Claimed after all: Dr unclaimed / Cr what it was owed as, from where it is paid. */
export const putBack = (item: ItemRecord, at: Date): Journal => moved('unclaimed-claimed', item, unclaimed(item), source(item), at)
