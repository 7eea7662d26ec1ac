import type { ContractId } from '../contracts/model.js'
import type { Tx } from '../db/unit-of-work.js'
import type { Id } from '../kernel/id.js'
import type { Fen } from '../kernel/money.js'
import type { MerchantId } from '../merchants/model.js'
import type { Reservation } from './model.js'
import { withheldRows } from './rules.js'
import { lockPayable, reservePayable, reservePayableOf, reserveRows, sumOfItem, sumPayable, sumUnsettled, unreservePayable } from './store.js'

/** What was collected of merchants' payables by claims on them: their next settlement items are lower by it. */
type Collections = Readonly<{
  reserve: (tx: Tx, reservations: readonly Reservation[]) => Promise<ReadonlyMap<MerchantId, Fen>>
  unreserve: (tx: Tx, itemIds: readonly Id<'sti'>[]) => Promise<void>
}>

type HeldAmounts = Readonly<{ merchantFen: Fen; contractFen: ReadonlyMap<ContractId, Fen> }>

/** What courts hold of what is payable to merchants: of each contract, and beside that of all; a merchant without is missing. */
type Held = (tx: Tx, merchantIds: readonly MerchantId[]) => Promise<ReadonlyMap<MerchantId, HeldAmounts>>

/** What settlement needs to know of releases: which are payable and free, and who has reserved them. */
export const createPayables = (collections: Collections, held: Held) => {
  /** Reserves a merchant's rows due by the cutoff, but those that hold what courts want left in place. @returns the sum, in fen */
  const reserveBeside = async (tx: Tx, amounts: HeldAmounts, { merchantId, itemId }: Reservation, cutoff: Date): Promise<Fen> => {
    const rows = await lockPayable(tx, merchantId)
    const withheld = withheldRows(rows, amounts)
    return reserveRows(tx, rows.filter(({ id, dueAt }) => dueAt <= cutoff && !withheld.has(id)).map(({ id }) => id), itemId)
  }

  /** Reserves rows due by the cutoff, but those that hold what courts want left in place. @returns the sums, in fen; a merchant without is missing */
  const reserveFree = async (tx: Tx, reservations: readonly Reservation[], cutoff: Date): Promise<ReadonlyMap<MerchantId, Fen>> => {
    const amounts = await held(tx, reservations.map(({ merchantId }) => merchantId))
    const reserved = await reservePayable(tx, cutoff, reservations.filter(({ merchantId }) => !amounts.has(merchantId)))
    for (const reservation of reservations) {
      const heldOfIt = amounts.get(reservation.merchantId)
      if (heldOfIt) reserved.set(reservation.merchantId, await reserveBeside(tx, heldOfIt, reservation, cutoff))
    }
    return reserved
  }

  /** Sets the rows of items free again: cancelled before approval, or returned by the bank. */
  const unreserve = async (tx: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => {
    if (itemIds.length === 0) return
    await unreservePayable(tx, itemIds)
    await collections.unreserve(tx, itemIds)
  }

  return {
    /** What is payable and in no settlement item, by merchant; rows due by the cutoff. */
    listPayable: (tx: Tx, { cutoff, merchantIds }: { cutoff: Date; merchantIds?: readonly MerchantId[] | undefined }) =>
      sumPayable(tx, cutoff, merchantIds),

    /**
     * Reserves merchants' free payable rows, each to its item, but what courts hold, less what was
     * collected of them. @returns the sums, in fen; where that leaves nothing, nothing is reserved and
     * the merchant is missing
     */
    reserve: async (tx: Tx, reservations: readonly Reservation[], cutoff: Date): Promise<ReadonlyMap<MerchantId, Fen>> => {
      const [reserved, collected] = [await reserveFree(tx, reservations, cutoff), await collections.reserve(tx, reservations)]
      const left = new Map<MerchantId, Fen>()
      for (const { merchantId } of reservations) {
        const fen = (reserved.get(merchantId) ?? 0n) - (collected.get(merchantId) ?? 0n)
        if (fen > 0n) left.set(merchantId, fen)
      }
      await unreserve(tx, reservations.filter(({ merchantId }) => !left.has(merchantId)).map(({ itemId }) => itemId))
      return left
    },

    /** What each contract contributes to a settlement item. */
    linesOf: sumOfItem,

    /** What is payable to a merchant out of each contract and in no approved item, and what of it is left once an item is paid. */
    unsettledOf: sumUnsettled,

    /** Reserves what is payable of contracts to an unclaimed item. @returns the sum, in fen */
    reserveContracts: reservePayableOf,

    /** Sets what an unclaimed item reserved free again. */
    unreserveContracts: (tx: Tx, itemId: Id<'unc'>): Promise<void> => unreservePayable(tx, [itemId]),

    unreserve
  }
}

export type Payables = ReturnType<typeof createPayables>
