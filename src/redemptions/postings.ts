import type { Contract, ContractId } from '../contracts/model.js'
import { credit, debit, type Journal, type OwnAccount } from '../ledger/model.js'
import type { MerchantId } from '../merchants/model.js'
import type { Release } from './model.js'

/** The account of what is due to a merchant, gross of fee. */
export const payableAccount = (merchantId: MerchantId): OwnAccount => ({ kind: 'payable', of: merchantId, merchantId })

const held = ({ id, heldFen }: Pick<Contract, 'id' | 'heldFen'>) => ({ kind: 'held', contractId: id, balanceAfter: heldFen }) as const
const pending = ({ id, pendingFen }: Pick<Contract, 'id' | 'pendingFen'>) => ({ kind: 'pending', contractId: id, balanceAfter: pendingFen }) as const

/** Units released: Dr held / Cr pending. */
export const unitsReleased = (after: Pick<Contract, 'id' | 'merchantId' | 'heldFen' | 'pendingFen'>, release: Release): Journal => ({
  event: 'units-released',
  reference: release.id,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: release.createdAt,
  facts: { date: release.date, kind: release.kind, units: release.units, venueId: release.venueId ?? undefined },
  lines: [debit(held(after), release.amountFen), credit(pending(after), release.amountFen)]
})

/** A release voided: Dr pending / Cr held; on a contract whose held money is gone, Cr the refund it goes to. */
export const releaseVoided = (after: Contract, release: Release, at: Date, refund?: OwnAccount): Journal => ({
  event: 'release-voided',
  reference: release.id,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  facts: { units: release.units },
  lines: [debit(pending(after), release.amountFen), credit(refund ?? held(after), release.amountFen, after.id)]
})

/** Objection windows over, of one merchant and run: Dr pending of each contract / Cr payable. */
export const windowsClosed = (merchantId: MerchantId, contracts: readonly Contract[], amounts: ReadonlyMap<ContractId, bigint>, run: string, at: Date): Journal => {
  let total = 0n
  for (const amount of amounts.values()) total += amount
  return {
    event: 'window-closed',
    reference: run,
    merchantId,
    occurredAt: at,
    lines: [
      ...contracts.map((contract) => debit(pending(contract), amounts.get(contract.id) ?? 0n)),
      credit(payableAccount(merchantId), total)
    ]
  }
}

/** Days taken back from the merchant: Dr pending, Dr payable / Cr held. `reference`: what ended the term. */
export const daysTakenBack = (after: Contract, { pendingFen, payableFen }: Readonly<{ pendingFen: bigint; payableFen: bigint }>, reference: string, at: Date): Journal => ({
  event: 'days-released-undone',
  reference,
  contractId: after.id,
  merchantId: after.merchantId,
  occurredAt: at,
  lines: [
    debit(pending(after), pendingFen),
    debit(payableAccount(after.merchantId), payableFen, after.id),
    credit(held(after), pendingFen + payableFen)
  ]
})
