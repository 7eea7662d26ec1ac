import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import type { MerchantId } from '../merchants/model.js'
import { reservePayable, reservePayableOf, sumOfItem, sumPayable, unreservePayable } from './store.js'

/** What was collected of a merchant's payables by claims on it: the next settlement is lower by it. */
type Collections = Readonly<{
  reserve: (tx: Tx, merchantId: MerchantId, itemId: Id<'sti'>) => Promise<bigint>
  unreserve: (tx: Tx, itemIds: readonly Id<'sti'>[]) => Promise<void>
}>

/** What settlement needs to know of releases: which are payable and free, and who has reserved them. */
export const createPayables = (collections: Collections) => ({
  /** What is payable and in no settlement item, by merchant; rows due by the cutoff. */
  listPayable: (tx: Tx, { cutoff, merchantIds }: { cutoff: Date; merchantIds?: readonly MerchantId[] | undefined }) =>
    sumPayable(tx, cutoff, merchantIds),

  /** Reserves a merchant's free payable rows to an item, less what was collected of them. @returns the sum, in fen; 0 and nothing reserved where that leaves nothing */
  reserve: async (tx: Tx, { merchantId, cutoff, itemId }: { merchantId: MerchantId; cutoff: Date; itemId: Id<'sti'> }): Promise<bigint> => {
    const [rowsFen, collectedFen] = [await reservePayable(tx, merchantId, cutoff, itemId), await collections.reserve(tx, merchantId, itemId)]
    if (rowsFen > collectedFen) return rowsFen - collectedFen
    await unreservePayable(tx, [itemId])
    await collections.unreserve(tx, [itemId])
    return 0n
  },

  /** What each contract contributes to a settlement item. */
  linesOf: sumOfItem,

  /** Reserves what is payable of contracts to an unclaimed item. @returns the sum, in fen */
  reserveContracts: reservePayableOf,

  /** Sets what an unclaimed item reserved free again. */
  unreserveContracts: (tx: Tx, itemId: Id<'unc'>): Promise<void> => unreservePayable(tx, [itemId]),

  /** Sets the rows of items free again: cancelled before approval, or returned by the bank. */
  unreserve: async (tx: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => {
    await unreservePayable(tx, itemIds)
    await collections.unreserve(tx, itemIds)
  }
})

export type Payables = ReturnType<typeof createPayables>
