import type { Contract } from '../contracts/model.js'
import type { Contracts } from '../contracts/service.js'
import { actorOf, inRole, type Tx, type UnitOfWork } from '../db/unit-of-work.js'
import type { Evidence } from '../evidence/service.js'
import type { Holds } from '../holds/service.js'
import type { Caller } from '../kernel/caller.js'
import { newId, type Id } from '../kernel/id.js'
import { sum } from '../kernel/money.js'
import { pageOf, positionOf, type PageOf } from '../kernel/page.js'
import type { Ledger } from '../ledger/service.js'
import type { MerchantId } from '../merchants/model.js'
import type { Reservation } from '../redemptions/model.js'
import type { Refunds } from '../refunds/service.js'
import { ClaimId, type Claim, type ClaimFilter, type ClaimRecord, type Debtor } from './model.js'
import { claimCollected, payableOf } from './postings.js'
import { afterCollected, collectable, shareSetOff } from './rules.js'
import { addCollected, addCollection, insertClaim, listClaims, listContractsWithClaims, lockOpenClaims, lockOpenCorrections, reserveCollections, sumOpenClaims, unreserveCollections } from './store.js'

type Dependencies = Readonly<{
  work: UnitOfWork
  contracts: Pick<Contracts, 'lockMany' | 'save'>
  ledger: Ledger
  evidence: Evidence
  refunds: Pick<Refunds, 'orderDecided'>
  holds: Pick<Holds, 'freeOf'>
}>

/** Claims on merchants, and their collection before each settlement (rules.ts). */
export const createClaims = ({ work, contracts, ledger, evidence, refunds, holds }: Dependencies) => {
  /** Collects what is payable now. The caller holds the contract's lock, as the service. @returns the contract after it, saved */
  const collectLocked = async (tx: Tx, contract: Contract, claim: ClaimRecord, at: Date): Promise<Contract> => {
    const account = payableOf(claim)
    const payableFen = (await ledger.lockBalances(tx, [account])).get(`${account.kind}:${account.of}`) ?? 0n
    const amountFen = collectable(claim, contract, await holds.freeOf(tx, claim.merchantId, payableFen))
    if (amountFen === 0n) return contract
    const after = afterCollected(contract, amountFen)
    const refund = await refunds.orderDecided(tx, after, amountFen, 'award', at)
    await contracts.save(tx, after)
    await addCollection(tx, {
      id: newId('ccl', tx.office), claimId: claim.id, contractId: claim.contractId, merchantId: claim.merchantId, amountFen, refundId: refund.id, collectedAt: at
    })
    await ledger.post(tx, claimCollected(after, claim, refund.account, amountFen, at))
    return after
  }

  /** Enters a claim that a decision made, and collects at once what can be. The caller holds the contract's lock, as the service. */
  const enter = async (tx: Tx, contract: Contract, made: Omit<ClaimRecord, 'id' | 'collectedFen' | 'contractId' | 'merchantId'>): Promise<Contract> => {
    const claim: ClaimRecord = { ...made, id: newId('clm', tx.office), contractId: contract.id, merchantId: contract.merchantId, collectedFen: 0n }
    await insertClaim(tx, claim)
    await evidence.appendFact(tx, {
      fact: 'claim-made', subject: claim.id, contractId: contract.id, merchantId: contract.merchantId, occurredAt: claim.createdAt,
      payload: { disputeId: claim.disputeId, debtor: claim.debtor, cause: claim.cause, correction: claim.correction, amountFen: claim.amountFen }
    })
    return claim.debtor === 'merchant' ? collectLocked(tx, contract, claim, claim.createdAt) : contract
  }

  /**
   * Sets a new correction of a case off against what earlier ones left open on the other side. The
   * caller holds the contract's lock, as the service.
   * @returns how much of it that settles, in fen
   */
  const setOff = async (tx: Tx, disputeId: ClaimRecord['disputeId'], debtor: Debtor, amountFen: bigint, at: Date): Promise<bigint> => {
    const shares = shareSetOff(await lockOpenCorrections(tx, disputeId, debtor), amountFen)
    for (const { claim: { id, contractId, merchantId }, amountFen } of shares) {
      await addCollected(tx, id, amountFen)
      await evidence.appendFact(tx, { fact: 'claim-set-off', subject: id, contractId, merchantId, occurredAt: at, payload: { disputeId, debtor, amountFen } })
    }
    return sum(shares.map((share) => share.amountFen))
  }

  /** Collects every open claim on merchants, before they are paid: the first thing a settlement does. */
  const collect = (tx: Tx, merchantIds: readonly MerchantId[] | undefined, at: Date): Promise<void> => inRole(tx, 'worker', async (tx) => {
    const locked = await contracts.lockMany(tx, await listContractsWithClaims(tx, merchantIds))
    for (const claim of await lockOpenClaims(tx, [...locked.keys()])) {
      const contract = locked.get(claim.contractId)
      if (contract) locked.set(contract.id, await collectLocked(tx, contract, claim, at))
    }
  })

  /** What was collected of merchants and lowers these settlement items. @returns the sums, in fen; a merchant without is missing */
  const reserve = (tx: Tx, reservations: readonly Reservation[]): Promise<ReadonlyMap<MerchantId, bigint>> =>
    inRole(tx, 'worker', (tx) => reserveCollections(tx, reservations))

  const unreserve = (tx: Tx, itemIds: readonly Id<'sti'>[]): Promise<void> => inRole(tx, 'worker', (tx) => unreserveCollections(tx, itemIds))

  /** Claims the caller may see, newest first. */
  const list = async (caller: Caller, filter: ClaimFilter): Promise<PageOf<Claim>> => {
    const rows = await work.read(actorOf(caller), caller.office ?? 0, (tx) => listClaims(tx, caller.office, filter, positionOf(filter, ClaimId), filter.limit + 1))
    const { items, nextCursor } = pageOf(rows, filter, ({ id }) => id)
    return { items: items.map((claim) => ({ ...claim, leftFen: claim.amountFen - claim.collectedFen })), nextCursor }
  }

  /** What is still to be collected of a merchant, in fen; in a transaction of any role. */
  const openOf = (tx: Tx, merchantId: MerchantId): Promise<bigint> => inRole(tx, 'worker', (tx) => sumOpenClaims(tx, merchantId))

  return { enter, setOff, collect, reserve, unreserve, list, openOf }
}

export type Claims = ReturnType<typeof createClaims>
