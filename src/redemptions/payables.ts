import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import { reservePayable, sumPayable, unreservePayable } from './store.js'

/** What settlement needs to know of releases: which are payable and free, and who has reserved them. */
export const createPayables = () => ({
  /** What is payable and in no settlement item, by merchant; rows due by the cutoff. */
  listPayable: (tx: Tx, { cutoff, merchantIds }: { cutoff: Date; merchantIds?: readonly MerchantId[] | undefined }) =>
    sumPayable(tx, cutoff, merchantIds),

  /** Reserves a merchant's free payable rows to an item. @returns the sum reserved, in fen */
  reserve: (tx: Tx, { merchantId, cutoff, itemId }: { merchantId: MerchantId; cutoff: Date; itemId: Id<'sti'> }): Promise<bigint> =>
    reservePayable(tx, merchantId, cutoff, itemId),

  /** Sets the rows of items free again: cancelled before approval, or returned by the bank. */
  unreserve: (tx: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => unreservePayable(tx, itemIds)
})

export type Payables = ReturnType<typeof createPayables>
