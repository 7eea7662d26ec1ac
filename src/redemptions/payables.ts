import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import { withheldRows } from './rules.js'
import { lockPayable, reservePayable, reservePayableOf, reserveRows, sumOfItem, sumPayable, sumUnsettled, unreservePayable } from './store.js'

/** What was collected of a merchant's payables by claims on it: the next settlement is lower by it. */
type Collections = Readonly<{
  reserve: (tx: Tx, merchantId: MerchantId, itemId: Id<'sti'>) => Promise<bigint>
  unreserve: (tx: Tx, itemIds: readonly Id<'sti'>[]) => Promise<void>
}>

/** What courts hold of what is payable to a merchant: of each contract, and beside that of all; undefined where there is nothing. */
type Held = (tx: Tx, merchantId: MerchantId) => Promise<Readonly<{ merchantFen: Fen; contractFen: ReadonlyMap<ContractId, Fen> }> | undefined>

type Reservation = Readonly<{ merchantId: MerchantId; cutoff: Date; itemId: Id<'sti'> }>

/** What settlement needs to know of releases: which are payable and free, and who has reserved them. */
export const createPayables = (collections: Collections, held: Held) => {
  /** Reserves rows due by the cutoff, but those that hold what courts want left in place. @returns the sum, in fen */
  const reserveFree = async (tx: Tx, { merchantId, cutoff, itemId }: Reservation): Promise<Fen> => {
    const amounts = await held(tx, merchantId)
    if (!amounts) return reservePayable(tx, merchantId, cutoff, itemId)
    const rows = await lockPayable(tx, merchantId)
    const withheld = withheldRows(rows, amounts)
    return reserveRows(tx, rows.filter(({ id, dueAt }) => dueAt <= cutoff && !withheld.has(id)).map(({ id }) => id), itemId)
  }

  return {
    /** What is payable and in no settlement item, by merchant; rows due by the cutoff. */
    listPayable: (tx: Tx, { cutoff, merchantIds }: { cutoff: Date; merchantIds?: readonly MerchantId[] | undefined }) =>
      sumPayable(tx, cutoff, merchantIds),

    /**
     * Reserves a merchant's free payable rows to an item, but what courts hold, less what was collected
     * of them. @returns the sum, in fen; 0 and nothing reserved where that leaves nothing
     */
    reserve: async (tx: Tx, { merchantId, cutoff, itemId }: Reservation): Promise<bigint> => {
      const [rowsFen, collectedFen] = [await reserveFree(tx, { merchantId, cutoff, itemId }), await collections.reserve(tx, merchantId, itemId)]
      if (rowsFen > collectedFen) return rowsFen - collectedFen
      await unreservePayable(tx, [itemId])
      await collections.unreserve(tx, [itemId])
      return 0n
    },

    /** What each contract contributes to a settlement item. */
    linesOf: sumOfItem,

    /** What is payable to a merchant out of each contract and in no approved item, and what of it is left once an item is paid. */
    unsettledOf: sumUnsettled,

    /** Reserves what is payable of contracts to an unclaimed item. @returns the sum, in fen */
    reserveContracts: reservePayableOf,

    /** Sets what an unclaimed item reserved free again. */
    unreserveContracts: (tx: Tx, itemId: Id<'unc'>): Promise<void> => unreservePayable(tx, [itemId]),

    /** Sets the rows of items free again: cancelled before approval, or returned by the bank. */
    unreserve: async (tx: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => {
      await unreservePayable(tx, itemIds)
      await collections.unreserve(tx, itemIds)
    }
  }
}

export type Payables = ReturnType<typeof createPayables>
