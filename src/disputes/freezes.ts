import type { Contract, ContractId } from '../contracts/model.js'
import { inRole, type Tx } from '../db/unit-of-work.js'
import { newId } from '../kernel/id.js'
import { sum } from '../kernel/money.js'
import { addToFrozen, endUntakenLines, findDispute, insertFreezeLine, lockUntakenLines } from './store.js'

/** Money that a refund leaves frozen because it is contested: what refunds need of disputes. */
export const createFreezes = () => {
  /** What a refund of a contract left frozen and no dispute has taken up, in fen. */
  const openFrozenOf = async (tx: Tx, contractId: ContractId): Promise<bigint> =>
    sum((await lockUntakenLines(tx, contractId)).map(({ amountFen }) => amountFen))

  /**
   * Enters what a refund leaves frozen out of the held money, because it is contested: in the open
   * dispute, or on its own while there is only an objection, or the dispute is decided: an award
   * divides what was frozen when it was made. The refund's own transfer books it.
   */
  const freezeContested = (tx: Tx, { id: contractId, disputeId }: Contract, amountFen: bigint): Promise<void> =>
    // The notary approves a refund; freezing and unfreezing are the service's own.
    inRole(tx, 'worker', async (asWorker) => {
      const open = disputeId === null ? undefined : await findDispute(asWorker, disputeId)
      const takenUpBy = open === undefined || open.stage === 'decided' ? null : open.id
      await insertFreezeLine(asWorker, { id: newId('frz', tx.office), disputeId: takenUpBy, contractId, source: 'held', releaseId: null, amountFen, byRefund: true })
      if (takenUpBy !== null) await addToFrozen(asWorker, takenUpBy, amountFen)
    })

  /** Replaces what a refund left frozen by what is still contested of it. */
  const refreezeContested = async (tx: Tx, contract: Contract, amountFen: bigint, at: Date): Promise<void> => {
    await endUntakenLines(tx, contract.id, at)
    if (amountFen > 0n) await freezeContested(tx, contract, amountFen)
  }

  return { openFrozenOf, freezeContested, refreezeContested }
}

export type Freezes = ReturnType<typeof createFreezes>
