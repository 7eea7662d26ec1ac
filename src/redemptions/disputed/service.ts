import type { Contract, ContractId } from '../../contracts/model.js'
import type { Tx } from '../../db/unit-of-work.js'
import { dateOf } from '../../kernel/calendar.js'
import { newId } from '../../kernel/id.js'
import { invariant } from '../../kernel/invariant.js'
import { validationFailed } from '../../kernel/problems.js'
import type { Decided, RedemptionId, Release } from '../model.js'
import { endObjection, insertReleases } from '../store.js'
import { lockReleases, sumDecided, updateReleaseMoney } from './store.js'

/** How the money of a disputed release is divided. */
export type Shares = Readonly<{ releaseId: RedemptionId; refundFen: bigint; releaseFen: bigint; restoreFen: bigint }>

/** What a dispute does to releases. The caller holds the contract's lock, works as the worker and books the money. */
export const createDisputedReleases = () => {
  /** The releases a dispute names, locked. @throws validation_failed (422) where one is not the contract's */
  const lockNamed = async (tx: Tx, contractId: ContractId, ids: readonly RedemptionId[]): Promise<Release[]> => {
    const unique = [...new Set(ids)]
    const found = await lockReleases(tx, contractId, unique)
    if (found.length === unique.length) return found
    const unknown = unique.filter((id) => !found.some((release) => release.id === id))
    throw validationFailed({
      errors: unknown.map((id) => ({ path: `redemptionIds.${ids.indexOf(id)}`, message: { zh: '不是本合同的核销记录', en: 'is not a redemption of this contract' } }))
    })
  }

  /** A part of a release that goes another way than the rest: a row of its own, without units. */
  const splitOff = (tx: Tx, release: Release, part: Pick<Release, 'state' | 'amountFen' | 'dueAt'>): Release =>
    ({ ...release, ...part, id: newId('red', tx.office), kind: 'part', units: 0n, unitsLeft: null, itemId: null })

  /**
   * Puts a release into dispute with all its money, or with a part: then the rest goes its way.
   * @returns the row whose money is in dispute
   */
  const putInDispute = async (tx: Tx, release: Release, amountFen: bigint, at: Date): Promise<RedemptionId> => {
    if (release.state === 'objected') await endObjection(tx, release.id, 'disputed', at)
    if (amountFen === release.amountFen) {
      await updateReleaseMoney(tx, { ...release, state: 'disputed' })
      return release.id
    }
    const part = splitOff(tx, release, { state: 'disputed', amountFen, dueAt: release.dueAt })
    await updateReleaseMoney(tx, { ...release, state: 'pending', amountFen: release.amountFen - amountFen })
    await insertReleases(tx, [part])
    return part.id
  }

  /**
   * Ends the dispute over a release. The largest rights come first: with anything left to the
   * merchant the release stays used, and what goes back is a part of its own.
   */
  const end = async (tx: Tx, release: Release, { releaseFen, restoreFen, refundFen }: Shares, at: Date): Promise<void> => {
    const ways = [
      { state: 'payable' as const, amountFen: releaseFen, dueAt: at },
      { state: 'pending' as const, amountFen: restoreFen, dueAt: release.dueAt },
      { state: 'refunded' as const, amountFen: refundFen, dueAt: release.dueAt }
    ].filter(({ amountFen }) => amountFen > 0n)
    const [first, ...parts] = ways
    invariant(first, 'a frozen release has money')
    await updateReleaseMoney(tx, { ...release, ...first })
    if (parts.length > 0) await insertReleases(tx, parts.map((part) => splitOff(tx, release, part)))
  }

  /** Ends disputes over releases of a contract. */
  const endAll = async (tx: Tx, contractId: ContractId, shares: readonly Shares[], at: Date): Promise<void> => {
    const locked = await lockReleases(tx, contractId, shares.map(({ releaseId }) => releaseId))
    for (const share of shares) {
      const release = locked.find(({ id }) => id === share.releaseId)
      invariant(release, 'a disputed release is never deleted')
      await end(tx, release, share, at)
    }
  }

  /** Enters held money that a decision gave to the merchant: payable at once, for no units. */
  const award = async (tx: Tx, { id: contractId, merchantId }: Contract, amountFen: bigint, at: Date): Promise<void> => {
    if (amountFen === 0n) return
    await insertReleases(tx, [{
      id: newId('red', tx.office), contractId, merchantId, kind: 'award', state: 'payable', units: 0n, amountFen, unitsLeft: null,
      date: dateOf(at), createdAt: at, dueAt: at, venueId: null, cashierId: null, itemId: null
    }])
  }

  /** What decisions did to contracts' releases. Contracts without are left out. */
  const decidedOf = async (tx: Tx, contractIds: readonly ContractId[]): Promise<Map<ContractId, Decided>> =>
    new Map((await sumDecided(tx, contractIds)).map(({ contractId, ...decided }) => [contractId, decided]))

  return { lockNamed, putInDispute, endAll, award, decidedOf }
}

export type DisputedReleases = ReturnType<typeof createDisputedReleases>
